use std::sync::Arc;

use arrow::datatypes::Fields;

use super::*;

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

fn row<const N: usize>(fields: [(&str, DataType); N]) -> DataType {
    let fields = fields.map(|(name, data_type)| Field::new(name, data_type, true));
    DataType::Struct(Fields::from(fields.to_vec()))
}

fn map(key: DataType, value: DataType) -> DataType {
    let entry = vec![Field::new("key", key, false), Field::new("value", value, true)];
    let entries = Field::new("entries", DataType::Struct(Fields::from(entry)), false);
    DataType::Map(Arc::new(entries), false)
}

/// Type of `items` of an orders topic.
fn items() -> DataType {
    list(row([
        ("product_id", DataType::Int32),
        ("quantity", DataType::Int64),
    ]))
}

/// Value as a tree: scalars as shown, maps as pairs.
fn tree(array: &dyn Array, at: usize) -> Value {
    if array.is_null(at) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::List(_) => trees(&array.as_list::<i32>().value(at)),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let members = fields.iter().zip(columns);
            let members = members.map(|(field, column)| (field.name().clone(), tree(column, at)));
            Value::Object(members.collect())
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(at);
            let pair = |at| Value::from(vec![tree(entries.column(0), at), tree(entries.column(1), at)]);
            (0..entries.len()).map(pair).collect()
        }
        _ => array_value_to_string(array, at).unwrap().into(),
    }
}

fn trees(array: &ArrayRef) -> Value {
    (0..array.len()).map(|at| tree(array, at)).collect()
}

/// JSON value in a column of this type, and the number of misfits.
fn read_value(data_type: &DataType, value: &str) -> (Value, u64) {
    let mut decoder = single(data_type.clone());
    decoder.decode(format!(r#"{{"v":{value}}}"#).as_bytes()).unwrap();
    let errors = decoder.value_errors().first().map_or(0, |errors| errors.values);
    (tree(decoder.flush().column(0), 0), errors)
}

#[test]
fn follows_the_table_of_nested_rules() {
    use DataType::{Float64, Int32, Utf8};
    let pair = || row([("a", Int32), ("b", Utf8)]);
    for (data_type, value, wanted, errors) in [
        (list(Int32), "[1, 2]", r#"["1","2"]"#, 0),
        (list(Int32), "[]", "[]", 0),
        (list(Int32), "null", "null", 0),
        (
            list(Int32),
            r#"[1, null, "x", [], "4"]"#,
            r#"["1",null,null,null,"4"]"#,
            2,
        ),
        (list(Int32), "{}", "null", 1),
        (list(Int32), "1", "null", 1),
        (list(Int32), "true", "null", 1),
        (
            list(Utf8),
            r#"[{"a":1}, [ ], "\u0041", 1.10]"#,
            r#"["{\"a\":1}","[ ]","A","1.10"]"#,
            0,
        ),
        (
            list(list(Int32)),
            "[[1],[],null,2,[3,4]]",
            r#"[["1"],[],null,null,["3","4"]]"#,
            1,
        ),
        (
            items(),
            r#"[{"product_id":1,"quantity":2}]"#,
            r#"[{"product_id":"1","quantity":"2"}]"#,
            0,
        ),
        (
            items(),
            r#"[{"x":[{}]},null]"#,
            r#"[{"product_id":null,"quantity":null},null]"#,
            0,
        ),
        (pair(), r#"{"b":"x","a":1}"#, r#"{"a":"1","b":"x"}"#, 0),
        (pair(), r#"{"\u0061":1}"#, r#"{"a":"1","b":null}"#, 0),
        (pair(), r#"{"A":1,"B":2,"c":{"a":3}}"#, r#"{"a":"1","b":"2"}"#, 0),
        (pair(), r#"{"a":1,"A":2}"#, r#"{"a":"1","b":null}"#, 0),
        (pair(), r#"{"A":2,"a":1}"#, r#"{"a":"1","b":null}"#, 0),
        (pair(), r#"{"a":1,"a":2}"#, r#"{"a":"2","b":null}"#, 0),
        (pair(), r#"{"a":1,"a":null}"#, r#"{"a":null,"b":null}"#, 0),
        (pair(), r#"{"a":"x","b":"y"}"#, r#"{"a":null,"b":"y"}"#, 1),
        (pair(), "[1,2]", "null", 1),
        (pair(), "{}", r#"{"a":null,"b":null}"#, 0),
        (
            row([("a", Int32), ("A", Int32)]),
            r#"{"A":1,"a":2}"#,
            r#"{"a":"2","A":"1"}"#,
            0,
        ),
        (
            map(Utf8, Float64),
            r#"{"x":1,"y":null,"z":"q"}"#,
            r#"[["x","1.0"],["y",null],["z",null]]"#,
            1,
        ),
        (map(Utf8, Int32), "{}", "[]", 0),
        (
            map(Utf8, Int32),
            r#"{"a":1,"b":2,"\u0061":3,"a":4}"#,
            r#"[["b","2"],["a","4"]]"#,
            0,
        ),
        (map(Utf8, Int32), "[]", "null", 1),
        (
            map(Int32, Utf8),
            r#"{"1":"a","x":"b","+1":"c","2":"d"}"#,
            r#"[["1","c"],["2","d"]]"#,
            1,
        ),
        (
            map(Utf8, items()),
            r#"{"o":[{"product_id":1}]}"#,
            r#"[["o",[{"product_id":"1","quantity":null}]]]"#,
            0,
        ),
        (map(list(Utf8), Int32), r#"{"a":1}"#, "[]", 1),
    ] {
        let wanted = (serde_json::from_str(wanted).unwrap(), errors);
        assert_eq!(read_value(&data_type, value), wanted, "{value} as {data_type}");
    }
}

#[test]
fn reads_json_that_a_producer_made_a_string() {
    for (data_type, value, wanted, errors) in [
        (
            items(),
            r#""[{\"product_id\": 1, \"quantity\": 2}]""#,
            r#"[{"product_id":"1","quantity":"2"}]"#,
            0,
        ),
        (items(), r#"" [] ""#, "[]", 0),
        (items(), r#""null""#, "null", 0),
        (items(), r#""""#, "null", 1),
        (items(), r#""[{]""#, "null", 1),
        (items(), r#""[] []""#, "null", 1),
        (items(), r#""{}""#, "null", 1),
        (items(), r#""\"[]\"""#, "null", 1),
        (
            items(),
            r#"["{\"product_id\":\"3\"}"]"#,
            r#"[{"product_id":"3","quantity":null}]"#,
            0,
        ),
        (list(DataType::Utf8), r#""[\"[1]\"]""#, r#"["[1]"]"#, 0),
        (
            map(DataType::Utf8, DataType::Int8),
            r#""{\"a\\u0062\":1}""#,
            r#"[["ab","1"]]"#,
            0,
        ),
    ] {
        let wanted = (serde_json::from_str(wanted).unwrap(), errors);
        assert_eq!(read_value(&data_type, value), wanted, "{value}");
    }
}

#[test]
fn nested_columns_are_found_by_path_and_read_dates_by_format() {
    let days = list(DataType::Date32);
    let columns = vec![
        hinted("days", "a.b[1]", days, "dd.MM.yyyy"),
        column("sum", "a.s", DataType::Decimal128(5, 2)),
    ];
    let mut decoder = decoder(columns);
    decoder
        .decode(br#"{"a":{"b":[[],["09.03.2023"]],"s":1.1}}"#)
        .unwrap();
    let batch = decoder.flush();
    assert_eq!(trees(batch.column(0)), serde_json::json!([["2023-03-09"]]));
    assert_eq!(trees(batch.column(1)), serde_json::json!(["1.10"]));
}

#[test]
fn a_bad_record_leaves_nothing_in_nested_columns() {
    let mut decoder = single(map(DataType::Utf8, items()));
    decoder.decode(br#"{"v":{"a":[{"quantity":1}]}}"#).unwrap();
    decoder.decode(br#"{"v":{"b":[{"quantity":2}]},}"#).unwrap_err();
    decoder.append_nulls();
    decoder.decode(br#"{"v":{"c":[]}}"#).unwrap();
    let wanted = serde_json::json!([[["a", [{"product_id": null, "quantity": "1"}]]], null, [["c", []]]]);
    assert_eq!(trees(decoder.flush().column(0)), wanted);
}

#[test]
fn nesting_that_the_type_has_no_place_for_costs_no_stack() {
    let nested = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let value = format!(r#"[{{"x":{nested},"quantity":{nested},"product_id":1}}]"#);
    let wanted = serde_json::json!([{"product_id": "1", "quantity": null}]);
    assert_eq!(read_value(&items(), &value), (wanted, 1));
    assert_eq!(read_value(&items(), &nested), (serde_json::json!([null]), 1));
}

#[test]
fn a_string_in_a_string_in_a_string_ends_with_the_type() {
    let mut value = Value::from(vec![1]);
    for _ in 0..12 {
        value = Value::from(vec![Value::from(value.to_string())]);
    }
    let (value, errors) = read_value(&list(list(DataType::Int32)), &value.to_string());
    assert_eq!((value, errors), (serde_json::json!([[null]]), 1));
}

#[test]
fn many_keys_given_many_times_take_linear_time_and_memory() {
    let members: Vec<_> = (0..300_000)
        .map(|at| format!(r#""{}":{at}"#, at % 150_000))
        .collect();
    let record = format!(r#"{{"v":{{{}}}}}"#, members.join(","));
    let mut decoder = single(map(DataType::Utf8, DataType::Int64));
    decoder.decode(record.as_bytes()).unwrap();
    assert!(decoder.bytes() < 2 * record.len());
    let maps = decoder.flush();
    let entries = maps.column(0).as_map().value(0);
    assert_eq!(entries.len(), 150_000);
    assert_eq!(entries.column(1).as_primitive::<Int64Type>().value(0), 150_000);
}

/// Model of the same rules through a tree. Counts misfits.
fn nested_model(data_type: &DataType, value: &Value, misfits: &mut u64) -> Value {
    let shown = match (data_type, value) {
        (_, Value::Null) => return Value::Null,
        (DataType::List(item), Value::Array(items)) => {
            let items = items
                .iter()
                .map(|value| nested_model(item.data_type(), value, misfits));
            Some(items.collect())
        }
        (DataType::Struct(fields), Value::Object(members)) => Some(row_model(fields, members, misfits)),
        (DataType::Map(entries, _), Value::Object(members)) => {
            let DataType::Struct(entry) = entries.data_type() else {
                unreachable!()
            };
            Some(map_model(entry, members, misfits))
        }
        (DataType::List(_) | DataType::Struct(_) | DataType::Map(..), Value::String(text)) => {
            let value = serde_json::from_str::<Value>(text)
                .ok()
                .filter(|value| !value.is_string());
            match value {
                Some(value) => return nested_model(data_type, &value, misfits),
                None => None,
            }
        }
        (DataType::List(_) | DataType::Struct(_) | DataType::Map(..), _) => None,
        (data_type, value) => model(data_type, Some(value)).map(Value::from),
    };
    *misfits += u64::from(shown.is_none());
    shown.unwrap_or_default()
}

/// Model of a row: each member goes to the field of its name, or to the first that differs by case.
fn row_model(fields: &Fields, members: &serde_json::Map<String, Value>, misfits: &mut u64) -> Value {
    let mut row: Vec<(Value, bool)> = vec![(Value::Null, false); fields.len()];
    for (name, value) in members {
        let exact = fields.iter().position(|field| field.name() == name);
        let alike = fields
            .iter()
            .position(|field| field.name().to_lowercase() == name.to_lowercase());
        let Some(at) = exact.or(alike) else { continue };
        if exact.is_some() || !row[at].1 {
            row[at] = (
                nested_model(fields[at].data_type(), value, misfits),
                exact.is_some(),
            );
        }
    }
    let names = fields.iter().map(|field| field.name().clone());
    Value::Object(names.zip(row.into_iter().map(|(value, _)| value)).collect())
}

fn map_model(entry: &Fields, members: &serde_json::Map<String, Value>, misfits: &mut u64) -> Value {
    let mut entries: Vec<(Value, &Value)> = Vec::new();
    for (name, value) in members {
        let key = nested_model(entry[0].data_type(), &Value::from(name.as_str()), misfits);
        entries.retain(|(known, _)| *known != key);
        if !key.is_null() {
            entries.push((key, value));
        }
    }
    let entries = entries.into_iter();
    let pairs = entries.map(|(key, value)| vec![key, nested_model(entry[1].data_type(), value, misfits)]);
    pairs.collect()
}

fn nested_type() -> impl Strategy<Value = DataType> {
    let scalar = || prop::sample::select(MODEL_TYPES.to_vec());
    scalar().prop_recursive(4, 12, 4, move |inner| {
        let fields = prop::collection::hash_map("[abäABÄ]", inner.clone(), 1..4);
        prop_oneof![
            inner.clone().prop_map(list),
            fields.prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, data_type)| Field::new(name, data_type, true));
                DataType::Struct(fields.collect())
            }),
            (scalar(), inner).prop_map(|(key, value)| map(key, value)),
        ]
    })
}

/// Value that mostly fits the type.
fn value_for(data_type: &DataType) -> BoxedStrategy<Value> {
    let suited = match data_type {
        DataType::List(item) => prop::collection::vec(value_for(item.data_type()), 0..4)
            .prop_map(Value::from)
            .boxed(),
        DataType::Struct(fields) => {
            let members = fields.iter().map(|field| {
                let name = field.name().clone();
                let name = prop_oneof![3 => Just(name.clone()), 1 => Just(name.to_uppercase()), 1 => key()];
                (name, value_for(field.data_type()))
            });
            let members: Vec<_> = members.collect();
            members
                .prop_map(|members| Value::Object(members.into_iter().collect()))
                .boxed()
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(entry) = entries.data_type() else {
                unreachable!()
            };
            let name = prop_oneof!["[+-]?[0-9]{1,2}", "true|false|TRUE", key()];
            prop::collection::vec((name, value_for(entry[1].data_type())), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect()))
                .boxed()
        }
        _ => json_value().boxed(),
    };
    let string = suited.clone().prop_map(|value| Value::from(value.to_string()));
    prop_oneof![8 => suited, 1 => string, 1 => json_value()].boxed()
}

proptest! {
    #[test]
    fn nested_columns_equal_a_model_that_reads_trees(
        (data_type, values) in nested_type().prop_flat_map(|data_type| {
            let values = prop::collection::vec(value_for(&data_type), 1..4);
            (Just(data_type), values)
        }),
    ) {
        let mut decoder = single(data_type.clone());
        let mut misfits = 0;
        let wanted = values.iter().map(|value| nested_model(&data_type, value, &mut misfits));
        let wanted: Value = wanted.collect();
        for value in &values {
            decoder.decode(serde_json::json!({"v": value}).to_string().as_bytes()).unwrap();
        }
        let counted = decoder.value_errors().first().map_or(0, |errors| errors.values);
        prop_assert_eq!((trees(decoder.flush().column(0)), counted), (wanted, misfits));
    }

    #[test]
    fn any_text_in_a_nested_column_is_harmless(
        data_type in nested_type(), text in "[\\[\\]{}\":,\\\\u0-9a-c ]{0,30}",
    ) {
        let mut decoder = single(data_type);
        let string = serde_json::json!({"v": text}).to_string();
        decoder.decode(string.as_bytes()).unwrap();
        let spliced = decoder.decode(format!(r#"{{"v":{text}}}"#).as_bytes());
        prop_assert_eq!(decoder.flush().num_rows(), 1 + usize::from(spliced.is_ok()));
    }
}
