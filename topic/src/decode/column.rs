//! Column builders: rows are appended one at a time and can be removed.
//!
//! Arrow's own builders cannot remove a row, and a record may prove unreadable when half of its columns are
//! filled. So these use plain buffers, which become Arrow's without a copy.
//!
//! A value that does not fit its column is NULL and a misfit; it never affects the row's other columns.
//!
//! | file | idea |
//! |---|---|
//! | `values` | values of one type, at any depth: lists, rows and maps hold others |
//! | `slots` | values of a fixed width |
//! | `texts` | texts and bytes |
//! | `ends` | ends of values of variable length |
//! | `capacity` | sizes of buffers |
//! | `misfits` | values that do not fit |
//! | `repeated` | duplicate values |
//!
//! A further type of a fixed width needs two arms in `slots`; a further kind of values needs a file and an
//! arm in `values`.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use crate::decode::scalar::Scalar;
use crate::format_hint::DateFormat;

pub(crate) use self::misfits::Misfits;
pub use self::values::{Lists, Maps, Rows, ValueBuilder};

mod capacity;
mod ends;
mod misfits;
mod repeated;
mod slots;
mod texts;
mod values;

/// Builder of one column of a table.
pub(crate) struct ColumnBuilder {
    name: String,
    values: ValueBuilder,
    misfits: Misfits,
}

impl ColumnBuilder {
    /// `None` if no record can fill `data_type`. `format` converts text to dates, at any depth.
    pub(crate) fn new(name: &str, data_type: &DataType, format: &DateFormat) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            values: ValueBuilder::new(data_type, format)?,
            misfits: Misfits::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Appends one row.
    pub(crate) fn append(&mut self, scalar: &Scalar<'_>) {
        self.values.append(scalar, &mut self.misfits);
    }

    /// Access for values that are not scalars: the builder to append exactly one value to, and the counter of
    /// misfits.
    pub(crate) fn parts(&mut self) -> (&mut ValueBuilder, &mut Misfits) {
        (&mut self.values, &mut self.misfits)
    }

    pub(crate) fn misfits(&self) -> &Misfits {
        &self.misfits
    }

    pub(crate) fn misfits_mut(&mut self) -> &mut Misfits {
        &mut self.misfits
    }

    pub(crate) fn values(&self) -> &ValueBuilder {
        &self.values
    }

    /// Removes all rows from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    /// Column so far; the builder starts again.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        self.values.finish()
    }
}

#[cfg(test)]
mod tests;
