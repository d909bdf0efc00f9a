//! HTTP server that is stopped when dropped.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::place::{Guard, Place};

/// Running server.
#[derive(Debug)]
pub(crate) struct HttpServer {
    /// Host in the URL for clients.
    host: String,
    port: u16,
    /// Dropping it closes the port, and each connection after its current request.
    _stop: oneshot::Sender<()>,
}

impl HttpServer {
    /// Serves `router` on the current runtime, to requests that the place's guard does not refuse.
    pub(crate) async fn start(place: &Place, router: Router) -> io::Result<Self> {
        let router = match &place.guard {
            Some(guard) => router.layer(from_fn_with_state(Arc::clone(guard), guarded)),
            None => router,
        };
        let listener = TcpListener::bind(place.address).await?;
        let port = listener.local_addr()?.port();
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
        Ok(Self {
            host: place.host.clone(),
            port,
            _stop: stop,
        })
    }

    /// URL `http://host:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }
}

async fn guarded(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard(request.uri(), request.headers()) {
        Some(refusal) => (StatusCode::FORBIDDEN, refusal + "\n").into_response(),
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn what_the_guard_refuses_is_not_answered() {
        let place = Place {
            guard: Some(Arc::new(
                |uri: &axum::http::Uri, headers: &axum::http::HeaderMap| {
                    let refused = headers.contains_key("origin");
                    refused.then(|| format!("no: {uri}"))
                },
            )),
            ..Place::default()
        };
        let router = Router::new().fallback(async || "answer");
        let server = HttpServer::start(&place, router).await.unwrap();
        let ask = async |headers: &str| {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
            let request = format!("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let refused = ask("Origin: b\r\n").await;
        assert!(
            refused.starts_with("HTTP/1.1 403") && refused.ends_with("no: /x\n"),
            "{refused}"
        );
        let answered = ask("").await;
        assert!(
            answered.starts_with("HTTP/1.1 200") && answered.ends_with("answer"),
            "{answered}"
        );
    }

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
