//! Reader of the bytes of a datum ([binary
//! encoding](https://avro.apache.org/docs/1.12.0/specification/#binary-encoding)).
//!
//! The writer is not trusted: every length is checked against the remaining bytes before anything is read,
//! and the number of values without bytes (items of an array of nulls, empty records) is limited, like the
//! depth.

use crate::decode::zigzag;

/// Maximum nesting of arrays, maps and records.
const MAX_DEPTH: u8 = 64;

/// Maximum number of items and records without bytes in a datum.
const MAX_EMPTY: u32 = 65_536;

/// Remaining bytes of a datum. A copy reads the same bytes again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    depth: u8,
    empty: u32,
}

/// Reason why bytes are not a datum of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadError {
    #[error("it ends too early")]
    Truncated,
    #[error("bytes left after it: {0}")]
    Trailing(usize),
    #[error("a number has more than 64 bits")]
    LongTooLong,
    #[error("an int has more than 32 bits")]
    IntTooLong,
    #[error("a boolean is neither 0 nor 1")]
    Boolean,
    #[error("a length is negative")]
    NegativeLength,
    #[error("an enum's index is not one of its symbols")]
    Symbol,
    #[error("a union's index is not one of its branches")]
    Branch,
    #[error("a block of an array or map differs from its declared size")]
    BlockSize,
    #[error("it nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("it holds more than {MAX_EMPTY} values without bytes")]
    TooManyEmpty,
    #[error("defaults and JSON text would make it too large")]
    TooLarge,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(datum: &'a [u8]) -> Self {
        Self {
            rest: datum,
            depth: 0,
            empty: 0,
        }
    }

    pub(super) fn finish(self) -> Result<(), ReadError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(ReadError::Trailing(left)),
        }
    }

    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], ReadError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(ReadError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ReadError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn boolean(&mut self) -> Result<bool, ReadError> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(ReadError::Boolean),
        }
    }

    /// Reads a long: seven bits a byte, least significant first, in zigzag encoding.
    #[inline]
    pub(super) fn long(&mut self) -> Result<i64, ReadError> {
        // Most are lengths, indexes and counts, of one byte.
        if let [byte @ ..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(zigzag::unfold(u64::from(*byte)));
        }
        self.long_of_bytes()
    }

    fn long_of_bytes(&mut self) -> Result<i64, ReadError> {
        let mut folded = 0_u64;
        for (at, byte) in self.rest.iter().enumerate().take(10) {
            if at == 9 && *byte > 1 {
                return Err(ReadError::LongTooLong);
            }
            folded |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[at + 1..];
                return Ok(zigzag::unfold(folded));
            }
        }
        Err(ReadError::Truncated)
    }

    pub(super) fn int(&mut self) -> Result<i32, ReadError> {
        i32::try_from(self.long()?).map_err(|_| ReadError::IntTooLong)
    }

    /// Reads bytes after their length.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        let len = usize::try_from(self.long()?).map_err(|_| ReadError::NegativeLength)?;
        self.take(len)
    }

    /// Reads the index of one of `count` symbols.
    pub(super) fn symbol(&mut self, count: usize) -> Result<usize, ReadError> {
        let index = usize::try_from(self.int()?).ok();
        index.filter(|index| *index < count).ok_or(ReadError::Symbol)
    }

    /// Reads the index of one of `count` branches.
    pub(super) fn branch(&mut self, count: usize) -> Result<usize, ReadError> {
        let index = usize::try_from(self.long()?).ok();
        index.filter(|index| *index < count).ok_or(ReadError::Branch)
    }

    /// Reads the items of an array, or the entries of a map, in blocks: a count, or a negative count and the
    /// block's size in bytes; 0 ends them. A size is not used to skip a block, so that a damaged one is
    /// detected whatever columns are requested.
    pub(super) fn items(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.nested(|cursor| {
            loop {
                let count = cursor.long()?;
                let size = match count {
                    0 => return Ok(()),
                    ..0 => Some(cursor.long()?),
                    _ => None,
                };
                let start = cursor.rest.len();
                for _ in 0..count.unsigned_abs() {
                    cursor.counted(&mut read)?;
                }
                let taken = i64::try_from(start - cursor.rest.len()).ok();
                if size.is_some() && size != taken {
                    return Err(ReadError::BlockSize);
                }
            }
        })
    }

    /// Reads a record.
    pub(super) fn record(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.nested(|cursor| cursor.counted(read))
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<(), ReadError>) -> Result<(), ReadError> {
        if self.depth == MAX_DEPTH {
            return Err(ReadError::TooDeep);
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Counts a value that may take no bytes: without input it could continue without end.
    fn counted(&mut self, read: impl FnOnce(&mut Self) -> Result<(), ReadError>) -> Result<(), ReadError> {
        let before = self.rest.len();
        read(self)?;
        if self.rest.len() == before {
            self.empty += 1;
            if self.empty > MAX_EMPTY {
                return Err(ReadError::TooManyEmpty);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn long(bytes: &[u8]) -> Result<i64, ReadError> {
        Cursor::new(bytes).long()
    }

    fn zigzag(value: i64) -> Vec<u8> {
        let mut folded = ((value << 1) ^ (value >> 63)) as u64;
        let mut bytes = Vec::new();
        while folded > 0x7f {
            bytes.push(folded as u8 | 0x80);
            folded >>= 7;
        }
        bytes.push(folded as u8);
        bytes
    }

    #[test]
    fn reads_numbers_of_any_length() {
        for (bytes, wanted) in [
            ([0].as_slice(), Ok(0)),
            (&[1], Ok(-1)),
            (&[2], Ok(1)),
            (&[0x7f], Ok(-64)),
            (&[0x80, 1], Ok(64)),
            (&[0x80, 0], Ok(0)),
            (&[], Err(ReadError::Truncated)),
            (&[0x80], Err(ReadError::Truncated)),
            (&[0xff; 9], Err(ReadError::Truncated)),
            (&[0xff; 20], Err(ReadError::LongTooLong)),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
                Err(ReadError::LongTooLong),
            ),
        ] {
            assert_eq!(long(bytes), wanted, "{bytes:?}");
        }
        assert_eq!(Cursor::new(&zigzag(1 << 31)).int(), Err(ReadError::IntTooLong));
        assert_eq!(Cursor::new(&zigzag(-(1 << 31))).int(), Ok(i32::MIN));
    }

    #[test]
    fn takes_no_more_than_there_is() {
        for len in [3, i64::from(u32::MAX), i64::MAX] {
            let bytes = [zigzag(len), vec![1, 2]].concat();
            assert_eq!(Cursor::new(&bytes).bytes(), Err(ReadError::Truncated));
        }
        assert_eq!(Cursor::new(&zigzag(-1)).bytes(), Err(ReadError::NegativeLength));
    }

    #[test]
    fn holds_blocks_to_their_size() {
        let read = |bytes: &[u8]| {
            let mut sum = 0;
            let mut cursor = Cursor::new(bytes);
            cursor.items(|cursor| {
                sum += cursor.long()?;
                Ok(())
            })?;
            cursor.finish().map(|()| sum)
        };
        assert_eq!(read(&[4, 2, 4, 0]), Ok(3));
        assert_eq!(read(&[3, 4, 2, 4, 2, 6, 0]), Ok(6));
        assert_eq!(read(&[3, 6, 2, 4, 0]), Err(ReadError::BlockSize));
        assert_eq!(read(&[3, 2, 2, 4, 0]), Err(ReadError::BlockSize));
        assert_eq!(read(&[4, 2, 4]), Err(ReadError::Truncated));
        assert_eq!(read(&[0, 0]), Err(ReadError::Trailing(1)));
    }

    #[test]
    fn counts_what_costs_nothing() {
        let items = |count: i64| {
            let bytes = [zigzag(count), vec![0]].concat();
            Cursor::new(&bytes).items(|_| Ok(()))
        };
        assert_eq!(items(i64::from(MAX_EMPTY)), Ok(()));
        assert_eq!(items(i64::from(MAX_EMPTY) + 1), Err(ReadError::TooManyEmpty));
        assert_eq!(items(i64::MAX), Err(ReadError::TooManyEmpty));
        let bytes = [zigzag(i64::MIN), vec![0, 0]].concat();
        assert_eq!(
            Cursor::new(&bytes).items(|_| Ok(())),
            Err(ReadError::TooManyEmpty)
        );
    }

    proptest! {
        #[test]
        fn reads_every_long(value: i64) {
            let bytes = zigzag(value);
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.long(), Ok(value));
            prop_assert_eq!(cursor.finish(), Ok(()));
        }
    }
}
