//! Checks of a deployment's settings, one after the other: what works, what does not, and what to change.
//!
//! Every check uses the connector's own catalog, clusters, decoders and block store, so that it sees what the
//! function sees. A check reports only its own fault; checks that depend on it are skipped with that reason,
//! and all others are made.
//!
//! | file | checks |
//! |---|---|
//! | `function` | the environment of a deployed function can be read |
//! | `settings` | every environment variable |
//! | `aws` | region and credentials |
//! | `registries` | registries, their markers, their tables |
//! | `cluster` | the brokers accept the login; fixes if they do not |
//! | `document` | each schema describes a table |
//! | `topic` | each topic exists; its timestamp type |
//! | `records` | the latest records can be fetched and become rows |
//! | `spilling` | keys for blocks can be generated, and the bucket accepts blocks |
//! | `query_status` | Athena returns the state of queries |
//! | `limit` | time limit of a check |
//! | `finding`, `report` | findings, and their output |

use std::time::Duration;

use aws_config::{Region, SdkConfig};
use connector::Parts;
use connector::error::Error;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use protocol::TableName;

pub use finding::{Check, Finding, Status};
use limit::Limit;
pub use report::{Counts, Report, TextList};
pub use settings::Variables;
use settings::{Owner, Settings};
pub use spilling::DeleteObject;
use spilling::{S3Objects, Spilling};

mod aws;
mod cluster;
mod document;
mod finding;
mod function;
mod limit;
mod query_status;
mod records;
mod registries;
mod report;
mod settings;
mod spilling;
mod topic;

/// Scope of the checks.
#[derive(Debug, Clone)]
pub struct DoctorOptions {
    /// Only this table, instead of all of the marked registries.
    pub table: Option<TableName>,
    /// Whether to write no object to the spill bucket.
    pub read_only: bool,
    /// Approximate number of a topic's latest records to decode, at least 1.
    pub records: u32,
    /// Time limit of each check.
    pub limit: Duration,
}

/// Source of the environment variables.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name or ARN of a deployed function; `None` for this process.
    pub function: Option<String>,
    /// Region that replaces the one in the function's ARN, or the SDK's own.
    pub region: Option<String>,
}

/// Parts of the connector that are checked, and a means to delete what a check has written.
pub struct Deployment {
    pub parts: Parts,
    pub objects: Box<dyn DeleteObject>,
}

/// Reasons why whole groups of checks cannot be made: each is a clause that follows "because".
#[derive(Debug, Clone, Default)]
pub struct Obstacles {
    /// AWS cannot be used.
    pub aws: Option<String>,
    /// The settings of Kafka are unknown.
    pub kafka: Option<String>,
    /// The settings of spilling are unknown.
    pub spilling: Option<String>,
}

/// Checks the environment of this process or of a function.
pub fn examine_environment<'a>(
    source: &'a Source,
    options: &'a DoctorOptions,
    report: &'a mut Report<'_>,
) -> LocalBoxFuture<'a, ()> {
    examine_source(source, options, report).boxed_local()
}

async fn examine_source(source: &Source, options: &DoctorOptions, report: &mut Report<'_>) {
    let limit = Limit(options.limit);
    let (aws, region_is_given) = sdk_config(source).await;
    let variables = match &source.function {
        Some(name) => {
            let functions = function::LambdaFunctions::new(&aws);
            function::check(&functions, name, limit, report).await
        }
        None => Some(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        ),
    };
    let owner = match source.function {
        Some(_) => Owner::Function,
        None => Owner::Process,
    };
    let settings = match &variables {
        Some(variables) => {
            let completing = connector::assembly::complete(settings::given(variables), &aws);
            let completed = limit.within(completing).await;
            settings::check(variables, owner, completed, report)
        }
        None => {
            let obstacle = "the function's variables are unknown";
            report.about("settings").skip(Check::Variables, obstacle);
            Settings::unknown(obstacle)
        }
    };
    let origin = aws::Origin {
        region_is_given,
        variable: |name| std::env::var(name).ok(),
    };
    let obstacles = Obstacles {
        aws: aws::check(&aws, &origin, limit, report).await,
        kafka: settings.kafka_obstacle,
        spilling: settings.spilling_obstacle,
    };
    let deployment = Deployment {
        parts: connector::assembly::parts(&settings.config, &aws),
        objects: Box::new(S3Objects::new(connector::aws::sdk::s3_client(&aws))),
    };
    examine(&deployment, &obstacles, options, report).await;
}

/// Configuration as in the connector, except for the region; and whether that was given.
async fn sdk_config(source: &Source) -> (SdkConfig, bool) {
    let aws = connector::aws::sdk::sdk_config().await;
    let of_function = source.function.as_deref().and_then(function::region_of);
    match source.region.as_deref().or(of_function) {
        Some(region) => {
            let region = Region::new(region.to_owned());
            (aws.into_builder().region(region).build(), true)
        }
        None => (aws, false),
    }
}

/// Checks everything except the settings themselves.
pub async fn examine(
    deployment: &Deployment,
    obstacles: &Obstacles,
    options: &DoctorOptions,
    report: &mut Report<'_>,
) {
    let Deployment { parts, objects } = deployment;
    let limit = Limit(options.limit);
    let tables = match &obstacles.aws {
        Some(obstacle) => {
            let mut about = report.about("registries");
            about.skip(Check::Registries, obstacle);
            Vec::new()
        }
        None => registries::check(&parts.catalog, options.table.as_ref(), limit, report).await,
    };
    let clusters = cluster::check(parts, obstacles.kafka.as_deref(), limit, report).await;
    for name in &tables {
        examine_table(parts, name, &clusters, options, report).await;
    }
    let spilling = Spilling {
        objects: objects.as_ref(),
        read_only: options.read_only,
        limit,
    };
    let obstacle = obstacles.aws.as_deref();
    spilling::check(
        parts,
        &spilling,
        obstacle.or(obstacles.spilling.as_deref()),
        report,
    )
    .await;
    query_status::check(parts.query_status.as_ref(), obstacle, limit, report).await;
}

async fn examine_table(
    parts: &Parts,
    name: &TableName,
    clusters: &cluster::ClusterStates,
    options: &DoctorOptions,
    report: &mut Report<'_>,
) {
    const OF_TOPIC: [Check; 4] = [Check::Topic, Check::Timestamps, Check::Read, Check::Decode];
    let limit = Limit(options.limit);
    let table = document::check(parts, name, limit, report).await;
    let mut about = report.about(document::subject(name));
    let Some(table) = table else {
        return about.skip_all(&OF_TOPIC, "the topic is unknown");
    };
    let cluster = table.cluster.as_deref();
    if let Some(obstacle) = clusters.obstacle(cluster) {
        return about.skip_all(&OF_TOPIC, obstacle);
    }
    const UNSEEN: &str = "the topic was not found";
    let broker = match parts.clusters.get(cluster).map_err(Error::from) {
        Ok(broker) => broker.as_ref(),
        Err(error) => {
            about.fail(Check::Topic, error.full_message(), cluster::fix(&error));
            return about.skip_all(&OF_TOPIC[1..], UNSEEN);
        }
    };
    let Some(snapshot) = topic::check(broker, &table, limit, &mut about).await else {
        return about.skip_all(&OF_TOPIC[1..], UNSEEN);
    };
    topic::check_timestamps(parts, broker, &table.topic, limit, &mut about).await;
    let of_table = (table.as_ref(), &snapshot);
    records::check(parts, broker, of_table, options.records, limit, &mut about).await;
}

#[cfg(test)]
mod tests;
