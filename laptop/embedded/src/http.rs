//! HTTP server on a free local port, stopped when dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Running server.
#[derive(Debug)]
pub(crate) struct HttpServer {
    address: SocketAddr,
    /// Dropping it closes the port, and each connection after its current request.
    _stop: oneshot::Sender<()>,
}

impl HttpServer {
    /// Serves `router` on the current runtime.
    pub(crate) async fn start(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // Responses are sent in several small writes, each of which would wait for an acknowledgement.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
        });
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            // Nothing is sent: dropping the sender ends the wait.
            let _: Result<(), _> = stopped.await;
        });
        tokio::spawn(server.into_future());
        Ok(Self { address, _stop: stop })
    }

    /// URL `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn stops_when_dropped() {
        let server = HttpServer::start(Router::new()).await.unwrap();
        let address = server.address;
        let idle = TcpStream::connect(address).await.unwrap();
        drop(server);
        let closed = async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            idle.readable().await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(10), closed)
            .await
            .expect("the server stops");
    }
}
