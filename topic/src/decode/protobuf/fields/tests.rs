use super::*;

/// Names, types and type names.
fn columns(definition: &str) -> Vec<(String, String, String)> {
    let fields = fields(definition, &[], None).unwrap();
    let column = |field: &ArrowField| {
        let metadata = field.metadata();
        assert!(field.is_nullable());
        assert_eq!(
            (&metadata[MAPPING_KEY], metadata[FORMAT_HINT_KEY].as_str()),
            (field.name(), "")
        );
        (
            field.name().clone(),
            show(field.data_type()),
            metadata[TYPE_KEY].clone(),
        )
    };
    fields.iter().map(column).collect()
}

fn show(data_type: &DataType) -> String {
    match data_type {
        DataType::List(item) => format!("{}<{}>", item.name(), show(item.data_type())),
        DataType::Map(entries, false) if entries.name() == "entries" && !entries.is_nullable() => {
            let DataType::Struct(names) = entries.data_type() else {
                panic!("a struct")
            };
            let nullable: Vec<_> = names.iter().map(|name| name.is_nullable()).collect();
            assert_eq!(nullable, [false, true]);
            format!("map{}", show(entries.data_type()))
        }
        DataType::Struct(names) => {
            let names: Vec<_> = names
                .iter()
                .map(|name| format!("{} {}", name.name(), show(name.data_type())))
                .collect();
            format!("({})", names.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

fn types(definition: &str) -> Vec<String> {
    columns(definition)
        .into_iter()
        .map(|(_, data_type, _)| data_type)
        .collect()
}

fn reason(definition: &str, message: Option<&str>) -> String {
    fields(definition, &[], message).unwrap_err().reason
}

#[test]
fn every_type_has_a_column() {
    let definition = r#"syntax = "proto3"; package p;
        message M { int32 a = 1; sint32 b = 2; sfixed32 c = 3; int64 d = 4; sint64 e = 5; sfixed64 f = 6; uint32 g = 7;
            fixed32 h = 8; uint64 i = 9; fixed64 j = 10; bool k = 11; float l = 12; double m = 13; string n = 14;
            bytes o = 15; E p = 16; N q = 17; repeated N r = 18; map<int32, N> s = 19; oneof t { int32 u = 20; }
            optional bool v = 21; repeated E w = 22; }
        enum E { Z = 0; } message N { int32 x = 1; repeated string y = 2; }"#;
    let n = "(x Int32, y item<Utf8>)";
    let wanted = [
        ("a", "Int32", "int32"),
        ("b", "Int32", "sint32"),
        ("c", "Int32", "sfixed32"),
        ("d", "Int64", "int64"),
        ("e", "Int64", "sint64"),
        ("f", "Int64", "sfixed64"),
        ("g", "Int64", "uint32"),
        ("h", "Int64", "fixed32"),
        ("i", "Decimal128(20, 0)", "uint64"),
        ("j", "Decimal128(20, 0)", "fixed64"),
        ("k", "Boolean", "bool"),
        ("l", "Float32", "float"),
        ("m", "Float64", "double"),
        ("n", "Utf8", "string"),
        ("o", "Binary", "bytes"),
        ("p", "Utf8", "p.E"),
        ("q", n, "p.N"),
        ("r", &format!("item<{n}>"), "repeated p.N"),
        ("s", &format!("map(key Int32, value {n})"), "map<int32, p.N>"),
        ("u", "Int32", "int32"),
        ("v", "Boolean", "bool"),
        ("w", "item<Utf8>", "repeated p.E"),
    ];
    let wanted =
        wanted.map(|(name, data_type, spelled)| (name.to_owned(), data_type.to_owned(), spelled.to_owned()));
    assert_eq!(columns(definition), wanted);
}

#[test]
fn well_known_messages_have_columns_of_their_own() {
    let files = [
        "timestamp",
        "duration",
        "wrappers",
        "struct",
        "any",
        "field_mask",
        "empty",
    ];
    let imports: String = files
        .map(|file| format!("import 'google/protobuf/{file}.proto';"))
        .concat();
    let names = [
        ("Timestamp", "Date64"),
        ("Duration", "Utf8"),
        ("BoolValue", "Boolean"),
        ("Int32Value", "Int32"),
        ("Int64Value", "Int64"),
        ("UInt32Value", "Int64"),
        ("UInt64Value", "Decimal128(20, 0)"),
        ("FloatValue", "Float32"),
        ("DoubleValue", "Float64"),
        ("StringValue", "Utf8"),
        ("BytesValue", "Binary"),
        ("Struct", "Utf8"),
        ("Value", "Utf8"),
        ("ListValue", "Utf8"),
        ("Any", "Utf8"),
        ("FieldMask", "Utf8"),
        ("Empty", "Utf8"),
        ("NullValue", "Utf8"),
    ];
    let members = names.iter().zip(1..);
    let members: String = members
        .map(|((name, _), number)| format!("google.protobuf.{name} f{number} = {number};"))
        .collect();
    let definition = format!("syntax = 'proto3'; {imports} message M {{ {members} }}");
    assert_eq!(types(&definition), names.map(|(_, data_type)| data_type));
}

#[test]
fn a_message_of_the_users_own_is_not_well_known_by_its_name() {
    let definition = "syntax = 'proto3'; package google.protobuf; message M { Timestamp t = 1; } message Timestamp { string s = 1; }";
    assert_eq!(types(definition), ["(s Utf8)"]);
}

#[test]
fn recursion_and_empty_messages_are_json() {
    let definition = "syntax = 'proto3'; message M { M m = 1; N n = 2; E e = 3; repeated E es = 4; map<string, M> ms = 5; }
        message N { M m = 1; N n = 2; int32 x = 3; } message E {}";
    assert_eq!(
        types(definition),
        [
            "Utf8",
            "(m Utf8, n Utf8, x Int32)",
            "Utf8",
            "item<Utf8>",
            "map(key Utf8, value Utf8)"
        ]
    );
}

#[test]
fn a_message_whose_fields_differ_by_case_alone_is_json_in_another() {
    let definition = "message M { optional N n = 1; repeated N ns = 2; } message N { optional int32 x = 1; optional int32 X = 2; }";
    assert_eq!(types(definition), ["Utf8", "item<Utf8>"]);
}

/// Each message contains the next `width` times.
fn chain(length: usize, width: usize) -> String {
    let link = |at: usize| {
        let fields: String = (1..=width)
            .map(|number| format!("M{} f{number} = {number};", at + 1))
            .collect();
        format!("message M{at} {{ {fields} }} ")
    };
    let links: String = (0..length).map(link).collect();
    format!("syntax = 'proto3'; {links} message M{length} {{ int32 x = 1; }}")
}

#[test]
fn deep_messages_become_json_and_wide_ones_an_error() {
    let mut deep = &fields(&chain(100, 1), &[], None).unwrap()[0].data_type().clone();
    let mut depth = 1;
    while let DataType::Struct(names) = deep {
        deep = names[0].data_type();
        depth += 1;
    }
    assert_eq!((deep, depth), (&DataType::Utf8, MAX_DEPTH));
    assert_eq!(
        reason(&chain(20, 2), None),
        "message `M0` has more than 5000 fields, those of its rows included"
    );
}

#[test]
fn says_why_a_message_makes_no_table() {
    assert_eq!(reason("message M {}", None), "message `M` has no fields");
    assert_eq!(reason("", None), "the definition has no message");
    assert_eq!(
        reason("message M { optional int32 a = 1; }", Some("X")),
        "the definition has no message `X`"
    );
    assert_eq!(
        reason(
            "message M { optional int32 qty = 1; optional int32 QTY = 2; }",
            None
        ),
        "message `M`: the fields `qty` and `QTY` differ by case alone, which Athena ignores"
    );
}
