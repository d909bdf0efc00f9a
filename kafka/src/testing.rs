//! Broker of the unit tests that follows a script, for what librdkafka's mock does not offer: it lists consumer groups,
//! withholds their offsets until enough are asked, and keeps what clients log in with.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, FindCoordinatorResponse, GroupId, ListGroupsResponse,
    ListOffsetsRequest, ListOffsetsResponse, MetadataRequest, MetadataResponse, OffsetFetchRequest,
    OffsetFetchResponse, RequestHeader, ResponseHeader, SaslAuthenticateRequest, SaslAuthenticateResponse,
    SaslHandshakeResponse,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

/// Apis, and the versions that the script answers.
const APIS: [(ApiKey, i16); 8] = [
    (ApiKey::ApiVersions, 3),
    (ApiKey::Metadata, 12),
    (ApiKey::ListOffsets, 7),
    (ApiKey::FindCoordinator, 3),
    (ApiKey::OffsetFetch, 7),
    (ApiKey::ListGroups, 4),
    (ApiKey::SaslHandshake, 1),
    (ApiKey::SaslAuthenticate, 2),
];

const ID: BrokerId = BrokerId(1);

/// Offset that each group has committed in each partition.
pub(crate) const COMMITTED: i64 = 7;
/// End of each partition that has a leader.
pub(crate) const END: i64 = 10;

/// Timestamp of the record at an offset, in milliseconds since 1970.
pub(crate) fn time_ms(offset: i64) -> i64 {
    1_000 + offset
}

/// What the broker answers. Every topic has two partitions, and partition 1 has no leader.
#[derive(Default)]
pub(crate) struct Script {
    /// Number of consumer groups.
    pub(crate) groups: usize,
    /// Number of requests for committed offsets that must have arrived before the first is answered.
    pub(crate) asked_together: usize,
    /// Whether the greatest timestamp is a question that the broker does not know.
    pub(crate) is_before_kafka_3: bool,
}

/// Running broker, which ends with the process.
pub(crate) struct ScriptedBroker {
    pub(crate) address: String,
    logins: Arc<Mutex<Vec<Bytes>>>,
}

impl ScriptedBroker {
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let logins = Arc::<Mutex<Vec<Bytes>>>::default();
        let answers = Arc::new(Answers {
            script,
            port: address.port().into(),
            logins: Arc::clone(&logins),
        });
        thread::spawn(move || {
            for connection in listener.incoming() {
                let answers = Arc::clone(&answers);
                thread::spawn(move || answers.converse(connection?));
            }
        });
        Self {
            address: address.to_string(),
            logins,
        }
    }

    /// Bytes with which clients have logged in.
    pub(crate) fn logins(&self) -> Vec<Bytes> {
        self.logins.lock().unwrap().clone()
    }
}

struct Answers {
    script: Script,
    port: i32,
    logins: Arc<Mutex<Vec<Bytes>>>,
}

struct Request {
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    body: Bytes,
}

impl Answers {
    fn converse(&self, mut client: TcpStream) -> io::Result<()> {
        let mut withheld = Vec::new();
        let mut asked = 0;
        loop {
            let request = Request::read(&mut client)?;
            let answer = self.answer(&request);
            if request.key == ApiKey::OffsetFetch {
                asked += 1;
                withheld.push(answer);
                if asked < self.script.asked_together {
                    continue;
                }
            } else {
                withheld.push(answer);
            }
            for answer in withheld.drain(..) {
                let bytes = u32::try_from(answer.len()).unwrap().to_be_bytes();
                client.write_all(&[&bytes, &*answer].concat())?;
            }
        }
    }

    fn answer(&self, request: &Request) -> Bytes {
        match request.key {
            ApiKey::ApiVersions => {
                let versions = APIS.map(|(key, max)| {
                    let max = match key {
                        ApiKey::ListOffsets if self.script.is_before_kafka_3 => 6,
                        _ => max,
                    };
                    ApiVersion::default()
                        .with_api_key(key as i16)
                        .with_max_version(max)
                });
                request.encode(&ApiVersionsResponse::default().with_api_keys(versions.to_vec()))
            }
            ApiKey::Metadata => {
                let asked: MetadataRequest = request.decode();
                let topics = asked.topics.into_iter().flatten().map(|topic| {
                    MetadataResponseTopic::default()
                        .with_name(topic.name)
                        .with_partitions(vec![partition(0, ID), partition(1, BrokerId(-1))])
                });
                let broker = MetadataResponseBroker::default()
                    .with_node_id(ID)
                    .with_host(StrBytes::from_static_str("127.0.0.1"))
                    .with_port(self.port);
                let metadata = MetadataResponse::default().with_brokers(vec![broker]);
                request.encode(&metadata.with_topics(topics.collect()).with_controller_id(ID))
            }
            ApiKey::ListOffsets => {
                let asked: ListOffsetsRequest = request.decode();
                let topics = asked.topics.into_iter().map(|topic| {
                    let partitions = topic.partitions.iter().map(|partition| {
                        let first_from = |time| (0..END).find(|offset| time_ms(*offset) >= time);
                        let (offset, is_record) = match partition.timestamp {
                            -1 => (END, false),
                            -2 => (0, false),
                            -3 if request.version >= 7 => (END - 1, true),
                            time => first_from(time).map_or((-1, false), |offset| (offset, true)),
                        };
                        ListOffsetsPartitionResponse::default()
                            .with_partition_index(partition.partition_index)
                            .with_timestamp(if is_record { time_ms(offset) } else { -1 })
                            .with_offset(offset)
                    });
                    ListOffsetsTopicResponse::default()
                        .with_name(topic.name.clone())
                        .with_partitions(partitions.collect())
                });
                request.encode(&ListOffsetsResponse::default().with_topics(topics.collect()))
            }
            ApiKey::FindCoordinator => request.encode(
                &FindCoordinatorResponse::default()
                    .with_node_id(ID)
                    .with_host(StrBytes::from_static_str("127.0.0.1"))
                    .with_port(self.port),
            ),
            ApiKey::OffsetFetch => {
                let asked: OffsetFetchRequest = request.decode();
                let topics = asked.topics.into_iter().flatten().map(|topic| {
                    let partitions = topic.partition_indexes.iter().map(|partition| {
                        OffsetFetchResponsePartition::default()
                            .with_partition_index(*partition)
                            .with_committed_offset(COMMITTED)
                    });
                    OffsetFetchResponseTopic::default()
                        .with_name(topic.name.clone())
                        .with_partitions(partitions.collect())
                });
                request.encode(&OffsetFetchResponse::default().with_topics(topics.collect()))
            }
            ApiKey::ListGroups => {
                let group = |n| {
                    let id = GroupId(StrBytes::from_string(format!("group-{n:03}")));
                    ListedGroup::default().with_group_id(id)
                };
                let groups = (0..self.script.groups).map(group).collect();
                request.encode(&ListGroupsResponse::default().with_groups(groups))
            }
            ApiKey::SaslHandshake => {
                let mechanisms = vec![StrBytes::from_static_str("OAUTHBEARER")];
                request.encode(&SaslHandshakeResponse::default().with_mechanisms(mechanisms))
            }
            ApiKey::SaslAuthenticate => {
                let login: SaslAuthenticateRequest = request.decode();
                self.logins.lock().unwrap().push(login.auth_bytes);
                request.encode(&SaslAuthenticateResponse::default())
            }
            other => panic!("{other:?} is not in the script"),
        }
    }
}

fn partition(index: i32, leader: BrokerId) -> MetadataResponsePartition {
    MetadataResponsePartition::default()
        .with_partition_index(index)
        .with_leader_id(leader)
        .with_replica_nodes(vec![ID])
}

impl Request {
    fn read(client: &mut TcpStream) -> io::Result<Self> {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        client.read_exact(&mut frame)?;
        let key = ApiKey::try_from(i16::from_be_bytes([frame[0], frame[1]])).unwrap();
        let version = i16::from_be_bytes([frame[2], frame[3]]);
        let mut body = Bytes::from(frame);
        let header = RequestHeader::decode(&mut body, key.request_header_version(version)).unwrap();
        Ok(Self {
            key,
            version,
            correlation_id: header.correlation_id,
            body,
        })
    }

    fn decode<T: Decodable>(&self) -> T {
        T::decode(&mut self.body.clone(), self.version).unwrap()
    }

    fn encode(&self, answer: &impl Encodable) -> Bytes {
        let mut frame = BytesMut::new();
        let header = ResponseHeader::default().with_correlation_id(self.correlation_id);
        let version = self.key.response_header_version(self.version);
        header.encode(&mut frame, version).unwrap();
        answer.encode(&mut frame, self.version).unwrap();
        frame.freeze()
    }
}
