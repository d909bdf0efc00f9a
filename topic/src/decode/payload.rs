//! One side of a record, its value or its key: the format's decoder and the columns it fills.

use std::sync::Arc;

use crate::decode::avro::AvroDecoder;
use crate::decode::column::ColumnBuilder;
use crate::decode::csv::CsvDecoder;
use crate::decode::error::{BadRecord, RowError, TableError};
use crate::decode::json::JsonDecoder;
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::protobuf::ProtobufDecoder;
use crate::decode::raw::RawDecoder;
use crate::decode::scalar::Scalar;
use crate::decode::wanted::Column;
use crate::decode::writer_schemas::WriterSchemas;
use crate::table::Encoding;

/// One side of a record and the columns it fills.
#[derive(Default)]
pub(super) struct Payload {
    /// `None` if nothing is wanted of it.
    decoder: Option<Box<dyn PayloadDecoder>>,
    pub(super) columns: Vec<ColumnBuilder>,
    /// Payloads of a key that did not decode.
    pub(super) bad: u64,
}

impl Payload {
    pub(super) fn new(
        columns: &[Column],
        encoding: &Encoding,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        let builders = columns.iter().map(|column| column.builder(encoding.format()));
        Ok(Self {
            decoder: Some(payload_decoder(columns, encoding, writers)?),
            columns: builders.collect::<Result<_, _>>()?,
            bad: 0,
        })
    }

    /// Appends row `row`, or nothing.
    pub(super) fn decode(&mut self, payload: &[u8], row: usize, strict: bool) -> Result<(), RowError> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        append_row(&mut self.columns, row, strict, |columns| {
            decoder.decode(payload, columns)
        })
    }

    pub(super) fn append_nulls(&mut self) {
        self.columns
            .iter_mut()
            .for_each(|column| column.append(Scalar::Null));
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }
}

/// Has `append` append row `row` to each of `columns`, or takes back what it did. If `strict`, a value that does not fit
/// its column is an error.
pub(super) fn append_row(
    columns: &mut [ColumnBuilder],
    row: usize,
    strict: bool,
    append: impl FnOnce(&mut [ColumnBuilder]) -> Result<(), RowError>,
) -> Result<(), RowError> {
    let counts: Vec<u64> = match strict {
        true => columns.iter().map(|column| column.misfits().count()).collect(),
        false => Vec::new(),
    };
    let appended = append(columns);
    let appended = appended.and_then(|()| if strict { refuse_misfits(columns) } else { Ok(()) });
    if appended.is_err() {
        columns.iter_mut().for_each(|column| column.truncate(row));
        for (column, count) in columns.iter_mut().zip(counts) {
            column.misfits_mut().reset(count);
        }
    }
    appended
}

fn refuse_misfits(columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
    for column in columns {
        if let Some(misfit) = column.misfits_mut().take_latest() {
            return Err(RowError::Bad(BadRecord {
                column: Some(column.name().to_owned()),
                reason: format!("{} does not fit {}", misfit.found, misfit.wanted),
            }));
        }
    }
    Ok(())
}

fn payload_decoder(
    columns: &[Column],
    encoding: &Encoding,
    writers: &Arc<dyn WriterSchemas>,
) -> Result<Box<dyn PayloadDecoder>, TableError> {
    Ok(match encoding {
        Encoding::Json => Box::new(JsonDecoder::new(columns)?),
        Encoding::Csv(options) => Box::new(CsvDecoder::new(columns, options)?),
        Encoding::Avro { definition } => Box::new(AvroDecoder::new(columns, definition, writers)?),
        Encoding::Protobuf { definition, message } => {
            let message = message.as_deref();
            Box::new(ProtobufDecoder::new(columns, definition, message, writers)?)
        }
        Encoding::Raw => Box::new(RawDecoder::new(columns)?),
    })
}
