//! Suite: each module is a statement about the connector, tested with the stand-ins and with the real parts.
//! `numbers` has shared helpers.

mod avro_writers;
mod aws;
mod batches;
mod brokers;
mod cancellation;
mod cluster;
mod clusters;
mod confluent;
mod doctor;
mod exactness;
mod faults;
mod formats;
mod gaps;
mod hostile;
mod invoke;
mod isolation;
mod json;
mod kept_settings;
mod names;
mod numbers;
mod orders_stack;
mod packaged;
mod permissions;
mod planning;
mod pushdown;
mod schemas;
mod security;
mod serde_version_1;
mod snapshot;
mod soak;
mod sql;
mod telemetry;
mod tpch;
mod wire_traps;
