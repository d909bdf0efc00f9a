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
            "schema 6 that the record names: line 2, column 33: name 'c.Money' is not defined; not found: \
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
