//! One HTTP server on a free local port, gone when dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running server.
#[derive(Debug)]
pub(crate) struct HttpServer {
    address: SocketAddr,
    /// Dropping it is the signal: the port closes, and each connection after the request it is busy with.
    _stop: oneshot::Sender<()>,
}

impl HttpServer {
    /// Serves `router` on the current runtime.
    pub(crate) async fn start(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // Answers go out in several small writes, which would wait for each other's acknowledgement.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
        });
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            // Never sent: the sender's end is what is waited for.
            let _: Result<(), _> = stopped.await;
        });
        tokio::spawn(server.into_future());
        Ok(Self { address, _stop: stop })
    }

    /// `http://127.0.0.1:port`.
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
