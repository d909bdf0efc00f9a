//! Selection, order and reading of a topic's records.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kafka::{
    Broker, EARLIEST_TIME_MS, KafkaBroker, KafkaError, OffsetRange, OnExpiredOffsets, PlannedRange,
    ReadStats, RecordSink, SinkFailed, TopicPartition, TopicSnapshot, Watermarks,
};
use tokio::sync::mpsc::{self, Receiver, Sender};
use topic::Record;

use super::print::RecordPrinter;
use super::view::{RecordView, ShownRecord};
use crate::cli::brokers::answer_deadline;
use crate::cli::terminal::Error;

/// Start of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Earliest,
    /// Number of records before the end, over all partitions.
    Latest(u32),
    /// Time in milliseconds since 1970.
    Time(i64),
    /// Offset in the only partition.
    Offset(i64),
}

/// Reader of one topic, or of one partition of it.
pub(super) struct TopicReader {
    broker: KafkaBroker,
    topic: String,
    partition: Option<i32>,
    snapshot: TopicSnapshot,
    /// End of what has been read of each partition.
    positions: BTreeMap<i32, i64>,
}

/// Filter and decoder of records.
#[derive(Clone)]
pub(super) struct Selection {
    view: Arc<Mutex<RecordView>>,
    key: Option<Arc<[u8]>>,
}

/// Time limit for brokers to send the next record while records are left.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// Time limit of a read. Practically none: output may stop for as long as its reader does.
const READ_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);
/// Interval at which new records are looked for.
const FOLLOW_PAUSE: Duration = Duration::from_millis(200);
/// Number of decoded records that wait for the printer.
const CHANNEL_RECORDS: usize = 256;
/// Minimum number of offsets that a search for the latest records goes back first; doubled each time.
const FIRST_WINDOW: i64 = 64;

impl TopicReader {
    /// Looks the topic up.
    ///
    /// # Errors
    /// If the topic or the partition does not exist.
    pub(super) async fn open(
        broker: KafkaBroker,
        topic: &str,
        partition: Option<i32>,
    ) -> Result<Self, KafkaError> {
        let snapshot = broker.snapshot(topic, answer_deadline()).await?;
        let mut reader = Self {
            broker,
            topic: topic.to_owned(),
            partition,
            snapshot,
            positions: BTreeMap::new(),
        };
        let partitions = reader.partitions();
        if let (Some(partition), true) = (partition, partitions.is_empty()) {
            return Err(KafkaError::UnknownPartition(reader.place(partition)));
        }
        reader.positions = partitions
            .iter()
            .map(|(partition, ends)| (*partition, ends.high))
            .collect();
        Ok(reader)
    }

    /// Prints the records of the topic as of now, and returns their number. The latest are in order of their times, all
    /// others partition by partition.
    pub(super) async fn read(
        &mut self,
        from: Start,
        records: &mut Selection,
        printer: &mut RecordPrinter<impl io::Write>,
    ) -> Result<u64, Error> {
        if let Start::Latest(count) = from {
            let latest = self.latest(count as usize, records).await?;
            for record in &latest {
                printer.print(record)?;
            }
            return Ok(latest.len() as u64);
        }
        let starts = self.starts(from).await?;
        let mut printed = 0;
        for ((partition, ends), start) in self.partitions().into_iter().zip(starts) {
            if let Some(range) = OffsetRange::new(start.max(ends.low), ends.high) {
                printed += self.stream(partition, range, records, printer).await?;
            }
        }
        Ok(printed)
    }

    /// Prints records as they arrive. Ends only with an error.
    pub(super) async fn follow(
        &mut self,
        records: &mut Selection,
        printer: &mut RecordPrinter<impl io::Write>,
    ) -> Result<(), Error> {
        let planned = self.snapshot.topic_id;
        loop {
            tokio::time::sleep(FOLLOW_PAUSE).await;
            self.snapshot = self.broker.snapshot(&self.topic, answer_deadline()).await?;
            if let (Some(planned), Some(found)) = (planned, self.snapshot.topic_id)
                && planned != found
            {
                let topic = self.topic.clone();
                return Err(KafkaError::Recreated {
                    topic,
                    planned,
                    found,
                }
                .into());
            }
            for (partition, ends) in self.partitions() {
                // A new partition is read from its beginning.
                let position = self.positions.get(&partition).copied().unwrap_or(ends.low);
                if let Some(range) = OffsetRange::new(position.max(ends.low), ends.high) {
                    self.stream(partition, range, records, printer).await?;
                    self.positions.insert(partition, range.end());
                }
            }
        }
    }

    /// First offset to read of each partition.
    async fn starts(&self, from: Start) -> Result<Vec<i64>, Error> {
        let partitions = self.partitions();
        let lows = || partitions.iter().map(|(_, ends)| ends.low).collect();
        Ok(match from {
            Start::Earliest | Start::Latest(_) => lows(),
            // No record is older.
            Start::Time(time_ms) if time_ms < EARLIEST_TIME_MS => lows(),
            Start::Time(time_ms) => {
                let numbers: Vec<i32> = partitions.iter().map(|(partition, _)| *partition).collect();
                let found = self
                    .broker
                    .offsets_at(&self.topic, &numbers, time_ms, answer_deadline());
                let ends = partitions.iter().map(|(_, ends)| ends.high);
                found
                    .await?
                    .into_iter()
                    .zip(ends)
                    .map(|(found, end)| found.unwrap_or(end))
                    .collect()
            }
            Start::Offset(offset) => {
                for (partition, ends) in &partitions {
                    let place = self.place(*partition);
                    if offset > ends.high {
                        let high = ends.high;
                        return Err(format!(
                            "{place} ends at offset {high}, wanted records from {offset} on"
                        )
                        .into());
                    }
                    if offset < ends.low {
                        eprintln!(
                            "{place} begins at offset {}: earlier records are deleted.",
                            ends.low
                        );
                    }
                }
                partitions.iter().map(|_| offset).collect()
            }
        })
    }

    /// Latest records of all partitions by their times, at most `count`.
    async fn latest(&self, count: usize, records: &Selection) -> Result<Vec<ShownRecord>, Error> {
        let mut latest = Vec::new();
        for (partition, ends) in self.partitions() {
            latest.extend(self.latest_of(partition, ends, count, records).await?);
        }
        latest.sort_by_key(|record: &ShownRecord| (record.time_ms, record.partition, record.offset));
        let rest = latest.len().saturating_sub(count);
        Ok(latest.split_off(rest))
    }

    /// Latest records of one partition. Goes back further and further: offsets may lack records, and records the key.
    async fn latest_of(
        &self,
        partition: i32,
        ends: Watermarks,
        count: usize,
        records: &Selection,
    ) -> Result<Vec<ShownRecord>, Error> {
        let mut found: VecDeque<ShownRecord> = VecDeque::new();
        let (mut end, mut window) = (ends.high, FIRST_WINDOW.max(count as i64));
        while let Some(range) = OffsetRange::new(ends.low.max(end - window), end) {
            let (sink, mut shown) = records.sink();
            let missing = count - found.len();
            let mut last: VecDeque<ShownRecord> = VecDeque::new();
            let read = self.read_range(partition, range, sink);
            tokio::pin!(read);
            let mut is_over = false;
            while let Some(record) = next(&mut shown, &mut is_over, read.as_mut()).await? {
                if last.len() == missing {
                    last.pop_front();
                }
                last.push_back(record);
            }
            last.append(&mut found);
            found = last;
            if found.len() >= count {
                break;
            }
            (end, window) = (range.start(), 2 * window);
        }
        Ok(found.into())
    }

    /// Prints the records of a range, and returns their number.
    async fn stream(
        &self,
        partition: i32,
        range: OffsetRange,
        records: &Selection,
        printer: &mut RecordPrinter<impl io::Write>,
    ) -> Result<u64, Error> {
        let (sink, mut shown) = records.sink();
        let read = self.read_range(partition, range, sink);
        tokio::pin!(read);
        let (mut printed, mut is_over) = (0, false);
        while let Some(record) = next(&mut shown, &mut is_over, read.as_mut()).await? {
            printer.print(&record)?;
            printed += 1;
            if shown.is_empty() {
                printer.flush()?;
            }
        }
        printer.flush()?;
        Ok(printed)
    }

    async fn read_range(
        &self,
        partition: i32,
        range: OffsetRange,
        sink: Sink,
    ) -> Result<ReadStats, KafkaError> {
        let planned = PlannedRange {
            topic_partition: self.place(partition),
            topic_id: self.snapshot.topic_id,
            range,
            on_expired_offsets: OnExpiredOffsets::Skip,
        };
        self.broker
            .read(&planned, Instant::now() + READ_LIMIT, Box::new(sink))
            .await
    }

    fn partitions(&self) -> Vec<(i32, Watermarks)> {
        let wanted =
            |(partition, _): &&(i32, Watermarks)| self.partition.is_none_or(|only| only == *partition);
        self.snapshot.partitions.iter().filter(wanted).copied().collect()
    }

    fn place(&self, partition: i32) -> TopicPartition {
        TopicPartition {
            topic: self.topic.clone(),
            partition,
        }
    }
}

/// Next record of a read, which it polls; `None` after the last.
async fn next(
    shown: &mut Receiver<ShownRecord>,
    is_over: &mut bool,
    mut read: std::pin::Pin<&mut impl Future<Output = Result<ReadStats, KafkaError>>>,
) -> Result<Option<ShownRecord>, Error> {
    loop {
        if *is_over {
            return Ok(shown.recv().await);
        }
        tokio::select! {
            biased;
            record = shown.recv() => if let Some(record) = record {
                return Ok(Some(record));
            } else {
                // The sink is dropped, so the read is about to end.
                read.as_mut().await?;
                *is_over = true;
            },
            stats = read.as_mut() => {
                stats?;
                *is_over = true;
            }
            () = tokio::time::sleep(SILENCE_LIMIT) => {
                let seconds = SILENCE_LIMIT.as_secs();
                return Err(format!("the brokers have sent nothing for {seconds} s, although records are left").into());
            }
        }
    }
}

impl Selection {
    /// Records with this key, or all without one, decoded by `view`.
    pub(super) fn new(view: RecordView, key: Option<Vec<u8>>) -> Self {
        Self {
            view: Arc::new(Mutex::new(view)),
            key: key.map(Arc::from),
        }
    }

    fn sink(&self) -> (Sink, Receiver<ShownRecord>) {
        let (shown, receiver) = mpsc::channel(CHANNEL_RECORDS);
        let sink = Sink {
            selection: self.clone(),
            shown,
        };
        (sink, receiver)
    }

    fn view(&self) -> MutexGuard<'_, RecordView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sink that decodes on the reading thread, where schemas may be looked up.
struct Sink {
    selection: Selection,
    shown: Sender<ShownRecord>,
}

impl RecordSink for Sink {
    /// Ends the read, without an error, if the printer is gone.
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        if self
            .selection
            .key
            .as_deref()
            .is_some_and(|key| record.key != Some(key))
        {
            return Ok(match self.shown.is_closed() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            });
        }
        let shown = self.selection.view().show(&record);
        Ok(match self.shown.blocking_send(shown) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        Ok(())
    }
}
