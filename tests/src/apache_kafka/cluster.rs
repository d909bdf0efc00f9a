//! Cluster of three nodes, any of which a test may end and start again.

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::sync::{Mutex, MutexGuard};

use super::forward::Forward;
use super::node::{Node, NodeConfig};
use super::ports::{free_port, start_on_free_ports};
use crate::broker::Broker;

/// Ids of the nodes.
const NODES: [i32; 3] = [1, 2, 3];

/// Time limit for the nodes to notice that one of them has ended or returned.
const ELECTION_LIMIT: Duration = Duration::from_secs(60);

/// Settings of all nodes. A silent node is removed after three seconds instead of nine. By default a
/// restarted node takes back its preferred leadership minutes later; here nothing moves except what a test
/// moves.
const SETTINGS: &[(&str, &str)] = &[
    ("broker.heartbeat.interval.ms", "500"),
    ("broker.session.timeout.ms", "3000"),
    ("replica.lag.time.max.ms", "5000"),
    ("controller.quorum.election.timeout.ms", "500"),
    ("auto.leader.rebalance.enable", "false"),
    ("log.cleaner.backoff.ms", "500"),
    ("num.replica.fetchers", "1"),
    // Only for clients that name a rack: each node is a rack of its own.
    (
        "replica.selector.class",
        "org.apache.kafka.common.replica.RackAwareReplicaSelector",
    ),
];

/// Listener whose clients are directed to ports that count.
const COUNTED: &str = "COUNTED";

/// Cluster of three nodes, each broker and controller.
pub struct Cluster {
    nodes: Vec<Node>,
    /// Client ports by node.
    ports: Vec<u16>,
    /// Ports that count what a node sends, by node.
    counted: Vec<Forward>,
}

impl Cluster {
    /// Cluster of this process with all its nodes running, for one test at a time.
    ///
    /// # Panics
    /// If a node does not start, with the end of its log.
    pub async fn shared() -> MutexGuard<'static, Self> {
        static SHARED: LazyLock<Result<Mutex<Cluster>, String>> =
            LazyLock::new(|| start_on_free_ports(Cluster::start).map(Mutex::new));
        let shared = SHARED.as_ref().expect("the cluster starts");
        let mut cluster = shared.lock().await;
        for node in NODES {
            if !cluster.is_running(node) {
                cluster.restart(node);
            }
        }
        cluster
    }

    /// `host:port` of all nodes.
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<_> = NODES.iter().map(|node| self.address(*node)).collect();
        addresses.join(",")
    }

    /// `host:port` of one node.
    pub fn address(&self, node: i32) -> String {
        format!("127.0.0.1:{}", self.ports[index(node)])
    }

    /// Rack of a node.
    pub fn rack(node: i32) -> String {
        format!("rack-{node}")
    }

    /// `host:port` of all nodes for clients that are counted by [`sent`](Self::sent).
    pub fn counted_bootstrap(&self) -> String {
        let ports = self.counted.iter().map(Forward::port);
        let addresses: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        addresses.join(",")
    }

    /// Bytes that each node has sent to clients of [`counted_bootstrap`](Self::counted_bootstrap), with its id.
    pub fn sent(&self) -> [(i32, u64); NODES.len()] {
        NODES.map(|node| (node, self.counted[index(node)].sent()))
    }

    pub fn broker(&self) -> Broker {
        Broker::at(self.bootstrap())
    }

    /// Ends a node without warning.
    pub fn kill(&mut self, node: i32) {
        self.nodes[index(node)].kill().expect("the node is killed");
    }

    /// Lets a node hand over its partitions and end.
    pub fn stop(&mut self, node: i32) {
        self.nodes[index(node)].stop().expect("the node stops");
    }

    /// Makes an ended node forget how far it has compacted its logs, like a node that takes a partition over
    /// from another: it will compact them from their beginning.
    pub fn forget_compaction(&mut self, node: i32) {
        let checkpoint = self.nodes[index(node)].data().join("cleaner-offset-checkpoint");
        std::fs::remove_file(checkpoint).expect("the node has compacted something");
    }

    /// Starts an ended node on its ports and with its data, and waits until it responds.
    pub fn restart(&mut self, node: i32) {
        self.restart_all(&[node]);
    }

    /// Restarts several nodes at once: a majority is needed for any of them to respond.
    pub fn restart_all(&mut self, nodes: &[i32]) {
        for node in nodes {
            self.nodes[index(*node)].start().expect("the node starts");
        }
        for node in nodes {
            let started = self.nodes[index(*node)].await_start();
            started.expect("the node answers");
        }
    }

    /// Leader of partition 0 of a topic, if there is one.
    pub fn leader(&self, topic: &str) -> Option<i32> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap());
        // Created for each call: a client caches the leader.
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let metadata = consumer.fetch_metadata(Some(topic), ELECTION_LIMIT);
        let metadata = metadata.expect("metadata");
        let leader = metadata.topics()[0].partitions().first()?.leader();
        (leader >= 0).then_some(leader)
    }

    /// Waits until partition 0 of a topic has another leader than `old`.
    pub async fn await_other_leader(&self, topic: &str, old: i32) -> i32 {
        let elected = tokio::time::timeout(ELECTION_LIMIT, async {
            loop {
                match self.leader(topic) {
                    Some(leader) if leader != old => return leader,
                    _ => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
        elected.await.expect("another leader is elected")
    }

    fn start() -> Result<Self, String> {
        let voters = NODES.map(|id| (id, free_port())).to_vec();
        let ports: Vec<u16> = NODES.iter().map(|_| free_port()).collect();
        let counted_ports: Vec<u16> = NODES.iter().map(|_| free_port()).collect();
        let counted = counted_ports.iter().map(|port| Forward::start(*port));
        let counted: Vec<_> = counted
            .collect::<io::Result<_>>()
            .map_err(|error| error.to_string())?;
        let formatting: Vec<_> = NODES
            .iter()
            .map(|id| {
                let config = NodeConfig {
                    id: *id,
                    listeners: vec![
                        ("PLAINTEXT", "PLAINTEXT", ports[index(*id)]),
                        (COUNTED, "PLAINTEXT", counted_ports[index(*id)]),
                    ],
                    advertised: vec![(COUNTED, counted[index(*id)].port())],
                    voters: voters.clone(),
                    settings: SETTINGS
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                        .chain([("broker.rack".to_owned(), Self::rack(*id))])
                        .collect(),
                };
                std::thread::spawn(move || -> io::Result<Node> {
                    let node = Node::new()?;
                    node.format(&config)?;
                    Ok(node)
                })
            })
            .collect();
        let nodes = formatting
            .into_iter()
            .map(|node| node.join().expect("formatting does not panic"));
        let mut cluster = Self {
            nodes: nodes
                .collect::<io::Result<_>>()
                .map_err(|error| error.to_string())?,
            ports,
            counted,
        };
        for node in &mut cluster.nodes {
            node.start().map_err(|error| error.to_string())?;
        }
        for node in &mut cluster.nodes {
            node.await_start()?;
        }
        Ok(cluster)
    }

    fn is_running(&mut self, node: i32) -> bool {
        let running = self.nodes[index(node)].is_running();
        running.expect("the supervisor answers")
    }
}

fn index(node: i32) -> usize {
    NODES
        .iter()
        .position(|id| *id == node)
        .expect("a node of the cluster")
}
