//! Set of values that a query wants of a column.

use arrow::array::Array;
use arrow::datatypes::DataType;

use super::evaluation::EvaluationError;
use super::keys::TYPE;
use super::{AllOrNoneValueSet, EquatableValueSet, SortedRangeSet, all_or_none, equatable, sorted_range};
use crate::error::{EncodeError, Fault, Rule, quoted_name};
use crate::json::{FromJson, Json};
use crate::version::SerdeVersion;

/// Set of values of one type, with or without null
/// (`com.amazonaws.athena.connector.lambda.domain.predicate.ValueSet`). The engine chooses which of the three
/// kinds it sends.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueSet {
    SortedRange(SortedRangeSet),
    Equatable(EquatableValueSet),
    AllOrNone(AllOrNoneValueSet),
}

impl ValueSet {
    /// Whether the value in `row` of `column` is in the set.
    ///
    /// Null is if [`ValueSet::null_allowed`]. Floats: -0.0 equals 0.0, and NaN equals itself and is above
    /// every other value. Decimals compare by number whatever their scale, text and binary bytewise,
    /// timestamps with a zone in milliseconds by the instant in their packed value. An all-or-none set of
    /// nothing means NOT NULL ([`AllOrNoneValueSet::is_not_null_defect`]).
    ///
    /// # Errors
    /// If the type of the column is not that of the set; timestamps of one unit and decimals are comparable.
    pub fn contains(&self, column: &dyn Array, row: usize) -> Result<bool, EvaluationError> {
        if row >= column.len() {
            return Err(EvaluationError::Row {
                row,
                rows: column.len(),
            });
        }
        if column.is_null(row) || *column.data_type() == DataType::Null {
            return Ok(self.null_allowed());
        }
        match self {
            Self::SortedRange(set) => set.contains_value(column, row),
            Self::Equatable(set) => set.contains_value(column, row),
            Self::AllOrNone(set) => Ok(set.contains_values()),
        }
    }

    pub fn data_type(&self) -> &DataType {
        match self {
            Self::SortedRange(set) => set.data_type(),
            Self::Equatable(set) => set.values.data_type(),
            Self::AllOrNone(set) => &set.data_type,
        }
    }

    pub fn null_allowed(&self) -> bool {
        match self {
            Self::SortedRange(set) => set.null_allowed(),
            Self::Equatable(set) => set.null_allowed,
            Self::AllOrNone(set) => set.null_allowed,
        }
    }

    /// [`AllOrNoneValueSet::is_not_null_defect`]; false for the other kinds.
    pub fn is_not_null_defect(&self) -> bool {
        matches!(self, Self::AllOrNone(set) if set.is_not_null_defect())
    }

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        match self {
            Self::SortedRange(set) => set.to_json(version),
            Self::Equatable(set) => set.to_json(version),
            Self::AllOrNone(set) => set.to_json(version),
        }
    }
}

impl From<SortedRangeSet> for ValueSet {
    fn from(set: SortedRangeSet) -> Self {
        Self::SortedRange(set)
    }
}

impl From<EquatableValueSet> for ValueSet {
    fn from(set: EquatableValueSet) -> Self {
        Self::Equatable(set)
    }
}

impl From<AllOrNoneValueSet> for ValueSet {
    fn from(set: AllOrNoneValueSet) -> Self {
        Self::AllOrNone(set)
    }
}

impl FromJson for ValueSet {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        match object.type_name()?.as_str() {
            sorted_range::TYPE_NAME | sorted_range::VERSION_1_TYPE_NAME => {
                SortedRangeSet::from_object(object).map(Self::SortedRange)
            }
            equatable::TYPE_NAME | equatable::VERSION_1_TYPE_NAME => {
                EquatableValueSet::from_object(object).map(Self::Equatable)
            }
            all_or_none::TYPE_NAME => AllOrNoneValueSet::from_object(object).map(Self::AllOrNone),
            all_or_none::VERSION_1_TYPE_NAME => {
                AllOrNoneValueSet::from_version_1(object).map(Self::AllOrNone)
            }
            other => {
                let rule = Rule::Unknown {
                    wanted: "a value set type",
                    found: quoted_name(other),
                };
                Err(Fault::from(rule).at_key(TYPE))
            }
        }
    }
}

#[cfg(test)]
mod tests;
