use super::*;
use crate::kafka::testing::{Plan, batch};

const FIRST: ProducerIdentity = ProducerIdentity { id: 1, epoch: 0 };
const SECOND: ProducerIdentity = ProducerIdentity { id: 2, epoch: 0 };
const PLENTY: usize = 1 << 20;

/// Log of batches of three records each.
fn log_of(batches: usize) -> PartitionLog {
    let mut log = PartitionLog::default();
    for index in 0..batches {
        log.append(&three(1_000 + 30 * index as i64), None).unwrap();
    }
    log
}

fn three(base_timestamp_ms: i64) -> RecordBatch {
    batch(
        3,
        Plan {
            base_timestamp_ms,
            ..Plan::default()
        },
    )
}

fn append(log: &mut PartitionLog, plan: Plan) -> Result<i64, ResponseError> {
    log.append(&batch(3, plan), None)
        .map(|appended| appended.base_offset)
}

fn base_offsets(read: &LogRead) -> Vec<i64> {
    read.batches
        .iter()
        .map(|bytes| RecordBatch::parse(bytes.clone()).unwrap().base_offset())
        .collect()
}

fn read(log: &PartitionLog, offset: i64, isolation: Isolation) -> LogRead {
    log.read(offset, PLENTY, true, isolation).unwrap()
}

#[test]
fn reads_from_the_batch_that_holds_the_offset() {
    let log = log_of(4);
    for (offset, expected) in [
        (0, &[0, 3, 6, 9][..]),
        (4, &[3, 6, 9]),
        (5, &[3, 6, 9]),
        (6, &[6, 9]),
        (12, &[]),
    ] {
        assert_eq!(
            base_offsets(&read(&log, offset, Isolation::ReadUncommitted)),
            expected,
            "from {offset}"
        );
    }
}

#[test]
fn refuses_offsets_before_the_start_and_beyond_the_end() {
    let mut log = log_of(4);
    log.advance_start(4).unwrap();
    for offset in [-1, 3, 13] {
        let outcome = log.read(offset, PLENTY, true, Isolation::ReadUncommitted);
        assert_eq!(outcome.err(), Some(ResponseError::OffsetOutOfRange), "{offset}");
    }
}

#[test]
fn stops_at_the_byte_limit_but_gives_the_first_batch_whole() {
    let log = log_of(4);
    let batch_bytes = three(0).bytes().len();
    let batches = |limit, whole_first| {
        log.read(0, limit, whole_first, Isolation::ReadUncommitted)
            .unwrap()
            .batches
            .len()
    };
    assert_eq!(batches(2 * batch_bytes, false), 2);
    assert_eq!(batches(3 * batch_bytes - 1, false), 2);
    assert_eq!(batches(1, true), 1);
    assert_eq!(batches(1, false), 0);
}

#[test]
fn an_answer_never_holds_batches_of_two_segments() {
    let mut log = log_of(2);
    log.roll_segment();
    log.append_empty_batch(100, 1_000);
    log.roll_segment();
    log.skip_offsets(10);
    log.append(&three(0), None).unwrap();
    for (offset, expected) in [
        (0, &[0, 3][..]),
        (5, &[3]),
        (6, &[6]),
        (105, &[6]),
        (106, &[116]),
        (119, &[]),
    ] {
        let found = base_offsets(&read(&log, offset, Isolation::ReadUncommitted));
        assert_eq!(found, expected, "from {offset}");
    }
    assert_eq!(log.offsets().end, 119);
}

#[test]
fn open_transactions_hold_the_last_stable_offset_back() {
    let mut log = log_of(1);
    append(&mut log, Plan::transactional(FIRST, 0)).unwrap();
    append(&mut log, Plan::transactional(SECOND, 0)).unwrap();
    assert_eq!(
        log.offsets(),
        LogOffsets {
            start: 0,
            last_stable: 3,
            end: 9
        }
    );
    assert_eq!(base_offsets(&read(&log, 0, Isolation::ReadCommitted)), [0]);
    assert_eq!(
        base_offsets(&read(&log, 0, Isolation::ReadUncommitted)),
        [0, 3, 6]
    );
    log.append_marker(FIRST, Outcome::Commit, 0);
    assert_eq!(
        log.offsets(),
        LogOffsets {
            start: 0,
            last_stable: 6,
            end: 10
        }
    );
    log.append_marker(SECOND, Outcome::Commit, 0);
    assert_eq!(
        log.offsets(),
        LogOffsets {
            start: 0,
            last_stable: 11,
            end: 11
        }
    );
}

#[test]
fn names_the_aborted_transactions_that_a_read_touches() {
    let mut log = PartitionLog::default();
    append(&mut log, Plan::transactional(FIRST, 0)).unwrap();
    log.append_marker(FIRST, Outcome::Abort, 0);
    append(&mut log, Plan::transactional(FIRST, 3)).unwrap();
    log.append_marker(FIRST, Outcome::Commit, 0);
    append(&mut log, Plan::transactional(SECOND, 0)).unwrap();
    log.append_marker(SECOND, Outcome::Abort, 0);
    let aborted = |offset, limit| {
        let read = log.read(offset, limit, true, Isolation::ReadCommitted).unwrap();
        read.aborted
            .iter()
            .map(|transaction| (transaction.producer_id, transaction.first_offset))
            .collect::<Vec<_>>()
    };
    assert_eq!(aborted(0, PLENTY), [(1, 0), (2, 8)]);
    assert_eq!(aborted(0, 1), [(1, 0)]);
    assert_eq!(aborted(4, PLENTY), [(2, 8)]);
    assert_eq!(aborted(12, PLENTY), []);
    assert!(read(&log, 0, Isolation::ReadUncommitted).aborted.is_empty());
}

#[test]
fn an_abort_without_records_leaves_nothing_to_hide() {
    let mut log = PartitionLog::default();
    log.append_marker(FIRST, Outcome::Abort, 0);
    assert_eq!(log.offsets().end, 1);
    assert!(read(&log, 0, Isolation::ReadCommitted).aborted.is_empty());
}

#[test]
fn counts_data_records_only() {
    let mut log = PartitionLog::default();
    append(&mut log, Plan::transactional(FIRST, 0)).unwrap();
    log.append_marker(FIRST, Outcome::Commit, 0);
    assert_eq!(read(&log, 0, Isolation::ReadCommitted).records, 3);
}

#[test]
fn recognises_any_of_the_last_five_batches_as_a_duplicate() {
    let mut log = PartitionLog::default();
    for index in 0..6 {
        assert_eq!(
            append(&mut log, Plan::idempotent(FIRST, 3 * index)),
            Ok(3 * i64::from(index))
        );
    }
    for index in 1..6 {
        assert_eq!(
            append(&mut log, Plan::idempotent(FIRST, 3 * index)),
            Ok(3 * i64::from(index)),
            "batch {index}"
        );
    }
    assert_eq!(
        append(&mut log, Plan::idempotent(FIRST, 0)),
        Err(ResponseError::OutOfOrderSequenceNumber)
    );
    assert_eq!(log.offsets().end, 18);
}

#[test]
fn refuses_a_hole_in_the_sequence() {
    let mut log = PartitionLog::default();
    append(&mut log, Plan::idempotent(FIRST, 0)).unwrap();
    assert_eq!(
        append(&mut log, Plan::idempotent(FIRST, 4)),
        Err(ResponseError::OutOfOrderSequenceNumber)
    );
    assert_eq!(append(&mut log, Plan::idempotent(FIRST, 3)), Ok(3));
}

#[test]
fn sequences_wrap_to_zero() {
    let mut log = PartitionLog::default();
    append(&mut log, Plan::idempotent(FIRST, i32::MAX - 2)).unwrap();
    assert_eq!(append(&mut log, Plan::idempotent(FIRST, 0)), Ok(3));
}

#[test]
fn a_new_epoch_starts_at_zero_and_fences_the_old_one() {
    let mut log = PartitionLog::default();
    let successor = ProducerIdentity { epoch: 1, ..FIRST };
    append(&mut log, Plan::idempotent(FIRST, 0)).unwrap();
    assert_eq!(
        append(&mut log, Plan::idempotent(successor, 3)),
        Err(ResponseError::OutOfOrderSequenceNumber)
    );
    assert_eq!(append(&mut log, Plan::idempotent(successor, 0)), Ok(3));
    assert_eq!(
        append(&mut log, Plan::idempotent(FIRST, 3)),
        Err(ResponseError::InvalidProducerEpoch)
    );
}

#[test]
fn the_log_start_moves_up_only_and_takes_batches_with_it() {
    let mut log = log_of(4);
    assert_eq!(log.advance_start(5), Ok(5));
    assert_eq!(log.advance_start(2), Ok(5));
    assert_eq!(log.advance_start(13), Err(ResponseError::OffsetOutOfRange));
    assert_eq!(log.advance_start(-1), Err(ResponseError::OffsetOutOfRange));
    assert_eq!(log.batches.len(), 3);
    assert_eq!(log.advance_start(12), Ok(12));
    assert_eq!(
        log.offsets(),
        LogOffsets {
            start: 12,
            last_stable: 12,
            end: 12
        }
    );
    assert!(read(&log, 12, Isolation::ReadCommitted).batches.is_empty());
}

#[test]
fn finds_offsets_by_time() {
    let log = log_of(3);
    let find = |timestamp_ms| {
        log.first_at_or_after(timestamp_ms, Isolation::ReadUncommitted)
            .unwrap()
    };
    assert_eq!(find(0), Some((0, 1_000)));
    assert_eq!(find(1_021), Some((3, 1_030)));
    assert_eq!(find(1_080), Some((8, 1_080)));
    assert_eq!(find(1_081), None);
    assert_eq!(
        log.latest_timestamp(Isolation::ReadUncommitted),
        Ok(Some((8, 1_080)))
    );
    assert_eq!(
        PartitionLog::default().latest_timestamp(Isolation::ReadUncommitted),
        Ok(None)
    );
}

#[test]
fn finds_times_out_of_order_and_only_from_the_log_start_on() {
    let mut log = PartitionLog::default();
    for base_timestamp_ms in [5_000, 1_000, 9_000] {
        log.append(&three(base_timestamp_ms), None).unwrap();
    }
    let find =
        |log: &PartitionLog, timestamp_ms| log.first_at_or_after(timestamp_ms, Isolation::ReadUncommitted);
    assert_eq!(find(&log, 1_010), Ok(Some((0, 5_000))));
    log.advance_start(3).unwrap();
    assert_eq!(find(&log, 1_010), Ok(Some((4, 1_010))));
}

#[test]
fn times_of_open_transactions_are_not_found_by_committed_readers() {
    let mut log = PartitionLog::default();
    append(&mut log, Plan::transactional(FIRST, 0)).unwrap();
    assert_eq!(log.first_at_or_after(0, Isolation::ReadCommitted), Ok(None));
    assert_eq!(
        log.first_at_or_after(0, Isolation::ReadUncommitted),
        Ok(Some((0, 1_000)))
    );
}

#[test]
fn dropped_records_leave_gaps() {
    let mut log = log_of(4);
    assert_eq!(log.drop_records(&BTreeSet::from([1, 3, 4, 5, 99])), Ok(4));
    let read = read(&log, 0, Isolation::ReadUncommitted);
    assert_eq!((base_offsets(&read), read.records), (vec![0, 6, 9], 8));
    assert_eq!(
        log.offsets(),
        LogOffsets {
            start: 0,
            last_stable: 12,
            end: 12
        }
    );
}

#[test]
fn the_last_batch_outlives_its_records() {
    let mut log = log_of(2);
    assert_eq!(log.drop_records(&(0..6).collect()), Ok(6));
    let read = read(&log, 0, Isolation::ReadUncommitted);
    assert_eq!((base_offsets(&read), read.records), (vec![3], 0));
}

#[test]
fn control_records_are_never_dropped() {
    let mut log = PartitionLog::default();
    append(&mut log, Plan::transactional(FIRST, 0)).unwrap();
    log.append_marker(FIRST, Outcome::Commit, 0);
    append(&mut log, Plan::idempotent(SECOND, 0)).unwrap();
    assert_eq!(log.drop_records(&(0..7).collect()), Ok(6));
    assert_eq!(base_offsets(&read(&log, 0, Isolation::ReadCommitted)), [3, 4]);
}
