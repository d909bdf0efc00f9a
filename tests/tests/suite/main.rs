//! The suite: each module is a claim about the connector, held on the stand-ins and on the real parts alike.

mod aws;
mod exactness;
mod faults;
mod hostile;
mod wire_traps;
