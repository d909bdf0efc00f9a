//! Query: a plan, its splits read concurrently, and the comparison of its rows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use kafka::IsolationLevel;
use protocol::{Constraints, Split};
use tokio::task::JoinSet;

use crate::client::Client;

/// Selected columns: partition, offset and number of a record.
const COLUMNS: [&str; 3] = ["_partition_id", "_partition_offset", "n"];

/// Partition, offset and number of a row; a tombstone has none.
pub type Row = (i32, i64, Option<i64>);

/// Plan, complete or up to its last page so far.
pub struct Query {
    client: Arc<Client>,
    table: String,
    schema: SchemaRef,
    pub isolation: IsolationLevel,
    pub max_records: i64,
    pub splits: Vec<Split>,
    pub pages: u64,
    token: Option<String>,
}

impl Query {
    /// Plans the first page.
    pub async fn begin(
        client: Client,
        table: &str,
        isolation: IsolationLevel,
        max_records: i64,
    ) -> Result<Self, String> {
        let mut query = Self {
            schema: client.projection(table, &COLUMNS).await?,
            client: Arc::new(client),
            table: table.to_owned(),
            isolation,
            max_records,
            splits: Vec::new(),
            pages: 0,
            token: None,
        };
        query.next_page().await?;
        Ok(query)
    }

    /// Whether there are more pages.
    pub fn has_more(&self) -> bool {
        self.token.is_some()
    }

    /// Plans the next page.
    pub async fn next_page(&mut self) -> Result<(), String> {
        let token = self.token.take();
        let page = self
            .client
            .split_page(&self.table, &Constraints::default(), token)
            .await?;
        self.splits.extend(page.splits);
        self.token = page.continuation_token;
        self.pages += 1;
        Ok(())
    }

    /// Offsets of every partition that has splits.
    ///
    /// # Errors
    /// If splits are empty, too long, of another topic, or leave a gap or overlap within a partition.
    pub fn covered(&self, topic: &str) -> Result<BTreeMap<i32, Range<i64>>, String> {
        let mut ranges = Vec::new();
        for split in &self.splits {
            if split.properties.get("topic").map(String::as_str) != Some(topic) {
                return Err(format!("a split of another topic: {:?}", split.properties));
            }
            ranges.push(offsets(split)?);
        }
        ranges.sort_unstable_by_key(|(partition, offsets)| (*partition, offsets.start));
        let mut covered: BTreeMap<i32, Range<i64>> = BTreeMap::new();
        for (partition, Range { start, end }) in ranges {
            if end <= start || end - start > self.max_records {
                return Err(format!(
                    "split {start}..{end} of partition {partition}, wanted 1 to {} offsets",
                    self.max_records
                ));
            }
            let before = covered.entry(partition).or_insert(start..start);
            if before.end != start {
                let end = before.end;
                return Err(format!(
                    "splits of partition {partition} end at {end} and continue at {start}"
                ));
            }
            before.end = end;
        }
        Ok(covered)
    }

    /// Rows of the splits at these indexes, started in this order, so many at a time.
    pub async fn read(&self, splits: &[usize], at_a_time: usize) -> Result<Vec<Row>, String> {
        let mut waiting = splits.iter().copied();
        let mut reads = JoinSet::new();
        let mut rows = Vec::new();
        loop {
            while reads.len() < at_a_time
                && let Some(split) = waiting.next()
            {
                let (client, table) = (Arc::clone(&self.client), self.table.clone());
                let (schema, split) = (Arc::clone(&self.schema), self.splits[split].clone());
                reads.spawn(async move {
                    let batch = client
                        .read(&table, &schema, &split, &Constraints::default())
                        .await;
                    within(&batch?, &split)
                });
            }
            match reads.join_next().await {
                Some(read) => rows.extend(read.map_err(|error| error.to_string())??),
                None => return Ok(rows),
            }
        }
    }
}

/// Rows of a batch.
///
/// # Errors
/// If one lies outside of its split.
fn within(batch: &RecordBatch, split: &Split) -> Result<Vec<Row>, String> {
    let (partition, offsets) = offsets(split)?;
    let [partitions, found, numbers] =
        [0, 1, 2].map(|column| batch.column(column).as_primitive::<Int64Type>());
    let row = |row: usize| {
        let (of, offset) = (partitions.value(row) as i32, found.value(row));
        if of != partition || !offsets.contains(&offset) {
            return Err(format!(
                "the split {offsets:?} of partition {partition} returned the row of partition {of}, offset {offset}"
            ));
        }
        Ok((of, offset, numbers.is_valid(row).then(|| numbers.value(row))))
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Partition and offsets of a split.
pub fn offsets(split: &Split) -> Result<(i32, Range<i64>), String> {
    let offsets = number(split, "startOffset")?..number(split, "endOffset")?;
    Ok((number(split, "partition")? as i32, offsets))
}

fn number(split: &Split, property: &str) -> Result<i64, String> {
    let text = split.properties.get(property);
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("{property} of a split is {text:?}"))
}

/// Compares the rows found; `permitted` has every row that may exist, and whether it must.
///
/// # Errors
/// If rows are missing, unexpected or duplicated.
pub fn compare(mut found: Vec<Row>, permitted: &BTreeMap<Row, bool>) -> Result<(), String> {
    found.sort_unstable();
    let required = permitted.iter().filter(|(_, required)| **required);
    let missing: Vec<Row> = required
        .map(|(row, _)| *row)
        .filter(|row| found.binary_search(row).is_err())
        .collect();
    let too_much: Vec<Row> = found
        .iter()
        .filter(|row| !permitted.contains_key(row))
        .copied()
        .collect();
    let twice: Vec<Row> = found
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    if missing.is_empty() && too_much.is_empty() && twice.is_empty() {
        return Ok(());
    }
    let parts = [("missing", missing), ("too much", too_much), ("twice", twice)];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(what, rows)| format!("{} {what}: {}", rows.len(), shown(rows)))
        .collect();
    Err(parts.join("; "))
}

/// First few of some rows.
fn shown(rows: &[Row]) -> String {
    const SHOWN: usize = 12;
    let mut texts: Vec<String> = rows
        .iter()
        .take(SHOWN)
        .map(|(partition, offset, n)| match n {
            Some(n) => format!("partition {partition} offset {offset} n {n}"),
            None => format!("partition {partition} offset {offset} tombstone"),
        })
        .collect();
    if rows.len() > SHOWN {
        texts.push("…".to_owned());
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Row = (0, 5, Some(1));
    const SECOND: Row = (0, 6, None);

    fn permitted() -> BTreeMap<Row, bool> {
        BTreeMap::from([(FIRST, true), (SECOND, false)])
    }

    #[test]
    fn rows_that_need_not_be_there_may_be() {
        assert_eq!(compare(vec![FIRST], &permitted()), Ok(()));
        assert_eq!(compare(vec![SECOND, FIRST], &permitted()), Ok(()));
    }

    #[test]
    fn tells_what_is_missing_too_much_and_twice() {
        let found = vec![SECOND, SECOND, (0, 5, Some(2))];
        let error = compare(found, &permitted()).unwrap_err();
        assert_eq!(
            error,
            "1 missing: partition 0 offset 5 n 1; 1 too much: partition 0 offset 5 n 2; \
             1 twice: partition 0 offset 6 tombstone"
        );
    }
}
