//! Decoding of JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)): one document per record.
//!
//! The document is scanned once; only the mapped top-level values are kept (as slices of the record), every
//! other value is skipped. Only a kept value that a path leads into, or that a nested column takes apart, is
//! scanned again. Numbers and nested values keep their spelling. The scanner is our own, for speed; the error
//! of a document that it rejects comes from `serde_json`.
//!
//! | file | idea |
//! |---|---|
//! | `members` | the members of the top-level object, found by the gaps of earlier records |
//! | `wanted` | values of paths within them |
//! | `fill` | conversion of values to columns |
//! | `cursor` | traversal of valid JSON text |
//! | `scanner` | traversal of unchecked text |
//! | `search`, `escape` | strings |
//! | `refusal` | error of a record that is not a JSON object |
//!
//! | in the record | in the row |
//! |---|---|
//! | key missing, or `null` | NULL |
//! | string | the string, unescaped; an unpaired surrogate escape is U+FFFD |
//! | number in VARCHAR | its text as written (`1.10`, `1e10`) |
//! | `true`, `false` in VARCHAR | `true`, `false` |
//! | object or array in VARCHAR | its JSON text as written |
//! | object or array in any other scalar column | NULL, counted |
//! | BOOLEAN | true for `true` and `"true"` in any case, else false |
//! | integers, from number or string | digits with an optional sign; out of range, `1.0`, `1e3`, `" 7 "`, `""` are NULL, counted |
//! | REAL, DOUBLE, from number or string | as Java's `parseDouble` ([`to_float`](super::scalar::Scalar::to_float)), else NULL, counted |
//! | DECIMAL, from number or string | every digit as written; excess digits of the scale are rounded half away from zero, a value beyond the precision is NULL, counted |
//! | VARBINARY | the bytes of the string in base64, else NULL, counted |
//! | DATE, TIMESTAMP, from number or string | by the column's format, else NULL, counted |
//! | key given twice | the last one |
//! | key with escapes | compared unescaped |
//! | nesting of any depth | skipped without recursion |
//! | bytes that are not UTF-8 | replaced by U+FFFD; the row is kept |
//! | text after the document | ignored |
//! | a Glue or Confluent header before the document | dropped; no schema is needed to read JSON |
//! | a schema's id in a record header | ignored, for the same reason |
//! | empty value, byte order mark, comments, any other syntax error | bad record |
//! | top level not an object | bad record |
//!
//! A mapping is first used literally: `a.b` is the key `a.b` if the record has it at the top. Else it is a
//! [path](crate::path); one without a match is NULL, and a mapping that is not a path is only a key.
//!
//! Nested columns, at any depth:
//!
//! | in the record | in the column |
//! |---|---|
//! | array in ARRAY | its items by the same rules; one that does not fit is NULL, counted, and stays an item |
//! | object in ROW | its members by name, in the field's case or else in any; a field without a member is NULL, a member without a field ignored |
//! | object in MAP | its members; a key that does not fit the key's type is dropped with its value, counted |
//! | member given twice | the last one; in a ROW the last in the field's own case, if there is one; in a MAP keys are equal if their values are: `1` and `+1` are one integer |
//! | string | the array or object that it contains as JSON, for producers that write `"[{\"id\": 1}]"`; `"null"` is NULL; other text is NULL, counted |
//! | anything else | NULL, counted |

use std::borrow::Cow;
use std::ops::Range;

use crate::decode::column::ColumnBuilder;
use crate::decode::error::{RowError, TableError};
use crate::decode::json::cursor::Cursor;
use crate::decode::json::fill::Filler;
use crate::decode::json::members::Members;
use crate::decode::json::refusal::refusal;
use crate::decode::json::wanted::{Found, Wanted};
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::wanted::Column;
use crate::decode::writer_schemas::WriterSchemaId;
use crate::decode::{framing, utf8};
use crate::path::{Path, Step};

mod cursor;
mod escape;
pub(crate) mod fill;
mod members;
mod refusal;
mod scanner;
mod search;
mod wanted;

/// Decoder of JSON objects.
pub(crate) struct JsonDecoder {
    wanted: Wanted,
    /// Places of each column's value.
    places: Vec<Places>,
    members: Members,
    found: Found,
    filler: Filler,
    unescaped: String,
}

/// Places at which a column's value may be.
struct Places {
    literal: usize,
    /// Used if the record does not have the literal key.
    path: Option<usize>,
}

impl JsonDecoder {
    pub(crate) fn new(columns: &[Column]) -> Result<Self, TableError> {
        let mappings = columns.iter().map(|column| Mapping::new(&column.mapping));
        let mappings: Vec<_> = mappings.collect();
        let wanted = Wanted::new(mappings.iter().flat_map(Mapping::paths));
        let places = mappings.iter().map(|mapping| mapping.places(&wanted));
        Ok(Self {
            places: places.collect(),
            found: vec![None; wanted.places()],
            wanted,
            members: Members::default(),
            filler: Filler::default(),
            unescaped: String::new(),
        })
    }

    /// Finds the mapped values of `json`.
    fn locate(&mut self, json: &str) -> Result<(), RowError> {
        self.found.fill(None);
        let located = self.members.locate(json, &self.wanted, &mut self.found);
        located.ok_or_else(|| refusal(json))?;
        for branch in self.wanted.branches() {
            if let Some(range) = &self.found[branch.place()] {
                let mut cursor = Cursor::at(json, range.start);
                branch.locate(&mut cursor, &mut self.found, &mut self.unescaped);
            }
        }
        Ok(())
    }
}

impl PayloadDecoder for JsonDecoder {
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
        let body = unframe(payload)?;
        let json = utf8::lossy(&body);
        self.locate(&json)?;
        for (column, places) in columns.iter_mut().zip(&self.places) {
            let (values, misfits) = column.parts();
            match places.find(&self.found) {
                Some(range) => self.filler.append(&json[range], values, misfits),
                None => values.append_null(),
            }
        }
        Ok(())
    }

    fn schema_id(&mut self, payload: &[u8]) -> Option<WriterSchemaId> {
        framing::named(payload)
    }
}

impl Places {
    fn find(&self, found: &Found) -> Option<Range<usize>> {
        let path = || found[self.path?].clone();
        found[self.literal].clone().or_else(path)
    }
}

/// Mapping of a column, as key and as path.
struct Mapping {
    literal: [Step; 1],
    path: Option<Path>,
}

impl Mapping {
    fn new(mapping: &str) -> Self {
        Self {
            literal: [Step::Key(mapping.to_owned())],
            path: Path::parse(mapping).ok(),
        }
    }

    fn paths(&self) -> impl Iterator<Item = &[Step]> {
        let path = self.path.iter().map(|path| path.steps.as_slice());
        path.chain([self.literal.as_slice()])
    }

    fn places(&self, wanted: &Wanted) -> Places {
        let place = |steps: &[Step]| wanted.place_of(steps);
        Places {
            literal: place(&self.literal).unwrap_or_default(),
            path: self.path.as_ref().and_then(|path| place(&path.steps)),
        }
    }
}

/// Document without a registry's header, with whose first byte no JSON begins.
fn unframe(payload: &[u8]) -> Result<Cow<'_, [u8]>, RowError> {
    if !framing::may_be_framed(payload) {
        return Ok(Cow::Borrowed(payload));
    }
    Ok(match framing::read(payload)? {
        Some((_, body)) => body,
        None => Cow::Borrowed(payload),
    })
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
