use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::decode::{NoWriterSchemas, RowDecoder, WriterSchemas};
use crate::definition::SchemaDefinition;
use crate::record::Record;
use crate::table::TopicTable;

/// Key and value.
type Sample<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn records<'a>(samples: &'a [Sample<'a>]) -> impl Iterator<Item = InferRecord<'a>> {
    samples.iter().map(|&(key, value)| InferRecord { key, value })
}

fn of_values(values: &[&[u8]]) -> Inferred {
    let samples: Vec<_> = values.iter().map(|value| (None, Some(*value))).collect();
    infer("t", records(&samples))
}

fn of_texts(values: &[&str]) -> Inferred {
    of_values(&values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>())
}

/// Type and hint of the one column `v` for these JSON values.
fn column(values: &[&str]) -> (String, String, Vec<String>) {
    let values: Vec<_> = values
        .iter()
        .map(|value| format!(r#"{{"v": {value}}}"#))
        .collect();
    let inferred = of_texts(&values.iter().map(String::as_str).collect::<Vec<_>>());
    let field = &inferred.document["message"]["fields"][0];
    let text = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
    (text("type"), text("formatHint"), inferred.notes)
}

fn type_of(values: &[&str]) -> String {
    column(values).0
}

fn table(inferred: &Inferred) -> TopicTable {
    let definition = SchemaDefinition {
        schema_version_id: "1".into(),
        data_format: "JSON".into(),
        definition: inferred.document.to_string(),
        ..SchemaDefinition::default()
    };
    TopicTable::parse("r", "s", &definition).unwrap()
}

/// Reads the samples with the proposal; fails at the first value that does not fit.
fn reads_its_samples(inferred: &Inferred, samples: &[Sample<'_>]) -> Result<(), String> {
    let table = table(inferred);
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    let decoder = RowDecoder::try_new(&table.schema, Some(&table), &writers);
    let mut decoder = decoder.map_err(|error| error.to_string())?.strict();
    for (key, value) in samples {
        let record = Record {
            key: *key,
            ..Record::of_value(value.unwrap_or_default())
        };
        let decoded = match value {
            Some(_) => decoder.decode(&record),
            None => decoder.append_null_value(&record, None),
        };
        decoded.map_err(|error| format!("{error}: {}", inferred.document))?;
    }
    assert_eq!(decoder.flush().num_rows(), samples.len());
    Ok(())
}

#[test]
fn proposes_the_orders_document() {
    let inferred = of_texts(&[
        r#"{"order_id": "a1", "ordered_at": "2023-03-09 21:05:00.073", "total": 12.50, "createdAt": 1678396140123,
            "items": [{"product_id": 1, "quantity": 2}]}"#,
        r#"{"order_id": "a2", "ordered_at": "2023-03-10 00:00:00.000", "total": 3.25, "createdAt": 1678396140124,
            "items": [{"product_id": 7, "gift": true}], "note": null}"#,
    ]);
    assert_eq!(
        inferred.document,
        json!({
            "topicName": "t",
            "message": {"dataFormat": "json", "fields": [
                {"name": "order_id", "mapping": "order_id", "type": "VARCHAR"},
                {"name": "ordered_at", "mapping": "ordered_at", "type": "TIMESTAMP"},
                {"name": "total", "mapping": "total", "type": "DECIMAL(18,2)"},
                {"name": "createdat", "mapping": "createdAt", "type": "TIMESTAMP", "formatHint": "epoch_millis"},
                {"name": "items", "mapping": "items",
                 "type": "ARRAY(ROW(product_id BIGINT, quantity BIGINT, gift BOOLEAN))"},
                {"name": "note", "mapping": "note", "type": "VARCHAR"}
            ]}
        })
    );
    assert_eq!(
        inferred.notes,
        [
            "column `createdat`: read as epoch_millis for its name and its numbers",
            "column `note`: no sample has a value for it",
        ]
    );
    assert!(table(&inferred).column("items").is_some());
}

#[test]
fn widens_types_over_the_samples() {
    for (values, wanted) in [
        (["1", "null", "-5"].as_slice(), "BIGINT"),
        (&["1", "2.5"], "DOUBLE"),
        (&["1.50", "2.25"], "DECIMAL(18,2)"),
        (&["true", "false"], "BOOLEAN"),
        (&["true", "1"], "VARCHAR"),
        (&["1", r#""1""#], "VARCHAR"),
        (&["null"], "VARCHAR"),
        (&[r#""2023-03-09""#], "DATE"),
        (&[r#""2023-03-09""#, r#""""#], "VARCHAR"),
        (&[r#""\ud800""#, r#""2023-03-09""#], "VARCHAR"),
        (&["[]"], "ARRAY(VARCHAR)"),
        (&["[1, 2.5]", "[null]"], "ARRAY(DOUBLE)"),
        (&["[1]", "{}"], "VARCHAR"),
        (&["[[1]]", "[]"], "ARRAY(ARRAY(BIGINT))"),
        (&["{}"], "VARCHAR"),
        (
            &[r#"{"a": 1}"#, r#"{"b": "2023-03-09"}"#],
            "ROW(a BIGINT, b DATE)",
        ),
        (
            &[r#"{"a b": {"c": [true]}}"#],
            r#"ROW("a b" ROW(c ARRAY(BOOLEAN)))"#,
        ),
        (&[r#"{"a": 1}"#, r#"{"A": 1}"#], "VARCHAR"),
        (&[r#"{"": 1}"#], "VARCHAR"),
        (&[r#"{"a": 1}"#, "5"], "VARCHAR"),
        (
            &[r#"{"a": "09/03/2023", "ts": 1678396140}"#],
            "ROW(a VARCHAR, ts BIGINT)",
        ),
        (
            &[r#"{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":1}}}}}}}}"#],
            "ROW(b ROW(c ROW(d ROW(e ROW(f ROW(g ROW(h VARCHAR)))))))",
        ),
        (
            &["[[[[[[[[1]]]]]]]]"],
            "ARRAY(ARRAY(ARRAY(ARRAY(ARRAY(ARRAY(ARRAY(VARCHAR)))))))",
        ),
    ] {
        assert_eq!(type_of(values), wanted, "{values:?}");
    }
}

#[test]
fn takes_objects_of_ids_or_of_varying_keys_for_maps() {
    let ids = [r#"{"17": 1, "4": 2}"#, r#"{"5": 2.5}"#];
    assert_eq!(type_of(&ids), "MAP(VARCHAR, DOUBLE)");
    let uuids =
        r#"{"6f1ed002-ab5e-4c3a-8b7e-000000000001": {"n": 1}, "6f1ed002-ab5e-4c3a-8b7e-000000000002": {}}"#;
    assert_eq!(type_of(&[uuids]), "MAP(VARCHAR, ROW(n BIGINT))");

    let object = |at: usize| format!(r#"{{"k{at}": {at}, "k{}": 1}}"#, at + 1);
    let objects: Vec<_> = (0..16).map(object).collect();
    let objects: Vec<_> = objects.iter().map(String::as_str).collect();
    assert_eq!(type_of(&objects), "MAP(VARCHAR, BIGINT)");
    assert!(type_of(&objects[..10]).starts_with("ROW("));
    let mixed = [objects.as_slice(), &[r#"{"k0": "text"}"#]].concat();
    assert!(type_of(&mixed).starts_with("ROW("));
}

#[test]
fn tells_what_a_person_has_to_decide() {
    for (values, wanted) in [
        (["1", r#""a""#].as_slice(), "samples have values of several kinds"),
        (&["{}"], "objects without a common structure, shown as JSON"),
        (
            &[r#""[1]""#, r#""{}""#],
            "its text holds JSON, which an ARRAY, ROW or MAP type, or json_parse, would read",
        ),
        (
            &[r#""01/02/2023""#],
            "dates, of formatHint `dd/MM/yyyy` or `MM/dd/yyyy`: no sample distinguishes them",
        ),
    ] {
        let (data_type, hint, notes) = column(values);
        assert_eq!((data_type.as_str(), hint.as_str()), ("VARCHAR", ""), "{values:?}");
        assert_eq!(notes, [format!("column `v`: {wanted}")]);
    }
}

#[test]
fn finds_the_format_of_dates() {
    let (data_type, hint, notes) = column(&[r#""13/02/2023 21:05:00""#, r#""01/02/2023 21:05:00""#]);
    assert_eq!(
        (data_type.as_str(), hint.as_str()),
        ("TIMESTAMP", "dd/MM/yyyy HH:mm:ss")
    );
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn keys_given_twice_count_twice() {
    let inferred = of_texts(&[r#"{"v": "text", "v": 5}"#]);
    assert_eq!(inferred.document["message"]["fields"][0]["type"], "VARCHAR");
}

#[test]
fn names_columns_as_athena_likes_them() {
    let inferred =
        of_texts(&[r#"{"userId": 1, "userid": 2, "a.b": 3, "": 4, "/x": 5, "é": 6, "user_id": 7}"#]);
    let fields = inferred.document["message"]["fields"].as_array().unwrap();
    let names: Vec<_> = fields
        .iter()
        .map(|field| (field["name"].as_str(), field["mapping"].as_str()))
        .collect();
    let wanted = [
        ("userid", "userId"),
        ("userid_2", "userid"),
        ("a_b", r"a\.b"),
        ("column", "/"),
        ("_x", r"\/x"),
        ("_", "é"),
        ("user_id", "user_id"),
    ];
    assert_eq!(names, wanted.map(|(name, mapping)| (Some(name), Some(mapping))));
}

#[test]
fn proposes_csv_with_its_delimiter() {
    let lines = [
        "1;2023-03-09;\"a;b\";;true\r\n",
        "2;2023-03-10;007;;FALSE",
        "3; 2023-03-11 ;x\"y;;true",
    ];
    let inferred = of_texts(&lines);
    let fields = [
        ("column_1", "BIGINT"),
        ("column_2", "DATE"),
        ("column_3", "VARCHAR"),
        ("column_4", "VARCHAR"),
        ("column_5", "BOOLEAN"),
    ];
    let fields = fields
        .iter()
        .enumerate()
        .map(|(at, (name, data_type))| json!({"name": name, "mapping": at.to_string(), "type": data_type}));
    let wanted = json!({
        "topicName": "t",
        "message": {"dataFormat": "csv", "csv": {"delimiter": ";"}, "fields": fields.collect::<Vec<_>>()}
    });
    assert_eq!(inferred.document, wanted);
    assert_eq!(
        inferred.notes,
        [
            "column `column_4`: no sample has a value for it",
            "CSV has no names: columns are numbered, rename them"
        ]
    );
    let samples: Vec<_> = lines.iter().map(|line| (None, Some(line.as_bytes()))).collect();
    reads_its_samples(&inferred, &samples).unwrap();
}

#[test]
fn prefers_the_delimiter_that_makes_the_most_columns() {
    let inferred = of_texts(&["a,b|c|d", "e,f|g|h"]);
    assert_eq!(inferred.document["message"]["csv"]["delimiter"], "|");
    assert_eq!(of_texts(&["a,b;c", "d,e;f"]).document["message"].get("csv"), None);
}

#[test]
fn prose_is_no_csv() {
    for values in [
        ["Hello, world"].as_slice(),
        &["one", "two"],
        &["a,b", "c"],
        &["a,b\nc,d", "e,f\ng,h"],
        &["a,\"b", "c,d"],
        &["[1, 2]"],
        &["5"],
    ] {
        let wanted = json!({"dataFormat": "raw", "fields": [{"name": "value", "type": "VARCHAR"}]});
        assert_eq!(of_texts(values).document["message"], wanted, "{values:?}");
    }
}

#[test]
fn shows_bytes_as_bytes() {
    let inferred = of_values(&[b"\xff\x00\x01", b"text"]);
    let wanted = json!({"dataFormat": "raw", "fields": [{"name": "value", "type": "VARBINARY"}]});
    assert_eq!(inferred.document["message"], wanted);
    assert_eq!(
        inferred.notes,
        ["values are neither JSON nor text: shown as bytes"]
    );
}

#[test]
fn tells_how_to_register_the_schema_of_framed_payloads() {
    let glue = [&[3, 0], [7; 16].as_slice(), b"\x02a"].concat();
    let inferred = of_values(&[&glue]);
    assert_eq!(inferred.document["message"]["fields"][0]["type"], "VARBINARY");
    let [note] = inferred.notes.as_slice() else {
        panic!("one note")
    };
    assert!(
        note.contains("schema version 07070707-0707-0707-0707-070707070707"),
        "{note}"
    );
    assert!(
        note.contains("register it in Glue, as AVRO or PROTOBUF, under the name `t`"),
        "{note}"
    );

    let confluent = [&[0, 0, 0, 1, 2], b"\x02abcdefgh".as_slice()].concat();
    let inferred = infer("t", records(&[(Some(&confluent), Some(b"{\"a\": 1}"))]));
    let [note] = inferred.notes.as_slice() else {
        panic!("one note")
    };
    assert!(
        note.starts_with("keys have the header of a Confluent schema registry and name schema id 258"),
        "{note}"
    );
    table(&inferred);
}

#[test]
fn json_behind_a_header_is_json() {
    let glue = [&[3, 0], [7; 16].as_slice(), b"{\"a\": 1}"].concat();
    assert_eq!(of_values(&[&glue]).document["message"]["dataFormat"], "json");
}

#[test]
fn keys_have_columns_of_their_own() {
    let value: Option<&[u8]> = Some(br#"{"id": 1, "key": 2}"#);
    let text = infer("t", records(&[(Some(b"k1"), value), (None, None)]));
    assert_eq!(
        text.document["key"],
        json!({"dataFormat": "raw", "fields": [{"name": "key_2", "type": "VARCHAR"}]})
    );
    let object = infer("t", records(&[(Some(br#"{"id": 1}"#), value)]));
    assert_eq!(
        object.document["key"],
        json!({"dataFormat": "json", "fields": [{"name": "key_id", "mapping": "id", "type": "BIGINT"}]})
    );
    let long = infer("t", records(&[(Some(&[0, 0, 0, 0, 0, 0, 0, 5]), value)]));
    assert_eq!(long.document["key"]["fields"][0]["type"], "VARBINARY");
    assert_eq!(infer("t", records(&[(None, value)])).document.get("key"), None);
}

#[test]
fn mostly_json_is_json_with_a_note() {
    let inferred = of_texts(&[r#"{"a": 1}"#, "oops", r#"{"a": 2} trailing"#]);
    assert_eq!(inferred.document["message"]["dataFormat"], "json");
    assert_eq!(
        inferred.notes,
        ["1 of 3 values are not JSON objects and would be bad records"]
    );
}

#[test]
fn proposes_something_even_for_nothing() {
    for samples in [
        [].as_slice(),
        &[(None, None)],
        &[(None, Some(b"".as_slice()))],
        &[(None, Some(b"{}"))],
    ] {
        let inferred = infer("t", records(samples));
        assert_eq!(inferred.document["message"]["dataFormat"], "raw", "{samples:?}");
        table(&inferred);
    }
}

#[test]
fn bounds_columns() {
    let members: Vec<_> = (0..300).map(|at| format!(r#""c{at}": {at}"#)).collect();
    let object = format!("{{{}}}", members.join(","));
    let inferred = of_texts(&[&object]);
    assert_eq!(
        inferred.document["message"]["fields"].as_array().map(Vec::len),
        Some(256)
    );
    assert_eq!(
        inferred.notes,
        ["values have more keys than the 256 columns shown"]
    );
    assert_eq!(type_of(&[&object]), "VARCHAR");
}

#[test]
fn bounds_places_in_all() {
    let object = |prefix: &str, count: usize, value: &str| {
        let members: Vec<_> = (0..count)
            .map(|at| format!(r#""{prefix}{at}": {value}"#))
            .collect();
        format!("{{{}}}", members.join(","))
    };
    let inferred = of_texts(&[&object("a", 60, &object("b", 200, "true"))]);
    let fields = inferred.document["message"]["fields"].as_array().unwrap();
    let types = fields
        .iter()
        .map(|field| field["type"].as_str().unwrap_or_default());
    let places: usize = types.map(|name| name.matches("BOOLEAN").count()).sum();
    assert!((9_000..10_000).contains(&places), "{places}");
}

/// JSON texts of limited depth.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        (0..4_000_000_000_i64).prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,3})\\.[0-9]{2}",
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9])?".prop_map(|text| format!("\"{text}\"")),
        "[0-3][0-9]/[01][0-9]/20[0-9]{2}".prop_map(|text| format!("\"{text}\"")),
        ".{0,6}".prop_map(|text| Value::from(text).to_string()),
        prop::sample::select(vec![
            r#""[1]""#,
            r#""{\"a\":1}""#,
            r#""\ud800""#,
            r#""true""#,
            "\"5\""
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            members("[abAB1-3]{0,2}", inner),
        ]
    })
}

fn members(names: &'static str, value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((names, value), 0..5).prop_map(|members| {
        let members = members
            .into_iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn reads_json_samples_without_a_misfit(
        values in prop::collection::vec(members("(ts|created_at|[a-c. ]{0,2})", value()), 1..6),
        keys in prop_oneof![
            prop::collection::vec(members("[ab]", value()), 0..6),
            prop::collection::vec("[^{]{0,4}", 0..6),
        ],
    ) {
        let keys = keys.iter().map(|key| Some(key.as_bytes())).chain(std::iter::repeat(None));
        let samples: Vec<_> = values.iter().zip(keys).map(|(value, key)| (key, Some(value.as_bytes()))).collect();
        let inferred = infer("t", records(&samples));
        prop_assert_eq!(reads_its_samples(&inferred, &samples), Ok(()));
        prop_assert_eq!(infer("t", records(&samples)), inferred);
    }

    #[test]
    fn reads_csv_samples_without_a_misfit(
        lines in prop::collection::vec(prop::collection::vec(
            "(-?[0-9]{1,4}(\\.[0-9]{2})?|true|2023-03-0[1-9]|[a-z \" ]{0,3}|\"[^\"]{0,3}\"|)", 3..=3,
        ), 1..5),
    ) {
        let lines: Vec<_> = lines.iter().map(|fields| fields.join(",")).collect();
        let samples: Vec<_> = lines.iter().map(|line| (None, Some(line.as_bytes()))).collect();
        prop_assert_eq!(reads_its_samples(&infer("t", records(&samples)), &samples), Ok(()));
    }

    #[test]
    fn any_bytes_give_a_document_that_reads_them(
        samples in prop::collection::vec((any::<Option<Vec<u8>>>(), any::<Option<Vec<u8>>>()), 0..4),
    ) {
        let samples: Vec<_> = samples.iter().map(|(key, value)| (key.as_deref(), value.as_deref())).collect();
        prop_assert_eq!(reads_its_samples(&infer("t", records(&samples)), &samples), Ok(()));
    }
}

fn keyed(keys: &[&str]) -> Inferred {
    let samples: Vec<_> = keys
        .iter()
        .map(|key| (Some(key.as_bytes()), Some(b"{}".as_slice())))
        .collect();
    infer("t", records(&samples))
}

fn fields(side: &Value) -> Vec<(String, String, String, String)> {
    let text = |field: &Value, key: &str| field[key].as_str().unwrap_or_default().to_owned();
    let fields = side["fields"].as_array().unwrap().iter();
    fields
        .map(|field| {
            let [name, mapping, type_name, hint] =
                ["name", "mapping", "type", "formatHint"].map(|key| text(field, key));
            (name, mapping, type_name, hint)
        })
        .collect()
}

fn field(name: &str, mapping: &str, type_name: &str, hint: &str) -> (String, String, String, String) {
    (
        name.to_owned(),
        mapping.to_owned(),
        type_name.to_owned(),
        hint.to_owned(),
    )
}

#[test]
fn keys_that_are_text_or_json_are_text() {
    for keys in [&["k1", "k2", r#"{"id":1}"#][..], &[r#"{"id":1}"#, "a,b", "c,d"]] {
        let inferred = keyed(keys);
        let key = &inferred.document["key"];
        assert_eq!(key["dataFormat"], "raw", "{keys:?}");
        assert_eq!(fields(key), [field("key", "", "VARCHAR", "")], "{keys:?}");
        let is_of_keys = |note: &&String| note.starts_with("keys");
        assert_eq!(inferred.notes.iter().find(is_of_keys), None);
    }
    let inferred = keyed(&["k1", "k2", "\u{1}\u{2}"]);
    assert_eq!(inferred.document["key"]["fields"][0]["type"], "VARBINARY");
}

#[test]
fn json_behind_headers_and_without_is_one_kind() {
    let glue = [&[3, 0], [7; 16].as_slice(), br#"{"a":3}"#].concat();
    let inferred = of_values(&[b"\0\0\0\0\x07{\"a\":1}", br#"{"a":2}"#, &glue]);
    assert_eq!(inferred.notes, [""; 0]);
    assert_eq!(
        fields(&inferred.document["message"]),
        [field("a", "a", "BIGINT", "")]
    );
}

#[test]
fn headers_of_both_registries_are_named() {
    let glue = [&[3, 0], [7; 16].as_slice(), b"\x02\x04"].concat();
    let inferred = of_values(&[b"\0\0\0\0\x07\x02\x04\x06\x08\x0a\x0c\x0e\x10", &glue, b"x", b"y"]);
    assert_eq!(inferred.document["message"]["fields"][0]["type"], "VARBINARY");
    assert_eq!(inferred.notes.len(), 2, "{:?}", inferred.notes);
}

#[test]
fn an_envelope_of_debezium_is_the_row_after_the_change() {
    let events = [
        r#"{"before":null,"after":{"id":1,"v":"x"},"op":"c","ts_ms":1,"source":{}}"#,
        r#"{"before":{"id":1,"v":"x"},"after":null,"op":"d","ts_ms":2,"source":{}}"#,
    ];
    let inferred = of_texts(&events);
    let message = &inferred.document["message"];
    let wanted = |way: &str| {
        [
            field("id", &format!("{way}after.id"), "BIGINT", ""),
            field("v", &format!("{way}after.v"), "VARCHAR", ""),
            field("op", &format!("{way}op"), "VARCHAR", ""),
        ]
    };
    assert_eq!(fields(message), wanted(""));
    assert!(
        inferred.notes[0].contains("metadataColumns"),
        "{:?}",
        inferred.notes
    );
    let samples = events.map(|event| (None, Some(event.as_bytes())));
    reads_its_samples(&inferred, &samples).unwrap();

    let wrapped = events.map(|event| format!(r#"{{"schema":{{"type":"struct"}},"payload":{event}}}"#));
    let inferred = of_texts(&wrapped.each_ref().map(String::as_str));
    assert_eq!(fields(&inferred.document["message"]), wanted("payload."));
    // A column of the same name as the operation.
    let inferred = of_texts(&[r#"{"before":null,"after":{"op":1},"op":"c","source":{}}"#]);
    assert_eq!(
        fields(&inferred.document["message"]),
        [
            field("op", "after.op", "BIGINT", ""),
            field("op_2", "op", "VARCHAR", "")
        ]
    );
    let inferred = of_texts(&[r#"{"before":1,"after":2,"op":"c","source":{}}"#]);
    assert_eq!(
        fields(&inferred.document["message"]).len(),
        4,
        "no rows: no envelope"
    );
}

#[test]
fn connects_schema_tells_types() {
    let types = r#"[
        {"type":"int32","field":"id"},
        {"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"price"},
        {"type":"int32","name":"io.debezium.time.Date","field":"day"},
        {"type":"int64","name":"io.debezium.time.MicroTimestamp","field":"at"}]"#;
    let row = r#"{"id":1,"price":"BNI=","day":19425,"at":1678395900123456}"#;
    let wanted = |way: &str| {
        [
            field("id", &format!("{way}id"), "BIGINT", ""),
            field("price", &format!("{way}price"), "DECIMAL(38,2)", "base64"),
            field("day", &format!("{way}day"), "DATE", "epoch_days"),
            field("at", &format!("{way}at"), "TIMESTAMP", "epoch_micros"),
        ]
    };
    let plain = format!(r#"{{"schema":{{"type":"struct","fields":{types}}},"payload":{row}}}"#);
    let inferred = of_texts(&[&plain]);
    assert_eq!(fields(&inferred.document["message"]), wanted("payload."));
    reads_its_samples(&inferred, &[(None, Some(plain.as_bytes()))]).unwrap();

    let envelope = format!(
        r#"{{"schema":{{"type":"struct","fields":[{{"type":"struct","fields":{types},"field":"after"}}]}},
            "payload":{{"before":null,"after":{row},"op":"c","source":{{}}}}}}"#
    );
    let inferred = of_texts(&[&envelope]);
    assert_eq!(
        fields(&inferred.document["message"])[..4],
        wanted("payload.after.")
    );
    reads_its_samples(&inferred, &[(None, Some(envelope.as_bytes()))]).unwrap();
}

#[test]
fn decimals_in_base64_are_guessed_only() {
    let (type_name, hint, notes) = column(&[r#""BNI=""#, r#""AQAB""#]);
    assert_eq!((type_name.as_str(), hint.as_str()), ("VARCHAR", ""));
    assert!(notes[0].contains("formatHint `base64`"), "{notes:?}");
    for texts in [&[r#""AQAB""#][..], &[r#""BNI=""#, r#""x""#], &[r#""AAE=""#]] {
        assert_eq!(column(texts).2, [""; 0], "{texts:?}");
    }
}

/// Knows one schema.
struct OneSchema(&'static str);

impl WriterSchemas for OneSchema {
    fn schema(
        &self,
        id: crate::decode::WriterSchemaId,
    ) -> Result<Arc<SchemaDefinition>, crate::decode::WriterSchemaError> {
        Ok(Arc::new(SchemaDefinition {
            schema_version_id: id.to_string(),
            data_format: "AVRO".into(),
            definition: self.0.into(),
            ..SchemaDefinition::default()
        }))
    }
}

#[test]
fn an_envelope_in_avro_is_read_by_its_writers_schema() {
    const ENVELOPE: &str = r#"{"type":"record","name":"Envelope","namespace":"s.t","fields":[
        {"name":"before","type":["null",{"type":"record","name":"Value","fields":[
            {"name":"id","type":"int"},
            {"name":"at","type":["null",{"type":"long","connect.name":"io.debezium.time.MicroTimestamp"}]}]}]},
        {"name":"after","type":["null","Value"]},
        {"name":"source","type":"string"},{"name":"op","type":"string"}]}"#;
    // No before; after 1 and no time; source s; op c.
    let event = b"\0\0\0\0\x07\x00\x02\x02\x00\x02s\x02c";
    let padded = [event.as_slice()].concat();
    let samples = [(None, Some(padded.as_slice()))];
    let inferred = infer_with("t", records(&samples), &OneSchema(ENVELOPE));
    let message = &inferred.document["message"];
    assert_eq!(message["dataFormat"], "avro");
    assert_eq!(
        fields(message),
        [
            field("id", "after.id", "INTEGER", ""),
            field("at", "after.at", "TIMESTAMP", "epoch_micros"),
            field("op", "op", "VARCHAR", "")
        ]
    );
    let table = table(&inferred);
    let writers: Arc<dyn WriterSchemas> = Arc::new(OneSchema(ENVELOPE));
    let mut decoder = RowDecoder::try_new(&table.schema, Some(&table), &writers)
        .unwrap()
        .strict();
    decoder.decode(&Record::of_value(&padded)).unwrap();
    assert_eq!(decoder.flush().num_rows(), 1);

    let plain = OneSchema(r#"{"type":"record","name":"R","fields":[{"name":"id","type":"int"}]}"#);
    let inferred = infer_with("t", records(&samples), &plain);
    assert_eq!(inferred.document["message"]["dataFormat"], "raw");
}
