//! ListSchemas: databases of the catalog.

use super::metadata_request::metadata_request;
use crate::domain::FederatedIdentity;
use crate::error::Fault;
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct ListSchemasRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: Option<String>,
    pub catalog_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSchemasResponse {
    pub catalog_name: String,
    /// Names in lower case: the engine cannot reach others.
    pub schemas: Vec<String>,
}

impl ListSchemasRequest {
    pub(super) const NAME: &str = "ListSchemasRequest";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Json<'_> {
        metadata_request(
            Self::NAME,
            self.identity.as_ref(),
            self.query_id.as_ref(),
            &self.catalog_name,
            version,
        )
        .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            query_id: object.optional("queryId")?,
            catalog_name: object.required("catalogName")?,
        })
    }
}

impl ListSchemasResponse {
    pub(super) const NAME: &str = "ListSchemasResponse";

    pub(super) fn to_json(&self) -> Json<'_> {
        Object::typed(Self::NAME)
            .with("catalogName", &self.catalog_name)
            .with("schemas", &self.schemas)
            .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            catalog_name: object.required("catalogName")?,
            schemas: object.required("schemas")?,
        })
    }
}
