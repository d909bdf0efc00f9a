//! EXPLAIN: a plan as rows of text.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, displayable, execute_stream};
use futures::TryStreamExt;
use trino_sql::{OutputColumn, Type};

use crate::query_run::QueryRun;

/// Heading of Athena's plans.
const HEADING: &str = "Query Plan";

/// The plan, which is not run.
pub(crate) fn planned(plan: &dyn ExecutionPlan) -> Result<(Vec<OutputColumn>, SendableRecordBatchStream)> {
    lines(&displayable(plan).indent(false).to_string())
}

/// Runs the plan, and shows it with its rows and times, after what its scans have read.
pub(crate) async fn analyzed(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    run: &QueryRun,
) -> Result<(Vec<OutputColumn>, SendableRecordBatchStream)> {
    let mut batches = execute_stream(Arc::clone(&plan), context)?;
    while batches.try_next().await?.is_some() {}
    let plan = DisplayableExecutionPlan::with_metrics(plan.as_ref());
    let read = run.counters().statistics();
    lines(&format!("{read}\n{}", plan.indent(false)))
}

fn lines(text: &str) -> Result<(Vec<OutputColumn>, SendableRecordBatchStream)> {
    let schema = Schema::new(vec![Field::new(HEADING, DataType::Utf8, false)]);
    let lines = StringArray::from(text.lines().collect::<Vec<_>>());
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(lines)])?;
    let columns = vec![OutputColumn {
        name: HEADING.to_owned(),
        ty: Type::Varchar(None),
    }];
    let schema = batch.schema();
    Ok((
        columns,
        Box::pin(MemoryStream::try_new(vec![batch], schema, None)?),
    ))
}
