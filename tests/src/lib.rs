//! What the suite is made of: a broker, registries, a bucket and a connector, each the real part or its stand-in.

pub mod broker;
pub mod client;
pub mod lambda;
pub mod soak;
pub mod world;
