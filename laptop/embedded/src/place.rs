//! Where a stand-in listens.

use std::net::{Ipv4Addr, SocketAddr};

/// An address to listen at, and what it is called by those who connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Port 0 is a free one.
    pub address: SocketAddr,
    /// The host's name or address, as clients see it.
    pub host: String,
}

/// A free port that this machine alone reaches.
impl Default for Place {
    fn default() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            address,
            host: address.ip().to_string(),
        }
    }
}
