//! Requests in Glue's format. Members that this endpoint does not use are ignored.

use serde::{Deserialize, Serialize};

/// Data format of a schema definition, as Glue spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DataFormat {
    Avro,
    Json,
    Protobuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Compatibility {
    None,
    /// The schema keeps its first version.
    Disabled,
    #[default]
    Backward,
    BackwardAll,
    Forward,
    ForwardAll,
    Full,
    FullAll,
}

/// Registry id: exactly one of name and ARN.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegistryId {
    pub(super) registry_name: Option<String>,
    pub(super) registry_arn: Option<String>,
}

impl RegistryId {
    pub(super) fn named(name: &str) -> Self {
        Self {
            registry_name: Some(name.to_owned()),
            registry_arn: None,
        }
    }
}

/// Schema id: both names, or the ARN.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SchemaId {
    pub(super) schema_arn: Option<String>,
    pub(super) schema_name: Option<String>,
    pub(super) registry_name: Option<String>,
}

impl SchemaId {
    pub(super) fn named(registry: &str, name: &str) -> Self {
        Self {
            schema_arn: None,
            schema_name: Some(name.to_owned()),
            registry_name: Some(registry.to_owned()),
        }
    }
}

/// Version number: exactly one of number and latest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SchemaVersionNumber {
    pub(super) latest_version: Option<bool>,
    pub(super) version_number: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRegistryRequest {
    pub(super) registry_name: String,
    pub(super) description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRegistriesRequest {
    #[serde(flatten)]
    pub(super) page: PageRequest,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRegistryRequest {
    pub(super) registry_id: RegistryId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSchemaRequest {
    pub(super) registry_id: Option<RegistryId>,
    pub(super) schema_name: String,
    pub(super) data_format: DataFormat,
    #[serde(default)]
    pub(super) compatibility: Compatibility,
    pub(super) description: Option<String>,
    pub(super) schema_definition: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegisterSchemaVersionRequest {
    pub(super) schema_id: SchemaId,
    pub(super) schema_definition: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSchemasRequest {
    /// Registry of the schemas; `None` for all registries.
    pub(super) registry_id: Option<RegistryId>,
    #[serde(flatten)]
    pub(super) page: PageRequest,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSchemaRequest {
    pub(super) schema_id: SchemaId,
}

/// Version by id, or by schema and number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSchemaVersionRequest {
    pub(super) schema_id: Option<SchemaId>,
    pub(super) schema_version_id: Option<String>,
    pub(super) schema_version_number: Option<SchemaVersionNumber>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSchemaVersionsRequest {
    pub(super) schema_id: SchemaId,
    #[serde(flatten)]
    pub(super) page: PageRequest,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckSchemaVersionValidityRequest {
    pub(super) data_format: DataFormat,
    pub(super) schema_definition: String,
}

/// Page of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PageRequest {
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}
