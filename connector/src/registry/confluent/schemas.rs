//! Schemas with all that they refer to.
//!
//! A reference names a subject, a version of it, and what the referring text calls it; the schema found there may refer
//! to others in turn. A name means one schema throughout: where several references have the same, the first counts, as
//! in Confluent's own clients. What was found is kept for as long as the container lives: neither an id nor a version
//! ever gets another schema.
//!
//! JSON Schemas are not needed to read what was written with them, so that what they refer to is not looked up.

use std::collections::HashSet;
use std::sync::Arc;

use topic::{ReferencedSchema, SchemaDefinition};
use uuid::Uuid;

use super::{ConfluentError, ConfluentRegistry, Reference, RegisteredSchema, SchemaKey, SubjectVersion};
use crate::once_cache::OnceCache;

/// The most schemas that are kept, of those that records name and of those that others refer to.
const CAPACITY: usize = 1000;
/// The most schemas that one refers to, by way of others included; so their depth is limited too.
const MAX_REFERENCES: usize = 200;
/// The longest that all of them may be together.
const MAX_REFERENCED_BYTES: usize = 4 * 1024 * 1024;

/// Finds what records name in a [`ConfluentRegistry`], asking for everything once.
pub struct ConfluentSchemas {
    registry: ConfluentRegistry,
    schemas: OnceCache<ConfluentId, SchemaDefinition>,
    versions: OnceCache<SubjectVersion, RegisteredSchema>,
}

/// How a record names a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConfluentId {
    Number(u32),
    Guid(Uuid),
}

/// Why a schema is not there to read with.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error(transparent)]
    Registry(#[from] ConfluentError),
    /// The registry answered, but the schema and those that it refers to do not make a whole.
    #[error(transparent)]
    References(#[from] ReferenceError),
}

/// Why a schema that the registry has cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("it refers to {0}, which the Confluent registry does not have")]
    Missing(SubjectVersion),
    #[error("it refers to {0}, which refers to itself by way of others")]
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

    /// The schema of this id, with all that it refers to.
    ///
    /// # Errors
    /// [`ConfluentError::NotFound`] if there is none, [`SchemaError::References`] if it cannot be put together; all
    /// others mean that nobody knows.
    pub async fn schema(&self, id: ConfluentId) -> Result<Arc<SchemaDefinition>, SchemaError> {
        self.schemas.get_or_load(&id, self.load(id)).await
    }

    /// The latest version of a subject, with all that it refers to. Asked for anew each time.
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
    /// If the registry does not tell.
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
        let needs_references = matches!(schema.data_format.as_str(), "AVRO" | "PROTOBUF");
        let references = match needs_references {
            true => self.referenced_by(&schema).await?,
            false => Vec::new(),
        };
        Ok(SchemaDefinition {
            schema_version_id,
            data_format: schema.data_format,
            definition: schema.definition,
            references,
        })
    }

    /// All that `schema` refers to, each after what it refers to itself.
    async fn referenced_by(&self, schema: &RegisteredSchema) -> Result<Vec<ReferencedSchema>, SchemaError> {
        let mut found = Vec::new();
        let mut names = HashSet::new();
        let mut bytes = 0;
        // From `schema` to the one whose references are being followed.
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

/// A schema on the way down from reference to reference.
struct Step {
    schema: Arc<RegisteredSchema>,
    /// How many of its references have been followed.
    followed: usize,
    /// `None` for the schema that a record names.
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
