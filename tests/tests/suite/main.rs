//! The suite: each module is a claim about the connector, held on the stand-ins and on the real parts alike.

mod aws;
mod exactness;
mod faults;
mod hostile;
mod json;
mod sql;
mod wire_traps;
