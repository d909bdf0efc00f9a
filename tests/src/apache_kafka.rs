//! Apache Kafka for tests, beyond the single plain broker of `scripts/kafka`: [`Cluster`] has nodes that a
//! test may end, [`SecuredBroker`] requires authentication.
//!
//! Both run from the jars that `scripts/kafka run` names in `KAFKA_CLASSPATH`, listen on loopback only, are
//! started by the first test that needs them and shared by the others. They end with the test process,
//! however that ends: a shell waits for it (see `process`) and removes everything.

mod admin;
mod cluster;
mod forward;
mod node;
mod ports;
mod process;
mod secured;

pub use cluster::Cluster;
pub use secured::{
    ACCESS_KEY_ID, Listener, MSK_REGION, PASSWORD, SECRET_ACCESS_KEY, SESSION_TOKEN, SecuredBroker, USER,
};
