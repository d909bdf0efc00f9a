//! Columns of a message.
//!
//! | field | column |
//! |---|---|
//! | `int32`, `sint32`, `sfixed32` | INTEGER |
//! | `int64`, `sint64`, `sfixed64`, `uint32`, `fixed32` | BIGINT |
//! | `uint64`, `fixed64` | DECIMAL(20,0) |
//! | `bool`, `float`, `double`, `string`, `bytes` | BOOLEAN, REAL, DOUBLE, VARCHAR, VARBINARY |
//! | enum | VARCHAR |
//! | message, group | ROW |
//! | `repeated` | ARRAY |
//! | `map` | MAP |
//! | member of a oneof | a column of its own |
//! | `Timestamp` | TIMESTAMP |
//! | `Duration`, `FieldMask` | VARCHAR: its text |
//! | wrappers | the type they wrap |
//! | `Struct`, `Value`, `ListValue`, `Any` | VARCHAR: JSON |
//! | message without fields | VARCHAR: JSON, since a ROW has at least one field |
//! | nested message with fields that differ only by case | VARCHAR: JSON, since Athena could not distinguish them |
//! | message within itself, or at a depth of [`MAX_DEPTH`] | VARCHAR: JSON |
//!
//! A field whose type is in an import that was not found has none, and is no part of a ROW either.
//!
//! A message of more than [`MAX_FIELDS`] fields, those of its rows included, is rejected.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Fields};

use crate::decode::protobuf::kind::Kind;
use crate::decode::protobuf::schema::{Field, Schema, Shape};
use crate::decode::protobuf::well_known::WellKnown;
use crate::definition::{ReferencedSchema, SchemaTextError};
use crate::names::{Names, are_distinct};
use crate::table::{FORMAT_HINT_KEY, MAPPING_KEY, TYPE_KEY};

const MAX_DEPTH: usize = 32;
/// Maximum number of fields: a chain of messages that each contain two of the next doubles with every link.
const MAX_FIELDS: usize = 5000;

/// Columns of a table over this schema, with their metadata.
pub(crate) fn fields(
    definition: &str,
    references: &[ReferencedSchema],
    message: Option<&str>,
) -> Result<Vec<ArrowField>, SchemaTextError> {
    let schema = Schema::compile(definition, references)?;
    let index = schema.choose(message)?;
    let fields = Columns::new(&schema, index).columns()?;
    let mut names = Names::default();
    for field in &fields {
        if let Err(clash) = names.insert(field.name()) {
            let message = &schema.message(index).full_name;
            return Err(error(format!("message `{message}`: {}", clash.of("fields"))));
        }
    }
    Ok(fields)
}

struct Columns<'a> {
    schema: &'a Schema,
    /// Messages that contain the current field, outermost first.
    within: Vec<usize>,
    /// Number of fields that may follow.
    left: usize,
}

impl<'a> Columns<'a> {
    fn new(schema: &'a Schema, message: usize) -> Self {
        Self {
            schema,
            within: vec![message],
            left: MAX_FIELDS,
        }
    }

    fn columns(&mut self) -> Result<Vec<ArrowField>, SchemaTextError> {
        let message = self.schema.message(self.within[0]);
        if message.fields.is_empty() {
            let why = self.schema.reason(message, |_| true);
            let why = why.map(|reason| format!(" that can be read: {reason}"));
            return Err(error(format!(
                "message `{}` has no fields{}",
                message.full_name,
                why.unwrap_or_default()
            )));
        }
        message.fields.iter().map(|field| self.column(field)).collect()
    }

    fn column(&mut self, field: &Field) -> Result<ArrowField, SchemaTextError> {
        let metadata = [
            (MAPPING_KEY, field.name.clone()),
            (FORMAT_HINT_KEY, String::new()),
            (TYPE_KEY, self.schema.spell(field)),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
        Ok(self.field(field)?.with_metadata(HashMap::from(metadata)))
    }

    fn field(&mut self, field: &Field) -> Result<ArrowField, SchemaTextError> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| {
            let message = &self.schema.message(self.within[0]).full_name;
            error(format!(
                "message `{message}` has more than {MAX_FIELDS} fields, those of its rows included"
            ))
        })?;
        Ok(ArrowField::new(&field.name, self.field_type(field)?, true))
    }

    fn field_type(&mut self, field: &Field) -> Result<DataType, SchemaTextError> {
        Ok(match (field.shape, self.schema.entry(field)) {
            (Shape::Map, Some((key, value))) => {
                let key = ArrowField::new("key", self.item_type(&key.kind)?, false);
                let value = ArrowField::new("value", self.item_type(&value.kind)?, true);
                let entries = DataType::Struct(Fields::from(vec![key, value]));
                DataType::Map(Arc::new(ArrowField::new("entries", entries, false)), false)
            }
            (Shape::Repeated, _) => DataType::List(Arc::new(ArrowField::new(
                "item",
                self.item_type(&field.kind)?,
                true,
            ))),
            _ => self.item_type(&field.kind)?,
        })
    }

    fn item_type(&mut self, kind: &Kind) -> Result<DataType, SchemaTextError> {
        Ok(match kind {
            Kind::Bool => DataType::Boolean,
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => DataType::Int32,
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint32 | Kind::Fixed32 => DataType::Int64,
            Kind::Uint64 | Kind::Fixed64 => DataType::Decimal128(20, 0),
            Kind::Float => DataType::Float32,
            Kind::Double => DataType::Float64,
            Kind::String | Kind::Enum(_) => DataType::Utf8,
            Kind::Bytes => DataType::Binary,
            Kind::Message(index) | Kind::Group(index) => return self.message_type(*index),
        })
    }

    fn message_type(&mut self, index: usize) -> Result<DataType, SchemaTextError> {
        let message = self.schema.message(index);
        match &message.well_known {
            Some(WellKnown::Timestamp) => return Ok(DataType::Date64),
            Some(WellKnown::Wrapper(kind)) => return self.item_type(kind),
            Some(_) => return Ok(DataType::Utf8),
            None => {}
        }
        let names = message.fields.iter().map(|field| field.name.as_str());
        let is_row = !message.fields.is_empty() && are_distinct(names);
        if !is_row || self.within.contains(&index) || self.within.len() >= MAX_DEPTH {
            return Ok(DataType::Utf8);
        }
        self.within.push(index);
        let fields: Fields = message
            .fields
            .iter()
            .map(|field| self.field(field))
            .collect::<Result<_, _>>()?;
        self.within.pop();
        Ok(DataType::Struct(fields))
    }
}

fn error(reason: String) -> SchemaTextError {
    SchemaTextError { reason }
}

#[cfg(test)]
mod tests;
