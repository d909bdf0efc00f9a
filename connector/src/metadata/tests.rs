use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use protocol::Constraints;

use super::*;
use crate::registry::memory::MemorySchemaRegistry;

const DOCUMENT: &str = r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
    {"name": "order_id", "mapping": "order_id", "type": "VARCHAR"}
]}}"#;

fn catalog() -> Catalog {
    let registry = MemorySchemaRegistry::new();
    registry.add_registry("Customer", "{AthenaFederationMSK}");
    registry.register_schema("Customer", "Orders", "JSON", DOCUMENT);
    registry.register_schema("Customer", "Users", "AVRO", r#"{"type": "nonsense"}"#);
    Catalog::new(Arc::new(registry), Duration::ZERO)
}

fn table_request(table_name: TableName) -> GetTableRequest {
    GetTableRequest {
        identity: None,
        query_id: None,
        catalog_name: "msk".into(),
        table_name,
        query_passthrough_arguments: BTreeMap::new(),
    }
}

#[test]
fn a_ping_tells_what_we_are() {
    let request = PingRequest {
        identity: None,
        catalog_name: "msk".into(),
        query_id: "q".into(),
    };
    let wanted = PingResponse {
        catalog_name: "msk".into(),
        query_id: "q".into(),
        source_type: Some("msk".into()),
        capabilities: 24,
        serde_version: 6,
    };
    assert_eq!(ping(request), wanted);
}

#[tokio::test]
async fn lists_databases() {
    let request = ListSchemasRequest {
        identity: None,
        query_id: None,
        catalog_name: "msk".into(),
    };
    let response = list_schemas(&catalog(), request).await.unwrap();
    assert_eq!(
        (response.catalog_name.as_str(), response.schemas),
        ("msk", vec!["Customer".to_owned()])
    );
}

#[tokio::test]
async fn lists_tables_of_every_format() {
    let request = ListTablesRequest {
        identity: None,
        query_id: None,
        catalog_name: "msk".into(),
        schema_name: Some("customer".into()),
        next_token: None,
        page_size: None,
    };
    let response = list_tables(&catalog(), request.clone()).await.unwrap();
    assert_eq!(
        response.tables,
        [
            TableName::new("Customer", "Orders"),
            TableName::new("Customer", "Users")
        ]
    );
    assert_eq!(response.next_token, None);

    let page = list_tables(
        &catalog(),
        ListTablesRequest {
            page_size: Some(1),
            ..request.clone()
        },
    )
    .await
    .unwrap();
    assert_eq!((page.tables.len(), page.next_token.is_some()), (1, true));

    let error = list_tables(
        &catalog(),
        ListTablesRequest {
            schema_name: None,
            ..request
        },
    )
    .await
    .unwrap_err();
    assert_eq!(error.to_string(), "the request lists tables without a schema");
}

#[tokio::test]
async fn describes_a_table_under_its_real_name() {
    let request = table_request(TableName::new("customer", "orders"));
    let response = get_table(&catalog(), request).await.unwrap();
    assert_eq!(response.table_name, TableName::new("Customer", "Orders"));
    assert!(response.partition_columns.is_empty());
    assert_eq!(response.schema.field(0).metadata()["mapping"], "order_id");
    assert_eq!(response.schema.metadata()["topicName"], "orders");
}

#[tokio::test]
async fn refuses_passthrough_queries_and_unreadable_schemas() {
    let mut passthrough = table_request(TableName::new("customer", "orders"));
    passthrough
        .query_passthrough_arguments
        .insert("QUERY".into(), "select".into());
    let error = get_table(&catalog(), passthrough).await.unwrap_err();
    assert!(
        error.to_string().contains("query passthrough is not supported"),
        "{error}"
    );

    let avro = table_request(TableName::new("Customer", "Users"));
    let error = get_table(&catalog(), avro).await.unwrap_err().to_string();
    assert!(error.contains("`Users`") && error.contains("nonsense"), "{error}");
}

#[test]
fn the_layout_is_one_partition() {
    let request = GetTableLayoutRequest {
        identity: None,
        query_id: None,
        catalog_name: "msk".into(),
        table_name: TableName::new("Customer", "Orders"),
        constraints: Constraints::default(),
        schema: Arc::new(Schema::empty()),
        partition_columns: vec![],
    };
    let response = get_table_layout(request).unwrap();
    let batch = &response.partitions.batch;
    assert_eq!((batch.num_columns(), batch.num_rows()), (1, 1));
    assert_eq!(
        batch.schema().field(0),
        &Field::new("partitionId", DataType::Int32, true)
    );
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().value(0), 1);
}

#[test]
fn advertises_nothing() {
    let request = GetDataSourceCapabilitiesRequest {
        identity: None,
        query_id: None,
        catalog_name: "msk".into(),
    };
    let capabilities = get_data_source_capabilities(request).capabilities;
    let limit = OptimizationSubType {
        sub_type: "integer_constant".into(),
        properties: Vec::new(),
    };
    let wanted = BTreeMap::from([("supports_limit_pushdown".to_owned(), vec![limit])]);
    assert_eq!(capabilities, wanted);
}
