//! EXPLAIN: a plan as rows of text or as JSON, with what each scan asks of the connector.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, displayable, execute_stream};
use futures::TryStreamExt;
use serde_json::{Map, Value, json};
use trino_sql::{ExplainFormat, OutputColumn, Type};

use self::scans::ScanReport;
use crate::query_run::QueryRun;

mod scans;

/// Heading of Athena's plans.
const HEADING: &str = "Query Plan";

/// Columns and rows of a plan.
type Shown = (Vec<OutputColumn>, SendableRecordBatchStream);

/// The plan, which is not run.
pub(crate) async fn planned(plan: &Arc<dyn ExecutionPlan>, format: ExplainFormat) -> Result<Shown> {
    let scans = scans::of(plan, false).await;
    match format {
        ExplainFormat::Json => rows(HEADING, &[&pretty(&tree(plan.as_ref(), &scans, &mut 0, false))]),
        _ => {
            let text = displayable(plan.as_ref()).indent(false).to_string();
            lines(&format!("{text}{}", listed(&scans)))
        }
    }
}

/// Runs the plan, and shows it with its rows and times, after what its scans have read.
pub(crate) async fn analyzed(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    run: &QueryRun,
    format: ExplainFormat,
) -> Result<Shown> {
    let mut batches = execute_stream(Arc::clone(&plan), context)?;
    let mut kept = 0;
    while let Some(batch) = batches.try_next().await? {
        kept += batch.num_rows();
    }
    let scans = scans::of(&plan, true).await;
    let read = run.counters().statistics();
    if format == ExplainFormat::Json {
        let tree = tree(plan.as_ref(), &scans, &mut 0, true);
        return rows(HEADING, &[&pretty(&tree)]);
    }
    let text = DisplayableExecutionPlan::with_metrics(plan.as_ref())
        .indent(false)
        .to_string();
    lines(&format!(
        "{read}\n{kept} rows in the answer\n{text}{}",
        listed(&scans)
    ))
}

/// Answer of EXPLAIN (TYPE VALIDATE) for a statement that is valid.
pub(crate) fn valid() -> Result<Shown> {
    rows("Valid", &["true"])
}

fn listed(scans: &[ScanReport]) -> String {
    scans.iter().map(|scan| format!("\n{scan}")).collect()
}

/// A node of the plan with those below it, in the shape of Trino's EXPLAIN (FORMAT JSON).
fn tree(plan: &dyn ExecutionPlan, scans: &[ScanReport], next: &mut usize, analyzed: bool) -> Value {
    let id = *next;
    *next += 1;
    let mut node = Map::new();
    node.insert("id".to_owned(), json!(id.to_string()));
    node.insert("name".to_owned(), json!(plan.name()));
    let line = displayable(plan).one_line().to_string();
    let descriptor = match scans.iter().find(|scan| scan.is_of(plan)) {
        Some(scan) => scan.to_json(),
        None => json!({"text": line.trim()}),
    };
    node.insert("descriptor".to_owned(), descriptor);
    let fields = plan.schema();
    let outputs = fields.fields().iter();
    let outputs = outputs.map(|field| json!({"name": field.name(), "type": field.data_type().to_string()}));
    node.insert("outputs".to_owned(), outputs.collect());
    if analyzed && let Some(metrics) = plan.metrics() {
        let metrics = metrics.aggregate_by_name();
        if let Some(rows) = metrics.output_rows() {
            node.insert("outputRows".to_owned(), json!(rows));
        }
        if let Some(nanos) = metrics.elapsed_compute() {
            node.insert("cpuNanos".to_owned(), json!(nanos));
        }
    }
    let children = plan.children().into_iter();
    let children: Vec<_> = children
        .map(|child| tree(child.as_ref(), scans, next, analyzed))
        .collect();
    node.insert("children".to_owned(), children.into());
    Value::Object(node)
}

fn pretty(value: &Value) -> String {
    // What is made of JSON's own values has a text.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn lines(text: &str) -> Result<Shown> {
    rows(HEADING, &text.lines().collect::<Vec<_>>())
}

fn rows(heading: &str, lines: &[&str]) -> Result<Shown> {
    let schema = Schema::new(vec![Field::new(heading, DataType::Utf8, false)]);
    let lines = StringArray::from(lines.to_vec());
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(lines)])?;
    let columns = vec![OutputColumn {
        name: heading.to_owned(),
        ty: Type::Varchar(None),
    }];
    let schema = batch.schema();
    Ok((
        columns,
        Box::pin(MemoryStream::try_new(vec![batch], schema, None)?),
    ))
}
