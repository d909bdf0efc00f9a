//! Rows of JSON records, record by record, through the real binary: the documented value, and complete
//! neighbours.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;
use tests::world::World;

const COLUMNS: &[(&str, &str, &str)] = &[
    ("id", "INTEGER", ""),
    ("text", "VARCHAR", ""),
    ("number", "INTEGER", ""),
];

/// `(record, text, number)`: values of the two columns, `None` for NULL.
type Case = (Vec<u8>, Option<&'static str>, Option<i32>);

fn cases() -> Vec<Case> {
    let case = |record: &str, text, number| (record.as_bytes().to_vec(), text, number);
    let deep = format!(
        r#"{{"id":7,"other":{}1{},"text":"t","number":1}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    vec![
        case(r#"{"id":0,"text":"t","number":1}"#, Some("t"), Some(1)),
        case(r#"{"id":1}"#, None, None),
        case(r#"{"id":2,"text":null,"number":null}"#, None, None),
        case(
            r#"{"id":3,"text":[1, "a"],"number":[1]}"#,
            Some(r#"[1, "a"]"#),
            None,
        ),
        case(
            r#"{"id":4,"text":{"a": {"b":[]}},"number":{}}"#,
            Some(r#"{"a": {"b":[]}}"#),
            None,
        ),
        case(r#"{"id":5,"text":1.10,"number":"12"}"#, Some("1.10"), Some(12)),
        case(r#"{"id":6,"text":true,"number":"twelve"}"#, Some("true"), None),
        case(&deep, Some("t"), Some(1)),
        case(
            r#"{"id":8,"text":"first","number":1,"text":"last","number":2}"#,
            Some("last"),
            Some(2),
        ),
        (
            b"{\"id\":9,\"text\":\"a\xff\xfeb\",\"number\":1}".to_vec(),
            Some("a\u{fffd}\u{fffd}b"),
            Some(1),
        ),
        case(
            r#"{"id":10,"text":"\u00e9\n\"","number":2147483647}"#,
            Some("é\n\""),
            Some(2_147_483_647),
        ),
        case(r#"{"id":11,"text":"","number":2147483648}"#, Some(""), None),
        case(
            r#"{"number":3,"text":"t","id":12,"more":1} trailing"#,
            Some("t"),
            Some(3),
        ),
    ]
}

/// Records that do not parse.
const BAD: [&str; 5] = [
    "",
    "not json",
    r#"{"id":99,"text":"cut"#,
    "[1,2]",
    "\u{feff}{\"id\":99}",
];

#[tokio::test(flavor = "multi_thread")]
async fn values_become_what_is_documented_and_nothing_around_them_is_lost() {
    let world = World::start().await;
    let topic = world.broker.create_topic("json", 1).await;
    let mut records = Vec::new();
    for (index, (record, ..)) in cases().into_iter().enumerate() {
        records.push(Some(record));
        records.push(Some(BAD[index % BAD.len()].as_bytes().to_vec()));
    }
    world.broker.produce(&topic, 0, records);
    world.register_json("t", &topic, COLUMNS);

    let (_lambda, client) = world.lambda(1, &[]).await;
    let rows = client.select("t", &["id", "text", "number"]).await.expect("rows");
    let (ids, texts) = (
        rows.column(0).as_primitive::<Int32Type>(),
        rows.column(1).as_string::<i32>(),
    );
    let numbers = rows.column(2).as_primitive::<Int32Type>();
    assert_eq!(
        rows.num_rows(),
        2 * cases().len(),
        "a bad record is a row of NULLs"
    );
    for (row, (record, text, number)) in cases().into_iter().enumerate() {
        let record = String::from_utf8_lossy(&record).into_owned();
        let at = 2 * row;
        assert_eq!(ids.value(at) as usize, row, "{record}");
        assert_eq!(texts.is_valid(at).then(|| texts.value(at)), text, "{record}");
        assert_eq!(
            numbers.is_valid(at).then(|| numbers.value(at)),
            number,
            "{record}"
        );
        assert!(
            ids.is_null(at + 1) && texts.is_null(at + 1) && numbers.is_null(at + 1),
            "the bad record after {record}"
        );
    }

    let (_lambda, skipping) = world.lambda(1, &[("on_bad_record", "skip")]).await;
    let rows = skipping.select("t", &["id"]).await.expect("rows");
    assert_eq!((rows.num_rows(), rows.column(0).null_count()), (cases().len(), 0));

    let (_lambda, failing) = world.lambda(1, &[("on_bad_record", "fail")]).await;
    let error = failing
        .select("t", &["id"])
        .await
        .expect_err("the second record is bad");
    assert!(
        error.contains(&topic) && error.contains("partition 0") && error.contains("offset 1"),
        "{error}"
    );
}
