//! Columns in the making: rows are appended one at a time and can be taken back.
//!
//! Arrow's own builders cannot forget a row, and a record may turn out to be unreadable when half of its columns are
//! filled. So these keep plain buffers, which become Arrow's without a copy.
//!
//! A value that does not fit its column is NULL and a misfit; it never costs the row its other columns.
//!
//! | file | idea |
//! |---|---|
//! | `values` | values of one type, at any depth: lists, rows and maps hold others |
//! | `slots` | values of a fixed width |
//! | `texts` | texts and bytes |
//! | `ends` | where values of any length end |
//! | `misfits` | values that do not fit |
//! | `repeated` | values that come again |
//!
//! A further type of a fixed width is two arms in `slots`; a further kind of values is a file and an arm in `values`.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use crate::decode::scalar::Scalar;
use crate::format_hint::DateFormat;

pub(crate) use self::misfits::Misfits;
pub use self::values::{Lists, Maps, Rows, ValueBuilder};

mod ends;
mod misfits;
mod repeated;
mod slots;
mod texts;
mod values;

/// Builds one column of a table.
pub(crate) struct ColumnBuilder {
    name: String,
    values: ValueBuilder,
    misfits: Misfits,
}

impl ColumnBuilder {
    /// `None` if no record can fill `data_type`. `format` tells how text becomes a date, at any depth.
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
    pub(crate) fn append(&mut self, scalar: Scalar<'_>) {
        self.values.append(scalar, &mut self.misfits);
    }

    /// For values that are no scalars: what to append exactly one value to, and where to note what does not fit.
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

    /// Forgets all rows from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    /// The column so far; the builder starts over.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        self.values.finish()
    }
}

#[cfg(test)]
mod tests;
