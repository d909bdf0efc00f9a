//! The command `topics`: a list of topics with their sizes and offsets.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use kafka::{ListedPartition, ListedTopic, Watermarks};
use serde::Serialize;

use super::brokers::{BrokersArgs, answer_deadline};
use super::listing::Listing;
use super::log_dirs::{LogDirs, PartitionBytes};
use super::terminal::Error;

#[derive(Debug, Args)]
pub(super) struct TopicsArgs {
    /// Topic to list by partition [default: all topics].
    topic: Option<String>,
    #[command(flatten)]
    brokers: BrokersArgs,
    /// Include Kafka's own topics, whose names begin with `__`.
    #[arg(long, conflicts_with = "topic")]
    all: bool,
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    output: ListFormat,
}

/// Output format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    Table,
    /// One object for each line.
    Json,
}

pub(super) async fn run(args: &TopicsArgs) -> Result<(), Error> {
    let connection = args.brokers.connect().await?;
    let listed = connection.broker.topics(args.topic.as_deref(), answer_deadline());
    let mut topics = listed.await?;
    if args.topic.is_none() && !args.all {
        topics.retain(|topic| !topic.is_internal());
    }
    let bytes = LogDirs::of(&connection.config.cluster).bytes().await;
    let mut out = io::stdout().lock();
    match (args.output, &args.topic) {
        (ListFormat::Json, _) => {
            for topic in &topics {
                serde_json::to_writer(&mut out, &shown(topic, &bytes)).map_err(io::Error::from)?;
                writeln!(out)?;
            }
        }
        (ListFormat::Table, None) => writeln!(out, "{}", topics_table(&topics, &bytes))?,
        (ListFormat::Table, Some(_)) => {
            for topic in &topics {
                writeln!(out, "{}", partitions_table(topic, &bytes))?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Topic in JSON.
#[derive(Serialize)]
struct ShownTopic<'a> {
    topic: &'a str,
    /// Number of offsets, an upper bound of the records; `null` if an end is unknown.
    records: Option<u64>,
    bytes: Option<u64>,
    cleanup_policy: Option<&'a str>,
    partitions: Vec<ShownPartition>,
}

#[derive(Serialize)]
struct ShownPartition {
    partition: i32,
    leader: Option<i32>,
    earliest_offset: Option<i64>,
    /// One past the last offset.
    latest_offset: Option<i64>,
    bytes: Option<u64>,
}

fn shown<'a>(topic: &'a ListedTopic, bytes: &PartitionBytes) -> ShownTopic<'a> {
    let partition = |listed: &ListedPartition| ShownPartition {
        partition: listed.partition,
        leader: listed.leader,
        earliest_offset: listed.watermarks.map(|ends| ends.low),
        latest_offset: listed.watermarks.map(|ends| ends.high),
        bytes: bytes.of_partition(&topic.name, listed.partition),
    };
    ShownTopic {
        topic: &topic.name,
        records: topic.offsets(),
        bytes: bytes.of_topic(&topic.name),
        cleanup_policy: topic.cleanup_policy.as_deref(),
        partitions: topic.partitions.iter().map(partition).collect(),
    }
}

fn topics_table(topics: &[ListedTopic], bytes: &PartitionBytes) -> Listing {
    let mut table = Listing::new(&["TOPIC", "PARTITIONS", "RECORDS", "BYTES", "CLEANUP", "OFFSETS"]);
    table.align_right(&[1, 2, 3]);
    for topic in topics {
        table.row([
            topic.name.clone(),
            topic.partitions.len().to_string(),
            number(topic.offsets()),
            number(bytes.of_topic(&topic.name)),
            topic.cleanup_policy.clone().unwrap_or_else(unknown),
            ends(&topic.partitions),
        ]);
    }
    table
}

fn partitions_table(topic: &ListedTopic, bytes: &PartitionBytes) -> Listing {
    let mut table = Listing::new(&["PARTITION", "LEADER", "RECORDS", "BYTES", "OFFSETS"]);
    table.align_right(&[0, 1, 2, 3]);
    for partition in &topic.partitions {
        let records = partition.watermarks.map(|ends| ends.high.abs_diff(ends.low));
        table.row([
            partition.partition.to_string(),
            partition.leader.map_or_else(unknown, |leader| leader.to_string()),
            number(records),
            number(bytes.of_partition(&topic.name, partition.partition)),
            partition.watermarks.map_or_else(unknown, range),
        ]);
    }
    table
}

/// Number of partitions whose ends are in a topic's row.
const SHOWN: usize = 4;

fn ends(partitions: &[ListedPartition]) -> String {
    let shown = partitions.iter().take(SHOWN).map(|partition| {
        let ends = partition.watermarks.map_or_else(unknown, range);
        format!("{}: {ends}", partition.partition)
    });
    let mut shown: Vec<String> = shown.collect();
    if partitions.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

fn range(ends: Watermarks) -> String {
    format!("{}..{}", ends.low, ends.high)
}

fn number(number: Option<u64>) -> String {
    number.map_or_else(unknown, |number| number.to_string())
}

fn unknown() -> String {
    "?".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic() -> ListedTopic {
        let partition = |partition, ends: Option<(i64, i64)>| ListedPartition {
            partition,
            leader: ends.map(|_| 1),
            watermarks: ends.map(|(low, high)| Watermarks { low, high }),
        };
        ListedTopic {
            name: "orders".to_owned(),
            partitions: vec![partition(0, Some((5, 15))), partition(1, None)],
            cleanup_policy: Some("compact".to_owned()),
        }
    }

    #[test]
    fn unknown_values_are_question_marks() {
        let text = topics_table(&[topic()], &PartitionBytes::default()).to_string();
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            row,
            ["orders", "2", "?", "?", "compact", "0:", "5..15,", "1:", "?"]
        );
        let text = partitions_table(&topic(), &PartitionBytes::default()).to_string();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(1)
            .map(|row| row.split_whitespace().collect())
            .collect();
        assert_eq!(rows, [["0", "1", "10", "?", "5..15"], ["1", "?", "?", "?", "?"]]);
    }

    #[test]
    fn the_ends_of_a_few_partitions_are_spelt_out() {
        let partitions = vec![topic().partitions[0]; 6];
        assert_eq!(ends(&partitions), "0: 5..15, 0: 5..15, 0: 5..15, 0: 5..15, …");
    }
}
