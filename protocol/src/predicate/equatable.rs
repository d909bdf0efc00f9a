//! Value set of listed values, or of all values but the listed.

use arrow::array::{Array, ArrayRef};

use super::evaluation::{EvaluationError, check_comparable, is_equal};
use super::keys::{NULL_ALLOWED, typed};
use super::value_block;
use crate::error::{EncodeError, Fault};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Values of a type that can be compared for equality
/// (`com.amazonaws.athena.connector.lambda.domain.predicate.EquatableValueSet`). Null rows among them are
/// ignored.
#[derive(Debug, Clone)]
pub struct EquatableValueSet {
    pub values: ArrayRef,
    /// True: exactly these values. False: all but these.
    pub white_list: bool,
    pub null_allowed: bool,
}

pub(super) const TYPE_NAME: &str = "EquatableValueSet";
pub(super) const VERSION_1_TYPE_NAME: &str = "equatable";

impl PartialEq for EquatableValueSet {
    fn eq(&self, other: &Self) -> bool {
        *self.values == *other.values
            && self.white_list == other.white_list
            && self.null_allowed == other.null_allowed
    }
}

impl EquatableValueSet {
    pub(super) fn contains_value(&self, column: &dyn Array, row: usize) -> Result<bool, EvaluationError> {
        check_comparable(column.data_type(), self.values.data_type())?;
        let is_listed = (0..self.values.len()).any(|index| is_equal(column, row, &self.values, index));
        Ok(is_listed == self.white_list)
    }

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(typed(TYPE_NAME, VERSION_1_TYPE_NAME, version)
            .with(
                "valueBlock",
                value_block::to_json(&self.values, version.framing())?,
            )
            .with("whiteList", self.white_list)
            .with(NULL_ALLOWED, self.null_allowed)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            values: object.required_with("valueBlock", value_block::from_json)?,
            white_list: object.required("whiteList")?,
            null_allowed: object.required(NULL_ALLOWED)?,
        })
    }
}
