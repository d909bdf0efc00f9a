//! The set for types that can neither be ordered nor told apart.

use arrow::datatypes::DataType;

use super::keys::{NULL_ALLOWED, typed};
use crate::error::{EncodeError, Fault};
use crate::ipc::data_type_to_json;
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Every value or none, with or without null.
#[derive(Debug, Clone, PartialEq)]
pub struct AllOrNoneValueSet {
    pub data_type: DataType,
    pub all: bool,
    pub null_allowed: bool,
}

pub(super) const TYPE_NAME: &str = "AllOrNoneValueSet";
pub(super) const VERSION_1_TYPE_NAME: &str = "allOrNone";

impl AllOrNoneValueSet {
    /// Whether this is what IS NOT NULL becomes on the wire. The SDK writes `all` as `all && nullAllowed`, so the set
    /// of every value but null arrives as the set of nothing. It is read as the former: nobody asks for nothing.
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

    /// Reads the set of serde version 1, where the SDK leaves `all` out. Without it the set is taken to hold every
    /// value, which drops no row: the engine checks again. The SDK's own reader takes it to hold none.
    pub(super) fn from_version_1(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            data_type: object.required("type")?,
            all: object.optional("all")?.unwrap_or(true),
            null_allowed: object.required(NULL_ALLOWED)?,
        })
    }
}
