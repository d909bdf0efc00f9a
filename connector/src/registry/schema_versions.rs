//! Schema versions by id, each with the schemas that it imports, kept for as long as the container lives: a version
//! never changes, and its imports are read once.

use std::sync::Arc;

use topic::SchemaDefinition;

use crate::once_cache::OnceCache;
use crate::registry::imports::with_imports;
use crate::registry::{RegistryError, SchemaRegistry};

/// Maximum number of versions that are kept.
const CAPACITY: usize = 1000;

/// Cache that reads each version of a [`SchemaRegistry`] once.
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
        let load = async {
            let definition = self.registry.schema_version(schema_version_id).await?;
            with_imports(self.registry.as_ref(), None, definition).await
        };
        self.known.get_or_load(&id, load).await
    }
}
