//! The schema registry part of AWS Glue: AWS JSON 1.1 over HTTP, everything in memory.
//!
//! Answers `CreateRegistry`, `ListRegistries`, `GetRegistry`, `UpdateRegistry`, `DeleteRegistry`, `CreateSchema`,
//! `RegisterSchemaVersion`, `ListSchemas`, `GetSchema`, `GetSchemaVersion`, `ListSchemaVersions` and `DeleteSchema`
//! with Glue's shapes, limits and exceptions; the SDKs reach it by `AWS_ENDPOINT_URL_GLUE`.
//!
//! Where it is simpler than Glue: any signature is accepted; deleting is immediate; a new version is checked for
//! being JSON where the format is JSON or AVRO, but neither as Avro or Protobuf nor for compatibility (only
//! `DISABLED` is obeyed); quotas on the number of registries, schemas and versions are not kept.

mod error;
mod folder;
mod messages;
mod names;
mod page;
mod registries;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use self::error::GlueError;
pub use self::folder::FolderError;
pub use self::messages::DataFormat;
use self::messages::{
    Compatibility, CreateRegistryRequest, CreateSchemaRequest, RegisterSchemaVersionRequest, RegistryId,
    SchemaId, UpdateRegistryRequest,
};
use self::registries::Registries;
use crate::http::HttpServer;

/// A Glue schema registry endpoint in this process.
#[derive(Debug)]
pub struct EmbeddedGlue {
    server: HttpServer,
    service: Service,
}

impl EmbeddedGlue {
    /// Starts an endpoint without registries.
    pub async fn start() -> io::Result<Self> {
        let service = Service::default();
        let router = Router::new().fallback(handle).with_state(service.clone());
        Ok(Self {
            server: HttpServer::start(router).await?,
            service,
        })
    }

    /// `http://127.0.0.1:port`, for `AWS_ENDPOINT_URL_GLUE` or a client's `endpoint_url`.
    pub fn endpoint_url(&self) -> String {
        self.server.url()
    }

    /// Creates a registry. The connectors list it if its description contains their marker.
    pub fn add_registry(&self, name: &str, description: &str) -> Result<(), GlueError> {
        let request = CreateRegistryRequest {
            registry_name: name.to_owned(),
            description: Some(description.to_owned()),
            tags: BTreeMap::new(),
        };
        self.service
            .lock()
            .registries
            .create_registry(request)
            .map(|_| ())
    }

    /// Creates a registry, or gives an existing one this description.
    fn put_registry(&self, name: &str, description: &str) -> Result<(), GlueError> {
        match self.add_registry(name, description) {
            Err(GlueError::AlreadyExists(_)) => {}
            created_or_failed => return created_or_failed,
        }
        let request = UpdateRegistryRequest {
            registry_id: RegistryId::named(name),
            description: description.to_owned(),
        };
        self.service
            .lock()
            .registries
            .update_registry(request)
            .map(|_| ())
    }

    /// Creates a schema of an existing registry, or gives an existing one another version, and answers with the id
    /// of that version. A definition the schema already has keeps its version, as in Glue.
    pub fn register_schema(
        &self,
        registry: &str,
        name: &str,
        data_format: DataFormat,
        definition: &str,
    ) -> Result<Uuid, GlueError> {
        let mut state = self.service.lock();
        if let Some(existing) = state.registries.data_format(registry, name) {
            if existing != data_format {
                let message = format!("Schema {name} has data format {existing:?}, not {data_format:?}");
                return Err(GlueError::InvalidInput(message));
            }
            let request = RegisterSchemaVersionRequest {
                schema_id: SchemaId::named(registry, name),
                schema_definition: definition.to_owned(),
            };
            return state
                .registries
                .register_schema_version(&request)
                .map(|version| version.schema_version_id);
        }
        let request = CreateSchemaRequest {
            registry_id: Some(RegistryId::named(registry)),
            schema_name: name.to_owned(),
            data_format,
            compatibility: Compatibility::None,
            description: None,
            tags: BTreeMap::new(),
            schema_definition: Some(definition.to_owned()),
        };
        state
            .registries
            .create_schema(request)
            .map(|created| created.schema_version_id)
    }

    /// Reads registries and schemas from a folder: in it a folder for each registry, named as it is, with
    ///
    /// - `registry.json`: `{"description": "… {AthenaFederationMSK}"}`,
    /// - one file for each schema, named as it is: `.json` (data format JSON), `.avsc` (AVRO) or `.proto` (PROTOBUF).
    ///
    /// Adds to what is there: an existing registry gets the file's description, an existing schema another version if
    /// its definition changed. Other files are passed over.
    pub fn load_folder(&self, dir: &Path) -> Result<(), FolderError> {
        folder::load(self, dir)
    }

    /// Writes every registry and the latest version of every schema as [`Self::load_folder`] reads them.
    pub fn save_folder(&self, dir: &Path) -> Result<(), FolderError> {
        folder::save(&self.service.lock().registries, dir)
    }

    /// Answers the next `n` calls, whichever they are, with `ThrottlingException`.
    pub fn throttle_next(&self, n: u32) {
        self.service.lock().throttled_calls = n;
    }

    /// How often an operation (`"GetSchemaVersion"`) was called since the start, throttled calls included.
    pub fn calls(&self, operation: &str) -> u64 {
        self.service.lock().calls.get(operation).copied().unwrap_or(0)
    }
}

/// What the handler and the owner share.
#[derive(Debug, Clone, Default)]
struct Service(Arc<Mutex<ServiceState>>);

#[derive(Debug, Default)]
struct ServiceState {
    registries: Registries,
    throttled_calls: u32,
    calls: BTreeMap<String, u64>,
}

impl Service {
    fn lock(&self) -> MutexGuard<'_, ServiceState> {
        // No call leaves half a change behind a panic: each checks first and changes last.
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

async fn handle(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = target.strip_prefix("AWSGlue.").unwrap_or(target);
    let answer = service.lock().call(name, &body);
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (error.status(), error.to_json()),
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
        "UpdateRegistry" => |r, body| answer(body, |request| r.update_registry(request)),
        "DeleteRegistry" => |r, body| answer(body, |request| r.delete_registry(&request)),
        "CreateSchema" => |r, body| answer(body, |request| r.create_schema(request)),
        "RegisterSchemaVersion" => |r, body| answer(body, |request| r.register_schema_version(&request)),
        "ListSchemas" => |r, body| answer(body, |request| r.list_schemas(&request)),
        "GetSchema" => |r, body| answer(body, |request| r.schema(&request)),
        "GetSchemaVersion" => |r, body| answer(body, |request| r.schema_version(&request)),
        "ListSchemaVersions" => |r, body| answer(body, |request| r.list_schema_versions(&request)),
        "DeleteSchema" => |r, body| answer(body, |request| r.delete_schema(&request)),
        _ => return None,
    })
}

fn answer<Request: DeserializeOwned, Answer: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Request) -> Result<Answer, GlueError>,
) -> Result<Vec<u8>, GlueError> {
    let request = serde_json::from_slice(body).map_err(|error| GlueError::from_request(&error))?;
    let answer = operation(request)?;
    serde_json::to_vec(&answer).map_err(|error| GlueError::Internal(error.to_string()))
}
