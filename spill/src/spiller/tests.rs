mod gated_store;
mod rows;
mod vector;

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::Schema;
use bytes::Bytes;
use proptest::prelude::*;
use tokio::time::{sleep, timeout};

use super::*;
use crate::uploads::DEFAULT_MAX_UPLOADS;
use crate::{MemoryBlockStore, SpillReader, generate_key};

use gated_store::GatedStore;
use rows::{BLOCK_ROWS, any_batch, block_of_rows, table, table_schema};
use vector::Vector;

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn small_result_is_inline_and_stores_nothing() {
    let store = Arc::new(MemoryBlockStore::new());
    let mut spiller = spiller(&store, limits(MIB, MIB));
    for rows in [0..3, 3..3, 3..10] {
        spiller.write(table(rows)).await.unwrap();
    }
    assert_eq!(spiller.stats().rows, 10);
    assert_eq!(spiller.finish().await.unwrap(), Records::Inline(table(0..10)));
    assert_eq!(store.locations(), []);
}

#[tokio::test]
async fn empty_result_is_an_inline_block_of_no_rows() {
    for batches in [0, 2] {
        let store = Arc::new(MemoryBlockStore::new());
        let mut spiller = spiller(&store, limits(MIB, 1));
        for _ in 0..batches {
            spiller.write(table(0..0)).await.unwrap();
        }
        assert_eq!(spiller.finish().await.unwrap(), Records::Inline(table(0..0)));
    }
}

#[tokio::test]
async fn inline_limit_zero_spills_every_row_and_stores_no_empty_block() {
    for (rows, blocks) in [(0, 0), (1, 1), (10, 1)] {
        let store = Arc::new(MemoryBlockStore::new());
        let mut spiller = spiller(&store, limits(MIB, 0));
        spiller.write(table(0..rows)).await.unwrap();
        let locations = spilled(spiller.finish().await.unwrap());
        assert_eq!(
            (locations.len(), store.locations().len()),
            (blocks, blocks),
            "{rows} rows"
        );
    }
}

#[tokio::test]
async fn result_of_the_inline_limit_is_spilled_as_one_block() {
    let bytes = block_bytes(&table(0..100)) as u64;
    for (max_inline_block_bytes, inline) in [(bytes + 1, true), (bytes, false), (bytes - 1, false)] {
        let store = Arc::new(MemoryBlockStore::new());
        let mut spiller = spiller(&store, limits(MIB, max_inline_block_bytes));
        spiller.write(table(0..100)).await.unwrap();
        match spiller.finish().await.unwrap() {
            Records::Inline(batch) => assert_eq!((batch, inline), (table(0..100), true)),
            Records::Spilled(locations) => assert_eq!((locations, inline), (numbered(1), false)),
        }
    }
}

#[tokio::test]
async fn spills_what_base64_would_make_too_large_for_lambda() {
    let column: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(5_000_000)]));
    let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let store = Arc::new(MemoryBlockStore::new());
    let mut spiller = spiller_of(&store, batch.schema(), limits(16_000_000, 5_242_880));
    spiller.write(batch).await.unwrap();
    assert_eq!(spilled(spiller.finish().await.unwrap()), numbered(1));
}

#[tokio::test]
async fn blocks_end_at_exactly_the_block_limit() {
    let bytes = block_bytes(&table(0..64)) as u64;
    for (max_block_bytes, first_rows) in [(bytes, 64), (bytes + 1, 64), (bytes - 1, 63)] {
        let (store, key) = (Arc::new(MemoryBlockStore::new()), generate_key());
        let mut spiller = with_key(&store, table_schema(), &key, limits(max_block_bytes, 0));
        spiller.write(table(0..100)).await.unwrap();
        let locations = spilled(spiller.finish().await.unwrap());
        assert_eq!(locations, numbered(2));
        let blocks = read_blocks(store, &locations, table_schema(), Some(&key)).await;
        assert_eq!(
            blocks,
            [table(0..first_rows), table(first_rows..100)],
            "limit {max_block_bytes}"
        );
    }
}

#[tokio::test]
async fn block_of_exactly_the_limit_waits_for_another_row() {
    let bytes = block_bytes(&table(0..64)) as u64;
    let store = Arc::new(MemoryBlockStore::new());
    let mut spiller = spiller(&store, limits(bytes, MIB));
    spiller.write(table(0..64)).await.unwrap();
    assert_eq!(spiller.stats().blocks, 0);
    spiller.write(table(64..65)).await.unwrap();
    assert_eq!(spiller.stats().blocks, 1);
    assert_eq!(spilled(spiller.finish().await.unwrap()), numbered(2));
}

#[tokio::test]
async fn row_wider_than_a_block_is_a_block_alone() {
    let texts = [10, 5000, 6000, 10, 10, 7000].map(|bytes| "w".repeat(bytes));
    let column: ArrayRef = Arc::new(StringArray::from_iter_values(&texts));
    let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let (store, key) = (Arc::new(MemoryBlockStore::new()), generate_key());
    let mut spiller = with_key(&store, batch.schema(), &key, limits(1000, 0));
    spiller.write(batch.clone()).await.unwrap();
    let locations = spilled(spiller.finish().await.unwrap());
    let blocks = read_blocks(store, &locations, batch.schema(), Some(&key)).await;
    let expected = [0..1, 1..2, 2..3, 3..5, 5..6].map(|rows| batch.slice(rows.start, rows.len()));
    assert_eq!(blocks, expected);
}

#[tokio::test]
async fn many_small_batches_make_few_large_blocks() {
    let (store, key) = (Arc::new(MemoryBlockStore::new()), generate_key());
    let mut spiller = with_key(&store, table_schema(), &key, limits(100_000, 0));
    for row in 0..5000 {
        spiller.write(table(row..row + 1)).await.unwrap();
    }
    let locations = spilled(spiller.finish().await.unwrap());
    let least = block_bytes(&table(0..5000)).div_ceil(100_000);
    assert!(
        (least..=least + 1).contains(&locations.len()),
        "{} blocks, wanted {least}",
        locations.len()
    );
    assert_eq!(
        joined(&read_blocks(store, &locations, table_schema(), Some(&key)).await),
        table(0..5000)
    );
}

#[tokio::test]
async fn object_is_the_reference_vector() {
    let vector = Vector::load();
    let batch = vector.batch();
    let store = Arc::new(MemoryBlockStore::new());

    let mut plain =
        BlockSpiller::new(store.clone(), batch.schema(), directory(), None, limits(MIB, 0)).unwrap();
    plain.write(batch.clone()).await.unwrap();
    let [location] = spilled(plain.finish().await.unwrap()).try_into().unwrap();
    let object = store.get(&location).await.unwrap();
    // Legacy framing, metadata V4: like the reference, except for the order of bytes inside the flatbuffer.
    assert_ne!(object[..4], [0xFF; 4]);
    assert_eq!(object.len() % 8, 0);
    assert_eq!(protocol::decode_batch(&object, batch.schema()).unwrap(), batch);

    let mut encrypted = with_key(&store, batch.schema(), &vector.key, limits(MIB, 0));
    encrypted.write(batch).await.unwrap();
    encrypted.finish().await.unwrap();
    let ciphertext = store.get(&location).await.unwrap();
    assert_eq!(
        BlockCipher::new(&vector.key)
            .unwrap()
            .decrypt(ciphertext.to_vec())
            .unwrap(),
        object
    );
}

#[tokio::test]
async fn reads_the_reference_object_and_encrypts_it_to_the_same_bytes() {
    let vector = Vector::load();
    let cipher = BlockCipher::new(&vector.key).unwrap();
    assert_eq!(cipher.decrypt(vector.object.clone()).unwrap(), vector.plaintext);
    assert_eq!(cipher.encrypt(vector.plaintext.clone()).unwrap(), vector.object);

    let store = Arc::new(MemoryBlockStore::new());
    let [location] = numbered(1).try_into().unwrap();
    store.put(&location, vector.object.clone().into()).await.unwrap();
    let batch = vector.batch();
    let read = SpillReader::new(store)
        .read(&location, batch.schema(), Some(&vector.key))
        .await
        .unwrap();
    assert_eq!(read, batch);
}

#[tokio::test]
async fn reader_names_the_object_that_does_not_open() {
    let store = Arc::new(MemoryBlockStore::new());
    let reader = SpillReader::new(store.clone());
    let [location] = numbered(1).try_into().unwrap();
    let missing = reader.read(&location, table_schema(), None).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "object does not exist: s3://bkt/prefix/query/split.0"
    );

    store
        .put(&location, Bytes::from_static(b"neither ciphertext nor a block"))
        .await
        .unwrap();
    let undecryptable = reader
        .read(&location, table_schema(), Some(&generate_key()))
        .await
        .unwrap_err();
    assert_eq!(
        undecryptable.to_string(),
        "cannot decrypt s3://bkt/prefix/query/split.0"
    );
    let undecodable = reader.read(&location, table_schema(), None).await.unwrap_err();
    assert_eq!(
        undecodable.to_string(),
        "cannot decode s3://bkt/prefix/query/split.0"
    );
}

#[tokio::test]
async fn spills_into_no_place_but_a_directory() {
    let object = SpillLocation {
        directory: false,
        ..directory().unwrap()
    };
    let cases = [
        (
            None,
            "the result does not fit into the response and the split has no spill location",
        ),
        (
            Some(object),
            "the split's spill location s3://bkt/prefix/query/split is an object, wanted a directory",
        ),
    ];
    for (directory, expected) in cases {
        let store = Arc::new(MemoryBlockStore::new());
        let new = |limits| {
            BlockSpiller::new(store.clone(), table_schema(), directory.clone(), None, limits).unwrap()
        };

        let mut at_the_end = new(limits(MIB, 0));
        at_the_end.write(table(0..1)).await.unwrap();
        assert_eq!(at_the_end.finish().await.unwrap_err().to_string(), expected);
        let mut at_once = new(limits(1, MIB));
        assert_eq!(
            at_once.write(table(0..2)).await.unwrap_err().to_string(),
            expected
        );
        let mut not_needed = new(limits(MIB, MIB));
        not_needed.write(table(0..2)).await.unwrap();
        assert_eq!(not_needed.finish().await.unwrap(), Records::Inline(table(0..2)));
        assert_eq!(store.locations(), []);
    }
}

#[tokio::test]
async fn refuses_a_key_of_another_length_at_once() {
    let key = EncryptionKey {
        key: vec![0; 10],
        nonce: vec![0; 12],
    };
    let store = Arc::new(MemoryBlockStore::new());
    let refused = BlockSpiller::new(store, table_schema(), directory(), Some(key), limits(MIB, MIB));
    assert_eq!(
        refused.err().unwrap().to_string(),
        "an encryption key has 10 bytes, wanted 16, 24 or 32"
    );
}

#[tokio::test]
async fn refuses_columns_that_are_not_the_schemas() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let columns = |names: &[&'static str]| {
        names
            .iter()
            .map(|name| (*name, column.clone()))
            .collect::<Vec<_>>()
    };
    let cases = [
        (
            columns(&["id"]),
            "a batch of 1 columns was written, wanted the table schema's 4",
        ),
        (
            columns(&["key", "text", "flag", "list"]),
            "column 0 of a batch is \"key\" of type Int64, wanted \"id\" of type Int64",
        ),
        (
            columns(&["id", "text", "flag", "list"]),
            "column 1 of a batch is \"text\" of type Int64, wanted \"text\" of type Utf8",
        ),
    ];
    for (columns, expected) in cases {
        let store = Arc::new(MemoryBlockStore::new());
        let mut spiller = spiller(&store, limits(MIB, MIB));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        assert_eq!(spiller.write(batch).await.unwrap_err().to_string(), expected);
        assert!(matches!(spiller.finish().await, Err(SpillError::Incomplete)));
    }
}

#[tokio::test]
async fn schema_without_columns_carries_no_rows() {
    let schema = Arc::new(Schema::empty());
    let rows = |count| {
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        RecordBatch::try_new_with_options(schema.clone(), vec![], &options).unwrap()
    };
    let store = Arc::new(MemoryBlockStore::new());
    let mut none = spiller_of(&store, schema.clone(), limits(MIB, MIB));
    none.write(rows(0)).await.unwrap();
    assert_eq!(none.finish().await.unwrap(), Records::Inline(rows(0)));

    let mut three = spiller_of(&store, schema.clone(), limits(MIB, MIB));
    assert_eq!(
        three.write(rows(3)).await.unwrap_err().to_string(),
        "the requested schema has no columns, and a block without columns cannot carry 3 rows"
    );
}

#[tokio::test]
async fn failed_put_fails_the_result_and_names_the_object() {
    let one_block = block_bytes(&table(0..BLOCK_ROWS)) as u64;
    for blocks in 1..6 {
        let store = Arc::new(MemoryBlockStore::new());
        store.fail_next_puts(1);
        let mut spiller = spiller(&store, limits(one_block, 0));
        let error = write_and_finish(&mut spiller, blocks).await.err();
        let error = match error {
            Some(error) => {
                assert!(matches!(
                    spiller.write(table(0..1)).await,
                    Err(SpillError::Incomplete)
                ));
                assert!(matches!(spiller.finish().await, Err(SpillError::Incomplete)));
                error
            }
            None => spiller.finish().await.unwrap_err(),
        };
        let shown = error.to_string();
        let named = [
            "s3://bkt/prefix/query/split.",
            "cannot put",
            "failure requested by the test",
        ];
        assert!(
            named.iter().all(|part| shown.contains(part)),
            "{blocks} blocks: {shown}"
        );
    }
}

#[tokio::test]
async fn abandoned_write_leaves_no_shorter_result() {
    let store = Arc::new(GatedStore::closed());
    let mut spiller = block_by_block(&store);
    let abandoned = timeout(
        Duration::from_millis(20),
        spiller.write(table(0..10 * BLOCK_ROWS)),
    )
    .await;
    assert!(abandoned.is_err());
    store.gate.add_permits(100);
    assert!(matches!(spiller.finish().await, Err(SpillError::Incomplete)));
}

#[tokio::test]
async fn caller_reads_on_while_blocks_upload_but_no_more_than_two() {
    reads_on_while_blocks_upload(None).await;
}

#[tokio::test]
async fn as_many_blocks_upload_at_once_as_it_is_told() {
    for max_uploads in [1, 3, 5] {
        reads_on_while_blocks_upload(NonZeroUsize::new(max_uploads)).await;
    }
}

async fn reads_on_while_blocks_upload(told: Option<NonZeroUsize>) {
    let max_uploads = told.unwrap_or(DEFAULT_MAX_UPLOADS).get();
    let store = Arc::new(GatedStore::closed());
    let mut spiller = block_by_block(&store);
    if let Some(told) = told {
        spiller = spiller.with_max_uploads(told);
    }
    for block in 0..=max_uploads as i64 {
        // No put has ended, and no write waits for one.
        spiller.write(block_of_rows(block)).await.unwrap();
    }
    let writer = tokio::spawn(async move {
        spiller
            .write(table((max_uploads as i64 + 1) * BLOCK_ROWS..10 * BLOCK_ROWS))
            .await
            .unwrap();
        spiller.finish().await.unwrap()
    });
    sleep(Duration::from_millis(50)).await;
    assert_eq!(store.under_way.load(SeqCst), max_uploads);
    assert!(!writer.is_finished());

    store.gate.add_permits(100);
    assert_eq!(spilled(writer.await.unwrap()), numbered(10));
    assert_eq!(store.most_under_way.load(SeqCst), max_uploads);
    assert_eq!(store.objects.lock().unwrap().len(), 10);
}

#[tokio::test]
async fn list_of_blocks_is_in_row_order_whichever_upload_ends_first() {
    let store = Arc::new(GatedStore::slower_at_first());
    let mut spiller = block_by_block(&store);
    spiller.write(table(0..4 * BLOCK_ROWS)).await.unwrap();
    let locations = spilled(spiller.finish().await.unwrap());
    assert_eq!(locations, numbered(4));
    assert_ne!(
        *store.ended.lock().unwrap(),
        ["prefix/query/split.0", "prefix/query/split.1"]
    );
    let mut rows = vec![];
    for location in &locations {
        rows.push(protocol::decode_batch(&store.get(location).await.unwrap(), table_schema()).unwrap());
    }
    assert_eq!(joined(&rows), table(0..4 * BLOCK_ROWS));
}

#[tokio::test]
async fn dropped_spiller_stores_nothing_more() {
    let store = Arc::new(GatedStore::closed());
    let mut spiller = block_by_block(&store);
    spiller.write(table(0..3 * BLOCK_ROWS)).await.unwrap();
    drop(spiller);
    store.gate.add_permits(100);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(store.objects.lock().unwrap().len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_batches_come_back_as_the_same_rows_in_order(
        batches in prop::collection::vec(any_batch(), 0..12),
        max_block_bytes in 0_u64..4000,
        max_inline_block_bytes in prop_oneof![Just(0_u64), 1_u64..8000],
        encrypted: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let limits = limits(max_block_bytes, max_inline_block_bytes);
        let key = encrypted.then(generate_key);
        let (records, blocks) = runtime.block_on(spill_and_read(&batches, limits, key));
        let expected = concat_batches(&table_schema(), &batches).unwrap();

        prop_assert_eq!(&concat_batches(&table_schema(), &blocks).unwrap(), &expected);
        for block in &blocks {
            let (bytes, rows) = (block_bytes(block) as u64, block.num_rows());
            match records {
                Records::Inline(_) => prop_assert!(bytes < max_inline_block_bytes),
                Records::Spilled(_) => prop_assert!(rows > 0 && (bytes <= max_block_bytes || rows == 1)),
            }
        }
        if let Records::Spilled(locations) = records {
            prop_assert_eq!(locations, numbered(blocks.len()));
        }
    }
}

async fn spill_and_read(
    batches: &[RecordBatch],
    limits: BlockLimits,
    key: Option<EncryptionKey>,
) -> (Records, Vec<RecordBatch>) {
    let store = Arc::new(MemoryBlockStore::new());
    let mut spiller =
        BlockSpiller::new(store.clone(), table_schema(), directory(), key.clone(), limits).unwrap();
    for batch in batches {
        spiller.write(batch.clone()).await.unwrap();
    }
    let records = spiller.finish().await.unwrap();
    let blocks = match &records {
        Records::Inline(batch) => vec![batch.clone()],
        Records::Spilled(locations) => read_blocks(store, locations, table_schema(), key.as_ref()).await,
    };
    (records, blocks)
}

async fn write_and_finish(spiller: &mut BlockSpiller, blocks: i64) -> Result<(), SpillError> {
    for block in 0..blocks {
        spiller.write(block_of_rows(block)).await?;
        // Lets uploads end, so that write returns their errors as well as finish.
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn spiller(store: &Arc<MemoryBlockStore>, limits: BlockLimits) -> BlockSpiller {
    spiller_of(store, table_schema(), limits)
}

fn spiller_of(store: &Arc<MemoryBlockStore>, schema: SchemaRef, limits: BlockLimits) -> BlockSpiller {
    BlockSpiller::new(store.clone(), schema, directory(), Some(generate_key()), limits).unwrap()
}

/// Spiller that spills each [`BLOCK_ROWS`] rows.
fn block_by_block(store: &Arc<GatedStore>) -> BlockSpiller {
    let one_block = block_bytes(&table(0..BLOCK_ROWS)) as u64;
    BlockSpiller::new(
        store.clone(),
        table_schema(),
        directory(),
        None,
        limits(one_block, 0),
    )
    .unwrap()
}

fn with_key(
    store: &Arc<MemoryBlockStore>,
    schema: SchemaRef,
    key: &EncryptionKey,
    limits: BlockLimits,
) -> BlockSpiller {
    BlockSpiller::new(store.clone(), schema, directory(), Some(key.clone()), limits).unwrap()
}

fn limits(max_block_bytes: u64, max_inline_block_bytes: u64) -> BlockLimits {
    BlockLimits {
        max_block_bytes,
        max_inline_block_bytes,
    }
}

fn directory() -> Option<SpillLocation> {
    Some(SpillLocation {
        bucket: "bkt".into(),
        key: "prefix/query/split".into(),
        directory: true,
    })
}

/// Locations of blocks 0 to `count`, exclusive.
fn numbered(count: usize) -> Vec<SpillLocation> {
    let location = |number| SpillLocation {
        bucket: "bkt".into(),
        key: format!("prefix/query/split.{number}"),
        directory: false,
    };
    (0..count).map(location).collect()
}

fn spilled(records: Records) -> Vec<SpillLocation> {
    match records {
        Records::Spilled(locations) => locations,
        Records::Inline(batch) => panic!("{} rows are inline", batch.num_rows()),
    }
}

async fn read_blocks(
    store: Arc<MemoryBlockStore>,
    locations: &[SpillLocation],
    schema: SchemaRef,
    key: Option<&EncryptionKey>,
) -> Vec<RecordBatch> {
    let reader = SpillReader::new(store);
    let mut blocks = vec![];
    for location in locations {
        blocks.push(reader.read(location, schema.clone(), key).await.unwrap());
    }
    blocks
}

fn joined(blocks: &[RecordBatch]) -> RecordBatch {
    concat_batches(&blocks[0].schema(), blocks).unwrap()
}
