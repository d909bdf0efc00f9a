//! The suite: each module is a claim about the connector, held on the stand-ins and on the real parts alike.

mod aws;
mod exactness;
mod faults;
mod formats;
mod hostile;
mod json;
mod soak;
mod sql;
mod tpch;
mod wire_traps;
