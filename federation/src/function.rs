//! Requests of Athena, answered with a connector.

use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use protocol::{
    Block, CAPABILITIES, FederatedIdentity, FederationRequest, FederationResponse,
    GetDataSourceCapabilitiesResponse, GetSplitsRequest, GetSplitsResponse, GetTableLayoutResponse,
    GetTableRequest, GetTableResponse, ListSchemasResponse, ListTablesRequest, ListTablesResponse,
    PingResponse, ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse, SerdeVersion, Split,
    TableName, check_supported,
};
use spill::{BlockLimits, BlockSpiller, BlockStore, MAX_RESPONSE_BYTES, Records};

use crate::connector::{Connector, Plan, Read};
use crate::error::{Error, Failure};

/// Column of the only partition that every table has.
const PARTITION_COLUMN: &str = "partitionId";

/// Lambda function around a [`Connector`]: bytes of a request in, bytes of the response out.
pub struct Function<C> {
    connector: C,
    blocks: Arc<dyn BlockStore>,
    settings: SpillSettings,
}

/// Place of rows that do not fit into a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpillSettings {
    /// Bucket; empty if rows never have to be spilled, or every request names one.
    pub bucket: String,
    /// Beginning of all keys.
    pub prefix: String,
    /// Whether blocks are encrypted, each split's with a key of its own.
    pub encrypt: bool,
}

impl SpillSettings {
    /// Reads the variables of the Java SDK: `spill_bucket`, `spill_prefix` (default `athena-federation-spill`) and
    /// `disable_spill_encryption` (`true` or, by default, `false`).
    pub fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name| variable(name).filter(|text| !text.trim().is_empty());
        let is_true = |text: String| text.trim().eq_ignore_ascii_case("true");
        Self {
            bucket: text("spill_bucket").unwrap_or_default(),
            prefix: text("spill_prefix").unwrap_or_else(|| "athena-federation-spill".to_owned()),
            encrypt: !text("disable_spill_encryption").is_some_and(is_true),
        }
    }
}

impl<C: Connector> Function<C> {
    pub fn new(connector: C, blocks: Arc<dyn BlockStore>, settings: SpillSettings) -> Self {
        Self {
            connector,
            blocks,
            settings,
        }
    }

    /// Answers a request in JSON, at its version.
    ///
    /// # Errors
    /// If the request cannot be decoded, a method of the connector fails, or the response is larger than Lambda's
    /// limit of 6 MB.
    pub async fn answer(&self, request: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.respond(request).await?)
    }

    async fn respond(&self, request: &[u8]) -> Result<Vec<u8>, Error> {
        let (request, version) = FederationRequest::decode(request)?;
        let call = request.name();
        let response = self.dispatch(request).await?.encode(version)?;
        if response.len() > MAX_RESPONSE_BYTES {
            let bytes = response.len();
            return Err(format!(
                "the response to {call} has {bytes} bytes, more than Lambda's {MAX_RESPONSE_BYTES}: return fewer items on a page"
            )
            .into());
        }
        Ok(response)
    }

    async fn dispatch(&self, request: FederationRequest) -> Result<FederationResponse, Error> {
        use FederationRequest as Request;
        use FederationResponse as Response;
        Ok(match request {
            Request::Ping(request) => Response::Ping(PingResponse {
                catalog_name: request.catalog_name,
                query_id: request.query_id,
                source_type: Some(self.connector.source_type().to_owned()),
                capabilities: CAPABILITIES,
                serde_version: SerdeVersion::LATEST.number(),
            }),
            Request::ListSchemas(request) => Response::ListSchemas(ListSchemasResponse {
                catalog_name: request.catalog_name,
                schemas: self.connector.schemas().await?,
            }),
            Request::ListTables(request) => Response::ListTables(self.list_tables(request).await?),
            Request::GetTable(request) => Response::GetTable(self.get_table(request).await?),
            Request::GetTableLayout(request) => Response::GetTableLayout(GetTableLayoutResponse {
                catalog_name: request.catalog_name,
                table_name: request.table_name,
                partitions: only_partition()?,
            }),
            Request::GetSplits(request) => Response::GetSplits(self.get_splits(request).await?),
            Request::ReadRecords(request) => self.read_records(request).await?,
            Request::GetDataSourceCapabilities(request) => {
                Response::GetDataSourceCapabilities(GetDataSourceCapabilitiesResponse {
                    catalog_name: request.catalog_name,
                    capabilities: self.connector.capabilities(),
                })
            }
            Request::UserDefinedFunction(_) => return Err("user defined functions are not supported".into()),
        })
    }

    async fn list_tables(&self, request: ListTablesRequest) -> Result<ListTablesResponse, Error> {
        let schema = request.schema_name.ok_or("ListTables: no schema is named")?;
        let mut names = self.connector.tables(&schema).await?;
        names.sort_unstable();
        let (names, next_token) = page(names, request.page_size, request.next_token.as_deref())?;
        Ok(ListTablesResponse {
            catalog_name: request.catalog_name,
            tables: names
                .into_iter()
                .map(|name| TableName::new(&schema, name))
                .collect(),
            next_token,
        })
    }

    async fn get_table(&self, request: GetTableRequest) -> Result<GetTableResponse, Error> {
        if !request.query_passthrough_arguments.is_empty() {
            return Err("query passthrough is not supported".into());
        }
        let table_name = request.table_name;
        let schema = self.connector.table(&table_name).await?;
        check_supported(&schema).map_err(|error| format!("{table_name}: {error}"))?;
        Ok(GetTableResponse {
            catalog_name: request.catalog_name,
            table_name,
            schema,
            partition_columns: Vec::new(),
        })
    }

    async fn get_splits(&self, request: GetSplitsRequest) -> Result<GetSplitsResponse, Error> {
        let settings = self.settings.of(request.identity.as_ref());
        let plan = Plan {
            query_id: request.query_id.unwrap_or_default(),
            table: request.table_name,
            constraints: request.constraints,
            token: request.continuation_token,
        };
        let page = self.connector.splits(&plan).await?;
        let split = |properties| Split {
            spill_location: Some(spill::split_location(
                &settings.bucket,
                &settings.prefix,
                &plan.query_id,
            )),
            encryption_key: settings.encrypt.then(spill::generate_key),
            properties,
        };
        Ok(GetSplitsResponse {
            catalog_name: request.catalog_name,
            splits: page.splits.into_iter().map(split).collect(),
            continuation_token: page.next_token,
        })
    }

    async fn read_records(&self, request: ReadRecordsRequest) -> Result<FederationResponse, Error> {
        let limits = BlockLimits {
            max_block_bytes: request.max_block_bytes,
            max_inline_block_bytes: request.max_inline_block_bytes,
        };
        let Split {
            spill_location,
            encryption_key,
            properties,
        } = request.split;
        let mut rows = BlockSpiller::new(
            Arc::clone(&self.blocks),
            Arc::clone(&request.schema),
            spill_location.filter(|location| !location.bucket.is_empty()),
            encryption_key.clone(),
            limits,
        )?;
        let read = Read {
            query_id: request.query_id,
            table: request.table_name,
            schema: request.schema,
            split: properties,
            constraints: request.constraints,
        };
        self.connector.read(&read, &mut rows).await?;
        let catalog_name = request.catalog_name;
        Ok(match rows.finish().await? {
            Records::Inline(batch) => FederationResponse::ReadRecords(ReadRecordsResponse {
                catalog_name,
                records: Block::new(batch),
            }),
            Records::Spilled(remote_blocks) => {
                FederationResponse::RemoteReadRecords(RemoteReadRecordsResponse {
                    catalog_name,
                    schema: read.schema,
                    remote_blocks,
                    encryption_key,
                })
            }
        })
    }
}

impl SpillSettings {
    /// Settings of a request: the caller's identity may name another bucket and prefix.
    fn of(&self, identity: Option<&FederatedIdentity>) -> Self {
        let option = |name| {
            let text = identity?.config_options.get(name)?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        Self {
            bucket: option("spill_bucket").unwrap_or_else(|| self.bucket.clone()),
            prefix: option("spill_prefix").unwrap_or_else(|| self.prefix.clone()),
            encrypt: self.encrypt,
        }
    }
}

/// Layout with one partition; one without rows would mean that there is nothing to read.
fn only_partition() -> Result<Block, Error> {
    let schema = Schema::new(vec![Field::new(PARTITION_COLUMN, DataType::Int32, true)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int32Array::from(vec![1]))])?;
    Ok(Block::new(batch))
}

/// Page of names from the position in `token` on, and the token of the next one.
fn page(
    mut names: Vec<String>,
    size: Option<u32>,
    token: Option<&str>,
) -> Result<(Vec<String>, Option<String>), Error> {
    let start = match token {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| "ListTables: the token was not written by this connector")?,
    };
    let mut rest = names.split_off(start.min(names.len()));
    let Some(size) = size else {
        return Ok((rest, None));
    };
    // A page without a table would be followed by itself.
    let size = (size as usize).max(1);
    let next_token = (rest.len() > size).then(|| (start + size).to_string());
    rest.truncate(size);
    Ok((rest, next_token))
}

#[cfg(test)]
mod tests;
