use arrow::util::pretty::pretty_format_batches;
use kafka::memory::MemoryRecord;
use kafka::{CommittedOffset, MemoryBroker, PartitionState};
use topic::{RecordTimestamp, TimestampType};

use super::*;
use crate::testing::soon;

fn broker() -> MemoryBroker {
    let broker = MemoryBroker::default();
    broker.create_topic("orders", 2);
    for millis in [3_000, 1_000, 2_000] {
        let timestamp = Some(RecordTimestamp {
            millis,
            kind: TimestampType::CreateTime,
        });
        let record = MemoryRecord {
            timestamp,
            ..MemoryRecord::default()
        };
        broker.append_record("orders", 0, record);
    }
    broker.expire("orders", 0, 1);
    broker.commit("loader", "orders", 0, 2);
    broker.commit("loader", "others", 0, 9);
    broker
}

async fn shown(table: SystemTable, columns: &[usize]) -> String {
    let schema = table.schema("orders").project(columns).unwrap();
    let rows = table
        .rows(&broker(), "orders", &Arc::new(schema), soon())
        .await
        .unwrap();
    pretty_format_batches(&[rows]).unwrap().to_string()
}

#[tokio::test]
async fn partitions_show_their_ends_and_their_brokers() {
    let shown = shown(SystemTable::Partitions, &[0, 1, 2, 3, 4, 5, 6, 7, 8]).await;
    let rows: Vec<_> = shown
        .lines()
        .skip(3)
        .take(2)
        .map(|row| row.replace(' ', ""))
        .collect();
    assert_eq!(
        rows,
        [
            "|0|1|3|3|2|1970-01-01T00:00:01|1970-01-01T00:00:02|0|[0]|",
            "|1|0|0|0|0|||0|[0]|"
        ]
    );
}

#[test]
fn what_only_a_leader_knows_is_null_without_one() {
    let state = PartitionState {
        partition: 7,
        leader: None,
        replicas: vec![1],
        in_sync_replicas: vec![],
        log: None,
    };
    let columns = partitions::columns(&[state]);
    let nulls: Vec<_> = columns.iter().map(|column| column.is_null(0)).collect();
    assert_eq!(
        nulls,
        [false, true, true, true, true, true, true, true, false, false]
    );
    let committed = CommittedOffset {
        group: "loader".into(),
        partition: 7,
        offset: 3,
        lag: None,
    };
    let columns = groups::columns(&[committed]);
    let nulls: Vec<_> = columns.iter().map(|column| column.is_null(0)).collect();
    assert_eq!(nulls, [false, false, false, true]);
}

#[tokio::test]
async fn groups_show_how_far_they_are_in_this_topic() {
    let shown = shown(SystemTable::Groups, &[3, 2, 1, 0]).await;
    let rows: Vec<_> = shown.lines().skip(3).map(|row| row.replace(' ', "")).collect();
    assert_eq!(rows[..1], ["|1|2|0|loader|"]);
    assert_eq!(rows.len(), 2);
}

#[tokio::test]
async fn a_column_that_is_not_there_is_named() {
    let schema = Arc::new(Schema::new(vec![Field::new(
        "size",
        arrow::datatypes::DataType::Int64,
        true,
    )]));
    let error = SystemTable::Groups
        .rows(&broker(), "orders", &schema, soon())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "table `orders$groups` has no column `size` of this type"
    );
}

#[test]
fn names_are_told_apart_by_their_ends() {
    for (name, wanted) in [
        ("orders$partitions", Some(("orders", SystemTable::Partitions))),
        ("a$b$GROUPS", Some(("a$b", SystemTable::Groups))),
        ("orders", None),
        ("$groups", None),
        ("orders$parts", None),
        ("ä$groups", Some(("ä", SystemTable::Groups))),
        ("ääääääää", None),
    ] {
        assert_eq!(SystemTable::of_name(name), wanted, "{name}");
    }
}

#[test]
fn a_split_says_what_it_is_of() {
    for cluster in [None, Some("payments".to_owned())] {
        let split = SystemSplit {
            table: SystemTable::Groups,
            topic: "orders".into(),
            cluster,
        };
        assert_eq!(SystemSplit::from_properties(&split.to_properties()), Some(split));
    }
    assert_eq!(SystemSplit::from_properties(&BTreeMap::new()), None);
}
