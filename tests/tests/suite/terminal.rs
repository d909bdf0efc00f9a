//! `athena-local` at a terminal: topics are listed, records shown, schemas registered, files loaded, by the program itself.

use serde_json::{Value, json};
use tests::broker::WholeRecord;
use tests::world::World;

mod load;
mod peek;
mod peek_formats;
mod readme;
mod register;
mod scripts;
mod serve;
mod shell;
mod topics;
mod unreachable;
mod verify;

/// A record of this key and value.
fn record(key: &str, value: &str) -> WholeRecord {
    WholeRecord {
        key: Some(key.into()),
        value: Some(value.into()),
        ..WholeRecord::default()
    }
}

/// A record of this timestamp, in milliseconds since 1970.
fn record_at(time_ms: i64, key: &str, value: &str) -> WholeRecord {
    WholeRecord {
        timestamp_ms: Some(time_ms),
        ..record(key, value)
    }
}

/// 2023-03-14T00:00:00Z.
const DAY_MS: i64 = 1_678_752_000_000;

/// Registers a table over a topic of orders.
fn register_orders(world: &World, topic: &str) {
    world.register_json("orders", topic, &[("id", "BIGINT", ""), ("note", "VARCHAR", "")]);
}

fn values(records: &[Value]) -> Vec<Value> {
    records.iter().map(|record| record["value"].clone()).collect()
}

fn note(id: i64) -> Value {
    json!({ "id": id, "note": format!("n{id}") })
}
