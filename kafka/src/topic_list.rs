//! The topics that there are.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rdkafka::consumer::Consumer;

use crate::attempts::{About, Attempts};
use crate::client::Client;
use crate::error::KafkaError;

/// Names of all topics, sorted, in one Metadata request. Brokers leave out those that we may not describe.
pub(crate) fn topics(
    client: &Client,
    deadline: Instant,
    cancelled: &AtomicBool,
) -> Result<Vec<String>, KafkaError> {
    let attempts = Attempts::new(client, About::Cluster, deadline, cancelled);
    attempts.retry("list of topics", |patience| {
        let metadata = client.fetch_metadata(None, attempts.at_most(patience));
        let metadata = metadata.map_err(|error| attempts.failure(&error))?;
        let mut names: Vec<_> = metadata
            .topics()
            .iter()
            .filter(|topic| topic.error().is_none())
            .map(|topic| topic.name().to_owned())
            .collect();
        names.sort_unstable();
        Ok(names)
    })
}
