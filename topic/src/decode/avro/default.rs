//! Default values as data.
//!
//! A schema has a field's default as JSON. It is encoded as a datum of the field's type, and read like any
//! other.

use serde_json::{Map, Value};

use super::schema::{RecordField, Shape, TypeId, Types};

/// Maximum nesting of defaults, which contain the defaults of omitted fields, possibly of the same type
/// again.
const MAX_DEPTH: u8 = 64;

/// Maximum number of values in a default, including those tried for the branches of a union.
const MAX_VALUES: u32 = 100_000;

/// Encodes `json` as a datum of the type; `None` if it is not one.
pub(super) fn encode(types: &Types, id: TypeId, json: &Value) -> Option<Vec<u8>> {
    let mut encoder = Encoder {
        types,
        datum: Vec::new(),
        values: 0,
    };
    encoder.value(id, json, MAX_DEPTH)?;
    Some(encoder.datum)
}

struct Encoder<'a> {
    types: &'a Types,
    datum: Vec<u8>,
    values: u32,
}

impl Encoder<'_> {
    fn value(&mut self, id: TypeId, json: &Value, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.values += 1;
        if self.values > MAX_VALUES {
            return None;
        }
        match &self.types[id].shape {
            Shape::Null => json.as_null()?,
            Shape::Boolean => self.datum.push(json.as_bool()?.into()),
            Shape::Int => self.long(i32::try_from(json.as_i64()?).ok()?.into()),
            Shape::Long => self.long(json.as_i64()?),
            Shape::Float => self.datum.extend((float(json)? as f32).to_le_bytes()),
            Shape::Double => self.datum.extend(float(json)?.to_le_bytes()),
            Shape::Bytes => self.bytes(&latin_1(json.as_str()?)?),
            Shape::String => self.bytes(json.as_str()?.as_bytes()),
            Shape::Fixed(_, size) => {
                let bytes = latin_1(json.as_str()?)?;
                (bytes.len() == *size).then(|| self.datum.extend(bytes))?;
            }
            Shape::Enum(symbols) => {
                let symbol = json.as_str()?;
                self.count(symbols.symbols.iter().position(|known| known == symbol)?);
            }
            Shape::Array(item) => {
                let items = json.as_array()?;
                self.blocks(items, |encoder, value| encoder.value(*item, value, depth))?;
            }
            Shape::Map(item) => {
                let entries = json.as_object()?;
                self.blocks(entries, |encoder, (key, value)| {
                    encoder.bytes(key.as_bytes());
                    encoder.value(*item, value, depth)
                })?;
            }
            Shape::Union(branches) => self.union(branches, json, depth)?,
            Shape::Record(_, fields) => self.record(fields, json.as_object()?, depth)?,
        }
        Some(())
    }

    /// Encodes the first branch that accepts the value; older specifications allow only the very first
    /// branch.
    fn union(&mut self, branches: &[TypeId], json: &Value, depth: u8) -> Option<()> {
        let start = self.datum.len();
        branches.iter().enumerate().find_map(|(index, branch)| {
            self.datum.truncate(start);
            self.count(index);
            self.value(*branch, json, depth)
        })
    }

    fn record(&mut self, fields: &[RecordField], json: &Map<String, Value>, depth: u8) -> Option<()> {
        fields.iter().try_for_each(|field| {
            let value = json.get(&field.name).or(field.default.as_ref())?;
            self.value(field.type_id, value, depth)
        })
    }

    /// Writes all items in one block; an empty block is the end itself.
    fn blocks<I: IntoIterator<IntoIter: ExactSizeIterator>>(
        &mut self,
        items: I,
        mut write: impl FnMut(&mut Self, I::Item) -> Option<()>,
    ) -> Option<()> {
        let mut items = items.into_iter();
        if items.len() > 0 {
            self.count(items.len());
            items.try_for_each(|item| write(self, item))?;
        }
        self.count(0);
        Some(())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.datum.extend(bytes);
    }

    /// Writes a count; the number of values in memory fits an i64.
    fn count(&mut self, count: usize) {
        self.long(count as i64);
    }

    fn long(&mut self, value: i64) {
        let mut folded = ((value << 1) ^ (value >> 63)) as u64;
        while folded > 0x7f {
            self.datum.push(folded as u8 | 0x80);
            folded >>= 7;
        }
        self.datum.push(folded as u8);
    }
}

/// Reads a number, or text for values that JSON numbers cannot express.
fn float(json: &Value) -> Option<f64> {
    match json.as_str() {
        None => json.as_f64(),
        Some("NaN") => Some(f64::NAN),
        Some("Infinity" | "INF") => Some(f64::INFINITY),
        Some("-Infinity" | "-INF") => Some(f64::NEG_INFINITY),
        Some(_) => None,
    }
}

/// Converts each character to the byte of its code point.
fn latin_1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}
