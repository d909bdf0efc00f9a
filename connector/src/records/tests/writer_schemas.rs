//! Records that name the schema that they were written with, and those that only seem to.

use serde_json::json;

use super::*;
use crate::testing::http::{HttpEndpoint, closed_url};

const GUID: &str = "3f0a6c1e-8d52-4b7a-9c11-0e5d2a7b4c90";
const UNKNOWN: &str = r#"{"error_code": 40403, "message": "Schema not found"}"#;
/// Begins like Confluent's header.
const STRAY: &[u8] = b"\x00\x01 garbage";

/// Table whose values have an `id`, and whose keys have one in `key_id`, both in Avro.
fn world(vars: &[(&str, &str)]) -> World {
    let world = World::with_vars(1, vars);
    let schema = json!({"type": "record", "name": "T", "fields": [{"name": "id", "type": "long"}]});
    let document = json!({
        "topicName": TOPIC,
        "message": {"dataFormat": "avro", "dataSchema": schema},
        "key": {"dataFormat": "avro", "dataSchema": schema, "fields": [{"name": "key_id", "mapping": "id"}]},
    });
    world
        .registry
        .register_schema("customer", "orders", "JSON", &document.to_string());
    world
}

fn append(world: &World, key: Option<&[u8]>, value: &[u8], headers: &[(&str, &[u8])]) {
    let headers = headers.iter();
    let record = MemoryRecord {
        key: key.map(<[u8]>::to_vec),
        value: Some(value.to_vec()),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), Some(value.to_vec())))
            .collect(),
        ..MemoryRecord::default()
    };
    world.broker.append_record(TOPIC, 0, record);
}

fn append_values(world: &World, values: &[&[u8]]) {
    values.iter().for_each(|value| append(world, None, value, &[]));
}

async fn error(world: &World, records: i64) -> Error {
    read_as(world, (0, records), |_| {}).await.unwrap_err()
}

fn key_ids(batch: &RecordBatch) -> Vec<Option<i64>> {
    let keys = batch.column_by_name("key_id").unwrap();
    keys.as_primitive::<Int64Type>().iter().collect()
}

#[tokio::test]
async fn a_stray_value_is_a_bad_record_like_others() {
    let values: &[&[u8]] = &[&[2], STRAY, &[4]];
    let registry = HttpEndpoint::answering(404, UNKNOWN).await;
    for settings in [&[][..], &[("schema_registry_url", registry.url.as_str())]] {
        let with_policy = |policy| {
            let world = world(&[settings, &[("on_bad_record", policy)]].concat());
            append_values(&world, values);
            world
        };
        let nulls = rows(&with_policy("null"), (0, 3)).await;
        assert_eq!(ids(&nulls), [Some(1), None, Some(2)]);
        assert_eq!(ids(&rows(&with_policy("skip"), (0, 3)).await), some([1, 2]));
        let error = error(&with_policy("fail"), 3).await;
        assert!(matches!(error, Error::BadRecord { offset: 1, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_split_of_which_no_value_can_be_read_for_want_of_a_registry_is_an_error() {
    for policy in ["null", "skip", "fail"] {
        let world = world(&[("on_bad_record", policy)]);
        world.broker.append(TOPIC, 0, None);
        append_values(&world, &[&[0, 0, 0, 0, 7, 2], &[0, 0, 0, 0, 7, 4]]);
        assert_eq!(
            error(&world, 3).await.to_string(),
            "topic `orders` partition 0 offset 1: the schema 7 that the record names cannot be looked up: \
             set schema_registry_url to the Confluent registry it is in"
        );
        // A limit does not turn them into rows either.
        let limited = read_as(&world, (0, 3), |request| request.constraints.limit = Some(1));
        assert!(
            limited
                .await
                .unwrap_err()
                .to_string()
                .contains("schema_registry_url")
        );
    }
    let world = world(&[]);
    append_values(&world, &[&[0, 0, 0, 0, 7, 2]]);
    let error = error(&world, 1).await;
    assert!(matches!(error, Error::NoSchemaRegistry { .. }), "{error}");
    assert_eq!(error.kind(), "configuration");
}

#[tokio::test]
async fn a_limit_is_not_reached_by_values_that_may_prove_to_be_an_error() {
    let world = world(&[]);
    append_values(&world, &[STRAY, STRAY, &[2], &[4]]);
    let limited = read_as(&world, (0, 4), |request| request.constraints.limit = Some(1));
    assert_eq!(ids(&inline(limited.await.unwrap())), [None, None, Some(1)]);
}

#[tokio::test]
async fn a_stray_key_is_null_and_its_row_stays() {
    for policy in ["null", "skip"] {
        let world = world(&[("on_bad_record", policy)]);
        for key in [Some(&[6][..]), Some(STRAY), None] {
            append(&world, key, &[2], &[]);
        }
        let batch = rows(&world, (0, 3)).await;
        assert_eq!(
            (ids(&batch), key_ids(&batch)),
            (some([1, 1, 1]), vec![Some(3), None, None])
        );
    }
    let strict = world(&[("on_bad_record", "fail")]);
    append(&strict, Some(STRAY), &[2], &[]);
    let error = error(&strict, 1).await;
    assert!(matches!(error, Error::BadRecord { offset: 0, .. }), "{error}");
}

#[tokio::test]
async fn keys_whose_schema_does_not_exist_are_bad_and_their_rows_stay() {
    let (unknown, invalid) = (
        HttpEndpoint::answering(404, UNKNOWN).await,
        HttpEndpoint::answering(400, r#"{"error_code": 400}"#).await,
    );
    // Numbers that a registry may have, and above them.
    for (registry, key) in [
        (&unknown, STRAY),
        (&unknown, b"\x00\xff key".as_slice()),
        (&invalid, b"\x00\xff key".as_slice()),
    ] {
        for policy in ["null", "skip"] {
            let world = world(&[("schema_registry_url", &registry.url), ("on_bad_record", policy)]);
            for _ in 0..2 {
                append(&world, Some(key), &[2], &[]);
            }
            let batch = rows(&world, (0, 2)).await;
            assert_eq!((ids(&batch), key_ids(&batch)), (some([1, 1]), vec![None, None]));
        }
    }
}

#[tokio::test]
async fn values_whose_schema_does_not_exist_are_bad_records_also_if_all_are() {
    let registry = HttpEndpoint::answering(404, UNKNOWN).await;
    let world = world(&[("schema_registry_url", &registry.url)]);
    append_values(&world, &[STRAY, b"\x00\xff value"]);
    assert_eq!(ids(&rows(&world, (0, 2)).await), [None, None]);
}

#[tokio::test]
async fn one_stray_key_among_plain_ones_is_no_error_without_a_registry() {
    let world = world(&[]);
    // No Avro data: texts.
    for key in [b"customer-1".as_slice(), b"customer-2", STRAY] {
        append(&world, Some(key), &[2], &[]);
    }
    let batch = rows(&world, (0, 3)).await;
    assert_eq!((ids(&batch), key_ids(&batch)), (some([1, 1, 1]), vec![None; 3]));
}

#[tokio::test]
async fn keys_that_all_want_a_registry_are_an_error_where_they_are_asked_for() {
    let world = world(&[]);
    for _ in 0..2 {
        append(&world, Some(&[0, 0, 0, 0, 7, 2]), &[2], &[]);
    }
    let text = error(&world, 2).await.to_string();
    assert!(
        text.starts_with("topic `orders` partition 0 offset 0: key: the schema 7 ")
            && text.contains("schema_registry_url"),
        "{text}"
    );
    let schema = world.schema().await;
    let value_alone = Arc::new(schema.project(&[schema.index_of("id").unwrap()]).unwrap());
    let response = read_as(&world, (0, 2), |request| request.schema = value_alone).await;
    assert_eq!(ids(&inline(response.unwrap())), some([1, 1]));
}

#[tokio::test]
async fn a_registry_that_does_not_answer_ends_the_read() {
    let refusing = HttpEndpoint::answering(403, "").await;
    for url in [closed_url().await, refusing.url.clone()] {
        let world = world(&[("schema_registry_url", &url)]);
        append_values(&world, &[&[2], STRAY]);
        let error = error(&world, 2).await;
        assert!(matches!(error, Error::WriterSchema { offset: 1, .. }), "{error}");
    }
}

#[tokio::test]
async fn schemas_are_found_by_headers_and_prefixes_with_what_they_refer_to() {
    const TYPES: &str = r#"{"type": "record", "name": "c.Id", "fields": [{"name": "n", "type": "int"}]}"#;
    // Fields that the table does not show come first.
    const WRITER: &str = r#"{"type": "record", "name": "T", "fields": [
        {"name": "more", "type": "c.Id"}, {"name": "id", "type": "long"}]}"#;
    let schema = json!({
        "schema": WRITER, "references": [{"name": "c.Id", "subject": "ids value", "version": 2}],
    })
    .to_string();
    let registry = HttpEndpoint::routed(
        &[
            (format!("/schemas/guids/{GUID}").as_str(), 200, schema.clone()),
            ("/schemas/ids/7", 200, schema),
            (
                "/subjects/ids%20value/versions/2",
                200,
                json!({"schema": TYPES}).to_string(),
            ),
        ],
        UNKNOWN,
    )
    .await;
    let guid: &[u8] = b"\x01\x3f\x0a\x6c\x1e\x8d\x52\x4b\x7a\x9c\x11\x0e\x5d\x2a\x7b\x4c\x90";
    let world = world(&[("schema_registry_url", &registry.url)]);
    append(&world, Some(&[10]), &[8, 2], &[("__value_schema_id", guid)]);
    append(&world, Some(&[8, 4]), &[2], &[("__key_schema_id", guid)]);
    append(&world, None, &[0, 0, 0, 0, 7, 8, 6], &[]);
    append(&world, None, &[8, 8], &[("__value_schema_id", &[1, 2, 3])]);
    for _ in 0..2 {
        let batch = rows(&world, (0, 4)).await;
        assert_eq!(ids(&batch), [Some(1), Some(1), Some(3), None]);
        assert_eq!(key_ids(&batch), [Some(5), Some(2), None, None]);
    }
    assert_eq!(registry.requests().len(), 3);
}
