//! JSON text of a datum, for VARCHAR columns over complex values.
//!
//! | Avro | JSON |
//! |---|---|
//! | record, map, array | object, object, array |
//! | union | its value, without the branch's name |
//! | boolean, int, long, float, double, decimal | `true`, `false` or a number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | bytes, fixed | base64 |
//! | string, enum, uuid, duration, date, time, timestamp | the text that a VARCHAR column of its own would show |
//! | null | `null` |
//! | a value without text, or that cannot be resolved to the registered schema | `null`, a misfit of the column |

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::budget::Budget;
use super::cursor::{Cursor, ReadError};
use super::resolve::{NodeId, Record, Resolution, Way};
use super::skip::skip;
use super::value::Datum;
use crate::decode::scalar::Scalar;
use crate::decode::utf8;

/// Appends the text of the datum at `cursor` to `out`. Returns the values that are `null` because they have
/// no text.
pub(super) fn write<'a>(
    resolution: &'a Resolution,
    node: NodeId,
    cursor: &mut Cursor<'a>,
    out: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<Vec<&'static str>, ReadError> {
    let mut writer = Writer {
        resolution,
        out,
        budget,
        hidden: Vec::new(),
    };
    writer.node(node, cursor)?;
    Ok(writer.hidden)
}

struct Writer<'a, 'o> {
    resolution: &'a Resolution,
    out: &'o mut Vec<u8>,
    budget: &'o mut Budget,
    /// Values without text.
    hidden: Vec<&'static str>,
}

impl<'a> Writer<'a, '_> {
    fn node(&mut self, node: NodeId, cursor: &mut Cursor<'a>) -> Result<(), ReadError> {
        let node = &self.resolution[node];
        match &node.way {
            Way::Value(value) => match value.read(cursor)? {
                Datum::Scalar(scalar) => self.scalar(scalar),
                Datum::Text(text) => self.text(&text),
                Datum::Number(text) => self.raw(text.as_bytes()),
                Datum::Misfit(found) => self.hide(found),
            },
            Way::Union(branches) => {
                let branch = cursor.branch(branches.len())?;
                self.node(branches[branch], cursor)
            }
            Way::Branch { node, .. } => self.node(*node, cursor),
            Way::Never(found) => {
                skip(&self.resolution.types, node.writer, cursor)?;
                self.hide(found)
            }
            Way::Array(item) => {
                let mut first = true;
                self.raw(b"[")?;
                cursor.items(|cursor| {
                    self.separate(&mut first)?;
                    self.node(*item, cursor)
                })?;
                self.raw(b"]")
            }
            Way::Map(value) => {
                let mut first = true;
                self.raw(b"{")?;
                cursor.items(|cursor| {
                    self.key(&utf8::lossy(cursor.bytes()?), &mut first)?;
                    self.node(*value, cursor)
                })?;
                self.raw(b"}")
            }
            Way::Record(record) => self.record(record, cursor),
        }
    }

    /// Writes fields in the writer's order, then those that the writer lacks.
    fn record(&mut self, record: &'a Record, cursor: &mut Cursor<'a>) -> Result<(), ReadError> {
        let fields = self.resolution.fields_of(record);
        let mut first = true;
        self.raw(b"{")?;
        cursor.record(|cursor| {
            for (writer, target) in &record.fields {
                let Some((field, node)) = target else {
                    skip(&self.resolution.types, *writer, cursor)?;
                    continue;
                };
                self.key(&fields[*field].name, &mut first)?;
                self.node(*node, cursor)?;
            }
            for absent in &record.absent {
                self.key(&fields[absent.field].name, &mut first)?;
                match &absent.default {
                    Ok(default) => self.node(default.node, &mut Cursor::new(&default.datum))?,
                    Err(found) => self.hide(found)?,
                }
            }
            Ok(())
        })?;
        self.raw(b"}")
    }

    fn key(&mut self, name: &str, first: &mut bool) -> Result<(), ReadError> {
        self.separate(first)?;
        self.text(name)?;
        self.raw(b":")
    }

    fn separate(&mut self, first: &mut bool) -> Result<(), ReadError> {
        match std::mem::take(first) {
            true => Ok(()),
            false => self.raw(b","),
        }
    }

    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), ReadError> {
        let plain = match scalar {
            Scalar::Bytes(bytes) => return self.text(&STANDARD.encode(bytes)),
            Scalar::Bool(_) | Scalar::Int(_) | Scalar::Decimal { .. } => true,
            Scalar::Float(value) => value.is_finite(),
            Scalar::Double(value) => value.is_finite(),
            _ => false,
        };
        match scalar.to_varchar() {
            Some(text) if plain => self.raw(text.as_bytes()),
            Some(text) => self.text(&text),
            None => self.raw(b"null"),
        }
    }

    /// Writes a quoted text.
    fn text(&mut self, text: &str) -> Result<(), ReadError> {
        let start = self.out.len();
        self.budget.spend(text.len())?;
        serde_json::to_writer(&mut *self.out, text).map_err(|_| ReadError::TooLarge)?;
        self.budget.spend(self.out.len() - start - text.len())
    }

    fn hide(&mut self, found: &'static str) -> Result<(), ReadError> {
        self.hidden.push(found);
        self.raw(b"null")
    }

    fn raw(&mut self, json: &[u8]) -> Result<(), ReadError> {
        self.budget.spend(json.len())?;
        self.out.extend_from_slice(json);
        Ok(())
    }
}
