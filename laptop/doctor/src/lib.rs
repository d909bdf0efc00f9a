//! A deployment's settings, checked one after the other: what works, what does not, and what to change.
//!
//! Everything is looked at as the function looks at it, through the connector's own catalog, clusters, decoders and
//! block store. What a check needs is its own; what others need of it they are told, so that a check that failed is
//! followed by those that do not depend on it, and by the reason of those that do.
//!
//! | file | checks |
//! |---|---|
//! | `function` | the environment of a deployed function can be read |
//! | `settings` | every environment variable |
//! | `aws` | region and credentials |
//! | `registries` | registries, their markers, which tables there are |
//! | `cluster` | the brokers let the client in; what to do when not |
//! | `document` | each schema makes a table |
//! | `topic` | each topic is there; whose clock its timestamps are of |
//! | `records` | the latest records can be fetched and become rows |
//! | `spilling` | there are keys for blocks, and the bucket takes them |
//! | `query_status` | Athena tells how queries stand |
//! | `limit` | how long one check may take |
//! | `finding`, `report` | what was found, and how it is shown |

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use connector::Parts;
use connector::error::Error;
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

/// What is checked, and how far.
#[derive(Debug, Clone)]
pub struct DoctorOptions {
    /// This table alone, instead of all of the marked registries.
    pub table: Option<TableName>,
    /// Put no object into the spill bucket.
    pub read_only: bool,
    /// About how many of a topic's latest records to decode, at least 1.
    pub records: u32,
    /// How long each check may take.
    pub limit: Duration,
}

/// Whose environment variables are checked.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// A deployed function's, by its name or ARN; else this process's.
    pub function: Option<String>,
    /// Instead of the region in the function's ARN, or of the SDK's own.
    pub region: Option<String>,
}

/// What is examined: the connector's parts, and what takes away what a check has put.
pub struct Deployment {
    pub parts: Parts,
    pub objects: Box<dyn DeleteObject>,
}

/// Why whole groups of checks cannot be made: each a clause that goes on after "because".
#[derive(Debug, Clone, Default)]
pub struct Obstacles {
    /// Nothing of AWS can be asked.
    pub aws: Option<String>,
    /// It is not known how Kafka is reached.
    pub kafka: Option<String>,
    /// It is not known where blocks are spilled.
    pub spilling: Option<String>,
}

/// Checks what the environment of this process, or of a function, names.
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
            let obstacle = "the function's variables are not known";
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

/// As the connector has it, but for the region; and whether that was given.
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

/// Checks everything but the settings themselves.
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
        return about.skip_all(&OF_TOPIC, "it is not known which topic it is");
    };
    let cluster = table.cluster.as_deref();
    if let Some(obstacle) = clusters.obstacle(cluster) {
        return about.skip_all(&OF_TOPIC, obstacle);
    }
    const UNSEEN: &str = "the topic was not seen";
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
