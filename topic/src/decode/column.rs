//! Columns in the making: rows are appended one at a time and can be taken back.
//!
//! Arrow's own builders cannot forget a row, and a record may turn out to be unreadable when half of its columns are
//! filled. So these keep plain vectors, which become Arrow buffers without a copy.
//!
//! A value that does not fit its column is NULL and a [`Misfit`]; it never costs the row its other columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, ListArray, MapArray, PrimitiveArray,
    StringArray, StructArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, FieldRef, Fields, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType,
};

use crate::decode::scalar::Scalar;
use crate::format_hint::DateFormat;

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

/// Values that were there but did not fit.
#[derive(Debug, Default)]
pub(crate) struct Misfits {
    /// Since the builder was made.
    count: u64,
    latest: Option<Misfit>,
}

/// A value of a kind that its place cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) wanted: DataType,
    /// What there was, in words; never the value.
    pub(crate) found: &'static str,
}

impl Misfits {
    pub(crate) fn note(&mut self, wanted: DataType, found: &'static str) {
        self.count += 1;
        self.latest = Some(Misfit { wanted, found });
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The latest since this was asked last.
    pub(crate) fn take_latest(&mut self) -> Option<Misfit> {
        self.latest.take()
    }

    /// Back to `count`: the rows that had the others are forgotten.
    pub(crate) fn reset(&mut self, count: u64) {
        self.count = count;
        self.latest = None;
    }
}

/// Values of one Arrow type, at any depth.
pub(crate) enum ValueBuilder {
    Boolean(Slots<bool>),
    Int8(Slots<i8>),
    Int16(Slots<i16>),
    Int32(Slots<i32>),
    Int64(Slots<i64>),
    Float32(Slots<f32>),
    Float64(Slots<f64>),
    Decimal(Slots<i128>, DecimalType),
    Utf8(Texts),
    Binary(Texts),
    Date32(Slots<i32>, DateFormat),
    Date64(Slots<i64>, DateFormat),
    /// Athena's packing: the instant's milliseconds above 12 bits of zone.
    Zoned(Slots<i64>, DateFormat, Option<Arc<str>>),
    List(Lists),
    Struct(Rows),
    Map(Maps),
}

/// Precision and scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecimalType {
    pub(crate) precision: u8,
    pub(crate) scale: i8,
}

impl ValueBuilder {
    pub(crate) fn new(data_type: &DataType, format: &DateFormat) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean(Slots::default()),
            DataType::Int8 => Self::Int8(Slots::default()),
            DataType::Int16 => Self::Int16(Slots::default()),
            DataType::Int32 => Self::Int32(Slots::default()),
            DataType::Int64 => Self::Int64(Slots::default()),
            DataType::Float32 => Self::Float32(Slots::default()),
            DataType::Float64 => Self::Float64(Slots::default()),
            DataType::Decimal128(precision, scale) => {
                let (precision, scale) = (*precision, *scale);
                Self::Decimal(Slots::default(), DecimalType { precision, scale })
            }
            DataType::Utf8 => Self::Utf8(Texts::default()),
            DataType::Binary => Self::Binary(Texts::default()),
            DataType::Date32 => Self::Date32(Slots::default(), format.clone()),
            DataType::Date64 => Self::Date64(Slots::default(), format.clone()),
            DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) => {
                Self::Zoned(Slots::default(), format.clone(), Some(Arc::clone(zone)))
            }
            DataType::List(item) => Self::List(Lists::new(item, format)?),
            DataType::Struct(fields) => Self::Struct(Rows::new(fields, format)?),
            DataType::Map(entries, _) => Self::Map(Maps::new(entries, format)?),
            _ => return None,
        })
    }

    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Boolean(_) => DataType::Boolean,
            Self::Int8(_) => DataType::Int8,
            Self::Int16(_) => DataType::Int16,
            Self::Int32(_) => DataType::Int32,
            Self::Int64(_) => DataType::Int64,
            Self::Float32(_) => DataType::Float32,
            Self::Float64(_) => DataType::Float64,
            Self::Decimal(_, decimal) => DataType::Decimal128(decimal.precision, decimal.scale),
            Self::Utf8(_) => DataType::Utf8,
            Self::Binary(_) => DataType::Binary,
            Self::Date32(..) => DataType::Date32,
            Self::Date64(..) => DataType::Date64,
            Self::Zoned(_, _, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
            Self::List(list) => DataType::List(Arc::clone(&list.field)),
            Self::Struct(rows) => DataType::Struct(rows.names.clone()),
            Self::Map(maps) => DataType::Map(Arc::clone(&maps.field), false),
        }
    }

    /// Appends one value: what `scalar` means here, or NULL, noted if `scalar` was something else.
    pub(crate) fn append(&mut self, scalar: Scalar<'_>, misfits: &mut Misfits) {
        let fits = match self {
            Self::Boolean(slots) => slots.push(scalar.to_bool()),
            Self::Int8(slots) => slots.push(scalar.to_integer()),
            Self::Int16(slots) => slots.push(scalar.to_integer()),
            Self::Int32(slots) => slots.push(scalar.to_integer()),
            Self::Int64(slots) => slots.push(scalar.to_integer()),
            Self::Float32(slots) => slots.push(scalar.to_float::<f32>()),
            Self::Float64(slots) => slots.push(scalar.to_float::<f64>()),
            Self::Decimal(slots, decimal) => slots.push(scalar.to_decimal(*decimal)),
            Self::Utf8(texts) => texts.push(scalar.to_varchar().as_deref().map(str::as_bytes)),
            Self::Binary(texts) => texts.push(scalar.to_varbinary().as_deref()),
            Self::Date32(slots, format) => slots.push(scalar.to_date(format)),
            Self::Date64(slots, format) => slots.push(scalar.to_timestamp(format)),
            Self::Zoned(slots, format, _) => slots.push(scalar.to_zoned_timestamp(format)),
            Self::List(lists) => lists.end(false),
            Self::Struct(rows) => rows.end(false),
            Self::Map(maps) => maps.end(false),
        };
        if !fits && !scalar.is_null() {
            misfits.note(self.data_type(), scalar.kind());
        }
    }

    pub(crate) fn append_null(&mut self) {
        self.append(Scalar::Null, &mut Misfits::default());
    }

    /// Appends NULL in place of a value, of the kind `found`, that has no place here.
    pub(crate) fn append_misfit(&mut self, found: &'static str, misfits: &mut Misfits) {
        self.append_null();
        misfits.note(self.data_type(), found);
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Boolean(slots) => slots.values.len(),
            Self::Int8(slots) => slots.values.len(),
            Self::Int16(slots) => slots.values.len(),
            Self::Int32(slots) | Self::Date32(slots, _) => slots.values.len(),
            Self::Int64(slots) | Self::Date64(slots, _) | Self::Zoned(slots, ..) => slots.values.len(),
            Self::Float32(slots) => slots.values.len(),
            Self::Float64(slots) => slots.values.len(),
            Self::Decimal(slots, _) => slots.values.len(),
            Self::Utf8(texts) | Self::Binary(texts) => texts.offsets.len(),
            Self::List(lists) => lists.offsets.len(),
            Self::Struct(rows) => rows.valid.0.len(),
            Self::Map(maps) => maps.offsets.len(),
        }
    }

    /// About how many bytes the values take.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Boolean(slots) => slots.bytes(),
            Self::Int8(slots) => slots.bytes(),
            Self::Int16(slots) => slots.bytes(),
            Self::Int32(slots) | Self::Date32(slots, _) => slots.bytes(),
            Self::Int64(slots) | Self::Date64(slots, _) | Self::Zoned(slots, ..) => slots.bytes(),
            Self::Float32(slots) => slots.bytes(),
            Self::Float64(slots) => slots.bytes(),
            Self::Decimal(slots, _) => slots.bytes(),
            Self::Utf8(texts) | Self::Binary(texts) => {
                texts.data.len() + size_of_val(texts.offsets.as_slice())
            }
            Self::List(lists) => lists.item.bytes() + size_of_val(lists.offsets.as_slice()),
            Self::Struct(rows) => rows.valid.0.len() + rows.fields.iter().map(Self::bytes).sum::<usize>(),
            Self::Map(maps) => maps.keys.bytes() + maps.values.bytes() + size_of_val(maps.offsets.as_slice()),
        }
    }

    /// Forgets all values from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        match self {
            Self::Boolean(slots) => slots.truncate(len),
            Self::Int8(slots) => slots.truncate(len),
            Self::Int16(slots) => slots.truncate(len),
            Self::Int32(slots) | Self::Date32(slots, _) => slots.truncate(len),
            Self::Int64(slots) | Self::Date64(slots, _) | Self::Zoned(slots, ..) => slots.truncate(len),
            Self::Float32(slots) => slots.truncate(len),
            Self::Float64(slots) => slots.truncate(len),
            Self::Decimal(slots, _) => slots.truncate(len),
            Self::Utf8(texts) | Self::Binary(texts) => texts.truncate(len),
            Self::List(lists) => lists.truncate(len),
            Self::Struct(rows) => rows.truncate(len),
            Self::Map(maps) => maps.truncate(len),
        }
    }

    /// The values so far; the builder starts over.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(slots) => {
                let (values, nulls) = slots.take();
                Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls))
            }
            Self::Int8(slots) => slots.finish::<Int8Type>(),
            Self::Int16(slots) => slots.finish::<Int16Type>(),
            Self::Int32(slots) => slots.finish::<Int32Type>(),
            Self::Int64(slots) => slots.finish::<Int64Type>(),
            Self::Float32(slots) => slots.finish::<Float32Type>(),
            Self::Float64(slots) => slots.finish::<Float64Type>(),
            Self::Decimal(slots, DecimalType { precision, scale }) => {
                let data_type = DataType::Decimal128(*precision, *scale);
                Arc::new(slots.primitive::<Decimal128Type>().with_data_type(data_type))
            }
            Self::Utf8(texts) => texts.finish_utf8(),
            Self::Binary(texts) => texts.finish_binary(),
            Self::Date32(slots, _) => slots.finish::<Date32Type>(),
            Self::Date64(slots, _) => slots.finish::<Date64Type>(),
            Self::Zoned(slots, _, zone) => {
                let instants = slots.primitive::<TimestampMillisecondType>();
                Arc::new(instants.with_timezone_opt(zone.clone()))
            }
            Self::List(lists) => lists.finish(),
            Self::Struct(rows) => Arc::new(rows.finish()),
            Self::Map(maps) => maps.finish(),
        }
    }
}

/// Which values are not NULL.
#[derive(Debug, Default)]
struct Validity(Vec<bool>);

impl Validity {
    fn take(&mut self) -> Option<NullBuffer> {
        let valid = std::mem::take(&mut self.0);
        valid.contains(&false).then(|| NullBuffer::from(valid))
    }
}

/// Values of a fixed width.
#[derive(Debug, Default)]
pub(crate) struct Slots<T> {
    values: Vec<T>,
    valid: Validity,
}

impl<T: Copy + Default> Slots<T> {
    /// Whether there was a value.
    fn push(&mut self, value: Option<T>) -> bool {
        self.values.push(value.unwrap_or_default());
        self.valid.0.push(value.is_some());
        value.is_some()
    }

    fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.valid.0.truncate(len);
    }

    fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice()) + self.valid.0.len()
    }

    fn take(&mut self) -> (Vec<T>, Option<NullBuffer>) {
        (std::mem::take(&mut self.values), self.valid.take())
    }

    fn primitive<A: ArrowPrimitiveType<Native = T>>(&mut self) -> PrimitiveArray<A>
    where
        T: arrow::datatypes::ArrowNativeType,
    {
        let (values, nulls) = self.take();
        PrimitiveArray::new(ScalarBuffer::from(values), nulls)
    }

    fn finish<A: ArrowPrimitiveType<Native = T>>(&mut self) -> ArrayRef
    where
        T: arrow::datatypes::ArrowNativeType,
    {
        Arc::new(self.primitive::<A>())
    }
}

/// Values of any length. Of an Utf8 column only UTF-8 is pushed.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    data: Vec<u8>,
    /// Where each value ends.
    offsets: Vec<i32>,
    valid: Validity,
}

impl Texts {
    fn push(&mut self, value: Option<&[u8]>) -> bool {
        self.data.extend_from_slice(value.unwrap_or_default());
        self.offsets.push(end(self.data.len()));
        self.valid.0.push(value.is_some());
        value.is_some()
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len);
        self.valid.0.truncate(len);
        self.data.truncate(last(&self.offsets));
    }

    fn get(&self, at: usize) -> &[u8] {
        &self.data[last(&self.offsets[..at])..last(&self.offsets[..=at])]
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Buffer, Option<NullBuffer>) {
        let data = Buffer::from_vec(std::mem::take(&mut self.data));
        (take_offsets(&mut self.offsets), data, self.valid.take())
    }

    fn finish_utf8(&mut self) -> ArrayRef {
        let (offsets, data, nulls) = self.take();
        Arc::new(StringArray::new(offsets, data, nulls))
    }

    fn finish_binary(&mut self) -> ArrayRef {
        let (offsets, data, nulls) = self.take();
        Arc::new(BinaryArray::new(offsets, data, nulls))
    }
}

/// Lists. Items are appended to [`item`](Self::item), then [`end`](Self::end) closes the list.
pub(crate) struct Lists {
    field: FieldRef,
    item: Box<ValueBuilder>,
    offsets: Vec<i32>,
    valid: Validity,
}

impl Lists {
    fn new(field: &FieldRef, format: &DateFormat) -> Option<Self> {
        Some(Self {
            field: Arc::clone(field),
            item: Box::new(ValueBuilder::new(field.data_type(), format)?),
            offsets: Vec::new(),
            valid: Validity::default(),
        })
    }

    pub(crate) fn item(&mut self) -> &mut ValueBuilder {
        &mut self.item
    }

    /// Closes a list of the items appended since the last one; if not `valid` it is NULL and they are forgotten.
    pub(crate) fn end(&mut self, valid: bool) -> bool {
        if !valid {
            self.item.truncate(last(&self.offsets));
        }
        self.offsets.push(end(self.item.len()));
        self.valid.0.push(valid);
        valid
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len);
        self.valid.0.truncate(len);
        self.item.truncate(last(&self.offsets));
    }

    fn finish(&mut self) -> ArrayRef {
        let (offsets, nulls) = (take_offsets(&mut self.offsets), self.valid.take());
        Arc::new(ListArray::new(
            Arc::clone(&self.field),
            offsets,
            self.item.finish(),
            nulls,
        ))
    }
}

/// Rows within a row. Each field takes at most one value, then [`end`](Self::end) closes the row.
pub(crate) struct Rows {
    names: Fields,
    fields: Vec<ValueBuilder>,
    valid: Validity,
}

impl Rows {
    fn new(names: &Fields, format: &DateFormat) -> Option<Self> {
        let fields = names
            .iter()
            .map(|field| ValueBuilder::new(field.data_type(), format));
        Some(Self {
            names: names.clone(),
            fields: fields.collect::<Option<_>>()?,
            valid: Validity::default(),
        })
    }

    /// The fields, in order, with their names.
    pub(crate) fn names(&self) -> &Fields {
        &self.names
    }

    /// The field at `index`, ready for its value in the row being built; one given before is forgotten.
    pub(crate) fn field(&mut self, index: usize) -> &mut ValueBuilder {
        let field = &mut self.fields[index];
        field.truncate(self.valid.0.len());
        field
    }

    /// Closes the row. Fields that took no value are NULL; if not `valid` the row itself is.
    pub(crate) fn end(&mut self, valid: bool) -> bool {
        let row = self.valid.0.len();
        for field in &mut self.fields {
            if !valid {
                field.truncate(row);
            }
            if field.len() == row {
                field.append_null();
            }
        }
        self.valid.0.push(valid);
        valid
    }

    fn truncate(&mut self, len: usize) {
        self.fields.iter_mut().for_each(|field| field.truncate(len));
        self.valid.0.truncate(len);
    }

    fn finish(&mut self) -> StructArray {
        let len = self.valid.0.len();
        let columns = self.fields.iter_mut().map(ValueBuilder::finish).collect();
        StructArray::try_new_with_length(self.names.clone(), columns, self.valid.take(), len)
            .expect("fields are as many as names, of their types, and every row fills each")
    }
}

/// Maps. Keys and values are appended in pairs, then [`end`](Self::end) closes the map.
pub(crate) struct Maps {
    field: FieldRef,
    names: Fields,
    keys: Box<ValueBuilder>,
    values: Box<ValueBuilder>,
    offsets: Vec<i32>,
    valid: Validity,
}

impl Maps {
    fn new(field: &FieldRef, format: &DateFormat) -> Option<Self> {
        let DataType::Struct(names) = field.data_type() else {
            return None;
        };
        let [key, value] = names.as_ref() else { return None };
        Some(Self {
            field: Arc::clone(field),
            names: names.clone(),
            keys: Box::new(ValueBuilder::new(key.data_type(), format)?),
            values: Box::new(ValueBuilder::new(value.data_type(), format)?),
            offsets: Vec::new(),
            valid: Validity::default(),
        })
    }

    /// Where the next entry's key and value go. A key is never NULL.
    pub(crate) fn entry(&mut self) -> (&mut ValueBuilder, &mut ValueBuilder) {
        (&mut self.keys, &mut self.values)
    }

    /// How many entries were appended in all; [`truncate_entries`](Self::truncate_entries) takes some back.
    pub(crate) fn entries(&self) -> usize {
        self.keys.len().min(self.values.len())
    }

    pub(crate) fn truncate_entries(&mut self, entries: usize) {
        self.keys.truncate(entries);
        self.values.truncate(entries);
    }

    /// Closes a map of the entries appended since the last one; if not `valid` it is NULL and they are forgotten.
    pub(crate) fn end(&mut self, valid: bool) -> bool {
        if !valid {
            self.truncate_entries(last(&self.offsets));
        }
        self.offsets.push(end(self.keys.len()));
        self.valid.0.push(valid);
        valid
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len);
        self.valid.0.truncate(len);
        self.truncate_entries(last(&self.offsets));
    }

    fn finish(&mut self) -> ArrayRef {
        let (offsets, nulls) = (take_offsets(&mut self.offsets), self.valid.take());
        let columns = vec![self.keys.finish(), self.values.finish()];
        let entries = StructArray::new(self.names.clone(), columns, None);
        Arc::new(MapArray::new(
            Arc::clone(&self.field),
            offsets,
            entries,
            nulls,
            false,
        ))
    }
}

/// Arrow's offsets have 32 bits. A batch is handed on long before it holds that much, and one record is smaller.
fn end(len: usize) -> i32 {
    i32::try_from(len).expect("a batch is flushed before it holds 2 GiB")
}

fn last(offsets: &[i32]) -> usize {
    offsets.last().map_or(0, |end| *end as usize)
}

/// Arrow begins offsets with the start of the first value.
fn take_offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    let ends = std::mem::take(ends);
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    offsets.extend(ends);
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

mod repeated;

#[cfg(test)]
mod tests;
