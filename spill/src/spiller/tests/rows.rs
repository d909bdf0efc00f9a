use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, Int64Builder, ListBuilder, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use proptest::prelude::*;

/// Rows of a block, for tests that count blocks.
pub(super) const BLOCK_ROWS: i64 = 20;

pub(super) fn table_schema() -> SchemaRef {
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("text", DataType::Utf8, true),
        Field::new("flag", DataType::Boolean, true),
        Field::new("list", DataType::List(item), true),
    ]))
}

/// Rows with their numbers; some NULL. Any [`BLOCK_ROWS`] of them in a row have the same size.
pub(super) fn table(rows: Range<i64>) -> RecordBatch {
    table_of(
        &rows
            .map(|row| (row, (row % 5 != 0).then(|| format!("row {row:05}"))))
            .collect::<Vec<_>>(),
    )
}

pub(super) fn block_of_rows(number: i64) -> RecordBatch {
    table(number * BLOCK_ROWS..(number + 1) * BLOCK_ROWS)
}

pub(super) fn table_of(rows: &[(i64, Option<String>)]) -> RecordBatch {
    let mut lists = ListBuilder::new(Int64Builder::new());
    for (id, _) in rows {
        match id.rem_euclid(4) {
            3 => lists.append(false),
            len => {
                (0..len).for_each(|item| lists.values().append_value(item));
                lists.append(true);
            }
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter(
            rows.iter().map(|(id, _)| (id % 7 != 0).then_some(*id)),
        )),
        Arc::new(StringArray::from_iter(
            rows.iter().map(|(_, text)| text.as_deref()),
        )),
        Arc::new(BooleanArray::from_iter(
            rows.iter().map(|(id, _)| (id % 3 != 0).then_some(id % 2 == 0)),
        )),
        Arc::new(lists.finish()),
    ];
    RecordBatch::try_new(table_schema(), columns).unwrap()
}

/// Slice of a batch of up to 60 rows.
pub(super) fn any_batch() -> impl Strategy<Value = RecordBatch> {
    let row = (any::<i64>(), prop::option::of("[a-zé]{0,40}"));
    (prop::collection::vec(row, 0..60), any::<prop::sample::Index>()).prop_map(|(rows, start)| {
        let batch = table_of(&rows);
        let start = start.index(rows.len() + 1);
        batch.slice(start, rows.len() - start)
    })
}
