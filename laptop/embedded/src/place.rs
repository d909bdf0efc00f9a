//! Address at which a stand-in listens.

use std::net::{Ipv4Addr, SocketAddr};

/// Address to listen at, and the host's name for clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Address to listen at; port 0 for a free one.
    pub address: SocketAddr,
    /// Name or address of the host for clients.
    pub host: String,
}

/// A free port of 127.0.0.1.
impl Default for Place {
    fn default() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            address,
            host: address.ip().to_string(),
        }
    }
}
