//! [Messages of `google/protobuf/`](https://protobuf.dev/reference/protobuf/google.protobuf/) that represent
//! a value rather than a record.
//!
//! | message | its text |
//! |---|---|
//! | `Timestamp` | `2024-02-29T12:00:00.500Z`; none outside the years 1 to 9999 |
//! | `Duration` | `3.500s`; none beyond 10,000 years or if its parts differ in sign |
//! | `FieldMask` | `user.displayName,photo` |
//!
//! Fractions have zero, three, six or nine digits. Such a message is read by the numbers of its fields, which
//! never change.

use std::ops::Range;
use std::sync::LazyLock;

use prost_reflect::prost_types::{Duration, Timestamp};

use crate::decode::protobuf::kind::Kind;
use crate::decode::protobuf::wire::{Lookup, Raw, Slot, WireType};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WellKnown {
    Timestamp,
    Duration,
    FieldMask,
    /// Value of this kind, which may be absent.
    Wrapper(Kind),
    Struct,
    Value,
    ListValue,
    Any,
}

impl WellKnown {
    pub(super) fn of(full_name: &str) -> Option<Self> {
        Some(match full_name.strip_prefix("google.protobuf.")? {
            "Timestamp" => Self::Timestamp,
            "Duration" => Self::Duration,
            "FieldMask" => Self::FieldMask,
            "BoolValue" => Self::Wrapper(Kind::Bool),
            "Int32Value" => Self::Wrapper(Kind::Int32),
            "Int64Value" => Self::Wrapper(Kind::Int64),
            "UInt32Value" => Self::Wrapper(Kind::Uint32),
            "UInt64Value" => Self::Wrapper(Kind::Uint64),
            "FloatValue" => Self::Wrapper(Kind::Float),
            "DoubleValue" => Self::Wrapper(Kind::Double),
            "StringValue" => Self::Wrapper(Kind::String),
            "BytesValue" => Self::Wrapper(Kind::Bytes),
            "Struct" => Self::Struct,
            "Value" => Self::Value,
            "ListValue" => Self::ListValue,
            "Any" => Self::Any,
            _ => return None,
        })
    }

    /// Finds its fields: those of lowest number, in order.
    pub(super) fn lookup(&self) -> &'static Lookup {
        match self {
            Self::Timestamp | Self::Duration => &TIME,
            Self::FieldMask | Self::Struct | Self::ListValue => &LEN,
            Self::Value => &VALUE,
            Self::Any => &TWO_LEN,
            Self::Wrapper(kind) => wrapper_lookup(kind),
        }
    }
}

/// Finds the value in a wrapper of this kind.
pub(super) fn wrapper_lookup(kind: &Kind) -> &'static Lookup {
    match kind.wire_type() {
        WireType::Fixed32 => &FIXED32,
        WireType::Fixed64 => &FIXED64,
        WireType::Len => &LEN,
        _ => &VARINT,
    }
}

/// Finds an entry of a `Struct`: a text and a `Value`. Also an `Any`'s type and content.
pub(super) static TWO_LEN: LazyLock<Lookup> = LazyLock::new(|| lookup(&[WireType::Len, WireType::Len]));
static TIME: LazyLock<Lookup> = LazyLock::new(|| lookup(&[WireType::Varint, WireType::Varint]));
static VARINT: LazyLock<Lookup> = LazyLock::new(|| lookup(&[WireType::Varint]));
static FIXED32: LazyLock<Lookup> = LazyLock::new(|| lookup(&[WireType::Fixed32]));
static FIXED64: LazyLock<Lookup> = LazyLock::new(|| lookup(&[WireType::Fixed64]));
static LEN: LazyLock<Lookup> = LazyLock::new(|| lookup(&[WireType::Len]));
/// One of null, number, text, boolean, object and array.
static VALUE: LazyLock<Lookup> = LazyLock::new(|| {
    let kinds = [
        WireType::Varint,
        WireType::Fixed64,
        WireType::Len,
        WireType::Varint,
        WireType::Len,
        WireType::Len,
    ];
    let member = |(wire_type, number)| Slot {
        oneof: Some(0),
        ..Slot::new(number, wire_type)
    };
    Lookup::new(kinds.into_iter().zip(1..).map(member).collect())
});

fn lookup(wire_types: &[WireType]) -> Lookup {
    let slots = wire_types.iter().zip(1..);
    Lookup::new(
        slots
            .map(|(wire_type, number)| Slot::new(number, *wire_type))
            .collect(),
    )
}

const NANOS_PER_SECOND: i32 = 1_000_000_000;
/// Seconds of the years 1 to 9999.
const INSTANT_SECONDS: Range<i64> = -62_135_596_800..253_402_300_800;
/// Seconds of about 10,000 years.
const MAX_DURATION_SECONDS: u64 = 315_576_000_000;

/// Both parts of a `Timestamp` or a `Duration`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanos: i32,
}

impl Time {
    pub(super) fn new(seconds: Option<Raw>, nanos: Option<Raw>) -> Self {
        let number = |raw| match raw {
            Some(Raw::Varint(value)) => value as i64,
            _ => 0,
        };
        Self {
            seconds: number(seconds),
            nanos: number(nanos) as i32,
        }
    }

    /// Milliseconds since 1970-01-01T00:00Z, rounded down.
    pub(super) fn millis(self) -> Option<i64> {
        let millis = self.seconds.checked_mul(1000)?;
        millis.checked_add(i64::from(self.nanos.div_euclid(1_000_000)))
    }

    /// Text of a `Timestamp`.
    pub(super) fn instant_text(self) -> Option<String> {
        let Self { seconds, nanos } = self;
        let in_range = INSTANT_SECONDS.contains(&seconds) && (0..NANOS_PER_SECOND).contains(&nanos);
        in_range.then(|| Timestamp { seconds, nanos }.to_string())
    }

    /// Text of a `Duration`.
    pub(super) fn duration_text(self) -> Option<String> {
        let Self { seconds, nanos } = self;
        let in_range = seconds.unsigned_abs() <= MAX_DURATION_SECONDS
            && nanos.unsigned_abs() < NANOS_PER_SECOND.unsigned_abs();
        let one_sign = seconds.signum() * i64::from(nanos.signum()) >= 0;
        (in_range && one_sign).then(|| Duration { seconds, nanos }.to_string())
    }
}

/// Appends a path of a `FieldMask` as JSON spells it: `display_name` is `displayName`.
pub(super) fn push_camel_case(path: &str, text: &mut String) {
    let mut upper = false;
    for c in path.chars() {
        match c {
            '_' => upper = true,
            _ => {
                text.push(if upper { c.to_ascii_uppercase() } else { c });
                upper = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64, nanos: i32) -> Time {
        Time { seconds, nanos }
    }

    #[test]
    fn spells_instants() {
        for (time, wanted) in [
            (time(0, 0), Some("1970-01-01T00:00:00Z")),
            (time(-1, 500_000_000), Some("1969-12-31T23:59:59.500Z")),
            (time(1_709_208_000, 1_000), Some("2024-02-29T12:00:00.000001Z")),
            (time(1_709_208_000, 1), Some("2024-02-29T12:00:00.000000001Z")),
            (time(-62_135_596_800, 0), Some("0001-01-01T00:00:00Z")),
            (
                time(253_402_300_799, 999_999_999),
                Some("9999-12-31T23:59:59.999999999Z"),
            ),
            (time(253_402_300_800, 0), None),
            (time(-62_135_596_801, 0), None),
            (time(0, -1), None),
            (time(0, 1_000_000_000), None),
            (time(i64::MAX, 0), None),
        ] {
            assert_eq!(time.instant_text().as_deref(), wanted, "{time:?}");
        }
    }

    #[test]
    fn rounds_instants_down_to_milliseconds() {
        for (time, wanted) in [
            (time(1, 999_999_999), Some(1999)),
            (time(-1, 999_999), Some(-1000)),
            (time(0, -1), Some(-1)),
            (time(i64::MAX, 0), None),
            (time(i64::MIN, 0), None),
        ] {
            assert_eq!(time.millis(), wanted, "{time:?}");
        }
    }

    #[test]
    fn spells_durations() {
        for (time, wanted) in [
            (time(0, 0), Some("0s")),
            (time(3, 500_000_000), Some("3.500s")),
            (time(0, -1), Some("-0.000000001s")),
            (time(-3, -1000), Some("-3.000001s")),
            (time(3, -1), None),
            (time(-3, 1), None),
            (time(315_576_000_001, 0), None),
            (time(i64::MIN, i32::MIN), None),
        ] {
            assert_eq!(time.duration_text().as_deref(), wanted, "{time:?}");
        }
    }
}
