//! Messages written by the SDK: they decode to the expected values, alike at every version, and encode to the
//! same text.

// Helpers of tests may panic, like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use athena_federation_protocol::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::tree::{assert_same_message, assert_same_message_of_version_1};
use support::{VERSIONS, vector, vectors};

fn request(version: &str, name: &str) -> FederationRequest {
    FederationRequest::decode(&vector(version, name)).unwrap().0
}

fn response(version: &str, name: &str) -> FederationResponse {
    FederationResponse::decode(&vector(version, name)).unwrap()
}

/// Asserts that a request decodes to `expected` at every version, except for fields that the version lacks.
fn assert_request(name: &str, expected: &FederationRequest) {
    for version in VERSIONS {
        let trimmed = match version {
            "v1" => without_all(expected.clone()),
            "v2" => without_hints(expected.clone()),
            _ => expected.clone(),
        };
        assert_eq!(request(version, name), trimmed, "{version} {name}");
    }
}

fn assert_response(name: &str, expected: &FederationResponse) {
    for version in VERSIONS {
        assert_eq!(response(version, name), *expected, "{version} {name}");
    }
}

fn without_hints(mut request: FederationRequest) -> FederationRequest {
    if let Some(constraints) = constraints_of(&mut request) {
        *constraints = Constraints {
            summary: std::mem::take(&mut constraints.summary),
            ..Default::default()
        };
    }
    request
}

/// Version 1 does not hold whether an all-or-none set holds all; it is read as if it does.
fn without_all(mut request: FederationRequest) -> FederationRequest {
    let sets = constraints_of(&mut request)
        .into_iter()
        .flat_map(|constraints| constraints.summary.values_mut());
    for set in sets {
        if let ValueSet::AllOrNone(set) = set {
            set.all = true;
        }
    }
    request
}

fn constraints_of(request: &mut FederationRequest) -> Option<&mut Constraints> {
    match request {
        FederationRequest::GetTableLayout(request) => Some(&mut request.constraints),
        FederationRequest::GetSplits(request) => Some(&mut request.constraints),
        FederationRequest::ReadRecords(request) => Some(&mut request.constraints),
        _ => None,
    }
}

fn identity() -> Option<FederatedIdentity> {
    Some(FederatedIdentity {
        account: Some("123456789012".into()),
        arn: Some("arn:aws:iam::123456789012:user/u".into()),
        tags: BTreeMap::from([("k".into(), "v".into())]),
        groups: vec!["g1".into()],
        config_options: BTreeMap::new(),
    })
}

fn query_id() -> Option<String> {
    Some("qid".into())
}

fn schema() -> SchemaRef {
    let fields = vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
        Field::new("c", DataType::Int64, true),
    ];
    Arc::new(Schema::new_with_metadata(
        fields,
        [("mk".to_owned(), "mv".to_owned())].into(),
    ))
}

/// Rows of which row n is n, "sn" or null if n is odd, and 10 n.
fn rows(count: i32) -> Block {
    let text = |n| (n % 2 == 0).then(|| format!("s{n}"));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(0..count)),
        Arc::new((0..count).map(text).collect::<StringArray>()),
        Arc::new(Int64Array::from_iter_values(
            (0..count).map(|n| i64::from(n) * 10),
        )),
    ];
    RecordBatch::try_new(schema(), columns).unwrap().into()
}

fn table_name() -> TableName {
    TableName::new("sc", "tb")
}

fn spill_location(key: &str, directory: bool) -> SpillLocation {
    SpillLocation {
        bucket: "bkt".into(),
        key: key.into(),
        directory,
    }
}

fn encryption_key() -> EncryptionKey {
    EncryptionKey {
        key: vec![0; 32],
        nonce: vec![0; 12],
    }
}

fn split(encryption_key: Option<EncryptionKey>) -> Split {
    let properties = BTreeMap::from([("p1".into(), "v1".into())]);
    Split {
        spill_location: Some(spill_location("pre/qid/sid", true)),
        encryption_key,
        properties,
    }
}

fn constraints() -> Constraints {
    let five: ArrayRef = Arc::new(Int32Array::from(vec![5]));
    let ten: ArrayRef = Arc::new(Int32Array::from(vec![10]));
    let a = SortedRangeSet::try_new(DataType::Int32, vec![Range::above(five).unwrap()], false).unwrap();
    let values: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    let b = EquatableValueSet {
        values,
        white_list: true,
        null_allowed: false,
    };
    let c = AllOrNoneValueSet {
        data_type: DataType::Int64,
        all: false,
        null_allowed: false,
    };
    let variable = VariableExpression {
        column_name: "a".into(),
        data_type: DataType::Int32,
    };
    let constant = ConstantExpression {
        values: ten,
        data_type: DataType::Int32,
    };
    let call = FunctionCallExpression {
        data_type: DataType::Boolean,
        function_name: "$greater_than".into(),
        arguments: vec![Expression::Variable(variable), Expression::Constant(constant)],
    };
    Constraints {
        summary: BTreeMap::from([
            ("a".into(), a.into()),
            ("b".into(), b.into()),
            ("c".into(), c.into()),
        ]),
        expression: vec![Expression::FunctionCall(call)],
        order_by: vec![OrderByField {
            column_name: "a".into(),
            direction: OrderByDirection::DescNullsLast,
        }],
        limit: Some(100),
        query_passthrough_arguments: BTreeMap::new(),
        query_plan: None,
    }
}

#[test]
fn pings_decode() {
    let request = PingRequest {
        identity: identity(),
        catalog_name: "cat".into(),
        query_id: "qid".into(),
    };
    let response = PingResponse::to(&request, "kafka");
    assert_eq!((response.capabilities, response.serde_version), (24, 6));
    assert_request("PingRequest", &request.into());
    assert_response("PingResponse", &response.into());
}

#[test]
fn schemas_and_tables_decode() {
    let catalog_name = || "cat".to_owned();
    let (identity, query_id) = (identity, query_id);
    let list_schemas = ListSchemasRequest {
        identity: identity(),
        query_id: query_id(),
        catalog_name: catalog_name(),
    };
    assert_request("ListSchemasRequest", &list_schemas.into());
    let schemas = ListSchemasResponse {
        catalog_name: catalog_name(),
        schemas: vec!["s1".into(), "s2".into()],
    };
    assert_response("ListSchemasResponse", &schemas.into());
    let list_tables = ListTablesRequest {
        identity: identity(),
        query_id: query_id(),
        catalog_name: catalog_name(),
        schema_name: Some("sc".into()),
        next_token: None,
        page_size: None,
    };
    assert_request("ListTablesRequest", &list_tables.into());
    let tables = ListTablesResponse {
        tables: vec![table_name()],
        catalog_name: catalog_name(),
        next_token: None,
    };
    assert_response("ListTablesResponse", &tables.into());
    let get_table = GetTableRequest {
        identity: identity(),
        query_id: query_id(),
        catalog_name: catalog_name(),
        table_name: table_name(),
        query_passthrough_arguments: BTreeMap::new(),
    };
    assert_request("GetTableRequest", &get_table.into());
    let table = GetTableResponse {
        catalog_name: catalog_name(),
        table_name: table_name(),
        schema: schema(),
        partition_columns: vec!["a".into()],
    };
    assert_response("GetTableResponse", &table.into());
}

#[test]
fn layouts_decode() {
    let request = GetTableLayoutRequest {
        identity: identity(),
        query_id: query_id(),
        catalog_name: "cat".into(),
        table_name: table_name(),
        constraints: constraints(),
        schema: schema(),
        partition_columns: vec!["a".into()],
    };
    assert_request("GetTableLayoutRequest", &request.into());
    let response = GetTableLayoutResponse {
        catalog_name: "cat".into(),
        table_name: table_name(),
        partitions: rows(1),
    };
    assert_response("GetTableLayoutResponse", &response.into());
}

#[test]
fn splits_decode() {
    let request = GetSplitsRequest {
        identity: identity(),
        query_id: query_id(),
        catalog_name: "cat".into(),
        table_name: table_name(),
        partitions: rows(2),
        partition_columns: vec!["a".into()],
        constraints: constraints(),
        continuation_token: None,
    };
    assert_request("GetSplitsRequest", &request.into());
    let splits = vec![split(Some(encryption_key())), split(None)];
    let response = GetSplitsResponse {
        catalog_name: "cat".into(),
        splits,
        continuation_token: None,
    };
    assert_response("GetSplitsResponse", &response.into());
}

#[test]
fn records_decode() {
    let request = ReadRecordsRequest {
        identity: identity(),
        query_id: "qid".into(),
        catalog_name: "cat".into(),
        table_name: table_name(),
        schema: schema(),
        split: split(Some(encryption_key())),
        constraints: constraints(),
        max_block_bytes: 16_000_000,
        max_inline_block_bytes: 5_242_880,
    };
    assert_request("ReadRecordsRequest", &request.into());
    for (name, count) in [("ReadRecordsResponse", 3), ("ReadRecordsResponseEmpty", 0)] {
        let response = ReadRecordsResponse {
            catalog_name: "cat".into(),
            records: rows(count),
        };
        assert_response(name, &response.into());
    }
    for (name, encryption_key) in [
        ("RemoteReadRecordsResponse", Some(encryption_key())),
        ("RemoteReadRecordsResponseNoKey", None),
    ] {
        let response = RemoteReadRecordsResponse {
            catalog_name: "cat".into(),
            schema: schema(),
            remote_blocks: vec![spill_location("pre/qid/sid.0", false)],
            encryption_key,
        };
        assert_response(name, &response.into());
    }
}

#[test]
fn capabilities_decode() {
    let expected = GetDataSourceCapabilitiesRequest {
        identity: identity(),
        query_id: query_id(),
        catalog_name: "cat".into(),
    };
    let sub_type = OptimizationSubType {
        sub_type: "integer_constant".into(),
        properties: vec![],
    };
    let capabilities = BTreeMap::from([("supports_limit_pushdown".into(), vec![sub_type])]);
    let promised = GetDataSourceCapabilitiesResponse {
        catalog_name: "cat".into(),
        capabilities,
    };
    for version in ["v4", "v6"] {
        assert_eq!(
            request(version, "GetDataSourceCapabilitiesRequest"),
            expected.clone().into()
        );
        assert_eq!(
            response(version, "GetDataSourceCapabilitiesResponse"),
            promised.clone().into()
        );
    }
}

#[test]
fn user_defined_functions_decode() {
    let request = UserDefinedFunctionRequest {
        identity: identity(),
        input_records: rows(1),
        output_schema: schema(),
        method_name: "m".into(),
    };
    assert_request("UserDefinedFunctionRequest", &request.into());
    let response = UserDefinedFunctionResponse {
        records: rows(1),
        method_name: "m".into(),
    };
    assert_response("UserDefinedFunctionResponse", &response.into());
}

#[test]
fn blocks_keep_their_allocator_id() {
    let FederationResponse::ReadRecords(response) = response("v6", "ReadRecordsResponse") else {
        panic!()
    };
    assert_eq!(response.records.allocator_id.as_deref(), Some("alloc-1"));
}

/// Version that a folder's vectors are written at.
fn version_of(folder: &str) -> SerdeVersion {
    match folder {
        "v1" => SerdeVersion::V1,
        "v2" => SerdeVersion::V2,
        "v4" => SerdeVersion::V4,
        _ => SerdeVersion::V6,
    }
}

#[test]
fn every_vector_encodes_to_itself_keys_in_order() {
    let mut seen = 0;
    for folder in VERSIONS {
        let version = version_of(folder);
        for (name, expected) in vectors(folder) {
            let found = if name.contains("Request") {
                FederationRequest::decode(&expected)
                    .unwrap()
                    .0
                    .encode(version)
                    .unwrap()
            } else {
                FederationResponse::decode(&expected)
                    .unwrap()
                    .encode(version)
                    .unwrap()
            };
            match version {
                SerdeVersion::V1 => assert_same_message_of_version_1(&found, &expected),
                _ => assert_same_message(&found, &expected),
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 19 + 19 + 21 + 21);
}

#[test]
fn every_vector_tells_its_name_and_its_version() {
    for folder in VERSIONS {
        for (name, text) in vectors(folder) {
            if !name.contains("Request") {
                let response = FederationResponse::decode(&text).unwrap();
                assert_eq!(
                    response.name(),
                    name.trim_end_matches("Empty").trim_end_matches("NoKey")
                );
                continue;
            }
            let (request, found) = FederationRequest::decode(&text).unwrap();
            assert_eq!(request.name(), name);
            let expected = match (folder, name.as_str()) {
                ("v1", _) => SerdeVersion::V1,
                ("v2", "GetTableLayoutRequest" | "GetSplitsRequest" | "ReadRecordsRequest") => {
                    SerdeVersion::V2
                }
                ("v2", "UserDefinedFunctionRequest") => SerdeVersion::V2,
                ("v4", "GetTableLayoutRequest" | "GetSplitsRequest" | "ReadRecordsRequest") => {
                    SerdeVersion::V4
                }
                ("v2" | "v4", "GetTableRequest") => SerdeVersion::V4,
                _ => SerdeVersion::V6,
            };
            assert_eq!(found, expected, "{folder} {name}");
        }
    }
}

#[test]
fn arrow_bytes_are_written_in_the_framing_of_the_version() {
    for (folder, framing) in [
        ("v1", IpcFraming::Legacy),
        ("v2", IpcFraming::Legacy),
        ("v6", IpcFraming::Continuation),
    ] {
        let text = vector(folder, "ReadRecordsResponse");
        let found = FederationResponse::decode(&text)
            .unwrap()
            .encode(version_of(folder))
            .unwrap();
        let texts = support::tree::arrow_texts(&support::tree::parse(&found));
        assert_eq!(texts.len(), 2);
        for text in texts {
            assert_eq!(IpcFraming::of(&STANDARD.decode(text).unwrap()), framing);
        }
    }
}

/// Block that stands for a table without partitions, in both framings, and a spilled block before encryption,
/// as the SDK writes them.
#[test]
fn lone_blocks_decode() {
    let partition: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let partition = RecordBatch::try_from_iter_with_nullable([("partitionId", partition, true)]).unwrap();
    for (schema, records) in [PARTITION_CONTINUATION, PARTITION_LEGACY] {
        assert_eq!(decode_block(schema, records), partition);
    }

    let (a, b): (ArrayRef, ArrayRef) = (
        Arc::new(Int32Array::from(vec![0])),
        Arc::new(StringArray::from(vec!["v0"])),
    );
    let spilled = RecordBatch::try_from_iter_with_nullable([("a", a, true), ("b", b, true)]).unwrap();
    let (schema, records) = SPILLED;
    assert_eq!(decode_block(schema, records), spilled);
    // Spilled blocks have legacy framing whatever the version; ours is as long as the SDK's.
    let ours = encode_batch(&spilled, IpcFraming::Legacy).unwrap();
    assert_eq!(IpcFraming::of(&ours), IpcFraming::Legacy);
    assert_eq!(ours.len() % 8, 0);
}

fn decode_block(schema: &str, records: &str) -> RecordBatch {
    let schema = decode_schema(&STANDARD.decode(schema).unwrap()).unwrap();
    decode_batch(&STANDARD.decode(records).unwrap(), schema).unwrap()
}

const PARTITION_CONTINUATION: (&str, &str) = (
    "/////5gAAAAQAAAAAAAKAA4ABgANAAgACgAAAAAABAAQAAAAAAEKAAwAAAAIAAQACgAAAAgAAAAIAAAAAAAAAAEAAAAYAAAA\
     AAASABgAFAATABIADAAAAAgABAASAAAAFAAAABQAAAAcAAAAAAACASAAAAAAAAAAAAAAAAgADAAIAAcACAAAAAAAAAEgAAAA\
     CwAAAHBhcnRpdGlvbklkAA==",
    "/////4gAAAAUAAAAAAAAAAwAFgAOABUAEAAEAAwAAAAQAAAAAAAAAAAABAAQAAAAAAMKABgADAAIAAQACgAAABQAAAA4AAAA\
     AQAAAAAAAAAAAAAAAgAAAAAAAAAAAAAAAQAAAAAAAAAIAAAAAAAAAAQAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAAAAAAAAA\
     AQAAAAAAAAABAAAAAAAAAA==",
);
const PARTITION_LEGACY: (&str, &str) = (
    "nAAAABAAAAAAAAoADgAGAA0ACAAKAAAAAAADABAAAAAAAQoADAAAAAgABAAKAAAACAAAAAgAAAAAAAAAAQAAABgAAAAAABIA\
     GAAUABMAEgAMAAAACAAEABIAAAAUAAAAFAAAABwAAAAAAAIBIAAAAAAAAAAAAAAACAAMAAgABwAIAAAAAAAAASAAAAALAAAA\
     cGFydGl0aW9uSWQAAAAAAA==",
    "jAAAABQAAAAAAAAADAAWAA4AFQAQAAQADAAAABAAAAAAAAAAAAADABAAAAAAAwoAGAAMAAgABAAKAAAAFAAAADgAAAABAAAA\
     AAAAAAAAAAACAAAAAAAAAAAAAAABAAAAAAAAAAgAAAAAAAAABAAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAAAAAA\
     AQAAAAAAAAABAAAAAAAAAA==",
);
const SPILLED: (&str, &str) = (
    "/////8AAAAAQAAAAAAAKAA4ABgANAAgACgAAAAAABAAQAAAAAAEKAAwAAAAIAAQACgAAAAgAAAAIAAAAAAAAAAIAAABIAAAA\
     BAAAANL///8UAAAAFAAAABgAAAAAAAUBFAAAAAAAAAAAAAAABAAEAAQAAAABAAAAYgASABgAFAATABIADAAAAAgABAASAAAA\
     FAAAABQAAAAcAAAAAAACASAAAAAAAAAAAAAAAAgADAAIAAcACAAAAAAAAAEgAAAAAQAAAGEAAAA=",
    "zAAAABQAAAAAAAAADAAWAA4AFQAQAAQADAAAACgAAAAAAAAAAAADABAAAAAAAwoAGAAMAAgABAAKAAAAFAAAAGgAAAABAAAA\
     AAAAAAAAAAAFAAAAAAAAAAAAAAABAAAAAAAAAAgAAAAAAAAABAAAAAAAAAAQAAAAAAAAAAEAAAAAAAAAGAAAAAAAAAAIAAAA\
     AAAAACAAAAAAAAAAAgAAAAAAAAAAAAAAAgAAAAEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAA\
     AAAAAAAAAAABAAAAAAAAAAAAAAACAAAAdjAAAAAAAAA=",
);
