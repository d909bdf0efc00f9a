//! Sending of orders: when each is sent, and to which partition.

use std::str::FromStr;
use std::time::Duration;

use crate::encode::{ItemsAs, encode_key, encode_value};
use crate::order::Order;
use crate::send::{Progress, SendConfig, SendError, Sender};
use crate::summary::Summary;

/// Interval of the calls of the progress callback.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Destination and options of sending orders.
#[derive(Debug, Clone)]
pub struct PublishConfig {
    pub to: SendConfig,
    pub items_as: ItemsAs,
    pub partitioning: Partitioning,
    pub pace: Pace,
    /// Time after which no order is sent; `None` to send all orders.
    pub max_run: Option<Duration>,
}

impl PublishConfig {
    /// Defaults: as fast as possible, items as text, partition by key.
    pub fn new(bootstrap_servers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            to: SendConfig::new(bootstrap_servers, topic),
            items_as: ItemsAs::default(),
            partitioning: Partitioning::default(),
            pace: Pace::Unlimited,
            max_run: None,
        }
    }
}

/// Partitioning of the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partitioning {
    /// By murmur2 of the key, like Java's and Python's clients: the partition of an order id is fixed, and
    /// partitions have about, not exactly, the same size.
    #[default]
    KeyHash,
    /// Order `i` to partition `i mod partitions`: sizes differ by at most one, and each partition is in time
    /// order.
    RoundRobin,
}

impl Partitioning {
    /// Where order `index` goes; `None` leaves that to the client.
    fn partition(self, index: u64, partitions: u64) -> Option<i32> {
        match self {
            Self::KeyHash => None,
            // Less than the number of partitions, which is an i32.
            Self::RoundRobin => Some((index % partitions) as i32),
        }
    }
}

impl FromStr for Partitioning {
    type Err = UnknownPartitioning;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "key" => Ok(Self::KeyHash),
            "round-robin" => Ok(Self::RoundRobin),
            _ => Err(UnknownPartitioning(text.to_owned())),
        }
    }
}

/// Error of a text that is neither `key` nor `round-robin`.
#[derive(Debug, thiserror::Error)]
#[error("partitioning: wanted key or round-robin, found {0:?}")]
pub struct UnknownPartitioning(String);

/// Rate of sending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as the broker accepts orders.
    Unlimited,
    /// Evenly over time, this many per second; catches up after a delay.
    PerSecond(u32),
}

impl Pace {
    /// A hundred orders a second, as in the article.
    pub const ARTICLE: Self = Self::PerSecond(100);

    /// Time from the start at which order `index` (from 0) is due.
    fn due(self, index: u64) -> Duration {
        match self {
            Self::Unlimited => Duration::ZERO,
            Self::PerSecond(rate) => Duration::from_secs_f64(index as f64 / f64::from(rate.max(1))),
        }
    }
}

/// Sends `orders` until they or [`PublishConfig::max_run`] end, waits for every delivery report, and returns
/// a summary of what was sent.
///
/// Memory is bounded by `max_queued_records`. `progress` is called about ten times a second, and at the end.
///
/// # Errors
/// If not all orders were delivered; those delivered before stay in the topic.
pub async fn publish(
    config: &PublishConfig,
    orders: impl IntoIterator<Item = Order>,
    mut progress: impl FnMut(Progress),
) -> Result<Summary, SendError> {
    let mut sender = Sender::connect(&config.to).await?;
    let mut summary = Summary::default();
    let mut next_progress = PROGRESS_INTERVAL;
    for order in orders {
        let index = summary.orders;
        if !wait_for_turn(config, &sender, index).await || sender.has_failed() {
            break;
        }
        let (key, value) = (encode_key(&order), encode_value(&order, config.items_as));
        let partition = config.partitioning.partition(index, sender.partitions());
        sender.send(Some(&key), &value, partition).await?;
        summary.add(&order);
        if sender.elapsed() >= next_progress {
            next_progress = sender.elapsed() + PROGRESS_INTERVAL;
            progress(sender.progress());
        }
    }
    sender.finish(progress).await?;
    Ok(summary)
}

/// Waits until order `index` is due; `false` if that is after the end of the run.
async fn wait_for_turn(config: &PublishConfig, sender: &Sender, index: u64) -> bool {
    let due = config.pace.due(index).max(sender.elapsed());
    if config.max_run.is_some_and(|max_run| due >= max_run) {
        return false;
    }
    if due > sender.elapsed() {
        tokio::time::sleep_until(sender.started() + due).await;
    }
    true
}

#[cfg(test)]
mod tests;
