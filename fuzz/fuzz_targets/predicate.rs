#![no_main]

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Date64Array, Decimal128Array, Float64Array, Int32Array,
    Int64Array, StringArray, TimestampMillisecondArray,
};
use protocol::FederationRequest;

/// A column of each kind that predicates are about, NULL in the last row.
static COLUMNS: LazyLock<Vec<ArrayRef>> = LazyLock::new(|| {
    let decimals = Decimal128Array::from(vec![Some(i128::MIN + 1), Some(0), Some(1234), None]);
    vec![
        Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(0), Some(5), None])),
        Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(0), Some(5), None])),
        Arc::new(Float64Array::from(vec![
            Some(f64::NAN),
            Some(-0.0),
            Some(5.0),
            None,
        ])),
        Arc::new(StringArray::from(vec![Some(""), Some("ä"), Some("xyz"), None])),
        Arc::new(BooleanArray::from(vec![
            Some(true),
            Some(false),
            Some(true),
            None,
        ])),
        Arc::new(Date32Array::from(vec![
            Some(i32::MIN),
            Some(0),
            Some(19_425),
            None,
        ])),
        Arc::new(Date64Array::from(vec![
            Some(i64::MIN),
            Some(0),
            Some(1_678_395_900_123),
            None,
        ])),
        Arc::new(
            TimestampMillisecondArray::from(vec![
                Some(i64::MIN),
                Some(0),
                Some(1_678_395_900_123 << 12),
                None,
            ])
            .with_timezone("UTC"),
        ),
        Arc::new(decimals.with_precision_and_scale(38, 2).expect("a type")),
    ]
});

// Whatever the sets of a request are, each value is in or out, or the set does not suit the column.
libfuzzer_sys::fuzz_target!(|message: &[u8]| {
    let Ok((request, _)) = FederationRequest::decode(message) else {
        return;
    };
    let constraints = match &request {
        FederationRequest::ReadRecords(request) => &request.constraints,
        FederationRequest::GetSplits(request) => &request.constraints,
        FederationRequest::GetTableLayout(request) => &request.constraints,
        _ => return,
    };
    for set in constraints.summary.values() {
        for column in COLUMNS.iter() {
            for row in 0..column.len() {
                let _ = set.contains(column, row);
            }
        }
    }
});
