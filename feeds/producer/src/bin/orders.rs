//! `orders`: generates orders and sends them to a Kafka topic, or prints them.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, Utc};
use clap::Parser;
use producer::order::ORDERED_AT_FORMAT;
use producer::{
    Auth, Compression, ItemsAs, Order, OrderGenerator, Pace, Partitioning, Progress, PublishConfig,
    SendConfig, bootstrap_servers, create_topic, encode_key, encode_value, publish,
};
use tracing_subscriber::EnvFilter;

type Error = Box<dyn std::error::Error>;

/// Generates orders and sends them to a Kafka topic, by default a hundred a second for a minute.
///
/// Equal --seed and --start give equal orders.
#[derive(Debug, Parser)]
#[command(name = "orders", version)]
struct Args {
    /// Brokers, host:port, comma-separated [default: $BOOTSTRAP_SERVERS, then localhost:9092].
    #[arg(long, env = "kafka_endpoint", alias = "bootstrap-servers")]
    bootstrap: Option<String>,
    #[arg(long, env = "TOPIC_NAME", default_value = "orders")]
    topic: String,
    /// Authentication type: NO_AUTH, SASL_SSL_AWS_MSK_IAM.
    #[arg(long, env = "AUTH_TYPE", default_value = "NO_AUTH")]
    auth: Auth,
    /// Region that IAM's tokens are signed for [default: that of the brokers' names, then the environment's].
    #[arg(long, env = "MSK_REGION")]
    msk_region: Option<String>,
    /// File or folder of PEM certificates of the brokers' authorities [default: the system's authorities].
    #[arg(long, env = "CA_LOCATION")]
    ca_location: Option<String>,
    /// Stop after this many orders [default: after --max-run-sec].
    #[arg(long)]
    count: Option<usize>,
    /// Stop after this many seconds [default: 60 without --count, none with it].
    #[arg(long, env = "MAX_RUN_SEC")]
    max_run_sec: Option<u64>,
    /// Orders per second.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Send as fast as the broker accepts orders.
    #[arg(long, conflicts_with = "rate")]
    fast: bool,
    /// Seed of the orders [default: random].
    #[arg(long)]
    seed: Option<u64>,
    /// Time of the first order, UTC, as 2023-03-14 01:02:03.040 [default: now].
    #[arg(long, value_parser = parse_start)]
    start: Option<NaiveDateTime>,
    /// Format of the items, a JSON string or an array: string, array.
    #[arg(long, env = "ITEMS_AS", default_value = "string")]
    items: ItemsAs,
    /// Partitioning by key or in turn: key, round-robin.
    #[arg(long, default_value = "key")]
    partitioning: Partitioning,
    /// Compression: none, gzip, snappy, lz4, zstd.
    #[arg(long, default_value = "none")]
    compression: Compression,
    /// Create the topic with this many partitions first, if it does not exist.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
    create_partitions: Option<i32>,
    /// Print key, tab, value, one order per line, and send nothing. Needs --count.
    #[arg(long, requires = "count")]
    print: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orders: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Error> {
    let seed = args.seed.unwrap_or_else(rand::random);
    let start = args
        .start
        .unwrap_or_else(|| DateTime::<Utc>::from(SystemTime::now()).naive_utc());
    let orders = OrderGenerator::seeded(seed, start).take(args.count.unwrap_or(usize::MAX));
    if args.print {
        return Ok(print(orders, args.items)?);
    }
    let config = publish_config(args);
    if let Some(partitions) = args.create_partitions {
        create_topic(&config.to, partitions).await?;
    }
    let summary = publish(&config, orders, progress_line()).await?;
    eprintln!();
    println!(
        "{} orders, {} items in topic {}",
        summary.orders, summary.items, args.topic
    );
    println!(
        "the same again: --seed {seed} --start '{}'",
        start.format(ORDERED_AT_FORMAT)
    );
    Ok(())
}

fn publish_config(args: &Args) -> PublishConfig {
    let default_max_run_sec = if args.count.is_none() { Some(60) } else { None };
    PublishConfig {
        to: SendConfig {
            auth: args.auth,
            msk_region: args.msk_region.clone(),
            ca_location: args.ca_location.clone(),
            compression: args.compression,
            ..SendConfig::new(bootstrap_servers(args.bootstrap.as_deref()), &args.topic)
        },
        items_as: args.items,
        partitioning: args.partitioning,
        pace: if args.fast {
            Pace::Unlimited
        } else {
            Pace::PerSecond(args.rate)
        },
        max_run: args.max_run_sec.or(default_max_run_sec).map(Duration::from_secs),
    }
}

fn print(orders: impl Iterator<Item = Order>, items_as: ItemsAs) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for order in orders {
        out.write_all(&encode_key(&order))?;
        out.write_all(b"\t")?;
        out.write_all(&encode_value(&order, items_as))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Line on standard error, overwritten once a second.
fn progress_line() -> impl FnMut(Progress) {
    let mut next = Duration::ZERO;
    move |progress| {
        if progress.elapsed >= next || progress.delivered == progress.sent {
            next = progress.elapsed + Duration::from_secs(1);
            eprint!(
                "\r{} sent, {} delivered, {:.1} s",
                progress.sent,
                progress.delivered,
                progress.elapsed.as_secs_f64()
            );
        }
    }
}

fn parse_start(text: &str) -> Result<NaiveDateTime, chrono::ParseError> {
    // `%.f` on reading: any number of digits, or none.
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn config(args: &[&str]) -> PublishConfig {
        publish_config(&Args::parse_from([&["orders"], args].concat()))
    }

    #[test]
    fn arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn runs_as_the_article_does_when_told_nothing() {
        let config = config(&[]);
        assert_eq!(
            (config.pace, config.max_run),
            (Pace::ARTICLE, Some(Duration::from_secs(60)))
        );
        assert_eq!(
            (config.items_as, config.to.topic.as_str()),
            (ItemsAs::JsonString, "orders")
        );
    }

    #[test]
    fn brokers_are_named_as_everywhere_and_by_the_old_name() {
        for name in ["--bootstrap", "--bootstrap-servers"] {
            assert_eq!(config(&[name, "b-1:9092"]).to.bootstrap_servers, "b-1:9092");
        }
    }

    #[test]
    fn a_count_ends_the_run_instead_of_the_clock() {
        let config = config(&["--count", "5", "--fast"]);
        assert_eq!((config.pace, config.max_run), (Pace::Unlimited, None));
    }

    #[test]
    fn reads_a_start_time_as_it_prints_it() {
        let start = parse_start("2023-03-14 01:02:03.040").unwrap();
        assert_eq!(
            start.format(ORDERED_AT_FORMAT).to_string(),
            "2023-03-14 01:02:03.040"
        );
        assert!(parse_start("2023-03-14").is_err());
    }

    #[test]
    fn printing_needs_a_count() {
        assert!(Args::try_parse_from(["orders", "--print"]).is_err());
    }
}
