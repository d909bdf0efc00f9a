//! Apache Kafka as a test wants it, beyond the one plain broker of `scripts/kafka`: [`Cluster`] has nodes to lose,
//! [`SecuredBroker`] wants to know who asks.
//!
//! Both run from the jars that `scripts/kafka run` names in `KAFKA_CLASSPATH`, listen on loopback alone, are started by the
//! first test that wants one and shared by the others. They end with the test process, however that ends: a shell
//! waits for it (see `process`) and leaves nothing behind.

use std::io;

mod acls;
mod cluster;
mod node;
mod ports;
mod process;
mod secured;

pub use cluster::Cluster;
pub use secured::{
    ACCESS_KEY_ID, Listener, MSK_REGION, PASSWORD, SECRET_ACCESS_KEY, SESSION_TOKEN, SecuredBroker, USER,
};

/// The class path of Apache Kafka's jars.
///
/// # Errors
/// If `KAFKA_CLASSPATH` names none: a test that needs Apache Kafka must not pass without it.
fn class_path() -> io::Result<String> {
    std::env::var("KAFKA_CLASSPATH")
        .map_err(|error| io::Error::other(format!("KAFKA_CLASSPATH, see scripts/kafka: {error}")))
}
