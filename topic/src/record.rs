//! Records as Kafka stores them, borrowed from the client.

use std::borrow::Cow;

/// Record of a topic.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub partition: i32,
    pub offset: i64,
    /// Timestamp; `None` if the batch has none.
    pub timestamp: Option<RecordTimestamp>,
    /// Epoch of the leader that wrote the batch; `None` if it is unknown.
    pub leader_epoch: Option<i32>,
    pub key: Option<&'a [u8]>,
    /// Value; `None` for a tombstone.
    pub value: Option<&'a [u8]>,
    pub headers: &'a dyn Headers,
}

/// Time of a record, in milliseconds since 1970-01-01T00:00Z (KIP-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordTimestamp {
    pub millis: i64,
    pub kind: TimestampType,
}

/// Type of a timestamp, which is a setting of the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}

impl TimestampType {
    /// Name in Kafka.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }
}

/// Headers of a record (KIP-82), read only if a column shows them.
pub trait Headers {
    /// Passes each header to `show`, in order. Names may repeat, and a value may be absent.
    fn visit<'a>(&'a self, show: &mut dyn FnMut(Cow<'a, str>, Option<&'a [u8]>));

    /// Value of the last header called `wanted`; `None` if it does not exist, or has no value.
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

/// Empty headers.
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
    /// Record with only a value.
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
