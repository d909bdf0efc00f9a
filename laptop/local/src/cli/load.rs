//! The command `load`: sends a file of rows to a topic.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use connector::assembly;
use kafka::auth::AuthType;
use kafka::auth::settings::Authentication;
use producer::{Auth, ClientSettings, Compression, SendConfig, Sender, create_topic};

use super::brokers::{BrokersArgs, Connection};
use super::progress::{ProgressLine, Unit};
use super::terminal::Error;
use crate::row_file::{FileFormat, KeyField, Loaded, RowFile, Shown, load};

#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    /// File of rows: .jsonl, .csv, .tsv, .avro, .parquet; `-` for JSON lines from standard input. Each row becomes
    /// a record whose value is one JSON object.
    file: PathBuf,
    #[arg(long)]
    topic: String,
    #[command(flatten)]
    brokers: BrokersArgs,
    /// Top-level field whose value is the record's key [default: no key].
    #[arg(long, value_name = "FIELD")]
    key: Option<String>,
    /// Create the topic with this many partitions first, unless it exists.
    #[arg(long, value_name = "PARTITIONS", value_parser = clap::value_parser!(i32).range(1..))]
    create: Option<i32>,
    /// Format of the file [default: by its extension].
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Compression: none, gzip, snappy, lz4, zstd.
    #[arg(long, default_value = "none")]
    compression: Compression,
}

pub(super) async fn run(args: &LoadArgs) -> Result<(), Error> {
    let file = open(&args.file, args.format)?;
    let connection = args.brokers.connect().await?;
    let config = SendConfig {
        compression: args.compression,
        ..send_config(&connection, &args.topic).await?
    };
    if let Some(partitions) = args.create {
        create_topic(&config, partitions).await?;
    }
    let mut sender = Sender::connect(&config).await.map_err(with_what_to_do)?;
    let loaded = load_with_progress(file, args.key.clone(), &mut sender).await?;
    let (topic, partitions) = (&args.topic, sender.partitions());
    let partitions = counted(partitions, "partition");
    writeln!(
        io::stdout(),
        "{} in topic {topic}, {partitions} ({})",
        size(&loaded),
        pace(&loaded)
    )?;
    Ok(())
}

pub(super) fn open(path: &Path, format: Option<FileFormat>) -> Result<RowFile, Error> {
    if path == Path::new("-") {
        return match format {
            None | Some(FileFormat::Jsonl) => Ok(RowFile::standard_input()),
            Some(_) => Err("standard input is read as JSON lines: name a file".into()),
        };
    }
    Ok(RowFile::open(path, format)?)
}

async fn load_with_progress(
    file: RowFile,
    key: Option<String>,
    sender: &mut Sender,
) -> Result<Loaded, Error> {
    let extent = file.extent();
    let unit = match file.format() {
        FileFormat::Parquet => Unit::Count,
        _ => Unit::Bytes,
    };
    let mut progress = ProgressLine::new("loading", extent.total, unit);
    let key = key.map(KeyField);
    let loaded = load(file, key.as_ref(), sender, |shown| {
        if matches!(shown, Shown::Progress(_)) {
            progress.update(extent.read());
        }
    });
    Ok(loaded.await?)
}

fn with_what_to_do(error: producer::SendError) -> Error {
    match error {
        producer::SendError::UnknownTopic { .. } => format!("{error}, or use --create PARTITIONS").into(),
        error => error.into(),
    }
}

/// Text such as `12345 records with 3.4 MB`.
fn size(loaded: &Loaded) -> String {
    let records = counted(loaded.records, "record");
    format!("{records} with {:.1} MB", loaded.bytes as f64 / 1e6)
}

/// Text such as `1.2 s, 10287 records/s, 2.8 MB/s`.
fn pace(loaded: &Loaded) -> String {
    let seconds = loaded.elapsed.as_secs_f64().max(0.001);
    format!(
        "{seconds:.1} s, {:.0} records/s, {:.1} MB/s",
        loaded.records as f64 / seconds,
        loaded.bytes as f64 / 1e6 / seconds
    )
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// Configuration of a producer with the connector's authentication.
async fn send_config(connection: &Connection, topic: &str) -> Result<SendConfig, Error> {
    let cluster = &connection.config.cluster;
    let config = SendConfig::new(cluster.bootstrap_servers()?, topic);
    Ok(match cluster.auth_type {
        AuthType::NoAuth => config,
        // The producer has no tokens but those of IAM.
        AuthType::SaslSslOauthbearer | AuthType::SaslPlaintextOauthbearer => {
            let auth_type = cluster.auth_type.name();
            return Err(
                format!("load cannot log in with auth_type {auth_type}: wanted any but OAUTHBEARER").into(),
            );
        }
        AuthType::SaslSslAwsMskIam => SendConfig {
            auth: Auth::SaslSslAwsMskIam,
            msk_region: cluster.signing_region.clone(),
            client_settings: login(connection).await?,
            ..config
        },
        _ => SendConfig {
            client_settings: login(connection).await?,
            ..config
        },
    })
}

async fn login(connection: &Connection) -> Result<ClientSettings, Error> {
    let credentials = assembly::credential_store_from_env().await;
    let authentication = Authentication::new(connection.config.cluster.clone(), credentials);
    let settings = authentication.settings().await?;
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(ClientSettings(settings.iter().map(owned).collect()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn reports_amount_and_pace() {
        let loaded = Loaded {
            records: 12_000,
            bytes: 3_400_000,
            elapsed: Duration::from_millis(500),
        };
        assert_eq!(size(&loaded), "12000 records with 3.4 MB");
        assert_eq!(pace(&loaded), "0.5 s, 24000 records/s, 6.8 MB/s");
    }
}
