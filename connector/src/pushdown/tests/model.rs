//! Query over a narrowed plan compared with the same query over the whole topic, for any logs and
//! constraints.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimeUnit};
use proptest::prelude::*;
use protocol::{
    AllOrNoneValueSet, Bound, Constraints, EquatableValueSet, FederationResponse, GetSplitsRequest, Marker,
    Range, ReadRecordsRequest, SortedRangeSet, Split, ValueSet,
};
use topic::{RecordTimestamp, TimestampType};

use crate::records::read_records;
use crate::splits::get_splits;
use crate::testing::{TOPIC, World, soon, splits_request};
use kafka::EARLIEST_TIME_MS;
use kafka::memory::MemoryRecord;

const DOCUMENT: &str = r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
    {"name": "id", "mapping": "id", "type": "BIGINT"},
    {"name": "shard", "mapping": "", "source": "partition", "type": "INTEGER"},
    {"name": "shard_name", "mapping": "", "source": "partition", "type": "VARCHAR"},
    {"name": "place", "mapping": "", "source": "offset", "type": "BIGINT"},
    {"name": "small", "mapping": "", "source": "offset", "type": "TINYINT"},
    {"name": "exact", "mapping": "", "source": "offset", "type": "DECIMAL(4,1)"},
    {"name": "at", "mapping": "", "source": "timestamp", "type": "TIMESTAMP"},
    {"name": "day", "mapping": "", "source": "timestamp", "type": "DATE"},
    {"name": "instant", "mapping": "", "source": "timestamp", "type": "TIMESTAMP WITH TIME ZONE"}
]}}"#;

const DAY_MS: i64 = 86_400_000;
/// Midnight in 2011: offsets are looked up for times from there on.
const START_DAY: i64 = 15_000;
const START_MS: i64 = START_DAY * DAY_MS;
const _: () = assert!(START_MS > EARLIEST_TIME_MS);

/// Entry of a log.
#[derive(Debug, Clone)]
enum Entry {
    Record { id: i64, millis: Option<i64> },
    Tombstone,
    Bad { millis: i64 },
    Gap { offsets: i64 },
}

fn entry() -> impl Strategy<Value = Entry> {
    let millis = || {
        prop_oneof![
            0..40_i64,
            (0..5_i64, 0..3_i64).prop_map(|(day, ms)| day * DAY_MS + ms)
        ]
        .prop_map(|ms| START_MS + ms)
    };
    prop_oneof![
        8 => (0..10_i64, prop::option::weighted(0.9, millis())).prop_map(|(id, millis)| Entry::Record { id, millis }),
        1 => Just(Entry::Tombstone),
        1 => millis().prop_map(|millis| Entry::Bad { millis }),
        1 => prop_oneof![1..50_i64, 900..1500_i64].prop_map(|offsets| Entry::Gap { offsets }),
    ]
}

/// Logs of a cluster, one for each partition.
#[derive(Debug, Clone)]
struct Logs {
    partitions: Vec<Vec<Entry>>,
    /// Whether timestamps ascend, as the topic's setting promises.
    log_append_time: bool,
    /// Offset before which retention has deleted records.
    low: i64,
}

fn logs() -> impl Strategy<Value = Logs> {
    let partitions = prop::collection::vec(prop::collection::vec(entry(), 0..30), 1..4);
    (partitions, any::<bool>(), 0..8_i64).prop_map(|(partitions, log_append_time, low)| Logs {
        partitions,
        log_append_time,
        low,
    })
}

impl Logs {
    fn world(&self, max_records_per_split: &str) -> World {
        let vars = [
            ("spill_bucket", "spill"),
            ("max_records_per_split", max_records_per_split),
            ("on_tombstone", "null"),
        ];
        let world = World::with_vars(self.partitions.len(), &vars);
        world
            .registry
            .register_schema("customer", "orders", "JSON", DOCUMENT);
        if self.log_append_time {
            world.broker.set_log_append_time(TOPIC);
        }
        for (partition, entries) in (0..).zip(&self.partitions) {
            let mut now = 0;
            for entry in entries {
                self.append(&world, partition, entry, &mut now);
            }
            world
                .broker
                .expire(TOPIC, partition, self.low.min(entries.len() as i64));
        }
        world
    }

    fn append(&self, world: &World, partition: i32, entry: &Entry, now: &mut i64) {
        let mut timestamp = |millis: i64| {
            let kind = if self.log_append_time {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            };
            *now = millis.max(*now);
            let millis = if self.log_append_time { *now } else { millis };
            Some(RecordTimestamp { millis, kind })
        };
        let record = match entry {
            Entry::Gap { offsets } => return world.broker.append_gap(TOPIC, partition, *offsets),
            Entry::Record { id, millis } => MemoryRecord {
                value: Some(format!(r#"{{"id": {id}}}"#).into()),
                timestamp: millis.and_then(&mut timestamp),
                ..MemoryRecord::default()
            },
            Entry::Bad { millis } => MemoryRecord {
                value: Some(b"{".to_vec()),
                timestamp: timestamp(*millis),
                ..MemoryRecord::default()
            },
            Entry::Tombstone => MemoryRecord::default(),
        };
        world.broker.append_record(TOPIC, partition, record);
    }
}

/// Numbers as values of the column, each as the column shows it.
fn values(column: &str, numbers: &[i64]) -> ArrayRef {
    let ints: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
    let days = || numbers.iter().map(|number| START_DAY + number % 6);
    match column {
        "shard" => cast(&ints, &DataType::Int32).unwrap(),
        "shard_name" => cast(&ints, &DataType::Utf8).unwrap(),
        "small" => {
            let small: Int64Array = numbers.iter().map(|number| number % 128).collect();
            cast(&small, &DataType::Int8).unwrap()
        }
        "exact" => {
            // Halves, too.
            let tenths = numbers.iter().map(|number| i128::from(*number % 1000) * 5);
            let exact: arrow::array::Decimal128Array = tenths.collect();
            Arc::new(exact.with_precision_and_scale(4, 1).unwrap())
        }
        "at" => {
            let at: Int64Array = numbers.iter().map(|number| at(*number)).collect();
            cast(&at, &DataType::Date64).unwrap()
        }
        "day" => {
            let days: Int64Array = days().collect();
            cast(&cast(&days, &DataType::Int32).unwrap(), &DataType::Date32).unwrap()
        }
        "instant" => {
            let packed: Int64Array = numbers.iter().map(|number| (at(*number) << 12) | 1170).collect();
            cast(
                &packed,
                &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            )
            .unwrap()
        }
        _ => ints,
    }
}

/// Time near those of the records.
fn at(number: i64) -> i64 {
    let since_start = if number < 30 {
        number
    } else {
        (number % 6) * DAY_MS + number % 3
    };
    START_MS + since_start
}

/// Set of any kind over a column, from numbers.
fn value_set(column: &'static str) -> impl Strategy<Value = ValueSet> {
    let number = || prop_oneof![0..6_i64, 0..60_i64, 0..3000_i64];
    let numbers = prop::collection::vec(number(), 0..6);
    (numbers, 0..7_u8, any::<bool>(), any::<bool>()).prop_map(move |(numbers, kind, exact, null_allowed)| {
        let data_type = values(column, &[]).data_type().clone();
        let one = |number: i64| values(column, &[number]);
        let range = match kind {
            0 => {
                let values = values(column, &numbers);
                return EquatableValueSet {
                    values,
                    white_list: exact,
                    null_allowed,
                }
                .into();
            }
            1 => {
                return AllOrNoneValueSet {
                    data_type,
                    all: exact,
                    null_allowed,
                }
                .into();
            }
            2 => numbers
                .iter()
                .map(|&number| Range::equal(one(number)).unwrap())
                .collect(),
            3 => numbers
                .first()
                .map(|&number| Range::at_least(one(number)).unwrap())
                .into_iter()
                .collect(),
            4 => numbers
                .first()
                .map(|&number| Range::below(one(number)).unwrap())
                .into_iter()
                .collect(),
            _ => {
                let between = |pair: &[i64]| {
                    let low = Marker::at(one(pair[0]), if exact { Bound::Exactly } else { Bound::Above })?;
                    let high = Marker::at(
                        one(*pair.get(1)?),
                        if kind == 5 { Bound::Exactly } else { Bound::Below },
                    )?;
                    Range::try_new(low, high).ok()
                };
                numbers.chunks(2).filter_map(between).collect::<Vec<_>>()
            }
        };
        SortedRangeSet::try_new(data_type, range, null_allowed)
            .unwrap()
            .into()
    })
}

fn constraints() -> impl Strategy<Value = Constraints> {
    let columns = [
        "id",
        "shard",
        "shard_name",
        "place",
        "small",
        "exact",
        "at",
        "day",
        "instant",
    ];
    let chosen = prop::sample::subsequence(columns.to_vec(), 0..=3);
    let summary = chosen.prop_flat_map(|columns| {
        let sets = columns
            .into_iter()
            .map(|column| value_set(column).prop_map(move |set| (column.to_owned(), set)));
        sets.collect::<Vec<_>>()
    });
    (summary, prop::option::of(0..12_u64)).prop_map(|(summary, limit)| Constraints {
        summary: summary.into_iter().collect(),
        limit,
        ..Constraints::default()
    })
}

/// Rows by partition and offset, which are unique.
type Rows = BTreeMap<(i32, i64), Option<i64>>;

async fn plan(world: &World, constraints: &Constraints) -> Vec<Split> {
    let (mut splits, mut continuation_token) = (Vec::new(), None);
    loop {
        let request = GetSplitsRequest {
            constraints: constraints.clone(),
            ..splits_request(continuation_token)
        };
        let page = get_splits(&world.parts, request, soon()).await.unwrap();
        splits.extend(page.splits);
        continuation_token = page.continuation_token;
        if continuation_token.is_none() {
            return splits;
        }
    }
}

async fn read(world: &World, splits: Vec<Split>, constraints: &Constraints) -> Vec<Rows> {
    let template = world.read_request(0, 1).await;
    let mut answers = Vec::new();
    for split in splits {
        let request = ReadRecordsRequest {
            split,
            constraints: constraints.clone(),
            ..template.clone()
        };
        match read_records(&world.parts, request, soon()).await.unwrap() {
            FederationResponse::ReadRecords(response) => answers.push(rows(&response.records.batch)),
            other => panic!("wanted rows inline, found {other:?}"),
        }
    }
    answers
}

fn rows(batch: &RecordBatch) -> Rows {
    let column = |name| batch.column_by_name(name).unwrap();
    let (ids, places) = (
        column("id").as_primitive::<Int64Type>(),
        column("place").as_primitive::<Int64Type>(),
    );
    let shards = column("shard").as_primitive::<Int32Type>();
    let row = |row| {
        let id = ids.is_valid(row).then(|| ids.value(row));
        ((shards.value(row), places.value(row)), id)
    };
    (0..batch.num_rows()).map(row).collect()
}

fn all(answers: &[Rows]) -> Rows {
    answers
        .iter()
        .flatten()
        .map(|(place, id)| (*place, *id))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_narrowed_plan_gives_the_rows_of_the_whole_plan(
        logs in logs(), constraints in constraints(), size in prop::sample::select(vec!["50", "400", "100000"]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = logs.world(size);
            let unlimited = Constraints { limit: None, ..constraints.clone() };
            let whole = read(&world, plan(&world, &Constraints::default()).await, &unlimited).await;
            let pruned = read(&world, plan(&world, &unlimited).await, &unlimited).await;
            prop_assert_eq!(all(&pruned), all(&whole));
            prop_assert_eq!(pruned.iter().map(BTreeMap::len).sum::<usize>(), all(&whole).len(), "no row twice");

            let limited = read(&world, plan(&world, &constraints).await, &constraints).await;
            let limit = constraints.limit.unwrap_or(u64::MAX) as usize;
            if limit > 0 {
                prop_assert_eq!(limited.len(), pruned.len());
            }
            for (some, every) in limited.iter().zip(&pruned) {
                prop_assert!(some.iter().all(|(place, id)| every.get(place) == Some(id)), "rows of the answer");
                prop_assert!(some.len() >= every.len().min(limit), "{} of {}, limit {}", some.len(), every.len(), limit);
            }
            Ok(())
        })?;
    }
}
