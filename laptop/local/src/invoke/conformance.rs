//! Conformance suite of [`Invoke`] implementations.

use futures::future::join_all;
use protocol::{FederationRequest, FederationResponse, PingRequest, SerdeVersion};

use super::{Invoke, InvokeError};

/// Panics where `invoke` violates the contract. The connector needs no settings.
pub async fn conformance(invoke: &dyn Invoke) {
    brings_an_answer_back(invoke).await;
    tells_the_connectors_error(invoke).await;
    brings_each_caller_its_own_answer(invoke).await;
    brings_large_requests_and_answers(invoke).await;
}

async fn brings_an_answer_back(invoke: &dyn Invoke) {
    assert_eq!(ping(invoke, "q").await, "q");
}

/// The next call works.
async fn tells_the_connectors_error(invoke: &dyn Invoke) {
    let request = br#"{"@type":"NobodysRequest"}"#.to_vec();
    match invoke.invoke(request).await {
        Err(InvokeError::Function { error_type, message }) => {
            assert!(error_type.ends_with(".AthenaConnectorException"), "{error_type}");
            assert!(message.contains("NobodysRequest"), "{message}");
        }
        other => panic!("not the function's error: {other:?}"),
    }
    assert_eq!(ping(invoke, "after an error").await, "after an error");
}

async fn brings_each_caller_its_own_answer(invoke: &dyn Invoke) {
    let query_ids: Vec<_> = (0..8).map(|number| format!("query {number}")).collect();
    let answers = join_all(query_ids.iter().map(|query_id| ping(invoke, query_id))).await;
    assert_eq!(answers, query_ids);
}

async fn brings_large_requests_and_answers(invoke: &dyn Invoke) {
    let query_id = "q".repeat(1 << 20);
    assert!(
        ping(invoke, &query_id).await == query_id,
        "a megabyte came back changed"
    );
}

/// Query id in the response to a ping.
async fn ping(invoke: &dyn Invoke, query_id: &str) -> String {
    let request = FederationRequest::from(PingRequest {
        identity: None,
        catalog_name: "msk".into(),
        query_id: query_id.into(),
    });
    let request = request.encode(SerdeVersion::LATEST).expect("the request encodes");
    let answer = invoke.invoke(request).await.expect("an answer");
    match FederationResponse::decode(&answer).expect("the answer decodes") {
        FederationResponse::Ping(answer) => answer.query_id,
        other => panic!("not a pong: {other:?}"),
    }
}
