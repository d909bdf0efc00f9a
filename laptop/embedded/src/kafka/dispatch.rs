//! Dispatch of a request's bytes to a handler, by api key.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request};

use super::apis::Api;
use super::bounded::Bounded;
use super::broker::Broker;
use super::handlers::{cluster, configs, fetch, offsets, produce, topics, transactions};

/// Handles one request; `None` if the protocol has no response. An error means that the connection must be
/// closed, because there is no response that the peer would understand.
pub(crate) async fn answer(broker: &Broker, frame: Bytes) -> Result<Option<BytesMut>, Refused> {
    let call = Call::parse(frame)?;
    let api = call.api.key;
    broker.requests.count(api);
    if !call.api.versions.contains(&call.version) {
        return call.refuse_version().map(Some);
    }
    let response = respond(broker, call).await?;
    broker.faults.delay(api).await;
    Ok(response)
}

async fn respond(broker: &Broker, call: Call) -> Result<Option<BytesMut>, Refused> {
    let version = call.version;
    let response = match call.api.key {
        ApiKey::Produce => return respond_to_produce(broker, &call),
        ApiKey::Fetch => {
            let response = fetch::fetch(broker, call.decode()?, version).await;
            broker.faults.fetches_flow().await;
            call.encode::<FetchRequest>(&response)
        }
        ApiKey::ListOffsets => {
            call.answer::<ListOffsetsRequest>(|request| offsets::list_offsets(broker, request, version))
        }
        ApiKey::Metadata => {
            call.answer::<MetadataRequest>(|request| cluster::metadata(broker, request, version))
        }
        ApiKey::FindCoordinator => call
            .answer::<FindCoordinatorRequest>(|request| cluster::find_coordinator(broker, request, version)),
        ApiKey::ApiVersions => call.answer::<ApiVersionsRequest>(|_| cluster::api_versions()),
        ApiKey::CreateTopics => {
            call.answer::<CreateTopicsRequest>(|request| topics::create_topics(broker, request))
        }
        ApiKey::DeleteTopics => {
            call.answer::<DeleteTopicsRequest>(|request| topics::delete_topics(broker, request, version))
        }
        ApiKey::CreatePartitions => {
            call.answer::<CreatePartitionsRequest>(|request| topics::create_partitions(broker, request))
        }
        ApiKey::DescribeConfigs => {
            call.answer::<DescribeConfigsRequest>(|request| configs::describe_configs(broker, request))
        }
        ApiKey::DeleteRecords => {
            call.answer::<DeleteRecordsRequest>(|request| offsets::delete_records(broker, request))
        }
        ApiKey::OffsetForLeaderEpoch => call.answer::<OffsetForLeaderEpochRequest>(|request| {
            offsets::offset_for_leader_epoch(broker, request)
        }),
        ApiKey::InitProducerId => call.answer::<InitProducerIdRequest>(|request| {
            transactions::init_producer_id(broker, &request, version)
        }),
        ApiKey::AddPartitionsToTxn => call.answer::<AddPartitionsToTxnRequest>(|request| {
            transactions::add_partitions_to_txn(broker, &request, version)
        }),
        ApiKey::EndTxn => {
            call.answer::<EndTxnRequest>(|request| transactions::end_txn(broker, &request, version))
        }
        key => Err(Refused::UnknownApi { key: key as i16 }),
    };
    response.map(Some)
}

/// Handles a produce request. With acks 0 there is no response, and closing the connection is the only way to
/// report an error.
fn respond_to_produce(broker: &Broker, call: &Call) -> Result<Option<BytesMut>, Refused> {
    let request: ProduceRequest = call.decode()?;
    let acks = request.acks;
    let response = produce::produce(broker, request);
    if acks != 0 {
        return call.encode::<ProduceRequest>(&response).map(Some);
    }
    let mut partitions = response
        .responses
        .iter()
        .flat_map(|topic| &topic.partition_responses);
    match partitions.find(|partition| partition.error_code != 0) {
        Some(failed) => Err(Refused::UnacknowledgedProduce {
            error_code: failed.error_code,
        }),
        None => Ok(None),
    }
}

/// Request whose header has been read.
struct Call {
    api: &'static Api,
    version: i16,
    correlation_id: i32,
    body: Bytes,
}

impl Call {
    fn parse(mut frame: Bytes) -> Result<Self, Refused> {
        let mut start = &frame[..];
        let (Ok(key), Ok(version)) = (start.try_get_i16(), start.try_get_i16()) else {
            return Err(Refused::Header {
                reason: "it is too short".into(),
            });
        };
        let api = Api::with_key(key).ok_or(Refused::UnknownApi { key })?;
        let header =
            RequestHeader::decode(&mut frame, api.key.request_header_version(version)).map_err(|error| {
                Refused::Header {
                    reason: format!("{error:#}"),
                }
            })?;
        Ok(Self {
            api,
            version,
            correlation_id: header.correlation_id,
            body: frame,
        })
    }

    fn answer<R: Request>(&self, handle: impl FnOnce(R) -> R::Response) -> Result<BytesMut, Refused> {
        self.encode::<R>(&handle(self.decode()?))
    }

    /// Bytes after the last field are ignored, as in Kafka: librdkafka 2.12 leaves three of them when it
    /// requests the metadata of all topics.
    fn decode<R: Request>(&self) -> Result<R, Refused> {
        R::decode(&mut Bounded::new(self.body.clone()), self.version)
            .and_then(|_| R::decode(&mut self.body.clone(), self.version))
            .map_err(|error| self.codec(&format!("{error:#}")))
    }

    fn encode<R: Request>(&self, response: &R::Response) -> Result<BytesMut, Refused> {
        self.encode_as::<R>(response, self.version)
    }

    fn encode_as<R: Request>(&self, response: &R::Response, version: i16) -> Result<BytesMut, Refused> {
        let header = ResponseHeader::default().with_correlation_id(self.correlation_id);
        let header_version = R::Response::header_version(version);
        let mut frame = BytesMut::new();
        let mut encode = || {
            let length = header.compute_size(header_version)? + response.compute_size(version)?;
            frame.reserve(4 + length);
            frame.put_i32(i32::try_from(length)?);
            header.encode(&mut frame, header_version)?;
            response.encode(&mut frame, version)
        };
        encode().map_err(|error| self.codec(&format!("{error:#}")))?;
        Ok(frame)
    }

    /// Clients start with the newest `ApiVersions` they support, and get the supported versions in version 0.
    fn refuse_version(&self) -> Result<BytesMut, Refused> {
        match self.api.key {
            ApiKey::ApiVersions => {
                self.encode_as::<ApiVersionsRequest>(&cluster::unsupported_api_versions(), 0)
            }
            api => Err(Refused::Version {
                api,
                version: self.version,
            }),
        }
    }

    fn codec(&self, reason: &str) -> Refused {
        Refused::Codec {
            api: self.api.key,
            version: self.version,
            reason: reason.to_owned(),
        }
    }
}

/// Reason why a request has no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("request header is unreadable: {reason}")]
    Header { reason: String },
    #[error("unknown api key {key}")]
    UnknownApi { key: i16 },
    #[error("unsupported version {version} of {api:?}")]
    Version { api: ApiKey, version: i16 },
    #[error("{api:?}, version {version}: {reason}")]
    Codec {
        api: ApiKey,
        version: i16,
        reason: String,
    },
    #[error("produce without acknowledgement failed with error {error_code}")]
    UnacknowledgedProduce { error_code: i16 },
}

#[cfg(test)]
mod tests;
