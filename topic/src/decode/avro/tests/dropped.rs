//! Columns of parts that the registered schema does not have, perhaps no longer.

use super::resolution::Writer;
use super::*;

const NEWER: &str = r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "int"}]}"#;

fn columns() -> Vec<Field> {
    vec![
        column("id", "id", DataType::Int64),
        column("note", "note", DataType::Utf8),
        column("city", "addr.city", DataType::Utf8),
    ]
}

fn read(writer: &str, datum: &[u8]) -> Json {
    let mut decoder = with_writers(NEWER, columns(), Arc::new(Writer(writer.to_owned())));
    decoder.decode(&[&[0, 0, 0, 0, 1], datum].concat()).unwrap();
    assert_eq!(decoder.value_errors(), []);
    rows(&decoder.flush()).remove(0)
}

#[test]
fn are_shown_as_an_older_record_has_them() {
    let older = record(
        r#""addr": {"type": "record", "name": "A", "fields": [{"name": "city", "type": "string"}]},
           "id": "int", "note": ["null", "string"]"#,
    );
    assert_eq!(
        read(&older, &[2, b'c', 2, 2, 2, b'n']),
        json!({"id": 1, "note": "n", "city": "c"})
    );
    assert_eq!(
        read(&older, &[2, b'c', 2, 0]),
        json!({"id": 1, "note": null, "city": "c"})
    );
    let without = record(r#""addr": "string", "id": "int""#);
    assert_eq!(
        read(&without, &[2, b'c', 2]),
        json!({"id": 1, "note": null, "city": null})
    );
}

#[test]
fn are_null_in_records_of_the_registered_schema() {
    let wanted = json!({"id": 2, "note": null, "city": null});
    assert_eq!(read(NEWER, &[4]), wanted);
    let mut bare = declared(NEWER, columns());
    bare.decode(&[4]).unwrap();
    assert_eq!(rows(&bare.flush()), [wanted]);
    assert_eq!(bare.value_errors(), []);
}

#[test]
fn that_an_older_record_has_in_another_type_are_misfits() {
    let mut decoder = with_writers(
        NEWER,
        vec![column("note", "note", DataType::Int32)],
        Arc::new(Writer(record(r#""id": "int", "note": "string""#))),
    );
    decoder.decode(&[0, 0, 0, 0, 1, 2, 2, b'x']).unwrap();
    decoder.decode(&[0, 0, 0, 0, 1, 2, 2, b'7']).unwrap();
    assert_eq!(
        rows(&decoder.flush()),
        [json!({"note": null}), json!({"note": 7})]
    );
    assert_eq!(decoder.value_errors()[0].values, 1);
}
