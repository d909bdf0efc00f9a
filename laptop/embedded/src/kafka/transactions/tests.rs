use super::*;

const ID: &str = "payments";
const TIMEOUT_MS: i32 = 60_000;

fn orders(partition: i32) -> TopicPartition {
    ("orders".to_owned(), partition)
}

fn begun() -> (Transactions, ProducerIdentity) {
    let mut transactions = Transactions::default();
    let (producer, _) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    transactions
        .add_partitions(ID, producer, [orders(0), orders(1)])
        .unwrap();
    (transactions, producer)
}

fn epoch_after(producer: ProducerIdentity, steps: i16) -> ProducerIdentity {
    ProducerIdentity {
        epoch: producer.epoch + steps,
        ..producer
    }
}

#[test]
fn producers_get_ids_of_their_own() {
    let mut transactions = Transactions::default();
    let (transactional, _) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    assert_ne!(transactions.new_producer().id, transactional.id);
}

#[test]
fn ends_with_every_partition_that_was_added() {
    let (mut transactions, producer) = begun();
    let ended = transactions.end(ID, producer, Outcome::Commit).unwrap().unwrap();
    assert_eq!(
        ended,
        Ended {
            producer,
            outcome: Outcome::Commit,
            partitions: [orders(0), orders(1)].into()
        }
    );
}

#[test]
fn ending_twice_is_fine_but_not_otherwise() {
    let (mut transactions, producer) = begun();
    transactions.end(ID, producer, Outcome::Commit).unwrap();
    assert_eq!(transactions.end(ID, producer, Outcome::Commit), Ok(None));
    assert_eq!(
        transactions.end(ID, producer, Outcome::Abort),
        Err(ResponseError::InvalidTxnState)
    );
}

#[test]
fn nothing_ends_that_never_began() {
    let mut transactions = Transactions::default();
    let (producer, _) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    assert_eq!(
        transactions.end(ID, producer, Outcome::Commit),
        Err(ResponseError::InvalidTxnState)
    );
}

#[test]
fn only_partitions_of_the_open_transaction_may_be_written() {
    let (mut transactions, producer) = begun();
    assert_eq!(transactions.verify(ID, producer, &orders(1)), Ok(()));
    assert_eq!(
        transactions.verify(ID, producer, &orders(2)),
        Err(ResponseError::InvalidTxnState)
    );
    transactions.end(ID, producer, Outcome::Commit).unwrap();
    assert_eq!(
        transactions.verify(ID, producer, &orders(1)),
        Err(ResponseError::InvalidTxnState)
    );
}

#[test]
fn a_second_producer_fences_the_first_and_aborts_its_transaction() {
    let (mut transactions, first) = begun();
    let (second, left_open) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    let left_open = left_open.unwrap();
    assert_eq!(
        (left_open.producer, left_open.outcome),
        (epoch_after(first, 1), Outcome::Abort)
    );
    assert_eq!(second, epoch_after(first, 2));
    assert_eq!(
        transactions.add_partitions(ID, first, []),
        Err(ResponseError::ProducerFenced)
    );
    assert_eq!(
        transactions.end(ID, first, Outcome::Commit),
        Err(ResponseError::ProducerFenced)
    );
    assert_eq!(
        transactions.verify(ID, first, &orders(0)),
        Err(ResponseError::InvalidProducerEpoch)
    );
}

#[test]
fn the_present_holder_may_renew_and_an_earlier_one_may_not() {
    let mut transactions = Transactions::default();
    let (first, _) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    let (second, _) = transactions.init(ID, TIMEOUT_MS, Some(first)).unwrap();
    let (third, _) = transactions.init(ID, TIMEOUT_MS, Some(second)).unwrap();
    assert_eq!((second, third), (epoch_after(first, 1), epoch_after(first, 2)));
    assert_eq!(
        transactions.init(ID, TIMEOUT_MS, Some(first)),
        Err(ResponseError::ProducerFenced)
    );
}

#[test]
fn a_renewal_may_be_asked_for_again_until_it_is_used() {
    let mut transactions = Transactions::default();
    let (first, _) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    let (second, _) = transactions.init(ID, TIMEOUT_MS, Some(first)).unwrap();
    assert_eq!(transactions.init(ID, TIMEOUT_MS, Some(first)), Ok((second, None)));
    transactions.add_partitions(ID, second, [orders(0)]).unwrap();
    assert_eq!(
        transactions.init(ID, TIMEOUT_MS, Some(first)),
        Err(ResponseError::ProducerFenced)
    );
}

#[test]
fn a_worn_out_producer_id_is_replaced() {
    let mut transactions = Transactions::default();
    let (first, _) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    transactions.by_id.get_mut(ID).unwrap().producer.epoch = i16::MAX - 1;
    let (second, _) = transactions.init(ID, TIMEOUT_MS, None).unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(second.epoch, 0);
}

#[test]
fn unknown_ids_and_wrong_producers_are_told_apart_from_fenced_ones() {
    let (mut transactions, producer) = begun();
    let stranger = ProducerIdentity {
        id: producer.id + 1,
        ..producer
    };
    assert_eq!(
        transactions.end("other", producer, Outcome::Abort),
        Err(ResponseError::InvalidProducerIdMapping)
    );
    assert_eq!(
        transactions.end(ID, stranger, Outcome::Abort),
        Err(ResponseError::InvalidProducerIdMapping)
    );
}

#[test]
fn refuses_timeouts_beyond_the_limit() {
    for timeout_ms in [0, -1, MAX_TIMEOUT_MS + 1] {
        let outcome = Transactions::default().init(ID, timeout_ms, None);
        assert_eq!(
            outcome,
            Err(ResponseError::InvalidTransactionTimeout),
            "{timeout_ms}"
        );
    }
}

#[test]
fn overdue_transactions_are_aborted_and_their_producers_fenced() {
    let (mut transactions, producer) = begun();
    let timeout = Duration::from_millis(TIMEOUT_MS as u64);
    assert_eq!(transactions.expire(Instant::now()), []);
    let expired = transactions.expire(Instant::now() + timeout + Duration::from_millis(1));
    assert_eq!(expired.len(), 1);
    assert_eq!(
        (expired[0].producer, expired[0].outcome),
        (epoch_after(producer, 1), Outcome::Abort)
    );
    assert_eq!(
        transactions.end(ID, producer, Outcome::Commit),
        Err(ResponseError::ProducerFenced)
    );
}
