use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::mocking::MockCluster;

use super::CONCURRENT_GROUPS;
use crate::auth::credentials::memory::MemoryCredentialStore;
use crate::testing::{COMMITTED, END, Script, ScriptedBroker, time_ms};
use crate::{Broker, Cluster, IsolationLevel, KafkaBroker, PartitionState};

fn broker(bootstrap_servers: impl Into<String>) -> KafkaBroker {
    let store = Arc::new(MemoryCredentialStore::new());
    KafkaBroker::new(
        Cluster::at(bootstrap_servers),
        IsolationLevel::ReadCommitted,
        store,
    )
}

/// Deadline that is not reached: waiting for a leader ends with an error after a minute.
fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

/// Leader of each partition, and whether its log is known.
fn shown(states: &[PartitionState]) -> Vec<(i32, Option<i32>, bool)> {
    let shown = states
        .iter()
        .map(|state| (state.partition, state.leader, state.log.is_some()));
    shown.collect()
}

#[tokio::test]
async fn a_partition_without_a_leader_is_shown_and_the_others_are_complete() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("orders", 3, 1).unwrap();
    mock.partition_leader("orders", 1, None).unwrap();
    let broker = broker(mock.bootstrap_servers());
    let states = broker.partition_states("orders", deadline()).await.unwrap();
    assert_eq!(
        shown(&states),
        [(0, Some(1), true), (1, None, false), (2, Some(1), true)]
    );
    for partition in [0, 2] {
        mock.partition_leader("orders", partition, None).unwrap();
    }
    let states = broker.partition_states("orders", deadline()).await.unwrap();
    assert_eq!(
        shown(&states),
        [0, 1, 2].map(|partition| (partition, None, false))
    );
}

/// The brokers name a leader first that does not answer any more.
#[tokio::test]
async fn a_partition_that_loses_its_leader_meanwhile_is_not_waited_for() {
    let mock = MockCluster::new(2).unwrap();
    mock.create_topic("orders", 2, 2).unwrap();
    mock.partition_leader("orders", 0, Some(1)).unwrap();
    mock.partition_leader("orders", 1, Some(2)).unwrap();
    mock.broker_down(2).unwrap();
    let broker = broker(mock.bootstrap_servers());
    let lose = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        mock.partition_leader("orders", 1, None).unwrap();
    };
    let (states, ()) = tokio::join!(broker.partition_states("orders", deadline()), lose);
    assert_eq!(shown(&states.unwrap()), [(0, Some(1), true), (1, None, false)]);
}

#[tokio::test]
async fn the_greatest_timestamp_is_unknown_where_brokers_do_not_know_the_question() {
    for is_before_kafka_3 in [false, true] {
        let scripted = ScriptedBroker::start(Script {
            is_before_kafka_3,
            ..Script::default()
        });
        let broker = broker(&scripted.address);
        let states = broker.partition_states("orders", deadline()).await.unwrap();
        let log = states[0].log.as_ref().unwrap();
        assert_eq!((log.earliest_offset, log.latest_offset), (0, END));
        assert_eq!(log.first_timestamp_ms, Some(time_ms(0)));
        let greatest = (!is_before_kafka_3).then_some(time_ms(END - 1));
        assert_eq!(log.newest_timestamp_ms, greatest);
    }
}

/// More groups than are asked at once. The broker answers none before it has been asked for that many.
#[tokio::test]
async fn groups_are_asked_together_and_a_lag_without_a_leader_is_unknown() {
    let groups = CONCURRENT_GROUPS + 3;
    let scripted = ScriptedBroker::start(Script {
        groups,
        asked_together: CONCURRENT_GROUPS,
        ..Script::default()
    });
    let broker = broker(&scripted.address);
    let committed = broker.committed_offsets("orders", deadline()).await.unwrap();
    assert_eq!(committed.len(), 2 * groups);
    for (place, committed) in committed.iter().enumerate() {
        let lag = (committed.partition == 0).then_some(END - COMMITTED);
        assert_eq!(
            (committed.offset, committed.lag),
            (COMMITTED, lag),
            "{committed:?}"
        );
        assert_eq!(committed.group, format!("group-{:03}", place / 2));
    }
}
