//! Schema registry part of AWS Glue: AWS JSON 1.1 over HTTP, everything in memory.
//!
//! Implements `CreateRegistry`, `ListRegistries`, `GetRegistry`, `CreateSchema`, `RegisterSchemaVersion`,
//! `ListSchemas`, `GetSchema`, `GetSchemaVersion`, `ListSchemaVersions` and `CheckSchemaVersionValidity` with
//! Glue's formats, limits and exceptions
//! ([API](https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-schema-registry-api.html)); the SDKs find
//! it by `AWS_ENDPOINT_URL_GLUE`.
//!
//! It is simpler than Glue: any signature is accepted; nothing is updated, tagged or deleted; a definition is
//! checked to be JSON where the format is JSON or AVRO, but neither to be valid Avro or Protobuf nor to be
//! compatible (only `DISABLED` is applied); quotas on the number of registries, schemas and versions do not
//! exist.

mod error;
mod messages;
mod names;
mod page;
mod registries;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

pub use self::error::GlueError;
use self::messages::CreateRegistryRequest;
pub use self::messages::DataFormat;
use self::registries::{Registries, check_schema_version_validity};
use crate::http::HttpServer;
use crate::place::Place;

/// Glue schema registry endpoint in this process.
#[derive(Debug)]
pub struct EmbeddedGlue {
    server: HttpServer,
    service: Service,
}

impl EmbeddedGlue {
    /// Starts an endpoint without registries.
    pub fn start() -> BoxFuture<'static, io::Result<Self>> {
        Self::start_at(&Place::default())
    }

    /// Starts it at a given place instead of a free port of 127.0.0.1.
    pub fn start_at(place: &Place) -> BoxFuture<'static, io::Result<Self>> {
        let place = place.clone();
        async move {
            let service = Service::default();
            let router = Router::new().fallback(handle).with_state(service.clone());
            Ok(Self {
                server: HttpServer::start(&place, router).await?,
                service,
            })
        }
        .boxed()
    }

    /// URL `http://host:port`, for `AWS_ENDPOINT_URL_GLUE` or a client's `endpoint_url`.
    pub fn endpoint_url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn service(&self) -> Service {
        self.service.clone()
    }

    /// Creates a registry. The connectors list it if its description contains their marker.
    pub fn add_registry(&self, name: &str, description: &str) -> Result<(), GlueError> {
        let request = CreateRegistryRequest {
            registry_name: name.to_owned(),
            description: Some(description.to_owned()),
        };
        self.service
            .lock()
            .registries
            .create_registry(request)
            .map(|_| ())
    }

    /// Creates a schema of an existing registry, or adds a version to an existing one, and returns the id of
    /// that version. A definition that exists keeps its version, as in Glue.
    pub fn register_schema(
        &self,
        registry: &str,
        name: &str,
        data_format: DataFormat,
        definition: &str,
    ) -> Result<Uuid, GlueError> {
        self.service
            .lock()
            .registries
            .put_schema(registry, name, data_format, definition)
    }

    /// Answers the next `n` calls of any operation with `ThrottlingException`.
    pub fn throttle_next(&self, n: u32) {
        self.service.lock().throttled_calls = n;
    }

    /// Number of calls of an operation (`"GetSchemaVersion"`) since the start, throttled calls included.
    pub fn calls(&self, operation: &str) -> u64 {
        self.service.lock().calls.get(operation).copied().unwrap_or(0)
    }
}

/// State shared by the handler and the owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Service(Arc<Mutex<ServiceState>>);

#[derive(Debug, Default)]
struct ServiceState {
    registries: Registries,
    throttled_calls: u32,
    calls: BTreeMap<String, u64>,
}

impl Service {
    fn lock(&self) -> MutexGuard<'_, ServiceState> {
        // A panic leaves no partial change: each call checks first and changes last.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServiceState {
    fn call(&mut self, name: &str, body: &[u8]) -> Result<Vec<u8>, GlueError> {
        let operation = operation(name).ok_or_else(|| GlueError::UnknownOperation(name.to_owned()))?;
        *self.calls.entry(name.to_owned()).or_default() += 1;
        if self.throttled_calls > 0 {
            self.throttled_calls -= 1;
            return Err(GlueError::Throttling);
        }
        operation(&mut self.registries, body)
    }
}

pub(crate) async fn handle(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = target.strip_prefix("AWSGlue.").unwrap_or(target);
    let answer = service.lock().call(name, &body);
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        // Also for throttling: Glue distinguishes its exceptions in the body only.
        Err(error) => (StatusCode::BAD_REQUEST, error.to_json()),
    };
    let headers = [
        (
            header::CONTENT_TYPE.as_str(),
            "application/x-amz-json-1.1".to_owned(),
        ),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    (status, headers, body).into_response()
}

type Operation = fn(&mut Registries, &[u8]) -> Result<Vec<u8>, GlueError>;

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "CreateRegistry" => |r, body| answer(body, |request| r.create_registry(request)),
        "ListRegistries" => |r, body| answer(body, |request| r.list_registries(&request)),
        "GetRegistry" => |r, body| answer(body, |request| r.registry(&request)),
        "CreateSchema" => |r, body| answer(body, |request| r.create_schema(request)),
        "RegisterSchemaVersion" => |r, body| answer(body, |request| r.register_schema_version(&request)),
        "ListSchemas" => |r, body| answer(body, |request| r.list_schemas(&request)),
        "GetSchema" => |r, body| answer(body, |request| r.schema(&request)),
        "GetSchemaVersion" => |r, body| answer(body, |request| r.schema_version(&request)),
        "ListSchemaVersions" => |r, body| answer(body, |request| r.list_schema_versions(&request)),
        "CheckSchemaVersionValidity" => {
            |_, body| answer(body, |request| check_schema_version_validity(&request))
        }
        _ => return None,
    })
}

fn answer<Request: DeserializeOwned>(
    body: &[u8],
    operation: impl FnOnce(Request) -> Result<Value, GlueError>,
) -> Result<Vec<u8>, GlueError> {
    let request = serde_json::from_slice(body).map_err(|error| GlueError::from_request(&error))?;
    Ok(operation(request)?.to_string().into_bytes())
}
