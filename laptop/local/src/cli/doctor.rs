//! The command `doctor`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use doctor::{DoctorOptions, Report, Source, TextList, examine_environment};
use protocol::TableName;

use super::terminal::Error;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Check only this table, `registry.schema`, instead of all of the registries with the marker.
    #[arg(value_parser = table_name)]
    table: Option<TableName>,
    /// Check the environment of this deployed function, by name or ARN, instead of this process's.
    #[arg(long)]
    function: Option<String>,
    /// Region [default: that of the function's ARN, then the SDK's].
    #[arg(long)]
    region: Option<String>,
    /// Write no object to the spill bucket.
    #[arg(long)]
    read_only: bool,
    /// Approximate number of each topic's latest records to decode.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    records: u32,
    /// Time limit of each check in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=900))]
    time_limit: u64,
    /// Print one JSON object instead of a list.
    #[arg(long)]
    json: bool,
}

/// Fails if a check fails.
pub(super) async fn run(args: DoctorArgs) -> Result<ExitCode, Error> {
    let options = DoctorOptions {
        table: args.table,
        read_only: args.read_only,
        records: args.records,
        limit: Duration::from_secs(args.time_limit),
    };
    let source = Source {
        function: args.function,
        region: args.region,
    };
    let mut list = TextList::default();
    let mut written = Ok(());
    let mut report = Report::new(|finding| {
        if !args.json && written.is_ok() {
            written = write!(io::stdout(), "{}", list.lines(finding));
        }
    });
    examine_environment(&source, &options, &mut report).await;
    let counts = report.counts();
    let json = args.json.then(|| report.to_json());
    drop(report);
    written?;
    match json {
        Some(json) => writeln!(io::stdout(), "{json:#}")?,
        None => writeln!(io::stdout(), "\n{}", counts.to_text())?,
    }
    Ok(match counts.is_healthy() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Splits at the first point: names of schemas, like those of topics, often contain some.
fn table_name(text: &str) -> Result<TableName, String> {
    match text.split_once('.') {
        Some((schema_name, table_name)) if !schema_name.is_empty() && !table_name.is_empty() => {
            Ok(TableName {
                schema_name: schema_name.to_owned(),
                table_name: table_name.to_owned(),
            })
        }
        _ => Err("wanted registry.schema".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_by_registry_and_schema() {
        let name = table_name("customer.orders.v1").unwrap();
        assert_eq!((&*name.schema_name, &*name.table_name), ("customer", "orders.v1"));
        for text in ["orders", ".orders", "customer.", "."] {
            assert!(table_name(text).is_err(), "{text}");
        }
    }
}
