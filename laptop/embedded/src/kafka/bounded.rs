//! A first look at a request, which costs no memory that the request does not pay for.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::ByteBuf;

/// A request's bytes in which no length or count is larger than what is left of them allows.
///
/// The codec allocates what an array's count asks for before it reads the first element. Each element takes a byte at
/// least, so a count cut down to one more than the bytes left fails all the same. Other numbers are cut down too:
/// what is decoded from here is good for nothing but its success, after which the request's counts may be believed.
#[derive(Debug)]
pub(crate) struct Bounded {
    bytes: Bytes,
    /// Bits of the varint that is being read, and how many.
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

    /// Takes every byte for one of a varint of at most five; those of booleans, which come here as well, are varints of
    /// one.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let byte = self.bytes.try_get_u8()?;
        self.varint |= u32::from(byte & 0x7f) << self.bits;
        let (requested, available) = (self.varint as usize, self.remaining());
        self.bits += 7;
        if byte < 0x80 || self.bits == 35 {
            (self.varint, self.bits) = (0, 0);
        }
        // Compact lengths are one more than what they count.
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
