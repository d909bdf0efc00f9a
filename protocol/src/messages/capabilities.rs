//! GetDataSourceCapabilities: pushdown that the connector guarantees. Since version 4.

use std::collections::BTreeMap;

use super::metadata_request::metadata_request;
use crate::domain::FederatedIdentity;
use crate::error::{EncodeError, Fault};
use crate::json::{FromJson, Json, Object};
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct GetDataSourceCapabilitiesRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: Option<String>,
    pub catalog_name: String,
}

/// Pushdown guarantees: the engine may skip its own check of what is listed. An empty map guarantees nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDataSourceCapabilitiesResponse {
    pub catalog_name: String,
    /// Subtypes by name of the optimization, for example `supports_limit_pushdown`.
    pub capabilities: BTreeMap<String, Vec<OptimizationSubType>>,
}

/// Supported form of an optimization, for example `integer_constant`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptimizationSubType {
    pub sub_type: String,
    pub properties: Vec<String>,
}

impl GetDataSourceCapabilitiesRequest {
    pub(super) const NAME: &str = "GetDataSourceCapabilitiesRequest";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        if version < SerdeVersion::V4 {
            return Err(EncodeError::Version {
                message: Self::NAME,
                version,
            });
        }
        Ok(metadata_request(
            Self::NAME,
            self.identity.as_ref(),
            self.query_id.as_ref(),
            &self.catalog_name,
            version,
        )
        .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            query_id: object.optional("queryId")?,
            catalog_name: object.required("catalogName")?,
        })
    }
}

impl GetDataSourceCapabilitiesResponse {
    pub(super) const NAME: &str = "GetDataSourceCapabilitiesResponse";

    pub(super) fn to_json(&self) -> Json<'_> {
        let capabilities = self
            .capabilities
            .iter()
            .map(|(name, sub_types)| (name, sub_types_to_json(sub_types)));
        Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("capabilities", capabilities.collect::<Object<'_>>())
            .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            capabilities: object.required("capabilities")?,
        })
    }
}

fn sub_types_to_json(sub_types: &[OptimizationSubType]) -> Json<'_> {
    sub_types.iter().map(OptimizationSubType::to_json).collect()
}

impl OptimizationSubType {
    fn to_json(&self) -> Json<'_> {
        Object::new()
            .with("subType", &self.sub_type)
            .with("properties", &self.properties)
            .into()
    }
}

impl FromJson for OptimizationSubType {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            sub_type: object.required("subType")?,
            properties: object.required("properties")?,
        })
    }
}
