//! Columns of a registered schema.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Fields};

use super::schema::{Logical, Schema, Shape, TypeId, Types};
use crate::definition::{ReferencedSchema, SchemaTextError};
use crate::names::are_distinct;
use crate::table::{COMMENT_KEY, FORMAT_HINT_KEY, MAPPING_KEY, TYPE_KEY};

/// Name of the only column of a schema that is not a record.
pub(super) const WHOLE: &str = "value";

/// Maximum number of fields: a few types that contain each other twice would make columns without end.
const MAX_FIELDS: usize = 10_000;

/// Columns of a table over this schema, with their metadata.
pub(crate) fn fields(
    definition: &str,
    references: &[ReferencedSchema],
) -> Result<Vec<Field>, SchemaTextError> {
    let Schema { types, top } = Schema::parse(definition, references)?;
    let record = types.without_null(top);
    let mut deriver = Deriver {
        types: &types,
        path: Vec::new(),
        within: Vec::new(),
        derived: 0,
    };
    match &types[record].shape {
        Shape::Record(name, fields) if fields.is_empty() => Err(SchemaTextError {
            reason: format!("record {} has no fields; a table needs a column", name.full),
        }),
        Shape::Record(_, fields) => {
            deriver.within.push(record);
            let columns = fields
                .iter()
                .map(|field| deriver.column(&field.name, field.type_id, field.doc.as_deref()));
            columns.collect()
        }
        _ => Ok(vec![deriver.column(WHOLE, top, None)?]),
    }
}

/// Whether fields of these names can be a row.
fn make_row<'a>(names: impl Iterator<Item = &'a str> + Clone) -> bool {
    names.clone().next().is_some() && are_distinct(names)
}

struct Deriver<'a> {
    types: &'a Types,
    /// Fields on the path to the current type.
    path: Vec<String>,
    /// Types on the path to the current type.
    within: Vec<TypeId>,
    /// Number of fields so far.
    derived: usize,
}

impl Deriver<'_> {
    fn column(&mut self, name: &str, id: TypeId, doc: Option<&str>) -> Result<Field, SchemaTextError> {
        let mut metadata = HashMap::from([
            (MAPPING_KEY.to_owned(), name.to_owned()),
            (FORMAT_HINT_KEY.to_owned(), String::new()),
            (TYPE_KEY.to_owned(), self.type_name(id).to_owned()),
        ]);
        if let Some(doc) = doc.filter(|doc| !doc.trim().is_empty()) {
            metadata.insert(COMMENT_KEY.to_owned(), doc.to_owned());
        }
        Ok(self.field(name, id)?.with_metadata(metadata))
    }

    fn field(&mut self, name: &str, id: TypeId) -> Result<Field, SchemaTextError> {
        self.derived += 1;
        self.path.push(name.to_owned());
        if self.derived > MAX_FIELDS {
            return Err(self.error(format!("the schema expands to more than {MAX_FIELDS} fields")));
        }
        let data_type = self.data_type(id)?;
        self.path.pop();
        Ok(Field::new(name, data_type, true))
    }

    fn data_type(&mut self, id: TypeId) -> Result<DataType, SchemaTextError> {
        let id = self.types.without_null(id);
        // A column's type cannot contain itself: its JSON text is shown there.
        if self.within.contains(&id) {
            return Ok(DataType::Utf8);
        }
        self.within.push(id);
        let data_type = match self.types[id].logical {
            Some(logical) => of_logical(logical),
            None => self.shape(id)?,
        };
        self.within.pop();
        Ok(data_type)
    }

    fn shape(&mut self, id: TypeId) -> Result<DataType, SchemaTextError> {
        let types = self.types;
        Ok(match &types[id].shape {
            Shape::Boolean => DataType::Boolean,
            Shape::Int => DataType::Int32,
            Shape::Long => DataType::Int64,
            Shape::Float => DataType::Float32,
            Shape::Double => DataType::Float64,
            Shape::Bytes | Shape::Fixed(..) => DataType::Binary,
            Shape::String | Shape::Enum(_) | Shape::Null => DataType::Utf8,
            Shape::Array(item) => DataType::List(Arc::new(self.field("item", *item)?)),
            Shape::Map(value) => {
                let key = Field::new("key", DataType::Utf8, false);
                let entry = Fields::from(vec![key, self.field("value", *value)?]);
                let entries = Field::new("entries", DataType::Struct(entry), false);
                DataType::Map(Arc::new(entries), false)
            }
            // Athena has no row without fields, and cannot distinguish two fields of one name: such rows are
            // text.
            Shape::Record(_, fields) if !make_row(fields.iter().map(|field| field.name.as_str())) => {
                DataType::Utf8
            }
            Shape::Record(_, fields) => {
                let fields = fields.iter().map(|field| self.field(&field.name, field.type_id));
                DataType::Struct(fields.collect::<Result<_, _>>()?)
            }
            Shape::Union(_) => {
                let branches = types.branches(id);
                let names = || branches.iter().map(|branch| types.branch_name(id, *branch));
                if !make_row(names()) {
                    return Ok(DataType::Utf8);
                }
                let fields = names()
                    .zip(&branches)
                    .map(|(name, branch)| self.field(name, *branch));
                DataType::Struct(fields.collect::<Result<_, _>>()?)
            }
        })
    }

    fn type_name(&self, id: TypeId) -> &'static str {
        let id = self.types.without_null(id);
        match self.types[id].logical {
            Some(logical) => logical.name(),
            None => self.types.shape_name(id),
        }
    }

    fn error(&self, what: impl std::fmt::Display) -> SchemaTextError {
        SchemaTextError {
            reason: format!("field `{}`: {what}", self.path.join(".")),
        }
    }
}

fn of_logical(logical: Logical) -> DataType {
    match logical {
        Logical::Decimal { precision, scale } => match (u8::try_from(precision), i8::try_from(scale)) {
            (Ok(precision), Ok(scale)) if precision <= DECIMAL128_MAX_PRECISION => {
                DataType::Decimal128(precision, scale)
            }
            // All digits, as text.
            _ => DataType::Utf8,
        },
        Logical::Date => DataType::Date32,
        // Athena's TIMESTAMP is Arrow's date in milliseconds.
        Logical::Timestamp(_) => DataType::Date64,
        Logical::Uuid | Logical::TimeMillis | Logical::TimeMicros | Logical::Duration => DataType::Utf8,
    }
}
