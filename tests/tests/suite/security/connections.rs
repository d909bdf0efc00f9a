//! A container keeps its connections: a new login costs each request round trips, and the brokers more.

use std::collections::BTreeSet;

use super::*;

/// Client ports of all connections to `port` that are open, or were a minute ago.
fn connections(port: u16) -> BTreeSet<u16> {
    const LISTENING: &str = "0A";
    let mut found = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = std::fs::read_to_string(table).unwrap_or_default();
        for line in table.lines().skip(1) {
            let columns: Vec<_> = line.split_whitespace().collect();
            let port_of = |column: usize| {
                let (_, port) = columns[column].rsplit_once(':').expect("address:port");
                u16::from_str_radix(port, 16).expect("a port")
            };
            match (port_of(1), port_of(2)) {
                _ if columns[3] == LISTENING => {}
                (local, remote) if remote == port => drop(found.insert(local)),
                (local, remote) if local == port => drop(found.insert(remote)),
                _ => {}
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_container_opens_connections_for_its_first_query_alone() {
    let access = Access {
        listener: Listener::CountedSaslTls,
        ..Access::granted("SASL_SSL_SCRAM_SHA512")
    };
    let world = World::with_broker(SecuredBroker::shared().broker()).await;
    table(&world, access.topic_stem).await;
    let variables = access.variables(&world).await;
    let settings: Vec<_> = variables
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let (_lambda, client) = world.lambda(1, &settings).await;
    let port = SecuredBroker::shared().port(access.listener);

    client.select("t", &["n"]).await.expect("rows");
    let first = connections(port);
    assert!(!first.is_empty());
    let rows = client.select("t", &["n"]).await.expect("rows");
    assert_eq!(rows.num_rows(), ROWS * PARTITIONS);
    let later: Vec<u16> = connections(port).difference(&first).copied().collect();
    assert!(later.is_empty(), "{later:?} beside {first:?}");
}
