//! Schema versions by their id, kept for as long as the container lives: a version never changes.

use std::sync::Arc;

use topic::SchemaDefinition;

use crate::once_cache::OnceCache;
use crate::registry::{RegistryError, SchemaRegistry};

/// The most versions kept.
const CAPACITY: usize = 1000;

/// Asks a [`SchemaRegistry`] for each version once.
pub struct SchemaVersions {
    registry: Arc<dyn SchemaRegistry>,
    known: OnceCache<String, SchemaDefinition>,
}

impl SchemaVersions {
    pub fn new(registry: Arc<dyn SchemaRegistry>) -> Self {
        Self {
            registry,
            known: OnceCache::new(CAPACITY),
        }
    }

    pub async fn version(&self, schema_version_id: &str) -> Result<Arc<SchemaDefinition>, RegistryError> {
        let id = schema_version_id.to_owned();
        let load = self.registry.schema_version(schema_version_id);
        self.known.get_or_load(&id, load).await
    }
}
