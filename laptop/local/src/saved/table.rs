//! A table of files, as DataFusion reads it: a partition of the scan for each file.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use tokio::sync::mpsc::Sender;
use trino_sql::{OutputColumn, Type};

use super::file_reader;
use super::options::SaveOptions;
use super::place::{Place, PlacedFile};
use crate::plain::plain_schema;

/// Batches of a file that wait for the plan above.
const BATCHES_AHEAD: usize = 2;

/// Table that a statement has made.
pub(crate) struct SavedTable {
    options: SaveOptions,
    place: Place,
    /// Columns as they are read: those of types that no file has are what their plain type is.
    columns: Vec<OutputColumn>,
    schema: SchemaRef,
}

impl SavedTable {
    pub(super) fn new(options: SaveOptions, place: Place, columns: &[OutputColumn]) -> Self {
        let schema = plain_schema(columns);
        let read = columns
            .iter()
            .zip(schema.fields())
            .map(|(column, field)| OutputColumn {
                name: column.name.clone(),
                ty: Type::of_column(field.data_type()).unwrap_or_else(|_| column.ty.clone()),
            });
        Self {
            options,
            place,
            columns: read.collect(),
            schema,
        }
    }

    pub(super) fn options(&self) -> &SaveOptions {
        &self.options
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn columns(&self) -> &[OutputColumn] {
        &self.columns
    }

    /// WITH of the statement that makes such a table.
    pub(crate) fn properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = vec![
            ("format", format!("'{}'", self.options.format.name())),
            ("external_location", format!("'{}'", self.place)),
        ];
        if !self.options.partitioned_by.is_empty() {
            let names = self.options.partitioned_by.iter().map(|name| format!("'{name}'"));
            let names = names.collect::<Vec<_>>().join(", ");
            properties.push(("partitioned_by", format!("ARRAY[{names}]")));
        }
        properties
    }
}

impl fmt::Debug for SavedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedTable({})", self.place)
    }
}

#[async_trait]
impl TableProvider for SavedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.place.files().await;
        let files = files.map_err(|error| DataFusionError::External(Box::new(error)))?;
        if files.is_empty() {
            let schema = match projection {
                Some(projection) => Arc::new(self.schema.project(projection)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let partitions = files.into_iter().map(|file| {
            Arc::new(FileRows {
                file,
                options: self.options.clone(),
                schema: Arc::clone(&self.schema),
            }) as Arc<dyn PartitionStream>
        });
        let schema = Arc::clone(&self.schema);
        let partitions = partitions.collect();
        let scan = StreamingTableExec::try_new(schema, partitions, projection, None, false, limit)?;
        Ok(Arc::new(scan))
    }
}

/// Rows of one file.
#[derive(Debug)]
struct FileRows {
    file: PlacedFile,
    options: SaveOptions,
    schema: SchemaRef,
}

impl PartitionStream for FileRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), BATCHES_AHEAD);
        let out = builder.tx();
        let (placed, options, schema) = (self.file.clone(), self.options.clone(), Arc::clone(&self.schema));
        builder.spawn(async move {
            let local = placed.local().await;
            let (file, copy) = local.map_err(|error| DataFusionError::External(Box::new(error)))?;
            let read = move || {
                let rows = file_reader::rows(file, &placed.path, &options, &schema);
                let sent = rows
                    .map_err(DataFusionError::from)
                    .and_then(|rows| send(rows, &out));
                drop(copy);
                sent.map_err(|error| error.context(format!("{placed}")))
            };
            tokio::task::spawn_blocking(read)
                .await
                .map_err(|error| DataFusionError::External(Box::new(error)))?
        });
        builder.build()
    }
}

/// Sends the rows until none is wanted.
fn send(rows: file_reader::Batches, out: &Sender<Result<RecordBatch>>) -> Result<()> {
    for batch in rows {
        if out.blocking_send(Ok(batch?)).is_err() {
            break;
        }
    }
    Ok(())
}
