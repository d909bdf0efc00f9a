//! Unit of reading.

use std::collections::BTreeMap;

use super::{EncryptionKey, SpillLocation};
use crate::error::Fault;
use crate::json::{FromJson, Json, Object};

/// Unit of reading that the connector plans and Athena sends back in a ReadRecords request
/// (`com.amazonaws.athena.connector.lambda.domain.Split`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Directory for spilled blocks of this split only.
    pub spill_location: Option<SpillLocation>,
    /// `None` if blocks are spilled unencrypted.
    pub encryption_key: Option<EncryptionKey>,
    /// Properties of the connector, opaque to Athena.
    pub properties: BTreeMap<String, String>,
}

impl Split {
    pub(crate) fn to_json(&self) -> Json<'_> {
        Object::new()
            .with(
                "spillLocation",
                self.spill_location.as_ref().map(SpillLocation::to_json),
            )
            .with(
                "encryptionKey",
                self.encryption_key.as_ref().map(EncryptionKey::to_json),
            )
            .with("properties", &self.properties)
            .into()
    }
}

impl FromJson for Split {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            spill_location: object.optional("spillLocation")?,
            encryption_key: object.optional("encryptionKey")?,
            properties: object.required("properties")?,
        })
    }
}
