//! UNNEST: arrays and maps side by side as an array of rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, StructArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;

use super::column::row_columns;
use crate::error::{Result, err};
use crate::registry::Kernel;
use crate::types::{Type, item_field, row_fields};

/// How UNNEST treats its arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Whether a column counts the items.
    pub ordinality: bool,
    /// Whether a row without items gives NULL, which the plan keeps, instead of nothing.
    pub outer: bool,
    /// Whether an array of rows gives one column of rows, instead of a column for each field.
    pub whole_rows: bool,
}

/// The kernel of `unnest(a, b, …)`: as many rows as the longest has, NULL where another is shorter.
pub(crate) fn kernel(options: Options) -> Kernel {
    Arc::new(move |call, columns| {
        let sources = columns.iter().zip(call.args);
        let sources: Vec<_> = sources.map(|(column, ty)| Source::of(column, ty)).collect();
        let lengths: Vec<usize> = (0..call.rows)
            .map(|row| sources.iter().map(|source| source.length(row)).max().unwrap_or(0))
            .collect();
        let mut items: Vec<ArrayRef> = Vec::new();
        for source in &sources {
            let places = source.places(&lengths);
            for column in source.columns(options.whole_rows)? {
                items.push(take(&column, &places, None)?);
            }
        }
        if options.ordinality {
            let numbers = lengths.iter().flat_map(|length| 1..=*length as i64);
            items.push(Arc::new(Int64Array::from_iter_values(numbers)));
        }
        let Type::Array(item) = call.result else {
            return Err(err!(Internal, "unnest gives {}", call.result));
        };
        let Type::Row(fields) = item.as_ref() else {
            return Err(err!(Internal, "unnest gives an array of {item}"));
        };
        let rows = lengths.iter().sum();
        let rows = StructArray::try_new_with_length(row_fields(fields), items, None, rows)?;
        let nulls: Option<NullBuffer> = options
            .outer
            .then(|| lengths.iter().map(|length| *length > 0).collect());
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(
            item_field(item),
            offsets,
            Arc::new(rows),
            nulls,
        )?))
    })
}

/// Items of an argument.
struct Source<'a> {
    column: &'a ArrayRef,
    ty: &'a Type,
    offsets: &'a [i32],
}

impl<'a> Source<'a> {
    fn of(column: &'a ArrayRef, ty: &'a Type) -> Self {
        let offsets = match ty {
            Type::Map(..) => column.as_map().value_offsets(),
            _ => column.as_list::<i32>().value_offsets(),
        };
        Self { column, ty, offsets }
    }

    fn length(&self, row: usize) -> usize {
        match self.column.is_null(row) {
            true => 0,
            false => (self.offsets[row + 1] - self.offsets[row]) as usize,
        }
    }

    /// Place of each row's items among all items; NULL for those that are missing up to `lengths`.
    fn places(&self, lengths: &[usize]) -> UInt32Array {
        let places = lengths.iter().enumerate().flat_map(|(row, length)| {
            let (first, own) = (self.offsets[row] as u32, self.length(row));
            (0..*length).map(move |at| (at < own).then(|| first + at as u32))
        });
        places.collect()
    }

    /// The items, a column for each that UNNEST gives.
    fn columns(&self, whole_rows: bool) -> Result<Vec<ArrayRef>> {
        match self.ty {
            Type::Map(..) => Ok(self.column.as_map().entries().columns().to_vec()),
            Type::Array(item) if matches!(item.as_ref(), Type::Row(_)) && !whole_rows => {
                row_columns(self.column.as_list::<i32>().values().as_struct())
            }
            _ => Ok(vec![Arc::clone(self.column.as_list::<i32>().values())]),
        }
    }
}
