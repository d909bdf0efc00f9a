//! Data of one schema read as another.

use super::*;

/// Source of one writer's schema.
pub(super) struct Writer(pub(super) String);

impl WriterSchemas for Writer {
    fn schema(&self, id: WriterSchemaId) -> Result<Arc<SchemaDefinition>, WriterSchemaError> {
        Ok(Arc::new(SchemaDefinition {
            schema_version_id: id.to_string(),
            data_format: "AVRO".into(),
            definition: self.0.clone(),
            ..SchemaDefinition::default()
        }))
    }
}

/// Row, and the number of its misfits.
pub(super) fn resolve(writer: &str, reader: &str, datum: &[u8]) -> Result<(Json, u64), String> {
    let writers = Arc::new(Writer(writer.to_owned()));
    let mut decoder = with_writers(reader, fields(reader).unwrap(), writers);
    let framed = [&[0, 0, 0, 0, 1], datum].concat();
    decoder.decode(&framed).map_err(|error| error.to_string())?;
    let misfits = decoder.value_errors().iter().map(|errors| errors.values).sum();
    Ok((rows(&decoder.flush()).remove(0), misfits))
}

/// Value of one field `a`, and the number of misfits.
fn resolve_field(writer: &str, reader: &str, value: &[u8]) -> Result<(Json, u64), String> {
    let [writer, reader] = [writer, reader].map(|of| record(&format!(r#""a": {of}"#)));
    resolve(&writer, &reader, value).map(|(row, misfits)| (row["a"].clone(), misfits))
}

fn symbols(symbols: &str, default: &str) -> String {
    format!(r#"{{"type": "enum", "name": "E", "symbols": [{symbols}]{default}}}"#)
}

fn decimal(precision: u8, scale: u8) -> String {
    format!(r#"{{"type": "bytes", "logicalType": "decimal", "precision": {precision}, "scale": {scale}}}"#)
}

fn timestamp(unit: &str) -> String {
    format!(r#"{{"type": "long", "logicalType": "timestamp-{unit}"}}"#)
}

#[test]
fn promotes_as_the_specification_says() {
    for (writer, reader, bytes, wanted) in [
        ("int", "long", [10].as_slice(), json!(5)),
        ("int", "float", &[10], json!("5.0")),
        ("int", "double", &[10], json!("5.0")),
        ("long", "float", &[10], json!("5.0")),
        ("long", "double", &[10], json!("5.0")),
        ("float", "double", &1.5_f32.to_le_bytes(), json!("1.5")),
        ("string", "bytes", &[2, b'x'], json!("eA==")),
        ("bytes", "string", &[2, b'x'], json!("x")),
        ("null", "int", &[], Json::Null),
    ] {
        let [writer, reader] = [writer, reader].map(|name| format!("\"{name}\""));
        assert_eq!(
            resolve_field(&writer, &reader, bytes),
            Ok((wanted, 0)),
            "{writer} {reader}"
        );
    }
}

#[test]
fn a_long_beyond_an_int_is_null_and_never_cut() {
    assert_eq!(resolve_field(r#""long""#, r#""int""#, &[10]), Ok((json!(5), 0)));
    let five_billion = [0x80, 0xc8, 0xaf, 0xa0, 0x25];
    assert_eq!(
        resolve_field(r#""long""#, r#""long""#, &five_billion),
        Ok((json!(5_000_000_000_i64), 0))
    );
    assert_eq!(
        resolve_field(r#""long""#, r#""int""#, &five_billion),
        Ok((Json::Null, 1))
    );
}

#[test]
fn finds_fields_by_name_and_alias() {
    let writer = r#"{"type": "record", "name": "old.R", "fields": [
        {"name": "dropped", "type": {"type": "array", "items": "string"}},
        {"name": "b", "type": "int"}, {"name": "before", "type": "int"}, {"name": "x", "type": "int"}]}"#;
    let reader = r#"{"type": "record", "name": "new.S", "aliases": ["R"], "fields": [
        {"name": "now", "type": "int", "aliases": ["gone", "before"]},
        {"name": "b", "type": "long"},
        {"name": "y", "type": ["null", "int"], "aliases": ["b"]},
        {"name": "missing", "type": "int"}]}"#;
    assert_eq!(
        resolve(writer, reader, &[2, 2, b'q', 0, 2, 4, 6]),
        Ok((json!({"now": 2, "b": 1, "y": null, "missing": null}), 2))
    );
}

#[test]
fn fills_missing_fields_with_defaults_of_every_type() {
    for (of, default, wanted) in [
        (r#""null""#, json!(null), json!(null)),
        (r#""boolean""#, json!(true), json!(true)),
        (r#""int""#, json!(-5), json!(-5)),
        (r#""long""#, json!(5_000_000_000_i64), json!(5_000_000_000_i64)),
        (r#""float""#, json!(1.5), json!("1.5")),
        (r#""double""#, json!(2), json!("2.0")),
        (r#""double""#, json!("NaN"), json!("NaN")),
        (r#""bytes""#, json!("\u{0}\u{ff}"), json!("AP8=")),
        (r#""string""#, json!("grün"), json!("grün")),
        (
            r#"{"type": "fixed", "name": "F", "size": 2}"#,
            json!("\u{1}\u{ff}"),
            json!("Af8="),
        ),
        (&symbols(r#""A", "B""#, ""), json!("B"), json!("B")),
        (&decimal(5, 2), json!("\u{1}\u{0}"), json!("2.56")),
        (&timestamp("micros"), json!(-1), json!("ms -1")),
        (
            r#"{"type": "array", "items": "int"}"#,
            json!([1, 2]),
            json!([1, 2]),
        ),
        (r#"{"type": "array", "items": "int"}"#, json!([]), json!([])),
        (
            r#"{"type": "map", "values": "int"}"#,
            json!({"k": 1}),
            json!({"k": 1}),
        ),
        (r#"["null", "int"]"#, json!(null), json!(null)),
        (r#"["int", "null"]"#, json!(4), json!(4)),
        (r#"["null", "int"]"#, json!(4), json!(4)),
        (
            r#"{"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "string", "default": "why"}]}"#,
            json!({"x": 1}),
            json!({"x": 1, "y": "why"}),
        ),
    ] {
        let of: Json = serde_json::from_str(of).unwrap();
        let reader = json!({"type": "record", "name": "R", "fields": [
            {"name": "z", "type": "int"}, {"name": "a", "type": of, "default": default}]});
        let row = resolve(&record(r#""z": "int""#), &reader.to_string(), &[2]);
        assert_eq!(row, Ok((json!({"z": 1, "a": wanted}), 0)), "{of}");
        // Read as text the default is the same.
        let mut decoder = with_writers(
            &format!(r#"{{"type": "record", "name": "O", "fields": [{{"name": "r", "type": {reader}}}]}}"#),
            vec![column("r", "r", DataType::Utf8)],
            Arc::new(Writer(format!(
                r#"{{"type": "record", "name": "O", "fields": [{{"name": "r", "type": {}}}]}}"#,
                record(r#""z": "int""#)
            ))),
        );
        decoder.decode(&[0, 0, 0, 0, 1, 2]).unwrap();
        let text = rows(&decoder.flush())[0]["r"].as_str().unwrap().to_owned();
        assert!(
            serde_json::from_str::<Json>(&text).unwrap().get("a").is_some(),
            "{text}"
        );
    }
}

#[test]
fn finds_symbols_by_name() {
    let writer = symbols(r#""A", "B", "C""#, "");
    let same = symbols(r#""C", "B""#, "");
    let defaulted = symbols(r#""C", "OTHER""#, r#", "default": "OTHER""#);
    assert_eq!(resolve_field(&writer, &same, &[4]), Ok((json!("C"), 0)));
    assert_eq!(resolve_field(&writer, &same, &[0]), Ok((Json::Null, 1)));
    assert_eq!(resolve_field(&writer, &defaulted, &[0]), Ok((json!("OTHER"), 0)));
    let outside = "not an Avro datum of its schema: an enum's index is not one of its symbols";
    assert_eq!(resolve_field(&writer, &same, &[6]), Err(outside.to_owned()));
    assert_eq!(resolve_field(&writer, &same, &[1]), Err(outside.to_owned()));
}

#[test]
fn resolves_unions_both_ways() {
    for (writer, reader, bytes, wanted) in [
        (r#""int""#, r#"["null", "long"]"#, [10].as_slice(), json!(5)),
        (r#"["null", "int"]"#, r#""long""#, &[2, 10], json!(5)),
        (r#"["null", "int"]"#, r#""long""#, &[0], Json::Null),
        (r#"["int", "null"]"#, r#"["null", "int"]"#, &[0, 10], json!(5)),
        (r#"["int", "null"]"#, r#"["null", "int"]"#, &[2], Json::Null),
        (
            r#""int""#,
            r#"["string", "long", "int"]"#,
            &[10],
            json!({"string": null, "long": null, "int": 5}),
        ),
        (
            r#""int""#,
            r#"["string", "long", "double"]"#,
            &[10],
            json!({"string": null, "long": 5, "double": null}),
        ),
        (
            r#"["string", "int"]"#,
            r#"["int", "string"]"#,
            &[2, 10],
            json!({"int": 5, "string": null}),
        ),
    ] {
        assert_eq!(
            resolve_field(writer, reader, bytes),
            Ok((wanted, 0)),
            "{writer} {reader}"
        );
    }
    // A branch that cannot be resolved affects only the values that take it.
    let writer = r#"["null", "int", "string"]"#;
    assert_eq!(
        resolve_field(writer, r#"["null", "int"]"#, &[2, 10]),
        Ok((json!(5), 0))
    );
    assert_eq!(
        resolve_field(writer, r#"["null", "int"]"#, &[4, 2, b'x']),
        Ok((Json::Null, 1))
    );
    let outside = "not an Avro datum of its schema: a union's index is not one of its branches";
    assert_eq!(resolve_field(writer, writer, &[6]), Err(outside.to_owned()));
    assert_eq!(resolve_field(writer, writer, &[1]), Err(outside.to_owned()));
}

#[test]
fn picks_a_unions_record_by_its_name() {
    let of = |name: &str| {
        format!(r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "x", "type": "int"}}]}}"#)
    };
    let reader = format!(r#"["null", {}, {}]"#, of("n.A"), of("n.B"));
    assert_eq!(
        resolve_field(&of("n.B"), &reader, &[2]),
        Ok((json!({"A": null, "B": {"x": 1}}), 0))
    );
    assert_eq!(
        resolve_field(&of("m.B"), &reader, &[2]),
        Ok((json!({"A": null, "B": {"x": 1}}), 0))
    );
}

#[test]
fn a_value_means_what_its_writer_says() {
    assert_eq!(
        resolve_field(&decimal(5, 1), &decimal(8, 3), &[2, 15]),
        Ok((json!("1.500"), 0))
    );
    assert_eq!(
        resolve_field(r#""bytes""#, &decimal(8, 3), &[2, 15]),
        Ok((json!("0.015"), 0))
    );
    let fixed =
        r#"{"type": "fixed", "name": "D", "size": 2, "logicalType": "decimal", "precision": 4, "scale": 1}"#;
    assert_eq!(
        resolve_field(fixed, &decimal(8, 3), &[0, 15]),
        Ok((json!("1.500"), 0))
    );
    let millis = |millis: &str| Ok((json!(format!("ms {millis}")), 0));
    assert_eq!(
        resolve_field(&timestamp("millis"), &timestamp("micros"), &[10]),
        millis("5")
    );
    assert_eq!(
        resolve_field(&timestamp("nanos"), &timestamp("millis"), &[10]),
        millis("0")
    );
    assert_eq!(
        resolve_field(r#""long""#, &timestamp("millis"), &[10]),
        millis("5")
    );
    assert_eq!(
        resolve_field(r#""int""#, &timestamp("millis"), &[10]),
        millis("5")
    );
    assert_eq!(
        resolve_field(&timestamp("millis"), r#""long""#, &[10]),
        Ok((json!(5), 0))
    );
}

#[test]
fn resolves_types_that_contain_themselves() {
    let node = |of: &str, more: &str| {
        format!(
            r#"{{"type": "record", "name": "N", "fields": [{{"name": "v", "type": "{of}"}}, {{"name": "next", "type": ["null", "N"]}}{more}]}}"#
        )
    };
    let reader = node("long", r#", {"name": "w", "type": "int", "default": 7}"#);
    let read = |writer: String| {
        let writers = Arc::new(Writer(writer));
        let mut decoder = with_writers(&reader, vec![column("next", "next", DataType::Utf8)], writers);
        decoder.decode(&[0, 0, 0, 0, 1, 2, 2, 4, 0]).unwrap();
        let misfits: u64 = decoder.value_errors().iter().map(|errors| errors.values).sum();
        (rows(&decoder.flush()).remove(0), misfits)
    };
    assert_eq!(
        read(node("int", "")),
        (json!({"next": r#"{"v":2,"next":null,"w":7}"#}), 0)
    );
    assert_eq!(
        read(node("int", "").replace("\"N\"", "\"M\"")),
        (json!({"next": r#"{"v":2,"next":null,"w":7}"#}), 0)
    );
}
