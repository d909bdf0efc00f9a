//! Embedded broker as clients see it: librdkafka for usual requests, raw frames for unusual ones.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod faults;
mod hostile;
mod offsets;
mod records;
mod support;
mod topics;
mod transactions;
mod wire;
