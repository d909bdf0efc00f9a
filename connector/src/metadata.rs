//! Metadata calls: ping, databases, tables, a table's columns and layout.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use protocol::{
    Block, CAPABILITIES, GetDataSourceCapabilitiesRequest, GetDataSourceCapabilitiesResponse,
    GetTableLayoutRequest, GetTableLayoutResponse, GetTableRequest, GetTableResponse, ListSchemasRequest,
    ListSchemasResponse, ListTablesRequest, ListTablesResponse, OptimizationSubType, PingRequest,
    PingResponse, SerdeVersion, TableName, check_supported,
};

use crate::error::Error;
use crate::tables::{Found, Tables};

/// Source type of the ping response.
pub const SOURCE_TYPE: &str = "msk";

/// Column of the only partition that every table has.
const PARTITION_COLUMN: &str = "partitionId";

/// Responds to a ping without any external call, so it succeeds even if neither brokers nor registry can be
/// reached.
pub fn ping(request: PingRequest) -> PingResponse {
    PingResponse {
        catalog_name: request.catalog_name,
        query_id: request.query_id,
        source_type: Some(SOURCE_TYPE.to_owned()),
        capabilities: CAPABILITIES,
        serde_version: SerdeVersion::LATEST.number(),
    }
}

/// Lists all databases: the marked registries, and those that settings name.
pub async fn list_schemas(
    tables: &Tables<'_>,
    request: ListSchemasRequest,
) -> Result<ListSchemasResponse, Error> {
    let schemas = tables.databases().await?;
    Ok(ListSchemasResponse {
        catalog_name: request.catalog_name,
        schemas,
    })
}

/// Lists the tables of a database, in their original case.
pub async fn list_tables(
    tables: &Tables<'_>,
    request: ListTablesRequest,
) -> Result<ListTablesResponse, Error> {
    let schema_name = request.schema_name.ok_or(Error::NoSchemaName)?;
    let page = tables
        .list(&schema_name, request.page_size, request.next_token.as_deref())
        .await?;
    Ok(ListTablesResponse {
        tables: page.items,
        catalog_name: request.catalog_name,
        next_token: page.next_token,
    })
}

/// Columns of the table with the metadata that later calls need to read them, under the name that its source
/// gives the table.
pub async fn get_table(tables: &Tables<'_>, request: GetTableRequest) -> Result<GetTableResponse, Error> {
    if !request.query_passthrough_arguments.is_empty() {
        return Err(Error::QueryPassthrough);
    }
    let (table_name, schema) = match tables.find(&request.table_name).await? {
        Found::Topic(table) => {
            let table_name = TableName::new(&table.registry_name, &table.schema_name);
            (table_name, Arc::clone(&table.schema))
        }
        Found::System(system, table) => {
            let name = format!("{}{}", table.schema_name, system.suffix());
            (
                TableName::new(&table.registry_name, &name),
                system.schema(&table.topic),
            )
        }
    };
    if let Err(source) = check_supported(&schema) {
        return Err(Error::UnsupportedType {
            table: table_name,
            source,
        });
    }
    Ok(GetTableResponse {
        catalog_name: request.catalog_name,
        table_name,
        schema,
        partition_columns: Vec::new(),
    })
}

/// Layout with one dummy partition: a topic is divided when splits are planned. An empty layout would mean
/// that there is nothing to read.
pub fn get_table_layout(request: GetTableLayoutRequest) -> Result<GetTableLayoutResponse, Error> {
    let schema = Schema::new(vec![Field::new(PARTITION_COLUMN, DataType::Int32, true)]);
    let partitions = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int32Array::from(vec![1]))])?;
    Ok(GetTableLayoutResponse {
        catalog_name: request.catalog_name,
        table_name: request.table_name,
        partitions: Block::new(partitions),
    })
}

/// Advertises that splits stop at a limit and, with `top_n_pushdown`, that order is used, and nothing else:
/// Athena may skip what is advertised here.
pub fn get_data_source_capabilities(
    request: GetDataSourceCapabilitiesRequest,
    top_n_pushdown: bool,
) -> GetDataSourceCapabilitiesResponse {
    let capability = |name: &str, sub_type: &str| {
        let sub_type = OptimizationSubType {
            sub_type: sub_type.to_owned(),
            properties: Vec::new(),
        };
        (name.to_owned(), vec![sub_type])
    };
    let mut capabilities = BTreeMap::from([capability("supports_limit_pushdown", "integer_constant")]);
    if top_n_pushdown {
        capabilities.extend([capability("supports_top_n_pushdown", "SUPPORTS_ORDER_BY")]);
    }
    GetDataSourceCapabilitiesResponse {
        catalog_name: request.catalog_name,
        capabilities,
    }
}

#[cfg(test)]
mod tests;
