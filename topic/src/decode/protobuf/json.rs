//! Messages as JSON, in Protobuf's canonical mapping
//! ([ProtoJSON](https://protobuf.dev/programming-guides/json/)).
//!
//! | value | JSON |
//! |---|---|
//! | field name | `lowerCamelCase`, or its `json_name` |
//! | field that is absent, or has no presence and holds its default | omitted |
//! | 64-bit integer, key of a map | text |
//! | `NaN`, infinity | text |
//! | bytes | text in base64 |
//! | enum | its name; for an unknown number the number |
//! | wrapper, `Struct`, `Value`, `ListValue` | its value |
//! | `Timestamp`, `Duration`, `FieldMask` | text; `null` if out of range |
//! | `Any` | its message and `@type`; of an unknown type, `@type` and the bytes as `value` |
//!
//! Messages nested more than [`MAX_DEPTH`] deep are rejected.
//!
//! `prost-reflect` implements this mapping, too, with its feature `serde`. Its differences (as of 0.16) are
//! not acceptable for a table:
//!
//! | message | `prost-reflect` |
//! |---|---|
//! | `Any` of an unknown type, or empty | an error |
//! | `Any` within `Any` | decoded by recursion without limit: half a megabyte ends the process |
//! | map | in an order that differs from run to run, so that equal rows have different text |
//! | text that is not UTF-8, field of another wire type than declared | an error, where other columns show the rest |
//! | `Timestamp` out of range, `NaN` in a `Value` | an error |
//! | `NaN` in a wrapper | `null` |
//! | list of small values | 56 bytes of memory for each byte of payload, before a limit can be applied |

use std::fmt::{Debug, Display, Write};
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::decode::error::RowError;
use crate::decode::protobuf::fill::Filler;
use crate::decode::protobuf::kind::Kind;
use crate::decode::protobuf::plan::Entry;
use crate::decode::protobuf::scalars::scalar;
use crate::decode::protobuf::schema::{Field, Shape};
use crate::decode::protobuf::well_known::{TWO_LEN, WellKnown};
use crate::decode::protobuf::wire::Raw;
use crate::decode::scalar::Scalar;
use crate::decode::utf8;

const MAX_DEPTH: usize = 100;

impl<'a> Filler<'a> {
    /// Writes all values of a field: an array or an object if it is a list or map.
    pub(super) fn json_value(
        &mut self,
        field: &Field,
        values: Range<usize>,
        depth: usize,
    ) -> Result<(), RowError> {
        match field.shape {
            Shape::Singular => self.json_item(&field.kind, values, depth),
            Shape::Repeated => self.json_list(field, values, depth),
            Shape::Map => self.json_map(field, values, depth),
        }
    }

    /// Writes one item; `values` are the parts of a message, or end with the scalar that is used.
    pub(super) fn json_item(
        &mut self,
        kind: &Kind,
        values: Range<usize>,
        depth: usize,
    ) -> Result<(), RowError> {
        match kind.message() {
            Some(message) => self.json_message(message, values, depth),
            None => {
                let raw = self.found.raw(values.end - 1);
                self.json_scalar(kind, raw)
            }
        }
    }

    fn json_message(&mut self, index: usize, parts: Range<usize>, depth: usize) -> Result<(), RowError> {
        check_depth(depth)?;
        let schema = self.schema;
        match &schema.message(index).well_known {
            Some(well_known) => self.json_well_known(well_known, parts, depth),
            None => {
                self.text.push('{');
                self.json_fields(index, parts, depth)?;
                self.text.push('}');
                Ok(())
            }
        }
    }

    fn json_fields(&mut self, index: usize, parts: Range<usize>, depth: usize) -> Result<(), RowError> {
        let message = self.schema.message(index);
        let found = self.found.collect(self.payload, parts, &message.lookup)?;
        let mut left = found.clone();
        while !left.is_empty() {
            let slot = self.found.slot(left.start);
            let values = self.found.take_slot(&mut left, slot);
            let field = &message.fields[slot];
            if self.is_shown(field, values.clone()) {
                self.separate('{');
                self.push_json_text(&field.json_name);
                self.text.push(':');
                self.check_text()?;
                self.json_value(field, values, depth + 1)?;
            }
        }
        self.found.truncate(found.start);
        Ok(())
    }

    /// Whether a field is written in JSON.
    fn is_shown(&self, field: &Field, values: Range<usize>) -> bool {
        match field.shape {
            Shape::Map => true,
            // An empty packed list has no items.
            Shape::Repeated => values.into_iter().any(|at| {
                let raw = self.found.raw(at);
                self.packed(field, raw).is_none_or(|packed| !packed.is_at_end())
            }),
            Shape::Singular => field.has_presence || !self.found.raw(values.end - 1).is_zero(),
        }
    }

    fn json_list(&mut self, field: &Field, values: Range<usize>, depth: usize) -> Result<(), RowError> {
        self.text.push('[');
        for at in values {
            let raw = self.found.raw(at);
            if let Some(mut packed) = self.packed(field, raw) {
                while !packed.is_at_end() {
                    let raw = packed.value(0, field.kind.wire_type())?;
                    self.separate('[');
                    self.json_scalar(&field.kind, raw)?;
                }
            } else {
                self.separate('[');
                self.json_item(&field.kind, at..at + 1, depth)?;
            }
        }
        self.text.push(']');
        Ok(())
    }

    fn json_map(&mut self, field: &Field, entries: Range<usize>, depth: usize) -> Result<(), RowError> {
        self.text.push('{');
        if let Some(entry) = Entry::new(self.schema, field) {
            for at in self.last_of_each_key(&entry.lookup, &entry.key.kind, entries)? {
                let found = self.found.collect(self.payload, at..at + 1, &entry.lookup)?;
                self.separate('{');
                let key = scalar(&entry.key.kind, self.key(&entry, &found), self.payload);
                self.push_json_text(&key.to_varchar().unwrap_or_default());
                self.text.push(':');
                let value = self.entry_value(&entry, &found);
                self.json_item(&entry.value.kind, value, depth)?;
                self.found.truncate(found.start);
            }
        }
        self.text.push('}');
        Ok(())
    }

    fn json_scalar(&mut self, kind: &Kind, raw: Raw) -> Result<(), RowError> {
        match (kind, scalar(kind, raw, self.payload)) {
            (Kind::Enum(names), Scalar::Int(_)) if names.is_null() => self.text.push_str("null"),
            (Kind::Enum(names), Scalar::Int(number)) => match names.name(number as i32) {
                Some(name) => self.push_json_text(name),
                None => self.push_display(number),
            },
            (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, Scalar::Int(value)) => self.push_quoted(value),
            (_, Scalar::UInt(value)) => self.push_quoted(value),
            (_, Scalar::Int(value)) => self.push_display(value),
            (_, Scalar::Bool(value)) => self.push_display(value),
            (_, Scalar::Float(value)) => self.push_float(value, f64::from(value)),
            (_, Scalar::Double(value)) => self.push_float(value, value),
            (_, Scalar::Text(text)) => self.push_json_text(text),
            (Kind::String, Scalar::Bytes(bytes)) => self.push_json_text(&utf8::lossy(bytes)),
            (_, Scalar::Bytes(bytes)) => self.push_base64(bytes),
            _ => self.text.push_str("null"),
        }
        self.check_text()
    }

    fn json_well_known(
        &mut self,
        well_known: &WellKnown,
        parts: Range<usize>,
        depth: usize,
    ) -> Result<(), RowError> {
        match well_known {
            WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask => {
                self.json_text_of(well_known, parts)
            }
            WellKnown::Wrapper(kind) => {
                let raw = self.wrapped(kind, parts)?;
                self.json_scalar(kind, raw)
            }
            WellKnown::Struct => self.json_struct(parts, depth),
            WellKnown::Value => self.json_any_value(parts, depth),
            WellKnown::ListValue => {
                let found = self.found.collect(self.payload, parts, well_known.lookup())?;
                self.text.push('[');
                for at in found.clone() {
                    self.separate('[');
                    self.json_any_value(at..at + 1, depth + 1)?;
                }
                self.text.push(']');
                self.found.truncate(found.start);
                Ok(())
            }
            WellKnown::Any => self.json_any(parts, depth),
        }
    }

    fn json_text_of(&mut self, well_known: &WellKnown, parts: Range<usize>) -> Result<(), RowError> {
        let start = self.text.len();
        match self.push_text(well_known, parts)? {
            true => {
                let text = self.text.split_off(start);
                self.push_json_text(&text);
            }
            false => self.text.push_str("null"),
        }
        self.check_text()
    }

    fn json_struct(&mut self, parts: Range<usize>, depth: usize) -> Result<(), RowError> {
        let found = self
            .found
            .collect(self.payload, parts, WellKnown::Struct.lookup())?;
        self.text.push('{');
        for at in self.last_of_each_key(&TWO_LEN, &Kind::String, found.clone())? {
            let entry = self.found.collect(self.payload, at..at + 1, &TWO_LEN)?;
            self.separate('{');
            self.push_json_text(&utf8::lossy(self.bytes(self.last(&entry, Entry::KEY))));
            self.text.push(':');
            let value = self.found.of_slot(&entry, Entry::VALUE);
            self.json_any_value(value, depth + 1)?;
            self.found.truncate(entry.start);
        }
        self.text.push('}');
        self.found.truncate(found.start);
        Ok(())
    }

    /// Writes a `Value`.
    fn json_any_value(&mut self, parts: Range<usize>, depth: usize) -> Result<(), RowError> {
        check_depth(depth)?;
        let found = self
            .found
            .collect(self.payload, parts, WellKnown::Value.lookup())?;
        let member = (!found.is_empty()).then(|| self.found.slot(found.start));
        match member {
            Some(1) => self.json_item(&Kind::Double, found.clone(), depth)?,
            Some(2) => self.json_item(&Kind::String, found.clone(), depth)?,
            Some(3) => self.json_item(&Kind::Bool, found.clone(), depth)?,
            Some(4) => self.json_struct(found.clone(), depth)?,
            Some(5) => self.json_well_known(&WellKnown::ListValue, found.clone(), depth)?,
            _ => self.text.push_str("null"),
        }
        self.found.truncate(found.start);
        Ok(())
    }

    fn json_any(&mut self, parts: Range<usize>, depth: usize) -> Result<(), RowError> {
        let found = self.found.collect(self.payload, parts, WellKnown::Any.lookup())?;
        let type_url = utf8::lossy(self.bytes(self.last(&found, 0)));
        self.text.push('{');
        if !found.is_empty() {
            self.text.push_str("\"@type\":");
            self.push_json_text(&type_url);
            let name = type_url.rsplit('/').next().unwrap_or_default();
            let content = self.last(&found, 1).unwrap_or(Raw::EMPTY);
            self.json_any_content(name, content, depth)?;
        }
        self.text.push('}');
        self.found.truncate(found.start);
        Ok(())
    }

    fn json_any_content(&mut self, name: &str, content: Raw, depth: usize) -> Result<(), RowError> {
        let schema = self.schema;
        match schema.find(name) {
            Some(index) => {
                let parts = self.found.push(content);
                if schema.message(index).well_known.is_some() {
                    self.text.push_str(",\"value\":");
                    return self.json_message(index, parts, depth + 1);
                }
                check_depth(depth + 1)?;
                self.json_fields(index, parts, depth + 1)
            }
            None => {
                self.text.push_str(",\"value\":");
                self.json_scalar(&Kind::Bytes, content)
            }
        }
    }

    /// Writes a comma, unless it would follow the opening bracket.
    fn separate(&mut self, opened: char) {
        if !self.text.ends_with(opened) {
            self.text.push(',');
        }
    }

    fn push_json_text(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                c if c < ' ' => self.push_display(format_args!("\\u{:04x}", u32::from(c))),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    fn push_base64(&mut self, bytes: &[u8]) {
        self.text.push('"');
        STANDARD.encode_string(bytes, self.text);
        self.text.push('"');
    }

    /// Writes a number; `shortest` prints no digit that its type does not need.
    fn push_float(&mut self, shortest: impl Debug, value: f64) {
        if value.is_finite() {
            self.push_display(format_args!("{shortest:?}"));
        } else if value.is_nan() {
            self.text.push_str("\"NaN\"");
        } else {
            self.text.push_str(if value > 0.0 {
                "\"Infinity\""
            } else {
                "\"-Infinity\""
            });
        }
    }

    fn push_quoted(&mut self, value: impl Display) {
        self.push_display(format_args!("\"{value}\""));
    }

    fn push_display(&mut self, value: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "{value}");
    }

    fn bytes(&self, raw: Option<Raw>) -> &'a [u8] {
        match raw {
            Some(Raw::Bytes(span)) => span.of(self.payload),
            _ => &[],
        }
    }
}

fn check_depth(depth: usize) -> Result<(), RowError> {
    match depth <= MAX_DEPTH {
        true => Ok(()),
        false => Err(RowError::bad(format!(
            "messages nested more than {MAX_DEPTH} deep"
        ))),
    }
}
