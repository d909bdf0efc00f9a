use std::collections::BTreeMap;

use arrow::array::Int64Array;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use protocol::{
    Constraints, GetDataSourceCapabilitiesRequest, GetTableLayoutRequest, ListSchemasRequest, PingRequest,
};
use spill::{MemoryBlockStore, SpillReader};

use super::*;
use crate::connector::Splits;

/// Table `numbers` of the numbers from 0 to 99 in two splits on two pages, and `wide`, whose column Athena does not know.
struct Numbers;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

#[async_trait]
impl Connector for Numbers {
    fn source_type(&self) -> &str {
        "numbers"
    }

    async fn schemas(&self) -> Result<Vec<String>, Error> {
        Ok(vec!["default".to_owned()])
    }

    async fn tables(&self, _schema: &str) -> Result<Vec<String>, Error> {
        Ok(["numbers", "c", "b", "a", "d"].map(str::to_owned).to_vec())
    }

    async fn table(&self, table: &TableName) -> Result<SchemaRef, Error> {
        match table.table_name.as_str() {
            "numbers" => Ok(schema()),
            "wide" => Ok(Arc::new(Schema::new(vec![Field::new(
                "n",
                DataType::Duration(arrow::datatypes::TimeUnit::Second),
                true,
            )]))),
            other => Err(format!("no table {other}").into()),
        }
    }

    async fn splits(&self, plan: &Plan) -> Result<Splits, Error> {
        let start = plan.token.clone().unwrap_or_else(|| "0".to_owned());
        let next_token = (start == "0").then(|| "50".to_owned());
        let splits = vec![BTreeMap::from([("start".to_owned(), start)])];
        Ok(Splits { splits, next_token })
    }

    async fn read(&self, read: &Read, rows: &mut BlockSpiller) -> Result<(), Error> {
        let start: i64 = read.property("start")?.parse()?;
        for start in [start, start + 25] {
            let column = Arc::new(Int64Array::from_iter_values(start..start + 25));
            rows.write(RecordBatch::try_new(Arc::clone(&read.schema), vec![column])?)
                .await?;
        }
        Ok(())
    }
}

struct Client {
    function: Function<Numbers>,
    store: Arc<MemoryBlockStore>,
}

impl Client {
    fn new(bucket: &str) -> Self {
        let store = Arc::new(MemoryBlockStore::new());
        let settings = SpillSettings {
            bucket: bucket.to_owned(),
            prefix: "spill".to_owned(),
            encrypt: true,
        };
        Self {
            function: Function::new(Numbers, store.clone(), settings),
            store,
        }
    }

    async fn ask(&self, request: impl Into<FederationRequest>) -> Result<FederationResponse, String> {
        let request = request.into().encode(SerdeVersion::LATEST).unwrap();
        let response = self.function.answer(&request).await;
        let response = response.map_err(|failure| failure.error_message)?;
        Ok(FederationResponse::decode(&response).unwrap())
    }

    async fn tables(&self, page_size: Option<u32>, next_token: Option<&str>) -> ListTablesResponse {
        let request = ListTablesRequest {
            identity: None,
            query_id: None,
            catalog_name: "c".into(),
            schema_name: Some("default".into()),
            next_token: next_token.map(str::to_owned),
            page_size,
        };
        match self.ask(request).await.unwrap() {
            FederationResponse::ListTables(response) => response,
            other => panic!("{other:?}"),
        }
    }

    async fn splits(&self, options: &[(&str, &str)]) -> Vec<Split> {
        let options = options
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let mut request = GetSplitsRequest {
            identity: Some(FederatedIdentity {
                config_options: options.collect(),
                ..FederatedIdentity::default()
            }),
            query_id: Some("query".into()),
            catalog_name: "c".into(),
            table_name: numbers(),
            partitions: only_partition().unwrap(),
            partition_columns: Vec::new(),
            constraints: Constraints::default(),
            continuation_token: None,
        };
        let mut splits = Vec::new();
        loop {
            let FederationResponse::GetSplits(page) = self.ask(request.clone()).await.unwrap() else {
                panic!("not splits");
            };
            splits.extend(page.splits);
            request.continuation_token = page.continuation_token;
            if request.continuation_token.is_none() {
                return splits;
            }
        }
    }

    async fn read(&self, split: Split, max_inline_block_bytes: u64) -> Result<FederationResponse, String> {
        self.ask(ReadRecordsRequest {
            identity: None,
            query_id: "query".into(),
            catalog_name: "c".into(),
            table_name: numbers(),
            schema: schema(),
            split,
            constraints: Constraints::default(),
            max_block_bytes: if max_inline_block_bytes == 0 { 250 } else { 1 << 20 },
            max_inline_block_bytes,
        })
        .await
    }
}

fn numbers() -> TableName {
    TableName::new("default", "numbers")
}

fn values(batch: &RecordBatch) -> Vec<i64> {
    let column = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
    column.values().to_vec()
}

#[tokio::test]
async fn a_ping_names_kind_and_version() {
    let request = PingRequest {
        identity: None,
        catalog_name: "c".into(),
        query_id: "q".into(),
    };
    let FederationResponse::Ping(response) = Client::new("b").ask(request).await.unwrap() else {
        panic!("not a ping");
    };
    assert_eq!(response.source_type.as_deref(), Some("numbers"));
    assert_eq!((response.serde_version, response.query_id.as_str()), (6, "q"));
}

#[tokio::test]
async fn tables_are_listed_once_each_on_pages_of_any_size() {
    let client = Client::new("b");
    let names = |response: &ListTablesResponse| {
        let names = response.tables.iter().map(|table| table.table_name.clone());
        names.collect::<Vec<_>>()
    };
    let wanted = ["a", "b", "c", "d", "numbers"];
    assert_eq!(names(&client.tables(None, None).await), wanted);
    for size in 0..7 {
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let page = client.tables(Some(size), token.as_deref()).await;
            found.extend(names(&page));
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, wanted, "pages of {size}");
    }
    let past_the_end = client.tables(Some(2), Some("99")).await;
    assert_eq!((past_the_end.tables.len(), past_the_end.next_token), (0, None));
}

#[tokio::test]
async fn every_split_has_a_place_and_a_key_of_its_own() {
    let splits = Client::new("b").splits(&[]).await;
    assert_eq!(splits.len(), 2);
    let (first, second) = (&splits[0], &splits[1]);
    assert_ne!(first.spill_location, second.spill_location);
    assert_ne!(first.encryption_key, second.encryption_key);
    let location = first.spill_location.as_ref().unwrap();
    assert!(location.key.starts_with("spill/query/"), "{location}");

    let options = [("spill_bucket", "caller"), ("spill_prefix", "own")];
    let splits = Client::new("b").splits(&options).await;
    let location = splits[0].spill_location.as_ref().unwrap();
    assert!(
        location.to_string().starts_with("s3://caller/own/query/"),
        "{location}"
    );
}

#[tokio::test]
async fn rows_are_the_same_inline_and_spilled() {
    let client = Client::new("b");
    let (mut inline, mut spilled) = (Vec::new(), Vec::new());
    for split in client.splits(&[]).await {
        match client.read(split.clone(), 1 << 20).await.unwrap() {
            FederationResponse::ReadRecords(response) => inline.extend(values(&response.records.batch)),
            other => panic!("{other:?}"),
        }
        let FederationResponse::RemoteReadRecords(response) = client.read(split, 0).await.unwrap() else {
            panic!("not spilled");
        };
        assert!(response.remote_blocks.len() > 1, "400 bytes in blocks of 250");
        let reader = SpillReader::new(client.store.clone());
        for block in &response.remote_blocks {
            let key = response.encryption_key.as_ref();
            let batch = reader.read(block, schema(), key).await.unwrap();
            spilled.extend(values(&batch));
        }
    }
    assert_eq!(inline, (0..100).collect::<Vec<_>>());
    assert_eq!(spilled, inline);
}

#[tokio::test]
async fn without_a_bucket_only_rows_that_fit_are_answered() {
    let client = Client::new("");
    let split = client.splits(&[]).await.remove(0);
    assert!(client.read(split.clone(), 1 << 20).await.is_ok());
    let error = client.read(split, 0).await.unwrap_err();
    assert!(error.contains("no spill location"), "{error}");
}

#[tokio::test]
async fn errors_name_what_is_wrong() {
    let client = Client::new("b");
    let table = |name: &str| GetTableRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
        table_name: TableName::new("default", name),
        query_passthrough_arguments: BTreeMap::new(),
    };
    assert_eq!(client.ask(table("gone")).await, Err("no table gone".to_owned()));
    let error = client.ask(table("wide")).await.unwrap_err();
    assert!(
        error.starts_with("default.wide: ") && error.contains('n'),
        "{error}"
    );
    let mut passthrough = table("numbers");
    passthrough
        .query_passthrough_arguments
        .insert("query".into(), "SELECT 1".into());
    assert!(client.ask(passthrough).await.unwrap_err().contains("passthrough"));
    let error = client.read(Split::default(), 1 << 20).await.unwrap_err();
    assert!(error.contains("no property `start`"), "{error}");
    let failure = client.function.answer(b"[]").await.unwrap_err();
    assert!(failure.error_type.ends_with(".AthenaConnectorException"));
}

#[tokio::test]
async fn answers_every_other_call() {
    let client = Client::new("b");
    let schemas = ListSchemasRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
    };
    let capabilities = GetDataSourceCapabilitiesRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
    };
    let layout = GetTableLayoutRequest {
        identity: None,
        query_id: None,
        catalog_name: "c".into(),
        table_name: numbers(),
        constraints: Constraints::default(),
        schema: schema(),
        partition_columns: Vec::new(),
    };
    let response = client.ask(schemas).await.unwrap();
    assert!(matches!(response, FederationResponse::ListSchemas(response) if response.schemas == ["default"]));
    let response = client.ask(capabilities).await.unwrap();
    assert!(
        matches!(response, FederationResponse::GetDataSourceCapabilities(response) if response.capabilities.is_empty())
    );
    let response = client.ask(layout).await.unwrap();
    assert!(
        matches!(response, FederationResponse::GetTableLayout(response) if response.partitions.batch.num_rows() == 1)
    );
}

#[test]
fn settings_are_the_java_sdks_variables() {
    let settings = |pairs: &[(&str, &str)]| {
        SpillSettings::from_vars(|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    };
    let defaults = SpillSettings {
        bucket: String::new(),
        prefix: "athena-federation-spill".into(),
        encrypt: true,
    };
    assert_eq!(settings(&[("spill_bucket", " ")]), defaults);
    let set = settings(&[
        ("spill_bucket", "b"),
        ("spill_prefix", "p"),
        ("disable_spill_encryption", "True"),
    ]);
    assert_eq!(
        set,
        SpillSettings {
            bucket: "b".into(),
            prefix: "p".into(),
            encrypt: false
        }
    );
}
