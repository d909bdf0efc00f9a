//! Casts from JSON, each rule by example and all of them against a model that reads a tree.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type, Int32Type, Int64Type};
use arrow::util::display::array_value_to_string;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::column::Column;
use super::json_field;
use super::read::append_json;

fn field(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("", data_type, true))
}

fn array(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

fn row(fields: &[(&str, DataType)]) -> DataType {
    DataType::Struct(
        fields
            .iter()
            .map(|(name, t)| Field::new(*name, t.clone(), true))
            .collect(),
    )
}

fn map(key: DataType, value: DataType) -> DataType {
    let entries: Fields = vec![Field::new("key", key, false), Field::new("value", value, true)].into();
    DataType::Map(
        Arc::new(Field::new("entries", DataType::Struct(entries), false)),
        false,
    )
}

fn cast(json: &str, target: &FieldRef) -> Result<ArrayRef, String> {
    let mut column = Column::try_new(target).unwrap();
    append_json(&mut column, json).map_err(|error| error.to_string())?;
    Ok(column.finish())
}

/// Text of the cast value, `NULL`, or the error.
fn cast_text(json: &str, data_type: DataType) -> String {
    match cast(json, &field(data_type)) {
        Ok(array) if array.is_null(0) => "NULL".to_owned(),
        Ok(array) => array_value_to_string(&array, 0).unwrap(),
        Err(error) => error,
    }
}

fn assert_casts(data_type: &DataType, cases: &[(&str, &str)]) {
    for (json, wanted) in cases {
        let found = cast_text(json, data_type.clone());
        assert!(
            found.starts_with(wanted),
            "{json} to {data_type}: wanted {wanted}, found {found}"
        );
    }
}

#[test]
fn integers_take_numbers_strings_and_booleans() {
    assert_casts(
        &DataType::Int32,
        &[
            ("12", "12"),
            ("null", "NULL"),
            ("1.5", "2"),
            ("-1.5", "-2"),
            ("1e3", "1000"),
            ("\" 12 \"", "12"),
            ("true", "1"),
            ("2147483647", "2147483647"),
            ("2147483648", "2147483648 is out of range for integer"),
            (
                "1e30",
                "1000000000000000000000000000000 is out of range for integer",
            ),
            ("\"1.5\"", "cannot cast `1.5` to integer"),
            ("[1]", "cannot cast an array to integer"),
            ("{}", "cannot cast an object to integer"),
        ],
    );
    assert_casts(
        &DataType::Int64,
        &[
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            (
                "9223372036854775808",
                "9223372036854775808 is out of range for bigint",
            ),
            (
                "18446744073709551616",
                "18446744073709552000 is out of range for bigint",
            ),
        ],
    );
    assert_casts(
        &DataType::Int8,
        &[("127", "127"), ("128", "128 is out of range for tinyint")],
    );
}

#[test]
fn booleans_take_the_words_trino_knows() {
    assert_casts(
        &DataType::Boolean,
        &[
            ("true", "true"),
            ("0", "false"),
            ("0.0", "false"),
            ("-2", "true"),
            ("\"T\"", "true"),
            ("\"False\"", "false"),
            ("\"yes\"", "cannot cast `yes` to boolean"),
        ],
    );
}

#[test]
fn text_takes_scalars_only() {
    assert_casts(
        &DataType::Utf8,
        &[
            ("\"a\\u00e4\\n\"", "aä\n"),
            ("\"\"", ""),
            ("1", "1"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1.50", "1.5"),
            ("1e10", "1.0E10"),
            ("false", "false"),
            ("[1]", "cannot cast an array to varchar"),
            ("{\"a\":1}", "cannot cast an object to varchar"),
        ],
    );
}

#[test]
fn decimals_keep_every_digit() {
    assert_casts(
        &DataType::Decimal128(38, 2),
        &[
            (
                "123456789012345678901234567890.125",
                "123456789012345678901234567890.13",
            ),
            ("\"-0.005\"", "-0.01"),
            ("true", "1.00"),
            ("\"x\"", "cannot cast `\"x\"` to decimal(38,2)"),
            ("1e37", "cannot cast `1e37` to decimal(38,2)"),
        ],
    );
}

#[test]
fn floats_take_numbers_and_strings() {
    let double = |json: &str| {
        cast(json, &field(DataType::Float64))
            .unwrap()
            .as_primitive::<Float64Type>()
            .value(0)
    };
    assert_eq!(
        [double("1"), double("\"-2.5e3\""), double("true")],
        [1.0, -2500.0, 1.0]
    );
    assert!(double("\"NaN\"").is_nan());
}

#[test]
fn rows_are_read_by_name_in_any_case() {
    let target = row(&[("product_id", DataType::Int32), ("straße", DataType::Utf8)]);
    assert_casts(
        &target,
        &[
            (
                r#"{"product_id": 1, "straße": "x"}"#,
                "{product_id: 1, straße: x}",
            ),
            (
                r#"{"STRASSE": 0, "STRAßE": "x", "Product_ID": 1}"#,
                "{product_id: 1, straße: x}",
            ),
            (r#"{"other": {"product_id": 9}}"#, "{product_id: , straße: }"),
            ("{}", "{product_id: , straße: }"),
            ("null", "NULL"),
            (
                r#"{"product_id": 1, "PRODUCT_ID": 2}"#,
                "duplicate field product_id",
            ),
            (
                "1",
                "cannot cast a number to row(product_id integer, straße varchar)",
            ),
        ],
    );
}

#[test]
fn rows_are_read_from_arrays_of_their_length() {
    let target = row(&[("a", DataType::Int32), ("b", array(DataType::Boolean))]);
    assert_casts(
        &target,
        &[
            ("[1, [true]]", "{a: 1, b: [true]}"),
            (
                "[1]",
                "an array of 1 elements cannot be cast to a row of 2 fields",
            ),
            (
                "[1, [], 3]",
                "an array of 3 elements cannot be cast to a row of 2 fields",
            ),
        ],
    );
}

#[test]
fn maps_have_typed_keys_each_once() {
    assert_casts(
        &map(DataType::Int32, DataType::Utf8),
        &[
            (r#"{"1": "a", "2": null}"#, "{1: a, 2: }"),
            (r#"{"1": "a", "01": "b"}"#, "duplicate keys"),
            (r#"{"x": "a"}"#, "cannot cast `x` to integer"),
            ("[]", "cannot cast an array to map(integer, varchar)"),
        ],
    );
    assert_casts(
        &map(DataType::Utf8, DataType::Int32),
        &[("{\"b\": 1, \"a\": 2}", "{b: 1, a: 2}")],
    );
}

#[test]
fn json_inside_is_kept_in_canonical_form() {
    let item = Arc::new(json_field("item"));
    let list = cast(
        r#"[ {"b": 1, "a": [ ]}, "x", null ]"#,
        &field(DataType::List(item)),
    )
    .unwrap();
    let items = list.as_list::<i32>().value(0);
    let texts: Vec<_> = items.as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some(r#"{"a":[],"b":1}"#), Some("\"x\""), None]);
}

#[test]
fn a_row_that_fails_half_way_leaves_nothing_behind() {
    let item = row(&[
        ("a", DataType::Int32),
        ("m", map(DataType::Utf8, array(DataType::Utf8))),
    ]);
    let target = field(array(item));
    let good = r#"[{"a": 1, "m": {"k": ["x"]}}, {"a": 2}]"#;
    let bad = r#"[{"a": 1, "m": {"k": ["x", "y"], "l": []}}, {"m": {"k": ["z", {}]}}]"#;
    let mut column = Column::try_new(&target).unwrap();
    for json in [good, bad, good, "null", bad] {
        let rows = column.len();
        if append_json(&mut column, json).is_err() {
            column.truncate(rows);
            column.append_null();
        }
    }
    let found = column.finish();
    let mut expected = Column::try_new(&target).unwrap();
    for json in [good, "null", good, "null", "null"] {
        append_json(&mut expected, json).unwrap();
    }
    assert_eq!(&found, &expected.finish());
}

#[test]
fn tells_a_wrong_value_from_text_that_is_not_json() {
    let target = field(array(DataType::Int32));
    let classify = |json: &str| {
        let mut column = Column::try_new(&target).unwrap();
        append_json(&mut column, json).unwrap_err().is_data()
    };
    assert!(classify("[\"x\"]"));
    assert!(classify("{}"));
    for json in ["", "[1", "[1,]", "[1] 2", "nul", "[01]", "[1}"] {
        assert!(!classify(json), "{json}");
    }
}

#[test]
fn deep_json_is_refused_or_skipped_but_never_overflows() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(cast(&deep, &field(array(DataType::Int32))).is_err());
    let target = field(row(&[("a", DataType::Int32)]));
    let skipped = cast(&format!("{{\"x\": {deep}, \"a\": 1}}"), &target).unwrap();
    assert_eq!(
        skipped.as_struct().column(0).as_primitive::<Int32Type>().value(0),
        1
    );
}

/// Model of the cast to ARRAY(ROW(id BIGINT, tags MAP(VARCHAR, INTEGER))), over a tree.
fn model(value: &Value) -> Result<Value, ()> {
    let bigint = |value: &Value| match value {
        Value::Null => Ok(Value::Null),
        Value::Bool(flag) => Ok(json!(i64::from(*flag))),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Ok(json!(integer)),
            None => {
                let rounded = number.as_f64().unwrap().round();
                if rounded.abs() < 9e18 {
                    Ok(json!(rounded as i64))
                } else {
                    Err(())
                }
            }
        },
        Value::String(text) => text
            .trim()
            .parse::<i64>()
            .map(|integer| json!(integer))
            .map_err(|_| ()),
        _ => Err(()),
    };
    let tags = |value: &Value| match value {
        Value::Null => Ok(Value::Null),
        Value::Object(members) => {
            let cast = |(key, value): (&String, &Value)| match bigint(value)? {
                Value::Number(number) if i32::try_from(number.as_i64().unwrap()).is_err() => Err(()),
                value => Ok((key.clone(), value)),
            };
            Ok(Value::Object(members.iter().map(cast).collect::<Result<_, _>>()?))
        }
        _ => Err(()),
    };
    let row = |value: &Value| match value {
        Value::Null => Ok(Value::Null),
        Value::Array(values) => match &values[..] {
            [id, map] => Ok(json!({ "id": bigint(id)?, "tags": tags(map)? })),
            _ => Err(()),
        },
        Value::Object(members) => {
            let null = Value::Null;
            let id = members.get("id").unwrap_or(&null);
            let map = members.get("tags").unwrap_or(&null);
            Ok(json!({ "id": bigint(id)?, "tags": tags(map)? }))
        }
        _ => Err(()),
    };
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(rows) => Ok(Value::Array(rows.iter().map(row).collect::<Result<_, _>>()?)),
        _ => Err(()),
    }
}

/// Arrow value as a tree.
fn tree(array: &ArrayRef, index: usize) -> Value {
    if array.is_null(index) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(index)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(index)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(index);
            Value::Array((0..items.len()).map(|item| tree(&items, item)).collect())
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            Value::Object(
                fields
                    .iter()
                    .zip(columns)
                    .map(|(f, c)| (f.name().clone(), tree(c, index)))
                    .collect(),
            )
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(index);
            let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1));
            Value::Object(
                (0..entries.len())
                    .map(|i| (keys.value(i).to_owned(), tree(values, i)))
                    .collect(),
            )
        }
        other => panic!("{other} is not in the model"),
    }
}

/// JSON that nearly has the right form.
fn nearly() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i32>().prop_map(|n| json!(n)),
        any::<i64>().prop_map(|n| json!(n)),
        (-1000.0..1000.0).prop_map(|n: f64| json!(n)),
        Just(json!(1e19)),
    ];
    let scalar = prop_oneof![
        8 => number,
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => "[0-9]{1,3}| 7 |x".prop_map(Value::String),
    ];
    let tags = prop_oneof![
        6 => prop::collection::btree_map("[a-c\"ä\\\\]{0,3}", scalar.clone(), 0..4).prop_map(|m| json!(m)),
        1 => scalar.clone(),
    ];
    let row = prop_oneof![
        4 => (scalar.clone(), tags.clone()).prop_map(|(id, tags)| json!({ "id": id, "tags": tags, "more": [{"id": 1}] })),
        1 => (scalar.clone(), tags.clone()).prop_map(|(id, tags)| json!([id, tags])),
        1 => tags,
        1 => scalar.clone(),
    ];
    prop_oneof![9 => prop::collection::vec(row, 0..4).prop_map(Value::Array), 1 => scalar]
}

proptest! {
    #[test]
    fn casts_as_the_model_does(value in nearly(), pretty: bool) {
        let target = field(array(row(&[("id", DataType::Int64), ("tags", map(DataType::Utf8, DataType::Int32))])));
        let json = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let found = cast(&json, &target).map(|array| tree(&array, 0)).map_err(drop);
        prop_assert_eq!(found, model(&value), "{}", json);
    }

    /// A document cut at any position is an error, never a shorter value.
    #[test]
    fn refuses_truncated_documents(value in nearly(), at: prop::sample::Index) {
        let json = serde_json::to_string(&value).unwrap();
        let cut = (0..=at.index(json.len())).rev().find(|&cut| json.is_char_boundary(cut)).unwrap();
        prop_assume!(json.starts_with(['[', '{', '"']));
        let target = field(array(row(&[("id", DataType::Int64), ("tags", map(DataType::Utf8, DataType::Int32))])));
        prop_assert!(cast(&json[..cut], &target).is_err());
    }
}
