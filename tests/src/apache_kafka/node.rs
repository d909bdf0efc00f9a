//! Node of a cluster: its settings, its storage and its process.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::process::Process;

/// Time limit for a node to respond.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Log message of a node that is registered, unfenced and responding.
const STARTED: &str = "Kafka Server started";

/// Number of lines of a log that an error shows.
const LOG_LINES: usize = 40;

/// Options for many short-lived processes on few cores: small heaps, one compiler, one collector.
const JAVA: &[&str] = &[
    "java",
    "-Xms96m",
    "-Xmx320m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
];

/// Settings of every node: Kafka's own topics are small, and test data has any timestamp and must not expire.
const COMMON: &[(&str, &str)] = &[
    ("process.roles", "broker,controller"),
    ("controller.listener.names", "CONTROLLER"),
    ("offsets.topic.num.partitions", "1"),
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.num.partitions", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("auto.create.topics.enable", "true"),
    ("log.retention.ms", "-1"),
    ("num.network.threads", "2"),
    ("num.io.threads", "2"),
    ("background.threads", "2"),
];

/// Settings of one node of a cluster.
pub(super) struct NodeConfig {
    pub id: i32,
    /// Name, security protocol and port of each listener for clients.
    pub listeners: Vec<(&'static str, &'static str, u16)>,
    /// Ports to which clients of a listener are directed, if not its own.
    pub advertised: Vec<(&'static str, u16)>,
    /// Ids and controller ports of all nodes.
    pub voters: Vec<(i32, u16)>,
    pub settings: Vec<(String, String)>,
}

impl NodeConfig {
    fn properties(&self, data: &Path) -> String {
        let (mut listeners, mut protocols, mut voters) = (Vec::new(), Vec::new(), Vec::new());
        let mut advertised = Vec::new();
        for (name, protocol, port) in &self.listeners {
            listeners.push(format!("{name}://127.0.0.1:{port}"));
            let directed = self.advertised.iter().find(|(known, _)| known == name);
            let port = directed.map_or(port, |(_, port)| port);
            advertised.push(format!("{name}://127.0.0.1:{port}"));
            protocols.push(format!("{name}:{protocol}"));
        }
        protocols.push("CONTROLLER:PLAINTEXT".into());
        for (id, port) in &self.voters {
            voters.push(format!("{id}@127.0.0.1:{port}"));
            if *id == self.id {
                listeners.push(format!("CONTROLLER://127.0.0.1:{port}"));
            }
        }
        let mut text = format!(
            "node.id={}\nlog.dirs={}\nlisteners={}\nadvertised.listeners={}\nlistener.security.protocol.map={}\n\
             controller.quorum.voters={}\n",
            self.id,
            data.display(),
            listeners.join(","),
            advertised.join(","),
            protocols.join(","),
            voters.join(","),
        );
        let common = COMMON.iter().copied();
        let settings = self.settings.iter().map(|(name, value)| (&**name, &**value));
        for (name, value) in common.chain(settings) {
            writeln!(text, "{name}={value}").expect("a text grows");
        }
        text
    }
}

/// Node with a folder of its own; process and folder are removed when it is dropped.
pub(super) struct Node {
    process: Process,
}

impl Node {
    /// Creates a node that is neither formatted nor running.
    pub(super) fn new() -> io::Result<Self> {
        Self::with_properties(&[])
    }

    /// Creates a node with system properties for its process.
    pub(super) fn with_properties(system: &[(&str, &str)]) -> io::Result<Self> {
        let folder = new_folder()?;
        let mut command = java()?;
        // After the jars, for classes that a test adds.
        if let Some(class_path) = command.last_mut() {
            *class_path += &format!(":{}", classes(&folder).display());
        }
        command.extend(system.iter().map(|(name, value)| format!("-D{name}={value}")));
        command.extend(["kafka.Kafka".into(), properties(&folder).display().to_string()]);
        Ok(Self {
            process: Process::new(folder, &command)?,
        })
    }

    /// Folder for other files of the node.
    pub(super) fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// Folder of the node's logs.
    pub(super) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// Compiles a class of Java for the node's process.
    pub(super) fn add_class(&self, name: &str, source: &str) -> io::Result<()> {
        let file = self.folder().join(format!("{name}.java"));
        std::fs::write(&file, source)?;
        let mut javac = Command::new("javac");
        javac
            .args(["-cp", &class_path()?, "-d"])
            .arg(classes(self.folder()));
        let output = javac.arg(file).output()?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{name} does not compile: {text}")))
    }

    /// Writes the settings and formats the storage.
    pub(super) fn format(&self, config: &NodeConfig) -> io::Result<()> {
        let properties = properties(self.folder());
        std::fs::write(&properties, config.properties(&self.data()))?;
        let java = java()?;
        let mut format = Command::new(&java[0]);
        format
            .args(&java[1..])
            // Any id is valid, as long as all nodes have the same.
            .args([
                "kafka.tools.StorageTool",
                "format",
                "--cluster-id",
                "dGVzdC1jbHVzdGVyLTAwMQ",
            ])
            .arg("--config")
            .arg(&properties);
        let output = format.output()?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        Err(io::Error::other(format!("the storage is not formatted: {text}")))
    }

    /// Starts the process, for the first time or again; [`Node::await_start`] waits until it responds.
    pub(super) fn start(&mut self) -> io::Result<()> {
        // The log of an earlier process must not count for this one.
        std::fs::write(self.log(), "")?;
        self.process.start()
    }

    /// Waits until the node responds.
    ///
    /// # Errors
    /// The end of the log, if the process ends or takes longer than a minute and a half.
    pub(super) fn await_start(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            if log.contains(STARTED) {
                return Ok(());
            }
            let running = self.process.is_running().map_err(|error| error.to_string())?;
            if !running || begun.elapsed() > START_LIMIT {
                let lines: Vec<_> = log.lines().collect();
                let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
                let what = if running { "does not answer" } else { "has ended" };
                return Err(format!("Apache Kafka {what}; the end of its log:\n{tail}"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(super) fn is_running(&mut self) -> io::Result<bool> {
        self.process.is_running()
    }

    /// Ends the process without warning; unwritten data is lost.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// Lets the node hand over its partitions and end.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.process.stop()
    }

    fn log(&self) -> PathBuf {
        self.process.folder().join("log")
    }
}

fn java() -> io::Result<Vec<String>> {
    let mut java: Vec<String> = JAVA.iter().map(|argument| (*argument).to_owned()).collect();
    java.extend(["-cp".into(), class_path()?]);
    Ok(java)
}

fn classes(folder: &Path) -> PathBuf {
    folder.join("classes")
}

fn properties(folder: &Path) -> PathBuf {
    folder.join("server.properties")
}

/// New folder beside the jars.
fn new_folder() -> io::Result<PathBuf> {
    let jars = PathBuf::from(class_path()?);
    let beside = jars.ancestors().nth(2).ok_or(io::ErrorKind::NotFound)?;
    let folder = beside.join(format!("run.{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Class path of Apache Kafka's jars.
///
/// # Errors
/// If `KAFKA_CLASSPATH` is not set: a test that needs Apache Kafka must not pass without it.
fn class_path() -> io::Result<String> {
    std::env::var("KAFKA_CLASSPATH")
        .map_err(|error| io::Error::other(format!("KAFKA_CLASSPATH, see scripts/kafka: {error}")))
}
