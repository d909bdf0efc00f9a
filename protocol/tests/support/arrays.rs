//! Arrays of every type that Athena's tables may have.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use proptest::prelude::*;

/// Batch of one to four columns of any types, a slice of a longer one, with metadata.
pub(crate) fn any_batch() -> impl Strategy<Value = RecordBatch> {
    let types = prop::collection::vec((any_type(), any::<bool>()), 1..5);
    (types, 0..20_usize, 0..12_usize, any::<u64>(), metadata()).prop_map(
        |(types, rows, skipped, seed, metadata)| {
            let mut dice = Dice(seed | 1);
            let columns: Vec<_> = types
                .iter()
                .map(|(data_type, nullable)| array(data_type, *nullable, rows, &mut dice))
                .collect();
            let field = |(index, (data_type, nullable)): (usize, &(DataType, bool))| {
                Field::new(format!("c{index}"), data_type.clone(), *nullable)
            };
            let fields: Vec<_> = types.iter().enumerate().map(field).collect();
            let schema = Schema::new_with_metadata(fields, metadata.into_iter().collect());
            let skipped = skipped.min(rows);
            let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
            batch.slice(skipped, (rows - skipped).div_ceil(2))
        },
    )
}

/// Any type that Athena accepts in a table.
pub(crate) fn any_type() -> impl Strategy<Value = DataType> {
    any_leaf().prop_recursive(3, 12, 3, |inner| {
        let field = |name: &'static str, nullable| move |inner| Arc::new(Field::new(name, inner, nullable));
        let map = move |(key, value)| {
            let pair = vec![field("key", false)(key), field("value", true)(value)];
            DataType::Map(
                Arc::new(Field::new("entries", DataType::Struct(pair.into()), false)),
                false,
            )
        };
        prop_oneof![
            (inner.clone(), any::<bool>()).prop_map(move |(inner, nullable)| DataType::List(field(
                "", nullable
            )(
                inner
            ))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(move |inner| DataType::Struct(
                inner.into_iter().map(field("child", true)).collect()
            )),
            (any_leaf(), inner).prop_map(map),
        ]
    })
}

pub(crate) fn any_leaf() -> impl Strategy<Value = DataType> {
    prop::sample::select(vec![
        DataType::Boolean,
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal128(38, 18),
        DataType::Utf8,
        DataType::Binary,
        DataType::Date32,
        DataType::Date64,
        DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Zurich".into())),
    ])
}

fn metadata() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[a-z]{0,5}", ".{0,8}"), 0..3)
}

/// Rows of a type; about a quarter of them null if nulls are allowed.
pub(crate) fn array(data_type: &DataType, nullable: bool, rows: usize, dice: &mut Dice) -> ArrayRef {
    let nulls: Option<NullBuffer> = nullable.then(|| (0..rows).map(|_| dice.below(4) != 0).collect());
    let is_valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    macro_rules! rows_of {
        ($array:ty, $value:expr) => {
            (0..rows)
                .map(|row| is_valid(row).then(|| $value))
                .collect::<$array>()
        };
    }
    match data_type {
        DataType::Boolean => Arc::new(rows_of!(BooleanArray, dice.below(2) == 1)),
        DataType::Int8 => Arc::new(rows_of!(Int8Array, dice.roll() as i8)),
        DataType::Int16 => Arc::new(rows_of!(Int16Array, dice.roll() as i16)),
        DataType::Int32 => Arc::new(rows_of!(Int32Array, dice.roll() as i32)),
        DataType::Int64 => Arc::new(rows_of!(Int64Array, dice.roll() as i64)),
        DataType::Float32 => Arc::new(rows_of!(Float32Array, dice.roll() as i16 as f32)),
        DataType::Float64 => Arc::new(rows_of!(Float64Array, dice.roll() as i64 as f64)),
        DataType::Date32 => Arc::new(rows_of!(Date32Array, dice.roll() as i32)),
        DataType::Date64 => Arc::new(rows_of!(Date64Array, dice.roll() as i64)),
        DataType::Utf8 => Arc::new(rows_of!(StringArray, "añ😀".repeat(dice.below(4)))),
        DataType::Binary => Arc::new(rows_of!(
            BinaryArray,
            dice.roll().to_le_bytes()[..dice.below(9)].to_vec()
        )),
        DataType::Decimal128(precision, scale) => {
            let values = rows_of!(Decimal128Array, i128::from(dice.roll() as i64) << 40);
            Arc::new(values.with_precision_and_scale(*precision, *scale).unwrap())
        }
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            Arc::new(rows_of!(TimestampMillisecondArray, dice.roll() as i64).with_timezone_opt(zone.clone()))
        }
        DataType::Timestamp(_, zone) => {
            Arc::new(rows_of!(TimestampMicrosecondArray, dice.roll() as i64).with_timezone_opt(zone.clone()))
        }
        DataType::List(item) => {
            let (offsets, items) = items(item, rows, dice);
            Arc::new(ListArray::new(item.clone(), offsets, items, nulls))
        }
        DataType::Map(entries, sorted) => {
            let (offsets, items) = items(entries, rows, dice);
            let entries_array = items.as_any().downcast_ref::<StructArray>().unwrap().clone();
            Arc::new(MapArray::new(
                entries.clone(),
                offsets,
                entries_array,
                nulls,
                *sorted,
            ))
        }
        DataType::Struct(fields) => {
            let child = |field: &FieldRef| array(field.data_type(), field.is_nullable(), rows, dice);
            let children = fields.iter().map(child).collect();
            Arc::new(StructArray::new(fields.clone(), children, nulls))
        }
        other => panic!("no rows of {other}"),
    }
}

fn items(item: &Field, rows: usize, dice: &mut Dice) -> (OffsetBuffer<i32>, ArrayRef) {
    let lengths: Vec<_> = (0..rows).map(|_| dice.below(4)).collect();
    let count = lengths.iter().sum();
    (
        OffsetBuffer::from_lengths(lengths),
        array(item.data_type(), item.is_nullable(), count, dice),
    )
}

/// Pseudo-random numbers from a seed (xorshift64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Number less than `sides`.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        (self.roll() % sides as u64) as usize
    }
}
