//! First pass over a request that allocates no more memory than the request has bytes.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::ByteBuf;

/// Bytes of a request in which every length and count is limited by the number of remaining bytes.
///
/// The codec allocates what an array's count specifies before it reads the first element. Each element takes
/// at least a byte, so decoding still fails with a count limited to one more than the remaining bytes. Other
/// numbers are limited, too: the result of this pass is used only to know that it succeeded, after which the
/// request's counts can be trusted.
#[derive(Debug)]
pub(crate) struct Bounded {
    bytes: Bytes,
    /// Value of the varint being read, and its number of bits.
    varint: u32,
    bits: u32,
}

impl Bounded {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            varint: 0,
            bits: 0,
        }
    }
}

impl Buf for Bounded {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let number = self.bytes.try_get_i32()?;
        Ok(i32::try_from(self.remaining() + 1).map_or(number, |limit| number.min(limit)))
    }

    /// Treats every byte as part of a varint of at most five; booleans, which are read here as well, are
    /// varints of one byte.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let byte = self.bytes.try_get_u8()?;
        self.varint |= u32::from(byte & 0x7f) << self.bits;
        let (requested, available) = (self.varint as usize, self.remaining());
        self.bits += 7;
        if byte < 0x80 || self.bits == 35 {
            (self.varint, self.bits) = (0, 0);
        }
        // Compact lengths are one more than the count.
        if requested > available + 1 {
            return Err(TryGetError { requested, available });
        }
        Ok(byte)
    }
}

impl ByteBuf for Bounded {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.bytes.split_to(size)
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::MetadataRequest;
    use kafka_protocol::protocol::Decodable;

    use super::*;

    fn metadata(version: i16, body: &'static [u8]) -> bool {
        MetadataRequest::decode(&mut Bounded::new(Bytes::from_static(body)), version).is_ok()
    }

    #[test]
    fn counts_that_the_bytes_left_cannot_hold_are_refused() {
        // Version 0 counts topics in four bytes, version 9 in a varint of one more.
        assert!(metadata(0, &[0, 0, 0, 1, 0, 1, b't']));
        assert!(metadata(9, &[2, 2, b't', 0, 1, 0, 0, 0]));
        assert!(!metadata(0, &[0x7f, 0xff, 0xff, 0xff, 0, 1, b't']));
        assert!(!metadata(
            9,
            &[0xff, 0xff, 0xff, 0xff, 0x0f, 2, b't', 0, 1, 0, 0, 0]
        ));
        assert!(!metadata(9, &[0xff, 0xff, 0xff, 0xff, 0xff]));
    }
}
