//! Rows of files with typed columns, Avro and Parquet, which are read as Arrow batches.

use std::fs::File;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use arrow_avro::reader::ReaderBuilder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::row::{Extent, Fault, Input, Place, Row, Rows};

/// Number of rows of a batch, which are in memory at once.
const BATCH_ROWS: usize = 1024;

pub(super) fn avro_rows(input: impl Input) -> Result<Rows, Fault> {
    let reader = ReaderBuilder::new()
        .with_batch_size(BATCH_ROWS)
        .build(input)
        .map_err(fault)?;
    let schema = reader.schema();
    Ok(rows(&schema, reader, None))
}

pub(super) fn parquet_rows(file: File) -> Result<(Rows, Extent), Fault> {
    let fault = |error: parquet::errors::ParquetError| (None, error.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(fault)?;
    let total = u64::try_from(builder.metadata().file_metadata().num_rows()).ok();
    let extent = Extent::new(total);
    let schema = builder.schema().clone();
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(fault)?;
    Ok((rows(&schema, reader, Some(extent.clone())), extent))
}

/// Rows of batches as JSON. Adds each batch to `extent`.
fn rows(
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    extent: Option<Extent>,
) -> Rows {
    let format = timestamp_format(schema);
    let mut row = 0;
    let of_batch = move |batch: Result<RecordBatch, ArrowError>| {
        let lines = batch.and_then(|batch| {
            if let Some(extent) = &extent {
                extent.add(batch.num_rows() as u64);
            }
            lines(&batch, format)
        });
        let rows: Vec<Result<Row, Fault>> = match lines {
            Ok(lines) => lines
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(|line| {
                    row += 1;
                    Ok(Row {
                        place: Place::Row(row),
                        json: line.to_vec(),
                    })
                })
                .collect(),
            Err(error) => vec![Err((Some(Place::Row(row + 1)), error.to_string()))],
        };
        rows
    };
    Box::new(batches.flat_map(of_batch))
}

fn lines(batch: &RecordBatch, timestamp_format: &str) -> Result<Vec<u8>, ArrowError> {
    let mut lines = Vec::new();
    let builder = WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_timestamp_format(timestamp_format.to_owned());
    let mut writer = builder.build::<_, LineDelimited>(&mut lines);
    writer.write(batch)?;
    writer.finish()?;
    Ok(lines)
}

/// Format of timestamps in SQL, with the digits of the finest unit in the file.
fn timestamp_format(schema: &Schema) -> &'static str {
    let units = schema
        .flattened_fields()
        .into_iter()
        .filter_map(|field| match field.data_type() {
            DataType::Timestamp(unit, None) => Some(*unit),
            _ => None,
        });
    match units.max() {
        Some(TimeUnit::Nanosecond) => "%Y-%m-%d %H:%M:%S%.9f",
        Some(TimeUnit::Microsecond) => "%Y-%m-%d %H:%M:%S%.6f",
        _ => "%Y-%m-%d %H:%M:%S%.3f",
    }
}

fn fault(error: impl std::fmt::Display) -> Fault {
    (None, error.to_string())
}
