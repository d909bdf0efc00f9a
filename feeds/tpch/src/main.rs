//! `tpch`: loads the tables of TPC-H into Kafka topics, writes their schema documents, prints the queries.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use producer::bootstrap_servers;
use tpch::{Encoder, Format, Loader, QUERIES, Registry, SchemaDefinition, Table};

type Error = Box<dyn std::error::Error>;

/// TPC-H on Kafka topics.
#[derive(Debug, Parser)]
#[command(name = "tpch", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create topics and fill them; with --registry, register their schemas in AWS Glue first.
    Load(Load),
    /// Write a schema document for each table, to be registered under the name of its file.
    Documents(Documents),
    /// Print the 22 queries, each followed by a semicolon.
    Queries(Queries),
}

#[derive(Debug, Args)]
struct Load {
    /// Brokers, host:port, comma-separated [default: $BOOTSTRAP_SERVERS, then localhost:9092].
    #[arg(long, env = "kafka_endpoint", alias = "bootstrap-servers")]
    bootstrap: Option<String>,
    /// Scale factor; 1 is about a gigabyte of text.
    #[arg(long, default_value = "0.01", value_parser = scale)]
    scale: f64,
    #[command(flatten)]
    topics: Topics,
    /// Partitions of each topic.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// Glue registry for the schemas, with the AWS configuration of the environment; created if it does not
    /// exist.
    #[arg(long)]
    registry: Option<String>,
    /// Begin each Avro record with Glue's header, as Glue's serializer does.
    #[arg(long, requires = "registry")]
    glue_header: bool,
}

#[derive(Debug, Args)]
struct Topics {
    /// Record format: json, csv, avro or protobuf.
    #[arg(long)]
    format: Format,
    /// Tables, comma-separated [default: all eight].
    #[arg(long, value_delimiter = ',')]
    tables: Vec<Table>,
    /// Prefix of the names of topics and schemas, before the name of each table.
    #[arg(long, default_value = "")]
    topic_prefix: String,
}

#[derive(Debug, Args)]
struct Documents {
    #[command(flatten)]
    topics: Topics,
    /// Folder for the documents; created if it does not exist.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Queries {
    /// Qualifier of each table's name, as in msk.bench.
    #[arg(long)]
    schema: Option<String>,
    /// Prefix given to load.
    #[arg(long, default_value = "")]
    topic_prefix: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Load(load) => load.run().await,
        Command::Documents(documents) => documents.run(),
        Command::Queries(queries) => queries.print(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tpch: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Load {
    async fn run(&self) -> Result<(), Error> {
        if self.glue_header && self.topics.format != Format::Avro {
            return Err(format!("--glue-header is for avro, found {}", self.topics.format).into());
        }
        let registry = match &self.registry {
            Some(name) => {
                let client = aws_sdk_glue::Client::new(&aws_config::load_from_env().await);
                Some(Registry::open(client, name).await?)
            }
            None => None,
        };
        self.load(registry.as_ref()).await
    }

    async fn load(&self, registry: Option<&Registry>) -> Result<(), Error> {
        let loader = Loader::new(bootstrap_servers(self.bootstrap.as_deref()), self.scale);
        for table in self.topics.tables() {
            let topic = self.topics.name(table);
            let encoder = self.encoder(registry, table, &topic).await?;
            loader.create_topic(&topic, self.partitions).await?;
            let rows = loader.load(&topic, encoder).await?;
            println!("{rows} rows in topic {topic}");
        }
        Ok(())
    }

    /// Registers the table's schema first if required: a header names its version.
    async fn encoder(
        &self,
        registry: Option<&Registry>,
        table: Table,
        topic: &str,
    ) -> Result<Encoder, Error> {
        if let Some(registry) = registry {
            let definition = SchemaDefinition::new(table, self.topics.format, topic);
            let version_id = registry.register(topic, &definition).await?;
            if self.glue_header {
                return Ok(Encoder::avro_with_glue_header(table, version_id)?);
            }
        }
        Ok(Encoder::new(table, self.topics.format)?)
    }
}

impl Topics {
    fn tables(&self) -> Vec<Table> {
        if self.tables.is_empty() {
            Table::ALL.to_vec()
        } else {
            self.tables.clone()
        }
    }

    fn name(&self, table: Table) -> String {
        format!("{}{table}", self.topic_prefix)
    }
}

impl Documents {
    fn run(&self) -> Result<(), Error> {
        create_dir(&self.out)?;
        for table in self.topics.tables() {
            let topic = self.topics.name(table);
            let schema = SchemaDefinition::new(table, self.topics.format, &topic);
            let path = self.out.join(format!("{topic}.{}", schema.file_extension()));
            std::fs::write(&path, schema.definition + "\n")
                .map_err(|error| format!("{}: {error}", path.display()))?;
            println!("{}", path.display());
        }
        Ok(())
    }
}

fn create_dir(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

impl Queries {
    fn print(&self) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        for query in &QUERIES {
            writeln!(out, "{};\n", query.over(|table| self.name(table)))?;
        }
        Ok(())
    }

    fn name(&self, table: Table) -> String {
        let name = match self.topic_prefix.as_str() {
            "" => table.to_string(),
            prefix => format!("\"{prefix}{table}\""),
        };
        match &self.schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name,
        }
    }
}

/// Parses a scale, a number above zero.
fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale.is_finite() && scale > 0.0 => Ok(scale),
        _ => Err(format!("wanted a number above 0, found {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::config::{BehaviorVersion, Credentials, Region};
    use clap::CommandFactory;
    use embedded::{EmbeddedGlue, EmbeddedKafka};

    use super::*;

    fn parse(args: &[&str]) -> Command {
        Cli::try_parse_from([&["tpch"], args].concat()).unwrap().command
    }

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn takes_tables_by_name() {
        let Command::Load(load) = parse(&["load", "--format", "csv", "--tables", "orders,lineitem"]) else {
            panic!("wanted load");
        };
        assert_eq!(load.topics.tables(), [Table::Orders, Table::Lineitem]);
        assert!(
            Cli::try_parse_from(["tpch", "load", "--format", "csv", "--tables", "orders,items"]).is_err()
        );
    }

    #[test]
    fn refuses_a_scale_of_nothing() {
        for text in ["0", "-1", "NaN", "inf", "one"] {
            assert!(scale(text).is_err(), "{text}");
        }
        assert_eq!(scale("0.5").unwrap(), 0.5);
    }

    #[tokio::test]
    async fn only_avro_has_the_header() {
        let Command::Load(load) = parse(&["load", "--format", "json", "--registry", "r", "--glue-header"])
        else {
            panic!("wanted load");
        };
        assert!(load.run().await.unwrap_err().to_string().ends_with("found json"));
    }

    /// Runs twice: a topic is not filled twice.
    #[tokio::test(flavor = "multi_thread")]
    async fn loads_and_registers_a_table_once() {
        let (kafka, glue) = (
            EmbeddedKafka::start().await.unwrap(),
            EmbeddedGlue::start().await.unwrap(),
        );
        let registry = Registry::open(client(&glue), "bench").await.unwrap();
        let bootstrap = kafka.bootstrap_servers();
        let args = [
            "load",
            "--format",
            "avro",
            "--tables",
            "nation",
            "--registry",
            "bench",
            "--glue-header",
        ];
        let Command::Load(load) = parse(&[&args[..], &["--bootstrap", &bootstrap]].concat()) else {
            panic!("wanted load");
        };
        load.load(Some(&registry)).await.unwrap();
        assert_eq!(glue.calls("CreateSchema"), 1);
        let error = load.load(Some(&registry)).await.unwrap_err();
        assert!(
            error.to_string().starts_with("topic nation already exists"),
            "{error}"
        );
    }

    fn client(glue: &EmbeddedGlue) -> aws_sdk_glue::Client {
        let config = aws_sdk_glue::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(glue.endpoint_url())
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .build();
        aws_sdk_glue::Client::from_conf(config)
    }

    #[test]
    fn writes_a_document_for_each_table() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("documents");
        let args = [
            "documents",
            "--format",
            "json",
            "--topic-prefix",
            "a_",
            "--out",
            out.to_str().unwrap(),
        ];
        let Command::Documents(documents) = parse(&args) else {
            panic!("wanted documents");
        };
        documents.run().unwrap();
        for table in Table::ALL {
            let document = std::fs::read(out.join(format!("a_{table}.json"))).unwrap();
            let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
            assert_eq!(document["topicName"], format!("a_{table}"));
        }
    }

    #[test]
    fn qualifies_tables_of_queries() {
        let args = ["queries", "--schema", "msk.bench", "--topic-prefix", "a_"];
        let Command::Queries(queries) = parse(&args) else {
            panic!("wanted queries");
        };
        assert_eq!(queries.name(Table::Orders), "msk.bench.\"a_orders\"");
    }
}
