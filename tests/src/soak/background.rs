//! Producers that write in the background while queries are planned and read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinHandle;

use super::model::Fate;
use super::writers::{Delivered, Writer, Writers};

/// Maximum number of batches of a writer, however long it runs.
const MAX_BATCHES: u64 = 300;
const MAX_BATCH_RECORDS: i64 = 12;

/// Records and markers of one writer.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) records: Vec<(Delivered, Fate)>,
    pub(super) transactions: u64,
    /// Number of control records by partition.
    pub(super) markers: BTreeMap<i32, i64>,
}

/// Destination and numbers of a writer.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    pub(super) topic: String,
    pub(super) partitions: i32,
    /// First number; the following ones belong to this writer, too.
    pub(super) first_n: i64,
    pub(super) seed: u64,
}

/// Two running producers, one of them in transactions.
pub(super) struct Background {
    stopping: Arc<AtomicBool>,
    working: [JoinHandle<Written>; 2],
}

impl Background {
    /// Starts the producers, each with its assignment; the one with transactions is the last of its kind,
    /// which must have none open.
    pub(super) fn start(writers: &Arc<Writers>, plain: Assignment, transactional: Assignment) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let working = [(plain, false), (transactional, true)].map(|(assignment, in_transactions)| {
            let (writers, stopping) = (Arc::clone(writers), Arc::clone(&stopping));
            tokio::task::spawn_blocking(move || {
                let writer = if in_transactions {
                    writers.transactional.last()
                } else {
                    // Connections are closed meanwhile: only an idempotent producer does not duplicate
                    // records.
                    writers.plain.last()
                };
                let writer = writer.expect("a writer of each kind");
                write(writer, &assignment, in_transactions, &stopping)
            })
        });
        Self { stopping, working }
    }

    /// Ends both and returns what they wrote.
    pub(super) async fn stop(self) -> Vec<Written> {
        self.stopping.store(true, Ordering::Relaxed);
        let mut written = Vec::new();
        for worker in self.working {
            written.push(worker.await.expect("the writer did not panic"));
        }
        written
    }
}

fn write(writer: &Writer, assignment: &Assignment, in_transactions: bool, stopping: &AtomicBool) -> Written {
    let mut random = ChaCha8Rng::seed_from_u64(assignment.seed);
    let mut written = Written::default();
    let mut next_n = assignment.first_n;
    let mut batches = 0;
    // At least once, so that there is a result.
    while batches == 0 || (batches < MAX_BATCHES && !stopping.load(Ordering::Relaxed)) {
        let commit = !in_transactions || random.random_bool(0.6);
        let fate = if commit { Fate::Committed } else { Fate::Aborted };
        let mut touched = BTreeSet::new();
        if in_transactions {
            writer.begin_transaction();
        }
        for _ in 0..random.random_range(1..=3) {
            let partition = random.random_range(0..assignment.partitions);
            let records = random.random_range(1..=MAX_BATCH_RECORDS);
            let values: Vec<_> = (next_n..next_n + records).map(Some).collect();
            next_n += records;
            let sent = writer.send(&assignment.topic, partition, &values, values.len(), 0);
            written
                .records
                .extend(sent.into_iter().map(|record| (record, fate)));
            touched.insert(partition);
            batches += 1;
        }
        if in_transactions {
            writer.end_transaction(commit);
            written.transactions += 1;
            for partition in touched {
                *written.markers.entry(partition).or_default() += 1;
            }
        }
    }
    written
}
