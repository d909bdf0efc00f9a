//! Filter of rows by a request's constraints, one batch at a time.
//!
//! The summary's value sets of the columns in the schema are applied exactly: a row stays if and only if
//! [`ValueSet::contains`] holds for each of them. Sets of columns that are not in the schema are ignored.
//! Limit, order and expressions are left to the engine.

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use protocol::{Constraints, EquatableValueSet, EvaluationError, SortedRangeSet, ValueSet};

use ranges::Ranges;

mod comparable;
mod ranges;

/// Constraints prepared for batches of one schema.
#[derive(Debug)]
pub struct Filter {
    columns: Vec<ColumnFilter>,
}

impl Filter {
    /// # Errors
    /// If the values of a set cannot be compared with those of its column.
    pub fn try_new(constraints: &Constraints, schema: &Schema) -> Result<Self, FilterError> {
        let mut columns = Vec::new();
        for (name, set) in &constraints.summary {
            if let Some((index, field)) = schema.column_with_name(name) {
                columns.push(ColumnFilter::try_new(index, field, set)?);
            }
        }
        Ok(Self { columns })
    }

    /// Rows of `batch` that satisfy the constraints, in order. `batch` has the schema the filter was made
    /// for.
    pub fn apply(&self, batch: RecordBatch) -> Result<RecordBatch, FilterError> {
        let mut kept = BooleanBuffer::new_set(batch.num_rows());
        for column in &self.columns {
            kept = &kept & &column.kept(batch.column(column.index))?;
        }
        if kept.count_set_bits() == batch.num_rows() {
            return Ok(batch);
        }
        Ok(filter_record_batch(&batch, &BooleanArray::new(kept, None))?)
    }
}

/// Reason why constraints cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    #[error("column `{column}` is {found}, but the request constrains it by values of type {set}")]
    Types {
        column: String,
        set: DataType,
        found: DataType,
    },
    #[error("column `{column}` cannot be tested: {source}")]
    Evaluation { column: String, source: EvaluationError },
    #[error("rows cannot be filtered: {0}")]
    Arrow(#[from] ArrowError),
}

#[derive(Debug)]
struct ColumnFilter {
    name: String,
    index: usize,
    null_allowed: bool,
    values: Values,
}

/// Non-null values that stay.
#[derive(Debug)]
enum Values {
    All,
    None,
    Within(Ranges),
    Outside(Ranges),
    /// Values of a nested type, which Arrow's kernels do not compare.
    OneByOne(ValueSet),
}

impl ColumnFilter {
    fn try_new(index: usize, field: &Field, set: &ValueSet) -> Result<Self, FilterError> {
        let values = match set {
            ValueSet::AllOrNone(set) if set.all || set.is_not_null_defect() => Values::All,
            ValueSet::AllOrNone(_) => Values::None,
            ValueSet::SortedRange(set) if is_everything(set) => Values::All,
            ValueSet::SortedRange(set) if set.ranges().is_empty() => Values::None,
            set if field.data_type().is_nested() => Values::OneByOne(set.clone()),
            ValueSet::SortedRange(set) => Values::Within(ranges(set, field)?),
            ValueSet::Equatable(set) if set.white_list => Values::Within(points(set, field)?),
            ValueSet::Equatable(set) => Values::Outside(points(set, field)?),
        };
        Ok(Self {
            name: field.name().clone(),
            index,
            null_allowed: set.null_allowed(),
            values,
        })
    }

    /// Mask of the rows of `column` that stay.
    fn kept(&self, column: &ArrayRef) -> Result<BooleanBuffer, FilterError> {
        let values = match &self.values {
            Values::All => BooleanBuffer::new_set(column.len()),
            Values::None => BooleanBuffer::new_unset(column.len()),
            Values::Within(ranges) => ranges.contain(column)?,
            Values::Outside(ranges) => !&ranges.contain(column)?,
            Values::OneByOne(set) => self.test_rows(set, column)?,
        };
        Ok(match column.logical_nulls() {
            None => values,
            Some(nulls) if self.null_allowed => &values | &!nulls.inner(),
            Some(nulls) => &values & nulls.inner(),
        })
    }

    fn test_rows(&self, set: &ValueSet, column: &ArrayRef) -> Result<BooleanBuffer, FilterError> {
        let rows = (0..column.len()).map(|row| set.contains(column, row));
        let kept = rows.collect::<Result<Vec<_>, _>>();
        let error = |source| FilterError::Evaluation {
            column: self.name.clone(),
            source,
        };
        kept.map(BooleanBuffer::from).map_err(error)
    }
}

/// Whether the set is one range without ends: every value, whatever its type.
fn is_everything(set: &SortedRangeSet) -> bool {
    set.ranges()
        .iter()
        .any(|range| range.low().is_lower_unbounded() && range.high().is_upper_unbounded())
}

fn ranges(set: &SortedRangeSet, field: &Field) -> Result<Ranges, FilterError> {
    let common = common_type(field, set.data_type())?;
    Ok(Ranges::from_sorted(set.ranges(), common)?)
}

fn points(set: &EquatableValueSet, field: &Field) -> Result<Ranges, FilterError> {
    let common = common_type(field, set.values.data_type())?;
    Ok(Ranges::from_points(&set.values, common)?)
}

fn common_type(field: &Field, set: &DataType) -> Result<DataType, FilterError> {
    comparable::common_type(field.data_type(), set).ok_or_else(|| FilterError::Types {
        column: field.name().clone(),
        set: set.clone(),
        found: field.data_type().clone(),
    })
}

#[cfg(test)]
mod tests;
