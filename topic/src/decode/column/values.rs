//! Values of one Arrow type, at any depth.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, MapArray, NullBufferBuilder, StructArray};
use arrow::datatypes::{DataType, FieldRef, Fields};

use crate::decode::column::ends::Ends;
use crate::decode::column::misfits::Misfits;
use crate::decode::column::slots::Slots;
use crate::decode::column::texts::Texts;
use crate::decode::scalar::Scalar;
use crate::format_hint::DateFormat;

/// Builder of an Arrow array, value by value, whose values can be removed.
///
/// Scalars are [pushed](Self::push). A list, a row or a map is filled through its variant and then closed by `end`.
#[derive(Debug)]
pub enum ValueBuilder {
    /// Booleans, numbers, decimals, dates and timestamps.
    Slots(Slots),
    /// Utf8 and Binary.
    Texts(Texts),
    List(Lists),
    Struct(Rows),
    Map(Maps),
}

/// Dispatches to the builder of each kind.
macro_rules! each {
    ($builder:expr, $values:ident => $result:expr) => {
        match $builder {
            ValueBuilder::Slots($values) => $result,
            ValueBuilder::Texts($values) => $result,
            ValueBuilder::List($values) => $result,
            ValueBuilder::Struct($values) => $result,
            ValueBuilder::Map($values) => $result,
        }
    };
}

impl ValueBuilder {
    /// `None` if scalars cannot fill `data_type`. `format` converts text to dates, at any depth.
    pub fn new(data_type: &DataType, format: &DateFormat) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 | DataType::Binary => Self::Texts(Texts::new(data_type)),
            DataType::List(item) => Self::List(Lists::new(item, format)?),
            DataType::Struct(fields) => Self::Struct(Rows::new(fields, format)?),
            DataType::Map(entries, _) => Self::Map(Maps::new(entries, format)?),
            _ => Self::Slots(Slots::new(data_type, format)?),
        })
    }

    pub(crate) fn data_type(&self) -> DataType {
        each!(self, values => values.data_type())
    }

    pub(crate) fn is_nested(&self) -> bool {
        !matches!(self, Self::Slots(_) | Self::Texts(_))
    }

    /// Appends `scalar` converted to the type, or else NULL; returns whether it could be converted, which
    /// NULL cannot.
    pub fn push(&mut self, scalar: &Scalar<'_>) -> bool {
        match self {
            Self::Slots(slots) => slots.push(scalar),
            Self::Texts(texts) => texts.push(scalar),
            Self::List(lists) => lists.end(false),
            Self::Struct(rows) => rows.end(false),
            Self::Map(maps) => maps.end(false),
        }
    }

    /// Appends `scalar` converted to the type, or NULL, which is a misfit unless `scalar` is null.
    pub(crate) fn append(&mut self, scalar: &Scalar<'_>, misfits: &mut Misfits) {
        if !self.push(scalar) && !scalar.is_null() {
            misfits.note(self.data_type(), scalar.kind());
        }
    }

    pub fn append_null(&mut self) {
        self.push(&Scalar::Null);
    }

    /// Appends NULL for a value of the kind `found`, which does not fit.
    pub(crate) fn append_misfit(&mut self, found: &'static str, misfits: &mut Misfits) {
        self.append_null();
        misfits.note(self.data_type(), found);
    }

    /// Whether a text of this many bytes can be appended: all texts together have at most 2 GiB.
    pub fn has_room_for(&self, bytes: usize) -> bool {
        !matches!(self, Self::Texts(texts) if !texts.has_room_for(bytes))
    }

    #[expect(clippy::len_without_is_empty, reason = "not needed")]
    pub fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    /// Approximate size of the values in bytes.
    pub(crate) fn bytes(&self) -> usize {
        each!(self, values => values.bytes())
    }

    /// Positions, from the last to the first, of those values from `start` on that an equal one follows; none
    /// for lists, rows and maps, which cannot be keys.
    pub fn repeated(&self, start: usize) -> Vec<usize> {
        match self {
            Self::Slots(slots) => slots.repeated(start),
            Self::Texts(texts) => texts.repeated(start),
            Self::List(_) | Self::Struct(_) | Self::Map(_) => Vec::new(),
        }
    }

    /// Removes all values from `len` on, and the parts of a value that was not completed.
    pub fn truncate(&mut self, len: usize) {
        each!(self, values => values.truncate(len));
    }

    /// Values so far; the builder starts again.
    pub fn finish(&mut self) -> ArrayRef {
        each!(self, values => values.finish())
    }
}

/// Lists. Items are appended to [`item`](Self::item), then [`end`](Self::end) completes the list.
#[derive(Debug)]
pub struct Lists {
    field: FieldRef,
    item: Box<ValueBuilder>,
    ends: Ends,
}

impl Lists {
    fn new(field: &FieldRef, format: &DateFormat) -> Option<Self> {
        Some(Self {
            field: Arc::clone(field),
            item: Box::new(ValueBuilder::new(field.data_type(), format)?),
            ends: Ends::new(),
        })
    }

    pub fn item(&mut self) -> &mut ValueBuilder {
        &mut self.item
    }

    /// Completes a list of the items appended since the last one; if not `valid` it is NULL and they are
    /// removed.
    pub fn end(&mut self, valid: bool) -> bool {
        if !valid {
            self.item.truncate(self.ends.last());
        }
        self.ends.push(self.item.len(), valid)
    }

    fn data_type(&self) -> DataType {
        DataType::List(Arc::clone(&self.field))
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn bytes(&self) -> usize {
        self.item.bytes() + self.ends.bytes()
    }

    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.item.truncate(self.ends.last());
    }

    fn finish(&mut self) -> ArrayRef {
        let (offsets, nulls) = self.ends.take();
        let items = self.item.finish();
        Arc::new(ListArray::new(Arc::clone(&self.field), offsets, items, nulls))
    }
}

/// Nested rows. Each field takes at most one value, then [`end`](Self::end) completes the row.
#[derive(Debug)]
pub struct Rows {
    names: Fields,
    fields: Vec<ValueBuilder>,
    valid: NullBufferBuilder,
}

impl Rows {
    fn new(names: &Fields, format: &DateFormat) -> Option<Self> {
        let fields = names
            .iter()
            .map(|field| ValueBuilder::new(field.data_type(), format));
        Some(Self {
            names: names.clone(),
            fields: fields.collect::<Option<_>>()?,
            valid: NullBufferBuilder::new(0),
        })
    }

    /// Fields in order, with their names.
    pub(crate) fn names(&self) -> &Fields {
        &self.names
    }

    /// Whether the field at `index` has its value in the current row.
    pub fn is_filled(&self, index: usize) -> bool {
        self.fields[index].len() > self.len()
    }

    /// Builder of the field at `index` for its value in the current row; an earlier value is removed.
    pub fn field(&mut self, index: usize) -> &mut ValueBuilder {
        let row = self.len();
        let field = &mut self.fields[index];
        field.truncate(row);
        field
    }

    /// Completes the row. Fields without a value are NULL; if not `valid` the row itself is.
    pub fn end(&mut self, valid: bool) -> bool {
        let row = self.len();
        for field in &mut self.fields {
            if !valid {
                field.truncate(row);
            }
            if field.len() == row {
                field.append_null();
            }
        }
        self.valid.append(valid);
        valid
    }

    fn data_type(&self) -> DataType {
        DataType::Struct(self.names.clone())
    }

    fn len(&self) -> usize {
        self.valid.len()
    }

    fn bytes(&self) -> usize {
        self.len() + self.fields.iter().map(ValueBuilder::bytes).sum::<usize>()
    }

    fn truncate(&mut self, len: usize) {
        self.fields.iter_mut().for_each(|field| field.truncate(len));
        self.valid.truncate(len);
    }

    fn finish(&mut self) -> ArrayRef {
        let len = self.len();
        let columns = self.fields.iter_mut().map(ValueBuilder::finish).collect();
        let rows = StructArray::try_new_with_length(self.names.clone(), columns, self.valid.finish(), len);
        Arc::new(rows.expect("fields are as many as names, of their types, and every row fills each"))
    }
}

/// Maps. Keys and values are appended in pairs, then [`end`](Self::end) completes the map.
#[derive(Debug)]
pub struct Maps {
    field: FieldRef,
    names: Fields,
    keys: Box<ValueBuilder>,
    values: Box<ValueBuilder>,
    ends: Ends,
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
            ends: Ends::new(),
        })
    }

    /// Builders of the next entry's key and value. A key is never NULL.
    pub fn entry(&mut self) -> (&mut ValueBuilder, &mut ValueBuilder) {
        (&mut self.keys, &mut self.values)
    }

    /// Total number of entries appended.
    pub fn entries(&self) -> usize {
        self.keys.len().min(self.values.len())
    }

    pub(crate) fn truncate_entries(&mut self, entries: usize) {
        self.keys.truncate(entries);
        self.values.truncate(entries);
    }

    /// Completes a map of the entries appended since the last one; if not `valid` it is NULL and they are
    /// removed.
    pub fn end(&mut self, valid: bool) -> bool {
        if !valid {
            self.truncate_entries(self.ends.last());
        }
        self.ends.push(self.keys.len(), valid)
    }

    fn data_type(&self) -> DataType {
        DataType::Map(Arc::clone(&self.field), false)
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn bytes(&self) -> usize {
        self.keys.bytes() + self.values.bytes() + self.ends.bytes()
    }

    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.truncate_entries(self.ends.last());
    }

    fn finish(&mut self) -> ArrayRef {
        let (offsets, nulls) = self.ends.take();
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
