//! Parts of messages that are left out, because an import of their definition was not found.

use arrow::datatypes::DataType;

use crate::decode::protobuf::schema::{Field, Message, Schema, Shape};
use crate::path::Step;

/// Reason why the part of `message` at `steps`, shown as `data_type`, is not there or not whole; `None` if nothing of it
/// is left out.
pub(super) fn why_left_out(
    schema: &Schema,
    message: usize,
    steps: &[Step],
    data_type: &DataType,
) -> Option<String> {
    let (Step::Key(name), rest) = steps.split_first()? else {
        return None;
    };
    let message = schema.message(message);
    match message.field(name) {
        Some(field) => in_field(schema, (field, field.shape), rest, data_type),
        None => schema.reason(message, |field| field.name == *name || field.json_name == *name),
    }
}

fn in_field(
    schema: &Schema,
    (field, shape): (&Field, Shape),
    steps: &[Step],
    data_type: &DataType,
) -> Option<String> {
    let Some((step, rest)) = steps.split_first() else {
        return in_value(schema, (field, shape), data_type);
    };
    match (shape, field.kind.message()) {
        (Shape::Repeated, _) => {
            step.index()?;
            in_field(schema, (field, Shape::Singular), rest, data_type)
        }
        (Shape::Map, _) => {
            let (_, value) = schema.entry(field)?;
            in_field(schema, (value, Shape::Singular), rest, data_type)
        }
        (Shape::Singular, Some(message)) => why_left_out(schema, message, steps, data_type),
        (Shape::Singular, None) => None,
    }
}

fn in_value(schema: &Schema, (field, shape): (&Field, Shape), data_type: &DataType) -> Option<String> {
    match (shape, data_type) {
        (Shape::Repeated, DataType::List(item)) => {
            in_value(schema, (field, Shape::Singular), item.data_type())
        }
        (Shape::Map, DataType::Map(entries, _)) => {
            let (_, value) = schema.entry(field)?;
            let DataType::Struct(fields) = entries.data_type() else {
                return None;
            };
            in_value(schema, (value, Shape::Singular), fields.get(1)?.data_type())
        }
        (Shape::Singular, DataType::Struct(names)) => {
            let message = schema.message(field.kind.message()?);
            names
                .iter()
                .find_map(|name| in_row(schema, message, name.name(), name.data_type()))
        }
        _ => None,
    }
}

fn in_row(schema: &Schema, message: &Message, name: &str, data_type: &DataType) -> Option<String> {
    match message.field_in_any_case(name) {
        Some(field) => in_value(schema, (field, field.shape), data_type),
        None => schema.reason(message, |field| {
            field.name.eq_ignore_ascii_case(name) || field.json_name.eq_ignore_ascii_case(name)
        }),
    }
}
