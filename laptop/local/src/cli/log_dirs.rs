//! Sizes of partitions on the brokers' disks.
//!
//! librdkafka has no call for them, so they are requested over separate connections: DescribeLogDirs
//! ([KIP-113](https://cwiki.apache.org/confluence/display/KAFKA/KIP-113%3A+Support+replicas+movement+between+log+directories)),
//! from brokers without authentication. From others, and where access is denied (`Describe` on the cluster is
//! required), the sizes are unknown.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka::Cluster;
use kafka::auth::AuthType;
use kafka_protocol::messages::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, MetadataRequest, MetadataResponse, RequestHeader,
    ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Time limit for all brokers together; sizes that have not arrived by then are unknown.
const LIMIT: Duration = Duration::from_secs(3);
/// Version of Metadata that brokers of Kafka 1.0 and later support, 4.0 included.
const METADATA_VERSION: i16 = 4;
/// Version of DescribeLogDirs that brokers of Kafka 2.0 and later support, 4.0 included.
const LOG_DIRS_VERSION: i16 = 1;
/// Maximum size of a response: about a hundred bytes for each of a million partitions.
const MAX_ANSWER_BYTES: usize = 100 * 1024 * 1024;

/// Size of each partition's largest replica, by topic and partition.
#[derive(Debug, Default)]
pub(super) struct PartitionBytes(HashMap<String, HashMap<i32, u64>>);

impl PartitionBytes {
    pub(super) fn of_partition(&self, topic: &str, partition: i32) -> Option<u64> {
        self.0.get(topic)?.get(&partition).copied()
    }

    /// Size of all partitions of a topic; `None` if none is known.
    pub(super) fn of_topic(&self, topic: &str) -> Option<u64> {
        let sizes = self.0.get(topic)?.values().copied();
        sizes.reduce(|sum, bytes| sum + bytes)
    }

    fn add(&mut self, answer: DescribeLogDirsResponse) {
        let topics = answer.results.into_iter().flat_map(|directory| directory.topics);
        for topic in topics {
            let sizes = self.0.entry(topic.name.to_string()).or_default();
            for partition in topic
                .partitions
                .iter()
                .filter(|partition| !partition.is_future_key)
            {
                let bytes = u64::try_from(partition.partition_size).unwrap_or(0);
                let largest = sizes.entry(partition.partition_index).or_default();
                *largest = bytes.max(*largest);
            }
        }
    }
}

/// Source of partition sizes: the brokers of one cluster.
pub(super) struct LogDirs<'a> {
    /// `None` if the brokers require authentication.
    bootstrap_servers: Option<&'a str>,
}

impl<'a> LogDirs<'a> {
    pub(super) fn of(cluster: &'a Cluster) -> Self {
        let is_open = cluster.auth_type == AuthType::NoAuth;
        Self {
            bootstrap_servers: cluster.bootstrap_servers.as_deref().filter(|_| is_open),
        }
    }

    /// Sizes from all brokers that respond in time.
    pub(super) async fn bytes(&self) -> PartitionBytes {
        let mut sizes = PartitionBytes::default();
        if let Some(servers) = self.bootstrap_servers
            && tokio::time::timeout(LIMIT, ask(servers, &mut sizes))
                .await
                .is_err()
        {
            tracing::debug!("the brokers did not return the sizes of their logs in time");
        }
        sizes
    }
}

async fn ask(bootstrap_servers: &str, sizes: &mut PartitionBytes) {
    for address in brokers(bootstrap_servers).await {
        let request = DescribeLogDirsRequest::default().with_topics(None);
        let answer = async {
            let mut broker = TcpStream::connect(&address).await?;
            call(&mut broker, &request, LOG_DIRS_VERSION).await
        };
        match answer.await {
            Ok(answer) => sizes.add(answer),
            Err(error) => tracing::debug!(address, %error, "a broker did not return the sizes of its logs"),
        }
    }
}

/// Addresses of all brokers, from the first bootstrap server that responds; empty if none does.
async fn brokers(bootstrap_servers: &str) -> Vec<String> {
    // No topic is asked about.
    let request = MetadataRequest::default().with_topics(Some(Vec::new()));
    for address in bootstrap_servers.split(',').map(str::trim) {
        let answer = async {
            let mut broker = TcpStream::connect(address).await?;
            let answer: MetadataResponse = call(&mut broker, &request, METADATA_VERSION).await?;
            io::Result::Ok(answer)
        };
        if let Ok(answer) = answer.await {
            let brokers = answer.brokers.iter();
            return brokers
                .map(|broker| format!("{}:{}", broker.host, broker.port))
                .collect();
        }
    }
    Vec::new()
}

/// Sends one request and waits for its response.
async fn call<R: Request>(broker: &mut TcpStream, request: &R, version: i16) -> io::Result<R::Response> {
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_client_id(Some(StrBytes::from_static_str("athena-local")));
    let mut body = BytesMut::new();
    header
        .encode(&mut body, R::header_version(version))
        .map_err(invalid)?;
    request.encode(&mut body, version).map_err(invalid)?;
    let mut frame = BytesMut::with_capacity(4 + body.len());
    frame.put_u32(u32::try_from(body.len()).map_err(invalid)?);
    frame.extend_from_slice(&body);
    broker.write_all(&frame).await?;

    let length = usize::try_from(broker.read_u32().await?).map_err(invalid)?;
    if length > MAX_ANSWER_BYTES {
        return Err(invalid(format!(
            "an answer of {length} bytes, wanted at most {MAX_ANSWER_BYTES}"
        )));
    }
    let mut answer = BytesMut::new();
    while answer.len() < length {
        let missing = (length - answer.len()) as u64;
        if (&mut *broker).take(missing).read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut answer: Bytes = answer.freeze();
    ResponseHeader::decode(&mut answer, R::Response::header_version(version)).map_err(invalid)?;
    let response = R::Response::decode(&mut answer, version).map_err(invalid)?;
    match answer.remaining() {
        0 => Ok(response),
        rest => Err(invalid(format!("{rest} bytes after the answer"))),
    }
}

fn invalid(error: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

#[cfg(test)]
mod tests {
    use embedded::EmbeddedKafka;

    use super::*;

    #[tokio::test]
    async fn brokers_without_logins_tell_sizes() {
        let kafka = EmbeddedKafka::start().await.unwrap();
        kafka.create_topic("empty", 2).unwrap();
        let mut cluster = Cluster::at(kafka.bootstrap_servers());
        let sizes = LogDirs::of(&cluster).bytes().await;
        assert_eq!(
            (sizes.of_topic("empty"), sizes.of_partition("empty", 1)),
            (Some(0), Some(0))
        );
        assert_eq!(sizes.of_topic("other"), None);
        cluster.auth_type = AuthType::Ssl;
        assert_eq!(LogDirs::of(&cluster).bytes().await.of_topic("empty"), None);
    }

    #[tokio::test]
    async fn sizes_of_unreachable_brokers_are_unknown() {
        let cluster = Cluster::at("127.0.0.1:1");
        assert_eq!(LogDirs::of(&cluster).bytes().await.of_topic("orders"), None);
    }
}
