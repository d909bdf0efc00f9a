//! A registry that does not respond ends the query: it is unknown whether the record is bad. And the
//! credentials that it requires.

use std::time::Duration;

use embedded::confluent::Fault;

use super::*;

const AVRO: &str = r#"{"type": "record", "name": "T", "fields": [{"name": "id", "type": "int"}]}"#;

/// A good bare record, and one by the header's GUID.
async fn topic() -> (Topic, Registered) {
    let topic = Topic::create("unanswered").await;
    topic.describe(DataFormat::Avro, AVRO);
    let writer = topic.register(&Schema::avro(AVRO));
    topic.produce([
        value(hex("02")),
        with(value(hex("04")), VALUE_HEADER, guid(writer.guid)),
    ]);
    (topic, writer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_error_ends_the_query_under_every_policy() {
    let (topic, writer) = topic().await;
    let path = writer.guid.to_string();
    let path = ["schemas", "guids", path.as_str()];
    for policy in ["null", "skip", "fail"] {
        let (_lambda, client) = topic.function(&[("on_bad_record", policy)]).await;
        topic.registry.break_path(&path, Fault::Status(503));
        let error = refusal(&client, &topic.name, &["id"]).await;
        assert!(
            error.contains("503") && error.contains("offset 1"),
            "{policy}: {error}"
        );
        topic.registry.mend(&path);
        assert_eq!(
            select(&client, &topic.name, &["id"]).await,
            ["1", "2"],
            "it is asked again"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_schema_is_not_answered_ends_the_query() {
    let topic = Topic::create("unanswered-key").await;
    topic.document(json!({
        "key": {"dataFormat": "avro", "dataSchema": AVRO},
        "message": {"dataFormat": "json", "fields": [{"name": "n", "mapping": "n", "type": "INTEGER"}]},
    }));
    let writer = topic.register(&Schema::avro(AVRO));
    let record = WholeRecord {
        key: Some(hex("04")),
        ..value(r#"{"n": 1}"#)
    };
    topic.produce([with(record, KEY_HEADER, guid(writer.guid))]);
    let path = writer.guid.to_string();
    topic
        .registry
        .break_path(&["schemas", "guids", &path], Fault::Status(500));
    let (_lambda, client) = topic.function(&[]).await;
    let error = refusal(&client, "t", &["id", "n"]).await;
    assert!(error.contains("500"), "{error}");
    assert_eq!(select(&client, "t", &["n"]).await, ["1"], "no key is asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_gone_ends_the_query() {
    let (topic, _) = topic().await;
    let (_lambda, client) = topic.function(&[("on_bad_record", "skip")]).await;
    let Topic { name, registry, .. } = topic;
    drop(registry);
    let error = refusal(&client, &name, &["id"]).await;
    assert!(error.contains("could not be reached"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_never_answers_ends_the_query_in_time() {
    let (topic, writer) = topic().await;
    let path = writer.guid.to_string();
    topic
        .registry
        .break_path(&["schemas", "guids", &path], Fault::Hang);
    let mut variables = topic.world.variables();
    variables.push(("schema_registry_url".into(), topic.registry.url()));
    let timeout = Duration::from_secs(15);
    let lambda = Lambda::start_with_timeout("bootstrap", 1, &variables, timeout).await;
    let client = topic
        .world
        .client(&Arc::new(lambda.expect("the function starts")));
    let error = refusal(&client, &topic.name, &["id"]).await;
    assert!(
        error.contains("did not answer") && error.contains(&writer.guid.to_string()),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn user_and_password_of_the_url_are_shown_to_the_registry_alone() {
    let (topic, _) = topic().await;
    topic.registry.require_basic_auth("reader", "p@ss:word");
    let url = |user_info| {
        topic
            .registry
            .url()
            .replace("http://", &format!("http://{user_info}@"))
    };
    let settings = [("on_bad_record", "fail")];
    let with_url = async |url: &str| {
        let settings = [settings[0], ("schema_registry_url", url)];
        topic.function_without_registry(&settings).await
    };
    let (_lambda, client) = with_url(&url("reader:p%40ss%3Aword")).await;
    assert_eq!(select(&client, &topic.name, &["id"]).await, ["1", "2"]);
    let (lambda, client) = with_url(&url("reader:wr0ng-secret")).await;
    let error = refusal(&client, &topic.name, &["id"]).await;
    assert!(
        error.contains("401") && !error.contains("wr0ng-secret"),
        "{error}"
    );
    assert!(!lambda.output().contains("wr0ng-secret"));
}
