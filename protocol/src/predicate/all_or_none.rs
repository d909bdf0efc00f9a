//! The set for types that can neither be ordered nor told apart.

use arrow::datatypes::DataType;

use super::keys::NULL_ALLOWED;
use crate::error::{EncodeError, Fault};
use crate::ipc::data_type_to_json;
use crate::json::{Json, Object};

/// Every value or none, with or without null.
#[derive(Debug, Clone, PartialEq)]
pub struct AllOrNoneValueSet {
    pub data_type: DataType,
    pub all: bool,
    pub null_allowed: bool,
}

pub(super) const TYPE_NAME: &str = "AllOrNoneValueSet";

impl AllOrNoneValueSet {
    /// Whether this is what IS NOT NULL becomes on the wire. The SDK writes `all` as `all && nullAllowed`, so the set
    /// of every value but null arrives as the set of nothing. It is read as the former: nobody asks for nothing.
    pub fn is_not_null_defect(&self) -> bool {
        !self.all && !self.null_allowed
    }

    pub(super) fn contains_values(&self) -> bool {
        self.all || self.is_not_null_defect()
    }

    pub(super) fn to_json(&self) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(TYPE_NAME)
            .with("type", data_type_to_json(&self.data_type)?)
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
}
