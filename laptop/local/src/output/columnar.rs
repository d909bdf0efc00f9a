//! Rows in binary formats: Parquet, and Arrow's IPC stream.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use trino_sql::OutputColumn;

use crate::plain::{plain_batch, plain_schema};

/// Rows of a row group, which are encoded in memory until it is full.
const GROUP_ROWS: usize = 128 << 10;

/// Compression of the pages of a Parquet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageCompression {
    None,
    Gzip,
    Snappy,
    Zstd,
    Lz4,
}

/// Writer of the rows of one result in plain types ([`crate::plain`]).
pub(crate) struct Columnar<W: Write + Send> {
    columns: Vec<OutputColumn>,
    schema: SchemaRef,
    writer: Writer<W>,
}

enum Writer<W: Write + Send> {
    Parquet(Box<ArrowWriter<W>>),
    Arrow(Box<StreamWriter<W>>),
}

impl<W: Write + Send> Columnar<W> {
    pub(crate) fn parquet(
        out: W,
        columns: Vec<OutputColumn>,
        compression: PageCompression,
    ) -> io::Result<Self> {
        let schema = plain_schema(&columns);
        let properties = WriterProperties::builder()
            .set_compression(match compression {
                PageCompression::None => Compression::UNCOMPRESSED,
                PageCompression::Gzip => Compression::GZIP(GzipLevel::default()),
                PageCompression::Snappy => Compression::SNAPPY,
                PageCompression::Zstd => Compression::ZSTD(ZstdLevel::default()),
                PageCompression::Lz4 => Compression::LZ4_RAW,
            })
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(io::Error::other)?;
        Ok(Self {
            columns,
            schema,
            writer: Writer::Parquet(Box::new(writer)),
        })
    }

    pub(crate) fn arrow(out: W, columns: Vec<OutputColumn>) -> io::Result<Self> {
        let schema = plain_schema(&columns);
        let writer = StreamWriter::try_new(out, &schema).map_err(io::Error::other)?;
        Ok(Self {
            columns,
            schema,
            writer: Writer::Arrow(Box::new(writer)),
        })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let batch = plain_batch(&self.schema, &self.columns, batch).map_err(io::Error::other)?;
        match &mut self.writer {
            Writer::Parquet(writer) => writer.write(&batch).map_err(io_error),
            Writer::Arrow(writer) => writer.write(&batch).map_err(arrow_error),
        }
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        match self.writer {
            Writer::Parquet(writer) => writer.close().map(drop).map_err(io_error),
            Writer::Arrow(mut writer) => {
                writer.finish().map_err(arrow_error)?;
                writer.get_mut().flush()
            }
        }
    }
}

/// The error of the writer below, if it is one: a closed pipe is told apart.
fn io_error(error: parquet::errors::ParquetError) -> io::Error {
    match error {
        parquet::errors::ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}

fn arrow_error(error: arrow::error::ArrowError) -> io::Error {
    match error {
        arrow::error::ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}
