//! Mapping of fields to columns.

use super::*;

#[test]
fn matches_fields_of_rows_by_name_then_in_any_case() {
    let definition = "message M { optional N n = 1; } message N { optional int32 unit_price = 1; optional int32 Qty = 2; optional int32 qty = 3; }";
    let names = [
        ("unitPrice", DataType::Int32),
        ("UNIT_PRICE", DataType::Utf8),
        ("qty", DataType::Int32),
        ("QTY", DataType::Int32),
        ("none", DataType::Int32),
    ];
    let mut decoder = decoder_of(definition, &[("n", row_type(&names))]);
    let n = with(
        message(definition, "N"),
        &[
            ("unit_price", Value::I32(5)),
            ("Qty", Value::I32(6)),
            ("qty", Value::I32(7)),
        ],
    );
    let payload = encode(definition, "M", &[("n", Value::Message(n))]);
    assert_eq!(
        one_row(&mut decoder, &payload),
        ["(unitPrice: 5, UNIT_PRICE: \"5\", qty: 7, QTY: 6, none: NULL)"]
    );
}

#[test]
fn an_empty_mapping_is_null_in_every_row() {
    let definition = "syntax = 'proto3'; message M { int32 a = 1; }";
    let mut decoder = decoder_of(definition, &[("", DataType::Int32), ("a", DataType::Int32)]);
    assert_eq!(one_row(&mut decoder, &[0x08, 1]), ["NULL", "1"]);
}

#[test]
fn finds_a_mapping_by_its_name_in_json_too() {
    let definition =
        "syntax = 'proto3'; message M { int32 order_id = 1; int32 b = 2 [json_name = 'other']; }";
    let mut decoder = decoder_of(
        definition,
        &[("orderId", DataType::Int32), ("other", DataType::Int32)],
    );
    assert_eq!(one_row(&mut decoder, &[0x08, 1, 0x10, 2]), ["1", "2"]);
}

const PATHS: &str = r#"syntax = "proto3";
    message M { N n = 1; repeated N list = 2; map<string, N> by_name = 3; map<int32, string> by_id = 4;
        repeated sint32 numbers = 5; oneof o { N chosen = 6; int32 other = 7; } }
    message N { int32 an_x = 1; optional string y = 2; repeated string words = 3; N n = 4; }"#;

#[test]
fn mappings_lead_into_messages_lists_and_maps() {
    let n = |x: i32| {
        let words = Value::List(vec![text("a"), text("b")]);
        Value::Message(with(
            message(PATHS, "N"),
            &[("an_x", Value::I32(x)), ("words", words)],
        ))
    };
    let by_name = [(MapKey::String("k.1".into()), n(3))];
    let by_id = [(MapKey::I32(-5), text("five"))];
    let payload = encode(
        PATHS,
        "M",
        &[
            ("n", n(1)),
            ("list", Value::List(vec![n(8), n(9)])),
            ("by_name", Value::Map(by_name.into())),
            ("by_id", Value::Map(by_id.into())),
            ("numbers", Value::List(vec![Value::I32(-4), Value::I32(6)])),
        ],
    );
    let wanted = [
        ("n.an_x", "1"),
        ("n.anX", "1"),
        ("n.y", "NULL"),
        ("n.n.an_x", "NULL"),
        ("n.words[1]", "\"b\""),
        ("list[1].an_x", "9"),
        ("list.0.words.0", "\"a\""),
        ("list[2].an_x", "NULL"),
        ("by_name.k\\.1.an_x", "3"),
        ("/by_name/k.1/words/1", "\"b\""),
        ("by_name.none.an_x", "NULL"),
        ("by_id.-5", "\"five\""),
        ("numbers[1]", "6"),
        ("numbers[2]", "NULL"),
        ("chosen.an_x", "NULL"),
        ("n.an_x", "1"),
    ];
    let mut decoder = decoder_of(
        PATHS,
        &wanted.map(|(path, value)| match value.starts_with('"') {
            true => (path, DataType::Utf8),
            false => (path, DataType::Int32),
        }),
    );
    assert_eq!(one_row(&mut decoder, &payload), wanted.map(|(_, value)| value));
    assert_eq!(one_row(&mut decoder, b""), ["NULL"; 16]);
    assert_eq!(one_row(&mut decoder, &[0x32, 2, 0x08, 5])[14], "5");
    assert_eq!(one_row(&mut decoder, &[0x32, 2, 0x08, 5, 0x38, 1])[14], "NULL");
    assert_eq!(decoder.value_errors(), []);
}

#[test]
fn knows_which_paths_lead_somewhere() {
    for (mapping, leads) in [
        ("n", true),
        ("n.n.n.an_x", true),
        ("list[7].anX", true),
        ("by_id.any", true),
        ("n.x", false),
        ("n[0]", false),
        ("list.an_x", false),
        ("numbers[0].x", false),
        ("[0]", false),
        ("n.y.z", false),
        ("by_id.1.z", false),
        ("N", false),
    ] {
        let path = Path::parse(mapping).unwrap();
        let found = matches(PATHS, &[], None, &[(path, &DataType::Utf8)]).unwrap();
        assert_eq!(matches!(found[..], [Match::Part]), leads, "{mapping}");
        if !leads {
            let mut decoder = decoder_of(PATHS, &[(mapping, DataType::Utf8)]);
            assert_eq!(one_row(&mut decoder, b""), ["NULL"], "{mapping}");
        }
    }
}

#[test]
fn names_a_mapping_that_is_no_path_and_a_schema_that_is_none() {
    let definition = "syntax = 'proto3'; message M { int32 a = 1; }";
    let error = |definition: &str, message, mapping: &str| {
        let column = Column {
            name: "c".into(),
            source: Default::default(),
            mapping: mapping.into(),
            data_type: DataType::Int32,
            format: Default::default(),
        };
        let writers: Arc<dyn WriterSchemas> = Arc::new(crate::decode::NoWriterSchemas);
        match ProtobufDecoder::new(&[column], (definition, &[]), message, &writers) {
            Ok(_) => panic!("a decoder was made"),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(
        error(definition, None, "a..b"),
        "protobuf schema: column `c`: mapping `a..b`: no key at position 2; JSON Pointer can spell an empty one"
    );
    assert_eq!(
        error(definition, Some("N"), "a"),
        "protobuf schema: the definition has no message `N`"
    );
    assert!(error("message {", None, "a").starts_with("protobuf schema: line 1, column 9: "));
}
