//! Faults while splits are read.

use std::time::Duration;

use embedded::kafka::{ApiKey, EmbeddedKafka};

use super::parts::{Parts, SETTLE_LIMIT};

/// Fault while splits are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    KillConnections(Duration),
    StallFetches(Duration),
    Expire {
        partition: usize,
        offset: i64,
        when: Moment,
    },
}

/// Time at which a log start moves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// Fetches are stalled from the beginning, so that readers have looked up the log start, but read
    /// nothing.
    BeforeFetches(Duration),
    /// As soon as something was read.
    BetweenFetches,
}

/// Causes a fault, at its time if it has one. Meanwhile every fetch of the embedded broker takes `delay_ms`,
/// so that the fault occurs in between.
pub(super) async fn happen(parts: &Parts, topic: &str, fault: Option<Fault>, delay_ms: u64) {
    let (Some(fault), kafka) = (fault, parts.world.broker.as_embedded()) else {
        return;
    };
    if let Some(kafka) = kafka {
        kafka.delay(ApiKey::Fetch, Duration::from_millis(delay_ms));
    }
    match (fault, kafka) {
        (Fault::KillConnections(moment), Some(kafka)) => {
            tokio::time::sleep(moment).await;
            kafka.kill_connections();
        }
        (Fault::StallFetches(duration), Some(kafka)) => kafka.stall_fetches(duration),
        (
            Fault::Expire {
                partition,
                offset,
                when,
            },
            Some(kafka),
        ) => {
            match when {
                Moment::BeforeFetches(moment) => {
                    kafka.stall_fetches(SETTLE_LIMIT);
                    tokio::time::sleep(moment).await;
                }
                Moment::BetweenFetches => {
                    fetched(kafka, topic).await;
                    kafka.stall_fetches(SETTLE_LIMIT);
                }
            }
            move_log_start(parts, topic, partition, offset).await;
            kafka.resume_fetches();
        }
        (
            Fault::Expire {
                partition, offset, ..
            },
            None,
        ) => {
            move_log_start(parts, topic, partition, offset).await;
        }
        _ => {}
    }
    if let Some(kafka) = kafka {
        kafka.delay(ApiKey::Fetch, Duration::ZERO);
    }
}

/// Waits a limited time until a fetch has returned records of the topic.
async fn fetched(kafka: &EmbeddedKafka, topic: &str) {
    let records = || kafka.fetched(topic).expect("the topic").records;
    let before = records();
    for _ in 0..200 {
        if records() > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Moves a partition's log start, as retention does.
pub(super) async fn move_log_start(parts: &Parts, topic: &str, partition: usize, offset: i64) {
    let partition = partition as i32;
    match parts.world.broker.as_embedded() {
        Some(kafka) => kafka
            .log_start(topic, partition, offset)
            .expect("an offset of the log"),
        None => {
            let broker = &parts.world.broker;
            broker.delete_records_before(topic, partition, offset).await;
        }
    }
}
