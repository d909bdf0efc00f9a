//! Client of the federation protocol: typed calls over [`Invoke`], in the order of Athena.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use protocol::{
    Block, Constraints, EncodeError, EncryptionKey, FederatedIdentity, FederationRequest, FederationResponse,
    GetDataSourceCapabilitiesRequest, GetSplitsRequest, GetTableLayoutRequest, GetTableRequest,
    GetTableResponse, ListSchemasRequest, ListTablesRequest, PingRequest, ReadRecordsRequest, SerdeVersion,
    SpillLocation, Split, TableName, UnknownVersion, WireError,
};
use spill::{BlockStore, SpillError, SpillReader};
use tokio::sync::OnceCell;
use tokio::time::sleep;

use crate::columns::{AmbiguousColumns, Columns};
use crate::invoke::{Invoke, InvokeError};

/// Client of one connector, as one catalog.
///
/// The version of the protocol is determined by a ping before the first other call: the older of the
/// connector's and the client's. Throttled calls are repeated with increasing delays.
pub struct Federation {
    invoke: Arc<dyn Invoke>,
    reader: SpillReader,
    options: FederationOptions,
    version: OnceCell<SerdeVersion>,
    limit_pushdown: OnceCell<bool>,
}

/// Parameters of the requests that Athena would set.
#[derive(Debug, Clone)]
pub struct FederationOptions {
    pub catalog_name: String,
    pub identity: FederatedIdentity,
    /// Size of a block in Arrow bytes from which a connector starts another.
    pub max_block_bytes: u64,
    /// Size of a block in Arrow bytes up to which it is returned inline.
    pub max_inline_block_bytes: u64,
    /// Number of tables on a page.
    pub table_page_size: u32,
    /// Maximum number of retries of a throttled call.
    pub throttle_retries: u32,
    /// Delay before the first retry; doubled each time.
    pub throttle_delay: Duration,
}

impl FederationOptions {
    /// Options of a catalog with this name, with the block sizes of the connectors' own validator.
    pub fn new(catalog_name: impl Into<String>) -> Self {
        Self {
            catalog_name: catalog_name.into(),
            identity: local_identity(),
            max_block_bytes: 16_000_000,
            max_inline_block_bytes: 5_242_880,
            table_page_size: 1000,
            throttle_retries: 6,
            throttle_delay: Duration::from_millis(100),
        }
    }
}

/// Identity of no account: the number is not assigned.
fn local_identity() -> FederatedIdentity {
    FederatedIdentity {
        account: Some("000000000000".to_owned()),
        arn: Some("arn:aws:iam::000000000000:user/athena-local".to_owned()),
        ..FederatedIdentity::default()
    }
}

/// Table as the connector describes it.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: TableName,
    /// Schema with the connector's metadata, which is sent back with every read.
    pub schema: SchemaRef,
    pub partition_columns: Vec<String>,
}

impl Table {
    /// Columns on the wire and in SQL.
    ///
    /// # Errors
    /// If two of them have the same name in SQL.
    pub(crate) fn columns(&self) -> Result<Columns, FederationError> {
        let columns = Columns::try_new(Arc::clone(&self.schema));
        columns.map_err(|source| FederationError::AmbiguousColumns {
            table: self.name.clone(),
            source,
        })
    }
}

/// Rows of a split: inline, or their spill locations.
#[derive(Debug, Clone)]
pub enum SplitRecords {
    Inline(RecordBatch),
    Spilled {
        blocks: Vec<SpillLocation>,
        key: Option<EncryptionKey>,
    },
}

/// Failed call, or invalid response.
#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    #[error("{call}: {source}")]
    Invoke { call: &'static str, source: InvokeError },
    #[error("cannot encode {call}: {source}")]
    Encode { call: &'static str, source: EncodeError },
    #[error("the response to {call} cannot be decoded: {source}")]
    Decode { call: &'static str, source: WireError },
    #[error("the response to {call} is {answer}")]
    WrongAnswer {
        call: &'static str,
        answer: &'static str,
    },
    #[error("no common protocol version with the connector: {0}")]
    Version(#[from] UnknownVersion),
    #[error("{call} returned the token of the previous page again: paging would never end")]
    EndlessPages { call: &'static str },
    #[error("{table}: wanted columns {wanted}, found {found}")]
    WrongColumns {
        table: TableName,
        wanted: String,
        found: String,
    },
    #[error("{table}: {source}")]
    AmbiguousColumns {
        table: TableName,
        source: AmbiguousColumns,
    },
    #[error("cannot fetch a spilled block: {0}")]
    Spill(#[from] SpillError),
}

impl Federation {
    pub fn new(invoke: Arc<dyn Invoke>, blocks: Arc<dyn BlockStore>, options: FederationOptions) -> Self {
        let reader = SpillReader::new(blocks);
        Self {
            invoke,
            reader,
            options,
            version: OnceCell::new(),
            limit_pushdown: OnceCell::new(),
        }
    }

    pub fn catalog_name(&self) -> &str {
        &self.options.catalog_name
    }

    /// Version that both sides support.
    pub async fn version(&self) -> Result<SerdeVersion, FederationError> {
        self.version.get_or_try_init(|| self.ping()).await.copied()
    }

    async fn ping(&self) -> Result<SerdeVersion, FederationError> {
        let request = PingRequest {
            identity: self.identity(),
            catalog_name: self.options.catalog_name.clone(),
            query_id: new_query_id(),
        };
        // A ping is the same at every version.
        match self.call_at(request.into(), SerdeVersion::LATEST).await? {
            FederationResponse::Ping(answer) => Ok(SerdeVersion::try_from(
                answer.serde_version.min(SerdeVersion::LATEST.number()),
            )?),
            other => Err(wrong_answer("PingRequest", &other)),
        }
    }

    pub async fn list_schemas(&self) -> Result<Vec<String>, FederationError> {
        let request = ListSchemasRequest {
            identity: self.identity(),
            query_id: Some(new_query_id()),
            catalog_name: self.options.catalog_name.clone(),
        };
        match self.call(request.into()).await? {
            FederationResponse::ListSchemas(answer) => Ok(answer.schemas),
            other => Err(wrong_answer("ListSchemasRequest", &other)),
        }
    }

    /// Lists all tables of a schema, page by page.
    pub async fn list_tables(&self, schema_name: &str) -> Result<Vec<TableName>, FederationError> {
        let mut tables = Vec::new();
        let mut next_token = None;
        loop {
            let request = ListTablesRequest {
                identity: self.identity(),
                query_id: Some(new_query_id()),
                catalog_name: self.options.catalog_name.clone(),
                schema_name: Some(schema_name.to_owned()),
                next_token: next_token.clone(),
                page_size: Some(self.options.table_page_size),
            };
            let page = match self.call(request.into()).await? {
                FederationResponse::ListTables(page) => page,
                other => return Err(wrong_answer("ListTablesRequest", &other)),
            };
            tables.extend(page.tables);
            next_token = match next_page("ListTablesRequest", next_token.as_deref(), page.next_token)? {
                None => return Ok(tables),
                more => more,
            };
        }
    }

    pub async fn table(&self, name: TableName) -> Result<Table, FederationError> {
        let request = GetTableRequest {
            identity: self.identity(),
            query_id: Some(new_query_id()),
            catalog_name: self.options.catalog_name.clone(),
            table_name: name,
            query_passthrough_arguments: BTreeMap::new(),
        };
        match self.call(request.into()).await? {
            FederationResponse::GetTable(GetTableResponse {
                table_name,
                schema,
                partition_columns,
                ..
            }) => Ok(Table {
                name: table_name,
                schema,
                partition_columns,
            }),
            other => Err(wrong_answer("GetTableRequest", &other)),
        }
    }

    /// Returns every split of the table that may hold rows within the constraints: layout first, then all
    /// pages of splits.
    pub async fn splits(
        &self,
        query_id: &str,
        table: &Table,
        constraints: &Constraints,
    ) -> Result<Vec<Split>, FederationError> {
        let partitions = self.layout(query_id, table, constraints).await?;
        if partitions.batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let mut request = GetSplitsRequest {
            identity: self.identity(),
            query_id: Some(query_id.to_owned()),
            catalog_name: self.options.catalog_name.clone(),
            table_name: table.name.clone(),
            partitions,
            partition_columns: table.partition_columns.clone(),
            constraints: constraints.clone(),
            continuation_token: None,
        };
        let mut splits = Vec::new();
        loop {
            let page = match self.call(request.clone().into()).await? {
                FederationResponse::GetSplits(page) => page,
                other => return Err(wrong_answer("GetSplitsRequest", &other)),
            };
            splits.extend(page.splits);
            let last = request.continuation_token.as_deref();
            request.continuation_token = match next_page("GetSplitsRequest", last, page.continuation_token)? {
                None => return Ok(splits),
                more => more,
            };
        }
    }

    async fn layout(
        &self,
        query_id: &str,
        table: &Table,
        constraints: &Constraints,
    ) -> Result<Block, FederationError> {
        let request = GetTableLayoutRequest {
            identity: self.identity(),
            query_id: Some(query_id.to_owned()),
            catalog_name: self.options.catalog_name.clone(),
            table_name: table.name.clone(),
            constraints: constraints.clone(),
            schema: Arc::clone(&table.schema),
            partition_columns: table.partition_columns.clone(),
        };
        match self.call(request.into()).await? {
            FederationResponse::GetTableLayout(answer) => Ok(answer.partitions),
            other => Err(wrong_answer("GetTableLayoutRequest", &other)),
        }
    }

    /// Reads one split's rows of the columns in `schema`, a projection of the table's.
    pub async fn read_records(
        &self,
        query_id: &str,
        table_name: &TableName,
        schema: &SchemaRef,
        split: &Split,
        constraints: &Constraints,
    ) -> Result<SplitRecords, FederationError> {
        let request = ReadRecordsRequest {
            identity: self.identity(),
            query_id: query_id.to_owned(),
            catalog_name: self.options.catalog_name.clone(),
            table_name: table_name.clone(),
            schema: Arc::clone(schema),
            split: split.clone(),
            constraints: constraints.clone(),
            max_block_bytes: self.options.max_block_bytes,
            max_inline_block_bytes: self.options.max_inline_block_bytes,
        };
        match self.call(request.into()).await? {
            FederationResponse::ReadRecords(answer) => {
                let batch = answer.records.batch;
                check_columns(table_name, schema, batch.schema_ref())?;
                Ok(SplitRecords::Inline(batch))
            }
            FederationResponse::RemoteReadRecords(answer) => {
                check_columns(table_name, schema, &answer.schema)?;
                Ok(SplitRecords::Spilled {
                    blocks: answer.remote_blocks,
                    key: answer.encryption_key,
                })
            }
            other => Err(wrong_answer("ReadRecordsRequest", &other)),
        }
    }

    /// Fetches one spilled block of a response to a read of `schema`.
    pub async fn fetch(
        &self,
        block: &SpillLocation,
        schema: SchemaRef,
        key: Option<&EncryptionKey>,
    ) -> Result<RecordBatch, FederationError> {
        Ok(self.reader.read(block, schema, key).await?)
    }

    /// Whether the connector guarantees to stop at a limit. Connectors without the call guarantee nothing.
    pub async fn pushes_limits(&self) -> Result<bool, FederationError> {
        self.limit_pushdown
            .get_or_try_init(|| self.ask_for_limits())
            .await
            .copied()
    }

    async fn ask_for_limits(&self) -> Result<bool, FederationError> {
        if self.version().await? < SerdeVersion::V4 {
            return Ok(false);
        }
        let request = GetDataSourceCapabilitiesRequest {
            identity: self.identity(),
            query_id: Some(new_query_id()),
            catalog_name: self.options.catalog_name.clone(),
        };
        match self.call(request.into()).await? {
            FederationResponse::GetDataSourceCapabilities(answer) => Ok(answer
                .capabilities
                .get("supports_limit_pushdown")
                .is_some_and(|kinds| kinds.iter().any(|kind| kind.sub_type == "integer_constant"))),
            other => Err(wrong_answer("GetDataSourceCapabilitiesRequest", &other)),
        }
    }

    async fn call(&self, request: FederationRequest) -> Result<FederationResponse, FederationError> {
        let version = self.version().await?;
        self.call_at(request, version).await
    }

    async fn call_at(
        &self,
        request: FederationRequest,
        version: SerdeVersion,
    ) -> Result<FederationResponse, FederationError> {
        let call = request.name();
        let bytes = request
            .encode(version)
            .map_err(|source| FederationError::Encode { call, source })?;
        let answer = self
            .invoke_patiently(bytes)
            .await
            .map_err(|source| FederationError::Invoke { call, source })?;
        FederationResponse::decode(&answer).map_err(|source| FederationError::Decode { call, source })
    }

    async fn invoke_patiently(&self, request: Vec<u8>) -> Result<Vec<u8>, InvokeError> {
        let mut delay = self.options.throttle_delay;
        for _ in 0..self.options.throttle_retries {
            match self.invoke.invoke(request.clone()).await {
                Err(error) if error.is_throttling() => {
                    tracing::debug!(%error, ?delay, "throttled; the call is repeated");
                    sleep(delay).await;
                    delay *= 2;
                }
                answer => return answer,
            }
        }
        self.invoke.invoke(request).await
    }

    fn identity(&self) -> Option<FederatedIdentity> {
        Some(self.options.identity.clone())
    }
}

/// New id in the form of Athena's.
pub(crate) fn new_query_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn wrong_answer(call: &'static str, answer: &FederationResponse) -> FederationError {
    FederationError::WrongAnswer {
        call,
        answer: answer.name(),
    }
}

/// Token of the next page, if any.
fn next_page(
    call: &'static str,
    last: Option<&str>,
    next: Option<String>,
) -> Result<Option<String>, FederationError> {
    match next {
        Some(next) if Some(next.as_str()) == last => Err(FederationError::EndlessPages { call }),
        next => Ok(next),
    }
}

/// Checks that the response has the requested columns, by name and type and in order: otherwise values would
/// be read as NULL or in another column.
fn check_columns(table: &TableName, wanted: &Schema, found: &Schema) -> Result<(), FederationError> {
    let same = wanted.fields().len() == found.fields().len()
        && wanted.fields().iter().zip(found.fields()).all(|(wanted, found)| {
            wanted.name() == found.name() && wanted.data_type().equals_datatype(found.data_type())
        });
    if same {
        return Ok(());
    }
    Err(FederationError::WrongColumns {
        table: table.clone(),
        wanted: columns(wanted),
        found: columns(found),
    })
}

fn columns(schema: &Schema) -> String {
    let columns = schema
        .fields()
        .iter()
        .map(|field| format!("{} {}", field.name(), field.data_type()));
    format!("({})", columns.collect::<Vec<_>>().join(", "))
}
