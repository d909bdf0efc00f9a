//! Records that contain themselves.

use super::types::row;
use super::*;

const NODE: &str = r#"{"type": "record", "name": "Node", "fields": [
    {"name": "v", "type": "int"}, {"name": "next", "type": ["null", "Node"]},
    {"name": "kids", "type": {"type": "array", "items": "Node"}}]}"#;

/// 1, then 2, both without children.
const TWO: [u8; 6] = [2, 2, 4, 0, 0, 0];

fn types(schema: &str) -> Vec<(String, DataType)> {
    let columns = fields(schema).unwrap().into_iter();
    columns
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect()
}

fn read(schema: &str, columns: Vec<Field>, datum: &[u8]) -> Json {
    let mut decoder = declared(schema, columns);
    decoder.decode(datum).unwrap();
    assert_eq!(decoder.value_errors(), []);
    rows(&decoder.flush()).remove(0)
}

#[test]
fn are_tables_whose_deep_part_is_json_text() {
    let DataType::List(item) = &types(NODE)[2].1 else {
        panic!("kids are not a list")
    };
    assert_eq!(item.data_type(), &DataType::Utf8);
    assert_eq!(
        types(NODE)[..2],
        [
            ("v".to_owned(), DataType::Int32),
            ("next".to_owned(), DataType::Utf8)
        ]
    );
    assert_eq!(
        read(NODE, fields(NODE).unwrap(), &TWO),
        json!({"v": 1, "next": r#"{"v":2,"next":null,"kids":[]}"#, "kids": []})
    );
    assert_eq!(
        read(NODE, fields(NODE).unwrap(), &[2, 0, 4, 4, 0, 0, 6, 0, 0, 0]),
        json!({"v": 1, "next": null, "kids": [r#"{"v":2,"next":null,"kids":[]}"#, r#"{"v":3,"next":null,"kids":[]}"#]})
    );
}

#[test]
fn are_read_as_deep_as_a_document_asks() {
    let columns = vec![
        column("v", "v", DataType::Int32),
        column("second", "next.v", DataType::Int32),
        column("third", "next.next.v", DataType::Int32),
        column("text", "next", DataType::Utf8),
        column(
            "r",
            "next",
            row(&[("v", DataType::Int32), ("next", row(&[("v", DataType::Int32)]))]),
        ),
        column("kid", "kids[0].v", DataType::Int32),
    ];
    assert_eq!(
        read(NODE, columns, &TWO),
        json!({"v": 1, "second": 2, "third": null, "text": r#"{"v":2,"next":null,"kids":[]}"#,
            "r": {"v": 2, "next": null}, "kid": null})
    );
}

#[test]
fn may_do_so_by_a_map_a_union_or_a_second_record() {
    let of = |more: &str| {
        format!(
            r#"{{"type": "record", "name": "A", "fields": [{{"name": "v", "type": "int"}}, {{"name": "x", "type": {more}}}]}}"#
        )
    };
    let text = r#"{"v":2,"x":"#;
    let map = of(r#"{"type": "map", "values": "A"}"#);
    assert_eq!(
        read(&map, fields(&map).unwrap(), &[2, 2, 2, b'k', 4, 0, 0]),
        json!({"v": 1, "x": {"k": format!("{text}{{}}}}")}})
    );
    let union = of(r#"["null", "string", "A"]"#);
    assert_eq!(
        types(&union)[1].1,
        row(&[("string", DataType::Utf8), ("A", DataType::Utf8)])
    );
    assert_eq!(
        read(&union, fields(&union).unwrap(), &[2, 4, 4, 0]),
        json!({"v": 1, "x": {"string": null, "A": format!("{text}null}}")}})
    );
    let second = of(r#"{"type": "record", "name": "B", "fields": [{"name": "a", "type": ["null", "A"]}]}"#);
    assert_eq!(types(&second)[1].1, row(&[("a", DataType::Utf8)]));
    assert_eq!(
        read(&second, fields(&second).unwrap(), &[2, 2, 4, 0]),
        json!({"v": 1, "x": {"a": format!(r#"{text}{{"a":null}}}}"#)}})
    );
    // Not at the top.
    let below = record(&format!(r#""a": {NODE}, "b": "Node""#));
    let node = |list: &DataType| {
        row(&[
            ("v", DataType::Int32),
            ("next", DataType::Utf8),
            ("kids", list.clone()),
        ])
    };
    let list = types(NODE)[2].1.clone();
    assert_eq!(types(&below)[0].1, node(&list));
    assert_eq!(types(&below)[1].1, node(&list));
    assert_eq!(
        read(&below, fields(&below).unwrap(), &[&TWO[..], &[6, 0, 0]].concat()),
        json!({"a": {"v": 1, "next": r#"{"v":2,"next":null,"kids":[]}"#, "kids": []},
            "b": {"v": 3, "next": null, "kids": []}})
    );
}

#[test]
fn may_have_no_end_in_which_case_no_datum_is_one() {
    let endless = r#"{"type": "record", "name": "E", "fields": [{"name": "v", "type": "int"}, {"name": "e", "type": "E"}]}"#;
    assert_eq!(types(endless)[1].1, DataType::Utf8);
    for columns in [fields(endless).unwrap(), vec![]] {
        declared(endless, columns).decode(&[2; 100]).unwrap_err();
    }
}
