//! Athena's API over the engine: `athena_api`'s seams, implemented by [`Athena`] and the embedded S3.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use async_trait::async_trait;
use athena_api::engine::{
    Catalog, Engine, EngineError, Prepared, Rows, Statement, StatementClass, StatementKind, Table,
    TableColumn,
};

use self::failure::{failure, failure_of};
use self::rows::EngineRows;
use crate::athena::{Athena, StatementContext, UseEffect};
use crate::end::{AtEnd, End};
use crate::names::lower_case;

mod failure;
mod kind;
mod rows;
mod store;

pub(crate) use store::BucketStore;

/// [`Athena`] as the API's engine.
pub(crate) struct ApiEngine {
    athena: Arc<Athena>,
    at_end: AtEnd,
}

impl ApiEngine {
    pub(crate) fn new(athena: Arc<Athena>, at_end: AtEnd) -> Self {
        Self { athena, at_end }
    }

    /// Texts of the first columns of a statement's result, row by row; a missing column is empty.
    async fn texts<const COLUMNS: usize>(&self, sql: &str) -> Result<Vec<[String; COLUMNS]>, EngineError> {
        let batches = self.athena.sql(sql).await.map_err(failure)?;
        Ok(batches.iter().flat_map(text_rows).collect())
    }
}

fn text_rows<const COLUMNS: usize>(batch: &RecordBatch) -> Vec<[String; COLUMNS]> {
    let text = |row: usize, column: usize| {
        let column = batch.columns().get(column)?.as_string_opt::<i32>()?;
        Some(column.value(row).to_owned())
    };
    let row = |row| std::array::from_fn(|column| text(row, column).unwrap_or_default());
    (0..batch.num_rows()).map(row).collect()
}

#[async_trait]
impl Engine for ApiEngine {
    fn kind(&self, statement: &Statement) -> Result<StatementKind, EngineError> {
        let prepared = |name: &str| {
            let all = self.athena.prepared_statements();
            all.into_iter()
                .find(|(known, _)| known == name)
                .map(|(_, text)| text)
        };
        kind::kind(&statement.sql, &statement.parameters, prepared).map_err(|error| failure_of(&error))
    }

    async fn start(&self, statement: &Statement) -> Result<Box<dyn Rows>, EngineError> {
        let end = End::new(&statement.query_id, Arc::clone(&self.at_end));
        let writes = self.kind(statement)?.class == StatementClass::Write;
        let context = StatementContext {
            catalog: statement.catalog.clone(),
            schema: statement.database.clone(),
            parameters: statement.parameters.clone(),
            query_id: Some(statement.query_id.clone()),
            // As in Athena, each query has a context of its own.
            use_effect: UseEffect::None,
        };
        let running = self
            .athena
            .start_in(&statement.sql, context)
            .await
            .map_err(failure)?;
        Ok(Box::new(EngineRows::new(running, writes, end)))
    }

    async fn catalogs(&self) -> Result<Vec<Catalog>, EngineError> {
        let own = lower_case(self.athena.federation().catalog_name());
        let rows = self.texts("SHOW CATALOGS").await?;
        let catalogs = rows.into_iter().map(|[name]| {
            let is_default = name == own;
            Catalog {
                kind: if is_default { "LAMBDA" } else { "GLUE" },
                name,
                is_default,
            }
        });
        Ok(catalogs.collect())
    }

    async fn databases(&self, catalog: &str) -> Result<Vec<String>, EngineError> {
        let rows = self
            .texts(&format!("SHOW SCHEMAS IN {}", quoted(catalog)))
            .await?;
        Ok(rows.into_iter().map(|[name]| name).collect())
    }

    async fn tables(&self, catalog: &str, database: &str) -> Result<Vec<String>, EngineError> {
        let sql = format!("SHOW TABLES IN {}.{}", quoted(catalog), quoted(database));
        let rows = self.texts(&sql).await?;
        Ok(rows.into_iter().map(|[name]| name).collect())
    }

    async fn table(&self, catalog: &str, database: &str, table: &str) -> Result<Table, EngineError> {
        let name = format!("{}.{}.{}", quoted(catalog), quoted(database), quoted(table));
        let rows = self.texts(&format!("DESCRIBE {name}")).await?;
        let views = format!("SHOW VIEWS IN {}.{}", quoted(catalog), quoted(database));
        let views = self.texts(&views).await.unwrap_or_default();
        let columns = rows.into_iter().map(|[name, sql_type, comment]| TableColumn {
            name,
            sql_type,
            comment: Some(comment).filter(|comment| !comment.is_empty()),
        });
        Ok(Table {
            name: lower_case(table),
            is_view: views.contains(&[lower_case(table)]),
            columns: columns.collect(),
        })
    }

    fn prepared(&self) -> Vec<Prepared> {
        let all = self.athena.prepared_statements().into_iter();
        all.map(|(name, statement)| Prepared { name, statement })
            .collect()
    }

    async fn prepare(&self, name: &str, statement: &str) -> Result<(), EngineError> {
        let sql = format!("PREPARE {} FROM {statement}", quoted(name));
        self.athena.sql(&sql).await.map(drop).map_err(failure)
    }

    async fn deallocate(&self, name: &str) -> Result<(), EngineError> {
        let sql = format!("DEALLOCATE PREPARE {}", quoted(name));
        self.athena.sql(&sql).await.map(drop).map_err(failure)
    }
}

/// Name as a delimited identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
