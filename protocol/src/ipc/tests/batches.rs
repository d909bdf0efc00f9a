//! Batches with wrong row counts, null counts, buffers or bodies.

use arrow::array::{Array, ArrayRef, Int32Array, ListArray, StringArray};
use arrow::datatypes::{Fields, Int32Type};

use super::*;

#[test]
fn the_honest_batch_decodes() {
    let expected: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    for version in [ipc::MetadataVersion::V4, ipc::MetadataVersion::V5] {
        let batch = Claims {
            version,
            ..Claims::default()
        }
        .decode(&schema_of(DataType::Int32))
        .unwrap();
        assert_eq!(batch.column(0), &expected);
    }
}

#[test]
fn reads_nulls_by_their_validity() {
    let claims = Claims {
        nodes: vec![(2, 1)],
        body: [&[2], &Claims::default().body[1..]].concat(),
        ..Claims::default()
    };
    let batch = claims.decode(&schema_of(DataType::Int32)).unwrap();
    assert_eq!(
        batch.column(0).as_ref(),
        &Int32Array::from(vec![None, Some(2)]) as &dyn Array
    );
}

#[test]
fn refuses_batches_that_lie() {
    let honest = Claims::default();
    let lies = [
        (
            Claims {
                body_bytes: 17,
                ..honest.clone()
            },
            "claims a body of 17 bytes, found 16",
        ),
        (
            Claims {
                body_bytes: 8,
                ..honest.clone()
            },
            "claims a body of 8 bytes, found 16",
        ),
        (
            Claims {
                body_bytes: -1,
                ..honest.clone()
            },
            "claims a body of -1 bytes",
        ),
        (
            Claims {
                rows: 129,
                ..honest.clone()
            },
            "claims 129 rows in a body of 16 bytes",
        ),
        (
            Claims {
                rows: -1,
                ..honest.clone()
            },
            "claims -1 rows",
        ),
        (
            Claims {
                rows: 1,
                ..honest.clone()
            },
            "specified row count",
        ),
        (
            Claims {
                nodes: vec![],
                ..honest.clone()
            },
            "column `a`: it has no field node",
        ),
        (
            Claims {
                nodes: vec![(2, 0); 2],
                ..honest.clone()
            },
            "more field nodes or buffers",
        ),
        (
            Claims {
                nodes: vec![(i64::MAX, 0)],
                ..honest.clone()
            },
            "claims 9223372036854775807 rows",
        ),
        (
            Claims {
                nodes: vec![(2, 3)],
                ..honest.clone()
            },
            "3 of its 2 rows are claimed null",
        ),
        (
            Claims {
                nodes: vec![(2, -1)],
                ..honest.clone()
            },
            "-1 of its 2 rows are claimed null",
        ),
        (
            Claims {
                nodes: vec![(2, 1)],
                ..honest.clone()
            },
            "1 of its rows are claimed null, found 0",
        ),
        (
            Claims {
                nodes: vec![(2, 1)],
                buffers: vec![(0, 0), (8, 8)],
                ..honest.clone()
            },
            "short of 2 rows",
        ),
        (
            Claims {
                buffers: vec![],
                ..honest.clone()
            },
            "too few buffers",
        ),
        (
            Claims {
                buffers: vec![(0, 1)],
                ..honest.clone()
            },
            "too few buffers",
        ),
        (
            Claims {
                buffers: vec![(0, 1), (8, 8), (0, 0)],
                ..honest.clone()
            },
            "more field nodes or buffers",
        ),
        (
            Claims {
                buffers: vec![(0, 1), (8, 9)],
                ..honest.clone()
            },
            "buffer of 9 bytes at 8 is outside the body",
        ),
        (
            Claims {
                buffers: vec![(0, 1), (-8, 8)],
                ..honest.clone()
            },
            "at -8 is outside the body",
        ),
        (
            Claims {
                buffers: vec![(0, 1), (8, -8)],
                ..honest.clone()
            },
            "buffer of -8 bytes",
        ),
        (
            Claims {
                buffers: vec![(0, 1), (i64::MAX, i64::MAX)],
                ..honest.clone()
            },
            "is outside the body",
        ),
        (
            Claims {
                buffers: vec![(0, 9), (8, 8)],
                ..honest.clone()
            },
            "buffers overlap",
        ),
        (
            Claims {
                buffers: vec![(0, 1), (8, 4)],
                ..honest.clone()
            },
            "buffer of 4 bytes is short of the 8 its rows use",
        ),
        (
            Claims {
                compressed: true,
                ..honest.clone()
            },
            "compressed",
        ),
        (
            Claims {
                variadic: true,
                ..honest.clone()
            },
            "variadic",
        ),
        (
            Claims {
                version: ipc::MetadataVersion::V3,
                ..honest.clone()
            },
            "metadata version is V3",
        ),
        (
            Claims {
                version: ipc::MetadataVersion(9),
                ..honest
            },
            "metadata version is",
        ),
    ];
    for (claims, rule) in lies {
        let found = claims.decode(&schema_of(DataType::Int32)).expect_err(rule);
        assert!(found.contains(rule), "wanted {rule}, found {found}");
    }
}

#[test]
fn refuses_text_that_lies() {
    // Validity, offsets 0 1 3, bytes "abc".
    let body = [
        &[
            3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
        ][..],
        b"abc\0\0\0\0\0",
    ]
    .concat();
    let honest = Claims {
        buffers: vec![(0, 1), (8, 12), (24, 3)],
        body_bytes: 32,
        body,
        ..Claims::default()
    };
    let schema = schema_of(DataType::Utf8);
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "bc"]));
    assert_eq!(honest.decode(&schema).unwrap().column(0), &text);
    // Arrow panics on offsets that are not a multiple of four bytes: here they are truncated to what the rows
    // use.
    let longer = Claims {
        buffers: vec![(0, 1), (8, 13), (24, 3)],
        ..honest.clone()
    };
    assert_eq!(longer.decode(&schema).unwrap().column(0), &text);
    let shorter = Claims {
        buffers: vec![(0, 1), (8, 11), (24, 3)],
        ..honest.clone()
    };
    assert!(shorter.decode(&schema).unwrap_err().contains("short of the 12"));
    for (index, byte) in [(12, 9), (16, 200), (19, 0xFF), (8, 2), (24, 0xFF)] {
        let mut lie = honest.clone();
        lie.body[index] = byte;
        assert!(lie.decode(&schema).is_err(), "byte {index} is {byte}");
    }
}

#[test]
fn refuses_lists_and_structs_whose_children_do_not_fit() {
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    // One list of two items; then offsets that point beyond them.
    let body = [
        &[0; 8][..],
        &[0, 0, 0, 0, 2, 0, 0, 0],
        &Claims::default().body[8..],
    ]
    .concat();
    let honest = Claims {
        rows: 1,
        nodes: vec![(1, 0), (2, 0)],
        buffers: vec![(0, 0), (8, 8), (16, 0), (16, 8)],
        body_bytes: 24,
        body,
        ..Claims::default()
    };
    let schema = schema_of(DataType::List(item.clone()));
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), Some(2)])]);
    assert_eq!(
        honest.decode(&schema).unwrap().column(0).as_ref(),
        &lists as &dyn Array
    );
    let mut lie = honest.clone();
    lie.body[12] = 3;
    assert!(lie.decode(&schema).is_err());

    let structs = schema_of(DataType::Struct(vec![item].into()));
    let lie = Claims {
        rows: 1,
        nodes: vec![(1, 0), (2, 0)],
        buffers: vec![(0, 0), (0, 0), (8, 8)],
        ..Claims::default()
    };
    assert!(lie.decode(&structs).unwrap_err().contains("array length"));
}

#[test]
fn refuses_row_counts_that_cost_the_sender_nothing() {
    let empty_struct = DataType::Struct(Fields::empty());
    for data_type in [DataType::Null, empty_struct] {
        let nulls = if data_type == DataType::Null { 1 << 40 } else { 0 };
        let claims = Claims {
            rows: 1 << 40,
            nodes: vec![(1 << 40, nulls)],
            buffers: vec![],
            ..Claims::default()
        };
        assert!(
            claims
                .decode(&schema_of(data_type))
                .unwrap_err()
                .contains("claims 1099511627776 rows")
        );
    }
}

#[test]
fn refuses_nulls_in_columns_that_have_none() {
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, false)]));
    let claims = Claims {
        nodes: vec![(2, 1)],
        body: [&[2], &Claims::default().body[1..]].concat(),
        ..Claims::default()
    };
    assert!(claims.decode(&schema).unwrap_err().contains("non-nullable"));
}

#[test]
fn refuses_the_other_kind_of_message() {
    let schema = schema_of(DataType::Int32);
    let bytes = encode_schema(&schema, IpcFraming::Continuation).unwrap();
    let error = decode_batch(&bytes, schema).unwrap_err();
    assert_eq!(
        error.to_string(),
        "arrow record batch: is not a valid Arrow message: it is a Schema message, wanted a record batch"
    );
    let error = decode_schema(&Claims::default().message()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is a RecordBatch message, wanted a schema")
    );
}

#[test]
fn schemas_may_trail_bytes_and_batches_may_not() {
    let schema = schema_of(DataType::Int32);
    let trailed = [encode_schema(&schema, IpcFraming::Legacy).unwrap(), vec![0; 8]].concat();
    assert_eq!(decode_schema(&trailed), Ok(schema.clone()));
    assert!(decode_batch(&[Claims::default().message(), vec![0; 8]].concat(), schema).is_err());
}

#[test]
fn no_bytes_are_no_rows() {
    let schema = schema_of(DataType::Int32);
    let none = RecordBatch::new_empty(schema.clone());
    assert_eq!(
        encode_batch(&none, IpcFraming::Continuation).unwrap(),
        Vec::<u8>::new()
    );
    assert_eq!(decode_batch(&[], schema), Ok(none));
    let nothing = Arc::new(Schema::empty());
    let bytes = encode_schema(&nothing, IpcFraming::Continuation).unwrap();
    assert_eq!(decode_schema(&bytes), Ok(nothing.clone()));
    assert_eq!(
        decode_batch(&[], nothing.clone()).map(|batch| batch.num_rows()),
        Ok(0)
    );
}

#[test]
fn never_writes_a_batch_without_a_body() {
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(3));
    let rows = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    assert!(encode_batch(&rows, IpcFraming::Continuation).is_err());
    let nulls: ArrayRef = Arc::new(arrow::array::NullArray::new(3));
    let nulls = RecordBatch::try_from_iter([("a", nulls)]).unwrap();
    assert!(encode_batch(&nulls, IpcFraming::Continuation).is_err());
}
