//! One HTTP server, gone when dropped.

use std::io;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::place::Place;

/// A running server.
#[derive(Debug)]
pub(crate) struct HttpServer {
    /// As clients see it.
    host: String,
    port: u16,
    /// Dropping it is the signal: the port closes, and each connection after the request it is busy with.
    _stop: oneshot::Sender<()>,
}

impl HttpServer {
    /// Serves `router` on the current runtime.
    pub(crate) async fn start(place: &Place, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(place.address).await?;
        let port = listener.local_addr()?.port();
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
        Ok(Self {
            host: place.host.clone(),
            port,
            _stop: stop,
        })
    }

    /// `http://host:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn stops_when_dropped() {
        let server = HttpServer::start(&Place::default(), Router::new()).await.unwrap();
        let address = (server.host.clone(), server.port);
        let address = (&*address.0, address.1);
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
