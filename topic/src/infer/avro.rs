//! Debezium's envelope in Avro: the columns that the writer's schema of the samples makes.

use arrow::datatypes::{DataType, Field};
use serde_json::{Value, json};

use super::connect::is_envelope;
use crate::connect_types;
use crate::decode::avro;
use crate::definition::{SchemaDefinition, SchemaFormat};
use crate::type_name;

/// The columns of an envelope: name, mapping, type and format hint of each, the operation last.
pub(super) struct Envelope {
    pub(super) columns: Vec<(String, String, String, &'static str)>,
    /// The schema, as a document's `dataSchema`.
    pub(super) schema: Value,
}

/// Columns of an envelope; `None` if the definition is not one, or refers to others.
pub(super) fn envelope(definition: &SchemaDefinition) -> Option<Envelope> {
    if definition.format() != Some(SchemaFormat::Avro) || !definition.references.is_empty() {
        return None;
    }
    let fields = avro::fields(&definition.definition, &[]).ok()?;
    if !is_envelope(|name| fields.iter().any(|field| field.name() == name)) {
        return None;
    }
    let after = fields.iter().find(|field| field.name() == "after")?;
    let DataType::Struct(members) = after.data_type() else {
        return None;
    };
    let schema: Value = serde_json::from_str(&definition.definition).ok()?;
    let named = members_of(&schema, "after");
    let column = |member: &Field| {
        let name = member.name();
        let (data_type, hint) = connect_name(&named, name)
            .filter(|(data_type, _)| !matches!(data_type, DataType::Decimal128(..)))
            .unwrap_or_else(|| (member.data_type().clone(), ""));
        (
            name.clone(),
            format!("after.{name}"),
            type_name::name(&data_type),
            hint,
        )
    };
    let mut columns: Vec<_> = members.iter().map(|member| column(member)).collect();
    columns.push(("op".to_owned(), "op".to_owned(), "VARCHAR".to_owned(), ""));
    Some(Envelope {
        columns,
        schema: match schema {
            object @ Value::Object(_) => object,
            other => json!(other.to_string()),
        },
    })
}

/// The fields of the record that the field `name` of the top record is, or may be.
fn members_of(schema: &Value, name: &str) -> Vec<Value> {
    let top = schema.get("fields").and_then(Value::as_array);
    let field = top.and_then(|fields| fields.iter().find(|field| field["name"] == name));
    let declared = field.map(|field| &field["type"]);
    let fields = |declared: &Value| declared.get("fields").and_then(Value::as_array).cloned();
    let found = match declared {
        // The record is declared where it is named first, which is `before`.
        Some(Value::Array(branches)) => branches.iter().find_map(fields),
        Some(other) => fields(other),
        None => None,
    };
    match found {
        Some(fields) => fields,
        None if name == "after" => members_of(schema, "before"),
        None => Vec::new(),
    }
}

/// Type that Connect names for a member, with its format hint.
fn connect_name(members: &[Value], name: &str) -> Option<(DataType, &'static str)> {
    let member = members.iter().find(|member| member["name"] == name)?;
    let name_of = |declared: &Value| {
        declared
            .get("connect.name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let name = match &member["type"] {
        Value::Array(branches) => branches.iter().find_map(name_of),
        other => name_of(other),
    };
    connect_types::named_type(&name?, None)
}
