//! Conformance suite of [`SchemaRegistry`] implementations, filled with [`REGISTRIES`] and [`SCHEMAS`].

#![expect(clippy::unwrap_used, reason = "a test: a panic is how it fails")]

use std::collections::BTreeSet;

use crate::registry::{Page, RegistryError, SchemaRegistry};

/// Name and description of each registry to create.
pub const REGISTRIES: [(&str, &str); 3] = [
    ("customer", "orders {AthenaFederationMSK}"),
    ("Customer", "not the same"),
    ("empty", ""),
];

/// Registry, schema, data format and definition, to be registered in this order.
pub const SCHEMAS: [(&str, &str, &str, &str); 6] = [
    ("customer", "orders", "JSON", r#"{"version":1}"#),
    ("customer", "orders", "JSON", r#"{"version":2}"#),
    ("customer", "Orders", "JSON", r#"{"case":"upper"}"#),
    ("customer", "users", "AVRO", AVRO),
    ("customer", "items", "PROTOBUF", PROTOBUF),
    ("Customer", "orders", "JSON", r#"{"registry":"other"}"#),
];

const AVRO: &str = r#"{"type":"record","name":"user","fields":[{"name":"id","type":"string"}]}"#;
const PROTOBUF: &str = "syntax = \"proto3\"; message Item { string id = 1; }";

/// Panics at the first rule that `registry` violates. The rules are also public one by one, for services that
/// lack a call.
pub async fn check(registry: &dyn SchemaRegistry) {
    lists_every_registry_with_its_description(registry).await;
    reads_one_registry(registry).await;
    lists_schemas_in_pages_no_longer_than_asked(registry).await;
    reads_the_latest_version(registry).await;
    reads_a_version_by_its_id(registry).await;
    tells_what_does_not_exist(registry).await;
}

pub async fn lists_every_registry_with_its_description(registry: &dyn SchemaRegistry) {
    let mut found = BTreeSet::new();
    let mut token = None;
    loop {
        let page = registry.list_registries(token.as_deref()).await.unwrap();
        found.extend(page.items.into_iter().map(|item| (item.name, item.description)));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    for (name, description) in REGISTRIES {
        assert!(
            found.contains(&(name.into(), description.into())),
            "{name} in {found:?}"
        );
    }
}

pub async fn reads_one_registry(registry: &dyn SchemaRegistry) {
    for (name, description) in REGISTRIES {
        let found = registry.registry(name).await.unwrap();
        assert_eq!(
            (found.name.as_str(), found.description.as_str()),
            (name, description)
        );
    }
}

pub async fn lists_schemas_in_pages_no_longer_than_asked(registry: &dyn SchemaRegistry) {
    for page_size in [1, 3, 100] {
        let mut names = BTreeSet::new();
        let mut token = None;
        loop {
            let page: Page<String> = registry
                .list_schemas("customer", page_size, token.as_deref())
                .await
                .unwrap();
            assert!(page.items.len() <= page_size as usize, "{page_size}: {page:?}");
            for name in page.items {
                assert!(names.insert(name.clone()), "{name} is listed twice");
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        let wanted = ["Orders", "items", "orders", "users"].map(String::from);
        assert_eq!(names, BTreeSet::from(wanted), "pages of {page_size}");
    }
    let empty = registry.list_schemas("empty", 100, None).await.unwrap();
    assert_eq!(
        empty,
        Page {
            items: vec![],
            next_token: None
        }
    );
}

pub async fn reads_the_latest_version(registry: &dyn SchemaRegistry) {
    let latest = registry.latest_schema("customer", "orders").await.unwrap();
    assert_eq!(latest.definition, r#"{"version":2}"#);
    assert_eq!(latest.data_format, "JSON");
    assert!(!latest.schema_version_id.is_empty());

    let upper = registry.latest_schema("customer", "Orders").await.unwrap();
    assert_eq!(upper.definition, r#"{"case":"upper"}"#);
    let other = registry.latest_schema("Customer", "orders").await.unwrap();
    assert_eq!(other.definition, r#"{"registry":"other"}"#);
    let avro = registry.latest_schema("customer", "users").await.unwrap();
    assert_eq!(avro.data_format, "AVRO");
    let protobuf = registry.latest_schema("customer", "items").await.unwrap();
    assert_eq!(protobuf.data_format, "PROTOBUF");
}

pub async fn reads_a_version_by_its_id(registry: &dyn SchemaRegistry) {
    for (name, schema) in [
        ("customer", "orders"),
        ("Customer", "orders"),
        ("customer", "users"),
    ] {
        let latest = registry.latest_schema(name, schema).await.unwrap();
        let found = registry.schema_version(&latest.schema_version_id).await.unwrap();
        assert_eq!(found, latest, "{name}.{schema}");
    }
    let unknown = "00000000-0000-4000-8000-000000000000";
    let missing = registry.schema_version(unknown).await.unwrap_err();
    assert!(matches!(&missing, RegistryError::NotFound { .. }), "{missing:?}");
    assert!(missing.to_string().contains(unknown), "{missing}");
}

pub async fn tells_what_does_not_exist(registry: &dyn SchemaRegistry) {
    let schema = registry.latest_schema("customer", "nothing").await.unwrap_err();
    assert!(matches!(&schema, RegistryError::NotFound { .. }), "{schema:?}");
    assert!(schema.to_string().contains("nothing"), "{schema}");

    for missing in [
        registry.latest_schema("nowhere", "orders").await.err(),
        registry.registry("CUSTOMER").await.err(),
        registry.list_schemas("nowhere", 100, None).await.err(),
    ] {
        assert!(
            matches!(missing, Some(RegistryError::NotFound { .. })),
            "{missing:?}"
        );
    }
}
