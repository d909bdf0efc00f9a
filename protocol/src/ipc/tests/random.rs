//! Random bytes: decoding never panics.

use proptest::prelude::*;

use super::*;

fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![6 => -1..40_i64, 1 => any::<i64>()]
}

fn any_claims() -> impl Strategy<Value = Claims> {
    let pairs = || prop::collection::vec((any_number(), any_number()), 0..8);
    let body = prop::collection::vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..64);
    (any_number(), pairs(), pairs(), body).prop_map(|(rows, nodes, buffers, body)| Claims {
        rows,
        nodes,
        buffers,
        body_bytes: body.len().try_into().unwrap(),
        body,
        ..Claims::default()
    })
}

fn any_type() -> impl Strategy<Value = DataType> {
    let leaf = prop::sample::select(vec![
        DataType::Null,
        DataType::Boolean,
        DataType::Int32,
        DataType::Utf8,
        DataType::Binary,
        DataType::Decimal128(38, 2),
        DataType::FixedSizeBinary(3),
    ]);
    leaf.prop_recursive(3, 8, 3, |inner| {
        let field = |name: &'static str, nullable| move |inner| Arc::new(Field::new(name, inner, nullable));
        let pair = move |(key, value)| {
            let pair = vec![field("key", false)(key), field("value", true)(value)];
            DataType::Map(
                Arc::new(Field::new("entries", DataType::Struct(pair.into()), false)),
                false,
            )
        };
        prop_oneof![
            inner
                .clone()
                .prop_map(move |inner| DataType::List(field("item", true)(inner))),
            inner
                .clone()
                .prop_map(move |inner| DataType::FixedSizeList(field("item", false)(inner), 2)),
            prop::collection::vec(inner.clone(), 0..3).prop_map(move |inner| DataType::Struct(
                inner.into_iter().map(field("child", true)).collect()
            )),
            (inner.clone(), inner).prop_map(pair),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn batches_that_lie_at_random_never_panic(claims in any_claims(), data_type in any_type()) {
        if let Ok(batch) = claims.decode(&schema_of(data_type)) {
            // A batch that was accepted must be readable.
            let _ = format!("{batch:?}");
            let _ = block_bytes(&batch);
            let _ = encode_batch(&batch, IpcFraming::Legacy);
        }
    }

    #[test]
    fn bytes_at_random_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_schema(&bytes);
        let _ = decode_batch(&bytes, schema_of(DataType::Utf8));
    }
}
