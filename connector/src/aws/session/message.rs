//! [Messages](https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html) of the
//! AWS Encryption SDK, format 2: a key that KMS wraps, a key commitment, text in AES-256-GCM and an optional
//! signature.
//!
//! | part | bytes |
//! | --- | --- |
//! | header | 2, the [suite](https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/algorithms-reference.html) (2), the message's id (32), its context, its wrapped keys, whether there are frames (1), bytes a frame (4), the commitment (32) |
//! | header's tag | 16 |
//! | body | frames, each with number, nonce and tag; or one text with nonce, length and tag |
//! | footer | length (2) and signature, if the suite has one |
//!
//! Numbers are big-endian. Format 1, whose suites do not commit to a key, is rejected, as by default in AWS's
//! own libraries.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Salt};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Parsed message that has not been decrypted: nothing of it is trusted.
pub(crate) struct Message<'a> {
    suite: Suite,
    id: &'a [u8],
    /// Encryption context, which KMS checks.
    pub(crate) context: BTreeMap<String, String>,
    pub(crate) wrapped_keys: Vec<WrappedKey<'a>>,
    has_frames: bool,
    frame_bytes: usize,
    commitment: &'a [u8],
    header: &'a [u8],
    header_tag: &'a [u8],
    body: &'a [u8],
    whole: &'a [u8],
}

/// Data key as one master key wrapped it.
pub(crate) struct WrappedKey<'a> {
    pub(crate) provider: &'a [u8],
    /// ARN of the wrapping key, with KMS.
    pub(crate) key_arn: &'a str,
    pub(crate) wrapped: &'a [u8],
}

/// Reason why a message cannot be decrypted. Contains nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("it ends early")]
    Short,
    #[error("its format is {0}, wanted 2")]
    Format(u8),
    #[error("its algorithm suite is {0:#06x}, wanted 0x0478 or 0x0578")]
    Suite(u16),
    #[error("its {0} is not valid UTF-8")]
    Text(&'static str),
    #[error("its {0} has an invalid value")]
    Value(&'static str),
    #[error("bytes follow its end")]
    Trailing,
    #[error("its key is not the one it was encrypted with")]
    Commitment,
    #[error("its {0} is not authentic")]
    NotAuthentic(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Suite {
    id: u16,
    is_signed: bool,
}

const FORMAT: u8 = 2;
const ID_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Number that precedes the last frame's own number.
const LAST_FRAME: u32 = u32::MAX;
/// Key of the encryption context with the public key of signatures.
const PUBLIC_KEY: &str = "aws-crypto-public-key";

impl<'a> Message<'a> {
    pub(crate) fn parse(whole: &'a [u8]) -> Result<Self, MessageError> {
        let mut reader = Reader(whole);
        match reader.u8()? {
            FORMAT => {}
            other => return Err(MessageError::Format(other)),
        }
        let suite = match reader.u16()? {
            id @ 0x0478 => Suite { id, is_signed: false },
            id @ 0x0578 => Suite { id, is_signed: true },
            id => return Err(MessageError::Suite(id)),
        };
        let id = reader.bytes(ID_BYTES)?;
        let context = context(reader.sized()?)?;
        let wrapped_keys = (0..reader.u16()?).map(|_| {
            Ok(WrappedKey {
                provider: reader.sized()?,
                key_arn: text(reader.sized()?, "key's ARN")?,
                wrapped: reader.sized()?,
            })
        });
        let wrapped_keys = wrapped_keys.collect::<Result<_, _>>()?;
        let has_frames = match reader.u8()? {
            1 => false,
            2 => true,
            _ => return Err(MessageError::Value("content type")),
        };
        let frame_bytes = reader.u32()? as usize;
        if has_frames == (frame_bytes == 0) {
            return Err(MessageError::Value("frame length"));
        }
        let commitment = reader.bytes(KEY_BYTES)?;
        let header = &whole[..whole.len() - reader.0.len()];
        Ok(Self {
            suite,
            id,
            context,
            wrapped_keys,
            has_frames,
            frame_bytes,
            commitment,
            header,
            header_tag: reader.bytes(TAG_BYTES)?,
            body: reader.0,
            whole,
        })
    }

    /// Decrypted text, if all of it is authentic.
    pub(crate) fn open(&self, data_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, MessageError> {
        if data_key.len() != KEY_BYTES {
            return Err(MessageError::Value("data key"));
        }
        let commitment = self.derive(data_key, &[b"COMMITKEY"])?;
        verify_slices_are_equal(&commitment[..], self.commitment).map_err(|_| MessageError::Commitment)?;
        let key = self.derive(data_key, &[&self.suite.id.to_be_bytes(), b"DERIVEKEY"])?;
        let key = UnboundKey::new(&AES_256_GCM, &key[..]).map_err(|_| MessageError::Value("data key"))?;
        let key = LessSafeKey::new(key);
        let zero = [0; NONCE_LEN];
        decrypt(&key, &zero, self.header, &[], self.header_tag, "header")?;

        let mut reader = Reader(self.body);
        let text = match self.has_frames {
            true => self.open_frames(&key, &mut reader)?,
            false => self.open_block(&key, &mut reader)?,
        };
        if self.suite.is_signed {
            let signed = &self.whole[..self.whole.len() - reader.0.len()];
            self.verify(signed, reader.sized()?)?;
        }
        match reader.0 {
            [] => Ok(text),
            _ => Err(MessageError::Trailing),
        }
    }

    fn derive(&self, data_key: &[u8], info: &[&[u8]]) -> Result<Zeroizing<[u8; KEY_BYTES]>, MessageError> {
        struct Length;

        impl KeyType for Length {
            fn len(&self) -> usize {
                KEY_BYTES
            }
        }

        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        let key = Salt::new(HKDF_SHA512, self.id).extract(data_key);
        key.expand(info, Length)
            .and_then(|output| output.fill(&mut derived[..]))
            .map_err(|_| MessageError::Value("data key"))?;
        Ok(derived)
    }

    fn open_frames(
        &self,
        key: &LessSafeKey,
        reader: &mut Reader<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, MessageError> {
        let mut text = Zeroizing::new(Vec::with_capacity(self.body.len()));
        for wanted in 1.. {
            let first = reader.u32()?;
            let is_last = first == LAST_FRAME;
            let number = if is_last { reader.u32()? } else { first };
            if number != wanted {
                return Err(MessageError::Value("frame's number"));
            }
            let nonce = reader.array()?;
            let (bytes, content): (_, &[u8]) = match is_last {
                true => (reader.u32()? as usize, b"AWSKMSEncryptionClient Final Frame"),
                false => (self.frame_bytes, b"AWSKMSEncryptionClient Frame"),
            };
            if bytes > self.frame_bytes {
                return Err(MessageError::Value("frame's length"));
            }
            let (ciphertext, tag) = (reader.bytes(bytes)?, reader.bytes(TAG_BYTES)?);
            let aad = self.body_aad(content, number, bytes);
            text.extend_from_slice(&decrypt(key, &nonce, &aad, ciphertext, tag, "text")?);
            if is_last {
                break;
            }
        }
        Ok(text)
    }

    fn open_block(
        &self,
        key: &LessSafeKey,
        reader: &mut Reader<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, MessageError> {
        let nonce = reader.array()?;
        let bytes = usize::try_from(reader.u64()?).map_err(|_| MessageError::Short)?;
        let (ciphertext, tag) = (reader.bytes(bytes)?, reader.bytes(TAG_BYTES)?);
        let aad = self.body_aad(b"AWSKMSEncryptionClient Single Block", 1, bytes);
        decrypt(key, &nonce, &aad, ciphertext, tag, "text")
    }

    fn body_aad(&self, content: &[u8], number: u32, bytes: usize) -> Vec<u8> {
        let (number, bytes) = (number.to_be_bytes(), (bytes as u64).to_be_bytes());
        [self.id, content, &number, &bytes].concat()
    }

    fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), MessageError> {
        let key = self.context.get(PUBLIC_KEY);
        let key = key.and_then(|key| STANDARD.decode(key).ok());
        let key = key.ok_or(MessageError::Value("public key"))?;
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, key)
            .verify(signed, signature)
            .map_err(|_| MessageError::NotAuthentic("signature"))
    }
}

fn context(bytes: &[u8]) -> Result<BTreeMap<String, String>, MessageError> {
    let mut reader = Reader(bytes);
    if bytes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut context = BTreeMap::new();
    for _ in 0..reader.u16()? {
        let key = text(reader.sized()?, "context")?;
        let value = text(reader.sized()?, "context")?;
        context.insert(key.to_owned(), value.to_owned());
    }
    match reader.0 {
        [] => Ok(context),
        _ => Err(MessageError::Value("context")),
    }
}

fn text<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a str, MessageError> {
    std::str::from_utf8(bytes).map_err(|_| MessageError::Text(what))
}

fn decrypt(
    key: &LessSafeKey,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
    what: &'static str,
) -> Result<Zeroizing<Vec<u8>>, MessageError> {
    let mut text = Zeroizing::new([ciphertext, tag].concat());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.open_in_place(nonce, Aad::from(aad), &mut text);
    let bytes = opened.map_err(|_| MessageError::NotAuthentic(what))?.len();
    text.truncate(bytes);
    Ok(text)
}

/// Reader of the remaining bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], MessageError> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(MessageError::Short)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(MessageError::Short)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn u8(&mut self) -> Result<u8, MessageError> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, MessageError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, MessageError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, MessageError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Reads as many bytes as the two-byte length before them specifies.
    fn sized(&mut self) -> Result<&'a [u8], MessageError> {
        let count = self.u16()?;
        self.bytes(count.into())
    }
}
