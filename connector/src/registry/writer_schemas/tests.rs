use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::*;
use crate::registry::memory::MemorySchemaRegistry;
use crate::registry::{Page, Registry, SchemaRegistry};
use crate::testing::http::HttpEndpoint;
use crate::testing::soon;

/// Registry of versions only, which counts its calls.
#[derive(Default)]
struct Versions {
    memory: MemorySchemaRegistry,
    asked: AtomicUsize,
    failing: bool,
    silent: bool,
}

impl Versions {
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default method would bypass the inner registry"
)]
#[async_trait]
impl SchemaRegistry for Versions {
    async fn list_registries(&self, _: Option<&str>) -> Result<Page<Registry>, RegistryError> {
        unreachable!("writers are looked up by id")
    }

    async fn registry(&self, _: &str) -> Result<Registry, RegistryError> {
        unreachable!("writers are looked up by id")
    }

    async fn list_schemas(&self, _: &str, _: u32, _: Option<&str>) -> Result<Page<String>, RegistryError> {
        unreachable!("writers are looked up by id")
    }

    async fn latest_schema(&self, _: &str, _: &str) -> Result<SchemaDefinition, RegistryError> {
        unreachable!("writers are looked up by id")
    }

    async fn schema_version(&self, schema_version_id: &str) -> Result<SchemaDefinition, RegistryError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.silent {
            std::future::pending::<()>().await;
        }
        if self.failing {
            return Err(RegistryError::Throttled {
                operation: "GetSchemaVersion",
                what: "a version".into(),
                message: "slow down".into(),
            });
        }
        self.memory.schema_version(schema_version_id).await
    }
}

fn sources(versions: &Arc<Versions>, confluent: Option<&str>) -> Arc<WriterSchemaSources> {
    let glue = Arc::new(SchemaVersions::new(versions.clone()));
    let confluent = confluent.map(|url| ConfluentRegistry::new(url.parse().unwrap()));
    Arc::new(WriterSchemaSources::new(glue, confluent))
}

type Found = Result<Arc<SchemaDefinition>, WriterSchemaError>;

/// Looks up a schema as a decoding thread does.
async fn ask(
    schemas: &Arc<RequestWriterSchemas>,
    question: impl Fn(&RequestWriterSchemas) -> Found + Send + 'static,
) -> Found {
    let schemas = Arc::clone(schemas);
    tokio::task::spawn_blocking(move || question(&schemas))
        .await
        .unwrap()
}

fn request(sources: &Arc<WriterSchemaSources>) -> Arc<RequestWriterSchemas> {
    Arc::new(sources.until(soon()))
}

#[tokio::test]
async fn asks_for_a_version_once_in_a_container() {
    let versions = Arc::new(Versions::default());
    let id = versions
        .memory
        .register_schema("customer", "orders", "AVRO", "\"int\"");
    let sources = sources(&versions, None);
    for _ in 0..2 {
        let request = request(&sources);
        let asked = (0..10).map(|_| ask(&request, move |schemas| schemas.schema(WriterSchemaId::Glue(id))));
        for found in futures::future::join_all(asked).await {
            assert_eq!(found.unwrap().definition, "\"int\"");
        }
    }
    assert_eq!(versions.asked(), 1);
}

#[tokio::test]
async fn keeps_that_a_version_is_unknown_for_one_request() {
    let versions = Arc::new(Versions::default());
    let sources = sources(&versions, None);
    let id = Uuid::new_v4();
    for _ in 0..2 {
        let request = request(&sources);
        for _ in 0..3 {
            let found = ask(&request, move |schemas| schemas.schema(WriterSchemaId::Glue(id))).await;
            assert_eq!(found, Err(WriterSchemaError::Unknown { id: id.to_string() }));
        }
        assert_eq!(versions.asked(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_did_not_come_is_no_unknown_version() {
    let versions = Arc::new(Versions {
        failing: true,
        ..Versions::default()
    });
    let request = request(&sources(&versions, None));
    let id = Uuid::new_v4();
    let error = ask(&request, move |schemas| schemas.schema(WriterSchemaId::Glue(id)))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, WriterSchemaError::Unavailable { reason, .. } if reason.contains("slow down")),
        "{error}"
    );
}

#[tokio::test]
async fn waits_no_longer_than_the_request_has_time() {
    let versions = Arc::new(Versions {
        silent: true,
        ..Versions::default()
    });
    let deadline = Instant::now() + Duration::from_millis(20);
    let request = Arc::new(sources(&versions, None).until(deadline));
    let asked = ask(&request, |schemas| {
        schemas.schema(WriterSchemaId::Glue(Uuid::nil()))
    });
    let error = tokio::time::timeout(Duration::from_secs(10), asked)
        .await
        .expect("an answer at the deadline")
        .unwrap_err();
    assert_eq!(
        error,
        WriterSchemaError::Unavailable {
            id: Uuid::nil().to_string(),
            reason: "the registry did not answer within the request's time".into()
        }
    );
}

#[tokio::test]
async fn reads_schemas_by_number_once_in_a_container() {
    let endpoint = HttpEndpoint::answering(200, r#"{"schema": "\"int\""}"#).await;
    let sources = sources(&Arc::default(), Some(&endpoint.url));
    for _ in 0..2 {
        let found = ask(&request(&sources), |schemas| {
            schemas.schema(WriterSchemaId::Confluent(7))
        })
        .await;
        assert_eq!(found.unwrap().definition, "\"int\"");
    }
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn tells_an_unknown_number_from_a_registry_that_fails() {
    let unknown = r#"{"error_code": 40403}"#;
    let endpoint = HttpEndpoint::scripted(&[(404, unknown), (401, "")]).await;
    let request = request(&sources(&Arc::default(), Some(&endpoint.url)));
    for _ in 0..2 {
        let found = ask(&request, |schemas| schemas.schema(WriterSchemaId::Confluent(7))).await;
        assert_eq!(found, Err(WriterSchemaError::Unknown { id: "7".into() }));
    }
    let error = ask(&request, |schemas| schemas.schema(WriterSchemaId::Confluent(8)))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, WriterSchemaError::Unavailable { reason, .. } if reason.contains("401")),
        "{error}"
    );
}

#[tokio::test]
async fn without_a_confluent_registry_names_the_setting() {
    let request = request(&sources(&Arc::default(), None));
    for (id, shown) in [
        (WriterSchemaId::Confluent(7), "7"),
        (
            WriterSchemaId::ConfluentGuid(Uuid::nil()),
            "00000000-0000-0000-0000-000000000000",
        ),
    ] {
        let error = ask(&request, move |schemas| schemas.schema(id))
            .await
            .unwrap_err();
        assert!(matches!(error, WriterSchemaError::NoRegistry { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!(
                "the schema {shown} that the record names cannot be looked up: \
                 set schema_registry_url to the Confluent registry it is in"
            )
        );
    }
}

#[tokio::test]
async fn tells_a_schema_that_lacks_references_from_a_registry_that_fails() {
    let refers = r#"{"schema": "{}", "references": [{"name": "a", "subject": "a", "version": 1}]}"#;
    let missing = r#"{"error_code": 40401}"#;
    let endpoint = HttpEndpoint::scripted(&[
        (200, refers),
        (404, missing),
        (404, missing),
        (200, refers),
        (403, ""),
    ])
    .await;
    let request = request(&sources(&Arc::default(), Some(&endpoint.url)));
    let guid = Uuid::from_u128(7);
    for _ in 0..2 {
        let found = ask(&request, move |schemas| {
            schemas.schema(WriterSchemaId::ConfluentGuid(guid))
        });
        assert_eq!(
            found.await,
            Err(WriterSchemaError::Unusable {
                id: guid.to_string(),
                reason: "it refers to version 1 of subject `a`, which the Confluent registry does not have"
                    .into()
            })
        );
    }
    let error = ask(&request, |schemas| schemas.schema(WriterSchemaId::Confluent(8)))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, WriterSchemaError::Unavailable { reason, .. } if reason.contains("403")),
        "{error}"
    );
}
