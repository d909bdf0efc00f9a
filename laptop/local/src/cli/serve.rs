//! The command `serve`: embedded servers, and the engine over Flight SQL, that run until interrupted.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use athena_api::Telemetry;
use clap::Args;
use connector::config::variables::Variables;
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::topic_file;
use super::flight::FlightArgs;
use super::target::{OrdersArgs, fill};
use super::terminal::Error;
use crate::athena::AthenaOptions;
use crate::demo::named_queries;
use crate::stack::{Places, Stack};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Number of orders to produce first.
    #[arg(long, default_value_t = 0)]
    orders: usize,
    #[command(flatten)]
    made: OrdersArgs,
    /// Folder of schemas to register: REGISTRY/NAME.json, .avsc or .proto; those directly in it belong to the
    /// registry `customer`.
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// File whose rows to send to a topic, with a table of it in the registry `customer`.
    #[arg(long, value_name = "TOPIC=FILE", value_parser = topic_file)]
    load: Vec<(String, PathBuf)>,
    /// Port of Kafka [default: a free one, as for the others].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    kafka_port: u16,
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    glue_port: u16,
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    s3_port: u16,
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    athena_port: u16,
    #[command(flatten)]
    flight: FlightArgs,
    /// Address to listen at. With any address except loopback, everyone who reaches it has access: there is no
    /// authentication, except that of Flight SQL by its token.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Host for clients to connect to [default: the address, or 127.0.0.1 for all addresses].
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
}

pub(super) async fn run(args: &ServeArgs) -> Result<(), Error> {
    // Before anything else, so that no signal is missed.
    let mut terminated = signal(SignalKind::terminate())?;
    let places = args.places();
    if !args.listen.is_loopback() {
        eprintln!(
            "warning: listening at {}: everyone who reaches this machine can read and write everything, without a login",
            args.listen
        );
    }
    let stack = Stack::start_at(&places, args.made.partitions).await?;
    // Those that name the servers do not count.
    let stack = stack.with_settings(Variables::from_env());
    fill(
        &stack,
        args.orders,
        args.made,
        args.schemas.as_deref(),
        &args.load,
    )
    .await?;
    let athena = Arc::new(stack.athena(AthenaOptions::default()).await?);
    let [telemetry, of_flight] = ["athena", "flight_sql"].map(|interface| {
        let log = |line: &str| eprintln!("{line}");
        Arc::new(Telemetry::new(interface, Arc::new(log)))
    });
    let others = vec![Arc::clone(&of_flight)];
    let api = stack
        .api(&places, athena, named_queries(), telemetry, others)
        .await?;
    let flight = args.flight.start(&stack, &places, of_flight).await?;
    let mut out = io::stdout();
    writeln!(out, "export FLIGHT_SQL_URI={}", flight.uri(&places.host))?;
    for (name, value) in stack.variables(&api) {
        writeln!(out, "export {name}={value}")?;
    }
    out.flush()?;
    eprintln!("Kafka, Glue, S3, Athena's API and Flight SQL run until interrupted (Ctrl-C).");
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

impl ServeArgs {
    fn places(&self) -> Places {
        let host = match (&self.advertise, self.listen) {
            (Some(host), _) => host.clone(),
            (None, listen) if listen.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            (None, IpAddr::V6(listen)) => format!("[{listen}]"),
            (None, IpAddr::V4(listen)) => listen.to_string(),
        };
        Places {
            listen: self.listen,
            host,
            kafka_port: self.kafka_port,
            glue_port: self.glue_port,
            s3_port: self.s3_port,
            athena_port: self.athena_port,
        }
    }
}
