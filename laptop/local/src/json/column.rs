//! Column of a cast's target type, built row by row.
//!
//! [`ValueBuilder`] holds the values: a row that fails halfway can be removed, as TRY_CAST needs. Only the
//! fields mark which text is JSON, so they are traversed together with it.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, plan_err};
use topic::decode::column::ValueBuilder;
use topic::format_hint::DateFormat;

use super::field::is_json;
use crate::types::sql_name;

/// Rows of a cast's target type.
#[derive(Debug)]
pub(super) struct Column {
    field: FieldRef,
    values: ValueBuilder,
}

impl Column {
    /// Creates an empty column of the type of `field`; an error if JSON cannot be cast to it.
    pub(super) fn try_new(field: &FieldRef) -> Result<Self> {
        check(field)?;
        let values = ValueBuilder::new(field.data_type(), &DateFormat::default());
        Ok(Self {
            field: FieldRef::clone(field),
            values: values
                .ok_or_else(|| DataFusionError::Internal("no column for a checked type".to_owned()))?,
        })
    }

    /// Cell of the next row.
    pub(super) fn cell(&mut self) -> Cell<'_> {
        Cell::new(&self.field, &mut self.values)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn append_null(&mut self) {
        self.values.append_null();
    }

    /// Removes all rows from `len` on, and the parts of an unfinished row.
    pub(super) fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
    }

    /// Rows as an Arrow array of exactly the column's type.
    pub(super) fn finish(mut self) -> ArrayRef {
        self.values.finish()
    }
}

/// Destination of one value, at any depth, with the field that describes it.
#[derive(Debug)]
pub(super) struct Cell<'a> {
    pub(super) field: &'a Field,
    pub(super) values: &'a mut ValueBuilder,
}

impl<'a> Cell<'a> {
    pub(super) fn new(field: &'a Field, values: &'a mut ValueBuilder) -> Self {
        Self { field, values }
    }
}

/// Checks that JSON can be cast to the type of `field`.
fn check(field: &FieldRef) -> Result<()> {
    match field.data_type() {
        DataType::Boolean | DataType::Decimal128(..) | DataType::Utf8 => Ok(()),
        number if number.is_signed_integer() || matches!(number, DataType::Float32 | DataType::Float64) => {
            Ok(())
        }
        DataType::List(item) => check(item),
        DataType::Struct(fields) => fields.iter().try_for_each(check),
        DataType::Map(entries, _) => check_entries(entries),
        other => plan_err!("JSON cannot be cast to {}", sql_name(other)),
    }
}

fn check_entries(entries: &Field) -> Result<()> {
    let DataType::Struct(fields) = entries.data_type() else {
        return plan_err!("map entries are {}, wanted a row", sql_name(entries.data_type()));
    };
    let [key, value] = &fields[..] else {
        return plan_err!("map entries have {} fields, wanted 2", fields.len());
    };
    if key.data_type().is_nested() || is_json(key) {
        return plan_err!(
            "JSON cannot be cast to a map with keys of type {}",
            sql_name(key.data_type())
        );
    }
    check(key)?;
    check(value)
}
