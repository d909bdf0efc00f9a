//! Lengths in a JKS store. The library allocates the length of a field before it reads that much, so damaged
//! stores must be rejected before.

const HEADER_BYTES: usize = 4;
const DIGEST_BYTES: usize = 20;
/// Bytes of the creation time, which is in milliseconds.
const TIME_BYTES: usize = 8;
const PRIVATE_KEY: u32 = 1;
const TRUSTED_CERTIFICATE: u32 = 2;

/// Whether all entries are within `content`, and the digest takes the rest.
pub(super) fn is_whole_jks(content: &[u8]) -> bool {
    Walk { rest: content }.store().is_some()
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl Walk<'_> {
    fn store(&mut self) -> Option<()> {
        self.skip(HEADER_BYTES)?;
        let version = self.u32()?;
        for _ in 0..self.u32()? {
            self.entry(version)?;
        }
        (self.rest.len() == DIGEST_BYTES).then_some(())
    }

    fn entry(&mut self, version: u32) -> Option<()> {
        let tag = self.u32()?;
        self.text()?;
        self.skip(TIME_BYTES)?;
        match tag {
            PRIVATE_KEY => {
                self.bytes()?;
                for _ in 0..self.u32()? {
                    self.certificate(version)?;
                }
                Some(())
            }
            TRUSTED_CERTIFICATE => self.certificate(version),
            _ => None,
        }
    }

    /// Skips a certificate; from version 2 on its type precedes it.
    fn certificate(&mut self, version: u32) -> Option<()> {
        if version >= 2 {
            self.text()?;
        }
        self.bytes()
    }

    fn text(&mut self) -> Option<()> {
        let length = *self.rest.first_chunk()?;
        self.skip(length.len())?;
        self.skip(u16::from_be_bytes(length).into())
    }

    fn bytes(&mut self) -> Option<()> {
        let length = self.u32()?;
        self.skip(usize::try_from(length).ok()?)
    }

    fn u32(&mut self) -> Option<u32> {
        let number = *self.rest.first_chunk()?;
        self.skip(number.len())?;
        Some(u32::from_be_bytes(number))
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }
}
