//! Prefix of an [encapsulated
//! message](https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format) and its
//! flatbuffer.
//!
//! ```text
//! legacy        int32 L            | metadata, L bytes | body
//! continuation  FF FF FF FF int32 L | metadata, L bytes | body
//! ```
//!
//! Little-endian; metadata is a flatbuffer `Message`, padded so that prefix and metadata are a multiple of 8 bytes.
//! Legacy messages carry metadata version V4, the others V5; readers take all four combinations.

use arrow::error::ArrowError;
use arrow::ipc::writer::IpcWriteOptions;
use arrow::ipc::{Message, MetadataVersion, root_as_message_with_opts};
use flatbuffers::{InvalidFlatbuffer, VerifierOptions};

use crate::error::Rule;
use crate::version::SerdeVersion;

/// Prefix of an Arrow message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IpcFraming {
    /// Length only, metadata V4: serde versions 1 and 2, and every spilled block whatever the version.
    Legacy,
    /// FF FF FF FF and length, metadata V5: serde version 3 and later.
    Continuation,
}

impl SerdeVersion {
    /// Framing of Arrow bytes in messages of this version.
    pub fn framing(self) -> IpcFraming {
        match self {
            Self::V1 | Self::V2 => IpcFraming::Legacy,
            Self::V3 | Self::V4 | Self::V5 | Self::V6 => IpcFraming::Continuation,
        }
    }
}

impl IpcFraming {
    /// Framing of an encoded message. A legacy message cannot begin with FF FF FF FF: its length would be -1.
    pub fn of(message: &[u8]) -> Self {
        if message.starts_with(&CONTINUATION) {
            Self::Continuation
        } else {
            Self::Legacy
        }
    }

    /// Options of Arrow's writer: buffers aligned to 8 bytes, no compression.
    pub(crate) fn write_options(self) -> Result<IpcWriteOptions, ArrowError> {
        IpcWriteOptions::try_new(ALIGNMENT_BYTES, self == Self::Legacy, self.metadata_version())
    }

    pub(super) fn metadata_version(self) -> MetadataVersion {
        match self {
            Self::Legacy => MetadataVersion::V4,
            Self::Continuation => MetadataVersion::V5,
        }
    }
}

const CONTINUATION: [u8; 4] = [0xFF; 4];
/// Alignment of every buffer in a body.
pub(super) const ALIGNMENT_BYTES: usize = 8;

/// Encapsulated message split into metadata and body, not yet decoded.
pub(crate) struct Encapsulated<'a> {
    pub(crate) metadata: &'a [u8],
    /// All bytes after the metadata.
    pub(crate) rest: &'a [u8],
}

impl<'a> Encapsulated<'a> {
    pub(crate) fn split(bytes: &'a [u8]) -> Result<Self, Rule> {
        let bytes = match IpcFraming::of(bytes) {
            IpcFraming::Legacy => bytes,
            IpcFraming::Continuation => &bytes[CONTINUATION.len()..],
        };
        let (length, bytes) = bytes
            .split_first_chunk()
            .ok_or_else(|| arrow("it ends within its prefix"))?;
        let length = i32::from_le_bytes(*length);
        let cut = usize::try_from(length)
            .ok()
            .and_then(|length| bytes.split_at_checked(length));
        let (metadata, rest) = cut.ok_or_else(|| {
            arrow(format!(
                "it claims {length} bytes of metadata where {} bytes remain",
                bytes.len()
            ))
        })?;
        Ok(Self { metadata, rest })
    }

    /// Verifies the flatbuffer and its metadata version.
    pub(crate) fn message(&self) -> Result<Message<'a>, Rule> {
        let options = VerifierOptions {
            // Tables of a flatbuffer may be shared, so a small one can unfold into a huge tree. Valid writers
            // share a few vtables at most.
            max_apparent_size: self.metadata.len().saturating_mul(LARGEST_UNFOLDING),
            ..VerifierOptions::default()
        };
        let message = root_as_message_with_opts(&options, self.metadata).map_err(|error| {
            arrow(format!(
                "its metadata is not a valid flatbuffer: {}",
                first_line(&error)
            ))
        })?;
        match message.version() {
            MetadataVersion::V4 | MetadataVersion::V5 => Ok(message),
            other => Err(arrow(format!(
                "its metadata version is {other:?}, wanted V4 or V5"
            ))),
        }
    }
}

/// Largest size that a flatbuffer may unfold to, as a multiple of its own.
const LARGEST_UNFOLDING: usize = 8;

/// First line of the verifier's message; a trace of positions follows it.
fn first_line(error: &InvalidFlatbuffer) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

pub(crate) fn arrow(text: impl Into<String>) -> Rule {
    Rule::Arrow(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_lengths_beyond_the_message() {
        for bytes in [
            &b""[..],
            b"\xFF\xFF\xFF",
            b"\xFF\xFF\xFF\xFF",
            b"\xFF\xFF\xFF\xFF\x00\x00\x00",
            b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            b"\xFF\xFF\xFF\x7F",
            b"\x05\x00\x00\x00abcd",
        ] {
            assert!(Encapsulated::split(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn cuts_both_framings() -> Result<(), Rule> {
        for bytes in [
            &b"\x02\x00\x00\x00abc"[..],
            b"\xFF\xFF\xFF\xFF\x02\x00\x00\x00abc",
        ] {
            let message = Encapsulated::split(bytes)?;
            assert_eq!((message.metadata, message.rest), (&b"ab"[..], &b"c"[..]));
        }
        Ok(())
    }

    #[test]
    fn rejects_metadata_that_is_no_flatbuffer() -> Result<(), Rule> {
        for bytes in [
            &b"\x00\x00\x00\x00"[..],
            b"\x04\x00\x00\x00\xFF\xFF\xFF\xFF",
            b"\x01\x00\x00\x00\x04",
        ] {
            assert!(Encapsulated::split(bytes)?.message().is_err(), "{bytes:?}");
        }
        Ok(())
    }
}
