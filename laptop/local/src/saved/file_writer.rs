//! One file of any format.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{Writer as AvroWriter, WriterBuilder};
use flate2::write::GzEncoder;
use trino_sql::OutputColumn;

use super::options::{Compression, SaveFormat, SaveOptions};
use crate::output::columnar::{Columnar, PageCompression};
use crate::output::{OutputFormat, OutputOptions, RowWriter};
use crate::plain::{plain_batch, plain_schema};

pub(super) enum FileWriter {
    Columnar(Columnar<File>),
    Avro {
        columns: Vec<OutputColumn>,
        schema: SchemaRef,
        writer: AvroWriter<BufWriter<File>, AvroOcfFormat>,
    },
    Text(RowWriter<Text>),
}

/// Bytes of a text format, compressed or not.
pub(super) enum Text {
    Plain(BufWriter<File>),
    /// Ends its stream when it is dropped, after the last row.
    Gzip(GzEncoder<BufWriter<File>>),
}

impl FileWriter {
    pub(super) fn create(file: File, options: &SaveOptions, columns: Vec<OutputColumn>) -> io::Result<Self> {
        let compression = options.compression;
        Ok(match options.format {
            SaveFormat::Parquet => {
                let compression = match compression {
                    Compression::None => PageCompression::None,
                    Compression::Gzip => PageCompression::Gzip,
                    Compression::Snappy => PageCompression::Snappy,
                    Compression::Zstd => PageCompression::Zstd,
                    Compression::Lz4 => PageCompression::Lz4,
                };
                Self::Columnar(Columnar::parquet(file, columns, compression)?)
            }
            SaveFormat::Avro => {
                let schema = plain_schema(&columns);
                let writer = WriterBuilder::new((*schema).clone())
                    .with_compression(match compression {
                        Compression::None | Compression::Lz4 => None,
                        Compression::Gzip => Some(CompressionCodec::Deflate),
                        Compression::Snappy => Some(CompressionCodec::Snappy),
                        Compression::Zstd => Some(CompressionCodec::ZStandard),
                    })
                    .build(BufWriter::new(file))
                    .map_err(io::Error::other)?;
                Self::Avro {
                    columns,
                    schema,
                    writer,
                }
            }
            SaveFormat::Json | SaveFormat::TextFile | SaveFormat::Csv => {
                let format = match options.format {
                    SaveFormat::Json => OutputFormat::Json,
                    SaveFormat::Csv => OutputFormat::Csv { header: true },
                    _ => OutputFormat::Tsv { header: false },
                };
                let options = OutputOptions {
                    format,
                    separator: Some(options.separator),
                    ..OutputOptions::default()
                };
                let out = BufWriter::new(file);
                let out = match compression {
                    Compression::Gzip => Text::Gzip(GzEncoder::new(out, flate2::Compression::default())),
                    _ => Text::Plain(out),
                };
                Self::Text(RowWriter::with_options(out, columns, options)?)
            }
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        match self {
            Self::Columnar(writer) => writer.write(batch),
            Self::Avro {
                columns,
                schema,
                writer,
            } => {
                let batch = plain_batch(schema, columns, batch).map_err(io::Error::other)?;
                writer.write(&batch).map_err(io::Error::other)
            }
            Self::Text(writer) => writer.write(batch),
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Columnar(writer) => writer.finish(),
            Self::Avro { mut writer, .. } => {
                writer.finish().map_err(io::Error::other)?;
                writer.into_inner().flush()
            }
            Self::Text(writer) => writer.finish(),
        }
    }

    /// Ending of the names of such files.
    pub(super) fn ending(options: &SaveOptions) -> String {
        let ending = match options.format {
            SaveFormat::Parquet => "parquet",
            SaveFormat::Avro => "avro",
            SaveFormat::Json => "json",
            SaveFormat::TextFile => "txt",
            SaveFormat::Csv => "csv",
        };
        let is_text = matches!(
            options.format,
            SaveFormat::Json | SaveFormat::TextFile | SaveFormat::Csv
        );
        match options.compression {
            Compression::Gzip if is_text => format!("{ending}.gz"),
            _ => ending.to_owned(),
        }
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
        }
    }

    /// Comes after the last row: the end of the compressed stream is written.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(out) => {
                out.try_finish()?;
                out.get_mut().flush()
            }
        }
    }
}
