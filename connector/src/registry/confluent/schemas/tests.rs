use serde_json::{Value, json};

use super::*;
use crate::testing::http::HttpEndpoint;

const UNKNOWN: &str = r#"{"error_code": 40402, "message": "Version 1 not found."}"#;

/// Response of a registry; references are names, subjects and versions.
fn schema(schema_type: &str, text: &str, references: &[(&str, &str, i32)]) -> String {
    let references: Vec<Value> = references
        .iter()
        .map(|(name, subject, version)| json!({"name": name, "subject": subject, "version": version}))
        .collect();
    json!({"schemaType": schema_type, "schema": text, "references": references}).to_string()
}

fn avro(text: &str, references: &[(&str, &str, i32)]) -> (u16, String) {
    (200, schema("AVRO", text, references))
}

/// Registry with these responses only.
async fn endpoint(answers: &[(&str, (u16, String))]) -> HttpEndpoint {
    let answers: Vec<_> = answers
        .iter()
        .map(|(path, (status, body))| (*path, *status, body.clone()))
        .collect();
    HttpEndpoint::routed(&answers, UNKNOWN).await
}

fn schemas(endpoint: &HttpEndpoint) -> ConfluentSchemas {
    ConfluentSchemas::new(ConfluentRegistry::new(endpoint.url.parse().unwrap()))
}

async fn look_up(endpoint: &HttpEndpoint) -> Result<Arc<SchemaDefinition>, SchemaError> {
    schemas(endpoint).schema(ConfluentId::Number(1)).await
}

async fn error(endpoint: &HttpEndpoint) -> ReferenceError {
    match look_up(endpoint).await {
        Err(SchemaError::References(error)) => error,
        other => panic!("wanted an error about references, found {other:?}"),
    }
}

fn names(definition: &SchemaDefinition) -> Vec<&str> {
    let references = definition.references.iter();
    references.map(|reference| reference.name.as_str()).collect()
}

fn version(subject: &str, version: i32) -> SubjectVersion {
    SubjectVersion {
        subject: subject.to_owned(),
        version,
    }
}

#[tokio::test]
async fn a_schema_comes_with_what_it_refers_to_first_things_first() {
    let endpoint = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("c.A", "a", 2), ("c.B", "b", 1)])),
        ("/subjects/a/versions/2", avro("A", &[("c.C", "dir/c d", 7)])),
        ("/subjects/b/versions/1", avro("B", &[("c.C", "dir/c d", 7)])),
        ("/subjects/dir%2Fc%20d/versions/7", avro("C", &[])),
    ])
    .await;
    let found = look_up(&endpoint).await.unwrap();
    assert_eq!(
        (found.schema_version_id.as_str(), found.definition.as_str()),
        ("1", "top")
    );
    let references: Vec<_> = found
        .references
        .iter()
        .map(|reference| (reference.name.as_str(), reference.definition.as_str()))
        .collect();
    assert_eq!(references, [("c.C", "C"), ("c.A", "A"), ("c.B", "B")]);
    assert_eq!(endpoint.requests().len(), 4);
}

#[tokio::test]
async fn asks_for_each_version_once_in_a_container() {
    let guid = Uuid::from_u128(7);
    let path = format!("/schemas/guids/{guid}");
    let endpoint = endpoint(&[
        ("/schemas/ids/1", avro("one", &[("A", "a", 1)])),
        ("/schemas/ids/2", avro("two", &[("x", "a", 1), ("y", "a", 1)])),
        (path.as_str(), avro("three", &[("A", "a", 1)])),
        ("/subjects/a/versions/1", avro("A", &[])),
    ])
    .await;
    let schemas = schemas(&endpoint);
    for _ in 0..2 {
        for (id, wanted) in [
            (ConfluentId::Number(1), &["A"][..]),
            (ConfluentId::Number(2), &["x", "y"]),
            (ConfluentId::Guid(guid), &["A"]),
        ] {
            assert_eq!(names(&schemas.schema(id).await.unwrap()), wanted);
        }
    }
    let wanted = [
        "/schemas/ids/1",
        "/subjects/a/versions/1",
        "/schemas/ids/2",
        path.as_str(),
    ];
    assert_eq!(endpoint.paths(), wanted);
}

#[tokio::test]
async fn of_several_references_of_one_name_the_first_counts() {
    let endpoint = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("A", "a", 1), ("B", "b", 1)])),
        ("/subjects/a/versions/1", avro("A", &[("C", "c", 2)])),
        (
            "/subjects/b/versions/1",
            avro("B", &[("C", "c", 1), ("A", "a", 9)]),
        ),
        ("/subjects/c/versions/2", avro("C2", &[])),
    ])
    .await;
    let found = look_up(&endpoint).await.unwrap();
    assert_eq!(names(&found), ["C", "A", "B"]);
    assert_eq!(found.references[0].definition, "C2");
}

#[tokio::test]
async fn says_which_reference_is_missing() {
    let endpoint = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("A", "a", 1)])),
        ("/subjects/a/versions/1", avro("A", &[("B", "b c", 4)])),
    ])
    .await;
    assert_eq!(
        error(&endpoint).await.to_string(),
        "it refers to version 4 of subject `b c`, which the Confluent registry does not have"
    );
}

#[tokio::test]
async fn a_version_that_was_deleted_is_still_referred_to() {
    let endpoint = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("A", "a", 1)])),
        ("/subjects/a/versions/1?deleted=true", avro("A", &[])),
    ])
    .await;
    assert_eq!(names(&look_up(&endpoint).await.unwrap()), ["A"]);
}

#[tokio::test]
async fn circles_end() {
    let self_reference = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("A", "a", 1)])),
        ("/subjects/a/versions/1", avro("A", &[("A", "a", 1)])),
    ])
    .await;
    assert_eq!(
        error(&self_reference).await,
        ReferenceError::Circle(version("a", 1))
    );
    let by_way_of_another = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("A", "a", 1)])),
        ("/subjects/a/versions/1", avro("A", &[("B", "b", 1)])),
        ("/subjects/b/versions/1", avro("B", &[("other name", "a", 1)])),
    ])
    .await;
    assert_eq!(
        error(&by_way_of_another).await.to_string(),
        "it refers to version 1 of subject `a`, which refers to itself through other schemas"
    );
    assert_eq!(by_way_of_another.requests().len(), 3);
}

#[tokio::test]
async fn references_are_limited_in_number_and_size() {
    let mut chain = vec![("/schemas/ids/1".to_owned(), avro("top", &[("0", "s0", 1)]))];
    for at in 0..=MAX_REFERENCES {
        let (name, subject) = (format!("{}", at + 1), format!("s{}", at + 1));
        let refers_to_next = avro("", &[(&name, &subject, 1)]);
        chain.push((format!("/subjects/s{at}/versions/1"), refers_to_next));
    }
    let chain: Vec<_> = chain
        .iter()
        .map(|(path, answer)| (path.as_str(), answer.clone()))
        .collect();
    assert_eq!(error(&endpoint(&chain).await).await, ReferenceError::TooMany);

    let half = "x".repeat(MAX_REFERENCED_BYTES / 2 + 1);
    let large = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("A", "a", 1), ("B", "b", 1)])),
        ("/subjects/a/versions/1", avro(&half, &[])),
        ("/subjects/b/versions/1", avro(&half, &[])),
    ])
    .await;
    assert_eq!(error(&large).await, ReferenceError::TooLarge);
}

#[tokio::test]
async fn json_schemas_come_alone() {
    let endpoint = endpoint(&[("/schemas/ids/1", (200, schema("JSON", "{}", &[("a", "a", 1)])))]).await;
    assert!(look_up(&endpoint).await.unwrap().references.is_empty());
    assert_eq!(endpoint.paths(), ["/schemas/ids/1"]);
}

#[tokio::test]
async fn a_registry_that_fails_midway_has_not_answered() {
    let endpoint = endpoint(&[
        ("/schemas/ids/1", avro("top", &[("A", "a", 1)])),
        ("/subjects/a/versions/1", (401, String::new())),
    ])
    .await;
    let error = look_up(&endpoint).await.unwrap_err();
    assert!(
        matches!(error, SchemaError::Registry(ConfluentError::Refused(_))),
        "{error}"
    );
}
