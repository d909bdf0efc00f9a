//! Records inside a batch: scanned without being decoded, to count, find by time or omit them.
//!
//! <https://kafka.apache.org/documentation/#record>

use bytes::Bytes;
use kafka_protocol::compression::{Decompressor, Gzip, Lz4, Snappy, Zstd};

use super::batch::BatchError;

/// Bits of a batch's attributes with the codec of its records.
pub(crate) const COMPRESSION_MASK: i16 = 0b111;

/// Record in an uncompressed payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawRecord<'a> {
    /// Whole record, its length prefix included.
    pub(crate) bytes: &'a [u8],
    /// Difference to the base timestamp of the batch.
    pub(crate) timestamp_delta_ms: i64,
    /// Difference to the base offset of the batch.
    pub(crate) offset_delta: i64,
}

/// Iterator over an uncompressed payload; it ends after an error.
#[derive(Debug, Clone)]
pub(crate) struct RawRecords<'a> {
    rest: &'a [u8],
}

impl<'a> RawRecords<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    fn take_record(&mut self) -> Option<RawRecord<'a>> {
        let mut rest = self.rest;
        let length = usize::try_from(take_varint(&mut rest)?).ok()?;
        let (mut body, after) = rest.split_at_checked(length)?;
        let (bytes, _) = self.rest.split_at(self.rest.len() - after.len());
        let _attributes = body.split_off_first()?;
        let timestamp_delta_ms = take_varint(&mut body)?;
        let offset_delta = take_varint(&mut body)?;
        self.rest = after;
        Some(RawRecord {
            bytes,
            timestamp_delta_ms,
            offset_delta,
        })
    }
}

impl<'a> Iterator for RawRecords<'a> {
    type Item = Result<RawRecord<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.take_record().ok_or(BatchError::MalformedRecord);
        if record.is_err() {
            self.rest = &[];
        }
        Some(record)
    }
}

/// Uncompressed payload of a batch, by the codec in its attributes.
pub(crate) fn decompress(attributes: i16, payload: Bytes) -> Result<Bytes, BatchError> {
    let mut payload = payload;
    let plain = match attributes & COMPRESSION_MASK {
        0 => return Ok(payload),
        1 => Gzip::decompress(&mut payload, |plain| Ok(std::mem::take(plain))),
        2 => Snappy::decompress(&mut payload, |plain| Ok(std::mem::take(plain))),
        3 => Lz4::decompress(&mut payload, |plain| Ok(std::mem::take(plain))),
        4 => Zstd::decompress(&mut payload, |plain| Ok(std::mem::take(plain))),
        codec => return Err(BatchError::UnknownCompression { codec }),
    };
    plain.map_err(|error| BatchError::Decompression {
        reason: format!("{error:#}"),
    })
}

/// Reads a zigzag varint of at most 64 bits.
fn take_varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_varints_at_their_edges() {
        for (bytes, value) in [
            (&[0u8][..], 0),
            (&[1], -1),
            (&[2], 1),
            (&[0xfe, 0xff, 0xff, 0xff, 0x0f], i64::from(i32::MAX)),
        ] {
            assert_eq!(take_varint(&mut &bytes[..]), Some(value));
        }
        assert_eq!(take_varint(&mut &[0x80u8][..]), None);
        assert_eq!(take_varint(&mut &[0xffu8; 11][..]), None);
    }

    #[test]
    fn walks_records_and_keeps_their_bytes() {
        let payload = [10, 0, 4, 0, 1, 1, 10, 0, 6, 2, 1, 1];
        let records: Vec<_> = RawRecords::new(&payload).collect::<Result<_, _>>().unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(
            records[0],
            RawRecord {
                bytes: &payload[..6],
                timestamp_delta_ms: 2,
                offset_delta: 0
            }
        );
        assert_eq!(
            records[1],
            RawRecord {
                bytes: &payload[6..],
                timestamp_delta_ms: 3,
                offset_delta: 1
            }
        );
    }

    #[test]
    fn stops_at_a_record_longer_than_the_payload() {
        let outcomes: Vec<_> = RawRecords::new(&[12, 0, 4, 0]).collect();
        assert_eq!(outcomes, [Err(BatchError::MalformedRecord)]);
    }

    #[test]
    fn refuses_a_negative_record_length() {
        assert_eq!(
            RawRecords::new(&[1, 0, 0, 0]).next(),
            Some(Err(BatchError::MalformedRecord))
        );
    }
}
