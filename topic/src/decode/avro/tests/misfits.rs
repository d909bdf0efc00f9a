//! Fields whose types cannot be resolved: they affect the columns that show them, and nothing else.

use proptest::prelude::*;

use super::model::topic;
use super::resolution::{Writer, resolve};
use super::types::row;
use super::*;
use crate::decode::RowDecoder;
use crate::decode::testing::{sourced, table};
use crate::record::Record;

const FRAME: [u8; 5] = [0, 0, 0, 0, 1];

fn framed(datum: &[u8]) -> Vec<u8> {
    [&FRAME, datum].concat()
}

/// Row of the columns, number of misfits, and the result of a strict decoder.
fn read(writer: &str, reader: &str, columns: Vec<Field>, datum: &[u8]) -> (Json, u64, Result<(), String>) {
    let decoder = || with_writers(reader, columns.clone(), Arc::new(Writer(writer.to_owned())));
    let mut lenient = decoder();
    lenient.decode(&framed(datum)).unwrap();
    let misfits = lenient.value_errors().iter().map(|errors| errors.values).sum();
    let row = rows(&lenient.flush()).remove(0);
    let mut strict = ValueDecoder(decoder().0.strict());
    let decoded = strict.decode(&framed(datum)).map_err(|error| error.to_string());
    (row, misfits, decoded)
}

/// Types that cannot be resolved, a value of the writer's, and its description.
fn pairs() -> Vec<(String, String, Vec<u8>, &'static str)> {
    let symbols = |name: &str| format!(r#"{{"type": "enum", "name": "{name}", "symbols": ["A"]}}"#);
    let fixed = |name: &str, size: usize| format!(r#"{{"type": "fixed", "name": "{name}", "size": {size}}}"#);
    let [int, string, double, float, boolean] =
        ["int", "string", "double", "float", "boolean"].map(|name| format!("\"{name}\""));
    let rec = r#"{"type": "record", "name": "I", "fields": [{"name": "z", "type": "int"}]}"#.to_owned();
    let list = r#"{"type": "array", "items": "int"}"#.to_owned();
    let map = r#"{"type": "map", "values": "int"}"#.to_owned();
    let (number, text) = ("a number by the writer's schema", "text by the writer's schema");
    vec![
        (int.clone(), string.clone(), vec![14], number),
        (string.clone(), int.clone(), vec![2, b'x'], text),
        (double, float, 1.5_f64.to_le_bytes().to_vec(), number),
        (
            boolean,
            string.clone(),
            vec![1],
            "a boolean by the writer's schema",
        ),
        (
            symbols("E"),
            string.clone(),
            vec![0],
            "an enum's symbol by the writer's schema",
        ),
        (string.clone(), symbols("E"), vec![2, b'A'], text),
        (
            symbols("E"),
            symbols("F"),
            vec![0],
            "a symbol of an enum of another name",
        ),
        (
            fixed("F", 2),
            fixed("G", 2),
            vec![7, 7],
            "bytes of a fixed type of another name or size",
        ),
        (
            fixed("F", 2),
            fixed("F", 3),
            vec![7, 7],
            "bytes of a fixed type of another name or size",
        ),
        (
            rec.clone(),
            int.clone(),
            vec![6],
            "a record by the writer's schema",
        ),
        (int.clone(), rec.clone(), vec![14], number),
        (
            list.clone(),
            rec,
            vec![2, 6, 0],
            "an array by the writer's schema",
        ),
        (
            map.clone(),
            list,
            vec![2, 2, b'k', 6, 0],
            "a map by the writer's schema",
        ),
        (int.clone(), map, vec![14], number),
        (int.clone(), r#"["null", "string"]"#.to_owned(), vec![14], number),
        (
            r#"["null", "int"]"#.to_owned(),
            string.clone(),
            vec![2, 14],
            number,
        ),
        (string, r#"["int", "long"]"#.to_owned(), vec![2, b'x'], text),
        (
            r#"["int", "long"]"#.to_owned(),
            r#"["null", "string"]"#.to_owned(),
            vec![0, 14],
            number,
        ),
    ]
}

fn only(column: &str, reader: &str) -> Vec<Field> {
    let columns = fields(reader).unwrap().into_iter();
    columns.filter(|field| field.name() == column).collect()
}

#[test]
fn a_field_that_does_not_resolve_is_a_misfit_of_its_column() {
    for (written, wanted, value, found) in pairs() {
        let writer = record(&format!(r#""a": {written}, "b": "int""#));
        let reader = record(&format!(r#""a": {wanted}, "b": "int""#));
        let case = format!("{written} as {wanted}");
        let datum = [value.as_slice(), &[2]].concat();
        let (row, misfits, strict) = read(&writer, &reader, fields(&reader).unwrap(), &datum);
        assert_eq!((row, misfits), (json!({"a": null, "b": 1}), 1), "{case}");
        let reason = strict.unwrap_err();
        assert!(
            reason.starts_with(&format!("column `a`: {found} does not fit ")),
            "{case}: {reason}"
        );
        // No misfit if no column shows it.
        assert_eq!(
            read(&writer, &reader, only("b", &reader), &datum),
            (json!({"b": 1}), 0, Ok(())),
            "{case}"
        );
        assert_eq!(
            read(&writer, &reader, vec![], &datum),
            (json!({}), 0, Ok(())),
            "{case}"
        );
    }
}

#[test]
fn a_field_of_a_nested_record_costs_none_of_its_others() {
    for (written, wanted, value, _) in pairs() {
        let of = |of: &str| {
            let inner = record(&format!(r#""x": {of}, "y": "int""#)).replace("\"R\"", "\"N\"");
            record(&format!(
                r#""a": {inner}, "b": "int", "l": {{"type": "array", "items": "N"}},
                   "m": {{"type": "map", "values": ["null", "N"]}}"#
            ))
        };
        let (writer, reader) = (of(&written), of(&wanted));
        let n = [value.as_slice(), &[4]].concat();
        let n = n.as_slice();
        let datum = [n, &[2, 2], n, &[0, 2, 2, b'k', 2], n, &[0]].concat();
        let inner = json!({"x": null, "y": 2});
        assert_eq!(
            resolve(&writer, &reader, &datum),
            Ok((json!({"a": inner, "l": [inner], "m": {"k": inner}, "b": 1}), 3)),
            "{written} as {wanted}"
        );
        let by_path = vec![
            column("y", "a.y", DataType::Int32),
            column("z", "l[0].y", DataType::Int32),
        ];
        assert_eq!(
            read(&writer, &reader, by_path, &datum),
            (json!({"y": 2, "z": 2}), 0, Ok(()))
        );
        let by_path = vec![column("x", "m.k.x", DataType::Utf8)];
        assert_eq!(read(&writer, &reader, by_path, &datum).1, 1);
    }
}

#[test]
fn items_and_entries_that_do_not_resolve_are_misfits_each() {
    for (written, wanted, value, _) in pairs() {
        let list = |of: &str| record(&format!(r#""a": {{"type": "array", "items": {of}}}, "b": "int""#));
        let datum = [&[4], value.as_slice(), value.as_slice(), &[0, 2]].concat();
        assert_eq!(
            resolve(&list(&written), &list(&wanted), &datum),
            Ok((json!({"a": [null, null], "b": 1}), 2)),
            "{written} as {wanted}"
        );
        assert_eq!(
            resolve(&list(&written), &list(&wanted), &[0, 2]),
            Ok((json!({"a": [], "b": 1}), 0))
        );
        let map = |of: &str| record(&format!(r#""a": {{"type": "map", "values": {of}}}, "b": "int""#));
        let datum = [&[2, 2, b'k'], value.as_slice(), &[0, 2]].concat();
        assert_eq!(
            resolve(&map(&written), &map(&wanted), &datum),
            Ok((json!({"a": {"k": null}, "b": 1}), 1)),
            "{written} as {wanted}"
        );
    }
}

#[test]
fn a_field_that_its_writer_lacks_is_a_misfit_unless_it_has_a_default() {
    let writer = record(r#""b": "int""#);
    let reader = record(r#""a": "string", "n": ["null", "int"], "b": "int""#);
    let all = read(&writer, &reader, fields(&reader).unwrap(), &[2]);
    assert_eq!((all.0, all.1), (json!({"a": null, "n": null, "b": 1}), 2));
    assert_eq!(
        all.2,
        Err("column `a`: a field that its writer lacks and that has no default does not fit Utf8".to_owned())
    );
    assert_eq!(
        read(&writer, &reader, only("b", &reader), &[2]),
        (json!({"b": 1}), 0, Ok(()))
    );
    let nested = |fields: &str| record(&format!(r#""r": {}"#, record(fields).replace("\"R\"", "\"N\"")));
    let (writer, reader) = (nested(r#""b": "int""#), nested(r#""a": "string", "b": "int""#));
    assert_eq!(
        resolve(&writer, &reader, &[2]),
        Ok((json!({"r": {"a": null, "b": 1}}), 1))
    );
    let some = |name: &str| vec![column("r", "r", row(&[(name, DataType::Int32)]))];
    assert_eq!(
        read(&writer, &reader, some("b"), &[2]),
        (json!({"r": {"b": 1}}), 0, Ok(()))
    );
    assert_eq!(
        read(&writer, &reader, vec![column("a", "r.a", DataType::Utf8)], &[2]).1,
        1
    );
}

#[test]
fn a_default_of_another_type_is_a_misfit_where_it_is_needed() {
    let reader = r#"{"type": "record", "name": "R", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": "five"}]}"#;
    let complete = record(r#""a": "int", "b": "int""#);
    assert_eq!(
        resolve(&complete, reader, &[2, 4]),
        Ok((json!({"a": 1, "b": 2}), 0))
    );
    let older = record(r#""a": "int""#);
    let all = read(&older, reader, fields(reader).unwrap(), &[2]);
    assert_eq!((all.0, all.1), (json!({"a": 1, "b": null}), 1));
    assert_eq!(
        all.2,
        Err(
            "column `b`: a field that its writer lacks and whose default is of another type does not fit Int32"
                .to_owned()
        )
    );
    let endless = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"},
        {"name": "b", "type": {"type": "record", "name": "N", "fields": [{"name": "n", "type": "N", "default": {}}]}, "default": {}}]}"#;
    assert_eq!(
        resolve(&older, endless, &[2]),
        Ok((json!({"a": 1, "b": null}), 1))
    );
}

#[test]
fn null_is_null_even_where_nothing_else_resolves() {
    let writer = record(r#""a": ["null", "int"]"#);
    for reader in [
        r#""string""#,
        r#"["null", "string"]"#,
        r#"["null", "string", "boolean"]"#,
    ] {
        let reader = record(&format!(r#""a": {reader}"#));
        assert_eq!(resolve(&writer, &reader, &[0]), Ok((json!({"a": null}), 0)));
        assert_eq!(resolve(&writer, &reader, &[2, 14]), Ok((json!({"a": null}), 1)));
    }
}

#[test]
fn what_json_text_hides_is_counted() {
    let inner = |of: &str, more: &str| {
        let inner = record(&format!(r#""x": {of}, "y": "int"{more}"#)).replace("\"R\"", "\"N\"");
        record(&format!(r#""n": {inner}"#))
    };
    let (writer, reader) = (inner(r#""int""#, ""), inner(r#""string""#, r#", "z": "int""#));
    let text = || vec![column("n", "n", DataType::Utf8)];
    let (row, misfits, strict) = read(&writer, &reader, text(), &[14, 4]);
    assert_eq!((row, misfits), (json!({"n": r#"{"x":null,"y":2,"z":null}"#}), 2));
    assert!(strict.unwrap_err().starts_with("column `n`: "));
    assert_eq!(
        read(&writer, &writer, text(), &[14, 4]),
        (json!({"n": r#"{"x":7,"y":2}"#}), 0, Ok(()))
    );
}

#[test]
fn a_mapping_into_what_has_no_such_parts_is_a_misfit() {
    let reader = record(
        r#""a": {"type": "record", "name": "N", "fields": [{"name": "x", "type": "int"}]},
           "l": {"type": "array", "items": "int"}, "m": {"type": "map", "values": "int"}, "b": "int""#,
    );
    let writer = record(r#""a": "string", "l": "int", "m": "boolean", "b": "int""#);
    let columns = vec![
        column("x", "a.x", DataType::Int32),
        column("l", "l[0]", DataType::Int32),
        column("m", "m.k", DataType::Int32),
        column("b", "b", DataType::Int32),
    ];
    let (row, misfits, _) = read(&writer, &reader, columns, &[2, b'q', 2, 14, 1]);
    assert_eq!(
        (row, misfits),
        (json!({"x": null, "l": null, "m": null, "b": 1}), 3)
    );
}

#[test]
fn keys_are_no_different() {
    let reader = record(r#""a": "string", "b": "int""#);
    let encoding = |definition: &str| Encoding::Avro {
        definition: definition.to_owned(),
        references: Vec::new(),
    };
    let columns = vec![
        sourced("a", "key", "a", DataType::Utf8),
        sourced("b", "key", "b", DataType::Int32),
        column("v", "v", DataType::Int32),
    ];
    let mut table = table(encoding(&record(r#""v": "int""#)), columns);
    table.key = Some(encoding(&reader));
    let writers: Arc<dyn WriterSchemas> = Arc::new(Writer(
        record(r#""a": "int", "b": "int""#).replace("\"R\"", "\"k.Other\""),
    ));
    let mut decoder = RowDecoder::try_new(&table.schema, Some(&table), &writers).unwrap();
    let key = framed(&[14, 2]);
    let both = Record {
        key: Some(&key),
        ..Record::of_value(&[6])
    };
    decoder.decode(&both).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"a": null, "b": 1, "v": 3})]);
    assert_eq!(decoder.bad_keys(), 0);
    assert_eq!(decoder.value_errors().len(), 1);
    let mut strict = RowDecoder::try_new(&table.schema, Some(&table), &writers)
        .unwrap()
        .strict();
    let reason = strict.decode(&both).unwrap_err().to_string();
    assert!(reason.contains("`a`"), "{reason}");
}

#[test]
fn a_schema_that_is_one_plain_type_has_a_misfit_in_its_column() {
    assert_eq!(
        resolve(r#""string""#, r#""int""#, &[2, b'x']),
        Ok((json!({"value": null}), 1))
    );
}

#[test]
fn a_writer_of_no_record_at_all_writes_bad_records() {
    let reader = record(r#""a": "int""#);
    for (writer, found) in [(r#""int""#, "int"), (r#"["null", "string"]"#, "union")] {
        assert_eq!(
            resolve(writer, &reader, &[2]),
            Err(format!("the record's schema 1: wanted record R, found {found}"))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_field_that_does_not_resolve_costs_no_other_column((schema, values) in topic(), chosen: prop::sample::Index) {
        let mut reader: Json = serde_json::from_str(&schema).unwrap();
        let written = reader["fields"].as_array_mut().unwrap();
        let chosen = chosen.index(written.len());
        written[chosen]["type"] = json!({"type": "enum", "name": "Unheard", "symbols": ["OF"]});
        let name = written[chosen]["name"].as_str().unwrap().to_owned();
        let reader = reader.to_string();
        let judge = Judge::parse_str(&schema).unwrap();
        for (value, mut wanted) in values {
            let datum = to_avro_datum(&judge, value).unwrap();
            let misfits = u64::from(!wanted[&name].is_null());
            wanted[&name] = Json::Null;
            prop_assert_eq!(resolve(&schema, &reader, &datum), Ok((wanted, misfits)));
            let others: Vec<Field> = fields(&reader).unwrap().into_iter().filter(|field| *field.name() != name).collect();
            prop_assert_eq!(read(&schema, &reader, others, &datum).2, Ok(()));
        }
    }
}
