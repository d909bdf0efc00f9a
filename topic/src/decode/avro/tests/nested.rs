//! Complex values: as text, as rows, lists and maps, and by path.

use super::types::{MONEY, data_type, logical, row, text, unscaled};
use super::*;

#[test]
fn shows_parts_as_json_text_in_varchar() {
    let of = format!(
        r#"{{"type": "record", "name": "P", "fields": [
            {{"name": "n", "type": ["null", "int"]}},
            {{"name": "s", "type": "string"}},
            {{"name": "b", "type": "bytes"}},
            {{"name": "f", "type": {{"type": "array", "items": "double"}}}},
            {{"name": "g", "type": "float"}},
            {{"name": "m", "type": {{"type": "map", "values": {MONEY}}}}},
            {{"name": "t", "type": {}}},
            {{"name": "u", "type": ["int", "string", "boolean"]}},
            {{"name": "e", "type": {{"type": "record", "name": "Empty", "fields": []}}}}
        ]}}"#,
        logical("long", "timestamp-micros")
    );
    let value = avro_record(&[
        ("n", Avro::Union(0, Avro::Null.into())),
        ("s", text("a\"\n")),
        ("b", Avro::Bytes(vec![0, 255])),
        (
            "f",
            Avro::Array([1.0, 1e21, f64::NEG_INFINITY].map(Avro::Double).to_vec()),
        ),
        ("g", Avro::Float(f32::INFINITY)),
        ("m", Avro::Map([("k".to_owned(), unscaled(150))].into())),
        ("t", Avro::TimestampMicros(1_500_000)),
        ("u", Avro::Union(2, Avro::Boolean(true).into())),
        ("e", Avro::Record(vec![])),
    ]);
    let wanted = concat!(
        r#"{"n":null,"s":"a\"\n","b":"AP8=","f":[1.0,1e21,"-Infinity"],"g":"Infinity","m":{"k":1.50},"#,
        r#""t":"1970-01-01 00:00:01.500","u":true,"e":{}}"#
    );
    assert_eq!(value_as(&of, value, DataType::Utf8), (json!(wanted), 0));
}

#[test]
fn matches_fields_of_rows_by_name_then_whatever_their_case() {
    let of = r#"{"type": "record", "name": "P", "fields": [
        {"name": "ab", "type": "int"}, {"name": "Ab", "type": "int"}, {"name": "Cd", "type": "int"}]}"#;
    let value = || avro_record(&[("ab", Avro::Int(2)), ("Ab", Avro::Int(1)), ("Cd", Avro::Int(3))]);
    let int = DataType::Int32;
    let lower = row(&[("ab", int.clone()), ("cd", int.clone()), ("ef", int.clone())]);
    assert_eq!(
        value_as(of, value(), lower),
        (json!({"ab": 2, "cd": 3, "ef": null}), 0)
    );
    assert_eq!(value_as(of, value(), row(&[("AB", int)])).1, 0);
}

#[test]
fn a_record_whose_fields_differ_by_case_alone_is_its_text() {
    let of = r#"{"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}, {"name": "X", "type": "int"}]}"#;
    let value = avro_record(&[("x", Avro::Int(1)), ("X", Avro::Int(2))]);
    assert_eq!(value_as(of, value, data_type(of)), (json!(r#"{"x":1,"X":2}"#), 0));
}

#[test]
fn a_map_entry_whose_key_does_not_fit_is_dropped() {
    let key = Field::new("key", DataType::Int32, false);
    let value = Field::new("value", DataType::Utf8, true);
    let entries = Field::new("entries", DataType::Struct(vec![key, value].into()), false);
    let schema = record(r#""a": {"type": "map", "values": "int"}"#);
    let to = DataType::Map(Arc::new(entries), false);
    let mut decoder = declared(&schema, vec![column("a", "a", to)]);
    decoder
        .decode(&[6, 2, b'1', 2, 2, b'x', 4, 2, b'2', 6, 0])
        .unwrap();
    assert_eq!(decoder.value_errors()[0].values, 1);
    let batch = decoder.flush();
    let entries = batch.column(0).as_map().value(0);
    assert_eq!(entries.column(0).as_primitive::<Int32Type>().values(), &[1, 2]);
    assert_eq!(entries.column(1).as_string::<i32>().value(1), "3");
}

#[test]
fn shows_a_union_of_records_by_branch_or_as_the_record_in_it() {
    let of = r#"["null",
        {"type": "record", "name": "A", "fields": [{"name": "x", "type": "int"}]},
        {"type": "record", "name": "B", "fields": [{"name": "x", "type": "long"}, {"name": "y", "type": "int"}]}]"#;
    let b = || {
        Avro::Union(
            2,
            avro_record(&[("x", Avro::Long(1)), ("y", Avro::Int(2))]).into(),
        )
    };
    assert_eq!(value_of(of, b()), json!({"A": null, "B": {"x": 1, "y": 2}}));
    let merged = row(&[("x", DataType::Int64), ("y", DataType::Int32)]);
    assert_eq!(value_as(of, b(), merged), (json!({"x": 1, "y": 2}), 0));
    let other = row(&[("a", row(&[("x", DataType::Int32)]))]);
    assert_eq!(value_as(of, b(), other), (json!({"a": null}), 0));
    let namesakes =
        r#"[{"type": "fixed", "name": "n.F", "size": 1}, {"type": "fixed", "name": "m.F", "size": 2}]"#;
    assert_eq!(
        data_type(namesakes),
        row(&[("n.F", DataType::Binary), ("m.F", DataType::Binary)])
    );
}

#[test]
fn a_schema_that_is_no_record_makes_one_column() {
    let columns = fields(r#""long""#).unwrap();
    assert_eq!(columns.len(), 1);
    assert_eq!(
        (columns[0].name().as_str(), columns[0].data_type()),
        ("value", &DataType::Int64)
    );
    let mut decoder = derived(r#""long""#);
    decoder.decode(&[10]).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"value": 5})]);

    let mut decoder = derived(r#"{"type": "map", "values": "int"}"#);
    decoder.decode(&[2, 2, b'a', 2, 0]).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"value": {"a": 1}})]);
}

#[test]
fn a_record_or_null_makes_the_records_columns() {
    let schema = format!(r#"["null", {}]"#, record(r#""a": "int", "b": "string""#));
    let mut decoder = derived(&schema);
    decoder.decode(&[2, 2, 2, b'x']).unwrap();
    decoder.decode(&[0]).unwrap();
    assert_eq!(
        rows(&decoder.flush()),
        [json!({"a": 1, "b": "x"}), json!({"a": null, "b": null})]
    );
}

#[test]
fn follows_paths() {
    let schema = record(
        r#""a": {"type": "record", "name": "A", "fields": [{"name": "b", "type": ["null", "int"]}, {"name": "c", "type": "string"}]},
           "items": {"type": "array", "items": {"type": "record", "name": "I", "fields": [{"name": "q", "type": "int"}]}},
           "m": {"type": "map", "values": "long"},
           "u": ["null", "int", "A"]"#,
    );
    let of = |name: &str, path: &str, to: &DataType| column(name, path, to.clone());
    let (int, text) = (DataType::Int32, DataType::Utf8);
    let mut decoder = declared(
        &schema,
        vec![
            of("whole", "a", &text),
            of("b", "a.b", &int),
            of("again", "a.b", &text),
            of("second", "items.1.q", &int),
            of("fifth", "items.5.q", &int),
            of("k", "m.k", &int),
            of("branch", "u.int", &int),
            of("other", "u.A.c", &text),
            of("none", "", &text),
        ],
    );
    let a = || {
        avro_record(&[
            ("b", Avro::Union(1, Avro::Int(7).into())),
            ("c", Avro::String("x".into())),
        ])
    };
    let value = |union: Avro| {
        avro_record(&[
            ("a", a()),
            (
                "items",
                Avro::Array([1, 2].map(|q| avro_record(&[("q", Avro::Int(q))])).to_vec()),
            ),
            (
                "m",
                Avro::Map([("k".to_owned(), Avro::Long(9)), ("l".to_owned(), Avro::Long(8))].into()),
            ),
            ("u", union),
        ])
    };
    decoder
        .decode(&encoded(&schema, value(Avro::Union(1, Avro::Int(3).into()))))
        .unwrap();
    decoder
        .decode(&encoded(&schema, value(Avro::Union(2, a().into()))))
        .unwrap();
    let row = |branch: Json, other: Json| {
        json!({"whole": r#"{"b":7,"c":"x"}"#, "b": 7, "again": "7", "second": 2, "fifth": null, "k": 9,
            "branch": branch, "other": other, "none": null})
    };
    assert_eq!(
        rows(&decoder.flush()),
        [row(json!(3), Json::Null), row(Json::Null, json!("x"))]
    );
    assert_eq!(decoder.value_errors(), []);
}

#[test]
fn of_a_key_given_twice_the_last_counts() {
    let schema = record(r#""m": {"type": "map", "values": "int"}"#);
    let mut decoder = declared(&schema, vec![column("k", "m.k", DataType::Int32)]);
    decoder.decode(&[4, 2, b'k', 2, 2, b'k', 4, 0]).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"k": 2})]);
}

#[test]
fn knows_which_paths_lead_somewhere() {
    let schema = record(
        r#""a": {"type": "array", "items": "int"}, "b": ["null", "int", "string"], "c": {"type": "map", "values": "int"}"#,
    );
    for (path, leads) in [
        ("a", true),
        ("a[3]", true),
        ("a.0", true),
        ("b.int", true),
        ("c.any", true),
        ("x", false),
        ("a.x", false),
        ("a.0.x", false),
        ("b.x", false),
        ("b.long", false),
        ("c.any.x", false),
        ("A", false),
    ] {
        let path = Path::parse(path).unwrap();
        assert_eq!(
            lead_somewhere(&schema, &[], std::slice::from_ref(&path)).unwrap(),
            [leads],
            "{path}"
        );
    }
    let paths = ["value", "other"].map(|path| Path::parse(path).unwrap());
    assert_eq!(lead_somewhere(r#""int""#, &[], &paths).unwrap(), [true, false]);
}

#[test]
fn refuses_a_schema_that_is_none_and_a_mapping_that_is_no_path() {
    assert!(refused(r#""Order""#, &[]).contains("the type `Order` is not defined"));
    assert!(refused(r#""int""#, &[("c", "a[x]")]).contains("column `c`: the bracket at position 1"));
}

#[test]
fn two_of_four_fields_are_as_in_all_four() {
    let schema = record(
        r#""a": "string", "b": {"type": "map", "values": {"type": "array", "items": ["null", "long"]}},
           "c": {"type": "record", "name": "C", "fields": [{"name": "d", "type": "bytes"}]}, "e": "double""#,
    );
    let long = |value| Avro::Union(1, Avro::Long(value).into());
    let datum = encoded(
        &schema,
        avro_record(&[
            ("a", Avro::String("x".into())),
            (
                "b",
                Avro::Map([("k".to_owned(), Avro::Array(vec![long(1), long(-1)]))].into()),
            ),
            ("c", avro_record(&[("d", Avro::Bytes(vec![1; 300]))])),
            ("e", Avro::Double(2.5)),
        ]),
    );
    let all = fields(&schema).unwrap();
    let read = |columns: Vec<Field>| {
        let mut decoder = declared(&schema, columns);
        decoder.decode(&datum).unwrap();
        rows(&decoder.flush()).remove(0)
    };
    let whole = read(all.clone());
    for (first, second) in [(0, 1), (0, 2), (3, 1), (2, 3), (3, 0)] {
        let some = read(vec![all[first].clone(), all[second].clone()]);
        for column in [first, second] {
            let name = all[column].name();
            assert_eq!(some[name], whole[name]);
        }
    }
    assert_eq!(read(vec![]), json!({}));
}

#[test]
fn refuses_schemas_that_unfold_without_end() {
    let level = |of: usize| match of {
        0 => r#"{"type": "record", "name": "L0", "fields": [{"name": "x", "type": "int"}]}"#.to_owned(),
        of => format!(r#""L{of}""#),
    };
    // Each level contains the previous one twice.
    let mut schema = level(0);
    for of in 1..40 {
        let before = of - 1;
        schema = format!(
            r#"{{"type": "record", "name": "L{of}", "fields": [{{"name": "a", "type": {schema}}}, {{"name": "b", "type": "L{before}"}}]}}"#
        );
    }
    let reason = fields(&schema).unwrap_err().reason;
    assert!(
        reason.ends_with("the schema expands to more than 10000 fields"),
        "{reason}"
    );
    assert_eq!(
        fields(r#"{"type": "record", "name": "Empty", "fields": []}"#)
            .unwrap_err()
            .reason,
        "record Empty has no fields; a table needs a column"
    );
}
