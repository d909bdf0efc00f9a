//! Round trips: arrays of every type, and every message at every version.

// Helpers of tests may panic, like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryArray, FixedSizeListArray, Int32Array, NullArray, RecordBatch, StringArray,
    Time32SecondArray,
};
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions, write_message};
use arrow::ipc::{MetadataVersion, root_as_message};
use athena_federation_protocol::*;
use proptest::prelude::*;
use support::arrays::any_batch;
use support::messages::{any_request, any_response, constraints};

const FRAMINGS: [IpcFraming; 2] = [IpcFraming::Legacy, IpcFraming::Continuation];
const VERSIONS: [SerdeVersion; 6] = [
    SerdeVersion::V1,
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

    /// Rows in parts are written like their concatenation, with the layout of Arrow's writer.
    #[test]
    fn parts_are_written_as_their_whole(batch in any_batch(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
        for framing in FRAMINGS {
            let bytes = encode_batches(&batch.schema(), parts(&batch, &cuts), framing).unwrap();
            prop_assert_eq!(&decode_batch(&bytes, batch.schema()).unwrap(), &batch);
            if batch.num_rows() > 0 {
                let by_arrow = written_by_arrow(&batch, framing);
                let head = by_arrow.len() - body_bytes(&by_arrow);
                prop_assert_eq!(&bytes[..head], &by_arrow[..head]);
                prop_assert_eq!(bytes.len(), by_arrow.len());
            }
        }
    }

    /// The counted size is the size of the buffers of a compact copy, which is what is encoded, less its
    /// padding.
    #[test]
    fn counted_bytes_are_what_is_encoded_less_metadata_and_padding(batch in any_batch()) {
        let bytes = encode_batch(&batch, IpcFraming::Legacy).unwrap();
        prop_assert!(block_bytes(&batch) <= bytes.len(), "{} > {}", block_bytes(&batch), bytes.len());
    }
}

/// Types that are allowed in a block but not in a table.
#[test]
fn parts_of_other_types_are_written_as_their_whole() {
    let pairs = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        [Some([Some(1), None]), None, Some([Some(5), Some(6)])],
        2,
    );
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("pairs", Arc::new(pairs), true),
        (
            "codes",
            Arc::new(FixedSizeBinaryArray::try_from_iter([b"abc", b"def", b"ghi"].into_iter()).unwrap()),
            true,
        ),
        ("nothing", Arc::new(NullArray::new(3)), true),
        (
            "days",
            Arc::new(Time32SecondArray::from(vec![Some(7), None, Some(9)])),
            true,
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    for cut in 0..=3 {
        let parts = vec![batch.slice(0, cut), batch.slice(cut, 3 - cut)];
        let bytes = encode_batches(&batch.schema(), parts, IpcFraming::Legacy).unwrap();
        assert_eq!(
            decode_batch(&bytes, batch.schema()).unwrap(),
            batch,
            "cut at {cut}"
        );
    }
}

#[test]
fn parts_without_validity_go_with_others_that_have_one() {
    let part = |column: Int32Array| {
        let column: ArrayRef = Arc::new(column);
        RecordBatch::try_from_iter_with_nullable([("a", column, true)]).unwrap()
    };
    let plain = part(Int32Array::from(vec![1, 2, 3]));
    let holed = part(Int32Array::from(vec![None, Some(5)]));
    let whole = part(Int32Array::from(vec![Some(1), Some(2), Some(3), None, Some(5)]));
    let bytes = encode_batches(&plain.schema(), vec![plain.clone(), holed], IpcFraming::Legacy).unwrap();
    assert_eq!(decode_batch(&bytes, plain.schema()).unwrap(), whole);
}

#[test]
fn refuses_parts_of_other_columns() {
    let part = |column: ArrayRef| RecordBatch::try_from_iter([("a", column)]).unwrap();
    let numbers = part(Arc::new(Int32Array::from(vec![1])));
    let texts = part(Arc::new(StringArray::from(vec!["x"])));
    let error = encode_batches(&numbers.schema(), vec![numbers, texts], IpcFraming::Legacy).unwrap_err();
    assert!(error.to_string().contains("Utf8"), "{error}");
}

fn parts(batch: &RecordBatch, cuts: &[prop::sample::Index]) -> Vec<RecordBatch> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(batch.num_rows() + 1)).collect();
    cuts.sort_unstable();
    let starts = [0].into_iter().chain(cuts.clone());
    let ends = cuts.into_iter().chain([batch.num_rows()]);
    starts
        .zip(ends)
        .map(|(start, end)| batch.slice(start, end - start))
        .collect()
}

fn written_by_arrow(batch: &RecordBatch, framing: IpcFraming) -> Vec<u8> {
    let options = match framing {
        IpcFraming::Legacy => IpcWriteOptions::try_new(8, true, MetadataVersion::V4),
        IpcFraming::Continuation => IpcWriteOptions::try_new(8, false, MetadataVersion::V5),
    };
    let options = options.unwrap();
    let (_, encoded) = IpcDataGenerator::default()
        .encode(
            batch,
            &mut DictionaryTracker::new(true),
            &options,
            &mut Default::default(),
        )
        .unwrap();
    let mut bytes = Vec::new();
    write_message(&mut bytes, encoded, &options).unwrap();
    bytes
}

/// Body length in the message's flatbuffer.
fn body_bytes(message: &[u8]) -> usize {
    let prefix = match IpcFraming::of(message) {
        IpcFraming::Legacy => 4,
        IpcFraming::Continuation => 8,
    };
    let body = root_as_message(&message[prefix..]).unwrap().bodyLength();
    usize::try_from(body).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn requests(request in any_request()) {
        let bytes = request.encode(SerdeVersion::V6).unwrap();
        let (decoded, version) = FederationRequest::decode(&bytes).unwrap();
        prop_assert_eq!(&decoded, &request);
        prop_assert_eq!(version, SerdeVersion::V6);
        // Encoding again gives the same bytes: nothing was lost that equality does not compare.
        prop_assert_eq!(decoded.encode(version).unwrap(), bytes);
    }

    #[test]
    fn requests_of_version_1(request in any_request()) {
        let Ok(bytes) = request.encode(SerdeVersion::V1) else {
            prop_assert_eq!(request.name(), "GetDataSourceCapabilitiesRequest");
            return Ok(());
        };
        let (decoded, version) = FederationRequest::decode(&bytes).unwrap();
        prop_assert_eq!(&decoded, &request);
        // A ping without an identity is the same at every version.
        let is_told = !matches!(&request, FederationRequest::Ping(PingRequest { identity: None, .. }));
        prop_assert_eq!(version == SerdeVersion::V1, is_told);
    }

    #[test]
    fn responses(response in any_response()) {
        for version in VERSIONS {
            let Ok(bytes) = response.encode(version) else {
                prop_assert_eq!((version, response.name()), (SerdeVersion::V1, "GetDataSourceCapabilitiesResponse"));
                continue;
            };
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

/// Constraints reduced to what the version can express.
fn trimmed(mut constraints: Constraints, version: SerdeVersion) -> Constraints {
    if version == SerdeVersion::V1 {
        return constraints;
    }
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
        (&capabilities, SerdeVersion::V1, false),
        (&capabilities, SerdeVersion::V2, false),
        (&capabilities, SerdeVersion::V3, false),
        (&capabilities, SerdeVersion::V4, true),
        (&passthrough, SerdeVersion::V1, true),
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
