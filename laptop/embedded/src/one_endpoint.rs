//! Glue and S3 behind one address, for clients that know one endpoint for all of AWS (`AWS_ENDPOINT_URL`).

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::glue::{self, EmbeddedGlue, Service};
use crate::s3::EmbeddedS3;

/// Largest request to Glue: a definition has at most 170,000 bytes, escaped in JSON six times as many.
const MAX_GLUE_BYTES: usize = 2 << 20;

/// Router that answers Glue's requests from one stand-in and all others from the other.
pub fn one_endpoint(glue: &EmbeddedGlue, s3: &EmbeddedS3) -> Router {
    s3.router().layer(from_fn_with_state(glue.service(), route))
}

async fn route(State(service): State<Service>, request: Request, next: Next) -> Response {
    let target = request.headers().get("x-amz-target");
    if !target.is_some_and(|target| target.as_bytes().starts_with(b"AWSGlue.")) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    match to_bytes(body, MAX_GLUE_BYTES).await {
        Ok(body) => glue::handle(State(service), head.headers, body).await,
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}
