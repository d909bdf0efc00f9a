//! Amazon Athena's GetQueryExecution, the only call of it that the connector makes, in AWS JSON 1.1 over HTTP.
//!
//! It runs no queries, so every id is unknown and gets Athena's exception for unknown ids. The SDKs use it with
//! `AWS_ENDPOINT_URL_ATHENA`.

use std::io;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::http::HttpServer;
use crate::place::Place;

/// Endpoint of Athena in this process.
#[derive(Debug)]
pub struct EmbeddedAthena {
    server: HttpServer,
}

impl EmbeddedAthena {
    /// Starts an endpoint without queries.
    pub fn start() -> BoxFuture<'static, io::Result<Self>> {
        Self::start_at(&Place::default())
    }

    /// Starts it at a given place instead of a free port of 127.0.0.1.
    pub fn start_at(place: &Place) -> BoxFuture<'static, io::Result<Self>> {
        let place = place.clone();
        async move {
            let router = Router::new().fallback(handle);
            Ok(Self {
                server: HttpServer::start(&place, router).await?,
            })
        }
        .boxed()
    }

    /// URL `http://host:port`, for `AWS_ENDPOINT_URL_ATHENA` or a client's `endpoint_url`.
    pub fn endpoint_url(&self) -> String {
        self.server.url()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueryExecution {
    query_execution_id: String,
}

async fn handle(headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let answer = match target {
        Some("AmazonAthena.GetQueryExecution") => match serde_json::from_slice(&body) {
            Ok(GetQueryExecution { query_execution_id }) => json!({
                "__type": "InvalidRequestException",
                "AthenaErrorCode": "INVALID_INPUT",
                "Message": format!("QueryExecution {query_execution_id} was not found"),
            }),
            Err(error) => json!({"__type": "InvalidRequestException", "Message": error.to_string()}),
        },
        _ => json!({"__type": "UnknownOperationException"}),
    };
    let headers = [
        (
            header::CONTENT_TYPE.as_str(),
            "application/x-amz-json-1.1".to_owned(),
        ),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    (StatusCode::BAD_REQUEST, headers, answer.to_string()).into_response()
}
