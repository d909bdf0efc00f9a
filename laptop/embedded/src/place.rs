//! Address at which a stand-in listens.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, Uri};

/// Address to listen at, and the host's name for clients.
#[derive(Clone)]
pub struct Place {
    /// Address to listen at; port 0 for a free one.
    pub address: SocketAddr,
    /// Name or address of the host for clients.
    pub host: String,
    /// Which HTTP requests are refused; `None` answers all. Kafka's are not asked about.
    pub guard: Option<Guard>,
}

/// Reason why a request is refused with status 403, if it is.
pub type Guard = Arc<dyn Fn(&Uri, &HeaderMap) -> Option<String> + Send + Sync>;

/// Without the guard, which has no text.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("address", &self.address)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// A free port of 127.0.0.1, without a guard.
impl Default for Place {
    fn default() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            address,
            host: address.ip().to_string(),
            guard: None,
        }
    }
}
