//! The headers that schema registries' serializers put before a payload.
//!
//! | first bytes | then |
//! |---|---|
//! | `03`, compression `00` (none) or `05` (zlib), 16 bytes of Glue schema version UUID | the payload, compressed or not |
//! | `00`, 4 bytes of Confluent schema id, most significant first | the payload |
//!
//! Which of them a payload may carry is for its format to say: a bare Avro datum may begin with either byte too.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;
use uuid::Uuid;

use crate::decode::error::RowError;
use crate::decode::writer_schemas::WriterSchemaId;

pub(crate) const GLUE_HEADER_BYTES: usize = 18;
pub(crate) const CONFLUENT_HEADER_BYTES: usize = 5;
/// A payload that unfolds to more is refused: a record of Kafka's is rarely above a megabyte, and a bomb is a thousand
/// times its size.
const MAX_INFLATED_BYTES: u64 = 64 * 1024 * 1024;

/// Begins a payload in Glue's framing.
pub(crate) const GLUE: u8 = 3;
/// Begins a payload in Confluent's framing.
pub(crate) const CONFLUENT: u8 = 0;

/// Takes the header off a payload that begins as one does: whose schema it names, and the body.
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

/// What a header names, and the body behind it.
pub(crate) type Framed<'a> = (WriterSchemaId, Cow<'a, [u8]>);

/// Takes Glue's header off `payload`, which begins with [`GLUE`]: the version of the writer's schema, and the body.
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

/// Takes Confluent's header off `payload`, which begins with [`CONFLUENT`]: the writer's schema id, and the body.
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
            "the compressed payload unfolds to more than {MAX_INFLATED_BYTES} bytes"
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
    fn refuses_a_bomb() {
        let bomb = deflate(&vec![0; MAX_INFLATED_BYTES as usize + 1]);
        assert!(bomb.len() < 100_000);
        assert!(reason(&glue(5, &bomb)).contains("unfolds to more than"));
    }
}
