//! State of a partition's idempotent producers: the latest sequences, and the start of an open transaction.

use std::collections::{HashMap, VecDeque};

use kafka_protocol::ResponseError;

use super::batch::{ProducerIdentity, RecordBatch};

/// Number of batches that a client may have in flight, and that Kafka remembers.
const REMEMBERED_BATCHES: usize = 5;

/// Position of an appended batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// `None` if the records keep the timestamps of their producer.
    pub(crate) log_append_time_ms: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Producers {
    by_id: HashMap<i64, Producer>,
}

#[derive(Debug)]
struct Producer {
    epoch: i16,
    recent: VecDeque<RecentBatch>,
    transaction_start: Option<i64>,
}

#[derive(Debug)]
struct RecentBatch {
    first_sequence: i32,
    last_sequence: i32,
    appended: Appended,
}

impl Producers {
    /// Position at which this batch was appended before; `None` if it is the next one of its producer.
    pub(crate) fn find_duplicate(&self, batch: &RecordBatch) -> Result<Option<Appended>, ResponseError> {
        let Some(identity) = batch.producer() else {
            return Ok(None);
        };
        let Some(producer) = self.by_id.get(&identity.id) else {
            return Ok(None);
        };
        if identity.epoch < producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        let first = batch.base_sequence();
        if identity.epoch > producer.epoch {
            return if first == 0 {
                Ok(None)
            } else {
                Err(ResponseError::OutOfOrderSequenceNumber)
            };
        }
        let last = last_sequence(batch);
        if let Some(known) = producer.recent.iter().find(|recent| recent.covers(first, last)) {
            return Ok(Some(known.appended));
        }
        let next = producer
            .recent
            .back()
            .map_or(0, |latest| following(latest.last_sequence));
        if first == next {
            Ok(None)
        } else {
            Err(ResponseError::OutOfOrderSequenceNumber)
        }
    }

    /// Records a batch that has been appended to the log.
    pub(crate) fn remember(&mut self, batch: &RecordBatch, appended: Appended) {
        let Some(identity) = batch.producer() else { return };
        let producer = self.enter(identity);
        if producer.recent.len() == REMEMBERED_BATCHES {
            producer.recent.pop_front();
        }
        producer.recent.push_back(RecentBatch {
            first_sequence: batch.base_sequence(),
            last_sequence: last_sequence(batch),
            appended,
        });
        if batch.is_transactional() {
            producer.transaction_start.get_or_insert(appended.base_offset);
        }
    }

    /// Closes the producer's transaction; returns its start, if it wrote to this partition.
    pub(crate) fn end_transaction(&mut self, identity: ProducerIdentity) -> Option<i64> {
        self.enter(identity).transaction_start.take()
    }

    /// Start of the earliest open transaction.
    pub(crate) fn first_unstable_offset(&self) -> Option<i64> {
        self.by_id
            .values()
            .filter_map(|producer| producer.transaction_start)
            .min()
    }

    /// State of this producer; a new epoch restarts its sequences.
    fn enter(&mut self, identity: ProducerIdentity) -> &mut Producer {
        let fresh = || Producer {
            epoch: identity.epoch,
            recent: VecDeque::new(),
            transaction_start: None,
        };
        let producer = self.by_id.entry(identity.id).or_insert_with(fresh);
        if identity.epoch > producer.epoch {
            producer.epoch = identity.epoch;
            producer.recent.clear();
        }
        producer
    }
}

impl RecentBatch {
    fn covers(&self, first_sequence: i32, last_sequence: i32) -> bool {
        (self.first_sequence, self.last_sequence) == (first_sequence, last_sequence)
    }
}

/// Sequences run from 0 to `i32::MAX` and then begin again.
fn last_sequence(batch: &RecordBatch) -> i32 {
    batch.base_sequence().wrapping_add(batch.last_offset_delta()) & i32::MAX
}

fn following(sequence: i32) -> i32 {
    sequence.wrapping_add(1) & i32::MAX
}
