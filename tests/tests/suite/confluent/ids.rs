//! Schema ids of records as columns.

use super::*;

const AVRO: &str = r#"{"type": "record", "name": "T", "fields": [{"name": "id", "type": "int"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn columns_tell_which_schema_wrote_a_record() {
    let topic = Topic::create("ids").await;
    topic.document(json!({
        "metadataColumns": true,
        "key": {"dataFormat": "avro", "dataSchema": AVRO, "fields": [{"name": "k", "mapping": "id", "type": "INTEGER"}]},
        "message": {"dataFormat": "avro", "dataSchema": AVRO, "fields": [
            {"name": "id", "mapping": "id", "type": "INTEGER"},
            {"name": "written_by", "source": "schema_id"},
            {"name": "key_written_by", "source": "key_schema_id"}]},
    }));
    let by_glue = topic.world.register_schema("ids-writer", DataFormat::Avro, AVRO);
    let writer = topic.register(&Schema::avro(AVRO));
    let record = |key: Vec<u8>, bytes: Vec<u8>| WholeRecord {
        key: Some(key),
        ..value(bytes)
    };
    let unknown = Uuid::from_u128(7);
    topic.produce([
        record(hex("12"), hex("02")),
        record(prefixed(writer.id, &hex("12")), prefixed(writer.id, &hex("04"))),
        with(
            record(glue(by_glue, &hex("12")), hex("06")),
            VALUE_HEADER,
            guid(writer.guid),
        ),
        with(
            record(hex("12"), glue(by_glue, &hex("08"))),
            KEY_HEADER,
            prefixed(writer.id, &[]),
        ),
        with(value(hex("0a")), VALUE_HEADER, guid(unknown)),
        value(prefixed(77, &hex("0a"))),
    ]);
    let (_lambda, client) = topic.function(&[]).await;
    let (id, guid, glue, unknown) = (writer.id, writer.guid, by_glue, unknown);
    let columns = ["id", "_schema_id", "_key_schema_id"];
    let wanted = [
        "1 | NULL | NULL".to_owned(),
        format!("2 | {id} | {id}"),
        format!("3 | {guid} | {glue}"),
        format!("4 | {glue} | {id}"),
        format!("NULL | {unknown} | NULL"),
        "NULL | 77 | NULL".to_owned(),
    ];
    assert_eq!(select(&client, "t", &columns).await, wanted);
    assert_eq!(
        select(&client, "t", &["id", "written_by", "key_written_by"]).await,
        wanted
    );
}

/// A document needs no schema, and yet the record names one.
#[tokio::test(flavor = "multi_thread")]
async fn the_ids_of_json_records_are_shown_without_asking_for_them() {
    let topic = Topic::create("json-ids").await;
    topic.document(json!({
        "metadataColumns": true,
        "message": {"dataFormat": "json", "fields": [{"name": "id", "mapping": "id", "type": "INTEGER"}]},
    }));
    let unknown = Uuid::from_u128(7);
    let document = br#"{"id": 1}"#;
    topic.produce([
        value(*document),
        value(prefixed(77, document)),
        value(glue(unknown, document)),
        with(value(*document), VALUE_HEADER, guid(unknown)),
        WholeRecord::default(),
    ]);
    let settings = [("on_bad_record", "fail"), ("on_tombstone", "null")];
    let (_lambda, client) = topic.function(&settings).await;
    let wanted = [
        "1 | NULL",
        "1 | 77",
        &format!("1 | {unknown}"),
        &format!("1 | {unknown}"),
        "NULL | NULL",
    ];
    assert_eq!(select(&client, "t", &["id", "_schema_id"]).await, wanted);
    assert_eq!(topic.registry.all_requests(), 0);
}
