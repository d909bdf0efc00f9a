//! HTTP: Athena's requests and metrics are answered here, all others elsewhere.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::api::Api;
use crate::error::ApiError;
use crate::guard::Guard;
use crate::operations;

/// Largest request of Athena's: a statement has at most 262,144 bytes, escaped in JSON six times as many.
const MAX_BODY_BYTES: usize = 2 << 20;
/// Time in which a request's body must arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Address to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Port 0 is a free one.
    pub address: SocketAddr,
    /// Name or address of the host for clients.
    pub host: String,
}

/// A free port of 127.0.0.1.
impl Default for Place {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            host: Ipv4Addr::LOCALHOST.to_string(),
        }
    }
}

/// Running server. Dropping it closes the port and cancels all queries.
pub struct ApiServer {
    url: String,
    api: Arc<Api>,
    _stop: oneshot::Sender<()>,
}

impl ApiServer {
    /// Starts the server on the current runtime. Requests that are not Athena's go to `others`.
    pub async fn start(place: &Place, api: Arc<Api>, others: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(place.address).await?;
        let port = listener.local_addr()?.port();
        // Responses are sent in several small writes, each of which would wait for an acknowledgement. A socket that
        // cannot be set so still works.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let front = Arc::new(Front {
            guard: Guard::new(&place.host, place.address.ip()),
            api: Arc::clone(&api),
        });
        let router = others.layer(from_fn_with_state(front, answer));
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            // Nothing is sent: dropping the sender ends the wait.
            let _: Result<(), _> = stopped.await;
        });
        tokio::spawn(server.into_future());
        Ok(Self {
            url: format!("http://{}:{port}", place.host),
            api,
            _stop: stop,
        })
    }

    /// URL `http://host:port`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint_url(&self) -> &str {
        &self.url
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.api.stop();
    }
}

struct Front {
    guard: Guard,
    api: Arc<Api>,
}

async fn answer(State(front): State<Arc<Front>>, request: Request, next: Next) -> Response {
    if let Some(refusal) = front.guard.refusal(request.uri(), request.headers()) {
        front.api.add_refused();
        return (StatusCode::FORBIDDEN, refusal + "\n").into_response();
    }
    if let Some(operation) = operation(request.headers()) {
        let answer = match body(request.into_body()).await {
            Ok(body) => operations::call(&front.api, &operation, &body).await,
            Err(refused) => return refused,
        };
        return respond(answer);
    }
    if is_metrics(&request) {
        let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        return (content_type, front.api.metrics_text()).into_response();
    }
    next.run(request).await
}

/// Name of Athena's operation.
fn operation(headers: &HeaderMap) -> Option<String> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.strip_prefix("AmazonAthena.").map(str::to_owned)
}

/// Whether metrics are asked for, and not the bucket of that name: S3's requests are signed.
fn is_metrics(request: &Request) -> bool {
    let signed = request.headers().contains_key(header::AUTHORIZATION) || request.uri().query().is_some();
    request.method() == Method::GET && request.uri().path() == "/metrics" && !signed
}

async fn body(body: Body) -> Result<Vec<u8>, Response> {
    match tokio::time::timeout(BODY_TIME, to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(body)) => Ok(body.to_vec()),
        Ok(Err(_)) => {
            let wanted = format!("wanted a body of at most {MAX_BODY_BYTES} bytes\n");
            Err((StatusCode::PAYLOAD_TOO_LARGE, wanted).into_response())
        }
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

fn respond(answer: Result<Value, ApiError>) -> Response {
    let (status, error, body) = match answer {
        Ok(body) => (StatusCode::OK, None, body),
        Err(error) => (error.status(), Some(error.exception()), error.to_json()),
    };
    let headers = [
        (
            header::CONTENT_TYPE.as_str(),
            "application/x-amz-json-1.1".to_owned(),
        ),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    let mut response = (status, headers, body.to_string()).into_response();
    if let Some(error) = error {
        let error = header::HeaderValue::from_static(error);
        response.headers_mut().insert("x-amzn-errortype", error);
    }
    response
}
