//! What is encoded decodes to itself: arrays of every type, and every message at every version.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use proptest::prelude::*;
use protocol::*;
use support::arrays::any_batch;
use support::messages::{any_request, any_response, constraints};

const FRAMINGS: [IpcFraming; 2] = [IpcFraming::Legacy, IpcFraming::Continuation];
const VERSIONS: [SerdeVersion; 5] = [
    SerdeVersion::V2,
    SerdeVersion::V3,
    SerdeVersion::V4,
    SerdeVersion::V5,
    SerdeVersion::V6,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn batches_and_schemas(batch in any_batch()) {
        for framing in FRAMINGS {
            let schema: SchemaRef = batch.schema();
            let decoded = decode_schema(&encode_schema(&schema, framing).unwrap()).unwrap();
            prop_assert_eq!(&decoded, &schema);
            let bytes = encode_batch(&batch, framing).unwrap();
            prop_assert_eq!(bytes.len() % 8, 0);
            prop_assert_eq!(bytes.is_empty(), batch.num_rows() == 0);
            prop_assert_eq!(decode_batch(&bytes, decoded).unwrap(), batch.clone());
        }
        check_supported(&batch.schema()).unwrap();
    }

    /// The counted size is what lies in the buffers of a compact copy, which is what is encoded, less its padding.
    #[test]
    fn counted_bytes_are_what_is_encoded_less_metadata_and_padding(batch in any_batch()) {
        let bytes = encode_batch(&batch, IpcFraming::Legacy).unwrap();
        prop_assert!(block_bytes(&batch) <= bytes.len(), "{} > {}", block_bytes(&batch), bytes.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn requests(request in any_request()) {
        let bytes = request.encode(SerdeVersion::V6).unwrap();
        let (decoded, version) = FederationRequest::decode(&bytes).unwrap();
        prop_assert_eq!(&decoded, &request);
        prop_assert_eq!(version, SerdeVersion::V6);
        // And writes the same bytes again: nothing was lost that equality does not see.
        prop_assert_eq!(decoded.encode(version).unwrap(), bytes);
    }

    #[test]
    fn responses(response in any_response()) {
        for framing in FRAMINGS {
            let bytes = response.encode(framing).unwrap();
            prop_assert_eq!(FederationResponse::decode(&bytes).unwrap(), response.clone());
        }
    }

    #[test]
    fn each_version_is_written_with_its_keys_and_recognised_by_them(constraints in constraints()) {
        for version in VERSIONS {
            let request = layout(trimmed(constraints.clone(), version));
            let bytes = request.encode(version).unwrap();
            prop_assert_eq!(FederationRequest::decode(&bytes).unwrap(), (request, version));
        }
    }
}

/// Constraints as the version can say them.
fn trimmed(mut constraints: Constraints, version: SerdeVersion) -> Constraints {
    if version < SerdeVersion::V6 {
        constraints.query_plan = None;
    }
    if version < SerdeVersion::V5 {
        constraints.query_passthrough_arguments.clear();
    }
    if version < SerdeVersion::V4 {
        constraints = Constraints {
            summary: constraints.summary,
            ..Default::default()
        };
    }
    constraints
}

fn layout(constraints: Constraints) -> FederationRequest {
    let schema = arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
        "a",
        arrow::datatypes::DataType::Int32,
        true,
    )]);
    GetTableLayoutRequest {
        identity: Some(FederatedIdentity::default()),
        query_id: Some("qid".into()),
        catalog_name: "cat".into(),
        table_name: TableName::new("sc", "tb"),
        constraints,
        schema: Arc::new(schema),
        partition_columns: vec![],
    }
    .into()
}

#[test]
fn versions_refuse_what_they_cannot_say() {
    let capabilities = GetDataSourceCapabilitiesRequest {
        identity: None,
        query_id: None,
        catalog_name: "cat".into(),
    };
    let capabilities = FederationRequest::from(capabilities);
    let passthrough = FederationRequest::from(GetTableRequest {
        identity: None,
        query_id: None,
        catalog_name: "cat".into(),
        table_name: TableName::new("sc", "tb"),
        query_passthrough_arguments: [("QUERY".to_owned(), "select 1".to_owned())].into(),
    });
    for (request, version, writes) in [
        (&capabilities, SerdeVersion::V2, false),
        (&capabilities, SerdeVersion::V3, false),
        (&capabilities, SerdeVersion::V4, true),
        (&passthrough, SerdeVersion::V4, false),
        (&passthrough, SerdeVersion::V5, true),
    ] {
        assert_eq!(
            request.encode(version).is_ok(),
            writes,
            "{} at {version}",
            request.name()
        );
    }
}
