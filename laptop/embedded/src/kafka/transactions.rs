//! Transaction coordinator (KIP-98): producers by transactional id, and the partitions of their transactions.
//!
//! It keeps the state; the resulting markers are written to the logs by [`Broker`](super::broker::Broker),
//! which holds the coordinator's lock meanwhile, so that no transactional record can be appended after a
//! marker.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;

use super::batch::{Outcome, ProducerIdentity};

/// Topic and partition.
pub(crate) type TopicPartition = (String, i32);

/// Default of Kafka's `transaction.max.timeout.ms`.
const MAX_TIMEOUT_MS: i32 = 900_000;

#[derive(Debug, Default)]
pub(crate) struct Transactions {
    next_producer_id: i64,
    by_id: HashMap<String, Transaction>,
}

#[derive(Debug)]
struct Transaction {
    producer: ProducerIdentity,
    /// Identity of `producer` before it was renewed: it may ask again if the response was lost.
    renewed_from: Option<ProducerIdentity>,
    timeout: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing has been written since the producer was initialised.
    Empty,
    Ongoing {
        since: Instant,
        partitions: BTreeSet<TopicPartition>,
    },
    Ended(Outcome),
}

/// Transaction that has ended, except for the markers that must be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) producer: ProducerIdentity,
    pub(crate) outcome: Outcome,
    pub(crate) partitions: BTreeSet<TopicPartition>,
}

impl Transactions {
    /// New identity for a producer without transactions.
    pub(crate) fn new_producer(&mut self) -> ProducerIdentity {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        ProducerIdentity { id, epoch: 0 }
    }

    /// Assigns the transactional id to the caller with a new epoch, which fences the previous holder, and
    /// ends its open transaction. A caller that is the current holder passes its identity as `claimed`.
    pub(crate) fn init(
        &mut self,
        transactional_id: &str,
        timeout_ms: i32,
        claimed: Option<ProducerIdentity>,
    ) -> Result<(ProducerIdentity, Option<Ended>), ResponseError> {
        if transactional_id.is_empty() {
            return Err(ResponseError::InvalidRequest);
        }
        if !(1..=MAX_TIMEOUT_MS).contains(&timeout_ms) {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        let timeout = Duration::from_millis(timeout_ms.unsigned_abs().into());
        let Some(transaction) = self.by_id.get_mut(transactional_id) else {
            let producer = self.new_producer();
            let transaction = Transaction {
                producer,
                renewed_from: None,
                timeout,
                state: State::Empty,
            };
            self.by_id.insert(transactional_id.to_owned(), transaction);
            return Ok((producer, None));
        };
        if claimed.is_some_and(|claimed| claimed != transaction.producer) {
            let repeated = claimed == transaction.renewed_from && matches!(transaction.state, State::Empty);
            return if repeated {
                Ok((transaction.producer, None))
            } else {
                Err(ResponseError::ProducerFenced)
            };
        }
        let left_open = transaction.abort_and_fence();
        transaction.renewed_from = claimed;
        transaction.timeout = timeout;
        transaction.state = State::Empty;
        if let Some(epoch) = next_epoch(transaction.producer.epoch) {
            transaction.producer.epoch = epoch;
        } else {
            transaction.producer = ProducerIdentity {
                id: self.next_producer_id,
                epoch: 0,
            };
            self.next_producer_id += 1;
        }
        Ok((transaction.producer, left_open))
    }

    /// Adds partitions to the producer's transaction, which is started if none is open.
    pub(crate) fn add_partitions(
        &mut self,
        transactional_id: &str,
        producer: ProducerIdentity,
        added: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<(), ResponseError> {
        let transaction = self.held_by(transactional_id, producer)?;
        if !matches!(transaction.state, State::Ongoing { .. }) {
            transaction.state = State::Ongoing {
                since: Instant::now(),
                partitions: BTreeSet::new(),
            };
        }
        if let State::Ongoing { partitions, .. } = &mut transaction.state {
            partitions.extend(added);
        }
        Ok(())
    }

    /// Checks whether the producer may write transactional records to this partition now.
    pub(crate) fn verify(
        &mut self,
        transactional_id: &str,
        producer: ProducerIdentity,
        partition: &TopicPartition,
    ) -> Result<(), ResponseError> {
        // Produce has no error code of its own for a fenced producer.
        let transaction = self
            .held_by(transactional_id, producer)
            .map_err(|error| match error {
                ResponseError::ProducerFenced => ResponseError::InvalidProducerEpoch,
                other => other,
            })?;
        match &transaction.state {
            State::Ongoing { partitions, .. } if partitions.contains(partition) => Ok(()),
            _ => Err(ResponseError::InvalidTxnState),
        }
    }

    /// Ends the open transaction; a repeated request has no effect.
    pub(crate) fn end(
        &mut self,
        transactional_id: &str,
        producer: ProducerIdentity,
        outcome: Outcome,
    ) -> Result<Option<Ended>, ResponseError> {
        let transaction = self.held_by(transactional_id, producer)?;
        match &transaction.state {
            State::Ended(earlier) if *earlier == outcome => Ok(None),
            State::Ongoing { .. } => Ok(transaction.end(outcome)),
            State::Empty | State::Ended(_) => Err(ResponseError::InvalidTxnState),
        }
    }

    /// Aborts transactions that have been open longer than their timeout, and fences their producers.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Ended> {
        let expired = self
            .by_id
            .values_mut()
            .filter(|transaction| transaction.is_overdue(now));
        expired.filter_map(Transaction::abort_and_fence).collect()
    }

    fn held_by(
        &mut self,
        transactional_id: &str,
        producer: ProducerIdentity,
    ) -> Result<&mut Transaction, ResponseError> {
        let transaction = self
            .by_id
            .get_mut(transactional_id)
            .ok_or(ResponseError::InvalidProducerIdMapping)?;
        if transaction.producer.id != producer.id {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        if transaction.producer.epoch != producer.epoch {
            return Err(ResponseError::ProducerFenced);
        }
        Ok(transaction)
    }
}

impl Transaction {
    fn end(&mut self, outcome: Outcome) -> Option<Ended> {
        match std::mem::replace(&mut self.state, State::Ended(outcome)) {
            State::Ongoing { partitions, .. } => Some(Ended {
                producer: self.producer,
                outcome,
                partitions,
            }),
            State::Empty | State::Ended(_) => None,
        }
    }

    /// Aborts the transaction and fences its producer. The markers have the new epoch already: nothing of the
    /// old one may follow them.
    fn abort_and_fence(&mut self) -> Option<Ended> {
        if !matches!(self.state, State::Ongoing { .. }) {
            return None;
        }
        self.producer.epoch = next_epoch(self.producer.epoch).unwrap_or(i16::MAX);
        self.end(Outcome::Abort)
    }

    fn is_overdue(&self, now: Instant) -> bool {
        matches!(self.state, State::Ongoing { since, .. } if now.saturating_duration_since(since) > self.timeout)
    }
}

/// Epoch after `epoch`; `None` after the last but one, since the last is reserved for fencing.
fn next_epoch(epoch: i16) -> Option<i16> {
    (epoch < i16::MAX - 1).then_some(epoch + 1)
}

#[cfg(test)]
mod tests;
