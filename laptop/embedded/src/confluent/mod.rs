//! Confluent schema registry: its REST API over HTTP, everything in memory.
//!
//! | request | response |
//! |---|---|
//! | `GET /schemas/ids/{id}`, `GET /schemas/guids/{guid}` | the schema; with `?subject=` its version, too |
//! | `GET /schemas/ids/{id}/schema` | only the schema's text |
//! | `GET /schemas/ids/{id}/versions`, `…/subjects` | subjects and versions it is registered under |
//! | `GET /schemas/types` | `AVRO`, `JSON`, `PROTOBUF` |
//! | `GET /subjects`, `GET /subjects/{subject}/versions` | subjects; versions |
//! | `GET /subjects/{subject}/versions/{version}`, `…/latest` | the version, its schema, id and GUID; with `?deleted=true` also a deleted one |
//! | `GET /subjects/{subject}/versions/{version}/schema`, `…/referencedby` | its text; ids of the schemas that refer to it |
//! | `POST /subjects/{subject}/versions` | registers a schema; an existing one keeps its version |
//! | `POST /subjects/{subject}` | looks a schema up |
//! | `GET /config`, `GET /mode`, and those of a subject | `NONE`, `READWRITE` |
//! | `GET /associations/…` | none: a topic's subject follows from its name |
//!
//! Formats and error codes are those of
//! <https://docs.confluent.io/platform/current/schema-registry/develop/api.html>. A Protobuf schema may be
//! registered as the base64 of a `FileDescriptorProto`, as the Python client does; it is stored as text, and
//! `?format=serialized` returns the base64.
//!
//! It is simpler than Confluent's: a schema is checked to be JSON, or a `.proto` file that parses, and to
//! have references that exist, but not to be valid Avro or JSON Schema nor to be compatible; nothing is
//! normalised, assigned to a context or permanently deleted.

mod answer;
mod error;
mod faults;
mod proto_text;
mod schema;
mod store;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

pub use self::error::ConfluentError;
pub use self::faults::Fault;
use self::faults::Faults;
pub use self::schema::{Reference, Schema, SchemaType};
pub use self::store::Registered;
use self::store::Store;
use crate::http::HttpServer;

const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// Confluent schema registry in this process.
#[derive(Debug)]
pub struct EmbeddedConfluent {
    server: HttpServer,
    service: Service,
    /// Ends hanging requests when it is dropped.
    _hanging: watch::Sender<()>,
}

impl EmbeddedConfluent {
    /// Starts a registry without subjects.
    pub fn start() -> BoxFuture<'static, io::Result<Self>> {
        async move {
            let (hanging, until) = watch::channel(());
            let service = Service {
                state: Arc::default(),
                until,
            };
            let router = Router::new().fallback(handle).with_state(service.clone());
            Ok(Self {
                server: HttpServer::start(router).await?,
                service,
                _hanging: hanging,
            })
        }
        .boxed()
    }

    /// URL `http://127.0.0.1:port`, for `schema_registry_url` or `schema.registry.url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Registers a schema under a subject, as `POST /subjects/{subject}/versions` does.
    ///
    /// # Errors
    /// [`ConfluentError::InvalidSchema`] if it does not parse or refers to a schema that is not registered.
    pub fn register(&self, subject: &str, schema: &Schema) -> Result<Registered, ConfluentError> {
        self.service.lock().store.register(subject, schema.clone())
    }

    /// Adds a version without any check: for schemas that a registry would never contain unless tampered
    /// with, such as circular references.
    pub fn put_unchecked(&self, subject: &str, schema: &Schema) -> Registered {
        self.service.lock().store.put(subject, schema.clone())
    }

    /// Soft-deletes a version: it is found only with `?deleted=true`, and its schema by id and GUID as
    /// before.
    ///
    /// # Errors
    /// If the version does not exist, or is deleted already.
    pub fn delete_version(&self, subject: &str, version: u32) -> Result<(), ConfluentError> {
        self.service.lock().store.delete(subject, version)
    }

    /// Answers every request of this path with a fault, until [`Self::mend`]. `path` is the decoded segments:
    /// `["schemas", "ids", "7"]`.
    pub fn break_path(&self, path: &[&str], fault: Fault) {
        self.service.lock().faults.set(path, fault);
    }

    /// Ends the fault of [`Self::break_path`].
    pub fn mend(&self, path: &[&str]) {
        self.service.lock().faults.clear(path);
    }

    /// Requires this user and password; other requests get status 401.
    pub fn require_basic_auth(&self, user: &str, password: &str) {
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.service.lock().authorization = Some(format!("Basic {credentials}"));
    }

    /// Number of requests for this path since the start, refused ones included; `path` is the decoded
    /// segments.
    pub fn requests(&self, path: &[&str]) -> u64 {
        self.service.lock().faults.requests(path)
    }

    /// Number of all requests since the start.
    pub fn all_requests(&self) -> u64 {
        self.service.lock().faults.all_requests()
    }
}

/// State shared by the handler and the owner.
#[derive(Debug, Clone)]
struct Service {
    state: Arc<Mutex<ServiceState>>,
    /// Closed when the owner is dropped.
    until: watch::Receiver<()>,
}

#[derive(Debug, Default)]
struct ServiceState {
    store: Store,
    faults: Faults,
    /// Required value of the authorization header, if any.
    authorization: Option<String>,
}

impl Service {
    fn lock(&self) -> MutexGuard<'_, ServiceState> {
        // Changes follow after every check that could fail.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handle(
    State(mut service): State<Service>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = answer::segments(uri.path());
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let fault = service.lock().faults.note(&path);
    match fault {
        Some(Fault::Hang) => {
            // Nothing is ever sent: an error means that the owner was dropped.
            while service.until.changed().await.is_ok() {}
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        Some(Fault::Status(status)) => return failure(&ConfluentError::Ordered(status)),
        None => {}
    }
    let mut state = service.lock();
    if let Some(wanted) = &state.authorization
        && headers
            .get(header::AUTHORIZATION)
            .is_none_or(|value| value.as_bytes() != wanted.as_bytes())
    {
        return failure(&ConfluentError::Unauthorized);
    }
    let query = answer::Query::read(uri.query().unwrap_or_default());
    match answer::answer(&mut state.store, &method, &path, &query, &body) {
        Ok(answer) => success(answer),
        Err(error) => failure(&error),
    }
}

fn success(body: serde_json::Value) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], body.to_string()).into_response()
}

fn failure(error: &ConfluentError) -> Response {
    let body = error.to_json().to_string();
    let content_type = (header::CONTENT_TYPE, CONTENT_TYPE);
    match error {
        ConfluentError::Unauthorized => {
            let challenge = (header::WWW_AUTHENTICATE, "Basic realm=\"SchemaRegistry\"");
            (error.status(), [content_type, challenge], body).into_response()
        }
        _ => (error.status(), [content_type], body).into_response(),
    }
}
