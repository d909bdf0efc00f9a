//! The schemas that records were written with, for the thread that decodes them.
//!
//! What was found is kept for as long as the container lives, since an id never gets another schema. That an id is
//! unknown is kept for one request: somebody may register it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::time::timeout_at;
use topic::{SchemaDefinition, WriterSchemaError, WriterSchemaId, WriterSchemas};

use crate::once_cache::OnceCache;
use crate::registry::RegistryError;
use crate::registry::confluent::{ConfluentError, ConfluentRegistry};
use crate::registry::schema_versions::SchemaVersions;

/// The most schemas of a Confluent registry that are kept.
const CAPACITY: usize = 1000;

/// Where writers' schemas are looked up.
pub struct WriterSchemaSources {
    glue: Arc<SchemaVersions>,
    /// `None` if no setting names one.
    confluent: Option<ConfluentRegistry>,
    confluent_schemas: OnceCache<u32, SchemaDefinition>,
}

impl WriterSchemaSources {
    pub fn new(glue: Arc<SchemaVersions>, confluent: Option<ConfluentRegistry>) -> Self {
        Self {
            glue,
            confluent,
            confluent_schemas: OnceCache::new(CAPACITY),
        }
    }

    /// The sources as one request sees them: waits in vain end at `deadline`. Called within the runtime that does the
    /// waiting; the result is for threads outside of it, which it blocks.
    pub fn until(self: &Arc<Self>, deadline: Instant) -> RequestWriterSchemas {
        RequestWriterSchemas {
            sources: Arc::clone(self),
            runtime: Handle::current(),
            deadline,
            unknown: Mutex::default(),
        }
    }

    async fn look_up(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, NotFound> {
        match id {
            WriterSchemaId::Glue(id) => Ok(self.glue.version(&id.to_string()).await?),
            WriterSchemaId::Confluent(id) => {
                let registry = self.confluent.as_ref().ok_or(NotFound::NobodyToAsk)?;
                let load = registry.schema(id);
                Ok(self.confluent_schemas.get_or_load(&id, load).await?)
            }
        }
    }
}

/// There is no such schema, or nobody could tell for this reason.
enum NotFound {
    Unknown,
    NobodyToAsk,
    NotTold(String),
}

impl From<RegistryError> for NotFound {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotFound { .. } => Self::Unknown,
            error => Self::NotTold(error.to_string()),
        }
    }
}

impl From<ConfluentError> for NotFound {
    fn from(error: ConfluentError) -> Self {
        match error {
            ConfluentError::NotFound => Self::Unknown,
            error => Self::NotTold(error.to_string()),
        }
    }
}

/// [`WriterSchemaSources`] for one request.
pub struct RequestWriterSchemas {
    sources: Arc<WriterSchemaSources>,
    runtime: Handle,
    deadline: Instant,
    /// As many as the request's time let be asked for.
    unknown: Mutex<HashSet<WriterSchemaId>>,
}

impl RequestWriterSchemas {
    fn unknown(&self) -> MutexGuard<'_, HashSet<WriterSchemaId>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WriterSchemas for RequestWriterSchemas {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        let unknown = || WriterSchemaError::Unknown { id: id.to_string() };
        if self.unknown().contains(&id) {
            return Err(unknown());
        }
        let looking_up = self.sources.look_up(id);
        // A timer belongs to the runtime, so it is made within.
        let found = self
            .runtime
            .block_on(async { timeout_at(self.deadline.into(), looking_up).await });
        let reason = match found {
            Ok(Ok(definition)) => return Ok(definition),
            Ok(Err(NotFound::Unknown)) => {
                self.unknown().insert(id);
                return Err(unknown());
            }
            Ok(Err(NotFound::NobodyToAsk)) => {
                let reason = "set schema_registry_url to the Confluent registry it is in";
                return Err(WriterSchemaError::NoRegistry {
                    id: id.to_string(),
                    reason,
                });
            }
            Ok(Err(NotFound::NotTold(reason))) => reason,
            Err(_) => "the registry did not answer within the request's time".to_owned(),
        };
        let id = id.to_string();
        Err(WriterSchemaError::Unavailable { id, reason })
    }
}

#[cfg(test)]
mod tests;
