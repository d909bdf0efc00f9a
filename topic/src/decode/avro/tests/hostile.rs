//! Data of malicious writers.

use proptest::prelude::*;

use super::model::topic;
use super::resolution::Writer;
use super::*;

/// Schema with everything that can go wrong.
const EVERYTHING: &str = r#"{"type": "record", "name": "R", "fields": [
    {"name": "s", "type": "string"},
    {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
    {"name": "u", "type": ["null", "int", "string"]},
    {"name": "b", "type": "boolean"},
    {"name": "l", "type": {"type": "array", "items": ["null", "long"]}},
    {"name": "m", "type": {"type": "map", "values": {"type": "array", "items": "bytes"}}},
    {"name": "z", "type": {"type": "array", "items": "null"}},
    {"name": "f", "type": {"type": "fixed", "name": "F", "size": 3}},
    {"name": "d", "type": "double"}]}"#;

fn everything() -> Vec<u8> {
    let bytes = [
        [4, b'h', b'i'].as_slice(),
        &[2],
        &[4, 2, b'x'],
        &[1],
        &[4, 0, 2, 10, 0],
        &[2, 2, b'k', 2, 6, 1, 2, 3, 0, 0],
        &[6, 0],
        &[7, 8, 9],
        &1.5_f64.to_le_bytes(),
    ];
    bytes.concat()
}

fn reason(schema: &str, payload: &[u8]) -> String {
    let whole = derived(schema).decode(payload).unwrap_err().to_string();
    // Without requested columns the record is just as bad.
    assert_eq!(
        declared(schema, vec![]).decode(payload).unwrap_err().to_string(),
        whole
    );
    whole
        .strip_prefix("not an Avro datum of its schema: ")
        .unwrap()
        .to_owned()
}

fn long(value: i64) -> Vec<u8> {
    encoded(r#""long""#, Avro::Long(value))
}

#[test]
fn a_datum_cut_short_anywhere_costs_no_other_row() {
    let whole = everything();
    let mut decoder = derived(EVERYTHING);
    decoder.decode(&whole).unwrap();
    for len in 0..whole.len() {
        decoder.decode(&whole[..len]).unwrap_err();
        assert_eq!(decoder.rows(), 1);
    }
    decoder.decode(&whole).unwrap();
    let rows = rows(&decoder.flush());
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0], rows[1]);
    assert_eq!(rows[0]["m"], json!({"k": ["AQID"]}));
    assert_eq!(rows[0]["z"], json!([null, null, null]));
}

#[test]
fn says_what_is_wrong_with_a_datum() {
    let of = |of: &str| record(&format!(r#""a": {of}"#));
    for (schema, payload, wanted) in [
        (of(r#""int""#), long(1 << 31), "an int has more than 32 bits"),
        (of(r#""long""#), vec![0xff; 10], "a number has more than 64 bits"),
        (of(r#""boolean""#), vec![2], "a boolean is neither 0 nor 1"),
        (of(r#""string""#), long(-1), "a length is negative"),
        (of(r#""bytes""#), long(i64::MAX), "it ends too early"),
        (
            of(r#"{"type": "map", "values": "int"}"#),
            [long(1), long(i64::MAX)].concat(),
            "it ends too early",
        ),
        (
            of(r#"{"type": "array", "items": "int"}"#),
            long(i64::MAX),
            "it ends too early",
        ),
        (
            of(r#"{"type": "array", "items": "int"}"#),
            vec![1, 2, 2, 0, 0],
            "bytes left after it: 1",
        ),
        (
            of(r#"{"type": "array", "items": "int"}"#),
            vec![1, 4, 2, 0],
            "a block of an array or map differs from its declared size",
        ),
        (
            of(r#"["null", "int"]"#),
            vec![4],
            "a union's index is not one of its branches",
        ),
        (
            of(r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#),
            vec![2],
            "an enum's index is not one of its symbols",
        ),
        (of(r#""double""#), vec![9; 7], "it ends too early"),
        (
            of(r#"{"type": "fixed", "name": "F", "size": 99999999999}"#),
            vec![9; 8],
            "it ends too early",
        ),
        (of(r#""null""#), vec![9], "bytes left after it: 1"),
    ] {
        assert_eq!(reason(&schema, &payload), wanted, "{schema}");
    }
}

#[test]
fn items_of_no_bytes_are_limited() {
    let too_many = "it holds more than 65536 values without bytes";
    let empty = r#"{"type": "record", "name": "Empty", "fields": []}"#;
    for item in [r#""null""#, empty, r#"{"type": "fixed", "name": "F", "size": 0}"#] {
        let array = record(&format!(r#""a": {{"type": "array", "items": {item}}}"#));
        assert_eq!(reason(&array, &[long(i64::MAX), vec![0]].concat()), too_many);
        derived(&array).decode(&[long(1000), vec![0]].concat()).unwrap();
    }
    // Many arrays may not hold more than one either.
    let nested = record(r#""a": {"type": "array", "items": {"type": "array", "items": "null"}}"#);
    let payload = [long(100), [long(1000), vec![0]].concat().repeat(100), vec![0]].concat();
    assert_eq!(reason(&nested, &payload), too_many);
}

#[test]
fn a_schema_that_unfolds_without_end_reads_no_datum_of_no_bytes() {
    let mut schema = r#"{"type": "record", "name": "L0", "fields": []}"#.to_owned();
    for of in 1..40 {
        let before = of - 1;
        schema = format!(
            r#"{{"type": "record", "name": "L{of}", "fields": [{{"name": "a", "type": {schema}}}, {{"name": "b", "type": "L{before}"}}]}}"#
        );
    }
    declared(&schema, vec![]).decode(&[]).unwrap_err();
    declared(&schema, vec![column("a", "a", DataType::Utf8)])
        .decode(&[])
        .unwrap_err();
}

#[test]
fn nesting_of_types_is_limited() {
    // Each type contains the previous one; only the last is a field of both schemas.
    let chain = |prefix: &str| {
        let fields: Vec<Json> = (0..600)
            .map(|at| {
                let inner = match at {
                    0 => json!("int"),
                    at => json!(format!("T{}", at - 1)),
                };
                let of = json!({"type": "record", "name": format!("T{at}"), "fields": [{"name": "f", "type": inner}]});
                let name = if at == 599 { "last".to_owned() } else { format!("{prefix}{at}") };
                json!({"name": name, "type": of})
            })
            .collect();
        json!({"type": "record", "name": "R", "fields": fields}).to_string()
    };
    let columns = vec![column("last", "last", DataType::Utf8)];
    let mut decoder = with_writers(&chain("r"), columns, Arc::new(Writer(chain("w"))));
    decoder.decode(&[0, 0, 0, 0, 1]).unwrap_err();
    // No datum is nested as deep, whatever the resolution.
    decoder
        .decode(&[&[0, 0, 0, 0, 1], [0; 600].as_slice()].concat())
        .unwrap_err();
}

#[test]
fn comparing_records_for_a_union_is_limited() {
    // Each level has two fields of the one below, and a union decides at each.
    let level = |prefix: &str, of: usize| match of {
        0 => {
            json!({"type": "record", "name": format!("{prefix}0"), "fields": [{"name": "x", "type": "int"}]})
        }
        of => {
            let below = json!(format!("{prefix}{}", of - 1));
            let union = json!(["null", below, "string"]);
            json!({"type": "record", "name": format!("{prefix}{of}"), "fields": [
                {"name": "a", "type": union}, {"name": "b", "type": union}]})
        }
    };
    let chain = |prefix: &str| {
        let fields: Vec<Json> = (0..40)
            .map(|of| json!({"name": format!("f{of}"), "type": ["null", level(prefix, of), "string"]}))
            .collect();
        json!({"type": "record", "name": "R", "fields": fields}).to_string()
    };
    let writers = Arc::new(Writer(chain("W")));
    let mut decoder = with_writers(
        &chain("P"),
        vec![column("x", "f0.P0.x", DataType::Int32)],
        writers,
    );
    decoder
        .decode(&[&[0, 0, 0, 0, 1, 2, 6], [0; 39].as_slice()].concat())
        .unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"x": 3})]);
}

#[test]
fn nesting_is_limited() {
    let node = r#"{"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]}"#;
    let columns = || vec![column("next", "next", DataType::Utf8)];
    let datum = |depth: usize| [vec![2; depth - 1], vec![0]].concat();
    declared(node, columns()).decode(&datum(64)).unwrap();
    declared(node, vec![]).decode(&datum(64)).unwrap();
    for columns in [columns(), vec![]] {
        let error = declared(node, columns)
            .decode(&datum(65))
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("it nests deeper than 64 levels"), "{error}");
    }
    declared(node, columns()).decode(&datum(1_000_000)).unwrap_err();
}

#[test]
fn text_longer_than_its_datum_is_limited() {
    let name = "n".repeat(4000);
    let schema = record(&format!(
        r#""a": {{"type": "array", "items": {{"type": "record", "name": "I", "fields": [{{"name": "{name}", "type": "boolean"}}]}}}}"#
    ));
    let payload = |count: i64| [long(count), vec![1; count as usize], vec![0]].concat();
    let mut decoder = declared(&schema, vec![column("a", "a", DataType::Utf8)]);
    decoder.decode(&payload(100)).unwrap();
    let error = decoder.decode(&payload(100_000)).unwrap_err().to_string();
    assert!(
        error.ends_with("defaults and JSON text would make it too large"),
        "{error}"
    );
    assert_eq!(decoder.rows(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_give_a_row_or_none(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..5)) {
        let mut decoder = derived(EVERYTHING);
        for payload in &payloads {
            let (rows, bytes) = (decoder.rows(), decoder.bytes());
            let decoded = decoder.decode(payload).is_ok();
            prop_assert_eq!(decoder.rows(), rows + usize::from(decoded));
            // Apart from items without bytes, a value takes some bytes for each byte of input.
            prop_assert!(decoder.bytes() <= bytes + 200 + 32 * payload.len() + 65_536 * 8);
        }
        decoder.flush();
    }

    #[test]
    fn a_damaged_record_costs_no_other(
        (schema, values) in topic(),
        at: prop::sample::Index,
        with: u8,
        cut: bool,
    ) {
        let judge = Judge::parse_str(&schema).unwrap();
        let mut decoder = derived(&schema);
        let mut wanted = Vec::new();
        for (value, row) in values {
            let datum = to_avro_datum(&judge, value).unwrap();
            decoder.decode(&datum).unwrap();
            wanted.push(row);
            if datum.is_empty() {
                continue;
            }
            let mut damaged = datum;
            let at = at.index(damaged.len());
            if cut {
                damaged.truncate(at);
            } else {
                damaged[at] = with;
            }
            let error = decoder.decode(&damaged).is_err();
            if !error {
                wanted.push(Json::Null);
            }
        }
        for (row, wanted) in rows(&decoder.flush()).into_iter().zip(wanted) {
            prop_assert!(wanted.is_null() || row == wanted);
        }
    }
}
