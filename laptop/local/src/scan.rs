//! Splits as a DataFusion plan node: reads them, several at a time, as streams of batches.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};
use protocol::{Constraints, Split, block_bytes};
use tokio::sync::mpsc::Sender;

use crate::error::external;
use crate::federation::{Federation, SplitRecords, Table};
use crate::query_run::QueryRun;
use crate::statistics::ScanCounters;
use crate::types::sql_array;

/// Number of spilled blocks of one split that are fetched at once.
const BLOCKS_AHEAD: usize = 2;
/// Number of batches of a partition that wait for the plan above.
const BATCHES_AHEAD: usize = 2;

/// Scan of a connector's table. Each partition reads its share of the splits one after the other, so that the
/// number of concurrent calls is the number of partitions.
pub(crate) struct FederationScan {
    reader: Arc<SplitReader>,
    shares: Vec<Arc<[Split]>>,
    properties: Arc<PlanProperties>,
}

impl FederationScan {
    /// Distributes the splits in turn over at most `partitions` shares: neighbours, probably of one topic
    /// partition and one size, are in different shares.
    pub(crate) fn new(reader: SplitReader, splits: Vec<Split>, partitions: usize) -> Self {
        let count = splits.len().min(partitions).max(1);
        let mut shares = vec![Vec::new(); count];
        for (index, split) in splits.into_iter().enumerate() {
            shares[index % count].push(split);
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&reader.schema)),
            Partitioning::UnknownPartitioning(count),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            reader: Arc::new(reader),
            shares: shares.into_iter().map(Into::into).collect(),
            properties: Arc::new(properties),
        }
    }
}

impl FederationScan {
    pub(crate) fn reader(&self) -> &SplitReader {
        &self.reader
    }

    pub(crate) fn splits(&self) -> impl Iterator<Item = &Split> {
        self.shares.iter().flat_map(|share| share.iter())
    }
}

impl fmt::Debug for FederationScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as(DisplayFormatType::Default, f)
    }
}

impl DisplayAs for FederationScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self
            .reader
            .requested
            .fields()
            .iter()
            .map(|field| field.name().as_str());
        let columns = columns.collect::<Vec<_>>().join(", ");
        let splits: usize = self.shares.iter().map(|share| share.len()).sum();
        write!(
            f,
            "FederationScan: table={}, columns=[{columns}], splits={splits}",
            self.reader.table.name
        )?;
        if !self.reader.conditions.is_empty() {
            let conditions = self.reader.conditions.iter();
            let conditions = conditions.map(|(name, values)| format!("{name} {values}"));
            let conditions: Vec<_> = conditions.collect();
            write!(f, ", constraints=[{}]", conditions.join(", "))?;
        }
        match self.reader.constraints.limit {
            Some(limit) => write!(f, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for FederationScan {
    fn name(&self) -> &str {
        Self::static_name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() {
            Ok(self)
        } else {
            internal_err!("a scan has no children, found {}", children.len())
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(share) = self.shares.get(partition).map(Arc::clone) else {
            return internal_err!("the scan has {} partitions, found {partition}", self.shares.len());
        };
        let mut builder =
            RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.reader.schema), BATCHES_AHEAD);
        let output = Output {
            batches: builder.tx(),
            batch_rows: context.session_config().batch_size(),
        };
        let reader = Arc::clone(&self.reader);
        builder.spawn(async move {
            for split in share.iter() {
                if !reader.read(split, &output).await? {
                    break;
                }
            }
            Ok(())
        });
        Ok(builder.build())
    }
}

/// Dependencies for reading any split of a scan.
pub(crate) struct SplitReader {
    pub(crate) federation: Arc<Federation>,
    pub(crate) table: Table,
    /// Columns requested from the connector, as on the wire.
    pub(crate) requested: SchemaRef,
    /// Columns of the scan, as in SQL; none if rows are only counted.
    pub(crate) schema: SchemaRef,
    pub(crate) constraints: Constraints,
    /// Constrained columns, with their values in words.
    pub(crate) conditions: Vec<(String, String)>,
    /// Statistics of this scan; the run has those of all.
    pub(crate) counters: ScanCounters,
    pub(crate) run: Arc<QueryRun>,
}

/// Destination of a partition's batches.
struct Output {
    batches: Sender<Result<RecordBatch>>,
    batch_rows: usize,
}

impl SplitReader {
    /// Sends all rows of a split; false if the receiver needs no more. Fails unless every block was read.
    async fn read(&self, split: &Split, output: &Output) -> Result<bool> {
        let started = Instant::now();
        let (federation, requested) = (&self.federation, &self.requested);
        let records = federation
            .read_records(
                self.run.id(),
                &self.table.name,
                requested,
                split,
                &self.constraints,
            )
            .await
            .map_err(external)?;
        let (blocks, key) = match records {
            SplitRecords::Inline(batch) => {
                self.count_block(false, &batch);
                self.count_split(started);
                return self.send(&batch, output).await;
            }
            SplitRecords::Spilled { blocks, key } => (blocks, key),
        };
        let fetches = blocks.into_iter().map(|block| {
            let (federation, requested, key) = (Arc::clone(federation), Arc::clone(requested), key.clone());
            async move { federation.fetch(&block, requested, key.as_ref()).await }
        });
        let mut batches = stream::iter(fetches).buffered(BLOCKS_AHEAD).map_err(external);
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            self.count_block(true, &batch);
            if !self.send(&batch, output).await? {
                return Ok(false);
            }
        }
        self.count_split(started);
        Ok(true)
    }

    fn count_block(&self, spilled: bool, batch: &RecordBatch) {
        for counters in [self.run.counters(), &self.counters] {
            counters.add_block(spilled, batch.num_rows(), block_bytes(batch));
        }
    }

    fn count_split(&self, started: Instant) {
        for counters in [self.run.counters(), &self.counters] {
            counters.add_read_split(started.elapsed());
        }
    }

    /// Sends a block in slices of the session's batch size: blocks may have a hundred times as many rows.
    async fn send(&self, block: &RecordBatch, output: &Output) -> Result<bool> {
        let batch = self.sql_batch(block)?;
        let mut start = 0;
        while start < batch.num_rows() {
            let rows = output.batch_rows.min(batch.num_rows() - start);
            if output.batches.send(Ok(batch.slice(start, rows))).await.is_err() {
                return Ok(false);
            }
            start += rows;
        }
        Ok(true)
    }

    fn sql_batch(&self, block: &RecordBatch) -> Result<RecordBatch> {
        // A block has a column more if rows are only counted.
        let columns = block.columns().iter().take(self.schema.fields().len());
        let columns = columns.map(sql_array).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(block.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}
