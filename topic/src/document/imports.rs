//! Other schemas of the same registry that a definition imports by their names.
//!
//! | definition | imports |
//! |---|---|
//! | Protobuf text | `import "common.proto";` |
//! | JSON Schema | `"$ref": "address"`, `"$ref": "address#/$defs/Zip"` |
//! | topic document | what the Protobuf text in a `dataSchema` imports |

use super::json::Json;
use super::json_schema;
use crate::decode::protobuf;
use crate::definition::{ReferencedSchema, SchemaDefinition, SchemaFormat};
use crate::table::DataFormat;

/// Names of schemas that `definition` requires, that are not among its references, and that a registry may have; empty
/// if it does not parse.
pub fn missing_references(definition: &SchemaDefinition) -> Vec<String> {
    let (text, references) = (&definition.definition, &definition.references);
    match definition.format() {
        Some(SchemaFormat::Protobuf) => protobuf::missing_imports(text, references),
        Some(SchemaFormat::Json) => match serde_json::from_str(text) {
            Ok(json) if json_schema::is_json_schema(&json) => json_schema::missing(&json, references),
            Ok(json) => of_document(&json, references),
            Err(_) => Vec::new(),
        },
        Some(SchemaFormat::Avro) | None => Vec::new(),
    }
}

fn of_document(document: &Json, references: &[ReferencedSchema]) -> Vec<String> {
    let sides = ["message", "key"]
        .into_iter()
        .filter_map(|side| document.get(side));
    let mut names = Vec::new();
    for side in sides {
        let format = side.get("dataFormat").and_then(Json::as_text).map(str::parse);
        if let (Some(Ok(DataFormat::Protobuf)), Some(Json::Text(text))) = (format, side.get("dataSchema")) {
            names.extend(protobuf::missing_imports(text, references));
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(data_format: &str, definition: &str, references: &[(&str, &str)]) -> Vec<String> {
        let references = references.iter().map(|(name, definition)| ReferencedSchema {
            name: (*name).to_owned(),
            definition: (*definition).to_owned(),
        });
        missing_references(&SchemaDefinition {
            data_format: data_format.to_owned(),
            definition: definition.to_owned(),
            references: references.collect(),
            ..SchemaDefinition::default()
        })
    }

    const PAY: &str =
        "syntax = 'proto3'; import 'money.proto'; import 'unused.proto'; message Pay { c.Money amount = 1; }";

    #[test]
    fn names_what_a_schema_cannot_do_without() {
        let both = ["money.proto", "unused.proto"];
        assert_eq!(missing("PROTOBUF", PAY, &[]), both);
        assert_eq!(missing("Protobuf", PAY, &[]), both);
        let money = "syntax = 'proto3'; package c; import 'unit.proto'; message Money { Unit unit = 1; }";
        assert_eq!(
            missing("PROTOBUF", PAY, &[("money.proto", money)]),
            ["unused.proto", "unit.proto"]
        );
        let unit = "syntax = 'proto3'; package c; message Unit {}";
        let references = [("money.proto", money), ("unit.proto", unit)];
        assert_eq!(missing("PROTOBUF", PAY, &references), [""; 0]);
        let document = format!(
            r#"{{"topicName": "t", "message": {{"dataFormat": "Protobuf", "dataSchema": "{PAY}"}},
                "key": {{"dataFormat": "protobuf", "dataSchema": "{PAY}"}}}}"#
        );
        assert_eq!(missing("JSON", &document, &[]), both);
        assert_eq!(missing("json", &document, &[]), both);
    }

    #[test]
    fn names_what_a_json_schema_refers_to() {
        let schema = r##"{"type": "object", "properties": {
            "to": {"$ref": "address"}, "from": {"$ref": "address#/definitions/Short"}, "own": {"$ref": "#/$defs/own"}},
            "$defs": {"own": {"$id": "https://example.com/own", "type": "array", "items": {"$ref": "item.json"}},
                "item": {"$id": "item.json", "type": "integer"}}}"##;
        assert_eq!(missing("JSON", schema, &[]), ["address"]);
        let address = r#"{"type": "object", "properties": {"street": {"$ref": "street"}}}"#;
        assert_eq!(missing("JSON", schema, &[("address", address)]), ["street"]);
    }

    #[test]
    fn broken_texts_and_plain_documents_import_nothing() {
        for (data_format, text) in [
            ("PROTOBUF", "import 'a.proto'; message"),
            ("JSON", "{"),
            (
                "JSON",
                r#"{"topicName": "t", "message": {"dataFormat": "json", "fields": []}}"#,
            ),
            ("AVRO", r#""c.Money""#),
        ] {
            assert_eq!(missing(data_format, text, &[]), [""; 0], "{text}");
        }
    }
}
