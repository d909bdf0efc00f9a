//! AES-GCM ([NIST SP 800-38D](https://csrc.nist.gov/pubs/sp/800/38/d/final)) over one block: `ciphertext ||
//! tag`, no associated data, the nonce not included. The SDK's side is
//! `com.amazonaws.athena.connector.lambda.security.AesGcmBlockCrypto`.

use std::fmt;

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use aws_lc_rs::rand;
use protocol::EncryptionKey;

use crate::CipherError;

/// Cipher for the blocks of one split.
///
/// The length of the key selects the cipher: 16 bytes AES-128 (KMS data keys), 24 AES-192, 32 AES-256
/// ([`generate_key`]).
pub struct BlockCipher {
    key: LessSafeKey,
    nonce: [u8; NONCE_LEN],
}

impl BlockCipher {
    /// # Errors
    /// A key that is not 16, 24 or 32 bytes long, a nonce that is not 12.
    pub fn new(key: &EncryptionKey) -> Result<Self, CipherError> {
        let bad_key = CipherError::KeyLength {
            found_bytes: key.key.len(),
        };
        let bad_nonce = CipherError::NonceLength {
            found_bytes: key.nonce.len(),
        };
        let algorithm = algorithm(key.key.len()).ok_or(bad_key)?;
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(algorithm, &key.key).map_err(|_| bad_key)?),
            nonce: key.nonce.as_slice().try_into().map_err(|_| bad_nonce)?,
        })
    }

    /// Encrypts in place; the result is 16 bytes longer than the plaintext.
    ///
    /// # Errors
    /// A plaintext beyond GCM's 64 GiB.
    pub fn encrypt(&self, mut block: Vec<u8>) -> Result<Vec<u8>, CipherError> {
        let plaintext_bytes = block.len();
        block.reserve_exact(self.key.algorithm().tag_len());
        self.key
            .seal_in_place_append_tag(self.nonce(), Aad::empty(), &mut block)
            .map_err(|_| CipherError::TooLong { plaintext_bytes })?;
        Ok(block)
    }

    /// Decrypts in place. Returns nothing of a block that is not authentic.
    ///
    /// # Errors
    /// [`CipherError::NotAuthentic`] for another key, another nonce, or changed or missing bytes.
    pub fn decrypt(&self, mut object: Vec<u8>) -> Result<Vec<u8>, CipherError> {
        let plaintext_bytes = self
            .key
            .open_in_place(self.nonce(), Aad::empty(), &mut object)
            .map_err(|_| CipherError::NotAuthentic)?
            .len();
        object.truncate(plaintext_bytes);
        Ok(object)
    }

    /// Nonce, which the format reuses for all blocks of the key: see the crate's documentation.
    fn nonce(&self) -> Nonce {
        Nonce::assume_unique_for_key(self.nonce)
    }
}

impl fmt::Debug for BlockCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockCipher({:?})", self.key.algorithm())
    }
}

/// Generates an AES-256 key and nonce for exactly one split, as
/// `com.amazonaws.athena.connector.lambda.security.LocalKeyFactory` does.
pub fn generate_key() -> EncryptionKey {
    EncryptionKey {
        key: random_bytes(AES_256_GCM.key_len()),
        nonce: random_bytes(NONCE_LEN),
    }
}

fn algorithm(key_bytes: usize) -> Option<&'static Algorithm> {
    [&AES_128_GCM, &AES_192_GCM, &AES_256_GCM]
        .into_iter()
        .find(|algorithm| algorithm.key_len() == key_bytes)
}

fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    // AWS-LC's generator never returns an error: without entropy it ends the process.
    rand::fill(&mut bytes).expect("AWS-LC's random generator returns bytes or aborts");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The GCM specification's test cases 2, 8 and 14: all-zero key, nonce and 16-byte plaintext.
    const ZERO_VECTORS: [(usize, &str); 3] = [
        (
            16,
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf",
        ),
        (
            24,
            "98e7247c07f0fe411c267e4384b0f6002ff58d80033927ab8ef4d4587514f0fb",
        ),
        (
            32,
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        ),
    ];

    #[test]
    fn key_length_chooses_the_cipher_of_the_gcm_vectors() {
        for (key_bytes, object) in ZERO_VECTORS {
            let cipher = BlockCipher::new(&key(key_bytes, 12)).unwrap();
            let encrypted = cipher.encrypt(vec![0; 16]).unwrap();
            assert_eq!(hex(&encrypted), object, "{key_bytes}-byte key");
            assert_eq!(cipher.decrypt(encrypted).unwrap(), [0; 16]);
        }
    }

    #[test]
    fn refuses_keys_and_nonces_of_other_lengths() {
        for found_bytes in [0, 8, 15, 17, 31, 33, 64] {
            assert_eq!(
                BlockCipher::new(&key(found_bytes, 12)).unwrap_err(),
                CipherError::KeyLength { found_bytes }
            );
        }
        for found_bytes in [0, 10, 11, 13, 16] {
            assert_eq!(
                BlockCipher::new(&key(32, found_bytes)).unwrap_err(),
                CipherError::NonceLength { found_bytes }
            );
        }
    }

    #[test]
    fn refuses_every_changed_or_missing_byte() {
        let cipher = BlockCipher::new(&generate_key()).unwrap();
        let object = cipher.encrypt(b"one block".to_vec()).unwrap();
        for at in 0..object.len() {
            let mut changed = object.clone();
            changed[at] ^= 1;
            assert_eq!(
                cipher.decrypt(changed),
                Err(CipherError::NotAuthentic),
                "byte {at} changed"
            );
            assert_eq!(
                cipher.decrypt(object[..at].to_vec()),
                Err(CipherError::NotAuthentic),
                "cut to {at} bytes"
            );
        }
    }

    #[test]
    fn refuses_another_key_or_nonce() {
        let key = generate_key();
        let object = BlockCipher::new(&key)
            .unwrap()
            .encrypt(b"one block".to_vec())
            .unwrap();
        let other_key = EncryptionKey {
            key: generate_key().key.clone(),
            nonce: key.nonce.clone(),
        };
        let other_nonce = EncryptionKey {
            key: key.key.clone(),
            nonce: generate_key().nonce.clone(),
        };
        for other in [other_key, other_nonce] {
            let opened = BlockCipher::new(&other).unwrap().decrypt(object.clone());
            assert_eq!(opened, Err(CipherError::NotAuthentic));
        }
    }

    #[test]
    fn generates_another_aes_256_key_each_time() {
        let (one, two) = (generate_key(), generate_key());
        assert_eq!((one.key.len(), one.nonce.len()), (32, 12));
        assert_ne!(one.key, two.key);
        assert_ne!(one.nonce, two.nonce);
    }

    #[test]
    fn debug_output_holds_no_key() {
        let secret = EncryptionKey {
            key: vec![0xAB; 32],
            nonce: vec![0xCD; 12],
        };
        let shown = format!("{:?}", BlockCipher::new(&secret).unwrap()).to_lowercase();
        assert!(
            !shown.contains("171") && !shown.contains("abab") && !shown.contains("205"),
            "{shown}"
        );
    }

    fn key(key_bytes: usize, nonce_bytes: usize) -> EncryptionKey {
        EncryptionKey {
            key: vec![0; key_bytes],
            nonce: vec![0; nonce_bytes],
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
