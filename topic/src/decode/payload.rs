//! Side of a record, its value or its key: the format's decoder and the columns it fills.

use std::sync::Arc;

use crate::decode::avro::AvroDecoder;
use crate::decode::column::ColumnBuilder;
use crate::decode::csv::CsvDecoder;
use crate::decode::error::{BadRecord, RowError, TableError, Unresolved};
use crate::decode::framing::{KEY_SCHEMA_HEADER, SchemaHeader, VALUE_SCHEMA_HEADER};
use crate::decode::json::JsonDecoder;
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::protobuf::ProtobufDecoder;
use crate::decode::raw::RawDecoder;
use crate::decode::scalar::Scalar;
use crate::decode::text::TextDecoder;
use crate::decode::wanted::Column;
use crate::decode::writer_schemas::{WriterSchemaId, WriterSchemas};
use crate::record::{Headers, Record};
use crate::table::{DataFormat, Encoding};

/// Side of a record and the columns it fills.
pub(super) struct Payload {
    /// Decoder; `None` if no column shows this side.
    decoder: Option<Box<dyn PayloadDecoder>>,
    pub(super) columns: Vec<ColumnBuilder>,
    /// Name of the record header that may hold the id of its schema.
    schema_header: &'static str,
    /// Whether it is decoded with the schema of this header.
    needs_schema: bool,
    /// Number of keys that could not be decoded.
    pub(super) bad: u64,
    look_ups: LookUps,
}

/// Payloads of a side so far, as far as they tell whether a registry is missing.
#[derive(Default)]
struct LookUps {
    /// Whether any payload was read, or was legitimately absent.
    any_read: bool,
    /// Number of payloads for whose schema no registry is configured.
    lacking_registry: u64,
    /// Number of payloads that are bad for another reason.
    otherwise_bad: u64,
    /// First payload for whose schema no registry is configured.
    first: Option<Unresolved>,
}

impl LookUps {
    fn count(&mut self, decoded: &Result<(), RowError>, offset: i64) {
        match decoded {
            Ok(()) => self.any_read = true,
            Err(RowError::Bad(bad)) if bad.lacks_registry => {
                self.lacking_registry += 1;
                self.first.get_or_insert_with(|| Unresolved {
                    offset,
                    reason: bad.to_string(),
                });
            }
            Err(RowError::Bad(_)) => self.otherwise_bad += 1,
            // The read ends.
            Err(RowError::WriterSchema(_)) => {}
        }
    }
}

impl Payload {
    pub(super) fn of_value(
        columns: &[Column],
        encoding: &Encoding,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        Self::new(VALUE_SCHEMA_HEADER, columns, encoding, writers)
    }

    pub(super) fn of_key(
        columns: &[Column],
        encoding: &Encoding,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        Self::new(KEY_SCHEMA_HEADER, columns, encoding, writers)
    }

    /// Key that no column shows.
    pub(super) fn unread_key() -> Self {
        Self {
            decoder: None,
            columns: Vec::new(),
            schema_header: KEY_SCHEMA_HEADER,
            needs_schema: false,
            bad: 0,
            look_ups: LookUps::default(),
        }
    }

    fn new(
        schema_header: &'static str,
        columns: &[Column],
        encoding: &Encoding,
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        let format = encoding.format();
        let builders = columns.iter().map(|column| column.builder(format));
        Ok(Self {
            decoder: Some(payload_decoder(columns, encoding, writers)?),
            columns: builders.collect::<Result<_, _>>()?,
            schema_header,
            needs_schema: matches!(format, DataFormat::Avro | DataFormat::Protobuf | DataFormat::Text),
            bad: 0,
            look_ups: LookUps::default(),
        })
    }

    /// Appends row `row`, or nothing. `payload` belongs to `record`.
    pub(super) fn decode(
        &mut self,
        payload: &[u8],
        record: &Record<'_>,
        row: usize,
        strict: bool,
    ) -> Result<(), RowError> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        let header = match self.needs_schema {
            true => record.headers.last(self.schema_header),
            false => None,
        };
        let decoded = append_row(&mut self.columns, row, strict, |columns| match header {
            Some(header) => decoder.decode_written(&SchemaHeader::read(header)?, payload, columns),
            None => decoder.decode(payload, columns),
        });
        self.look_ups.count(&decoded, record.offset);
        decoded
    }

    /// Appends the row of a record without this side.
    pub(super) fn append_absent(&mut self) {
        self.look_ups.any_read = true;
        self.append_nulls();
    }

    pub(super) fn append_nulls(&mut self) {
        self.columns
            .iter_mut()
            .for_each(|column| column.append(&Scalar::Null));
    }

    /// First payload for whose schema no registry is configured, if none has been read so far, and most are bad for this
    /// reason. A few that only begin as if they named a schema do not show that a setting is missing.
    pub(super) fn unresolved(&self) -> Option<&Unresolved> {
        let look_ups = &self.look_ups;
        let is_for_want_of_it = !look_ups.any_read && look_ups.lacking_registry > look_ups.otherwise_bad;
        look_ups.first.as_ref().filter(|_| is_for_want_of_it)
    }

    /// Id of the schema that `payload` was written with, if the record names one.
    pub(super) fn schema_id(
        &mut self,
        payload: Option<&[u8]>,
        headers: &dyn Headers,
    ) -> Option<WriterSchemaId> {
        match headers.last(self.schema_header) {
            Some(header) => SchemaHeader::read(header).ok().map(|header| header.id),
            None => self.decoder.as_mut()?.schema_id(payload?),
        }
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }
}

/// Calls `append` to append row `row` to each of `columns`, and removes what it appended if it fails. If
/// `strict`, a value that does not fit its column is an error.
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
            return Err(RowError::Bad(Box::new(BadRecord {
                column: Some(column.name().to_owned()),
                reason: format!("{} does not fit {}", misfit.found, misfit.wanted),
                lacks_registry: false,
            })));
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
        Encoding::Avro {
            definition,
            references,
        } => {
            let schema = (definition.as_str(), references.as_slice());
            Box::new(AvroDecoder::new(columns, schema, writers)?)
        }
        Encoding::Protobuf {
            definition,
            references,
            message,
        } => {
            let (message, schema) = (message.as_deref(), (definition.as_str(), references.as_slice()));
            Box::new(ProtobufDecoder::new(columns, schema, message, writers)?)
        }
        Encoding::Raw => Box::new(RawDecoder::new(columns)?),
        Encoding::Text => Box::new(TextDecoder::new(columns, writers)?),
    })
}
