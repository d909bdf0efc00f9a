//! Schemas that records were written with, for the thread that decodes them.
//!
//! A schema is kept for as long as the container lives, since an id never changes its schema. That a schema
//! does not exist is kept for one request: it may be registered later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::time::timeout_at;
use topic::{SchemaDefinition, WriterSchemaError, WriterSchemaId, WriterSchemas};

use crate::registry::RegistryError;
use crate::registry::confluent::schemas::{ConfluentId, ConfluentSchemas, SchemaError};
use crate::registry::confluent::{ConfluentError, ConfluentRegistry};
use crate::registry::schema_versions::SchemaVersions;

/// Registries in which writers' schemas are looked up.
pub struct WriterSchemaSources {
    glue: Arc<SchemaVersions>,
    /// Confluent registry; `None` if no setting names one.
    confluent: Option<ConfluentSchemas>,
}

impl WriterSchemaSources {
    pub fn new(glue: Arc<SchemaVersions>, confluent: Option<ConfluentRegistry>) -> Self {
        Self {
            glue,
            confluent: confluent.map(ConfluentSchemas::new),
        }
    }

    /// Sources for one request: waits end at `deadline`. Called within the runtime that performs the waits;
    /// the result is for threads outside of it, which it blocks.
    pub fn until(self: &Arc<Self>, deadline: Instant) -> RequestWriterSchemas {
        RequestWriterSchemas {
            sources: Arc::clone(self),
            runtime: Handle::current(),
            deadline,
            without: Mutex::default(),
        }
    }

    async fn look_up(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, NotFound> {
        let id = match id {
            WriterSchemaId::Glue(id) => return Ok(self.glue.version(&id.to_string()).await?),
            WriterSchemaId::Confluent(id) => ConfluentId::Number(id),
            WriterSchemaId::ConfluentGuid(guid) => ConfluentId::Guid(guid),
        };
        let registry = self.confluent.as_ref().ok_or(NotFound::NobodyToAsk)?;
        Ok(registry.schema(id).await?)
    }
}

/// Error that there is no schema, or that the registry did not respond, with the reason.
enum NotFound {
    Unknown,
    Unusable(String),
    NobodyToAsk,
    NotTold(String),
}

impl NotFound {
    fn of(self, id: WriterSchemaId) -> WriterSchemaError {
        let id = id.to_string();
        match self {
            Self::Unknown => WriterSchemaError::Unknown { id },
            Self::Unusable(reason) => WriterSchemaError::Unusable { id, reason },
            Self::NobodyToAsk => WriterSchemaError::NoRegistry {
                id,
                reason: "set schema_registry_url to the Confluent registry it is in",
            },
            Self::NotTold(reason) => WriterSchemaError::Unavailable { id, reason },
        }
    }
}

impl From<RegistryError> for NotFound {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotFound { .. } => Self::Unknown,
            error => Self::NotTold(error.to_string()),
        }
    }
}

impl From<SchemaError> for NotFound {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Registry(ConfluentError::NotFound) => Self::Unknown,
            SchemaError::References(error) => Self::Unusable(error.to_string()),
            error => Self::NotTold(error.to_string()),
        }
    }
}

/// [`WriterSchemaSources`] for one request.
pub struct RequestWriterSchemas {
    sources: Arc<WriterSchemaSources>,
    runtime: Handle,
    deadline: Instant,
    /// Ids without a usable schema in the registry: bounded by the number of requests that the time allows.
    without: Mutex<HashMap<WriterSchemaId, WriterSchemaError>>,
}

impl RequestWriterSchemas {
    fn without(&self) -> MutexGuard<'_, HashMap<WriterSchemaId, WriterSchemaError>> {
        self.without.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WriterSchemas for RequestWriterSchemas {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        if let Some(known) = self.without().get(&id) {
            return Err(known.clone());
        }
        let looking_up = self.sources.look_up(id);
        // A timer belongs to the runtime, so it is created within.
        let found = self
            .runtime
            .block_on(async { timeout_at(self.deadline.into(), looking_up).await });
        let found = found.unwrap_or_else(|_| {
            let reason = "the registry did not answer within the request's time";
            Err(NotFound::NotTold(reason.to_owned()))
        });
        let error = match found {
            Ok(definition) => return Ok(definition),
            Err(not_found) => not_found.of(id),
        };
        // Only errors of missing schemas are kept; others may pass, so the registry is asked again.
        if matches!(
            error,
            WriterSchemaError::Unknown { .. } | WriterSchemaError::Unusable { .. }
        ) {
            self.without().insert(id, error.clone());
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests;
