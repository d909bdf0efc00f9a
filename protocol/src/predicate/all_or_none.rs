//! Value set of types that can be neither ordered nor compared for equality.

use arrow::datatypes::DataType;

use super::keys::{NULL_ALLOWED, typed};
use crate::error::{EncodeError, Fault};
use crate::ipc::data_type_to_json;
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Every value or none, with or without null
/// (`com.amazonaws.athena.connector.lambda.domain.predicate.AllOrNoneValueSet`).
#[derive(Debug, Clone, PartialEq)]
pub struct AllOrNoneValueSet {
    pub data_type: DataType,
    pub all: bool,
    pub null_allowed: bool,
}

pub(super) const TYPE_NAME: &str = "AllOrNoneValueSet";
pub(super) const VERSION_1_TYPE_NAME: &str = "allOrNone";

impl AllOrNoneValueSet {
    /// Whether this is the wire form of IS NOT NULL. The SDK writes `all` as `all && nullAllowed`, so the set
    /// of every value but null arrives as the empty set. It is read as the former, because no query asks for
    /// the empty set.
    pub fn is_not_null_defect(&self) -> bool {
        !self.all && !self.null_allowed
    }

    pub(super) fn contains_values(&self) -> bool {
        self.all || self.is_not_null_defect()
    }

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(typed(TYPE_NAME, VERSION_1_TYPE_NAME, version)
            .with("type", data_type_to_json(&self.data_type, version)?)
            .with("all", self.all)
            .with(NULL_ALLOWED, self.null_allowed)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            data_type: object.required("type")?,
            all: object.required("all")?,
            null_allowed: object.required(NULL_ALLOWED)?,
        })
    }

    /// Reads the set of serde version 1, where the SDK omits `all`. It is then assumed to hold every value,
    /// which drops no row, since the engine checks again. The SDK's own reader assumes that it holds none.
    pub(super) fn from_version_1(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            data_type: object.required("type")?,
            all: object.optional("all")?.unwrap_or(true),
            null_allowed: object.required(NULL_ALLOWED)?,
        })
    }
}
