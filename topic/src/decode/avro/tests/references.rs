//! Writers' schemas that refer to others.

use super::*;
use crate::decode::testing::{Failing, Registered, Registries};

const TABLE: &str = r#"{"type": "record", "name": "c.U", "fields": [{"name": "id", "type": "int"}, {"name": "addr", "type":
    {"type": "record", "name": "c.Addr", "fields": [{"name": "city", "type": "string"}]}}]}"#;
const ADDR: &str = r#"{"type": "record", "name": "c.Addr", "fields": [{"name": "city", "type": "string"}]}"#;
const USER: &str = r#"{"type": "record", "name": "c.U", "fields": [
    {"name": "id", "type": "int"}, {"name": "addr", "type": "c.Addr"}]}"#;

/// Row of a datum after the id of `schema`.
fn read(table: &str, schema: Registered, datum: &[u8]) -> Result<Json, String> {
    let registries = Arc::new(Registries(vec![(WriterSchemaId::Confluent(3), schema)]));
    let mut decoder = with_writers(table, fields(table).unwrap(), registries);
    let payload = [&[0, 0, 0, 0, 3], datum].concat();
    decoder.decode(&payload).map_err(|error| error.to_string())?;
    Ok(rows(&decoder.flush()).remove(0))
}

#[test]
fn a_schema_may_name_the_types_of_those_it_refers_to() {
    let row = read(TABLE, ("AVRO", USER, &[("c.Addr", ADDR)]), b"\x04\x08Rome");
    assert_eq!(row, Ok(json!({"id": 2, "addr": {"city": "Rome"}})));
    // Without namespace within its own, and by any name of the reference.
    const SHORT: &str = r#"{"type": "record", "name": "U", "namespace": "c", "fields": [
        {"name": "id", "type": "int"}, {"name": "addr", "type": "Addr"}]}"#;
    let row = read(TABLE, ("AVRO", SHORT, &[("address.avsc", ADDR)]), b"\x04\x08Rome");
    assert_eq!(row, Ok(json!({"id": 2, "addr": {"city": "Rome"}})));
}

#[test]
fn references_have_references_and_may_share_them() {
    const CITY: &str = r#"{"type": "record", "name": "c.City", "fields": [{"name": "n", "type": "string"}]}"#;
    const HOME: &str =
        r#"{"type": "record", "name": "c.Home", "fields": [{"name": "city", "type": "City"}]}"#;
    const WORK: &str =
        r#"{"type": "record", "name": "c.Work", "fields": [{"name": "city", "type": "c.City"}]}"#;
    const PERSON: &str = r#"{"type": "record", "name": "c.P", "fields": [
        {"name": "home", "type": "Home"}, {"name": "work", "type": ["null", "Work"]}]}"#;
    const TABLE: &str = r#"{"type": "record", "name": "c.P", "fields": [
        {"name": "home", "type": {"type": "record", "name": "c.Home", "fields": [{"name": "city", "type":
            {"type": "record", "name": "c.City", "fields": [{"name": "n", "type": "string"}]}}]}},
        {"name": "work", "type": ["null", {"type": "record", "name": "c.Work", "fields": [
            {"name": "city", "type": "c.City"}]}]}]}"#;
    let references: &[_] = &[
        ("c.City", CITY),
        ("c.Home", HOME),
        ("city", CITY),
        ("c.Work", WORK),
    ];
    let row = read(TABLE, ("AVRO", PERSON, references), b"\x02A\x02\x02B");
    let wanted = json!({"home": {"city": {"n": "A"}}, "work": {"city": {"n": "B"}}});
    assert_eq!(row, Ok(wanted));
}

#[test]
fn a_union_of_references_is_a_schema() {
    const UNION: &str = r#"["c.A", "c.B"]"#;
    const A: &str = r#"{"type": "record", "name": "c.A", "fields": [{"name": "a", "type": "int"}]}"#;
    const B: &str = r#"{"type": "record", "name": "c.B", "fields": [{"name": "b", "type": "int"}]}"#;
    let table = format!("[{A}, {B}]");
    let row = read(&table, ("AVRO", UNION, &[("c.A", A), ("c.B", B)]), &[2, 4]);
    assert_eq!(row, Ok(json!({"value": {"A": null, "B": {"b": 2}}})));
}

#[test]
fn the_text_of_the_table_may_mean_something_else_with_references() {
    // Not the table's own `Addr`: such a text defines it twice.
    let error = read(TABLE, ("AVRO", TABLE, &[("c.Addr", ADDR)]), b"\x04\x08Rome").unwrap_err();
    assert_eq!(
        error,
        "the record's schema 3: field `addr`: a type is defined twice"
    );
}

#[test]
fn says_what_a_schema_lacks() {
    assert_eq!(
        read(TABLE, ("AVRO", USER, &[]), b"\x04\x08Rome"),
        Err("the record's schema 3: field `addr`: the type `c.Addr` is not defined".to_owned())
    );
    let broken = (
        "AVRO",
        USER,
        &[("c.Addr", r#"{"type": "record", "name": "c.Addr"}"#)] as &[_],
    );
    assert_eq!(
        read(TABLE, broken, b"\x04\x08Rome"),
        Err(
            "the record's schema 3: the schema that it refers to as `c.Addr`: `fields` is missing".to_owned()
        )
    );
}

#[test]
fn a_schema_whose_references_are_missing_leaves_no_bare_datum() {
    let table = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "string"}]}"#;
    // Would be a datum of the table's schema.
    let payload = [&[0, 8], b"abcd".as_slice()].concat();
    let mut decoder = with_writers(table, fields(table).unwrap(), Arc::new(Failing::Incomplete));
    let error = decoder.decode(&payload).unwrap_err();
    assert!(matches!(error, RowError::Bad(_)));
    assert_eq!(
        error.to_string(),
        "the schema 140599907 that the record names cannot be used: it refers to nothing"
    );
    let mut decoder = with_writers(table, fields(table).unwrap(), Arc::new(Failing::Absent));
    decoder.decode(&payload).unwrap();
}
