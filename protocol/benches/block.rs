//! Speed of writing a block from batches as they arrive, compared with concatenating them first.
//!
//! `cargo bench -p athena-federation-protocol` prints bytes of block per second.

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use athena_federation_protocol::{IpcFraming, encode_batch, encode_batches};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// Rows of a batch, as the connector writes them.
const BATCH_ROWS: usize = 8192;
/// Batches of orders in a block of the size that Athena asks for.
const BATCHES: usize = 11;

fn orders() -> RecordBatch {
    let rows = 0..BATCH_ROWS as i64;
    let text = |bytes: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.clone().map(|row| format!("{row:0bytes$}")),
        ))
    };
    let ordered_at: ArrayRef = Arc::new(Date64Array::from_iter_values(rows.clone()));
    let columns = [
        ("order_id", text(36)),
        ("ordered_at", ordered_at),
        ("user_id", text(6)),
        ("items", text(110)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .expect("columns of one length")
}

fn block(c: &mut Criterion) {
    let batch = orders();
    // Each part owns its memory, as batches of a read do.
    let parts: Vec<_> = (0..BATCHES).map(|_| orders()).collect();
    let write = |parts| encode_batches(batch.schema_ref(), parts, IpcFraming::Legacy).expect("orders encode");
    let join = |parts: Vec<RecordBatch>| {
        let joined = concat_batches(batch.schema_ref(), &parts).expect("batches of one schema");
        encode_batch(&joined, IpcFraming::Legacy).expect("orders encode")
    };
    let mut group = c.benchmark_group("block");
    group.throughput(Throughput::Bytes(write(parts.clone()).len() as u64));
    group.bench_function("written from batches", |bencher| {
        bencher.iter_batched(
            || parts.clone(),
            |parts| black_box(write(parts)),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("written from batches joined first", |bencher| {
        bencher.iter_batched(
            || parts.clone(),
            |parts| black_box(join(parts)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, block);
criterion_main!(benches);
