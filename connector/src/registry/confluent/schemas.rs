//! Schemas with all schemas that they refer to.
//!
//! A reference names a subject, a version of it, and its name in the referring text; that schema may refer to
//! others in turn. A name denotes one schema throughout: where several references have the same name, the
//! first applies, as in Confluent's own clients. Schemas are kept for as long as the container lives: an id
//! or a version never changes its schema.
//!
//! JSON Schemas are not needed to decode records, so their references are not resolved.

use std::collections::HashSet;
use std::sync::Arc;

use topic::{ReferencedSchema, SchemaDefinition, SchemaFormat};
use uuid::Uuid;

use super::{ConfluentError, ConfluentRegistry, Reference, RegisteredSchema, SchemaKey, SubjectVersion};
use crate::once_cache::OnceCache;

/// Maximum number of schemas that are kept, including referenced ones.
const CAPACITY: usize = 1000;
/// Maximum number of schemas that one refers to, directly or indirectly; it also limits their depth.
const MAX_REFERENCES: usize = 200;
/// Maximum total size in bytes of the referenced schemas.
const MAX_REFERENCED_BYTES: usize = 4 * 1024 * 1024;

/// Schemas of a [`ConfluentRegistry`], each read once.
pub struct ConfluentSchemas {
    registry: ConfluentRegistry,
    schemas: OnceCache<ConfluentId, SchemaDefinition>,
    versions: OnceCache<SubjectVersion, RegisteredSchema>,
}

/// Identifier with which a record names a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConfluentId {
    Number(u32),
    Guid(Uuid),
}

/// Reason why a schema is not available.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error(transparent)]
    Registry(#[from] ConfluentError),
    /// The registry has the schema, but its references cannot be resolved.
    #[error(transparent)]
    References(#[from] ReferenceError),
}

/// Reason why a registered schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("it refers to {0}, which the Confluent registry does not have")]
    Missing(SubjectVersion),
    #[error("it refers to {0}, which refers to itself through other schemas")]
    Circle(SubjectVersion),
    #[error("it refers to more than {MAX_REFERENCES} schemas")]
    TooMany,
    #[error("the schemas it refers to have more than {MAX_REFERENCED_BYTES} bytes")]
    TooLarge,
}

impl ConfluentSchemas {
    pub fn new(registry: ConfluentRegistry) -> Self {
        Self {
            registry,
            schemas: OnceCache::new(CAPACITY),
            versions: OnceCache::new(CAPACITY),
        }
    }

    /// Schema of this id, with all that it refers to.
    ///
    /// # Errors
    /// [`ConfluentError::NotFound`] if it does not exist, [`SchemaError::References`] if its references
    /// cannot be resolved; with all others its existence is unknown.
    pub async fn schema(&self, id: ConfluentId) -> Result<Arc<SchemaDefinition>, SchemaError> {
        self.schemas.get_or_load(&id, self.load(id)).await
    }

    /// Latest version of a subject, with all that it refers to. Not cached.
    ///
    /// # Errors
    /// As [`Self::schema`].
    pub async fn latest(&self, subject: &str) -> Result<SchemaDefinition, SchemaError> {
        let schema = self
            .registry
            .schema(&SchemaKey::Latest(subject.to_owned()))
            .await?;
        let id = schema
            .id
            .ok_or_else(|| ConfluentError::Unreadable("the answer has no id".to_owned()))?;
        self.complete(schema, id.to_string()).await
    }

    /// Names of all subjects.
    ///
    /// # Errors
    /// If the registry does not return them.
    pub async fn subjects(&self) -> Result<Vec<String>, ConfluentError> {
        self.registry.subjects().await
    }

    async fn load(&self, id: ConfluentId) -> Result<SchemaDefinition, SchemaError> {
        let (key, schema_version_id) = match id {
            ConfluentId::Number(id) => (SchemaKey::Id(id), id.to_string()),
            ConfluentId::Guid(guid) => (SchemaKey::Guid(guid), guid.to_string()),
        };
        let schema = self.registry.schema(&key).await?;
        self.complete(schema, schema_version_id).await
    }

    async fn complete(
        &self,
        schema: RegisteredSchema,
        schema_version_id: String,
    ) -> Result<SchemaDefinition, SchemaError> {
        let needs_references = matches!(
            SchemaFormat::named(&schema.data_format),
            Some(SchemaFormat::Avro | SchemaFormat::Protobuf)
        );
        let references = match needs_references {
            true => self.referenced_by(&schema).await?,
            false => Vec::new(),
        };
        Ok(SchemaDefinition {
            schema_version_id,
            registry_name: None,
            data_format: schema.data_format,
            definition: schema.definition,
            references,
        })
    }

    /// All schemas that `schema` refers to, each after those that it refers to itself.
    async fn referenced_by(&self, schema: &RegisteredSchema) -> Result<Vec<ReferencedSchema>, SchemaError> {
        let mut found = Vec::new();
        let mut names = HashSet::new();
        let mut bytes = 0;
        // Path from `schema` to the one whose references are being followed.
        let mut way = vec![Step {
            schema: Arc::new(schema.clone()),
            followed: 0,
            reached_by: None,
        }];
        while let Some(step) = way.last_mut() {
            let Some(reference) = step.schema.references.get(step.followed).cloned() else {
                found.extend(way.pop().and_then(Step::into_referenced));
                continue;
            };
            step.followed += 1;
            let is_below_itself = way.iter().any(|step| step.is(&reference.version));
            if is_below_itself {
                return Err(ReferenceError::Circle(reference.version).into());
            }
            if !names.insert(reference.name.clone()) {
                continue;
            }
            if names.len() > MAX_REFERENCES {
                return Err(ReferenceError::TooMany.into());
            }
            let schema = self.version(&reference.version).await?;
            bytes += schema.definition.len();
            if bytes > MAX_REFERENCED_BYTES {
                return Err(ReferenceError::TooLarge.into());
            }
            way.push(Step {
                schema,
                followed: 0,
                reached_by: Some(reference),
            });
        }
        Ok(found)
    }

    async fn version(&self, version: &SubjectVersion) -> Result<Arc<RegisteredSchema>, SchemaError> {
        let load = async {
            let found = self.registry.schema(&SchemaKey::Version(version.clone())).await;
            match found {
                Err(ConfluentError::NotFound) => {
                    let deleted = SchemaKey::DeletedVersion(version.clone());
                    self.registry.schema(&deleted).await
                }
                found => found,
            }
        };
        let found = self.versions.get_or_load(version, load).await;
        found.map_err(|error| match error {
            ConfluentError::NotFound => ReferenceError::Missing(version.clone()).into(),
            error => error.into(),
        })
    }
}

/// Schema on the path of references.
struct Step {
    schema: Arc<RegisteredSchema>,
    /// Number of its references that have been followed.
    followed: usize,
    /// Reference that leads here; `None` for the schema that a record names.
    reached_by: Option<Reference>,
}

impl Step {
    fn is(&self, version: &SubjectVersion) -> bool {
        let reached_by = self.reached_by.as_ref();
        reached_by.is_some_and(|reference| reference.version == *version)
    }

    fn into_referenced(self) -> Option<ReferencedSchema> {
        Some(ReferencedSchema {
            name: self.reached_by?.name,
            definition: self.schema.definition.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
