//! Registry in memory, with the paging and the errors of Glue.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::registry::{Page, Registry, RegistryError, SchemaRegistry};
use topic::SchemaDefinition;

/// Stand-in for [`GlueSchemaRegistry`](crate::registry::glue::GlueSchemaRegistry) in memory.
#[derive(Default)]
pub struct MemorySchemaRegistry {
    registries: Mutex<BTreeMap<String, Entry>>,
    /// Registries on a page; `None` for all of them.
    page_size: Option<usize>,
}

#[derive(Default)]
struct Entry {
    description: String,
    /// All versions of each schema, the latest last.
    schemas: BTreeMap<String, Vec<SchemaDefinition>>,
}

impl MemorySchemaRegistry {
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of registries on a page, at least one.
    pub fn with_page_size(mut self, page_size: usize) -> Self {
        self.page_size = Some(page_size.max(1));
        self
    }

    /// Adds a registry, or changes its description.
    pub fn add_registry(&self, name: &str, description: &str) {
        self.lock().entry(name.to_owned()).or_default().description = description.to_owned();
    }

    /// Registers `definition` as the latest version of the schema, and returns the version's id; an unknown
    /// registry is added without description.
    pub fn register_schema(
        &self,
        registry: &str,
        name: &str,
        data_format: &str,
        definition: &str,
    ) -> uuid::Uuid {
        let schema_version_id = uuid::Uuid::new_v4();
        let definition = SchemaDefinition {
            schema_version_id: schema_version_id.to_string(),
            data_format: data_format.to_owned(),
            registry_name: Some(registry.to_owned()),
            definition: definition.to_owned(),
            references: Vec::new(),
        };
        let mut registries = self.lock();
        let entry = registries.entry(registry.to_owned()).or_default();
        entry.schemas.entry(name.to_owned()).or_default().push(definition);
        schema_version_id
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.registries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SchemaRegistry for MemorySchemaRegistry {
    async fn list_registries(&self, next_token: Option<&str>) -> Result<Page<Registry>, RegistryError> {
        let registries = self.lock();
        let all = registries.iter().map(|(name, entry)| registry(name, entry));
        page(
            "ListRegistries",
            all,
            self.page_size.unwrap_or(usize::MAX),
            next_token,
        )
    }

    async fn registry(&self, name: &str) -> Result<Registry, RegistryError> {
        let registries = self.lock();
        let entry = registries.get(name).ok_or_else(|| no_registry(name))?;
        Ok(registry(name, entry))
    }

    async fn list_schemas(
        &self,
        registry: &str,
        page_size: u32,
        next_token: Option<&str>,
    ) -> Result<Page<String>, RegistryError> {
        let registries = self.lock();
        let entry = registries.get(registry).ok_or_else(|| no_registry(registry))?;
        let all = entry.schemas.keys().cloned();
        page("ListSchemas", all, page_size as usize, next_token)
    }

    async fn latest_schema(&self, registry: &str, schema: &str) -> Result<SchemaDefinition, RegistryError> {
        let registries = self.lock();
        let found = registries
            .get(registry)
            .and_then(|entry| entry.schemas.get(schema)?.last());
        found.cloned().ok_or_else(|| RegistryError::NotFound {
            what: format!("schema `{schema}` in registry `{registry}`"),
        })
    }

    async fn schema_version(&self, schema_version_id: &str) -> Result<SchemaDefinition, RegistryError> {
        let registries = self.lock();
        let mut versions = registries
            .values()
            .flat_map(|entry| entry.schemas.values().flatten());
        let found = versions.find(|version| version.schema_version_id == schema_version_id);
        found.cloned().ok_or_else(|| RegistryError::NotFound {
            what: format!("schema version `{schema_version_id}`"),
        })
    }
}

fn registry(name: &str, entry: &Entry) -> Registry {
    Registry {
        name: name.to_owned(),
        description: entry.description.clone(),
    }
}

fn no_registry(name: &str) -> RegistryError {
    RegistryError::NotFound {
        what: format!("registry `{name}`"),
    }
}

/// Page of a list. Tokens are the decimal index of a page's first item.
fn page<T>(
    operation: &'static str,
    all: impl ExactSizeIterator<Item = T>,
    page_size: usize,
    next_token: Option<&str>,
) -> Result<Page<T>, RegistryError> {
    let start: usize = next_token
        .map_or(Ok(0), str::parse)
        .map_err(|_| RegistryError::Failed {
            operation,
            what: "a page".into(),
            message: "the token is invalid".into(),
        })?;
    let end = all.len().min(start.saturating_add(page_size));
    let next_token = (end < all.len()).then(|| end.to_string());
    let items = all.skip(start).take(page_size).collect();
    Ok(Page { items, next_token })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::conformance;

    #[tokio::test]
    async fn conforms() {
        let registry = MemorySchemaRegistry::new().with_page_size(2);
        for (name, description) in conformance::REGISTRIES {
            registry.add_registry(name, description);
        }
        for (name, schema, data_format, definition) in conformance::SCHEMAS {
            registry.register_schema(name, schema, data_format, definition);
        }
        conformance::check(&registry).await;
    }

    #[tokio::test]
    async fn keeps_versions_that_are_not_the_latest() {
        let registry = MemorySchemaRegistry::new();
        let first = registry.register_schema("customer", "orders", "JSON", "1");
        registry.register_schema("customer", "orders", "JSON", "2");
        let found = registry.schema_version(&first.to_string()).await.unwrap();
        assert_eq!(found.definition, "1");
    }
}
