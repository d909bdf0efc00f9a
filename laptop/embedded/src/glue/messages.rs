//! Requests and answers in Glue's shapes. Members a request may have and this endpoint does not use are passed over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

type Tags = BTreeMap<String, String>;

/// The language of a schema definition, as Glue knows it.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Status {
    Available,
    Deleting,
}

/// One of the two.
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

/// The two names, or the ARN.
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

/// One of the two.
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
    #[serde(default)]
    pub(super) tags: Tags,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRegistryResponse {
    pub(super) registry_arn: String,
    pub(super) registry_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: Tags,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRegistriesRequest {
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRegistriesResponse {
    pub(super) registries: Vec<RegistryItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

/// An entry of `ListRegistries`; also the whole answer of `GetRegistry`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegistryItem {
    pub(super) registry_name: String,
    pub(super) registry_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) status: Status,
    pub(super) created_time: String,
    pub(super) updated_time: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegistryRequest {
    pub(super) registry_id: RegistryId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRegistryRequest {
    pub(super) registry_id: RegistryId,
    pub(super) description: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRegistryResponse {
    pub(super) registry_name: String,
    pub(super) registry_arn: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteRegistryResponse {
    pub(super) registry_name: String,
    pub(super) registry_arn: String,
    pub(super) status: Status,
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
    #[serde(default)]
    pub(super) tags: Tags,
    pub(super) schema_definition: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSchemaResponse {
    pub(super) registry_name: String,
    pub(super) registry_arn: String,
    pub(super) schema_name: String,
    pub(super) schema_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) data_format: DataFormat,
    pub(super) compatibility: Compatibility,
    pub(super) schema_checkpoint: u64,
    pub(super) latest_schema_version: u64,
    pub(super) next_schema_version: u64,
    pub(super) schema_status: Status,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: Tags,
    #[serde(serialize_with = "as_text")]
    pub(super) schema_version_id: Uuid,
    pub(super) schema_version_status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegisterSchemaVersionRequest {
    pub(super) schema_id: SchemaId,
    pub(super) schema_definition: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RegisterSchemaVersionResponse {
    #[serde(serialize_with = "as_text")]
    pub(super) schema_version_id: Uuid,
    pub(super) version_number: u64,
    pub(super) status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSchemasRequest {
    /// Without it: the schemas of all registries.
    pub(super) registry_id: Option<RegistryId>,
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSchemasResponse {
    pub(super) schemas: Vec<SchemaItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SchemaItem {
    pub(super) registry_name: String,
    pub(super) schema_name: String,
    pub(super) schema_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) schema_status: Status,
    pub(super) created_time: String,
    pub(super) updated_time: String,
}

/// Asks for one schema: `GetSchema`, `DeleteSchema`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SchemaRequest {
    pub(super) schema_id: SchemaId,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSchemaResponse {
    pub(super) registry_name: String,
    pub(super) registry_arn: String,
    pub(super) schema_name: String,
    pub(super) schema_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) data_format: DataFormat,
    pub(super) compatibility: Compatibility,
    pub(super) schema_checkpoint: u64,
    pub(super) latest_schema_version: u64,
    pub(super) next_schema_version: u64,
    pub(super) schema_status: Status,
    pub(super) created_time: String,
    pub(super) updated_time: String,
}

/// By id alone, or by schema and number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSchemaVersionRequest {
    pub(super) schema_id: Option<SchemaId>,
    pub(super) schema_version_id: Option<String>,
    pub(super) schema_version_number: Option<SchemaVersionNumber>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSchemaVersionResponse {
    #[serde(serialize_with = "as_text")]
    pub(super) schema_version_id: Uuid,
    pub(super) schema_definition: String,
    pub(super) data_format: DataFormat,
    pub(super) schema_arn: String,
    pub(super) version_number: u64,
    pub(super) status: Status,
    pub(super) created_time: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSchemaVersionsRequest {
    pub(super) schema_id: SchemaId,
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSchemaVersionsResponse {
    pub(super) schemas: Vec<SchemaVersionItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SchemaVersionItem {
    pub(super) schema_arn: String,
    #[serde(serialize_with = "as_text")]
    pub(super) schema_version_id: Uuid,
    pub(super) version_number: u64,
    pub(super) status: Status,
    pub(super) created_time: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteSchemaResponse {
    pub(super) schema_arn: String,
    pub(super) schema_name: String,
    pub(super) status: Status,
}

fn as_text<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}
