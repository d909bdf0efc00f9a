//! The suite: each module is a claim about the connector, held on the stand-ins and on the real parts alike.

mod aws;
mod batches;
mod cluster;
mod exactness;
mod faults;
mod formats;
mod hostile;
mod json;
mod security;
mod sql;
mod tpch;
mod wire_traps;
