//! Invalid messages: broken by hand, with the error they cause, and at random, to see that none causes a
//! panic.

// Helpers of tests may panic, like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use athena_federation_protocol::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::tree::{arrow_texts, parse};
use support::{VERSIONS, vector, vectors};

/// Vector with a piece of its text replaced.
fn altered(name: &str, from: &str, to: &str) -> String {
    let text = String::from_utf8(vector("v6", name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    text.replacen(from, to, 1)
}

fn request_error(text: &str) -> String {
    FederationRequest::decode(text.as_bytes())
        .unwrap_err()
        .to_string()
}

fn response_error(text: &str) -> String {
    FederationResponse::decode(text.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn errors_name_message_field_and_rule() {
    for (name, from, to, error) in [
        (
            "PingRequest",
            r#""cat""#,
            "null",
            "PingRequest: `catalogName`: wanted a string, found null",
        ),
        (
            "PingRequest",
            r#""catalogName":"cat","#,
            "",
            "PingRequest: `catalogName`: key is missing",
        ),
        (
            "PingRequest",
            r#""catalogName":"cat","#,
            r#""catalogName":"cat","catalogName":"dog","#,
            "PingRequest: `catalogName`: key appears twice",
        ),
        (
            "PingRequest",
            r#"["g1"]"#,
            r#"{"g1":1}"#,
            "PingRequest: `identity.groups`: wanted an array, found an object",
        ),
        (
            "PingRequest",
            r#""g1""#,
            r#"[]"#,
            "PingRequest: `identity.groups[0]`: wanted a string, found an array",
        ),
        (
            "PingRequest",
            r#"{"k":"v"}"#,
            r#"{"k":{}}"#,
            "PingRequest: `identity.tags.k`: wanted a string, found an object",
        ),
        (
            "ReadRecordsRequest",
            r#"{"p1":"v1"}"#,
            r#"{"p1":"v1","p1":"v2"}"#,
            "ReadRecordsRequest: `split.properties.p1`: key appears twice",
        ),
        (
            "ReadRecordsRequest",
            r#""bound":"ABOVE""#,
            r#""bound":"OVER""#,
            "ReadRecordsRequest: `constraints.summary.a.ranges[0].low.bound`: wanted BELOW, EXACTLY or ABOVE, found `OVER`",
        ),
        (
            "ReadRecordsRequest",
            r#""bound":"ABOVE""#,
            r#""bound":"BELOW""#,
            "ReadRecordsRequest: `constraints.summary.a.ranges[0]`: is not a range: low has bound Below",
        ),
        (
            "ReadRecordsRequest",
            r#""bound":"ABOVE","nullValue":false"#,
            r#""bound":"EXACTLY","nullValue":true"#,
            "ReadRecordsRequest: `constraints.summary.a.ranges[0]`: is not a range: null is not a value",
        ),
        (
            "ReadRecordsRequest",
            r#""bound":"BELOW","nullValue":true"#,
            r#""bound":"BELOW","nullValue":false"#,
            "ReadRecordsRequest: `constraints.summary.a.ranges[0].high.valueBlock`: wanted one value that is not null, \
             found 0 rows",
        ),
        (
            "ReadRecordsRequest",
            r#""type":{"@type":"Int","bitWidth":32,"isSigned":true},"ranges""#,
            r#""type":{"@type":"Utf8"},"ranges""#,
            "ReadRecordsRequest: `constraints.summary.a.ranges`: set is Utf8, range is Int32",
        ),
        (
            "ReadRecordsRequest",
            "SortedRangeSet",
            "RangeSet",
            "ReadRecordsRequest: `constraints.summary.a.@type`: wanted a value set type, found `RangeSet`",
        ),
        (
            "ReadRecordsRequest",
            "VariableExpression",
            "Lambda",
            "ReadRecordsRequest: `constraints.expression[0].arguments[0].@type`: wanted an expression type, found `Lambda`",
        ),
        (
            "ReadRecordsRequest",
            "S3SpillLocation",
            "HdfsSpillLocation",
            "ReadRecordsRequest: `split.spillLocation.@type`: wanted S3SpillLocation, found `HdfsSpillLocation`",
        ),
        (
            "ReadRecordsRequest",
            r#""16000000""#,
            r#""-1""#,
            "ReadRecordsRequest: `maxBlockSize`: wanted an integer from 0 up, found a string",
        ),
        (
            "ReadRecordsRequest",
            r#""5242880""#,
            "1.5",
            "ReadRecordsRequest: `maxInlineBlockSize`: wanted an integer of 64 bits, found a number",
        ),
        (
            "ReadRecordsRequest",
            r#""schema":"/////y"#,
            r#""schema":"_____y"#,
            "ReadRecordsRequest: `schema`: is not standard base64 with padding: symbol 0 is outside the alphabet",
        ),
        (
            "GetSplitsRequest",
            r#""records":"//////gAAAAU"#,
            r#""records":"//////h/AAAU"#,
            "GetSplitsRequest: `partitions.records`: is not a valid Arrow message: it claims 32760 bytes of \
             metadata where 320 bytes remain",
        ),
        (
            "ListTablesRequest",
            "-1",
            "-2",
            "ListTablesRequest: `pageSize`: wanted -1 or an integer from 0 up to 32 bits, found another number",
        ),
        (
            "UserDefinedFunctionRequest",
            "SCALAR",
            "AGGREGATE",
            "UserDefinedFunctionRequest: `functionType`: wanted SCALAR, found `AGGREGATE`",
        ),
        (
            "PingRequest",
            "PingRequest",
            "PongRequest",
            "PongRequest: `@type`: wanted a request, found `PongRequest`",
        ),
    ] {
        assert_eq!(
            request_error(&altered(name, from, to)),
            error,
            "{name}: {from} -> {to}"
        );
    }
}

#[test]
fn refuses_what_is_no_message() {
    assert_eq!(request_error("[]"), "request: wanted an object, found an array");
    assert_eq!(request_error("{}"), "request: `@type`: key is missing");
    assert_eq!(response_error("null"), "response: wanted an object, found null");
    assert_eq!(
        response_error(r#"{"errorMessage":"boom","errorType":"java.lang.RuntimeException"}"#),
        "response: `@type`: key is missing"
    );
    assert!(request_error("").starts_with("request: is not JSON: EOF"));
    assert!(request_error(r#"{"@type":"PingRequest"} {}"#).contains("trailing characters"));
    assert!(request_error(&"[".repeat(100_000)).contains("recursion limit exceeded"));
    let response = String::from_utf8(vector("v6", "PingResponse")).unwrap();
    assert_eq!(
        request_error(&response),
        "PingResponse: `@type`: wanted a request, found `PingResponse`"
    );
}

/// Vector of version 6 with one feature of version 1.
fn marked(name: &str, mark: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut message = serde_json::from_slice(&vector("v6", name)).unwrap();
    mark(&mut message);
    serde_json::to_vec(&message).unwrap()
}

fn remove(object: &mut Value, key: &str) {
    object.as_object_mut().unwrap().remove(key).unwrap();
}

#[test]
fn each_mark_of_version_1_tells_it() {
    let tag = |column: &'static str, tag: &'static str| {
        move |request: &mut Value| request["constraints"]["summary"][column]["@type"] = tag.into()
    };
    let wrapped = |schema: &mut Value| *schema = json!({ "schema": schema.take() });
    for request in [
        marked("PingRequest", |request| {
            remove(&mut request["identity"], "groups");
        }),
        marked("PingRequest", |request| remove(&mut request["identity"], "arn")),
        marked("GetTableLayoutRequest", tag("a", "sortable")),
        marked("GetTableLayoutRequest", tag("b", "equatable")),
        marked("GetTableLayoutRequest", tag("c", "allOrNone")),
        marked("ReadRecordsRequest", |request| wrapped(&mut request["schema"])),
        marked("GetSplitsRequest", |request| {
            wrapped(&mut request["partitions"]["schema"]);
        }),
        marked("UserDefinedFunctionRequest", |request| {
            wrapped(&mut request["inputRecords"]["schema"]);
        }),
        marked("UserDefinedFunctionRequest", |request| {
            wrapped(&mut request["outputSchema"]);
        }),
        marked("ListTablesRequest", |request| {
            request["identity"] = Value::Null;
            request["requestType"] = "LIST_TABLES".into();
        }),
    ] {
        let version = FederationRequest::decode(&request).map(|(_, version)| version);
        assert_eq!(
            version,
            Ok(SerdeVersion::V1),
            "{}",
            String::from_utf8_lossy(&request)
        );
    }
}

#[test]
fn version_1_has_no_capabilities() {
    let request = marked("GetDataSourceCapabilitiesRequest", |request| {
        remove(&mut request["identity"], "groups");
    });
    assert_eq!(
        request_error(str::from_utf8(&request).unwrap()),
        "GetDataSourceCapabilitiesRequest: does not exist at serde version 1"
    );
    let response = FederationResponse::decode(&vector("v6", "GetDataSourceCapabilitiesResponse")).unwrap();
    assert_eq!(
        response.encode(SerdeVersion::V1).unwrap_err().to_string(),
        "GetDataSourceCapabilitiesResponse does not exist at serde version 1"
    );
}

#[test]
fn identities_of_2020_are_read() {
    let text = r#"{"@type":"PingRequest","identity":{"id":"i","principal":"p","account":"1"},"catalogName":"c","queryId":"q"}"#;
    let (request, version) = FederationRequest::decode(text.as_bytes()).unwrap();
    assert_eq!(version, SerdeVersion::V1);
    let identity = FederatedIdentity {
        account: Some("1".into()),
        ..Default::default()
    };
    let expected = PingRequest {
        identity: Some(identity),
        catalog_name: "c".into(),
        query_id: "q".into(),
    };
    assert_eq!(request, expected.into());
}

#[test]
fn refuses_secrets_without_quoting_them() {
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let error = request_error(&altered("ReadRecordsRequest", zeros, "c2VjcmV0!"));
    assert!(
        error.starts_with("ReadRecordsRequest: `split.encryptionKey.key`: is not standard base64"),
        "{error}"
    );
    assert!(!error.contains("c2Vj") && !error.contains('!'), "{error}");
}

#[test]
fn reads_what_the_peer_would_refuse() {
    let expected = FederationRequest::decode(&vector("v6", "ReadRecordsRequest")).unwrap();
    for (from, to) in [
        // Unknown keys, anywhere.
        (
            r#""queryId":"qid""#,
            r#""queryId":"qid","more":{"deep":[1,{"x":null}]}"#,
        ),
        (r#""schemaName":"sc""#, r#""new":1,"schemaName":"sc""#),
        (r#"{"low":"#, r#"{"middle":0,"low":"#),
        // Keys in another order.
        (
            r#""schemaName":"sc","tableName":"tb""#,
            r#""tableName":"tb","schemaName":"sc""#,
        ),
        (
            r#""bucket":"bkt","key":"pre/qid/sid""#,
            r#""key":"pre/qid/sid","bucket":"bkt""#,
        ),
        (
            r#"{"@type":"Int","bitWidth":32,"isSigned":true},"ranges""#,
            r#"{"bitWidth":32,"isSigned":true,"@type":"Int"},"ranges""#,
        ),
        // Scalars in other spellings.
        (r#""directory":true"#, r#""directory":"true""#),
        (r#""maxBlockSize":"16000000""#, r#""maxBlockSize":16000000"#),
        (r#""limit":100"#, r#""limit":"100""#),
        (r#""bitWidth":32"#, r#""bitWidth":"32""#),
        (r#""nullAllowed":false"#, r#""nullAllowed":null"#),
        (r#""account":"123456789012""#, r#""account":123456789012"#),
        // Extensions that are null or absent.
        (r#","configOptions":{}"#, ""),
        (r#""configOptions":{}"#, r#""configOptions":null"#),
        (r#""queryPassthroughArguments":{},"#, ""),
        (
            r#""queryPassthroughArguments":{}"#,
            r#""queryPassthroughArguments":null"#,
        ),
        // Base64 with line breaks.
        (r#""schema":"/////yAB"#, r#""schema":"//\r\n///yAB"#),
        // Allocators.
        (r#""aId":"alloc-1""#, r#""aId":null"#),
        (r#""aId":"alloc-1","#, ""),
    ] {
        let text = altered("ReadRecordsRequest", from, to);
        assert_eq!(
            FederationRequest::decode(text.as_bytes()).as_ref(),
            Ok(&expected),
            "{from} -> {to}"
        );
    }
}

#[test]
fn optional_fields_may_be_null_or_absent() {
    let text = altered("ListTablesRequest", r#","nextToken":null,"pageSize":-1"#, "");
    let (old, _) = FederationRequest::decode(text.as_bytes()).unwrap();
    assert_eq!(
        old,
        FederationRequest::decode(&vector("v6", "ListTablesRequest"))
            .unwrap()
            .0
    );

    let text = altered("PingResponse", r#","serDeVersion":6"#, "");
    let FederationResponse::Ping(ping) = FederationResponse::decode(text.as_bytes()).unwrap() else {
        panic!()
    };
    assert_eq!(ping.serde_version, 1);

    let text = r#"{"@type":"GetSplitsRequest","identity":null,"queryId":null,"catalogName":"c"}"#;
    assert_eq!(
        request_error(text),
        "GetSplitsRequest: `tableName`: key is missing"
    );
}

/// Message with one to four changes of its bytes.
fn damaged(text: &[u8], damages: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut text = text.to_vec();
    for (index, kind, byte) in damages {
        if text.is_empty() {
            break;
        }
        let at = index.index(text.len());
        match kind % 5 {
            0 => text[at] = *byte,
            1 => text[at] ^= 1 << (byte % 8),
            2 => text.truncate(at),
            3 => drop(text.remove(at)),
            _ => text.insert(at, *byte),
        }
    }
    text
}

fn damages() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..5)
}

fn any_vector() -> impl Strategy<Value = (String, Vec<u8>)> {
    let all = VERSIONS
        .iter()
        .flat_map(|version| vectors(version))
        .collect::<Vec<_>>();
    prop::sample::select(all)
}

/// Decodes a vector as the message its name says. A panic is a failure; an error is not.
fn decode(name: &str, text: &[u8]) {
    if name.contains("Request") {
        if let Ok((request, version)) = FederationRequest::decode(text) {
            let _ = request.encode(version);
        }
    } else if let Ok(response) = FederationResponse::decode(text) {
        for version in [SerdeVersion::V1, SerdeVersion::V2] {
            let _ = response.encode(version);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn damaged_json_never_panics((name, text) in any_vector(), damages in damages()) {
        decode(&name, &damaged(&text, &damages));
    }

    #[test]
    fn damaged_arrow_bytes_never_panic((name, text) in any_vector(), which: prop::sample::Index, damages in damages()) {
        let arrow = arrow_texts(&parse(&text)).into_iter().filter(|arrow| !arrow.is_empty()).collect::<Vec<_>>();
        if !arrow.is_empty() {
            let arrow = &arrow[which.index(arrow.len())];
            let broken = STANDARD.encode(damaged(&STANDARD.decode(arrow).unwrap(), &damages));
            let text = String::from_utf8(text).unwrap().replacen(arrow, &broken, 1);
            decode(&name, text.as_bytes());
        }
    }

    /// Batches of every type; the vectors have only three.
    #[test]
    fn damaged_batches_never_panic(batch in support::arrays::any_batch(), damages in damages()) {
        for framing in [IpcFraming::Legacy, IpcFraming::Continuation] {
            let bytes = damaged(&encode_batch(&batch, framing).unwrap(), &damages);
            if let Ok(batch) = decode_batch(&bytes, batch.schema()) {
                let _ = format!("{batch:?}");
            }
            let _ = decode_schema(&damaged(&encode_schema(&batch.schema(), framing).unwrap(), &damages));
        }
    }
}
