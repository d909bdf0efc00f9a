//! Appending of values to columns, by their [`Form`].

use std::ops::Range;

use prost_reflect::Value;

use crate::decode::column::{Lists, Maps, Misfits, Rows, ValueBuilder};
use crate::decode::error::RowError;
use crate::decode::protobuf::fill::Filler;
use crate::decode::protobuf::kind::Kind;
use crate::decode::protobuf::plan::{Form, MapForm, Row};
use crate::decode::protobuf::scalars::{default_scalar, scalar};
use crate::decode::protobuf::schema::Field;
use crate::decode::protobuf::well_known::{Time, WellKnown, push_camel_case, wrapper_lookup};
use crate::decode::protobuf::wire::Raw;
use crate::decode::scalar::Scalar;
use crate::decode::utf8;

impl Filler<'_> {
    /// Appends one value: `values` in the `form`, which is for all of the field or for one item.
    pub(super) fn append(
        &mut self,
        form: &Form,
        field: &Field,
        values: Range<usize>,
        builder: &mut ValueBuilder,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        match (form, &mut *builder) {
            (Form::List(item, bytes), ValueBuilder::List(lists)) => {
                self.list(item, *bytes, field, values, lists, misfits)?;
            }
            (Form::Map(map), ValueBuilder::Map(maps)) => self.map(map, values, maps, misfits)?,
            (Form::WholeJson, _) => {
                self.text.clear();
                self.json_value(field, values, 0)?;
                self.charge(self.text.len() as u64)?;
                builder.append(&Scalar::Nested(self.text), misfits);
            }
            _ if values.is_empty() => return self.append_default(form, field, builder, misfits),
            _ => return self.append_item(form, &field.kind, values, builder, misfits),
        }
        Ok(())
    }

    fn append_default(
        &mut self,
        form: &Form,
        field: &Field,
        builder: &mut ValueBuilder,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        let scalar = match &field.default {
            _ if matches!(form, Form::Misfit(_)) => Scalar::Null,
            Some(Value::EnumNumber(number)) => return self.append_enum(form, *number, builder, misfits),
            Some(value) => default_scalar(value),
            None => Scalar::Null,
        };
        builder.append(&scalar, misfits);
        Ok(())
    }

    /// Appends one item; `values` are the parts of a message, or end with the scalar that is used.
    fn append_item(
        &mut self,
        form: &Form,
        kind: &Kind,
        values: Range<usize>,
        builder: &mut ValueBuilder,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        match form {
            Form::Row(row) => {
                if let ValueBuilder::Struct(rows) = builder {
                    self.row(row, values, rows, misfits)?;
                }
            }
            Form::Instant => match self.time(values)?.millis() {
                Some(millis) => builder.append(&Scalar::Timestamp(millis), misfits),
                None => builder.append_misfit("a timestamp out of range", misfits),
            },
            Form::Text(well_known) => {
                self.text.clear();
                match self.push_text(well_known, values)? {
                    true => builder.append(&Scalar::Text(self.text), misfits),
                    false => builder.append_misfit("a time out of range", misfits),
                }
            }
            Form::Wrapper(kind) => {
                let raw = self.wrapped(kind, values)?;
                builder.append(&scalar(kind, raw, self.payload), misfits);
            }
            Form::Json => {
                self.text.clear();
                self.json_item(kind, values, 0)?;
                self.charge(self.text.len() as u64)?;
                builder.append(&Scalar::Nested(self.text), misfits);
            }
            Form::Misfit(found) => builder.append_misfit(found, misfits),
            Form::Scalar | Form::EnumName(_) | Form::EnumNumber => {
                let raw = self.found.raw(values.end - 1);
                self.append_scalar(form, kind, raw, builder, misfits)?;
            }
            // These are for lists and maps, which `append` has handled.
            Form::List(..) | Form::Map(_) | Form::WholeJson => builder.append_null(),
        }
        Ok(())
    }

    fn append_scalar(
        &mut self,
        form: &Form,
        kind: &Kind,
        raw: Raw,
        builder: &mut ValueBuilder,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        match (kind, raw) {
            (Kind::Enum(_), Raw::Varint(number)) => {
                self.append_enum(form, number as i32, builder, misfits)?;
            }
            _ => builder.append(&scalar(kind, raw, self.payload), misfits),
        }
        Ok(())
    }

    fn append_enum(
        &mut self,
        form: &Form,
        number: i32,
        builder: &mut ValueBuilder,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        match form {
            Form::EnumName(names) => match names.name(number) {
                Some(name) => {
                    self.charge(name.len() as u64)?;
                    builder.append(&Scalar::Text(name), misfits);
                }
                None => builder.append(&Scalar::Int(number.into()), misfits),
            },
            _ => builder.append(&Scalar::Int(number.into()), misfits),
        }
        Ok(())
    }

    fn row(
        &mut self,
        row: &Row,
        parts: Range<usize>,
        rows: &mut Rows,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        let found = self.found.collect(self.payload, parts, &row.lookup)?;
        let mut left = found.clone();
        for (slot, wanted) in row.fields.iter().enumerate() {
            let values = self.found.take_slot(&mut left, slot);
            for (index, form) in &wanted.targets {
                self.append(form, &wanted.field, values.clone(), rows.field(*index), misfits)?;
            }
        }
        rows.end(true);
        self.found.truncate(found.start);
        Ok(())
    }

    fn list(
        &mut self,
        form: &Form,
        bytes: u64,
        field: &Field,
        values: Range<usize>,
        lists: &mut Lists,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        for at in values {
            let raw = self.found.raw(at);
            if let Some(mut packed) = self.packed(field, raw) {
                while !packed.is_at_end() {
                    let raw = packed.value(0, field.kind.wire_type())?;
                    self.charge(bytes)?;
                    self.append_scalar(form, &field.kind, raw, lists.item(), misfits)?;
                }
            } else {
                self.charge(bytes)?;
                self.append_item(form, &field.kind, at..at + 1, lists.item(), misfits)?;
            }
        }
        lists.end(true);
        Ok(())
    }

    fn map(
        &mut self,
        form: &MapForm,
        entries: Range<usize>,
        maps: &mut Maps,
        misfits: &mut Misfits,
    ) -> Result<(), RowError> {
        for at in self.last_of_each_key(&form.entry.lookup, &form.entry.key.kind, entries)? {
            self.charge(form.bytes)?;
            let found = self.found.collect(self.payload, at..at + 1, &form.entry.lookup)?;
            let entry = maps.entries();
            let (keys, values) = maps.entry();
            let misfits_before = misfits.count();
            let key = self.key(&form.entry, &found);
            self.append_scalar(&form.key, &form.entry.key.kind, key, keys, misfits)?;
            if misfits.count() > misfits_before {
                maps.truncate_entries(entry);
            } else {
                let value = self.entry_value(&form.entry, &found);
                self.append_item(&form.value, &form.entry.value.kind, value, values, misfits)?;
            }
            self.found.truncate(found.start);
        }
        maps.end(true);
        Ok(())
    }

    /// Value in a wrapper.
    pub(super) fn wrapped(&mut self, kind: &Kind, parts: Range<usize>) -> Result<Raw, RowError> {
        let found = self.found.collect(self.payload, parts, wrapper_lookup(kind))?;
        let raw = match found.is_empty() {
            true => kind.zero(),
            false => self.found.raw(found.end - 1),
        };
        self.found.truncate(found.start);
        Ok(raw)
    }

    fn time(&mut self, parts: Range<usize>) -> Result<Time, RowError> {
        let found = self
            .found
            .collect(self.payload, parts, WellKnown::Timestamp.lookup())?;
        let [seconds, nanos] = [0, 1].map(|slot| self.last(&found, slot));
        self.found.truncate(found.start);
        Ok(Time::new(seconds, nanos))
    }

    /// Writes the text of a well-known message; false if it has none.
    pub(super) fn push_text(
        &mut self,
        well_known: &WellKnown,
        parts: Range<usize>,
    ) -> Result<bool, RowError> {
        let text = match well_known {
            WellKnown::Timestamp => self.time(parts)?.instant_text(),
            WellKnown::Duration => self.time(parts)?.duration_text(),
            _ => {
                self.push_field_mask(parts)?;
                return Ok(true);
            }
        };
        self.text.push_str(text.as_deref().unwrap_or_default());
        Ok(text.is_some())
    }

    fn push_field_mask(&mut self, parts: Range<usize>) -> Result<(), RowError> {
        let found = self
            .found
            .collect(self.payload, parts, WellKnown::FieldMask.lookup())?;
        for at in found.clone() {
            if at > found.start {
                self.text.push(',');
            }
            if let Raw::Bytes(path) = self.found.raw(at) {
                push_camel_case(&utf8::lossy(path.of(self.payload)), self.text);
            }
        }
        self.found.truncate(found.start);
        Ok(())
    }
}
