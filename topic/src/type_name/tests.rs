use arrow::datatypes::{DataType, Field};
use proptest::prelude::*;

use super::table::zoned_timestamp;
use super::*;

fn known(name: &str) -> DataType {
    let parsed = parse(name, false).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!parsed.unknown, "{name}");
    parsed.data_type
}

fn error(name: &str) -> String {
    parse(name, false).unwrap_err().to_string()
}

fn row(fields: Vec<(&str, DataType)>) -> DataType {
    let fields = fields
        .into_iter()
        .map(|(name, data_type)| Field::new(name, data_type, true));
    DataType::Struct(fields.collect())
}

/// Meaning of each spelling of the table, with numbers and types filled in.
fn spellings() -> Vec<(&'static str, DataType)> {
    use DataType::{
        Binary, Boolean, Date32, Date64, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Utf8,
    };
    vec![
        ("BOOLEAN", Boolean),
        ("BOOL", Boolean),
        ("TINYINT", Int8),
        ("SMALLINT", Int16),
        ("INTEGER", Int32),
        ("INT", Int32),
        ("INT32", Int32),
        ("BIGINT", Int64),
        ("LONG", Int64),
        ("INT64", Int64),
        ("REAL", Float32),
        ("FLOAT", Float32),
        ("DOUBLE", Float64),
        ("DECIMAL", Float64),
        ("NUMERIC", Float64),
        ("DECIMAL(12,2)", Decimal128(12, 2)),
        ("DECIMAL(9)", Decimal128(9, 0)),
        ("NUMERIC(38,38)", Decimal128(38, 38)),
        ("NUMERIC(1)", Decimal128(1, 0)),
        ("VARCHAR", Utf8),
        ("STRING", Utf8),
        ("CHAR", Utf8),
        ("VARCHAR(20)", Utf8),
        ("CHAR(1)", Utf8),
        ("VARBINARY", Binary),
        ("BINARY", Binary),
        ("BYTES", Binary),
        ("DATE", Date32),
        ("TIMESTAMP", Date64),
        ("TIMESTAMP(9)", Date64),
        ("TIMESTAMP WITH TIME ZONE", zoned_timestamp()),
        ("TIMESTAMP(0) WITH TIME ZONE", zoned_timestamp()),
        ("TIMESTAMPTZ", zoned_timestamp()),
        ("ARRAY(INT)", list_of(Int32)),
        ("ARRAY<INT>", list_of(Int32)),
        ("MAP(VARCHAR, DOUBLE)", map_of(Utf8, Float64)),
        ("MAP<STRING,DOUBLE>", map_of(Utf8, Float64)),
        ("ROW(a INT, b DATE)", row(vec![("a", Int32), ("b", Date32)])),
        ("STRUCT<a:INT,b:DATE>", row(vec![("a", Int32), ("b", Date32)])),
    ]
}

/// Name of the table or of [`spellings`] without its placeholders.
fn skeleton(name: &str) -> String {
    let end = name.find(['(', '<']).unwrap_or(name.len());
    let arguments = match &name[..end] {
        "ARRAY" | "MAP" | "ROW" | "STRUCT" => String::new(),
        _ => name[end..]
            .split(' ')
            .next()
            .unwrap_or_default()
            .replace(|c: char| c.is_alphanumeric(), ""),
    };
    let bracket = name[end..].chars().next().map(String::from).unwrap_or_default();
    let suffix = if name.ends_with(" WITH TIME ZONE") {
        " WITH TIME ZONE"
    } else {
        ""
    };
    format!("{}{bracket}{arguments}{suffix}", &name[..end])
}

#[test]
fn reads_every_name_of_the_table_in_any_case_and_padding() {
    for (name, data_type) in spellings() {
        assert_eq!(known(name), data_type, "{name}");
        assert_eq!(known(&name.to_lowercase()), data_type, "{name} in lower case");
        assert_eq!(
            known(&format!("\t {} ", name.replace(' ', "  \n"))),
            data_type,
            "{name} in blanks"
        );
    }
    let tried: Vec<_> = spellings().into_iter().map(|(name, _)| skeleton(name)).collect();
    for name in TYPES.iter().flat_map(|known| known.names) {
        assert!(tried.contains(&skeleton(name)), "{name} has no test");
    }
}

#[test]
fn no_type_given_is_varchar() {
    assert_eq!(known(""), DataType::Utf8);
    assert_eq!(known("  "), DataType::Utf8);
}

#[test]
fn marks_words_that_are_no_type() {
    for name in [
        "TIME",
        "uuid",
        "double precision",
        "ARRAY",
        "MAP",
        "ROW",
        "STRUCT",
        "TIMESTAMP WITH",
        "5",
    ] {
        let parsed = parse(name, false).unwrap();
        assert_eq!(
            (parsed.data_type, parsed.unknown),
            (DataType::Utf8, true),
            "{name}"
        );
    }
}

#[test]
fn a_bare_decimal_is_exact_only_when_asked() {
    for name in ["DECIMAL", "numeric"] {
        assert_eq!(parse(name, true).unwrap().data_type, DataType::Decimal128(38, 18));
    }
    let list = |item| list_of(item);
    assert_eq!(known("array<decimal>"), list(DataType::Float64));
    assert_eq!(
        parse("array<decimal>", true).unwrap().data_type,
        list(DataType::Decimal128(38, 18))
    );
    assert_eq!(
        parse("DECIMAL(9)", true).unwrap().data_type,
        DataType::Decimal128(9, 0)
    );
}

#[test]
fn both_spellings_of_complex_types_nest_in_each_other() {
    let item = row(vec![
        ("product_id", DataType::Int32),
        ("quantity", DataType::Int32),
    ]);
    for name in [
        "array<struct<product_id:int,quantity:int>>",
        "ARRAY(ROW(product_id INT, quantity INT))",
        " Array ( Struct < product_id : Int , quantity Int > ) ",
        "array<row(`product_id`: int, \"quantity\" int)>",
    ] {
        assert_eq!(known(name), list_of(item.clone()), "{name}");
    }
    let wanted = map_of(
        DataType::Decimal128(9, 2),
        row(vec![
            ("t", zoned_timestamp()),
            ("list", list_of(map_of(DataType::Date32, DataType::Binary))),
        ]),
    );
    let name = "map<decimal(9,2), row(t timestamp(3) with time zone, list array<map(date, binary)>)>";
    assert_eq!(known(name), wanted);
}

#[test]
fn fields_keep_their_case_and_may_be_named_as_types() {
    let wanted = row(vec![
        ("orderId", DataType::Int32),
        ("map", DataType::Utf8),
        ("with time", DataType::Boolean),
        ("a\"b", DataType::Date32),
        ("ключ", DataType::Int64),
    ]);
    let name = r#"struct<orderId:int,map:string,`with time`:boolean,"a""b" date,ключ long>"#;
    assert_eq!(known(name), wanted);
}

#[test]
fn says_what_is_wrong_with_a_name_and_where() {
    for (name, wanted) in [
        (
            "DECIMAL(39,2)",
            "a decimal has 1 to 38 digits, found 39, at position 0",
        ),
        (
            "DECIMAL(0)",
            "a decimal has 1 to 38 digits, found 0, at position 0",
        ),
        (
            "DECIMAL(5,6)",
            "a decimal of 5 digits cannot have scale 6, at position 0",
        ),
        (
            "DECIMAL(5,900)",
            "a decimal of 5 digits cannot have scale 900, at position 0",
        ),
        (
            "DECIMAL(5,2,1)",
            "`DECIMAL` does not take what follows it, at position 0",
        ),
        ("DECIMAL()", "wanted a number, found `)`, at position 8"),
        ("DECIMAL(5,)", "wanted a number, found `)`, at position 10"),
        ("DECIMAL(5,-2)", "wanted a number, found `-`, at position 10"),
        ("DECIMAL(5", "wanted `)`, found the end, at position 9"),
        (
            "DECIMAL(99999999999)",
            "wanted a number, found `9`, at position 8",
        ),
        ("DECIMAL<5>", "wanted the end, found `<`, at position 7"),
        ("VARCHAR(0)", "a length must be at least 1, at position 0"),
        ("VARCHAR(max)", "wanted a number, found `m`, at position 8"),
        ("INT(11)", "`INT` does not take what follows it, at position 0"),
        ("time(3)", "`time` is not a type, at position 0"),
        (
            "TIMESTAMP(10)",
            "a timestamp has at most 9 digits of fraction, found 10, at position 0",
        ),
        ("TIMESTAMP(3) WITH", "wanted the end, found `W`, at position 13"),
        (
            "array<int> with time zone",
            "wanted the end, found `w`, at position 11",
        ),
        (
            "array<int with time zone>",
            "`int` does not take what follows it, at position 6",
        ),
        ("ARRAY(", "wanted a type, found the end, at position 6"),
        ("ARRAY()", "wanted a type, found `)`, at position 6"),
        ("array<int", "wanted `>`, found the end, at position 9"),
        ("array<int)", "wanted `>`, found `)`, at position 9"),
        ("array<int>>", "wanted the end, found `>`, at position 10"),
        ("array<int, int>", "wanted `>`, found `,`, at position 9"),
        ("array<array>", "wanted `(` or `<`, found `>`, at position 11"),
        ("array<text>", "`text` is not a type, at position 6"),
        ("map<int>", "wanted `,`, found `>`, at position 7"),
        (
            "map< array<int>, int>",
            "a map's key cannot be of a complex type, at position 5",
        ),
        (
            "map<row(a int), int>",
            "a map's key cannot be of a complex type, at position 4",
        ),
        ("struct<>", "wanted a field's name, found `>`, at position 7"),
        (
            "struct<a:int,>",
            "wanted a field's name, found `>`, at position 13",
        ),
        ("struct<a>", "wanted a type, found `>`, at position 8"),
        ("struct<a::int>", "wanted a type, found `:`, at position 9"),
        ("struct<`é:int>", "the quote ` is not closed, at position 7"),
        (
            "row(é int, \"\" int)",
            "wanted a field's name, found `i`, at position 14",
        ),
        (
            "row(é int, É int)",
            "the fields `é` and `É` differ by case alone, which Athena ignores, at position 11",
        ),
        ("struct<a:int,a:int>", "two fields are named `a`, at position 13"),
        (",", "wanted a type, found `,`, at position 0"),
        ("\"a\"", "wanted a type, found `\"`, at position 0"),
    ] {
        assert_eq!(error(name), wanted, "{name}");
    }
}

#[test]
fn types_nest_to_a_bound() {
    let nested = |depth: usize| format!("{}int{}", "array<".repeat(depth - 1), ">".repeat(depth - 1));
    assert!(parse(&nested(MAX_DEPTH), false).is_ok());
    assert!(error(&nested(MAX_DEPTH + 1)).starts_with("types nest at most 64 deep"));
    assert!(error(&"array<".repeat(1_000_000)).starts_with("types nest at most 64 deep"));
}

#[test]
fn documents_every_name_once() {
    let table = markdown();
    assert_eq!(table.lines().count(), TYPES.len() + 2);
    assert!(
        table.contains("| `INTEGER`, `INT`, `INT32` | `integer` | 32 bits |"),
        "{table}"
    );
    let mut names: Vec<_> = TYPES.iter().flat_map(|known| known.names).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

fn any_type() -> impl Strategy<Value = DataType> {
    let scalars = spellings()
        .into_iter()
        .filter(|(_, data_type)| !data_type.is_nested());
    let scalars: Vec<_> = scalars.map(|(_, data_type)| data_type).collect();
    let scalar = prop::sample::select(scalars);
    scalar.clone().prop_recursive(4, 24, 4, move |inner| {
        let fields = prop::collection::btree_map("[a-z \"`:,<äß.]{1,4}", inner.clone(), 1..4);
        prop_oneof![
            inner.clone().prop_map(list_of),
            (scalar.clone(), inner.clone()).prop_map(|(key, value)| map_of(key, value)),
            fields.prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, data_type)| Field::new(name, data_type, true));
                DataType::Struct(fields.collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_types_name_reads_as_that_type(data_type in any_type()) {
        let parsed = parse(&name(&data_type), false).unwrap();
        prop_assert_eq!(parsed.data_type, data_type);
    }

    #[test]
    fn no_name_panics(name in "([aA]rray|map|row|decimal|int|with time zone|[<>(),:\"` 0-9éx]){0,12}") {
        let _ = parse(&name, false);
    }
}
