//! Figures of the function, each from a real `bootstrap` process in an emulated Lambda.
//!
//! ```text
//! measure [--function PATH] all                 everything below, as one table
//! measure [--function PATH] throughput [ROWS]   ReadRecords against a bare poll of the same records
//! measure [--function PATH] start               process start to the first answers
//! measure [--function PATH] memory [ROWS...]    peak memory of one read over the idle process
//! measure [--function PATH] planning            GetSplits by number of partitions
//! measure [--function PATH] quiet               one record of a quiet partition, warm
//! measure queries                               the demonstration's queries
//! measure flight [ROWS]                         rows over Flight SQL against the same rows printed
//! measure fetch [ROWS]                          a bare poll against fetches decoded by `kafka-protocol`
//! measure [--function PATH] splits [ROWS [SIZES...]]   a table in splits of each size
//! ```
//!
//! Without `--function` it is the development profile's binary, which is slower than the packaged one:
//! `scripts/package` writes that to `target/package/connector/bootstrap`. A broker and S3 are embedded unless
//! the environment names real ones; figures are most meaningful with `scripts/kafka run --`. `--setting
//! NAME=VALUE` adds one to the function's settings. With `--json` a line of JSON follows the table.

use std::io;
use std::path::PathBuf;

use figures::Figures;
use function::Function;

mod bare;
mod figures;
mod flight;
mod function;
mod memory;
mod planning;
mod queries;
mod quiet;
mod splits;
mod start;
mod throughput;

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = take_flag(&mut arguments, "--json");
    let function = match take_value(&mut arguments, "--function") {
        Some(path) => Function::at(std::fs::canonicalize(PathBuf::from(path))?),
        None => Function::of_workspace()?,
    };
    let mut settings = Vec::new();
    while let Some(setting) = take_value(&mut arguments, "--setting") {
        settings.push(setting);
    }
    let function = function.with_settings(&settings)?;
    let Some((what, rest)) = arguments.split_first() else {
        usage();
    };
    let numbers = numbers(rest)?;
    let mut figures = Figures::default();
    match what.as_str() {
        "throughput" => throughput::measure(&function, &numbers, &mut figures).await?,
        "start" => start::measure(&function, &mut figures).await?,
        "memory" => memory::measure(&function, &numbers, &mut figures).await?,
        "planning" => planning::measure(&function, &mut figures).await?,
        "quiet" => quiet::measure(&function, &mut figures).await?,
        "queries" => queries::measure(&mut figures).await?,
        "flight" => flight::measure(&numbers, &mut figures).await?,
        "fetch" => bare::measure(&numbers, &mut figures).await?,
        "splits" => return splits::measure(&function, &numbers).await,
        "all" => {
            throughput::measure(&function, &[], &mut figures).await?;
            start::measure(&function, &mut figures).await?;
            memory::measure(&function, &[], &mut figures).await?;
            planning::measure(&function, &mut figures).await?;
            quiet::measure(&function, &mut figures).await?;
            queries::measure(&mut figures).await?;
        }
        _ => usage(),
    }
    if json {
        println!("{}", figures.to_json());
    }
    Ok(())
}

fn usage() -> ! {
    eprintln!(
        "usage: measure [--json] [--function PATH] all | throughput | start | memory | planning | quiet | queries \
         | flight | fetch | splits"
    );
    std::process::exit(2)
}

fn take_flag(arguments: &mut Vec<String>, flag: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != flag);
    arguments.len() < before
}

fn take_value(arguments: &mut Vec<String>, option: &str) -> Option<String> {
    let at = arguments.iter().position(|argument| argument == option)?;
    let value = (at + 1 < arguments.len()).then(|| arguments.remove(at + 1));
    arguments.remove(at);
    value
}

fn numbers(arguments: &[String]) -> io::Result<Vec<usize>> {
    let numbers = arguments
        .iter()
        .map(|number| number.parse().map_err(io::Error::other));
    numbers.collect()
}
