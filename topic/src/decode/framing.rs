//! Schema ids of registries' serializers: before a payload ([Confluent's wire
//! format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format),
//! [Glue's](https://github.com/awslabs/aws-glue-schema-registry)), or in a record header.
//!
//! | first bytes | then |
//! |---|---|
//! | `03`, compression `00` (none) or `05` (zlib), 16 bytes of Glue schema version UUID | the payload, compressed or not |
//! | `00`, 4 bytes of Confluent schema id, most significant first | the payload |
//!
//! The format of a payload determines which of them it may have: a bare Avro datum may begin with either
//! byte, too.
//!
//! A record header takes precedence, as in Confluent's deserializers: `__value_schema_id` for the value,
//! `__key_schema_id` for the key, the last one if there are several. The payload then has no prefix.
//!
//! | value of the record header | then |
//! |---|---|
//! | `01`, 16 bytes of the schema's GUID | for Protobuf the index of the message |
//! | `00`, 4 bytes of Confluent schema id, most significant first | for Protobuf the index of the message |
//!
//! With any other value a payload whose format needs the schema is bad. Further bytes are ignored, and a
//! record header without value is the same as none, as in `DualSchemaIdDeserializer` and `SchemaId` of
//! <https://github.com/confluentinc/schema-registry/tree/master/schema-serializer/src/main/java/io/confluent/kafka/serializers/schema/id>.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;
use uuid::Uuid;

use crate::decode::error::RowError;
use crate::decode::writer_schemas::WriterSchemaId;
use crate::record::Record;

pub(crate) const GLUE_HEADER_BYTES: usize = 18;
pub(crate) const CONFLUENT_HEADER_BYTES: usize = 5;
/// Maximum size of an inflated payload: a Kafka record is rarely above a megabyte, and a decompression bomb
/// is a thousand times its size.
const MAX_INFLATED_BYTES: u64 = 64 * 1024 * 1024;

/// First byte of a payload in Glue's framing.
pub(crate) const GLUE: u8 = 3;
/// First byte of a payload in Confluent's framing.
pub(crate) const CONFLUENT: u8 = 0;

/// Name of the record header for the value.
pub(crate) const VALUE_SCHEMA_HEADER: &str = "__value_schema_id";
/// Name of the record header for the key.
pub(crate) const KEY_SCHEMA_HEADER: &str = "__key_schema_id";
/// First byte of a record header with a GUID.
const GUID: u8 = 1;

/// Content of a record header: the schema that a payload was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SchemaHeader<'a> {
    pub(crate) id: WriterSchemaId,
    /// Path to the message within the schema, for Protobuf.
    pub(crate) message_index: &'a [u8],
}

impl<'a> SchemaHeader<'a> {
    /// Parses the value of a record header.
    pub(crate) fn read(value: &'a [u8]) -> Result<Self, RowError> {
        let (id, message_index) = match value.split_first() {
            Some((&GUID, rest)) => rest
                .split_first_chunk()
                .map(|(guid, rest)| (WriterSchemaId::ConfluentGuid(Uuid::from_bytes(*guid)), rest)),
            Some((&CONFLUENT, rest)) => rest
                .split_first_chunk()
                .map(|(id, rest)| (WriterSchemaId::Confluent(u32::from_be_bytes(*id)), rest)),
            Some((other, _)) => {
                return Err(RowError::bad(format!(
                    "the record header with the schema's id begins with {other}, wanted {CONFLUENT} or {GUID}"
                )));
            }
            None => None,
        }
        .ok_or_else(|| {
            RowError::bad(format!(
                "the record header with the schema's id has {} bytes, wanted 1 and 4 of an id or 16 of a GUID",
                value.len()
            ))
        })?;
        Ok(Self { id, message_index })
    }
}

/// Schema id of a payload that begins like a header; `None` if it is shorter than that.
pub(crate) fn named(payload: &[u8]) -> Option<WriterSchemaId> {
    match *payload.first()? {
        GLUE => {
            let [_, _, uuid @ ..] = payload.first_chunk::<GLUE_HEADER_BYTES>()?;
            Some(WriterSchemaId::Glue(Uuid::from_bytes(*uuid)))
        }
        CONFLUENT => {
            let [_, id @ ..] = payload.first_chunk::<CONFLUENT_HEADER_BYTES>()?;
            Some(WriterSchemaId::Confluent(u32::from_be_bytes(*id)))
        }
        _ => None,
    }
}

/// Whether a payload begins like one with a header: most do not, and need no more than this look.
#[inline]
pub(crate) fn may_be_framed(payload: &[u8]) -> bool {
    matches!(payload.first(), Some(&(GLUE | CONFLUENT)))
}

/// Removes the header of a payload that begins like one: returns the schema id and the body.
pub(crate) fn read(payload: &[u8]) -> Result<Option<Framed<'_>>, RowError> {
    Ok(match payload.first() {
        Some(&GLUE) => {
            let (id, body) = read_glue(payload)?;
            Some((WriterSchemaId::Glue(id), body))
        }
        Some(&CONFLUENT) => {
            let (id, body) = read_confluent(payload)?;
            Some((WriterSchemaId::Confluent(id), Cow::Borrowed(body)))
        }
        _ => None,
    })
}

/// Schema id of the value of `record`, from its header or its frame, and the value without the frame; `None` if the
/// record names no schema or has no value.
///
/// # Errors
/// If the header or the frame is invalid; a value that is not framed may also begin as if it were.
pub fn written_value<'a>(record: &Record<'a>) -> Result<Option<Framed<'a>>, RowError> {
    written(record.value, record.headers.last(VALUE_SCHEMA_HEADER))
}

/// Schema id of the key of `record`, and the key without its frame.
///
/// # Errors
/// As [`written_value`].
pub fn written_key<'a>(record: &Record<'a>) -> Result<Option<Framed<'a>>, RowError> {
    written(record.key, record.headers.last(KEY_SCHEMA_HEADER))
}

fn written<'a>(payload: Option<&'a [u8]>, header: Option<&[u8]>) -> Result<Option<Framed<'a>>, RowError> {
    let Some(payload) = payload else { return Ok(None) };
    match header {
        Some(header) => Ok(Some((SchemaHeader::read(header)?.id, Cow::Borrowed(payload)))),
        None => read(payload),
    }
}

/// Schema id of a header, and the body after it.
pub type Framed<'a> = (WriterSchemaId, Cow<'a, [u8]>);

/// Removes Glue's header from `payload`, which begins with [`GLUE`]: returns the version of the writer's
/// schema, and the body.
pub(crate) fn read_glue(payload: &[u8]) -> Result<(Uuid, Cow<'_, [u8]>), RowError> {
    let Some((header, body)) = payload.split_first_chunk::<GLUE_HEADER_BYTES>() else {
        return Err(RowError::bad(format!(
            "a Glue header has {GLUE_HEADER_BYTES} bytes, the payload {}",
            payload.len()
        )));
    };
    let [_, compression, uuid @ ..] = *header;
    let body = match compression {
        0 => Cow::Borrowed(body),
        5 => Cow::Owned(inflate(body)?),
        other => {
            return Err(RowError::bad(format!(
                "compression {other} in the Glue header, wanted 0 (none) or 5 (zlib)"
            )));
        }
    };
    Ok((Uuid::from_bytes(uuid), body))
}

/// Removes Confluent's header from `payload`, which begins with [`CONFLUENT`]: returns the writer's schema
/// id, and the body.
pub(crate) fn read_confluent(payload: &[u8]) -> Result<(u32, &[u8]), RowError> {
    let Some((header, body)) = payload.split_first_chunk::<CONFLUENT_HEADER_BYTES>() else {
        return Err(RowError::bad(format!(
            "a Confluent header has {CONFLUENT_HEADER_BYTES} bytes, the payload {}",
            payload.len()
        )));
    };
    let [_, id @ ..] = *header;
    Ok((u32::from_be_bytes(id), body))
}

fn inflate(body: &[u8]) -> Result<Vec<u8>, RowError> {
    let mut inflated = Vec::new();
    let mut reader = ZlibDecoder::new(body).take(MAX_INFLATED_BYTES + 1);
    match reader.read_to_end(&mut inflated) {
        Ok(_) if inflated.len() as u64 > MAX_INFLATED_BYTES => Err(RowError::bad(format!(
            "the compressed payload expands to more than {MAX_INFLATED_BYTES} bytes"
        ))),
        Ok(_) => Ok(inflated),
        Err(error) => Err(RowError::bad(format!("the payload is not zlib data: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    const UUID: [u8; 16] = [0xa, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    fn glue(compression: u8, body: &[u8]) -> Vec<u8> {
        [&[GLUE, compression], UUID.as_slice(), body].concat()
    }

    fn deflate(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn reason(payload: &[u8]) -> String {
        read_glue(payload).unwrap_err().to_string()
    }

    #[test]
    fn reads_plain_and_compressed_bodies() {
        for payload in [glue(0, b"body"), glue(5, &deflate(b"body"))] {
            let (uuid, body) = read_glue(&payload).unwrap();
            assert_eq!((uuid.into_bytes(), body.as_ref()), (UUID, b"body".as_slice()));
        }
        assert_eq!(
            read_confluent(&[0, 0, 0, 1, 2, 9]).unwrap(),
            (258, [9].as_slice())
        );
    }

    #[test]
    fn a_record_header_says_more_than_the_first_bytes() {
        use crate::record::NoHeaders;
        let framed = glue(0, b"body");
        let record = Record {
            key: Some(b"\0\0\0\0\x07k"),
            ..Record::of_value(&framed)
        };
        let (id, body) = written_value(&record).unwrap().unwrap();
        assert_eq!(
            (id, &*body),
            (WriterSchemaId::Glue(Uuid::from_bytes(UUID)), &b"body"[..])
        );
        let (id, body) = written_key(&record).unwrap().unwrap();
        assert_eq!((id, &*body), (WriterSchemaId::Confluent(7), &b"k"[..]));
        let headers: &[(&str, Option<&[u8]>)] = &[(VALUE_SCHEMA_HEADER, Some(b"\0\0\0\0\x09"))];
        let (id, body) = written_value(&Record {
            headers: &headers,
            ..record
        })
        .unwrap()
        .unwrap();
        assert_eq!((id, &*body), (WriterSchemaId::Confluent(9), &framed[..]));
        assert_eq!(
            written_value(&Record {
                value: None,
                headers: &NoHeaders,
                ..record
            })
            .unwrap(),
            None
        );
        assert_eq!(written_value(&Record::of_value(b"{}")).unwrap(), None);
    }

    #[test]
    fn says_what_is_wrong_with_a_header() {
        assert_eq!(
            reason(&glue(0, b"")[..17]),
            "a Glue header has 18 bytes, the payload 17"
        );
        assert_eq!(
            reason(&glue(1, b"")),
            "compression 1 in the Glue header, wanted 0 (none) or 5 (zlib)"
        );
        assert!(reason(&glue(5, b"plain")).starts_with("the payload is not zlib data"));
        assert!(reason(&glue(5, &deflate(b"body")[..6])).starts_with("the payload is not zlib data"));
        assert_eq!(
            read_confluent(&[0, 0, 0, 1]).unwrap_err().to_string(),
            "a Confluent header has 5 bytes, the payload 4"
        );
    }

    #[test]
    fn reads_record_headers() {
        let guid = WriterSchemaId::ConfluentGuid(Uuid::from_bytes(UUID));
        let number = WriterSchemaId::Confluent(258);
        for (header, id, message_index) in [
            ([&[1], UUID.as_slice()].concat(), guid, [].as_slice()),
            ([&[1], UUID.as_slice(), &[2, 2]].concat(), guid, &[2, 2]),
            (vec![0, 0, 0, 1, 2], number, &[]),
            (vec![0, 0, 0, 1, 2, 4, 0, 2], number, &[4, 0, 2]),
        ] {
            let wanted = SchemaHeader { id, message_index };
            assert_eq!(SchemaHeader::read(&header), Ok(wanted));
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_record_header() {
        let reason = |header: &[u8]| SchemaHeader::read(header).unwrap_err().to_string();
        for (header, bytes) in [
            (vec![], 0),
            (vec![1], 1),
            (vec![0, 0, 0, 1], 4),
            ([&[1], &UUID[..15]].concat(), 16),
        ] {
            assert_eq!(
                reason(&header),
                format!(
                    "the record header with the schema's id has {bytes} bytes, wanted 1 and 4 of an id or 16 of a GUID"
                )
            );
        }
        assert_eq!(
            reason(&glue(0, b"")),
            "the record header with the schema's id begins with 3, wanted 0 or 1"
        );
    }

    #[test]
    fn names_the_schema_of_a_payload_without_reading_it() {
        let version = Some(WriterSchemaId::Glue(Uuid::from_bytes(UUID)));
        for payload in [glue(0, b""), glue(5, b"no zlib data"), glue(9, b"body")] {
            assert_eq!(named(&payload), version);
            assert_eq!(named(&payload[..17]), None);
        }
        assert_eq!(named(&[0, 0, 0, 1, 2]), Some(WriterSchemaId::Confluent(258)));
        for bare in [&[][..], &[0, 0, 0, 1], &[1, 2, 3, 4, 5, 6], b"{}"] {
            assert_eq!(named(bare), None);
        }
    }

    #[test]
    fn refuses_a_bomb() {
        let bomb = deflate(&vec![0; MAX_INFLATED_BYTES as usize + 1]);
        assert!(bomb.len() < 100_000);
        assert!(reason(&glue(5, &bomb)).contains("expands to more than"));
    }
}
