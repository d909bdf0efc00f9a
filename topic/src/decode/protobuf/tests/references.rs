//! Writers' schemas that import others.

use super::*;
use crate::decode::testing::{Registered, Registries};

const TABLE: &str = "syntax = 'proto3'; package c;
    message Pay { int32 id = 1; Money amount = 2; } message Money { string currency = 1; int64 units = 2; }";
const MONEY: &str = "syntax = 'proto3'; package c; message Money { string currency = 1; int64 units = 2; }";
const PAY: &str = "syntax = 'proto3'; import 'common/money.proto';
    message Pay { int32 id = 1; c.Money amount = 2; }";
/// Message `Pay`: 9, EUR 5.
const MESSAGE: &[u8] = b"\x08\x09\x12\x07\x0a\x03EUR\x10\x05";

/// Id, currency and units of a message after the id of `schema`.
fn read(schema: Registered, message: &[u8]) -> Result<Vec<String>, String> {
    let registries = Arc::new(Registries(vec![(WriterSchemaId::Confluent(6), schema)]));
    let columns = [
        ("id", DataType::Int32),
        ("amount.currency", DataType::Utf8),
        ("amount.units", DataType::Int64),
    ];
    let columns = columns.map(|(mapping, data_type)| column(mapping, mapping, data_type));
    let mut decoder = ValueDecoder::with_writers(encoding(TABLE, None), columns.into(), registries);
    let payload = [&[0, 0, 0, 0, 6, 0], message].concat();
    decoder.decode(&payload).map_err(|error| error.to_string())?;
    Ok(rows(&decoder.flush()).remove(0))
}

#[test]
fn a_schema_may_import_those_it_refers_to() {
    let row = read(("PROTOBUF", PAY, &[("common/money.proto", MONEY)]), MESSAGE);
    assert_eq!(
        row,
        Ok(vec!["9".to_owned(), "\"EUR\"".to_owned(), "5".to_owned()])
    );
}

#[test]
fn references_import_each_other_and_googles_files() {
    const BASE: &str = "syntax = 'proto3'; package c; message Units { int64 units = 1; }";
    const MONEY: &str = "syntax = 'proto3'; package c; import 'base.proto'; import 'google/protobuf/timestamp.proto';
        message Money { string currency = 1; int64 units = 2; Units more = 3; google.protobuf.Timestamp at = 4; }";
    const PAY: &str = "syntax = 'proto3'; import 'money.proto'; import 'base.proto'; import 'unused.proto';
        message Pay { int32 id = 1; c.Money amount = 2; c.Units units = 3; }";
    const UNUSED: &str = "syntax = 'proto3'; message Unused {}";
    let references: &[_] = &[
        ("base.proto", BASE),
        ("money.proto", MONEY),
        ("unused.proto", UNUSED),
    ];
    let row = read(("PROTOBUF", PAY, references), MESSAGE);
    assert_eq!(
        row,
        Ok(vec!["9".to_owned(), "\"EUR\"".to_owned(), "5".to_owned()])
    );
}

#[test]
fn only_the_files_own_messages_are_counted() {
    // Both registries' indexes are those of the definition itself.
    let payload = [&[0, 0, 0, 0, 6, 2, 2], MESSAGE].concat();
    let schema: Registered = ("PROTOBUF", PAY, &[("common/money.proto", MONEY)]);
    let registries = Arc::new(Registries(vec![(WriterSchemaId::Confluent(6), schema)]));
    let columns = vec![column("id", "id", DataType::Int32)];
    let mut decoder = ValueDecoder::with_writers(encoding(TABLE, None), columns, registries);
    let error = decoder.decode(&payload).unwrap_err().to_string();
    assert_eq!(error, "message 1 does not exist: the list has 1");
}

#[test]
fn says_what_a_schema_lacks() {
    let error = |schema| read(schema, MESSAGE).unwrap_err();
    let lacks = error(("PROTOBUF", PAY, &[]));
    assert!(
        lacks.starts_with(
            "schema 6 that the record names: the type `c.Money` of field `Pay.amount` is not defined; not found: \
             import `common/money.proto`"
        ),
        "{lacks}"
    );
    assert_eq!(
        error(("PROTOBUF", PAY, &[("common/money.proto", "message {")])),
        "schema 6 that the record names: common/money.proto, line 1, column 9: expected an identifier, but found '{'"
    );
    let circle: &[_] = &[("common/money.proto", "import 'common/money.proto';")];
    assert!(
        error(("PROTOBUF", PAY, circle)).contains("import cycle detected"),
        "{}",
        error(("PROTOBUF", PAY, circle))
    );
}

#[test]
fn a_missing_import_of_the_writer_costs_only_records_of_which_its_fields_are_shown() {
    let read = |table: &str, writer: Registered, columns: Vec<Field>| {
        let registries = Arc::new(Registries(vec![(WriterSchemaId::Confluent(6), writer)]));
        let mut decoder = ValueDecoder::with_writers(encoding(table, None), columns, registries);
        let payload = [&[0, 0, 0, 0, 6, 0], MESSAGE].concat();
        decoder.decode(&payload).map_err(|error| error.to_string())?;
        Ok::<_, String>(rows(&decoder.flush()).remove(0))
    };
    let pay: Registered = ("PROTOBUF", PAY, &[]);
    let id = || vec![column("id", "id", DataType::Int32)];
    assert_eq!(read(TABLE, pay, id()), Ok(vec!["9".to_owned()]));
    // The whole of the table's columns, of which one is a row with the field.
    let nested = "syntax = 'proto3'; package c; message Order { Pay id = 2; } message Pay { string currency = 1; Unit unit = 2; }
        message Unit { int32 n = 1; }";
    let writer = "syntax = 'proto3'; package c; import 'u.proto'; message Order { Pay id = 2; }
        message Pay { string currency = 1; Unit unit = 2; }";
    let all = || fields(nested, &[], None).unwrap();
    let refused = read(nested, ("PROTOBUF", writer, &[]), all()).unwrap_err();
    assert!(
        refused.contains("the type `Unit` of field `c.Pay.unit` is not defined"),
        "{refused}"
    );
    // The table's own schema lacks it too, so no column has it.
    let all = fields(writer, &[], None).unwrap();
    let older: &str =
        "syntax = 'proto3'; package c; import 'u.proto'; message Order { Pay id = 2; Unit old = 3; }
        message Pay { string currency = 1; Unit unit = 2; }";
    let row = read(writer, ("PROTOBUF", older, &[]), all).unwrap();
    assert_eq!(row, ["(currency: \"EUR\")"]);
}

#[test]
fn a_message_as_json_is_refused_if_a_field_is_left_out() {
    let schema = |definition: &str| SchemaDefinition {
        data_format: "PROTOBUF".to_owned(),
        definition: definition.to_owned(),
        ..SchemaDefinition::default()
    };
    assert!(WholeMessage::new(&schema(TABLE)).is_ok());
    let refused = WholeMessage::new(&schema(PAY)).err().unwrap();
    assert!(refused.contains("`common/money.proto`"), "{refused}");
}
