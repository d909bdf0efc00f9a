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
use crate::registry::catalog::Catalog;

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

/// Lists the marked registries.
pub async fn list_schemas(
    catalog: &Catalog,
    request: ListSchemasRequest,
) -> Result<ListSchemasResponse, Error> {
    let schemas = catalog.schemas().await?;
    Ok(ListSchemasResponse {
        catalog_name: request.catalog_name,
        schemas,
    })
}

/// Lists the schemas of a registry, in their original case.
pub async fn list_tables(catalog: &Catalog, request: ListTablesRequest) -> Result<ListTablesResponse, Error> {
    let schema_name = request.schema_name.ok_or(Error::NoSchemaName)?;
    let page = catalog
        .tables(&schema_name, request.page_size, request.next_token.as_deref())
        .await?;
    Ok(ListTablesResponse {
        tables: page.items,
        catalog_name: request.catalog_name,
        next_token: page.next_token,
    })
}

/// Columns of the table with the metadata that later calls need to read them, under the registry's name of
/// the table.
pub async fn get_table(catalog: &Catalog, request: GetTableRequest) -> Result<GetTableResponse, Error> {
    if !request.query_passthrough_arguments.is_empty() {
        return Err(Error::QueryPassthrough);
    }
    let table = catalog.table(&request.table_name).await?;
    let table_name = TableName::new(&table.registry_name, &table.schema_name);
    if let Err(source) = check_supported(&table.schema) {
        return Err(Error::UnsupportedType {
            table: table_name,
            source,
        });
    }
    Ok(GetTableResponse {
        catalog_name: request.catalog_name,
        table_name,
        schema: Arc::clone(&table.schema),
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

/// Advertises only that splits stop at a limit: Athena may skip what is advertised here.
pub fn get_data_source_capabilities(
    request: GetDataSourceCapabilitiesRequest,
) -> GetDataSourceCapabilitiesResponse {
    let integer_constant = OptimizationSubType {
        sub_type: "integer_constant".to_owned(),
        properties: Vec::new(),
    };
    GetDataSourceCapabilitiesResponse {
        catalog_name: request.catalog_name,
        capabilities: BTreeMap::from([("supports_limit_pushdown".to_owned(), vec![integer_constant])]),
    }
}

#[cfg(test)]
mod tests;
