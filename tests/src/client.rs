//! Athena's side of the protocol, one call at a time: requests built from `protocol`'s types, decoded
//! responses, and fetched blocks.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use protocol::{
    Block, Constraints, FederatedIdentity, FederationRequest, FederationResponse, GetSplitsRequest,
    GetSplitsResponse, GetTableLayoutRequest, GetTableRequest, GetTableResponse, ListTablesRequest,
    ListTablesResponse, ReadRecordsRequest, SerdeVersion, Split, TableName,
};
use spill::{BlockStore, SpillReader};

/// Registry of every test table: its description has the marker.
pub const REGISTRY: &str = "customer";

/// Transport of wire bytes to a connector and back; a function error is its message. An emulated Lambda has
/// its own time limit.
#[async_trait::async_trait]
pub trait Ask: Send + Sync {
    async fn ask(&self, request: Vec<u8>, limit: Duration) -> Result<Vec<u8>, String>;
}

/// Client of one connector and one catalog.
pub struct Client {
    connector: Arc<dyn Ask>,
    reader: SpillReader,
    /// Database of the tables.
    pub registry: String,
    /// Value of `maxBlockSize`.
    pub max_block_bytes: u64,
    /// Value of `maxInlineBlockSize`.
    pub max_inline_block_bytes: u64,
    /// Time limit of an in-process call, as Lambda would set it.
    pub limit: Duration,
}

impl Client {
    /// Creates a client that reads spilled blocks from `blocks`.
    pub fn new(connector: Arc<dyn Ask>, blocks: Arc<dyn BlockStore>) -> Self {
        let reader = SpillReader::new(blocks);
        let limit = Duration::from_secs(60);
        Self {
            connector,
            reader,
            registry: REGISTRY.into(),
            max_block_bytes: 16_000_000,
            max_inline_block_bytes: 5_242_880,
            limit,
        }
    }

    /// Sends wire bytes unchanged.
    pub async fn send(&self, request: impl Into<Vec<u8>>) -> Result<Vec<u8>, String> {
        self.connector.ask(request.into(), self.limit).await
    }

    /// Sends one request at version 6 and decodes its response.
    pub async fn call(&self, request: &FederationRequest) -> Result<FederationResponse, String> {
        let bytes = request.encode(SerdeVersion::V6).expect("the request encodes");
        let answer = self.send(bytes).await?;
        Ok(FederationResponse::decode(&answer).expect("the answer decodes"))
    }

    pub async fn table(&self, table: &str) -> Result<GetTableResponse, String> {
        let request = GetTableRequest {
            identity: Some(identity()),
            query_id: Some("query".into()),
            catalog_name: "msk".into(),
            table_name: self.name(table),
            query_passthrough_arguments: Default::default(),
        };
        match self.call(&FederationRequest::GetTable(request)).await? {
            FederationResponse::GetTable(response) => Ok(response),
            other => panic!("not a table: {other:?}"),
        }
    }

    /// Requests one page of the registry's tables.
    pub async fn table_page(
        &self,
        page_size: Option<u32>,
        next_token: Option<String>,
    ) -> Result<ListTablesResponse, String> {
        let request = ListTablesRequest {
            identity: Some(identity()),
            query_id: Some("query".into()),
            catalog_name: "msk".into(),
            schema_name: Some(self.registry.clone()),
            next_token,
            page_size,
        };
        match self.call(&FederationRequest::ListTables(request)).await? {
            FederationResponse::ListTables(response) => Ok(response),
            other => panic!("not tables: {other:?}"),
        }
    }

    /// Names of the registry's tables, listed without paging.
    pub async fn table_names(&self) -> Vec<String> {
        let page = self.table_page(None, None).await.expect("the tables");
        page.tables.into_iter().map(|table| table.table_name).collect()
    }

    /// Requests one page of splits.
    pub async fn split_page(
        &self,
        table: &str,
        constraints: &Constraints,
        continuation_token: Option<String>,
    ) -> Result<GetSplitsResponse, String> {
        self.split_page_as(identity(), table, constraints, continuation_token)
            .await
    }

    /// Requests one page of splits with another identity.
    pub async fn split_page_as(
        &self,
        identity: FederatedIdentity,
        table: &str,
        constraints: &Constraints,
        continuation_token: Option<String>,
    ) -> Result<GetSplitsResponse, String> {
        let request = GetSplitsRequest {
            identity: Some(identity),
            query_id: Some("query".into()),
            catalog_name: "msk".into(),
            table_name: self.name(table),
            partitions: self.layout(table, constraints).await?,
            partition_columns: Vec::new(),
            constraints: constraints.clone(),
            continuation_token,
        };
        match self.call(&FederationRequest::GetSplits(request)).await? {
            FederationResponse::GetSplits(response) => Ok(response),
            other => panic!("not splits: {other:?}"),
        }
    }

    /// Requests all splits of a table, page by page.
    pub async fn splits(&self, table: &str) -> Result<Vec<Split>, String> {
        self.splits_of(table, &Constraints::default()).await
    }

    /// Requests all splits that a query with these constraints reads, page by page.
    pub async fn splits_of(&self, table: &str, constraints: &Constraints) -> Result<Vec<Split>, String> {
        let mut splits = Vec::new();
        let mut token = None;
        loop {
            let page = self.split_page(table, constraints, token).await?;
            splits.extend(page.splits);
            token = page.continuation_token;
            if token.is_none() {
                return Ok(splits);
            }
        }
    }

    /// Response to one ReadRecords, undecoded.
    pub async fn read_response(
        &self,
        table: &str,
        schema: &SchemaRef,
        split: &Split,
        constraints: &Constraints,
    ) -> Result<FederationResponse, String> {
        let request = ReadRecordsRequest {
            identity: Some(identity()),
            query_id: "query".into(),
            catalog_name: "msk".into(),
            table_name: self.name(table),
            schema: Arc::clone(schema),
            split: split.clone(),
            constraints: constraints.clone(),
            max_block_bytes: self.max_block_bytes,
            max_inline_block_bytes: self.max_inline_block_bytes,
        };
        self.call(&FederationRequest::ReadRecords(request)).await
    }

    /// Rows of one split, inline or spilled.
    pub async fn read(
        &self,
        table: &str,
        schema: &SchemaRef,
        split: &Split,
        constraints: &Constraints,
    ) -> Result<RecordBatch, String> {
        match self.read_response(table, schema, split, constraints).await? {
            FederationResponse::ReadRecords(response) => Ok(response.records.batch),
            FederationResponse::RemoteReadRecords(response) => {
                let mut blocks = Vec::new();
                for location in &response.remote_blocks {
                    let key = response.encryption_key.as_ref();
                    let block = self
                        .reader
                        .read(location, Arc::clone(&response.schema), key)
                        .await;
                    blocks.push(block.expect("the spilled block reads"));
                }
                Ok(concat_batches(&response.schema, &blocks).expect("blocks of one schema"))
            }
            other => panic!("not records: {other:?}"),
        }
    }

    /// Runs `SELECT columns FROM table`: plans, then reads every split.
    pub async fn select(&self, table: &str, columns: &[&str]) -> Result<RecordBatch, String> {
        let splits = self.splits(table).await?;
        self.read_all(table, columns, &splits, &Constraints::default())
            .await
    }

    /// Runs `SELECT columns FROM table WHERE constraints`: plans and reads every split with the constraints.
    pub async fn select_where(
        &self,
        table: &str,
        columns: &[&str],
        constraints: &Constraints,
    ) -> Result<RecordBatch, String> {
        let splits = self.splits_of(table, constraints).await?;
        self.read_all(table, columns, &splits, constraints).await
    }

    /// Rows of some splits, one after the other.
    pub async fn read_all(
        &self,
        table: &str,
        columns: &[&str],
        splits: &[Split],
        constraints: &Constraints,
    ) -> Result<RecordBatch, String> {
        let schema = self.projection(table, columns).await?;
        let mut batches = Vec::new();
        for split in splits {
            batches.push(self.read(table, &schema, split, constraints).await?);
        }
        Ok(concat_batches(&schema, &batches).expect("splits of one schema"))
    }

    /// Schema of the table with only these columns.
    pub async fn projection(&self, table: &str, columns: &[&str]) -> Result<SchemaRef, String> {
        let schema = self.table(table).await?.schema;
        let fields: Vec<_> = columns
            .iter()
            .map(|column| {
                schema
                    .field_with_name(column)
                    .expect("a column of the table")
                    .clone()
            })
            .collect();
        Ok(Arc::new(Schema::new_with_metadata(
            fields,
            schema.metadata().clone(),
        )))
    }

    fn name(&self, table: &str) -> TableName {
        TableName {
            schema_name: self.registry.clone(),
            table_name: table.into(),
        }
    }

    async fn layout(&self, table: &str, constraints: &Constraints) -> Result<Block, String> {
        let schema = self.table(table).await?.schema;
        let request = GetTableLayoutRequest {
            identity: Some(identity()),
            query_id: Some("query".into()),
            catalog_name: "msk".into(),
            table_name: self.name(table),
            constraints: constraints.clone(),
            schema,
            partition_columns: Vec::new(),
        };
        match self.call(&FederationRequest::GetTableLayout(request)).await? {
            FederationResponse::GetTableLayout(response) => Ok(response.partitions),
            other => panic!("not a layout: {other:?}"),
        }
    }
}

/// Identity of the caller.
pub fn identity() -> FederatedIdentity {
    FederatedIdentity {
        account: Some("123456789012".into()),
        arn: Some("arn:aws:iam::123456789012:user/u".into()),
        ..FederatedIdentity::default()
    }
}
