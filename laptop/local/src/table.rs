//! Table of a connector: plans a scan by requesting splits.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use crate::columns::Columns;
use crate::constraints::Pushdown;
use crate::error::external;
use crate::federation::{Federation, FederationError, Table};
use crate::query_run::QueryRun;
use crate::scan::{FederationScan, SplitReader};
use crate::statistics::ScanCounters;

/// Table in DataFusion.
pub(crate) struct FederationTable {
    federation: Arc<Federation>,
    table: Table,
    columns: Columns,
}

impl FederationTable {
    /// # Errors
    /// If two of the columns have the same name in SQL.
    pub(crate) fn try_new(federation: Arc<Federation>, table: Table) -> Result<Self, FederationError> {
        let columns = table.columns()?;
        Ok(Self {
            federation,
            table,
            columns,
        })
    }

    async fn constraints(
        &self,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Option<(protocol::Constraints, Vec<(String, String)>)>> {
        let pushdown = Pushdown::of(filters, &self.columns);
        if pushdown.is_none() {
            return Ok(None);
        }
        let described = pushdown.described();
        let mut constraints = pushdown.constraints(&self.columns);
        if let Some(limit) = limit
            && self.federation.pushes_limits().await.map_err(external)?
        {
            constraints.limit = Some(limit as u64);
        }
        Ok(Some((constraints, described)))
    }
}

impl fmt::Debug for FederationTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederationTable")
            .field("name", &self.table.name.to_string())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for FederationTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.sql())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// All filters are inexact: a connector may return rows outside the constraints.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let supports = |filter: &&Expr| {
            if Pushdown::of([*filter], &self.columns).is_empty() {
                TableProviderFilterPushDown::Unsupported
            } else {
                TableProviderFilterPushDown::Inexact
            }
        };
        Ok(filters.iter().map(supports).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.columns.sql().fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let schema = Arc::new(self.columns.sql().project(projection)?);
        let Some((constraints, conditions)) = self.constraints(filters, limit).await? else {
            return Ok(Arc::new(EmptyExec::new(schema)));
        };
        let run = state
            .config()
            .get_extension::<QueryRun>()
            .ok_or_else(|| exec_datafusion_err!("{} is scanned outside of a query", self.table.name))?;
        let splits = self
            .federation
            .splits(run.id(), &self.table, &constraints)
            .await
            .map_err(external)?;
        run.counters().add_splits(splits.len());
        let reader = SplitReader {
            federation: Arc::clone(&self.federation),
            table: self.table.clone(),
            conditions,
            counters: ScanCounters::default(),
            requested: requested(self.columns.wire(), projection)?,
            schema,
            constraints,
            run,
        };
        Ok(Arc::new(FederationScan::new(
            reader,
            splits,
            state.config().target_partitions(),
        )))
    }
}

/// Columns to request from the connector. A block cannot carry rows without columns, so that the narrowest
/// column is read if rows are only counted.
fn requested(wire: &Schema, projection: &[usize]) -> Result<SchemaRef> {
    if !projection.is_empty() {
        return Ok(Arc::new(wire.project(projection)?));
    }
    let columns = 0..wire.fields().len();
    let narrowest = columns
        .min_by_key(|&column| width(wire.field(column).data_type()))
        .ok_or_else(|| exec_datafusion_err!("the table has no columns"))?;
    Ok(Arc::new(wire.project(&[narrowest])?))
}

/// Approximate number of bytes of a value; for text and nested types, more than any other.
fn width(data_type: &DataType) -> usize {
    data_type.primitive_width().unwrap_or(match data_type {
        DataType::Boolean => 0,
        DataType::Utf8 | DataType::Binary => 1000,
        _ => 10_000,
    })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    fn schema(types: &[DataType]) -> Schema {
        let fields = types
            .iter()
            .enumerate()
            .map(|(i, t)| Field::new(format!("c{i}"), t.clone(), true));
        Schema::new_with_metadata(
            fields.collect::<Vec<_>>(),
            [("topicName".to_owned(), "t".to_owned())].into(),
        )
    }

    #[test]
    fn asks_for_the_narrowest_column_to_count_rows() {
        let wire = schema(&[
            DataType::Utf8,
            DataType::Int64,
            DataType::Int16,
            DataType::Float64,
        ]);
        let requested = requested(&wire, &[]).unwrap();
        assert_eq!(
            requested
                .fields()
                .iter()
                .map(|f| f.name().as_str())
                .collect::<Vec<_>>(),
            ["c2"]
        );
        assert_eq!(requested.metadata()["topicName"], "t");
    }

    #[test]
    fn asks_for_the_projected_columns_in_their_order() {
        let wire = schema(&[DataType::Utf8, DataType::Int64, DataType::Int16]);
        let requested = requested(&wire, &[2, 0]).unwrap();
        assert_eq!(
            requested
                .fields()
                .iter()
                .map(|f| f.name().as_str())
                .collect::<Vec<_>>(),
            ["c2", "c0"]
        );
    }

    #[test]
    fn cannot_count_rows_without_columns() {
        assert!(requested(&schema(&[]), &[]).is_err());
    }
}
