//! Identity of a topic among those of the same name.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Id that Kafka assigns to a topic when it is created and never reuses
/// ([KIP-516](https://cwiki.apache.org/confluence/display/KAFKA/KIP-516%3A+Topic+Identifiers)); brokers have
/// them since 2.8.
///
/// Displayed like in Kafka's tools: base64url without padding, 22 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TopicId([u8; Self::BYTES]);

impl TopicId {
    pub const BYTES: usize = 16;

    /// `None` for zeros, with which brokers mark a topic without id.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        (bytes != [0; Self::BYTES]).then_some(Self(bytes))
    }

    /// Bytes in the order of the wire.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Error of a text that is not a topic id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATopicId;

impl FromStr for TopicId {
    type Err = NotATopicId;

    fn from_str(text: &str) -> Result<Self, NotATopicId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotATopicId)?;
        let bytes = bytes.try_into().map_err(|_| NotATopicId)?;
        Self::from_bytes(bytes).ok_or(NotATopicId)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_round_trip(bytes in any::<[u8; 16]>()) {
            let id = TopicId::from_bytes(bytes);
            prop_assert_eq!(id.map(|id| id.to_string().parse()), id.map(Ok));
        }
    }

    #[test]
    fn is_written_as_kafkas_tools_print_it() {
        let id = TopicId::from_bytes(*b"\xe4\xb6\x11_\xbe\xffM\x90\x8e\xd7\x9f\xb3\xfa\x12\x80\x01");
        assert_eq!(
            id.map(|id| id.to_string()).as_deref(),
            Some("5LYRX77_TZCO15-z-hKAAQ")
        );
    }

    #[test]
    fn zeros_and_other_texts_are_no_id() {
        assert_eq!(TopicId::from_bytes([0; 16]), None);
        for text in [
            "",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "5LYRX77_TZCO15-z-hKA",
            "5LYRX77/TZCO15+z+hKAAQ",
        ] {
            assert_eq!(text.parse::<TopicId>(), Err(NotATopicId), "{text}");
        }
    }
}
