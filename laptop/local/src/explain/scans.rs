//! What the scans of a plan ask of the connector, and what they got.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlan;
use protocol::{Constraints, Split};
use serde_json::{Value, json};

use crate::scan::FederationScan;
use crate::statistics::ScanStatistics;

/// Offset ranges of a partition that are listed.
const SHOWN_RANGES: usize = 4;
/// Partitions that are listed.
const SHOWN_PARTITIONS: usize = 16;

/// One scan of a connector's table.
pub(super) struct ScanReport {
    table: String,
    columns: Vec<String>,
    /// Constrained columns, with their values in words.
    conditions: Vec<(String, String)>,
    limit: Option<u64>,
    splits: usize,
    /// Number of splits without any condition; `None` if the connector did not say.
    all_splits: Option<usize>,
    partitions: Vec<Partition>,
    read: Option<Read>,
}

/// Ranges of offsets of a topic's partition, joined where they meet.
struct Partition {
    topic: String,
    number: i64,
    ranges: Vec<Range<i64>>,
}

struct Read {
    statistics: ScanStatistics,
    mean: Duration,
    slowest: Duration,
}

/// Reports of all scans of a plan, in its order.
pub(super) async fn of(plan: &Arc<dyn ExecutionPlan>, is_read: bool) -> Vec<ScanReport> {
    let mut found = Vec::new();
    collect(plan, &mut found);
    let mut reports = Vec::new();
    for scan in found {
        if let Some(scan) = scan.downcast_ref::<FederationScan>() {
            reports.push(report(scan, is_read).await);
        }
    }
    reports
}

fn collect(plan: &Arc<dyn ExecutionPlan>, found: &mut Vec<Arc<dyn ExecutionPlan>>) {
    if plan.downcast_ref::<FederationScan>().is_some() {
        found.push(Arc::clone(plan));
    }
    for child in plan.children() {
        collect(child, found);
    }
}

async fn report(scan: &FederationScan, is_read: bool) -> ScanReport {
    let reader = scan.reader();
    let (run, table) = (reader.run.id(), &reader.table);
    let splits = scan.splits().count();
    // Planned once more without conditions: what they left out is not in the plan.
    let is_whole = reader.conditions.is_empty() && reader.constraints.limit.is_none();
    let all_splits = match is_whole {
        true => Some(splits),
        false => {
            let all = reader
                .federation
                .splits(run, table, &Constraints::default())
                .await;
            all.ok().map(|all| all.len())
        }
    };
    let read = is_read.then(|| {
        let (mean, slowest) = reader.counters.split_times();
        let statistics = reader.counters.statistics();
        Read {
            statistics,
            mean,
            slowest,
        }
    });
    ScanReport {
        table: table.name.to_string(),
        columns: reader
            .requested
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect(),
        conditions: reader.conditions.clone(),
        limit: reader.constraints.limit,
        splits,
        all_splits,
        partitions: partitions(scan.splits()),
        read,
    }
}

/// The ranges of splits that say which they read, as those of this project's connector do.
fn partitions<'a>(splits: impl Iterator<Item = &'a Split>) -> Vec<Partition> {
    let mut found: BTreeMap<(String, i64), Vec<Range<i64>>> = BTreeMap::new();
    for split in splits {
        let property = |name: &str| split.properties.get(name).map(String::as_str);
        let number = |name: &str| property(name).and_then(|text| text.parse::<i64>().ok());
        if let (Some(topic), Some(partition), Some(start), Some(end)) = (
            property("topic"),
            number("partition"),
            number("startOffset"),
            number("endOffset"),
        ) {
            found
                .entry((topic.to_owned(), partition))
                .or_default()
                .push(start..end);
        }
    }
    let joined = |mut ranges: Vec<Range<i64>>| {
        ranges.sort_by_key(|range| range.start);
        let mut joined: Vec<Range<i64>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => joined.push(range),
            }
        }
        joined
    };
    let partition = |((topic, number), ranges)| Partition {
        topic,
        number,
        ranges: joined(ranges),
    };
    found.into_iter().map(partition).collect()
}

impl Partition {
    fn records(&self) -> i64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }
}

impl ScanReport {
    /// Whether this is the report of a node: of the same table, columns and conditions.
    pub(super) fn is_of(&self, plan: &dyn ExecutionPlan) -> bool {
        let Some(scan) = plan.downcast_ref::<FederationScan>() else {
            return false;
        };
        let reader = scan.reader();
        let columns = reader.requested.fields().iter().map(|field| field.name());
        reader.table.name.to_string() == self.table
            && reader.conditions == self.conditions
            && columns.eq(&self.columns)
    }

    fn left_out(&self) -> Option<usize> {
        self.all_splits.map(|all| all.saturating_sub(self.splits))
    }

    fn records(&self) -> i64 {
        self.partitions.iter().map(Partition::records).sum()
    }

    pub(super) fn to_json(&self) -> Value {
        let partitions = self.partitions.iter().map(|partition| {
            let ranges = partition
                .ranges
                .iter()
                .map(|range| json!([range.start, range.end]));
            json!({
                "topic": partition.topic,
                "partition": partition.number,
                "offsets": ranges.collect::<Vec<_>>(),
            })
        });
        let conditions = self.conditions.iter();
        let conditions = conditions.map(|(column, values)| json!({"column": column, "values": values}));
        let mut report = json!({
            "table": self.table,
            "columns": self.columns,
            "constraints": conditions.collect::<Vec<_>>(),
            "limit": self.limit,
            "splits": self.splits,
            "splitsLeftOut": self.left_out(),
            "partitions": partitions.collect::<Vec<_>>(),
            "records": self.records(),
        });
        if let Some(read) = &self.read {
            report["read"] = json!({
                "splits": read.statistics.splits_read,
                "rows": read.statistics.rows,
                "bytes": read.statistics.bytes,
                "inlineBlocks": read.statistics.inline_blocks,
                "spilledBlocks": read.statistics.spilled_blocks,
                "meanSplitMillis": read.mean.as_secs_f64() * 1e3,
                "slowestSplitMillis": read.slowest.as_secs_f64() * 1e3,
            });
        }
        report
    }
}

impl fmt::Display for ScanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan of {}: {} splits", self.table, self.splits)?;
        match self.left_out() {
            Some(0) => {}
            Some(left_out) => write!(f, ", {left_out} left out by conditions")?,
            None => f.write_str(", how many are left out is not known")?,
        }
        writeln!(f)?;
        for (column, values) in &self.conditions {
            writeln!(f, "  condition: {column} {values}")?;
        }
        if let Some(limit) = self.limit {
            writeln!(f, "  limit: {limit}")?;
        }
        for partition in self.partitions.iter().take(SHOWN_PARTITIONS) {
            let ranges = partition.ranges.iter().take(SHOWN_RANGES);
            let ranges: Vec<_> = ranges
                .map(|range| format!("[{}, {})", range.start, range.end))
                .collect();
            let more = partition.ranges.len().saturating_sub(SHOWN_RANGES);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let (topic, number) = (&partition.topic, partition.number);
            writeln!(
                f,
                "  {topic}, partition {number}: offsets {}{more}",
                ranges.join(", ")
            )?;
        }
        if let more @ 1.. = self.partitions.len().saturating_sub(SHOWN_PARTITIONS) {
            writeln!(f, "  and {more} more partitions")?;
        }
        if let Some(read) = &self.read {
            let statistics = &read.statistics;
            writeln!(
                f,
                "  read: {} rows of {} records in the ranges, {} bytes in {} inline and {} spilled blocks",
                statistics.rows,
                self.records(),
                statistics.bytes,
                statistics.inline_blocks,
                statistics.spilled_blocks
            )?;
            let (mean, slowest) = (read.mean, read.slowest);
            let splits = statistics.splits_read;
            writeln!(
                f,
                "  time of a split: {mean:.1?}, {slowest:.1?} for the slowest of {splits}"
            )?;
        }
        Ok(())
    }
}
