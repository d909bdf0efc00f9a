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

/// Builds an Arrow array value by value, and can take values back.
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

/// Does the same with the values of every kind.
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
    /// `None` if scalars cannot fill `data_type`. `format` tells how text becomes a date, at any depth.
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

    /// Appends one value: what `scalar` means here, or else NULL. Whether it means anything; NULL does not.
    pub fn push(&mut self, scalar: Scalar<'_>) -> bool {
        match self {
            Self::Slots(slots) => slots.push(scalar),
            Self::Texts(texts) => texts.push(scalar),
            Self::List(lists) => lists.end(false),
            Self::Struct(rows) => rows.end(false),
            Self::Map(maps) => maps.end(false),
        }
    }

    /// Appends one value: what `scalar` means here, or NULL, noted if `scalar` was something else.
    pub(crate) fn append(&mut self, scalar: Scalar<'_>, misfits: &mut Misfits) {
        if !self.push(scalar) && !scalar.is_null() {
            misfits.note(self.data_type(), scalar.kind());
        }
    }

    pub fn append_null(&mut self) {
        self.push(Scalar::Null);
    }

    /// Appends NULL in place of a value, of the kind `found`, that has no place here.
    pub(crate) fn append_misfit(&mut self, found: &'static str, misfits: &mut Misfits) {
        self.append_null();
        misfits.note(self.data_type(), found);
    }

    /// Whether a text of this many bytes can be appended: all texts together have 2 GiB at most.
    pub fn has_room_for(&self, bytes: usize) -> bool {
        !matches!(self, Self::Texts(texts) if !texts.has_room_for(bytes))
    }

    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    /// About how many bytes the values take.
    pub(crate) fn bytes(&self) -> usize {
        each!(self, values => values.bytes())
    }

    /// The positions, from the last to the first, of those values from `start` on that an equal one follows. Lists,
    /// rows and maps are no keys: of them there are none.
    pub fn repeated(&self, start: usize) -> Vec<usize> {
        match self {
            Self::Slots(slots) => slots.repeated(start),
            Self::Texts(texts) => texts.repeated(start),
            Self::List(_) | Self::Struct(_) | Self::Map(_) => Vec::new(),
        }
    }

    /// Forgets all values from `len` on, and whatever was appended of one that was never closed.
    pub fn truncate(&mut self, len: usize) {
        each!(self, values => values.truncate(len));
    }

    /// The values so far; the builder starts over.
    pub fn finish(&mut self) -> ArrayRef {
        each!(self, values => values.finish())
    }
}

/// Lists. Items are appended to [`item`](Self::item), then [`end`](Self::end) closes the list.
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

    /// Closes a list of the items appended since the last one; if not `valid` it is NULL and they are forgotten.
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

/// Rows within a row. Each field takes at most one value, then [`end`](Self::end) closes the row.
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

    /// The fields, in order, with their names.
    pub(crate) fn names(&self) -> &Fields {
        &self.names
    }

    /// Whether the field at `index` has its value in the row being built.
    pub fn is_filled(&self, index: usize) -> bool {
        self.fields[index].len() > self.len()
    }

    /// The field at `index`, ready for its value in the row being built; one given before is forgotten.
    pub fn field(&mut self, index: usize) -> &mut ValueBuilder {
        let row = self.len();
        let field = &mut self.fields[index];
        field.truncate(row);
        field
    }

    /// Closes the row. Fields that took no value are NULL; if not `valid` the row itself is.
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

/// Maps. Keys and values are appended in pairs, then [`end`](Self::end) closes the map.
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

    /// Where the next entry's key and value go. A key is never NULL.
    pub fn entry(&mut self) -> (&mut ValueBuilder, &mut ValueBuilder) {
        (&mut self.keys, &mut self.values)
    }

    /// How many entries were appended in all.
    pub fn entries(&self) -> usize {
        self.keys.len().min(self.values.len())
    }

    pub(crate) fn truncate_entries(&mut self, entries: usize) {
        self.keys.truncate(entries);
        self.values.truncate(entries);
    }

    /// Closes a map of the entries appended since the last one; if not `valid` it is NULL and they are forgotten.
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
