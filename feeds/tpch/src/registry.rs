//! Registration of schema definitions in AWS Glue.
//!
//! Needs the actions `glue:CreateRegistry`, `glue:CreateSchema` and `glue:RegisterSchemaVersion`.

use aws_sdk_glue::Client;
use aws_sdk_glue::types::{Compatibility, DataFormat, RegistryId, SchemaId};
use uuid::Uuid;

use crate::schema::SchemaDefinition;

/// Description of the registry with the marker that the connectors list registries by.
const DESCRIPTION: &str = "TPC-H {AthenaFederationMSK}";

/// Glue registry that schemas are registered in.
#[derive(Debug, Clone)]
pub struct Registry {
    client: Client,
    name: String,
}

/// Error of a call of Glue.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("registry {registry}: {source}")]
    Registry {
        registry: String,
        source: Box<aws_sdk_glue::Error>,
    },
    #[error("registry {registry}, schema {schema}: {source}")]
    Schema {
        registry: String,
        schema: String,
        source: Box<aws_sdk_glue::Error>,
    },
    #[error("registry {registry}, schema {schema}: wanted a version id, found {found:?}")]
    VersionId {
        registry: String,
        schema: String,
        found: Option<String>,
    },
}

impl Registry {
    /// Opens the registry of this name. If it does not exist, creates it with a description that the
    /// connectors list.
    pub async fn open(client: Client, name: impl Into<String>) -> Result<Self, RegisterError> {
        let registry = Self {
            client,
            name: name.into(),
        };
        let created = registry
            .client
            .create_registry()
            .registry_name(&registry.name)
            .description(DESCRIPTION)
            .send()
            .await;
        match created.map_err(aws_sdk_glue::Error::from) {
            Ok(_) | Err(aws_sdk_glue::Error::AlreadyExistsException(_)) => Ok(registry),
            Err(source) => Err(RegisterError::Registry {
                registry: registry.name,
                source: Box::new(source),
            }),
        }
    }

    /// Registers a schema, or its next version if it exists, and returns the version's id. An unchanged
    /// definition keeps its version.
    pub async fn register(&self, schema: &str, definition: &SchemaDefinition) -> Result<Uuid, RegisterError> {
        let version_id = match self.create_schema(schema, definition).await {
            Err(aws_sdk_glue::Error::AlreadyExistsException(_)) => {
                self.register_version(schema, definition).await
            }
            created => created,
        };
        let version_id = version_id.map_err(|source| RegisterError::Schema {
            registry: self.name.clone(),
            schema: schema.to_owned(),
            source: Box::new(source),
        })?;
        let parsed = version_id.as_deref().and_then(|id| Uuid::parse_str(id).ok());
        parsed.ok_or_else(|| RegisterError::VersionId {
            registry: self.name.clone(),
            schema: schema.to_owned(),
            found: version_id,
        })
    }

    async fn create_schema(
        &self,
        schema: &str,
        definition: &SchemaDefinition,
    ) -> Result<Option<String>, aws_sdk_glue::Error> {
        let registry = RegistryId::builder().registry_name(&self.name).build();
        let created = self
            .client
            .create_schema()
            .registry_id(registry)
            .schema_name(schema)
            .data_format(DataFormat::from(definition.data_format))
            .compatibility(Compatibility::None)
            .schema_definition(&definition.definition)
            .send()
            .await?;
        Ok(created.schema_version_id)
    }

    async fn register_version(
        &self,
        schema: &str,
        definition: &SchemaDefinition,
    ) -> Result<Option<String>, aws_sdk_glue::Error> {
        let schema = SchemaId::builder()
            .registry_name(&self.name)
            .schema_name(schema)
            .build();
        let registered = self
            .client
            .register_schema_version()
            .schema_id(schema)
            .schema_definition(&definition.definition)
            .send()
            .await?;
        Ok(registered.schema_version_id)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::config::{BehaviorVersion, Credentials, Region};
    use embedded::EmbeddedGlue;

    use crate::encode::Format;
    use crate::table::Table;

    use super::*;

    fn client(glue: &EmbeddedGlue) -> Client {
        let config = aws_sdk_glue::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(glue.endpoint_url())
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .build();
        Client::from_conf(config)
    }

    #[tokio::test]
    async fn makes_a_marked_registry_once() {
        let glue = EmbeddedGlue::start().await.unwrap();
        for _ in 0..2 {
            Registry::open(client(&glue), "bench").await.unwrap();
        }
        let registry = RegistryId::builder().registry_name("bench").build();
        let found = client(&glue)
            .get_registry()
            .registry_id(registry)
            .send()
            .await
            .unwrap();
        assert_eq!(found.description.as_deref(), Some("TPC-H {AthenaFederationMSK}"));
    }

    #[tokio::test]
    async fn gives_each_definition_one_version() {
        let glue = EmbeddedGlue::start().await.unwrap();
        let registry = Registry::open(client(&glue), "bench").await.unwrap();
        let first = SchemaDefinition::new(Table::Region, Format::Json, "region");
        let second = SchemaDefinition::new(Table::Region, Format::Csv, "region");
        let ids = [
            registry.register("region", &first).await.unwrap(),
            registry.register("region", &first).await.unwrap(),
            registry.register("region", &second).await.unwrap(),
        ];
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[1], ids[2]);
    }

    #[tokio::test]
    async fn names_registry_and_schema_of_a_failure() {
        let glue = EmbeddedGlue::start().await.unwrap();
        let registry = Registry::open(client(&glue), "bench").await.unwrap();
        let definition = SchemaDefinition::new(Table::Region, Format::Json, "region");
        let error = registry.register("not a name", &definition).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("registry bench, schema not a name: "),
            "{error}"
        );
    }
}
