//! Operations of one seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka::IsolationLevel;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::background::{Assignment, Background, Written};
use super::fault::{Fault, Moment, happen, move_log_start};
use super::figures::Figures;
use super::model::{PartitionModel, Slot};
use super::parts::Parts;
use super::query::{self, Query, Row, compare};
use super::writers::Writer;

/// Usual maximum number of splits; more are planned only to get several pages.
const USUAL_SPLITS: i64 = 30;
/// More splits than fit on a page.
const PAGED_SPLITS: i64 = 1001;
/// Padding in bytes with which a few hundred records take several fetches.
const WIDE_BYTES: usize = 10_000;
/// Maximum number of splits of a plan that are read, selected at random.
const MAX_READ_SPLITS: usize = 50;

/// Topic, its model, and the random numbers.
pub(super) struct Episode<'a> {
    parts: &'a Parts,
    seed: u64,
    random: ChaCha8Rng,
    topic: String,
    table: String,
    with_tombstones: bool,
    pad_bytes: usize,
    partitions: Vec<PartitionModel>,
    /// Transactional writers with an open transaction.
    open: BTreeSet<usize>,
    next_n: i64,
    operations: Vec<String>,
    figures: Figures,
}

/// Rows of a query, and the log starts before and after the read.
struct Answer {
    query: Query,
    /// Indexes of the splits that were read.
    splits: Vec<usize>,
    rows: Vec<Row>,
    /// Log starts by partition.
    lows_before: Vec<i64>,
    lows_after: Vec<i64>,
}

impl<'a> Episode<'a> {
    /// Draws the topic and creates it.
    pub(super) async fn draw(parts: &'a Parts, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let wide = random.random_bool(0.15);
        let (partitions, pad_bytes) = if wide {
            (random.random_range(1..=2), WIDE_BYTES)
        } else {
            (random.random_range(1..=4), random.random_range(0..20))
        };
        let with_tombstones = random.random_bool(0.5);
        let topic = parts.world.broker.create_topic("soak", partitions).await;
        let table = topic.replace('-', "_");
        parts.world.register(
            &table,
            &serde_json::json!({
                "topicName": topic,
                "metadataColumns": true,
                "onTombstone": if with_tombstones { "null" } else { "skip" },
                "message": {"dataFormat": "json", "fields": [{"name": "n", "mapping": "n", "type": "BIGINT"}]},
            }),
        );
        let operations = vec![format!(
            "topic of {partitions} partitions, tombstones {}, {pad_bytes} bytes of padding",
            if with_tombstones {
                "are rows"
            } else {
                "are skipped"
            }
        )];
        Self {
            parts,
            seed,
            random,
            topic,
            table,
            with_tombstones,
            pad_bytes,
            partitions: (0..partitions).map(|_| PartitionModel::default()).collect(),
            open: BTreeSet::new(),
            next_n: 0,
            operations,
            figures: Figures {
                episodes: 1,
                ..Figures::default()
            },
        }
    }

    pub(super) async fn run(&mut self) -> Result<(), String> {
        self.produce().await;
        for _ in 0..self.random.random_range(8..=20) {
            if self.random.random_bool(0.4) {
                let isolation = self.draw_isolation();
                self.query(isolation).await?;
            } else {
                self.change().await;
            }
        }
        if self.random.random_bool(0.3) {
            self.query_under_writers().await?;
        }
        self.query(IsolationLevel::ReadUncommitted).await?;
        for writer in self.open.clone() {
            self.end_transaction(writer).await;
        }
        let query = self.plan(IsolationLevel::ReadCommitted, false).await?;
        let answer = self.read(query).await?;
        self.judge(answer)?;
        self.parts.world.broker.delete_topic(&self.topic).await;
        Ok(())
    }

    /// Figures and list of operations.
    pub(super) fn into_report(mut self) -> (Figures, Vec<String>) {
        (self.figures, std::mem::take(&mut self.operations))
    }

    /// Changes the topic at random.
    async fn change(&mut self) {
        match self.random.random_range(0..100) {
            0..40 => self.produce().await,
            40..62 => self.produce_in_transaction().await,
            62..80 => match self.draw_open() {
                Some(writer) => self.end_transaction(writer).await,
                None => self.produce_in_transaction().await,
            },
            80..90 => self.expire().await,
            _ => self.compact(),
        }
    }

    async fn produce(&mut self) {
        let writer = self.random.random_range(0..self.parts.writers.plain.len());
        let parts = self.parts;
        let most = if self.is_wide() { 400 } else { 150 };
        let records = self.random.random_range(1..=most);
        self.send(&parts.writers.plain[writer], records, None).await;
    }

    async fn produce_in_transaction(&mut self) {
        let writer = self
            .random
            .random_range(0..self.parts.writers.transactional.len());
        let parts = self.parts;
        if self.open.insert(writer) {
            parts.writers.transactional[writer].begin_transaction();
            self.figures.transactions += 1;
        }
        let records = self.random.random_range(1..=20);
        self.send(&parts.writers.transactional[writer], records, Some(writer))
            .await;
    }

    /// Sends this number of records to one partition.
    async fn send(&mut self, writer: &Writer, records: usize, transaction: Option<usize>) {
        let partition = self.random.random_range(0..self.partitions.len());
        let batch_records = self.random.random_range(1..=records.min(60));
        // Each batch is a round trip.
        let batch_records = batch_records.max(records / 12);
        let tombstones = *[0.0, 0.0, 0.1, 0.7]
            .get(self.random.random_range(0..4_usize))
            .unwrap_or(&0.0);
        let values: Vec<Option<i64>> = (self.next_n..)
            .take(records)
            .map(|n| (!self.random.random_bool(tombstones)).then_some(n))
            .collect();
        self.next_n += records as i64;
        let sent = writer.send(
            &self.topic,
            partition as i32,
            &values,
            batch_records,
            self.pad_bytes,
        );
        let first = self.partitions[partition].append(values.iter().copied(), transaction);
        self.note(format!(
            "partition {partition}: {records} records at {first}, {} of them tombstones, batches of {batch_records}, \
             codec {}{}",
            values.iter().filter(|value| value.is_none()).count(),
            writer.codec,
            transaction.map_or_else(String::new, |writer| format!(", transaction {writer}")),
        ));
        let offsets: Vec<i64> = sent.iter().map(|record| record.offset).collect();
        let wanted: Vec<i64> = (first..).take(records).collect();
        assert_eq!(offsets, wanted, "the broker put records elsewhere than the model");
        self.figures.records += records as u64;
        self.settle(partition).await;
    }

    async fn end_transaction(&mut self, writer: usize) {
        let commit = self.random.random_bool(0.5);
        self.note(format!(
            "transaction {writer} {}",
            if commit { "committed" } else { "aborted" }
        ));
        self.open.remove(&writer);
        self.parts.writers.transactional[writer].end_transaction(commit);
        for partition in &mut self.partitions {
            partition.end_transaction(writer, commit);
        }
        for partition in 0..self.partitions.len() {
            self.settle(partition).await;
        }
    }

    async fn expire(&mut self) {
        let (partition, offset) = self.draw_log_start();
        self.expire_to(partition, offset).await;
    }

    async fn expire_to(&mut self, partition: usize, offset: i64) {
        self.note(format!("partition {partition}: log start moved to {offset}"));
        move_log_start(self.parts, &self.topic, partition, offset).await;
        self.partitions[partition].expire(offset);
        self.figures.expirations += 1;
        self.settle(partition).await;
    }

    /// Removes records: all or some of a range of offsets. A real broker cannot be made to do that.
    fn compact(&mut self) {
        let Some(kafka) = self.parts.world.broker.as_embedded() else {
            return;
        };
        let partition = self.random.random_range(0..self.partitions.len());
        let model = &mut self.partitions[partition];
        // Only offsets that no longer change are compacted. The last record before them stays: without it, a
        // reader of committed records would not learn that there is nothing up to the last stable offset.
        let (low, end) = (model.low(), model.last_stable() - 1);
        if end <= low {
            return;
        }
        let start = self.random.random_range(low..end);
        let end = self.random.random_range(start..end.min(start + 200)) + 1;
        let share = if self.random.random_bool(0.5) { 1.0 } else { 0.4 };
        let dropped: Vec<i64> = (start..end)
            .filter(|offset| matches!(model.slot(*offset), Some(Slot::Record { .. })))
            .filter(|_| self.random.random_bool(share))
            .collect();
        for offset in &dropped {
            model.compact(*offset);
        }
        let taken = kafka.drop_records(&self.topic, partition as i32, dropped.iter().copied());
        self.figures.compacted += taken.expect("the log is sound");
        self.note(format!(
            "partition {partition}: {} records between {start} and {end} compacted away",
            dropped.len()
        ));
    }

    /// Plans, causes faults, reads, compares.
    async fn query(&mut self, isolation: IsolationLevel) -> Result<(), String> {
        let query = self.plan(isolation, true).await?;
        if self.random.random_bool(0.6) {
            for _ in 0..self.random.random_range(1..=3) {
                self.change().await;
            }
        }
        let answer = self.read(query).await?;
        self.judge(answer)
    }

    /// Plans and checks what the plan covers: all up to the end, or at least that if others write. Records
    /// are produced between its pages, unless others do.
    async fn plan(&mut self, isolation: IsolationLevel, alone: bool) -> Result<Query, String> {
        let max_records = self.draw_max_records(isolation);
        let bounds: Vec<(i64, i64)> = self
            .partitions
            .iter()
            .map(|model| (model.low(), model.end(isolation)))
            .collect();
        self.note(format!(
            "plan {isolation:?}, at most {max_records} offsets a split"
        ));
        let mut client = self.parts.connector(isolation, max_records);
        client.limit = Duration::from_secs(30);
        if self.random.random_bool(0.2) {
            (client.max_inline_block_bytes, client.max_block_bytes) = (2_000, 5_000);
        }
        let mut query = Query::begin(client, &self.table, isolation, max_records).await?;
        while query.has_more() {
            if alone {
                self.produce().await;
            }
            query.next_page().await?;
        }
        self.figures.plans += 1;
        self.figures.pages += query.pages;
        let covered = query.covered(&self.topic)?;
        for (partition, (low, end)) in (0..).zip(bounds) {
            let found = covered.get(&partition).cloned().unwrap_or(low..low);
            if found.start != low || found.end < end || (alone && found.end != end) {
                return Err(format!(
                    "the plan covers {found:?} of partition {partition}, wanted {low}..{end}"
                ));
            }
        }
        Ok(query)
    }

    /// Reads splits in any order, several at a time, while a fault may occur.
    async fn read(&mut self, query: Query) -> Result<Answer, String> {
        let mut splits: Vec<usize> = (0..query.splits.len()).collect();
        splits.shuffle(&mut self.random);
        splits.truncate(MAX_READ_SPLITS);
        let at_a_time = self.random.random_range(1..=4);
        let fault = self.draw_fault();
        let lows_before = self.lows();
        let delay_ms = if self.is_wide() { 10 } else { 2 };
        self.note(format!(
            "read {} splits, {at_a_time} at a time{}",
            splits.len(),
            fault.map_or_else(String::new, |fault| format!(", meanwhile {fault:?}"))
        ));
        let happening = happen(self.parts, &self.topic, fault, delay_ms);
        let ((), rows) = tokio::join!(happening, query.read(&splits, at_a_time));
        if let Some(Fault::Expire {
            partition, offset, ..
        }) = fault
        {
            self.partitions[partition].expire(offset);
            self.figures.expirations += 1;
        }
        self.figures.faults += u64::from(fault.is_some());
        let rows = rows?;
        self.figures.splits += splits.len() as u64;
        self.figures.rows += rows.len() as u64;
        Ok(Answer {
            query,
            splits,
            rows,
            lows_before,
            lows_after: self.lows(),
        })
    }

    /// Compares the rows with those of the model at the offsets of the plan.
    fn judge(&self, answer: Answer) -> Result<(), String> {
        let mut permitted = BTreeMap::new();
        for split in answer.splits {
            let (partition, mut offsets) = query::offsets(&answer.query.splits[split])?;
            let index = partition as usize;
            let (before, after) = (answer.lows_before[index], answer.lows_after[index]);
            offsets.start = offsets.start.max(before);
            let rows = self.partitions[index].rows(offsets, answer.query.isolation, self.with_tombstones);
            permitted.extend(rows.map(|(offset, n)| ((partition, offset, n), offset >= after)));
        }
        compare(answer.rows, &permitted)
    }

    /// Plans and reads while two producers write, whose records are known only afterwards.
    async fn query_under_writers(&mut self) -> Result<(), String> {
        let transactional = self.parts.writers.transactional.len() - 1;
        if self.open.contains(&transactional) {
            self.end_transaction(transactional).await;
        }
        let assignment = |first_n, seed| Assignment {
            topic: self.topic.clone(),
            partitions: self.partitions.len() as i32,
            first_n,
            seed,
        };
        let (first, second) = (assignment(1 << 40, self.seed), assignment(1 << 41, !self.seed));
        self.note("two producers begin to write");
        let background = Background::start(&self.parts.writers, first, second);
        let answers = self.answers_under_writers().await;
        self.learn(background.stop().await).await;
        for answer in answers? {
            self.judge(answer)?;
        }
        Ok(())
    }

    async fn answers_under_writers(&mut self) -> Result<Vec<Answer>, String> {
        let mut answers = Vec::new();
        for _ in 0..self.random.random_range(2..=4) {
            let isolation = self.draw_isolation();
            let query = self.plan(isolation, false).await?;
            self.figures.concurrent_plans += 1;
            answers.push(self.read(query).await?);
        }
        Ok(answers)
    }

    /// Adds the records of other writers to the model.
    async fn learn(&mut self, written: Vec<Written>) {
        let mut highs: Vec<i64> = self.partitions.iter().map(PartitionModel::high).collect();
        for written in written {
            self.figures.records += written.records.len() as u64;
            self.figures.transactions += written.transactions;
            for (record, fate) in written.records {
                let partition = record.partition as usize;
                self.partitions[partition].place(record.offset, record.value, fate);
                highs[partition] += 1;
            }
            for (partition, markers) in written.markers {
                highs[partition as usize] += markers;
            }
        }
        self.note(format!("the producers are done, logs end at {highs:?}"));
        for (partition, high) in highs.into_iter().enumerate() {
            self.partitions[partition].extend_to(high);
            self.settle(partition).await;
        }
    }

    fn draw_isolation(&mut self) -> IsolationLevel {
        if self.random.random_bool(0.6) {
            IsolationLevel::ReadCommitted
        } else {
            IsolationLevel::ReadUncommitted
        }
    }

    fn draw_open(&mut self) -> Option<usize> {
        if self.open.is_empty() {
            return None;
        }
        let index = self.random.random_range(0..self.open.len());
        self.open.iter().nth(index).copied()
    }

    /// Draws a split size: small, close to a divisor of a partition's range, or any.
    fn draw_max_records(&mut self, isolation: IsolationLevel) -> i64 {
        let lengths: Vec<i64> = self
            .partitions
            .iter()
            .map(|model| model.end(isolation) - model.low())
            .collect();
        let all: i64 = lengths.iter().sum();
        if all >= PAGED_SPLITS && self.random.random_bool(0.3) {
            return self.random.random_range(1..=all / PAGED_SPLITS);
        }
        let length = lengths[self.random.random_range(0..lengths.len())];
        let drawn = match self.random.random_range(0..10) {
            0..3 => self.random.random_range(1..=8),
            3..8 => length / self.random.random_range(1..=4) + self.random.random_range(-1..=1),
            _ => self.random.random_range(1..=1000),
        };
        drawn.max(all / USUAL_SPLITS).clamp(1, 1000)
    }

    /// Draws a partition and an offset of it.
    fn draw_log_start(&mut self) -> (usize, i64) {
        let partition = self.random.random_range(0..self.partitions.len());
        let model = &self.partitions[partition];
        let (low, high) = (model.low(), model.high());
        let end = match self.random.random_range(0..10) {
            0 => return (partition, high),
            1..5 => high,
            _ => low + (high - low) / 2,
        };
        let offset = self.random.random_range(low..=end);
        (partition, offset)
    }

    fn draw_fault(&mut self) -> Option<Fault> {
        let on_embedded = self.parts.world.broker.as_embedded().is_some();
        // If a split takes several fetches, a fault can occur between them.
        let most = if self.is_wide() { 40 } else { 100 };
        match self.random.random_range(0..most) {
            0..6 if on_embedded => Some(Fault::KillConnections(self.draw_moment())),
            6..11 if on_embedded => {
                let stall = Duration::from_millis(self.random.random_range(5..500));
                Some(Fault::StallFetches(stall))
            }
            11..27 => {
                let (partition, offset) = self.draw_log_start();
                let when = if self.random.random_bool(0.5) {
                    Moment::BeforeFetches(self.draw_moment())
                } else {
                    Moment::BetweenFetches
                };
                Some(Fault::Expire {
                    partition,
                    offset,
                    when,
                })
            }
            _ => None,
        }
    }

    fn draw_moment(&mut self) -> Duration {
        Duration::from_micros(self.random.random_range(0..30_000))
    }

    fn is_wide(&self) -> bool {
        self.pad_bytes >= WIDE_BYTES
    }

    fn lows(&self) -> Vec<i64> {
        self.partitions.iter().map(PartitionModel::low).collect()
    }

    async fn settle(&self, partition: usize) {
        let model = &self.partitions[partition];
        let wanted = [model.low(), model.last_stable(), model.high()];
        self.parts.settle(&self.topic, partition as i32, wanted).await;
    }

    fn note(&mut self, operation: impl Into<String>) {
        self.operations.push(operation.into());
    }
}

impl Drop for Episode<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the episode of seed {} panics after", self.seed);
            for operation in &self.operations {
                eprintln!("  {operation}");
            }
        }
    }
}
