//! Ping: first call; its response reports the connector's serde version.

use crate::domain::FederatedIdentity;
use crate::error::Fault;
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Number of Athena's federation feature set that a connector reports.
pub const CAPABILITIES: u32 = 24;

/// Request that checks whether the connector responds.
#[derive(Debug, Clone, PartialEq)]
pub struct PingRequest {
    pub identity: Option<FederatedIdentity>,
    pub catalog_name: String,
    pub query_id: String,
}

/// Response with the connector's type and serde version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingResponse {
    /// Catalog as requested.
    pub catalog_name: String,
    /// Query id as requested.
    pub query_id: String,
    /// Label of the source such as `msk`.
    pub source_type: Option<String>,
    /// Feature set, normally [`CAPABILITIES`].
    pub capabilities: u32,
    /// Latest version that the connector supports; 1 if the response does not hold one.
    pub serde_version: u32,
}

impl PingRequest {
    pub(super) const NAME: &str = "PingRequest";

    /// Encodes the request. The catalog comes first, unlike in other requests.
    pub(super) fn to_json(&self, version: SerdeVersion) -> Json<'_> {
        Object::typed(Self::NAME)
            .with(
                "identity",
                self.identity.as_ref().map(|identity| identity.to_json(version)),
            )
            .with("catalogName", &self.catalog_name)
            .with("queryId", &self.query_id)
            .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            catalog_name: object.required("catalogName")?,
            query_id: object.required("queryId")?,
        })
    }
}

impl PingResponse {
    pub(super) const NAME: &str = "PingResponse";

    /// Response to `request` at the latest version.
    pub fn to(request: &PingRequest, source_type: &str) -> Self {
        Self {
            catalog_name: request.catalog_name.clone(),
            query_id: request.query_id.clone(),
            source_type: Some(source_type.to_owned()),
            capabilities: CAPABILITIES,
            serde_version: SerdeVersion::LATEST.number(),
        }
    }

    pub(super) fn to_json(&self) -> Json<'_> {
        Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("queryId", &self.query_id)
            .with("sourceType", self.source_type.as_ref())
            .with("capabilities", self.capabilities)
            .with("serDeVersion", self.serde_version)
            .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            query_id: object.required("queryId")?,
            source_type: object.optional("sourceType")?,
            capabilities: object.required("capabilities")?,
            serde_version: object
                .optional("serDeVersion")?
                .filter(|version| *version != 0)
                .unwrap_or(1),
        })
    }
}
