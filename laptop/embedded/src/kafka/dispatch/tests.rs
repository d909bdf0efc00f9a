use std::net::{Ipv4Addr, SocketAddr};

use super::*;
use crate::kafka::broker::write;
use crate::kafka::shapes::samples::{every_version, sample};
use crate::kafka::topics::TopicConfig;

fn broker() -> Broker {
    Broker::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 9092)))
}

fn frame(api: &Api, version: i16, body: &[u8]) -> Bytes {
    let header = RequestHeader::default()
        .with_request_api_key(api.key as i16)
        .with_request_api_version(version)
        .with_correlation_id(77);
    let mut frame = BytesMut::new();
    header
        .encode(&mut frame, api.key.request_header_version(version))
        .unwrap();
    frame.put_slice(body);
    frame.freeze()
}

async fn answers_every_version(broker: &Broker) {
    for (api, version) in every_version() {
        // The sample's acknowledgements are 0, and its records are none: see the test below.
        if api.key == ApiKey::Produce {
            continue;
        }
        let response = answer(broker, frame(api, version, &sample(api.key, version))).await;
        let response = response
            .unwrap_or_else(|error| panic!("{error}"))
            .expect("a response");
        let length = u32::from_be_bytes(response[..4].try_into().unwrap()) as usize;
        assert_eq!(length, response.len() - 4, "{:?} {version}", api.key);
        assert_eq!(response[4..8], [0, 0, 0, 77], "{:?} {version}", api.key);
    }
}

#[tokio::test]
async fn answers_every_version_of_every_api() {
    answers_every_version(&broker()).await;
    let with_topic = broker();
    write(&with_topic.topics)
        .create("orders", 3, TopicConfig::default())
        .unwrap();
    answers_every_version(&with_topic).await;
}

#[tokio::test]
async fn answers_every_version_of_produce_that_wants_an_answer() {
    for (api, version) in every_version().filter(|(api, _)| api.key == ApiKey::Produce) {
        let mut request = ProduceRequest::decode(&mut sample(api.key, version).as_slice(), version).unwrap();
        let mut body = BytesMut::new();
        request.acks = -1;
        request.encode(&mut body, version).unwrap();
        let response = answer(&broker(), frame(api, version, &body)).await.unwrap();
        assert!(response.is_some(), "version {version}");
        request.acks = 0;
        body.clear();
        request.encode(&mut body, version).unwrap();
        let failed = answer(&broker(), frame(api, version, &body)).await;
        assert!(
            matches!(failed, Err(Refused::UnacknowledgedProduce { error_code: 3 })),
            "version {version}"
        );
    }
}

#[tokio::test]
async fn counts_requests_by_api() {
    let broker = broker();
    answers_every_version(&broker).await;
    assert_eq!(broker.requests.of(ApiKey::Metadata), 14);
    assert_eq!(broker.requests.of(ApiKey::Produce), 0);
}

#[tokio::test]
async fn refuses_headers_that_end_too_soon() {
    let whole = frame(Api::with_key(3).unwrap(), 9, &[]);
    for length in 0..whole.len() {
        let refused = answer(&broker(), whole.slice(..length)).await;
        assert!(matches!(refused, Err(Refused::Header { .. })), "{length} bytes");
    }
}

/// An answer or a refusal, but never a panic, nor memory that the request does not pay for.
#[tokio::test]
async fn survives_every_byte_of_every_request_going_wrong() {
    let broker = broker();
    for (api, version) in every_version() {
        let body = sample(api.key, version);
        for at in 0..body.len() {
            for wrong in [0x00, 0x7f, 0x80, 0xff] {
                let mut body = body.clone();
                body[at] = wrong;
                let _ = answer(&broker, frame(api, version, &body)).await;
            }
        }
    }
}
