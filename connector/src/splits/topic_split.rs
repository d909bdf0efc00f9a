//! Splits of this connector, and their form as properties of the protocol's split.

use std::collections::BTreeMap;

use kafka::{OffsetRange, TopicId, TopicPartition};

/// Property with the cluster's name; absent for the default cluster.
const CLUSTER: &str = "cluster";
const TOPIC: &str = "topic";
/// Property with the topic's id; absent if the brokers do not assign ids: then a recreated topic is not
/// detected.
const TOPIC_ID: &str = "topicId";
const PARTITION: &str = "partition";
const START_OFFSET: &str = "startOffset";
/// Property with the end offset, which is exclusive, unlike the Java connector's property of this name.
const END_OFFSET: &str = "endOffset";
/// Absent if all rows are wanted.
const NEWEST_ROWS: &str = "newestRows";

/// Range that one ReadRecords call reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSplit {
    /// Name of the cluster among the configured ones; `None` for the default.
    pub cluster: Option<String>,
    pub topic_partition: TopicPartition,
    /// Id of the planned topic, if it is known.
    pub topic_id: Option<TopicId>,
    pub range: OffsetRange,
    /// Number of rows, counted from the end of the range, that are enough; `None` for all.
    pub newest_rows: Option<u64>,
}

impl TopicSplit {
    pub fn to_properties(&self) -> BTreeMap<String, String> {
        let TopicPartition { topic, partition } = &self.topic_partition;
        let mut properties = BTreeMap::from([
            (TOPIC.to_owned(), topic.clone()),
            (PARTITION.to_owned(), partition.to_string()),
            (START_OFFSET.to_owned(), self.range.start().to_string()),
            (END_OFFSET.to_owned(), self.range.end().to_string()),
        ]);
        if let Some(cluster) = &self.cluster {
            properties.insert(CLUSTER.to_owned(), cluster.clone());
        }
        if let Some(topic_id) = self.topic_id {
            properties.insert(TOPIC_ID.to_owned(), topic_id.to_string());
        }
        if let Some(rows) = self.newest_rows {
            properties.insert(NEWEST_ROWS.to_owned(), rows.to_string());
        }
        properties
    }

    /// # Errors
    /// If a property is missing, is not a number or not a topic id, or the range is empty.
    pub fn from_properties(properties: &BTreeMap<String, String>) -> Result<Self, PropertyError> {
        let text = |name| properties.get(name).ok_or(PropertyError::Missing { name });
        let number = |name| {
            let text = text(name)?;
            let wrong = || PropertyError::NotANumber {
                name,
                found: text.chars().take(MAX_QUOTED_CHARS).collect(),
            };
            text.parse::<i64>()
                .ok()
                .filter(|number| *number >= 0)
                .ok_or_else(wrong)
        };
        let partition = number(PARTITION)?;
        let partition =
            i32::try_from(partition).map_err(|_| PropertyError::NoPartition { found: partition })?;
        let (start, end) = (number(START_OFFSET)?, number(END_OFFSET)?);
        let range = OffsetRange::new(start, end).ok_or(PropertyError::EmptyRange { start, end })?;
        let topic_id = properties.get(TOPIC_ID).map(|text| {
            text.parse().map_err(|_| PropertyError::NotATopicId {
                found: text.chars().take(MAX_QUOTED_CHARS).collect(),
            })
        });
        Ok(Self {
            cluster: properties.get(CLUSTER).cloned(),
            topic_partition: TopicPartition {
                topic: text(TOPIC)?.clone(),
                partition,
            },
            topic_id: topic_id.transpose()?,
            range,
            newest_rows: match properties.contains_key(NEWEST_ROWS) {
                true => Some(number(NEWEST_ROWS)?.unsigned_abs()),
                false => None,
            },
        })
    }
}

const MAX_QUOTED_CHARS: usize = 40;

/// Error of a split's properties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    #[error("property {name} is missing")]
    Missing { name: &'static str },
    #[error("property {name} is `{found}`, wanted a number of at least 0")]
    NotANumber { name: &'static str, found: String },
    #[error("property {TOPIC_ID} is `{found}`, wanted 16 bytes in base64url")]
    NotATopicId { found: String },
    #[error("property {PARTITION} is {found}, above the largest partition number")]
    NoPartition { found: i64 },
    #[error("{START_OFFSET} {start} and {END_OFFSET} {end} leave nothing to read; the end is exclusive")]
    EmptyRange { start: i64, end: i64 },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn properties(partition: &str, start: &str, end: &str) -> BTreeMap<String, String> {
        [
            ("topic", "orders"),
            ("partition", partition),
            ("startOffset", start),
            ("endOffset", end),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    proptest! {
        #[test]
        fn properties_round_trip(
            topic in "[a-zA-Z0-9._-]{1,249}", partition in 0..i32::MAX, start in 0..i64::MAX, length in 1..i64::MAX,
            cluster in prop::option::of("[a-z]{1,8}"), newest in prop::option::of(1..i64::MAX as u64), topic_id: [u8; TopicId::BYTES],
        ) {
            let range = OffsetRange::new(start, start.saturating_add(length)).unwrap();
            let topic_partition = TopicPartition { topic, partition };
            let split = TopicSplit { cluster, topic_partition, topic_id: TopicId::from_bytes(topic_id), range,
                newest_rows: newest };
            prop_assert_eq!(TopicSplit::from_properties(&split.to_properties()), Ok(split));
        }
    }

    #[test]
    fn carries_the_names_of_the_java_connector() {
        let range = OffsetRange::new(5, 8).unwrap();
        let topic_partition = TopicPartition {
            topic: "orders".into(),
            partition: 3,
        };
        assert_eq!(
            TopicSplit {
                cluster: None,
                topic_partition,
                topic_id: None,
                range,
                newest_rows: None,
            }
            .to_properties(),
            properties("3", "5", "8")
        );
    }

    #[test]
    fn a_split_without_a_topic_id_is_read_and_a_wrong_one_is_not() {
        let mut properties = properties("3", "5", "8");
        assert_eq!(TopicSplit::from_properties(&properties).unwrap().topic_id, None);
        properties.insert("topicId".into(), "orders".into());
        let error = TopicSplit::from_properties(&properties).unwrap_err();
        assert_eq!(
            error.to_string(),
            "property topicId is `orders`, wanted 16 bytes in base64url"
        );
    }

    #[test]
    fn names_the_property_at_fault() {
        for (properties, message) in [
            (
                properties("x", "0", "1"),
                "property partition is `x`, wanted a number of at least 0",
            ),
            (
                properties("-1", "0", "1"),
                "property partition is `-1`, wanted a number of at least 0",
            ),
            (
                properties("2147483648", "0", "1"),
                "property partition is 2147483648, above the largest partition number",
            ),
            (
                properties("0", "0", "9223372036854775808"),
                "property endOffset is `9223372036854775808`",
            ),
            (
                properties("0", "7", "7"),
                "startOffset 7 and endOffset 7 leave nothing to read",
            ),
            (BTreeMap::new(), "property partition is missing"),
        ] {
            let error = TopicSplit::from_properties(&properties).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
