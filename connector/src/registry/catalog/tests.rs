use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::registry::memory::MemorySchemaRegistry;
use topic::SchemaDefinition;

const MSK: &str = "orders {AthenaFederationMSK} and more";

type Failure = fn() -> RegistryError;

/// Registry in memory that counts calls, and fails the configured ones.
struct Scripted {
    memory: MemorySchemaRegistry,
    calls: Mutex<Vec<&'static str>>,
    failures: Mutex<HashMap<&'static str, Failure>>,
}

impl Scripted {
    fn new(memory: MemorySchemaRegistry) -> Arc<Self> {
        Arc::new(Self {
            memory,
            calls: Mutex::default(),
            failures: Mutex::default(),
        })
    }

    fn fail(&self, operation: &'static str, error: Failure) {
        self.failures.lock().unwrap().insert(operation, error);
    }

    fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn call(&self, operation: &'static str) -> Result<(), RegistryError> {
        self.calls.lock().unwrap().push(operation);
        self.failures
            .lock()
            .unwrap()
            .get(operation)
            .map_or(Ok(()), |error| Err(error()))
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default method would bypass the inner registry"
)]
#[async_trait]
impl SchemaRegistry for Scripted {
    async fn list_registries(&self, next_token: Option<&str>) -> Result<Page<Registry>, RegistryError> {
        self.call("ListRegistries")?;
        self.memory.list_registries(next_token).await
    }

    async fn registry(&self, name: &str) -> Result<Registry, RegistryError> {
        self.call("GetRegistry")?;
        self.memory.registry(name).await
    }

    async fn list_schemas(
        &self,
        registry: &str,
        page_size: u32,
        next_token: Option<&str>,
    ) -> Result<Page<String>, RegistryError> {
        self.call("ListSchemas")?;
        self.memory.list_schemas(registry, page_size, next_token).await
    }

    async fn latest_schema(&self, registry: &str, schema: &str) -> Result<SchemaDefinition, RegistryError> {
        self.call("GetSchemaVersion")?;
        self.memory.latest_schema(registry, schema).await
    }

    async fn schema_version(&self, schema_version_id: &str) -> Result<SchemaDefinition, RegistryError> {
        self.call("GetSchemaVersion by id")?;
        self.memory.schema_version(schema_version_id).await
    }
}

fn throttled() -> RegistryError {
    let what = "schema".to_owned();
    RegistryError::Throttled {
        operation: "GetSchemaVersion",
        what,
        message: "slow down".into(),
    }
}

fn denied() -> RegistryError {
    let what = "schema".to_owned();
    RegistryError::AccessDenied {
        operation: "GetSchemaVersion",
        what,
        message: "not yours".into(),
    }
}

fn document(topic: &str) -> String {
    format!(
        r#"{{"topicName": "{topic}", "message": {{"dataFormat": "json", "fields": [{{"name": "id"}}]}}}}"#
    )
}

/// Registries by description; the topic of each schema is named `registry/schema`.
fn registry(entries: &[(&str, &str, &[&str])]) -> Arc<Scripted> {
    let memory = MemorySchemaRegistry::new().with_page_size(2);
    for (name, description, schemas) in entries {
        memory.add_registry(name, description);
        for schema in *schemas {
            memory.register_schema(name, schema, "JSON", &document(&format!("{name}/{schema}")));
        }
    }
    Scripted::new(memory)
}

fn catalog(registry: &Arc<Scripted>) -> Catalog {
    Catalog::new(registry.clone(), Duration::from_secs(60))
}

async fn topic(catalog: &Catalog, schema: &str, table: &str) -> Result<String, String> {
    let table = catalog.table(&TableName::new(schema, table)).await;
    table
        .map(|table| table.topic.clone())
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn lists_marked_registries_over_all_pages() {
    let registry = registry(&[
        ("a", MSK, &[]),
        ("b", "for {AthenaFederationKafka}", &[]),
        ("c", "", &[]),
        ("d", "{athenafederationmsk}", &[]),
        ("e", "AthenaFederationMSK", &[]),
        ("f", "{AthenaFederationMSK}{AthenaFederationKafka}", &[]),
    ]);
    assert_eq!(catalog(&registry).schemas().await.unwrap(), ["a", "b", "f"]);
    assert_eq!(registry.take_calls(), ["ListRegistries"; 3]);
}

#[tokio::test]
async fn lists_all_tables_when_no_page_is_asked_for() {
    let names: Vec<String> = (0..250).map(|table| format!("t{table:03}")).collect();
    let tables: Vec<&str> = names.iter().map(String::as_str).collect();
    let registry = registry(&[("a", MSK, tables.as_slice())]);
    let page = catalog(&registry).tables("a", None, None).await.unwrap();
    let wanted: Vec<_> = tables.iter().map(|table| TableName::new("a", *table)).collect();
    assert_eq!((page.items, page.next_token), (wanted, None));
    assert_eq!(
        registry.take_calls(),
        ["GetRegistry", "ListSchemas", "ListSchemas", "ListSchemas"]
    );
}

#[tokio::test]
async fn passes_pages_and_tokens_through() {
    let registry = registry(&[("a", MSK, &["t1", "t2", "t3"])]);
    let catalog = catalog(&registry);
    let first = catalog.tables("a", Some(2), None).await.unwrap();
    assert_eq!(
        first.items,
        [TableName::new("a", "t1"), TableName::new("a", "t2")]
    );
    let token = first.next_token.unwrap();
    let last = catalog.tables("a", Some(2), Some(&token)).await.unwrap();
    assert_eq!(
        (last.items, last.next_token),
        (vec![TableName::new("a", "t3")], None)
    );
    let rest = catalog.tables("a", None, Some(&token)).await.unwrap();
    assert_eq!(rest.items, [TableName::new("a", "t3")]);
    for page_size in [0, 1_000_000] {
        let page = catalog.tables("a", Some(page_size), None).await.unwrap();
        assert_eq!(page.items.len(), if page_size == 0 { 1 } else { 3 });
    }
}

#[tokio::test]
async fn refuses_a_listing_of_more_than_a_hundred_thousand_tables() {
    let names: Vec<String> = (0..=MAX_NAMES).map(|table| table.to_string()).collect();
    let memory = MemorySchemaRegistry::new();
    memory.add_registry("a", MSK);
    for name in &names {
        memory.register_schema("a", name, "JSON", "");
    }
    let catalog = catalog(&Scripted::new(memory));
    let error = catalog.tables("a", None, None).await.unwrap_err();
    assert_eq!(error.to_string(), "more than 100000 tables: request pages");
    assert_eq!(
        catalog.tables("a", Some(100), None).await.unwrap().items.len(),
        100
    );
}

#[tokio::test]
async fn lists_tables_of_a_registry_in_another_case_under_its_real_name() {
    let registry = registry(&[("Customer", MSK, &["Orders"]), ("other", MSK, &[])]);
    let page = catalog(&registry).tables("customer", None, None).await.unwrap();
    assert_eq!(page.items, [TableName::new("Customer", "Orders")]);
}

#[tokio::test]
async fn lists_no_tables_of_an_unmarked_registry() {
    let registry = registry(&[("hidden", "none", &["t"]), ("Hidden", MSK, &["seen"])]);
    let catalog = catalog(&registry);
    let page = catalog.tables("hidden", None, None).await.unwrap();
    assert_eq!(page.items, [TableName::new("Hidden", "seen")]);
    let error = catalog.tables("nowhere", None, None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no registry `nowhere` has {AthenaFederationMSK} or {AthenaFederationKafka} in its description"
    );
}

#[tokio::test]
async fn lists_tables_without_permission_for_get_registry() {
    let registry = registry(&[("a", MSK, &["t"])]);
    registry.fail("GetRegistry", denied);
    assert_eq!(
        catalog(&registry)
            .tables("a", None, None)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    registry.fail("GetRegistry", throttled);
    assert!(catalog(&registry).tables("a", None, None).await.is_err());
}

#[tokio::test]
async fn reads_a_table_by_its_exact_names_with_one_call() {
    let registry = registry(&[("a", MSK, &["orders", "Orders"]), ("A", MSK, &["orders"])]);
    let catalog = catalog(&registry);
    assert_eq!(topic(&catalog, "a", "orders").await.unwrap(), "a/orders");
    assert_eq!(registry.take_calls(), ["GetSchemaVersion"]);
    assert_eq!(topic(&catalog, "a", "Orders").await.unwrap(), "a/Orders");
    assert_eq!(topic(&catalog, "A", "orders").await.unwrap(), "A/orders");
}

#[tokio::test]
async fn reads_an_unmarked_registry_by_exact_names_only() {
    let registry = registry(&[("Hidden", "none", &["Orders"])]);
    let catalog = catalog(&registry);
    assert_eq!(
        topic(&catalog, "Hidden", "Orders").await.unwrap(),
        "Hidden/Orders"
    );
    let error = topic(&catalog, "hidden", "orders").await.unwrap_err();
    assert!(error.contains("table `hidden.orders` does not exist"), "{error}");
}

#[tokio::test]
async fn finds_a_table_in_another_case_under_its_real_names() {
    let registry = registry(&[
        ("Customer", MSK, &["Orders", "users"]),
        ("customer", "none", &["x"]),
    ]);
    let catalog = catalog(&registry);
    let table = catalog
        .table(&TableName::new("customer", "orders"))
        .await
        .unwrap();
    assert_eq!(
        (table.registry_name.as_str(), table.schema_name.as_str()),
        ("Customer", "Orders")
    );
    assert_eq!(
        topic(&catalog, "CUSTOMER", "USERS").await.unwrap(),
        "Customer/users"
    );
}

#[tokio::test]
async fn prefers_the_exact_registry_when_only_the_table_differs() {
    let registry = registry(&[("a", MSK, &["Orders"]), ("A", MSK, &["Orders"])]);
    assert_eq!(
        topic(&catalog(&registry), "a", "orders").await.unwrap(),
        "a/Orders"
    );
}

#[tokio::test]
async fn names_both_when_a_name_is_ambiguous() {
    let registry = registry(&[
        ("Aa", MSK, &[]),
        ("aA", MSK, &[]),
        ("b", MSK, &["Orders", "ORDERS", "orders2"]),
    ]);
    let catalog = catalog(&registry);
    assert_eq!(
        topic(&catalog, "aa", "orders").await.unwrap_err(),
        "`aa` is ambiguous: the registry names `Aa` and `aA` differ only by case"
    );
    assert_eq!(
        topic(&catalog, "b", "orders").await.unwrap_err(),
        "`orders` is ambiguous: the schema names `ORDERS` and `Orders` differ only by case"
    );
    assert!(catalog.tables("aa", None, None).await.is_err());
}

#[tokio::test]
async fn looks_for_no_other_case_when_the_reason_is_not_the_name() {
    let registry = registry(&[("a", MSK, &["orders"])]);
    registry.memory.register_schema("a", "broken", "JSON", "{");
    let catalog = catalog(&registry);
    let error = topic(&catalog, "a", "broken").await.unwrap_err();
    assert!(
        error.starts_with("schema `broken` in registry `a` does not describe a readable topic: "),
        "{error}"
    );
    registry.fail("GetSchemaVersion", throttled);
    let error = topic(&catalog, "a", "orders").await.unwrap_err();
    assert!(error.contains("throttled"), "{error}");
    assert_eq!(registry.take_calls(), ["GetSchemaVersion"; 2]);
}

#[tokio::test]
async fn a_denial_stands_if_no_other_case_is_there() {
    let registry = registry(&[("a", MSK, &["orders"])]);
    registry.fail("GetSchemaVersion", denied);
    let error = topic(&catalog(&registry), "a", "orders").await.unwrap_err();
    assert!(error.contains("not yours"), "{error}");
}

#[tokio::test]
async fn says_which_format_a_table_has_that_cannot_be_read() {
    let registry = registry(&[("a", MSK, &[])]);
    registry.memory.register_schema("a", "users", "XML", "{}");
    let error = topic(&catalog(&registry), "a", "users").await.unwrap_err();
    assert!(
        error.starts_with("schema `users` in registry `a` does not describe a readable topic: ")
            && error.to_lowercase().contains("`xml`"),
        "{error}"
    );
}

fn version(id: uuid::Uuid) -> TableVersion {
    TableVersion {
        registry_name: "a".into(),
        schema_name: "orders".into(),
        schema_version_id: id.to_string(),
    }
}

#[tokio::test]
async fn reads_a_version_that_is_not_the_latest_with_one_call_in_a_container() {
    let registry = registry(&[("a", MSK, &[])]);
    let register = |topic| {
        registry
            .memory
            .register_schema("a", "orders", "JSON", &document(topic))
    };
    let first = version(register("first"));
    register("second");
    let catalog = Catalog::new(registry.clone(), Duration::ZERO);
    for _ in 0..2 {
        let table = catalog.table_version(&first).await.unwrap();
        assert_eq!(table.topic, "first");
        assert_eq!(table.schema_version_id, first.schema_version_id);
        assert_eq!(
            (table.registry_name.as_str(), table.schema_name.as_str()),
            ("a", "orders")
        );
    }
    assert_eq!(registry.take_calls(), ["GetSchemaVersion by id"]);
    assert_eq!(topic(&catalog, "a", "orders").await.unwrap(), "second");

    let unknown = catalog.table_version(&version(uuid::Uuid::nil())).await;
    let error = unknown.unwrap_err().to_string();
    assert!(error.starts_with("schema version `00000000-"), "{error}");
}

#[tokio::test]
async fn reuses_the_table_of_a_version() {
    let registry = registry(&[("a", MSK, &[])]);
    let id = registry
        .memory
        .register_schema("a", "orders", "JSON", &document("t"));
    let catalog = catalog(&registry);
    let first = catalog.table_version(&version(id)).await.unwrap();
    let again = catalog.table_version(&version(id)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
}

#[tokio::test]
async fn looks_up_what_a_document_refers_to_in_its_registry_or_the_one_it_names() {
    let registry = registry(&[("a", MSK, &["value"]), ("b", "", &["key"])]);
    let catalog = catalog(&registry);
    let reference = |registry: Option<&str>, schema: &str| SchemaReference {
        registry_name: registry.map(str::to_owned),
        schema_name: schema.to_owned(),
    };
    let references = vec![reference(None, "value"), reference(Some("b"), "key")];
    let found = catalog.references("a", references).await.unwrap();
    assert_eq!(found[&reference(None, "value")].definition, document("a/value"));
    assert_eq!(found[&reference(Some("b"), "key")].definition, document("b/key"));
    assert_eq!(registry.take_calls(), ["GetSchemaVersion"; 2]);

    let missing = catalog.references("a", vec![reference(None, "key")]).await;
    assert_eq!(
        missing.unwrap_err().to_string(),
        "schema `key` in registry `a` does not exist"
    );
}

#[tokio::test]
async fn reuses_a_table_until_its_time_is_over() {
    let registry = registry(&[("a", MSK, &["orders"])]);
    let catalog = catalog(&registry);
    let name = TableName::new("a", "orders");
    let start = Instant::now();
    let first = catalog.table_at(&name, start).await.unwrap();
    registry
        .memory
        .register_schema("a", "orders", "JSON", &document("renamed"));
    let within = catalog
        .table_at(&name, start + Duration::from_millis(59_999))
        .await
        .unwrap();
    assert!(Arc::ptr_eq(&first, &within));
    let after = catalog
        .table_at(&name, start + Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(after.topic, "renamed");
    assert_eq!(registry.take_calls(), ["GetSchemaVersion"; 2]);
}

#[tokio::test]
async fn the_absence_of_an_optional_table_is_kept_for_the_same_time() {
    let registry = registry(&[("a", MSK, &["orders"])]);
    let catalog = catalog(&registry);
    let name = TableName::new("a", "orders$partitions");
    let start = Instant::now();
    assert!(catalog.table_if_any_at(&name, start).await.unwrap().is_none());
    registry.take_calls();
    registry
        .memory
        .register_schema("a", "orders$partitions", "JSON", &document("registered"));
    let within = start + Duration::from_millis(59_999);
    assert!(catalog.table_if_any_at(&name, within).await.unwrap().is_none());
    assert_eq!(registry.take_calls(), [""; 0]);
    let after = start + Duration::from_secs(60);
    let found = catalog.table_if_any_at(&name, after).await.unwrap();
    assert_eq!(found.unwrap().topic, "registered");
}

#[tokio::test]
async fn only_an_absence_makes_an_optional_table_none() {
    let registry = registry(&[("a", MSK, &["orders"])]);
    let catalog = catalog(&registry);
    let name = TableName::new("a", "orders");
    registry.fail("GetSchemaVersion", throttled);
    catalog.table_if_any(&name).await.unwrap_err();
    registry.fail("GetSchemaVersion", denied);
    assert!(catalog.table_if_any(&name).await.unwrap().is_none());
}

#[tokio::test]
async fn caches_nothing_for_no_time_and_no_absence() {
    let registry = registry(&[("a", MSK, &["orders"])]);
    let uncached = Catalog::new(registry.clone(), Duration::ZERO);
    topic(&uncached, "a", "orders").await.unwrap();
    topic(&uncached, "a", "orders").await.unwrap();
    assert_eq!(registry.take_calls(), ["GetSchemaVersion"; 2]);

    let catalog = catalog(&registry);
    topic(&catalog, "a", "late").await.unwrap_err();
    registry
        .memory
        .register_schema("a", "late", "JSON", &document("late"));
    assert_eq!(topic(&catalog, "a", "late").await.unwrap(), "late");
}

#[tokio::test]
async fn a_registry_names_the_cluster_of_its_topics() {
    let in_payments = format!("{MSK} {{KafkaCluster:payments}}");
    let registry = registry(&[("a", &in_payments, &["orders"]), ("b", MSK, &["orders"])]);
    let cluster = async |catalog: &Catalog, schema| {
        let table = catalog.table(&TableName::new(schema, "orders")).await;
        table.unwrap().cluster.clone()
    };
    let alone = catalog(&registry);
    assert_eq!(cluster(&alone, "a").await, None, "there are no other clusters");
    assert_eq!(registry.take_calls(), ["GetSchemaVersion"]);

    let among_others = catalog(&registry).with_named_clusters(true);
    assert_eq!(cluster(&among_others, "a").await.as_deref(), Some("payments"));
    assert_eq!(cluster(&among_others, "b").await, None);
}

#[test]
fn a_marker_without_end_names_no_cluster() {
    assert_eq!(
        cluster_name("{KafkaCluster: payments } and more").as_deref(),
        Some("payments")
    );
    assert_eq!(cluster_name("{KafkaCluster:payments"), None);
    assert_eq!(cluster_name("KafkaCluster"), None);
}

const PAYMENTS_ARN: &str = "arn:aws:glue:eu-west-1:123456789012:registry/Payments";

/// Two registries without a marker, one of another account, and one with a marker that is not named.
fn named() -> (Arc<MemorySchemaRegistry>, Catalog) {
    let registry = Arc::new(MemorySchemaRegistry::new());
    registry.add_registry("customer", "");
    registry.add_registry(PAYMENTS_ARN, "");
    registry.add_registry("marked", "{AthenaFederationMSK}");
    for (name, schema) in [
        ("customer", "Orders"),
        (PAYMENTS_ARN, "Bills"),
        ("marked", "others"),
    ] {
        registry.register_schema(name, schema, "JSON", &document(schema));
    }
    let catalog = Catalog::new(registry.clone(), Duration::ZERO);
    let names = format!("customer,{PAYMENTS_ARN}").parse().unwrap();
    (registry, catalog.with_named_registries(Some(names)))
}

#[tokio::test]
async fn named_registries_are_the_databases_marked_or_not() {
    let (_, catalog) = named();
    assert_eq!(catalog.schemas().await.unwrap(), ["customer", "Payments"]);
    let tables = catalog.tables("PAYMENTS", None, None).await.unwrap();
    assert_eq!(tables.items, [TableName::new("Payments", "Bills")]);
    for (schema, table) in [
        ("customer", "Orders"),
        ("Customer", "orders"),
        ("payments", "bills"),
    ] {
        let found = catalog.table(&TableName::new(schema, table)).await.unwrap();
        assert!(["Orders", "Bills"].contains(&found.schema_name.as_str()));
        assert!(["customer", "Payments"].contains(&found.registry_name.as_str()));
    }
}

#[tokio::test]
async fn a_registry_that_is_not_named_is_none() {
    let (_, catalog) = named();
    let wanted = format!("there is no database `marked`: glue_registries names customer, {PAYMENTS_ARN}");
    let error = catalog
        .table(&TableName::new("marked", "others"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), wanted);
    let error = catalog.tables("marked", None, None).await.unwrap_err();
    assert_eq!(error.to_string(), wanted);
    let error = catalog
        .table(&TableName::new("customer", "gone"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("table `customer.gone` does not exist"),
        "{error}"
    );
}
