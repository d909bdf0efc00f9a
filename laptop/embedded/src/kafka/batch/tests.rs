use kafka_protocol::records::{Compression, Record, RecordBatchDecoder};

use super::*;
use crate::kafka::testing::{Plan, batch, encoded};

const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];
const PRODUCER: ProducerIdentity = ProducerIdentity { id: 7, epoch: 2 };

fn decoded(batch: &RecordBatch) -> Vec<Record> {
    RecordBatchDecoder::decode(&mut batch.bytes().clone())
        .unwrap()
        .records
}

fn offsets(batch: &RecordBatch) -> Vec<i64> {
    decoded(batch).iter().map(|record| record.offset).collect()
}

#[test]
fn reads_the_header_that_another_encoder_wrote() {
    let batch = batch(3, Plan::transactional(PRODUCER, 40));
    assert_eq!(
        (batch.base_offset(), batch.last_offset(), batch.record_count()),
        (0, 2, 3)
    );
    assert_eq!((batch.producer(), batch.base_sequence()), (Some(PRODUCER), 40));
    assert_eq!(batch.max_timestamp_ms(), 1_020);
    assert!(batch.is_transactional() && !batch.is_control() && !batch.has_log_append_time());
    assert_eq!(batch.check_produced(), Ok(()));
}

#[test]
fn refuses_any_flipped_bit_that_the_checksum_covers() {
    let bytes = encoded(2, Plan::default());
    for at in at::ATTRIBUTES..bytes.len() {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1;
        assert!(
            matches!(
                RecordBatch::parse(flipped.into()),
                Err(BatchError::Checksum { .. })
            ),
            "byte {at}"
        );
    }
}

#[test]
fn refuses_every_truncation() {
    let bytes = encoded(2, Plan::default());
    for length in 0..bytes.len() {
        let truncated = Err(BatchError::Truncated { found_bytes: length });
        assert_eq!(
            RecordBatch::parse(bytes.slice(..length)),
            truncated,
            "{length} bytes"
        );
    }
}

#[test]
fn refuses_a_second_batch_behind_the_first() {
    let bytes = [encoded(1, Plan::default()), encoded(1, Plan::default())].concat();
    assert_eq!(RecordBatch::parse(bytes.into()), Err(BatchError::NotOneBatch));
}

#[test]
fn refuses_an_older_format() {
    let mut bytes = encoded(1, Plan::default()).to_vec();
    bytes[at::MAGIC] = 1;
    assert_eq!(
        RecordBatch::parse(bytes.into()),
        Err(BatchError::UnknownFormat { magic: 1 })
    );
}

#[test]
fn refuses_control_records_from_a_client() {
    let batch = batch(
        1,
        Plan {
            control: true,
            ..Plan::transactional(PRODUCER, 0)
        },
    );
    assert_eq!(batch.check_produced(), Err(BatchError::ControlFromClient));
}

#[test]
fn refuses_counts_that_contradict_the_records() {
    let whole = encoded(3, Plan::default());
    for (field, value) in [
        (at::RECORD_COUNT, 2i32),
        (at::RECORD_COUNT, 0),
        (at::LAST_OFFSET_DELTA, 3),
    ] {
        let mut bytes = whole.to_vec();
        put(&mut bytes, field, value.to_be_bytes());
        seal(&mut bytes);
        let batch = RecordBatch::parse(bytes.into()).unwrap();
        assert!(
            matches!(batch.check_produced(), Err(BatchError::RecordCount { .. })),
            "{value} at {field}"
        );
    }
    let mut bytes = whole.to_vec();
    put(&mut bytes, at::RECORD_COUNT, 4i32.to_be_bytes());
    put(&mut bytes, at::LAST_OFFSET_DELTA, 3i32.to_be_bytes());
    seal(&mut bytes);
    let batch = RecordBatch::parse(bytes.into()).unwrap();
    assert_eq!(batch.check_produced(), Err(BatchError::MalformedRecord));
}

#[test]
fn refuses_a_transaction_or_a_producer_that_is_half_there() {
    let nobody = Plan {
        transactional: true,
        ..Plan::default()
    };
    assert_eq!(
        batch(1, nobody).check_produced(),
        Err(BatchError::TransactionWithoutProducer)
    );
    let unsequenced = Plan::idempotent(PRODUCER, -1);
    assert_eq!(
        batch(1, unsequenced).check_produced(),
        Err(BatchError::ProducerWithoutSequence)
    );
}

#[test]
fn stores_at_an_offset_without_touching_the_records() {
    let produced = batch(3, Plan::default());
    let stored = produced.stored_at(500, None);
    assert_eq!(offsets(&stored), [500, 501, 502]);
    assert_eq!(
        stored.bytes()[at::ATTRIBUTES..],
        produced.bytes()[at::ATTRIBUTES..]
    );
    assert_eq!(RecordBatch::parse(stored.bytes().clone()), Ok(stored));
}

#[test]
fn log_append_time_replaces_the_times_and_keeps_the_checksum_right() {
    let stored = batch(3, Plan::default()).stored_at(0, Some(9_000));
    assert_eq!(RecordBatch::parse(stored.bytes().clone()), Ok(stored.clone()));
    assert!(stored.has_log_append_time());
    assert_eq!(stored.first_at_or_after(8_999, 0), Ok(Some((0, 9_000))));
    assert_eq!(stored.first_at_or_after(9_001, 0), Ok(None));
}

#[test]
fn a_producer_cannot_claim_log_append_time() {
    let mut bytes = encoded(3, Plan::default()).to_vec();
    put(&mut bytes, at::ATTRIBUTES, LOG_APPEND_TIME_BIT.to_be_bytes());
    seal(&mut bytes);
    let stored = RecordBatch::parse(bytes.into()).unwrap().stored_at(0, None);
    assert!(!stored.has_log_append_time());
    assert_eq!(stored, batch(3, Plan::default()).stored_at(0, None));
}

#[test]
fn markers_decode_as_control_records() {
    for (outcome, kind) in [(Outcome::Abort, 0), (Outcome::Commit, 1)] {
        let marker = RecordBatch::marker(42, PRODUCER, outcome, 5_000);
        assert_eq!(RecordBatch::parse(marker.bytes().clone()), Ok(marker.clone()));
        let [record] = &decoded(&marker)[..] else {
            panic!("one record")
        };
        assert!(record.control && record.transactional);
        assert_eq!(
            (record.offset, record.producer_id, record.producer_epoch),
            (42, 7, 2)
        );
        assert_eq!(record.timestamp, 5_000);
        assert_eq!(record.key.as_deref(), Some(&[0, 0, 0, kind][..]));
        assert_eq!(record.value.as_deref(), Some(&[0; 6][..]));
    }
}

#[test]
fn takes_records_out_of_batches_of_every_codec() {
    for compression in CODECS {
        let whole = batch(
            5,
            Plan {
                compression,
                ..Plan::default()
            },
        )
        .stored_at(100, None);
        let rest = whole.without(|offset| [100, 103, 104].contains(&offset)).unwrap();
        assert_eq!(offsets(&rest), [101, 102], "{compression:?}");
        assert_eq!(
            (rest.base_offset(), rest.last_offset(), rest.record_count()),
            (100, 104, 2)
        );
        assert_eq!(rest.max_timestamp_ms(), 1_020);
        assert_eq!(decoded(&rest)[0].value.as_deref(), Some(&b"value-1"[..]));
    }
}

#[test]
fn an_emptied_batch_keeps_its_span() {
    let rest = batch(5, Plan::default())
        .stored_at(100, None)
        .without(|_| true)
        .unwrap();
    assert_eq!(
        (rest.base_offset(), rest.last_offset(), rest.record_count()),
        (100, 104, 0)
    );
    assert_eq!(rest.bytes().len(), HEADER_BYTES);
    assert_eq!(RecordBatch::parse(rest.bytes().clone()), Ok(rest));
}

#[test]
fn finds_records_by_time_in_batches_of_every_codec() {
    for compression in CODECS {
        let batch = batch(
            5,
            Plan {
                compression,
                ..Plan::default()
            },
        )
        .stored_at(100, None);
        assert_eq!(
            batch.first_at_or_after(0, 0),
            Ok(Some((100, 1_000))),
            "{compression:?}"
        );
        assert_eq!(batch.first_at_or_after(1_011, 0), Ok(Some((102, 1_020))));
        assert_eq!(batch.first_at_or_after(1_000, 103), Ok(Some((103, 1_030))));
        assert_eq!(batch.first_at_or_after(1_041, 0), Ok(None));
    }
}
