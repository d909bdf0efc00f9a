//! Records whose writers name them, or their fields, differently from the registered schema.

use proptest::prelude::*;

use super::model::topic;
use super::resolution::resolve;
use super::*;

fn named(name: &str, fields: &str) -> String {
    let Json::Object(mut schema) = serde_json::from_str(&record(fields)).unwrap() else {
        unreachable!()
    };
    schema.insert("name".to_owned(), name.into());
    Json::Object(schema).to_string()
}

fn of_field(writer: &str, reader: &str, value: &[u8]) -> (Json, u64) {
    let [writer, reader] = [writer, reader].map(|of| record(&format!(r#""a": {of}"#)));
    let (row, misfits) = resolve(&writer, &reader, value).unwrap();
    (row["a"].clone(), misfits)
}

#[test]
fn a_record_of_another_name_is_read_by_its_fields() {
    let writer = named("io.confluent.connect.avro.ConnectDefault", r#""id": "int""#);
    let reader = named("shop.Order", r#""id": "int""#);
    assert_eq!(resolve(&writer, &reader, &[0x12]), Ok((json!({"id": 9}), 0)));

    let writer = named("w.Addr1", r#""x": "int", "y": "string""#);
    let reader = named("r.Other", r#""y": "string", "x": "long""#);
    let value = [2, 2, b'q'];
    let wanted = json!({"y": "q", "x": 1});
    let array = |of: &str| format!(r#"{{"type": "array", "items": {of}}}"#);
    let map = |of: &str| format!(r#"{{"type": "map", "values": {of}}}"#);
    let nullable = |of: &str| format!(r#"["null", {of}]"#);
    let within = |of: &str| record(&format!(r#""r": {of}"#)).replace("\"R\"", "\"Deep\"");
    assert_eq!(of_field(&writer, &reader, &value), (wanted.clone(), 0));
    assert_eq!(
        of_field(
            &nullable(&writer),
            &nullable(&reader),
            &[&[2], &value[..]].concat()
        ),
        (wanted.clone(), 0)
    );
    assert_eq!(of_field(&writer, &nullable(&reader), &value), (wanted.clone(), 0));
    assert_eq!(
        of_field(&nullable(&writer), &reader, &[&[2], &value[..]].concat()),
        (wanted.clone(), 0)
    );
    assert_eq!(
        of_field(
            &array(&writer),
            &array(&reader),
            &[&[2], &value[..], &[0]].concat()
        ),
        (json!([wanted]), 0)
    );
    assert_eq!(
        of_field(
            &map(&nullable(&writer)),
            &map(&nullable(&reader)),
            &[&[2, 2, b'k', 2], &value[..], &[0]].concat()
        ),
        (json!({"k": wanted}), 0)
    );
    assert_eq!(
        of_field(
            &within(&writer),
            &within(&reader).replace("Deep", "Other2"),
            &value
        ),
        (json!({"r": wanted}), 0)
    );
}

#[test]
fn a_record_among_records_is_the_one_that_fits() {
    let of = |name: &str, fields: &str| named(name, fields);
    let int = |name: &str| of(name, r#""x": "int""#);
    for (writer, branches, wanted) in [
        // One that matches.
        (
            int("W"),
            [of("P", r#""y": "int""#), int("Q")],
            json!({"P": null, "Q": {"x": 1}}),
        ),
        (
            int("W"),
            [int("P"), of("Q", r#""y": "int""#)],
            json!({"P": {"x": 1}, "Q": null}),
        ),
        // Its type must match, too, and everything within, without loss.
        (
            int("W"),
            [of("P", r#""x": "string""#), of("Q", r#""x": "long""#)],
            json!({"P": null, "Q": {"x": 1}}),
        ),
        (
            of("W", r#""x": "long""#),
            [int("P"), of("Q", r#""x": ["null", "long"]"#)],
            json!({"P": null, "Q": {"x": 1}}),
        ),
        // One of its name does not take precedence over one that matches.
        (
            int("n.P"),
            [of("n.P", r#""x": "int", "y": "int""#), int("Q")],
            json!({"P": null, "Q": {"x": 1}}),
        ),
        // The one of its name takes precedence among two that match, else the first.
        (
            int("n.Q"),
            [int("m.P"), int("m.Q")],
            json!({"P": null, "Q": {"x": 1}}),
        ),
        (int("W"), [int("P"), int("Q")], json!({"P": {"x": 1}, "Q": null})),
        (
            int("m.P"),
            [int("n.P"), int("m.P")],
            json!({"n.P": null, "m.P": {"x": 1}}),
        ),
        (
            int("Old"),
            [int("P"), int("Q").replacen('{', r#"{"aliases": ["Old"], "#, 1)],
            json!({"P": null, "Q": {"x": 1}}),
        ),
    ] {
        let reader = format!(r#"["null", {}, {}]"#, branches[0], branches[1]);
        assert_eq!(
            of_field(&writer, &reader, &[2]),
            (wanted.clone(), 0),
            "{writer} {reader}"
        );
        let nullable = format!(r#"["null", {writer}]"#);
        assert_eq!(
            of_field(&nullable, &reader, &[2, 2]),
            (wanted, 0),
            "{writer} {reader}"
        );
    }
}

#[test]
fn a_record_that_none_fits_is_the_one_of_its_name_or_the_only_one() {
    let writer = |name: &str| named(name, r#""x": "int", "y": "int""#);
    let other = |name: &str| named(name, r#""x": "string", "y": "int""#);
    let two = format!(r#"[{}, {}]"#, other("P"), other("Q"));
    assert_eq!(
        of_field(&writer("Q"), &two, &[2, 4]),
        (json!({"P": null, "Q": {"x": null, "y": 2}}), 1)
    );
    assert_eq!(of_field(&writer("W"), &two, &[2, 4]), (Json::Null, 1));
    let one = format!(r#"["string", {}]"#, other("P"));
    assert_eq!(
        of_field(&writer("W"), &one, &[2, 4]),
        (json!({"string": null, "P": {"x": null, "y": 2}}), 1)
    );
    assert_eq!(
        of_field(&writer("W"), r#"["int", "string"]"#, &[2, 4]),
        (Json::Null, 1)
    );
}

#[test]
fn records_that_contain_themselves_fit_whatever_they_are_called() {
    let node = |name: &str, of: &str| {
        format!(
            r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "v", "type": "{of}"}}, {{"name": "next", "type": ["null", "{name}"]}}]}}"#
        )
    };
    let reader = format!(r#"[{}, {}]"#, node("P", "string"), node("Q", "int"));
    assert_eq!(
        of_field(&node("W", "int"), &reader, &[2, 2, 4, 0]),
        (
            json!({"P": null, "Q": {"v": 1, "next": r#"{"v":2,"next":null}"#}}),
            0
        )
    );
}

#[test]
fn a_field_that_differs_by_case_alone_is_another_one() {
    let writer = record(r#""orderId": "int""#);
    let reader = |more: &str| {
        format!(
            r#"{{"type": "record", "name": "R", "fields": [{{"name": "orderid", "type": "int"{more}}}]}}"#
        )
    };
    assert_eq!(
        resolve(&writer, &reader(""), &[2]),
        Ok((json!({"orderid": null}), 1))
    );
    assert_eq!(
        resolve(&writer, &reader(r#", "default": 7"#), &[2]),
        Ok((json!({"orderid": 7}), 0))
    );
    assert_eq!(
        resolve(&writer, &reader(r#", "aliases": ["orderId"]"#), &[2]),
        Ok((json!({"orderid": 1}), 0))
    );
}

#[test]
fn aliases_of_records_of_nested_records_and_of_fields_work_together() {
    let writer = r#"{"type": "record", "name": "old.Order", "fields": [
        {"name": "who", "type": {"type": "record", "name": "old.Person", "fields": [{"name": "nick", "type": "string"}]}},
        {"name": "no", "type": "int"}]}"#;
    let reader = r#"{"type": "record", "name": "new.Purchase", "aliases": ["old.Order"], "fields": [
        {"name": "number", "aliases": ["no"], "type": "long"},
        {"name": "customer", "aliases": ["who"], "type": {"type": "record", "name": "Customer", "aliases": ["old.Person"],
            "fields": [{"name": "name", "aliases": ["nick"], "type": "string"}]}}]}"#;
    assert_eq!(
        resolve(writer, reader, &[2, b'q', 14]),
        Ok((json!({"number": 7, "customer": {"name": "q"}}), 0))
    );
}

/// Schema with renamed records, except where a union has several; enums and fixed types in another namespace.
fn renamed(schema: &Json, number: &mut u32, may_rename: bool) -> Json {
    match schema {
        Json::Array(branches) => {
            let is_record = |branch: &&Json| branch["type"] == "record";
            let alone = branches.iter().filter(is_record).count() < 2;
            branches
                .iter()
                .map(|branch| renamed(branch, number, alone))
                .collect()
        }
        Json::Object(object) => {
            let mut object = object.clone();
            if let (Some(Json::String(name)), Some(kind)) = (object.get("name"), object.get("type")) {
                *number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let name = match kind.as_str() {
                    Some("record") if may_rename => format!("n{}.W{number}", *number % 3),
                    Some("record" | "enum" | "fixed") => format!("n{}.{name}", *number % 3),
                    _ => name.clone(),
                };
                object.insert("name".to_owned(), name.into());
            }
            for key in ["type", "items", "values"] {
                if let Some(inner @ (Json::Object(_) | Json::Array(_))) = object.get(key) {
                    let inner = renamed(inner, number, true);
                    object.insert(key.to_owned(), inner);
                }
            }
            if let Some(Json::Array(fields)) = object.get("fields") {
                let fields: Json = fields.iter().map(|field| renamed(field, number, true)).collect();
                object.insert("fields".to_owned(), fields);
            }
            Json::Object(object)
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_a_writer_calls_its_records_does_not_matter((schema, values) in topic(), seed: u32) {
        let mut number = seed;
        let writer = renamed(&serde_json::from_str(&schema).unwrap(), &mut number, true).to_string();
        prop_assert_ne!(&writer, &schema);
        let judge = Judge::parse_str(&schema).unwrap();
        for (value, wanted) in values {
            let datum = to_avro_datum(&judge, value).unwrap();
            prop_assert_eq!(resolve(&writer, &schema, &datum), Ok((wanted, 0)), "{}", writer);
        }
    }
}
