//! The embedded broker as clients see it: librdkafka for what a client does, raw frames for what none would.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod faults;
mod hostile;
mod offsets;
mod records;
mod support;
mod topics;
mod transactions;
mod wire;
