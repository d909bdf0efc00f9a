//! Listener of an MSK cluster in front of a plain broker: TLS, a login that always succeeds, and a record of
//! the permissions that IAM would check for each request.
//!
//! The action of a request is taken from the developer guide of [Amazon
//! MSK](https://docs.aws.amazon.com/msk/latest/developerguide/kafka-actions.html), which names the ACL of
//! each action, and from Apache Kafka's table of the ACLs of its requests. An unknown request is an error of
//! the test: its connection is closed, and [`KafkaFront::calls`] reports it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, CreateTopicsRequest, DescribeConfigsRequest, FetchRequest,
    FindCoordinatorRequest, FindCoordinatorResponse, InitProducerIdRequest, ListOffsetsRequest,
    MetadataRequest, MetadataResponse, OffsetFetchRequest, OffsetForLeaderEpochRequest, ProduceRequest,
    RequestHeader, ResponseHeader, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeResponse,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::certificates::tls_acceptor;
use crate::iam::Call;

/// Running listener, stopped when dropped.
pub struct KafkaFront {
    address: String,
    notes: Arc<Mutex<Notes>>,
    server: tokio::task::JoinHandle<()>,
}

/// Action and resource of a request.
type Need = (&'static str, Resource);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Resource {
    Cluster,
    Topic(String),
    Group(String),
}

#[derive(Default)]
struct Notes {
    needs: BTreeSet<Need>,
    unknown: Vec<String>,
    /// Names of topics by their ids, from the brokers' responses.
    topics: BTreeMap<Uuid, String>,
}

/// Resource type of a topic in DescribeConfigs.
const TOPIC: i8 = 2;

/// First version of FindCoordinator with several keys.
const FIRST_FIND_WITH_KEYS: i16 = 4;
/// Key type of a group in FindCoordinator.
const GROUP_COORDINATOR: i8 = 0;

fn describe_group(group: &str) -> Need {
    ("kafka-cluster:DescribeGroup", Resource::Group(group.to_owned()))
}

/// All topics or groups: resource of a request without a specific one.
const ANY: &str = "*";

impl KafkaFront {
    /// Starts a listener in front of the broker at `backend`, `host:port`. `identity` is a key and its
    /// certificates in PEM; clients log in with `mechanism`.
    pub async fn start(backend: &str, identity: &[u8], mechanism: &'static str) -> io::Result<Self> {
        let acceptor = tls_acceptor(identity)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = listener.local_addr()?;
        let notes = Arc::<Mutex<Notes>>::default();
        let front = Front {
            backend: backend.to_owned(),
            host: own.ip().to_string(),
            port: own.port().into(),
            mechanism,
            notes: Arc::clone(&notes),
        };
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (acceptor, front) = (acceptor.clone(), front.clone());
                tokio::spawn(async move {
                    let connection = acceptor.accept(connection).await?;
                    front.converse(connection).await
                });
            }
        });
        Ok(Self {
            address: own.to_string(),
            notes,
            server,
        })
    }

    /// Address `host:port` for a client.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Calls that IAM would have checked so far, if the cluster has this ARN; each once.
    ///
    /// # Errors
    /// If there was an unknown request.
    pub fn calls(&self, cluster_arn: &str) -> Result<Vec<Call>, String> {
        let notes = lock(&self.notes);
        if !notes.unknown.is_empty() {
            return Err(notes.unknown.join("; "));
        }
        let of = |kind: &str| cluster_arn.replacen(":cluster/", kind, 1);
        let (topics, groups) = (of(":topic/"), of(":group/"));
        let calls = notes.needs.iter().map(|(action, resource)| {
            let resource = match resource {
                Resource::Topic(topic) => format!("{topics}/{topic}"),
                Resource::Group(group) => format!("{groups}/{group}"),
                Resource::Cluster => cluster_arn.to_owned(),
            };
            Call::new(*action, resource)
        });
        Ok(calls.collect())
    }
}

impl Drop for KafkaFront {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone)]
struct Front {
    backend: String,
    host: String,
    port: i32,
    mechanism: &'static str,
    notes: Arc<Mutex<Notes>>,
}

/// Request whose header has been read.
struct Request {
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    body: Bytes,
}

impl Front {
    /// Handles a connection; its requests are answered one after the other, as brokers do.
    async fn converse(&self, mut client: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut broker = TcpStream::connect(&self.backend).await?;
        loop {
            let frame = read_frame(&mut client).await?;
            let request = Request::read(frame.clone())?;
            let answer = match request.key {
                ApiKey::SaslHandshake => {
                    let mechanisms = vec![StrBytes::from_static_str(self.mechanism)];
                    request.encode(&SaslHandshakeResponse::default().with_mechanisms(mechanisms))?
                }
                ApiKey::SaslAuthenticate => {
                    let login: SaslAuthenticateRequest = request.decode()?;
                    if login.auth_bytes.is_empty() {
                        return Err(io::Error::other("a login without a token"));
                    }
                    lock(&self.notes)
                        .needs
                        .insert(("kafka-cluster:Connect", Resource::Cluster));
                    request.encode(&SaslAuthenticateResponse::default())?
                }
                _ => {
                    self.note(&request)?;
                    write_frame(&mut broker, &frame).await?;
                    self.altered(&request, read_frame(&mut broker).await?)?
                }
            };
            write_frame(&mut client, &answer).await?;
        }
    }

    fn note(&self, request: &Request) -> io::Result<()> {
        let needs = self.needs(request);
        let mut notes = lock(&self.notes);
        match needs {
            Ok(needs) => notes.needs.extend(needs),
            Err(error) => {
                notes.unknown.push(error.to_string());
                return Err(error);
            }
        }
        Ok(())
    }

    fn needs(&self, request: &Request) -> io::Result<Vec<Need>> {
        let of = |action: &'static str, topics: Vec<String>| {
            let needs = topics.into_iter().map(|topic| (action, Resource::Topic(topic)));
            Ok(needs.collect())
        };
        match request.key {
            ApiKey::ApiVersions => Ok(Vec::new()),
            ApiKey::Metadata => {
                let asked: MetadataRequest = request.decode()?;
                // Null requests all topics, an empty list only the brokers.
                let Some(topics) = asked.topics else {
                    return of("kafka-cluster:DescribeTopic", vec![ANY.to_owned()]);
                };
                let names = topics.iter().map(|topic| match &topic.name {
                    Some(name) => Ok(name.to_string()),
                    None => self.name(topic.topic_id),
                });
                of("kafka-cluster:DescribeTopic", names.collect::<io::Result<_>>()?)
            }
            ApiKey::ListOffsets => {
                let asked: ListOffsetsRequest = request.decode()?;
                let names = asked.topics.iter().map(|topic| topic.name.to_string());
                of("kafka-cluster:DescribeTopic", names.collect())
            }
            ApiKey::OffsetForLeaderEpoch => {
                let asked: OffsetForLeaderEpochRequest = request.decode()?;
                let names = asked.topics.iter().map(|topic| topic.topic.to_string());
                of("kafka-cluster:DescribeTopic", names.collect())
            }
            ApiKey::Fetch => {
                let asked: FetchRequest = request.decode()?;
                let names = asked.topics.iter().map(|topic| {
                    if topic.topic.is_empty() {
                        return self.name(topic.topic_id);
                    }
                    Ok(topic.topic.to_string())
                });
                of("kafka-cluster:ReadData", names.collect::<io::Result<_>>()?)
            }
            ApiKey::DescribeConfigs => {
                let asked: DescribeConfigsRequest = request.decode()?;
                if asked
                    .resources
                    .iter()
                    .any(|resource| resource.resource_type != TOPIC)
                {
                    return Err(io::Error::other("the settings of another resource than a topic"));
                }
                let names = asked
                    .resources
                    .iter()
                    .map(|resource| resource.resource_name.to_string());
                of("kafka-cluster:DescribeTopicDynamicConfiguration", names.collect())
            }
            ApiKey::Produce => {
                let asked: ProduceRequest = request.decode()?;
                if asked.acks == 0 || asked.transactional_id.is_some() {
                    return Err(io::Error::other(
                        "records that are not acknowledged, or of a transaction",
                    ));
                }
                let names = asked.topic_data.iter().map(|topic| {
                    if topic.name.is_empty() {
                        return self.name(topic.topic_id);
                    }
                    Ok(topic.name.to_string())
                });
                of("kafka-cluster:WriteData", names.collect::<io::Result<_>>()?)
            }
            ApiKey::InitProducerId => {
                let asked: InitProducerIdRequest = request.decode()?;
                match asked.transactional_id {
                    Some(_) => Err(io::Error::other("a producer of transactions")),
                    None => Ok(vec![("kafka-cluster:WriteDataIdempotently", Resource::Cluster)]),
                }
            }
            // Only groups that may be described are listed.
            ApiKey::ListGroups => Ok(vec![describe_group(ANY)]),
            ApiKey::FindCoordinator => {
                let asked: FindCoordinatorRequest = request.decode()?;
                if asked.key_type != GROUP_COORDINATOR {
                    return Err(io::Error::other("a coordinator of something that is no group"));
                }
                let keys = asked.coordinator_keys.iter().chain([&asked.key]);
                let named = keys.filter(|key| !key.is_empty()).map(|key| describe_group(key));
                Ok(named.collect())
            }
            ApiKey::OffsetFetch => {
                let asked: OffsetFetchRequest = request.decode()?;
                let old = asked.topics.iter().flatten().map(|topic| topic.name.to_string());
                let new = asked
                    .groups
                    .iter()
                    .flat_map(|group| group.topics.iter().flatten());
                let topics = old.chain(new.map(|topic| topic.name.to_string()));
                let topics = topics.map(|topic| ("kafka-cluster:DescribeTopic", Resource::Topic(topic)));
                let groups = asked
                    .groups
                    .iter()
                    .map(|group| &group.group_id)
                    .chain([&asked.group_id]);
                let groups = groups
                    .filter(|group| !group.is_empty())
                    .map(|group| describe_group(group));
                Ok(topics.chain(groups).collect())
            }
            ApiKey::CreateTopics => {
                let asked: CreateTopicsRequest = request.decode()?;
                let names = asked.topics.iter().map(|topic| topic.name.to_string());
                of("kafka-cluster:CreateTopic", names.collect())
            }
            other => Err(io::Error::other(format!("request {other:?} is not known"))),
        }
    }

    fn name(&self, topic: Uuid) -> io::Result<String> {
        let name = lock(&self.notes).topics.get(&topic).cloned();
        name.ok_or_else(|| io::Error::other(format!("the name of topic {topic} is unknown")))
    }

    /// Response of the broker, changed so that the listener is the only broker and supports a login.
    fn altered(&self, request: &Request, answer: Bytes) -> io::Result<Bytes> {
        match request.key {
            ApiKey::ApiVersions => {
                let mut versions: ApiVersionsResponse = request.decode_answer(answer.clone())?;
                // An error of the version: then the response has another version.
                if versions.error_code != 0 {
                    return Ok(answer);
                }
                for (key, max_version) in [(ApiKey::SaslHandshake, 1), (ApiKey::SaslAuthenticate, 2)] {
                    let version = ApiVersion::default()
                        .with_api_key(key as i16)
                        .with_max_version(max_version);
                    versions.api_keys.push(version);
                }
                request.encode(&versions)
            }
            ApiKey::Metadata => {
                let mut metadata: MetadataResponse = request.decode_answer(answer)?;
                for broker in &mut metadata.brokers {
                    broker.host = StrBytes::from_string(self.host.clone());
                    broker.port = self.port;
                }
                let mut notes = lock(&self.notes);
                for topic in &metadata.topics {
                    if let Some(name) = &topic.name {
                        notes.topics.insert(topic.topic_id, name.to_string());
                    }
                }
                request.encode(&metadata)
            }
            ApiKey::FindCoordinator => {
                let mut found: FindCoordinatorResponse = request.decode_answer(answer)?;
                for coordinator in &mut found.coordinators {
                    coordinator.host = StrBytes::from_string(self.host.clone());
                    coordinator.port = self.port;
                }
                if request.version < FIRST_FIND_WITH_KEYS {
                    found.host = StrBytes::from_string(self.host.clone());
                    found.port = self.port;
                }
                request.encode(&found)
            }
            _ => Ok(answer),
        }
    }
}

impl Request {
    fn read(mut frame: Bytes) -> io::Result<Self> {
        let [a, b, c, d, ..] = *frame else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let version = i16::from_be_bytes([c, d]);
        let number = i16::from_be_bytes([a, b]);
        let unknown = |()| io::Error::other(format!("api {number} is not Kafka's"));
        let key = ApiKey::try_from(number).map_err(unknown)?;
        let header = RequestHeader::decode(&mut frame, key.request_header_version(version));
        Ok(Self {
            key,
            version,
            correlation_id: header.map_err(io::Error::other)?.correlation_id,
            body: frame,
        })
    }

    fn decode<T: Decodable>(&self) -> io::Result<T> {
        T::decode(&mut self.body.clone(), self.version).map_err(io::Error::other)
    }

    fn decode_answer<T: Decodable>(&self, mut answer: Bytes) -> io::Result<T> {
        let version = self.key.response_header_version(self.version);
        ResponseHeader::decode(&mut answer, version).map_err(io::Error::other)?;
        T::decode(&mut answer, self.version).map_err(io::Error::other)
    }

    fn encode(&self, answer: &impl Encodable) -> io::Result<Bytes> {
        let mut frame = BytesMut::new();
        let header = ResponseHeader::default().with_correlation_id(self.correlation_id);
        let version = self.key.response_header_version(self.version);
        header.encode(&mut frame, version).map_err(io::Error::other)?;
        answer
            .encode(&mut frame, self.version)
            .map_err(io::Error::other)?;
        Ok(frame.freeze())
    }
}

async fn read_frame(connection: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let length = connection.read_u32().await?;
    let mut frame = vec![0; length as usize];
    connection.read_exact(&mut frame).await?;
    Ok(frame.into())
}

async fn write_frame(connection: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    let mut bytes = BytesMut::with_capacity(4 + frame.len());
    bytes.put_u32(u32::try_from(frame.len()).map_err(io::Error::other)?);
    bytes.extend_from_slice(frame);
    connection.write_all(&bytes).await?;
    connection.flush().await
}
