use super::*;
use crate::path::{MAX_STEPS, Path, Step};

/// Values of one column for each mapping of a record.
fn read_paths(mappings: &[&str], record: &str) -> Vec<Option<String>> {
    let columns = mappings
        .iter()
        .map(|mapping| column(mapping, mapping, DataType::Utf8));
    let mut decoder = decoder(columns.collect());
    decoder.decode(record.as_bytes()).unwrap();
    let batch = decoder.flush();
    batch.columns().iter().map(|column| shown(column, 0)).collect()
}

fn read_path(mapping: &str, record: &str) -> Option<String> {
    read_paths(&[mapping], record).remove(0)
}

#[test]
fn a_mapping_is_a_key_first_and_then_a_path() {
    let record =
        r#"{"a":{"b":1, "c":{"d":"x"}},"a.b":2,"/a/b":3,"":4,"A":5,"[0]":6,"l":[{"m":7},[8]],"n":null}"#;
    for (mapping, wanted) in [
        ("a.b", Some("2")),
        ("/a/b", Some("3")),
        (r"a\.b", Some("2")),
        ("/a.b", Some("2")),
        ("", Some("4")),
        ("A", Some("5")),
        ("[0]", Some("6")),
        ("b", None),
        ("a.B", None),
        ("a.c.d", Some("x")),
        ("a.c", Some(r#"{"d":"x"}"#)),
        ("/a/c/d", Some("x")),
        ("a.c.d.e", None),
        ("l[0].m", Some("7")),
        ("l.0.m", Some("7")),
        ("/l/0/m", Some("7")),
        ("l[1][0]", Some("8")),
        ("l[1].0", Some("8")),
        ("l[2]", None),
        ("l.m", None),
        ("a[0]", None),
        ("n.x", None),
        ("l.00.m", None),
        ("a..b", None),
        ("[1]", None),
    ] {
        assert_eq!(read_path(mapping, record).as_deref(), wanted, "{mapping}");
    }
}

#[test]
fn the_literal_key_counts_in_each_record_that_has_it() {
    let mut decoder = decoder(vec![column("v", "a.b", DataType::Utf8)]);
    for record in [
        r#"{"a":{"b":1}}"#,
        r#"{"a":{"b":1},"a.b":2}"#,
        r#"{"a.b":null,"a":{"b":1}}"#,
        "{}",
    ] {
        decoder.decode(record.as_bytes()).unwrap();
    }
    let batch = decoder.flush();
    let values: Vec<_> = batch.column(0).as_string::<i32>().iter().collect();
    assert_eq!(values, [Some("1"), Some("2"), None, None]);
}

#[test]
fn a_mapping_that_is_no_path_is_a_key() {
    assert_eq!(read_path("a..b[", r#"{"a..b[":1}"#).as_deref(), Some("1"));
    assert_eq!(read_path("/~", r#"{"/~":1}"#).as_deref(), Some("1"));
}

#[test]
fn paths_may_lead_through_each_other() {
    let record = r#"{"l":[10,{"x":1,"y":[2]},12],"o":{"0":"k","1":{"x":3}}}"#;
    let mappings = [
        "l[1].x", "l.1.y[0]", "l", "l[2]", "l.0", "l[1]", "o.1.x", "o[1].x", "o.0", "o[0]",
    ];
    let wanted = [
        Some("1"),
        Some("2"),
        Some(r#"[10,{"x":1,"y":[2]},12]"#),
        Some("12"),
        Some("10"),
        Some(r#"{"x":1,"y":[2]}"#),
        Some("3"),
        None,
        Some("k"),
        None,
    ];
    let shown = read_paths(&mappings, record);
    assert_eq!(shown.iter().map(Option::as_deref).collect::<Vec<_>>(), wanted);
}

#[test]
fn items_are_found_in_any_order_of_their_mappings() {
    let record = r#"{"l":[0,1,2,3,4,5,6,7,8,9,10]}"#;
    let shown = read_paths(&["l.10", "l[9]", "l.2", "l[0]", "/l/9"], record);
    assert_eq!(
        shown,
        ["10", "9", "2", "0", "9"].map(|shown| Some(shown.to_owned()))
    );
}

#[test]
fn what_an_earlier_member_of_the_name_held_is_forgotten() {
    assert_eq!(read_path("a.b", r#"{"a":{"b":1},"a":{}}"#), None);
    assert_eq!(read_path("a.b", r#"{"a":{"b":1},"a":5}"#), None);
    assert_eq!(read_path("a.b.c", r#"{"a":{"b":{"c":1},"b":{"d":2}}}"#), None);
    assert_eq!(
        read_path("a.b.c", r#"{"a":{"b":{"c":1},"b":{"c":2}}}"#).as_deref(),
        Some("2")
    );
    assert_eq!(read_path("a.b[0]", r#"{"a":{"b":[1],"b":[]}}"#), None);
}

#[test]
fn keys_on_the_way_may_have_escapes_and_blanks_around() {
    let record = "{ \"a\" : {\n\"x\" : 0 , \"\\u0062\\n\" : [ 1 , \"two\" ] } }";
    assert_eq!(read_path("a.b\n[1]", record).as_deref(), Some("two"));
}

#[test]
fn the_longest_path_passes_nesting_of_any_depth() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let open = format!(r#"{{"w":{deep},"a":"#);
    let record = format!("{}1{}", open.repeat(MAX_STEPS), "}".repeat(MAX_STEPS));
    let mapping = vec!["a"; MAX_STEPS].join(".");
    assert_eq!(read_path(&mapping, &record).as_deref(), Some("1"));
}

/// Value of a mapping in a tree.
fn follow<'a>(mapping: &str, document: &'a Value) -> Option<&'a Value> {
    let path = || Path::parse(mapping).ok();
    document.get(mapping).or_else(|| {
        path()?
            .steps
            .iter()
            .try_fold(document, |value, step| match (value, step) {
                (Value::Object(members), Step::Key(key)) => members.get(key),
                (Value::Array(items), step) => items.get(step.index()?),
                _ => None,
            })
    })
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i8>().prop_map(Value::from),
        Just(Value::Null),
        "[ab\"\\\\]*".prop_map(Value::from)
    ];
    let tree = leaf.prop_recursive(4, 48, 4, |inner| {
        let key = "[ab01]|a\\.b|\\[0\\]|\"|";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    tree.prop_filter("an object at the top", Value::is_object)
}

fn mapping() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab01]((\\.[ab01])|(\\[[01]\\])){0,3}",
        "(/([ab01]|a\\.b|\"|)){1,4}",
        "a\\\\\\.b(\\.a)?",
    ]
}

proptest! {
    #[test]
    fn finds_what_a_tree_has(
        document in document(), mappings in prop::collection::vec(mapping(), 1..8), pretty: bool,
    ) {
        let mappings: Vec<_> = mappings.iter().map(String::as_str).collect();
        let record = if pretty { format!("{document:#}") } else { document.to_string() };
        let shown = read_paths(&mappings, &record);
        for (mapping, shown) in mappings.iter().zip(shown) {
            let value = follow(mapping, &document);
            match value {
                Some(nested @ (Value::Array(_) | Value::Object(_))) => {
                    let shown = serde_json::from_str::<Value>(&shown.unwrap()).unwrap();
                    prop_assert_eq!(&shown, nested, "{}", mapping);
                }
                value => prop_assert_eq!(shown, model(&DataType::Utf8, value), "{}", mapping),
            }
        }
    }
}
