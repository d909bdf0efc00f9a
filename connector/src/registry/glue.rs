//! AWS Glue schema registry.
//!
//! Needs the actions `glue:ListRegistries`, `glue:GetRegistry`, `glue:ListSchemas` and `glue:GetSchemaVersion`.

use std::error::Error;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_glue::Client;
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::operation::get_schema_version::GetSchemaVersionOutput;
use aws_sdk_glue::types::{RegistryId, SchemaId, SchemaVersionNumber};

use crate::aws::sdk::{is_throttling, is_unreachable, retries, timeouts};
use crate::registry::{MAX_PAGE_SIZE, Page, Registry, RegistryError, SchemaRegistry};
use spill::causes;
use topic::SchemaDefinition;

/// Client of Glue's API.
pub struct GlueSchemaRegistry {
    client: Client,
}

impl GlueSchemaRegistry {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates a client that gives up early: without a route to Glue every connection attempt times out, and
    /// a query should end with the reason before Lambda's own timeout.
    pub fn from_sdk_config(config: &SdkConfig) -> Self {
        let config = aws_sdk_glue::config::Builder::from(config)
            .timeout_config(timeouts())
            .retry_config(retries(MAX_ATTEMPTS))
            .build();
        Self::new(Client::from_conf(config))
    }
}

/// Maximum number of attempts, including the first; the SDK waits up to 1, 2 and 4 s in between.
const MAX_ATTEMPTS: u32 = 4;

#[async_trait]
impl SchemaRegistry for GlueSchemaRegistry {
    async fn list_registries(&self, next_token: Option<&str>) -> Result<Page<Registry>, RegistryError> {
        let listed = self
            .client
            .list_registries()
            .max_results(MAX_PAGE_SIZE as i32)
            .set_next_token(next_token.map(str::to_owned))
            .send()
            .await
            .map_err(|error| registry_error("ListRegistries", "registries".into(), &error))?;
        let items = listed.registries.unwrap_or_default();
        let items = items.into_iter().filter_map(|item| {
            let description = item.description.unwrap_or_default();
            Some(Registry {
                name: item.registry_name?,
                description,
            })
        });
        Ok(Page {
            items: items.collect(),
            next_token: token(listed.next_token),
        })
    }

    async fn registry(&self, name: &str) -> Result<Registry, RegistryError> {
        let found = self
            .client
            .get_registry()
            .registry_id(registry_id(name))
            .send()
            .await
            .map_err(|error| registry_error("GetRegistry", format!("registry `{name}`"), &error))?;
        let name = found.registry_name.unwrap_or_else(|| name.to_owned());
        Ok(Registry {
            name,
            description: found.description.unwrap_or_default(),
        })
    }

    async fn list_schemas(
        &self,
        registry: &str,
        page_size: u32,
        next_token: Option<&str>,
    ) -> Result<Page<String>, RegistryError> {
        let listed = self
            .client
            .list_schemas()
            .registry_id(registry_id(registry))
            .max_results(page_size.clamp(1, MAX_PAGE_SIZE) as i32)
            .set_next_token(next_token.map(str::to_owned))
            .send()
            .await
            .map_err(|error| registry_error("ListSchemas", format!("registry `{registry}`"), &error))?;
        let items = listed.schemas.unwrap_or_default();
        let items = items.into_iter().filter_map(|item| item.schema_name).collect();
        Ok(Page {
            items,
            next_token: token(listed.next_token),
        })
    }

    async fn latest_schema(&self, registry: &str, schema: &str) -> Result<SchemaDefinition, RegistryError> {
        let what = format!("schema `{schema}` in registry `{registry}`");
        let id = SchemaId::builder()
            .registry_name(registry)
            .schema_name(schema)
            .build();
        let latest = SchemaVersionNumber::builder().latest_version(true).build();
        let found = self
            .client
            .get_schema_version()
            .schema_id(id)
            .schema_version_number(latest);
        let found = found.send().await;
        definition(found, what)
    }

    async fn schema_version(&self, schema_version_id: &str) -> Result<SchemaDefinition, RegistryError> {
        let found = self
            .client
            .get_schema_version()
            .schema_version_id(schema_version_id);
        let found = found.send().await;
        definition(found, format!("schema version `{schema_version_id}`"))
    }
}

fn definition<E>(
    found: Result<GetSchemaVersionOutput, SdkError<E>>,
    what: String,
) -> Result<SchemaDefinition, RegistryError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    const OPERATION: &str = "GetSchemaVersion";
    let found = match found {
        Ok(found) => found,
        Err(error) => return Err(registry_error(OPERATION, what, &error)),
    };
    let (Some(schema_version_id), Some(data_format), Some(definition)) = (
        found.schema_version_id,
        found.data_format,
        found.schema_definition,
    ) else {
        let message = "the answer lacks the version's id, data format or definition".into();
        return Err(RegistryError::Failed {
            operation: OPERATION,
            what,
            message,
        });
    };
    Ok(SchemaDefinition {
        schema_version_id,
        registry_name: found
            .schema_arn
            .as_deref()
            .and_then(registry_of)
            .map(str::to_owned),
        data_format: data_format.as_str().to_owned(),
        definition,
        references: Vec::new(),
    })
}

/// The registry in the ARN of a schema, `arn:aws:glue:REGION:ACCOUNT:schema/REGISTRY/SCHEMA`.
fn registry_of(schema_arn: &str) -> Option<&str> {
    let (_, names) = schema_arn.split_once(":schema/")?;
    names.split_once('/').map(|(registry, _)| registry)
}

fn registry_id(name: &str) -> RegistryId {
    RegistryId::builder().registry_name(name).build()
}

/// Token of the next page; an empty one means the end, like an absent one.
fn token(next_token: Option<String>) -> Option<String> {
    next_token.filter(|token| !token.is_empty())
}

fn registry_error<E>(operation: &'static str, what: String, error: &SdkError<E>) -> RegistryError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if is_unreachable(error) {
        return RegistryError::Unreachable {
            operation,
            message: causes(error),
        };
    }
    let message = error.message().map_or_else(|| causes(error), str::to_owned);
    match error.code().unwrap_or_default() {
        "EntityNotFoundException" => RegistryError::NotFound { what },
        "AccessDeniedException" => RegistryError::AccessDenied {
            operation,
            what,
            message,
        },
        code if is_throttling(code) => RegistryError::Throttled {
            operation,
            what,
            message,
        },
        _ => RegistryError::Failed {
            operation,
            what,
            message,
        },
    }
}

#[cfg(test)]
mod tests;
