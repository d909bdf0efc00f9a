//! Filling of columns from a payload's message, by a [`Plan`].
//!
//! A record's columns may not take more than [`MAX_RECORD_BYTES`]: two bytes of an empty message in a list of
//! rows become a row of hundreds of defaults, and one byte of an enum becomes its name.

use std::collections::HashMap;
use std::ops::Range;

use crate::decode::column::ColumnBuilder;
use crate::decode::error::RowError;
use crate::decode::protobuf::kind::Kind;
use crate::decode::protobuf::plan::{Entry, MapPlace, Node, Place, Plan};
use crate::decode::protobuf::scalars::{map_key, scalar};
use crate::decode::protobuf::schema::{Field, Schema};
use crate::decode::protobuf::wire::{Found, Lookup, Raw, Reader, Span};
use crate::decode::scalar::Scalar;

const MAX_RECORD_BYTES: u64 = 256 * 1024 * 1024;
/// Capacity of the JSON buffer that is kept between records.
const KEPT_TEXT_BYTES: usize = 1 << 20;
/// Approximate memory for detecting a duplicate key.
const KEY_BYTES: u64 = 64;

/// Buffers that are kept between records, so that most of them allocate nothing.
#[derive(Default)]
pub(super) struct Scratch {
    found: Found,
    text: String,
}

/// State of filling columns from one payload.
pub(super) struct Filler<'a> {
    pub(super) schema: &'a Schema,
    pub(super) payload: &'a [u8],
    pub(super) found: &'a mut Found,
    /// Buffer for JSON.
    pub(super) text: &'a mut String,
    /// Number of bytes that the record's columns may still take.
    budget: u64,
}

/// Appends a row of the message in `payload`.
pub(super) fn fill(
    plan: &Plan,
    schema: &Schema,
    payload: &[u8],
    scratch: &mut Scratch,
    columns: &mut [ColumnBuilder],
) -> Result<(), RowError> {
    let (mut filler, whole) = Filler::new(schema, payload, scratch)?;
    for &column in &plan.nulls {
        columns[column].append(&Scalar::Null);
    }
    filler.node(&plan.root, whole, columns)
}

/// Appends all of the message in `payload` to a VARCHAR column, as JSON.
pub(super) fn fill_json(
    schema: &Schema,
    message: usize,
    payload: &[u8],
    scratch: &mut Scratch,
    column: &mut ColumnBuilder,
) -> Result<(), RowError> {
    let (mut filler, whole) = Filler::new(schema, payload, scratch)?;
    filler.json_message(message, whole, 0)?;
    filler.check_text()?;
    column.append(&Scalar::Text(filler.text));
    Ok(())
}

impl<'a> Filler<'a> {
    /// Filler for one payload, and the position of the whole payload among the values found.
    fn new(
        schema: &'a Schema,
        payload: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<(Self, Range<usize>), RowError> {
        let whole = Span::whole(payload)?;
        let Scratch { found, text } = scratch;
        found.clear();
        text.clear();
        text.shrink_to(KEPT_TEXT_BYTES);
        let whole = found.push(Raw::Bytes(whole));
        let filler = Self {
            schema,
            payload,
            found,
            text,
            budget: MAX_RECORD_BYTES,
        };
        Ok((filler, whole))
    }

    /// Fills the columns of a message with these `parts`.
    fn node(
        &mut self,
        node: &Node,
        parts: Range<usize>,
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let found = self.found.collect(self.payload, parts, &node.lookup)?;
        let mut left = found.clone();
        for (slot, (field, place)) in node.fields.iter().enumerate() {
            let values = self.found.take_slot(&mut left, slot);
            self.place(place, field, values, columns)?;
        }
        self.found.truncate(found.start);
        Ok(())
    }

    /// Fills the columns of a field; `values` are the field's, or the one of an item or entry.
    fn place(
        &mut self,
        place: &Place,
        field: &Field,
        values: Range<usize>,
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        for (column, form) in &place.columns {
            let (builder, misfits) = columns[*column].parts();
            self.append(form, field, values.clone(), builder, misfits)?;
        }
        match &place.members {
            Some(members) if values.is_empty() => append_nulls_below(members, columns),
            Some(members) => self.node(members, values.clone(), columns)?,
            None => {}
        }
        for (index, place) in &place.items {
            let item = self.item(field, values.clone(), *index)?;
            self.selected(item, place, field, columns)?;
        }
        for (key, MapPlace { entry, place }) in &place.entries {
            let value = self.entry_of_key(entry, values.clone(), key)?;
            self.selected(value, place, &entry.value, columns)?;
        }
        Ok(())
    }

    /// Fills the columns of a selected item or entry, whose `value` is on top of the stack.
    fn selected(
        &mut self,
        value: Option<Range<usize>>,
        place: &Place,
        field: &Field,
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let Some(value) = value else {
            append_nulls(place, columns);
            return Ok(());
        };
        let base = value.start;
        self.place(place, field, value, columns)?;
        self.found.truncate(base);
        Ok(())
    }

    /// Item at `index` of a list, pushed on top.
    fn item(
        &mut self,
        field: &Field,
        values: Range<usize>,
        index: usize,
    ) -> Result<Option<Range<usize>>, RowError> {
        let mut before = 0;
        for at in values {
            let raw = self.found.raw(at);
            let Some(mut packed) = self.packed(field, raw) else {
                if before == index {
                    return Ok(Some(self.found.push(raw)));
                }
                before += 1;
                continue;
            };
            while !packed.is_at_end() {
                let raw = packed.value(0, field.kind.wire_type())?;
                if before == index {
                    return Ok(Some(self.found.push(raw)));
                }
                before += 1;
            }
        }
        Ok(None)
    }

    /// Values of the last entry with this key, pushed on top.
    fn entry_of_key(
        &mut self,
        entry: &Entry,
        entries: Range<usize>,
        wanted: &str,
    ) -> Result<Option<Range<usize>>, RowError> {
        let mut last = None;
        for at in entries {
            let found = self.found.collect(self.payload, at..at + 1, &entry.lookup)?;
            let key = self.key(entry, &found);
            if scalar(&entry.key.kind, key, self.payload).to_varchar().as_deref() == Some(wanted) {
                last = Some(at);
            }
            self.found.truncate(found.start);
        }
        let Some(at) = last else { return Ok(None) };
        let found = self.found.collect(self.payload, at..at + 1, &entry.lookup)?;
        Ok(Some(self.entry_value(entry, &found)))
    }

    /// Entries without duplicates, in order. `lookup` finds an entry's key, of type `key`.
    pub(super) fn last_of_each_key(
        &mut self,
        lookup: &Lookup,
        key: &Kind,
        entries: Range<usize>,
    ) -> Result<Vec<usize>, RowError> {
        if entries.len() < 2 {
            return Ok(entries.collect());
        }
        let mut last = HashMap::new();
        for at in entries {
            self.charge(KEY_BYTES)?;
            let found = self.found.collect(self.payload, at..at + 1, lookup)?;
            let raw = self.last(&found, Entry::KEY).unwrap_or_else(|| key.zero());
            last.insert(map_key(key, raw, self.payload), at);
            self.found.truncate(found.start);
        }
        let mut entries: Vec<usize> = last.into_values().collect();
        entries.sort_unstable();
        Ok(entries)
    }

    pub(super) fn key(&self, entry: &Entry, found: &Range<usize>) -> Raw {
        self.last(found, Entry::KEY)
            .unwrap_or_else(|| entry.key.kind.zero())
    }

    /// Values of an entry's value: at least one, even if it is absent.
    pub(super) fn entry_value(&mut self, entry: &Entry, found: &Range<usize>) -> Range<usize> {
        let values = self.found.of_slot(found, Entry::VALUE);
        match values.is_empty() {
            true => self.found.push(entry.value.kind.zero()),
            false => values,
        }
    }

    /// Last value in `slot`, which is the one that is used.
    pub(super) fn last(&self, found: &Range<usize>, slot: usize) -> Option<Raw> {
        let values = self.found.of_slot(found, slot);
        (!values.is_empty()).then(|| self.found.raw(values.end - 1))
    }

    /// Items in one value of a list, if they are packed.
    pub(super) fn packed(&self, field: &Field, raw: Raw) -> Option<Reader<'a>> {
        match raw {
            Raw::Bytes(span) if field.kind.is_packable() => Some(Reader::new(self.payload, span)),
            _ => None,
        }
    }

    /// Takes `bytes` from the record's budget.
    pub(super) fn charge(&mut self, bytes: u64) -> Result<(), RowError> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(unfolds_too_far)?;
        Ok(())
    }

    /// Checks the size of the text being written against the record's budget.
    pub(super) fn check_text(&self) -> Result<(), RowError> {
        match self.text.len() as u64 <= self.budget {
            true => Ok(()),
            false => Err(unfolds_too_far()),
        }
    }
}

fn unfolds_too_far() -> RowError {
    RowError::bad(format!(
        "the message expands to more than {MAX_RECORD_BYTES} bytes"
    ))
}

fn append_nulls(place: &Place, columns: &mut [ColumnBuilder]) {
    for (column, _) in &place.columns {
        columns[*column].append(&Scalar::Null);
    }
    if let Some(members) = &place.members {
        append_nulls_below(members, columns);
    }
    place
        .items
        .iter()
        .for_each(|(_, place)| append_nulls(place, columns));
    let entries = place.entries.iter();
    entries.for_each(|(_, entry)| append_nulls(&entry.place, columns));
}

fn append_nulls_below(node: &Node, columns: &mut [ColumnBuilder]) {
    node.fields
        .iter()
        .for_each(|(_, place)| append_nulls(place, columns));
}
