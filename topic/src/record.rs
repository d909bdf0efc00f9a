//! A record as Kafka holds it, borrowed from the client.

use std::borrow::Cow;

/// A record.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub partition: i32,
    pub offset: i64,
    /// `None` if the batch carries none.
    pub timestamp: Option<RecordTimestamp>,
    /// Of the leader that wrote the batch; `None` if it does not say.
    pub leader_epoch: Option<i32>,
    pub key: Option<&'a [u8]>,
    /// `None` for a tombstone.
    pub value: Option<&'a [u8]>,
    pub headers: &'a dyn Headers,
}

/// When a record was made, or appended, in milliseconds since 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordTimestamp {
    pub millis: i64,
    pub kind: TimestampType,
}

/// Whose clock a timestamp is of; a setting of the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}

impl TimestampType {
    /// As Kafka spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }
}

/// A record's headers, read only where a column wants them.
pub trait Headers {
    /// Shows each header in order. Names may repeat, and a value may be absent.
    fn visit<'a>(&'a self, show: &mut dyn FnMut(Cow<'a, str>, Option<&'a [u8]>));

    /// Value of the last header called `wanted`; `None` if there is no such header, or if it has no value.
    fn last<'a>(&'a self, wanted: &str) -> Option<&'a [u8]> {
        let mut last = None;
        self.visit(&mut |name, value| {
            if name == wanted {
                last = value;
            }
        });
        last
    }
}

/// No headers at all.
pub struct NoHeaders;

impl Headers for NoHeaders {
    fn visit<'a>(&'a self, _show: &mut dyn FnMut(Cow<'a, str>, Option<&'a [u8]>)) {}
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for &[(N, Option<V>)] {
    fn visit<'a>(&'a self, show: &mut dyn FnMut(Cow<'a, str>, Option<&'a [u8]>)) {
        for (name, value) in *self {
            show(Cow::Borrowed(name.as_ref()), value.as_ref().map(AsRef::as_ref));
        }
    }
}

impl<'a> Record<'a> {
    /// A record of which nothing matters but its value.
    pub fn of_value(value: &'a [u8]) -> Self {
        Self {
            partition: 0,
            offset: 0,
            timestamp: None,
            leader_epoch: None,
            key: None,
            value: Some(value),
            headers: &NoHeaders,
        }
    }
}
