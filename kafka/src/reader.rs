//! Reads of one offset range of one partition.
//!
//! librdkafka reconnects, finds new leaders and fetches again by itself; the loop here only checks position,
//! deadline and cancellation, and handles the remaining errors.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerContext;
use rdkafka::types::RDKafkaErrorCode;
use topic::Record;

use crate::client::{Client, last_complaint, serve_events};
use crate::cursor::{Cursor, Verdict};
use crate::error::KafkaError;
use crate::librdkafka::fetch::{Fetched, PartitionFetch};
use crate::look_up::LookUp;
use crate::offsets::{PlannedRange, ReadStats, TopicPartition};
use crate::pool::Pool;
use crate::seam::RecordSink;
use crate::uncommitted::is_without_records;

/// Time to wait for records before deadline and cancellation are checked again.
const POLL_LIMIT: Duration = Duration::from_millis(100);
/// Interval at which the client's errors and log lines are served while records arrive.
const SERVE_EVERY: Duration = Duration::from_millis(500);
/// Pause before the same offset is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Time without a record before the rest of a range is examined for records. Doubled each time.
const EXAMINE_AFTER: Duration = Duration::from_secs(2);
/// Time limit of that examination; no records are delivered meanwhile.
const EXAMINE_LIMIT: Duration = Duration::from_secs(3);

/// Read of one range, from its start to its end.
pub(crate) struct Reader<'a> {
    client: &'a Client,
    /// Clients that see uncommitted records, if `client` does not.
    uncommitted: Option<&'a Arc<Pool>>,
    cursor: Cursor,
    deadline: Instant,
    cancelled: &'a AtomicBool,
    stats: ReadStats,
    /// Start of the current wait for records; `None` while records arrive.
    idle_since: Option<Instant>,
    last_served: Instant,
    /// Last error of librdkafka about this partition.
    partition_error: Option<String>,
    /// Offset of the last response without records since the fetch began.
    without_records: Option<i64>,
    /// Time without a record before the rest of the range is examined.
    examine_after: Duration,
}

/// Continuation after a result of the fetch.
enum Next {
    Fetch,
    /// The sink needs no further records.
    Stop,
    /// The position is not in the log any more, or the topic may be gone: look it up again.
    LookUp,
}

impl<'a> Reader<'a> {
    /// Looks up the partition's current watermarks and starts there.
    pub(crate) fn start(
        client: &'a Client,
        uncommitted: Option<&'a Arc<Pool>>,
        planned: PlannedRange,
        deadline: Instant,
        cancelled: &'a AtomicBool,
    ) -> Result<Self, KafkaError> {
        let look_up = LookUp::new(client, &planned.topic_partition.topic, deadline, cancelled);
        let watermarks = look_up.partition(&planned)?;
        let now = Instant::now();
        Ok(Self {
            client,
            uncommitted,
            cursor: Cursor::start(planned, watermarks)?,
            deadline,
            cancelled,
            stats: ReadStats::default(),
            idle_since: Some(now),
            last_served: now,
            partition_error: None,
            without_records: None,
            examine_after: EXAMINE_AFTER,
        })
    }

    /// Reads to the end of the range, or until the sink has enough.
    pub(crate) fn read(mut self, sink: &mut dyn RecordSink) -> Result<ReadStats, KafkaError> {
        while !self.is_over() {
            let position = self.cursor.position();
            self.fetch(sink)?;
            if !self.is_over() {
                self.look_up(position)?;
            }
        }
        // If a topic is recreated, librdkafka continues in the new one at the same offset and reports
        // nothing.
        self.new_look_up().same_topic(self.cursor.planned())?;
        sink.finish()?;
        self.stats.expired_offsets = self.cursor.expired_offsets();
        Ok(self.stats)
    }

    fn is_over(&self) -> bool {
        self.cursor.is_done() || self.stats.stopped_early
    }

    /// Fetches from the position until the read is over or the position must be looked up.
    fn fetch(&mut self, sink: &mut dyn RecordSink) -> Result<(), KafkaError> {
        let TopicPartition { topic, partition } = self.cursor.topic_partition();
        let fetch = PartitionFetch::start(self.client, topic, *partition, self.cursor.position());
        let mut fetch = fetch.map_err(|code| self.unreadable(code, code.to_string()))?;
        self.without_records = None;
        while !self.is_over() {
            if !fetch.has_taken() {
                self.check()?;
            }
            match self.poll(&mut fetch, sink)? {
                Some(Next::LookUp) => return Ok(()),
                Some(Next::Stop) => {
                    self.stats.stopped_early = !self.cursor.is_done();
                    return Ok(());
                }
                Some(Next::Fetch) => {}
                None => {
                    self.serve_events()?;
                    if self.rest_is_empty() {
                        self.cursor.pass(self.cursor.range().end());
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the rest of the range is known to hold no record, after none arrived for a while. If that
    /// cannot be found out, the read continues to wait.
    fn rest_is_empty(&mut self) -> bool {
        let (Some(pool), Some(idle_since)) = (self.uncommitted, self.idle_since) else {
            return false;
        };
        let started = Instant::now();
        if started.saturating_duration_since(idle_since) < self.examine_after {
            return false;
        }
        let deadline = self.deadline.min(started + EXAMINE_LIMIT);
        let (planned, position) = (self.cursor.planned(), self.cursor.position());
        let examined = pool
            .with_client(|client| is_without_records(client, planned, position, deadline, self.cancelled));
        self.examine_after = 2 * idle_since.elapsed();
        let topic_partition = self.cursor.topic_partition();
        examined.unwrap_or_else(|error| {
            tracing::debug!(%topic_partition, position, %error, "cannot determine whether there are more records");
            false
        })
    }

    /// Reads the clock only when no record is available: otherwise it would be read twice for each record.
    fn poll(
        &mut self,
        fetch: &mut PartitionFetch<'_, impl ConsumerContext>,
        sink: &mut dyn RecordSink,
    ) -> Result<Option<Next>, KafkaError> {
        let next = fetch.poll(Duration::ZERO, |fetched| self.take(fetched, sink));
        if next.is_some() {
            return next.transpose();
        }
        let started = Instant::now();
        self.idle_since.get_or_insert(started);
        let mut waited = Duration::ZERO;
        let next = fetch.poll(POLL_LIMIT, |fetched| {
            waited = started.elapsed();
            self.take(fetched, sink)
        });
        self.stats.waited += match next {
            Some(_) => waited,
            None => started.elapsed(),
        };
        next.transpose()
    }

    /// Looks up where the log begins and ends now. Waits first if that was done for the same position before.
    fn look_up(&mut self, position_before: i64) -> Result<(), KafkaError> {
        if self.cursor.position() == position_before {
            thread::sleep(RETRY_PAUSE);
            self.check()?;
        }
        let watermarks = self.new_look_up().partition(self.cursor.planned())?;
        self.cursor.resume(watermarks)
    }

    fn new_look_up(&self) -> LookUp<'_> {
        let topic = &self.cursor.topic_partition().topic;
        LookUp::new(self.client, topic, self.deadline, self.cancelled)
    }

    fn take(&mut self, fetched: Fetched<'_>, sink: &mut dyn RecordSink) -> Result<Next, KafkaError> {
        match fetched {
            Fetched::Record(record) => {
                if self.cursor.record(record.offset) == Verdict::Deliver {
                    return self.deliver(record, sink);
                }
                Ok(Next::Fetch)
            }
            Fetched::EndOfPartition { offset } => match self.cursor.end_of_partition(offset) {
                Ok(()) => Ok(Next::Fetch),
                // A new leader may not know yet how far the log is committed. It returns watermarks only once
                // it does, so these decide.
                Err(_) => Ok(Next::LookUp),
            },
            Fetched::WithoutRecords { offset, reason } => self.pass_over(offset, reason),
            Fetched::Failed { code, reason } => self.failed(code, reason),
        }
    }

    /// Skips batches without records. If a fetch stands still for another reason, either the broker reports
    /// it, or its response is smaller than a batch.
    fn pass_over(&mut self, offset: i64, reason: String) -> Result<Next, KafkaError> {
        if self.without_records == Some(offset) {
            return Err(self.unreadable(RDKafkaErrorCode::MessageSizeTooLarge, reason));
        }
        self.without_records = Some(offset);
        self.cursor.pass(offset);
        Ok(Next::Fetch)
    }

    fn deliver(&mut self, record: Record<'_>, sink: &mut dyn RecordSink) -> Result<Next, KafkaError> {
        self.stats.records += 1;
        self.stats.value_bytes += record.value.map_or(0, |value| value.len() as u64);
        let next = sink.accept(record)?;
        // The sink may have blocked: that time is not spent waiting for the brokers.
        self.idle_since = None;
        Ok(match next {
            ControlFlow::Continue(()) => Next::Fetch,
            ControlFlow::Break(()) => Next::Stop,
        })
    }

    /// Classifies librdkafka's errors about the partition. Those of a broker's response leave the fetch in
    /// place, and librdkafka repeats it. Its own mostly mean data that it cannot read and *skips*, so they
    /// must end the read.
    fn failed(&mut self, code: RDKafkaErrorCode, reason: String) -> Result<Next, KafkaError> {
        use RDKafkaErrorCode as Code;
        tracing::warn!(topic_partition = %self.cursor.topic_partition(), ?code, reason, "fetch failed");
        match code {
            Code::AutoOffsetReset
            | Code::OffsetOutOfRange
            | Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicId => {
                self.partition_error = Some(reason);
                Ok(Next::LookUp)
            }
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
                let place = self.cursor.topic_partition().to_string();
                Err(KafkaError::Unauthorized { place, reason })
            }
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::NodeUpdate => {
                self.partition_error = Some(reason);
                Ok(Next::Fetch)
            }
            Code::InvalidMessage | Code::UnsupportedVersion => Err(self.unreadable(code, reason)),
            // -1 is the brokers' "unknown server error"; librdkafka's own codes are below.
            local if (local as i32) < (Code::Unknown as i32) => Err(self.unreadable(local, reason)),
            _ => {
                self.partition_error = Some(reason);
                Ok(Next::Fetch)
            }
        }
    }

    /// Ends the read if it was cancelled or its deadline has passed.
    fn check(&mut self) -> Result<(), KafkaError> {
        let topic_partition = || self.cursor.topic_partition().clone();
        let position = self.cursor.position();
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(KafkaError::Cancelled {
                topic_partition: topic_partition(),
                position,
            });
        }
        let now = Instant::now();
        if now >= self.deadline {
            serve_events(self.client)?;
            return Err(KafkaError::Stalled {
                topic_partition: topic_partition(),
                position,
                range: self.cursor.range(),
                waited: self
                    .idle_since
                    .map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
                broker_error: self
                    .partition_error
                    .take()
                    .or_else(|| last_complaint(self.client)),
            });
        }
        if now.saturating_duration_since(self.last_served) >= SERVE_EVERY {
            self.serve_events()?;
        }
        Ok(())
    }

    fn serve_events(&mut self) -> Result<(), KafkaError> {
        self.last_served = Instant::now();
        serve_events(self.client)
    }

    fn unreadable(&self, code: RDKafkaErrorCode, reason: String) -> KafkaError {
        KafkaError::Unreadable {
            topic_partition: self.cursor.topic_partition().clone(),
            position: self.cursor.position(),
            range: self.cursor.range(),
            code,
            reason,
        }
    }
}

#[cfg(test)]
mod tests;
