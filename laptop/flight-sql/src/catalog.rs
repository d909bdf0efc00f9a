//! Catalogs, schemas and tables of the engine.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::sql::{CommandGetCatalogs, CommandGetDbSchemas, CommandGetTableTypes, CommandGetTables};
use futures::{StreamExt, TryStreamExt, stream};
use tonic::Status;

use crate::engine::Engine;
use crate::status::{flight, status};

/// The only type of tables.
pub(crate) const TABLE: &str = "TABLE";

/// Number of tables that are looked up at once.
const LOOK_UPS: usize = 8;

pub(crate) async fn catalogs(engine: &dyn Engine) -> Result<RecordBatch, Status> {
    let mut builder = CommandGetCatalogs {}.into_builder();
    for catalog in engine.catalogs().await.map_err(status)? {
        builder.append(catalog);
    }
    builder.build().map_err(flight)
}

pub(crate) async fn schemas(
    engine: &dyn Engine,
    command: CommandGetDbSchemas,
) -> Result<RecordBatch, Status> {
    let wanted = command.catalog.clone();
    let mut builder = command.into_builder();
    for catalog in matching_catalogs(engine, wanted.as_deref()).await? {
        for schema in engine.schemas(&catalog).await.map_err(status)? {
            builder.append(&catalog, schema);
        }
    }
    builder.build().map_err(flight)
}

pub(crate) async fn tables(engine: &dyn Engine, command: CommandGetTables) -> Result<RecordBatch, Status> {
    let names = named(engine, &command).await?;
    if !command.include_schema {
        return Ok(names);
    }
    let [catalogs, schemas, tables] = [0, 1, 2].map(|column| names.column(column).as_string::<i32>());
    let looked_up = stream::iter(0..names.num_rows()).map(|row| async move {
        let (catalog, schema, table) = (catalogs.value(row), schemas.value(row), tables.value(row));
        match engine.table(catalog, schema, table).await {
            Ok(columns) => columns,
            // A table without a valid description should not hide the others.
            Err(error) => {
                tracing::warn!(%error, "{catalog}.{schema}.{table} is listed without columns");
                Arc::new(Schema::empty())
            }
        }
    });
    let columns: Vec<SchemaRef> = looked_up.buffered(LOOK_UPS).collect().await;
    let mut builder = CommandGetTables {
        include_schema: true,
        ..CommandGetTables::default()
    }
    .into_builder();
    for (row, columns) in columns.iter().enumerate() {
        let appended = builder.append(
            catalogs.value(row),
            schemas.value(row),
            tables.value(row),
            TABLE,
            columns,
        );
        appended.map_err(flight)?;
    }
    builder.build().map_err(flight)
}

pub(crate) fn table_types() -> Result<RecordBatch, Status> {
    let mut builder = CommandGetTableTypes {}.into_builder();
    builder.append(TABLE);
    builder.build().map_err(flight)
}

/// Tables without their schemas.
async fn named(engine: &dyn Engine, command: &CommandGetTables) -> Result<RecordBatch, Status> {
    let within = CommandGetDbSchemas {
        catalog: command.catalog.clone(),
        db_schema_filter_pattern: command.db_schema_filter_pattern.clone(),
    };
    let within = schemas(engine, within).await?;
    let [catalogs, schemas] = [0, 1].map(|column| within.column(column).as_string::<i32>());
    let listed =
        stream::iter(0..within.num_rows()).map(|row| engine.tables(catalogs.value(row), schemas.value(row)));
    let listed: Vec<Vec<String>> = listed.buffered(LOOK_UPS).try_collect().await.map_err(status)?;
    let mut builder = CommandGetTables {
        include_schema: false,
        ..command.clone()
    }
    .into_builder();
    let empty = Schema::empty();
    for (row, tables) in listed.iter().enumerate() {
        for table in tables {
            let appended = builder.append(catalogs.value(row), schemas.value(row), table, TABLE, &empty);
            appended.map_err(flight)?;
        }
    }
    builder.build().map_err(flight)
}

async fn matching_catalogs(engine: &dyn Engine, wanted: Option<&str>) -> Result<Vec<String>, Status> {
    let mut catalogs = engine.catalogs().await.map_err(status)?;
    if let Some(wanted) = wanted {
        catalogs.retain(|catalog| catalog == wanted);
    }
    Ok(catalogs)
}
