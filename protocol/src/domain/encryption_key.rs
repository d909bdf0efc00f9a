//! Key and nonce that spilled blocks are encrypted with.

use std::fmt;

use zeroize::Zeroize;

use crate::error::Fault;
use crate::ipc;
use crate::json::{FromJson, Json, Object};

/// AES-GCM key and nonce of one split (`com.amazonaws.athena.connector.lambda.security.EncryptionKey`). Wiped
/// when dropped; `Debug` shows lengths only.
///
/// All blocks of a split share the pair, because a response has room for one: a pair must never outlive its split.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    /// 16 bytes (from KMS) or 32 bytes (generated locally). Checked by the cipher, not here.
    pub key: Vec<u8>,
    /// 12 bytes.
    pub nonce: Vec<u8>,
}

impl EncryptionKey {
    pub(crate) fn to_json(&self) -> Json<'_> {
        Object::new()
            .with("key", ipc::encode_base64(&self.key))
            .with("nonce", ipc::encode_base64(&self.nonce))
            .into()
    }
}

impl Drop for EncryptionKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.nonce.zeroize();
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "EncryptionKey(key of {} bytes, nonce of {} bytes)",
            self.key.len(),
            self.nonce.len()
        )
    }
}

impl FromJson for EncryptionKey {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            key: object.required_with("key", ipc::bytes_from_json)?,
            nonce: object.required_with("nonce", ipc::bytes_from_json)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_lengths_alone() {
        let key = EncryptionKey {
            key: vec![0xAB; 32],
            nonce: vec![0xCD; 12],
        };
        assert_eq!(
            format!("{key:?}"),
            "EncryptionKey(key of 32 bytes, nonce of 12 bytes)"
        );
    }
}
