//! Continuation token: the remaining plan as a text that the caller only passes back.
//!
//! base64url without padding, of:
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version, 2 |
//! | varint, bytes | length of the topic's name, and the name |
//! | 16 | the topic's id, zeros if it has none |
//! | varint | the longest range of one split, in offsets, less one |
//! | varint | number of ranges that follow |
//! | varint | for each range: partition, as the distance to that of the preceding range, or to 0 |
//! | varint | start offset, as the distance to the end of the preceding range in the same partition, or to 0 |
//! | varint | offsets in the range, less one |
//!
//! Varints are unsigned LEB128. Whatever a token holds, decoding it allocates in proportion to its length.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use kafka::{OffsetRange, TopicId};

use crate::splits::plan::Plan;

const VERSION: u8 = 2;

/// Maximum length of a token: 200,000 partitions, about the maximum of a cluster; with a page of splits still
/// below Lambda's 6 MB.
const MAX_TOKEN_BYTES: usize = 3_500_000;

impl Plan {
    /// Encodes the plan; `None` if nothing remains.
    pub fn to_token(&self) -> Option<String> {
        if self.is_done() {
            return None;
        }
        let mut bytes = vec![VERSION];
        write_varint(&mut bytes, self.topic.len() as u64);
        bytes.extend(self.topic.as_bytes());
        bytes.extend(self.topic_id.map_or([0; TopicId::BYTES], TopicId::to_bytes));
        write_varint(&mut bytes, self.max_offsets - 1);
        write_varint(&mut bytes, self.remaining.len() as u64);
        let mut place = Place::default();
        for (partition, range) in &self.remaining {
            let distance = partition.abs_diff(place.partition);
            write_varint(&mut bytes, distance.into());
            write_varint(
                &mut bytes,
                range.start().abs_diff(place.least_start(distance == 0)),
            );
            write_varint(&mut bytes, range.offsets() - 1);
            place = Place::after(*partition, *range);
        }
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Decodes the plan that `token` was made from.
    ///
    /// # Errors
    /// If the text is not a token of [`Self::to_token`] for this `topic`.
    pub fn from_token(token: &str, topic: &str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { bytes: token.len() });
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError::NotBase64)?;
        let mut input = bytes.as_slice();
        match read_byte(&mut input)? {
            VERSION => {}
            found => return Err(TokenError::Version { found }),
        }
        let token_topic = read_text(&mut input)?;
        if token_topic != topic {
            let (token_topic, table_topic) = (token_topic.to_owned(), topic.to_owned());
            return Err(TokenError::OtherTopic {
                token_topic,
                table_topic,
            });
        }
        let topic_id = read_topic_id(&mut input)?;
        let max_offsets = read_varint(&mut input)?.checked_add(1);
        let mut remaining = VecDeque::new();
        let mut place = Place::default();
        for _ in 0..read_varint(&mut input)? {
            let (partition, range) = read_range(&mut input, place)?;
            remaining.push_back((partition, range));
            place = Place::after(partition, range);
        }
        if input.is_empty() {
            Ok(Self {
                topic: topic.to_owned(),
                topic_id,
                max_offsets: max_offsets.ok_or(TokenError::Malformed)?,
                remaining,
            })
        } else {
            Err(TokenError::Malformed)
        }
    }
}

/// Error of a text that is not a token of this connector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("has {bytes} bytes, more than the {MAX_TOKEN_BYTES} that this connector writes")]
    TooLong { bytes: usize },
    #[error("is not base64url")]
    NotBase64,
    #[error("has version {found}, wanted {VERSION}")]
    Version { found: u8 },
    #[error("ends early")]
    Truncated,
    #[error("holds a number or a name that this connector never writes")]
    Malformed,
    #[error("is for topic `{token_topic}`, but the table's topic is `{table_topic}`")]
    OtherTopic {
        token_topic: String,
        table_topic: String,
    },
}

/// End of the preceding range.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    partition: i32,
    end: i64,
}

impl Place {
    fn after(partition: i32, range: OffsetRange) -> Self {
        let end = range.end();
        Self { partition, end }
    }

    /// Lowest start of the next range, in the same partition or in another.
    fn least_start(self, same_partition: bool) -> i64 {
        if same_partition { self.end } else { 0 }
    }
}

fn read_topic_id(input: &mut &[u8]) -> Result<Option<TopicId>, TokenError> {
    let (bytes, rest) = input.split_first_chunk().ok_or(TokenError::Truncated)?;
    *input = rest;
    Ok(TopicId::from_bytes(*bytes))
}

fn read_range(input: &mut &[u8], place: Place) -> Result<(i32, OffsetRange), TokenError> {
    let mut number = || i64::try_from(read_varint(input)?).map_err(|_| TokenError::Malformed);
    let (distance, start_distance, offsets_less_one) = (number()?, number()?, number()?);
    let partition = i64::from(place.partition)
        .checked_add(distance)
        .and_then(|partition| i32::try_from(partition).ok());
    let start = place.least_start(distance == 0).checked_add(start_distance);
    let range = start.and_then(|start| {
        let end = start.checked_add(offsets_less_one)?.checked_add(1)?;
        OffsetRange::new(start, end)
    });
    partition.zip(range).ok_or(TokenError::Malformed)
}

/// Reads a text. The caller's comparison rejects names longer than Kafka allows: the token bounds them.
fn read_text<'a>(input: &mut &'a [u8]) -> Result<&'a str, TokenError> {
    let bytes = usize::try_from(read_varint(input)?).map_err(|_| TokenError::Truncated)?;
    let (text, rest) = input.split_at_checked(bytes).ok_or(TokenError::Truncated)?;
    *input = rest;
    std::str::from_utf8(text).map_err(|_| TokenError::Malformed)
}

fn read_varint(input: &mut &[u8]) -> Result<u64, TokenError> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = read_byte(input)?;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return Err(TokenError::Malformed);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(TokenError::Malformed)
}

fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_byte(input: &mut &[u8]) -> Result<u8, TokenError> {
    let (byte, rest) = input.split_first().ok_or(TokenError::Truncated)?;
    *input = rest;
    Ok(*byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ranges of a partition, from a start and then gaps and lengths in turn, up to the largest offset.
    fn ranges() -> impl Strategy<Value = Vec<OffsetRange>> {
        let gap = prop_oneof![0..300_i64, 0..=i64::MAX - 1];
        let length = prop_oneof![1..300_i64, 1..=i64::MAX];
        prop::collection::vec((gap, length), 1..4).prop_map(|steps| {
            let mut end = 0_i64;
            let step = |(gap, length): (i64, i64)| {
                let start = end.checked_add(gap)?;
                end = start.saturating_add(length);
                OffsetRange::new(start, end)
            };
            steps.into_iter().map_while(step).collect()
        })
    }

    fn plans() -> impl Strategy<Value = Plan> {
        let partition = prop_oneof![0..300_i32, 0..=i32::MAX];
        let partitions = prop::collection::btree_map(partition, ranges(), 0..20);
        let max_offsets = prop_oneof![1..1000_u64, 1..=u64::MAX];
        let topic = "[a-zA-Z0-9._-]{1,249}";
        let id = any::<[u8; TopicId::BYTES]>();
        (topic, id, max_offsets, partitions).prop_map(|(topic, id, max_offsets, partitions)| {
            let partitions = partitions.into_iter();
            let ranges = partitions
                .flat_map(|(partition, ranges)| ranges.into_iter().map(move |range| (partition, range)));
            Plan::new(&topic, TopicId::from_bytes(id), ranges.collect(), max_offsets)
        })
    }

    proptest! {
        #[test]
        fn tokens_round_trip(plan in plans()) {
            match plan.to_token() {
                Some(token) => prop_assert_eq!(Plan::from_token(&token, &plan.topic), Ok(plan)),
                None => prop_assert!(plan.is_done()),
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = Plan::from_token(&text, "orders");
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Plan::from_token(&URL_SAFE_NO_PAD.encode(&bytes), "orders");
            let ours = [&[VERSION, 6][..], b"orders", &[7; TopicId::BYTES], &bytes].concat();
            let _ = Plan::from_token(&URL_SAFE_NO_PAD.encode(ours), "orders");
        }

        #[test]
        fn no_cut_token_is_taken_for_a_whole_one(plan in plans(), cut in 1..100_usize) {
            if let Some(token) = plan.to_token() {
                let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
                let cut = &bytes[..bytes.len().saturating_sub(cut)];
                prop_assert!(Plan::from_token(&URL_SAFE_NO_PAD.encode(cut), &plan.topic).is_err());
                let longer = [&bytes[..], &[0]].concat();
                prop_assert!(Plan::from_token(&URL_SAFE_NO_PAD.encode(longer), &plan.topic).is_err());
            }
        }
    }

    fn refusal(bytes: &[u8]) -> TokenError {
        Plan::from_token(&URL_SAFE_NO_PAD.encode(bytes), "orders").unwrap_err()
    }

    /// Token of topic `orders` up to the beginning of its ranges, followed by `ranges`.
    fn token(ranges: &[&[u8]]) -> Vec<u8> {
        [&[VERSION][..], b"\x06orders", &[0; 16], &[9], &ranges.concat()].concat()
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(Plan::from_token("§", "orders"), Err(TokenError::NotBase64));
        assert_eq!(refusal(b""), TokenError::Truncated);
        assert_eq!(refusal(b"\x01\x06orders\x00"), TokenError::Version { found: 1 });
        assert_eq!(refusal(b"\x02\x06order"), TokenError::Truncated);
        assert_eq!(refusal(b"\x02\x06orders\x00\x00"), TokenError::Truncated, "no id");
        assert_eq!(refusal(&token(&[b"\x01\x00\x05"])), TokenError::Truncated);
        assert_eq!(refusal(&token(&[b"\x00\x05"])), TokenError::Malformed);
        let other = refusal(b"\x02\x05items");
        assert_eq!(
            other.to_string(),
            "is for topic `items`, but the table's topic is `orders`"
        );
    }

    #[test]
    fn refuses_numbers_that_do_not_fit() {
        let huge = token(&[b"\x01\x00", &[0xff; 9], &[0x7f, 0x00]]);
        assert_eq!(refusal(&huge), TokenError::Malformed, "more than 64 bits");
        let negative = token(&[b"\x01\x00", &[0xff; 9], &[0x01, 0x00]]);
        assert_eq!(refusal(&negative), TokenError::Malformed, "more than 63 bits");
        let beyond = token(&[b"\x01\x00", &[0xff; 8], &[0x7f, 0x00]]);
        assert_eq!(
            refusal(&beyond),
            TokenError::Malformed,
            "an end beyond the largest offset"
        );
        assert_eq!(
            refusal(&token(&[b"\x01\x80\x80\x80\x80\x08\x00\x00"])),
            TokenError::Malformed,
            "partition 2^31"
        );
        let unlimited = [&b"\x02\x06orders"[..], &[0; 16], &[0xff; 9], &[0x01, 0x00]].concat();
        assert_eq!(
            refusal(&unlimited),
            TokenError::Malformed,
            "splits of 2^64 offsets"
        );
    }

    #[test]
    fn a_length_that_lies_costs_nothing() {
        assert_eq!(refusal(b"\x02\xff\xff\xff\xff\x7forders"), TokenError::Truncated);
        assert_eq!(
            refusal(&token(&[b"\xff\xff\xff\xff\x7f\x00\x00\x00"])),
            TokenError::Truncated
        );
        let long = "A".repeat(MAX_TOKEN_BYTES + 1);
        assert!(matches!(
            Plan::from_token(&long, "orders"),
            Err(TokenError::TooLong { .. })
        ));
    }

    #[test]
    fn a_token_for_all_partitions_of_a_large_topic_is_read_back() {
        let range = OffsetRange::new(1 << 40, (1 << 40) + (1 << 30)).unwrap();
        let ranges = (0..200_000).map(|partition| (partition, range)).collect();
        let id = TopicId::from_bytes([7; TopicId::BYTES]);
        let plan = Plan::new(&"t".repeat(249), id, ranges, 100_000);
        let token = plan.to_token().unwrap();
        assert!(token.len() <= MAX_TOKEN_BYTES, "{} bytes", token.len());
        assert_eq!(Plan::from_token(&token, &plan.topic), Ok(plan));
    }
}
