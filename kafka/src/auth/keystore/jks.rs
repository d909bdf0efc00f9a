//! Reader of Java's own format, JKS, as `sun.security.provider.JavaKeyStore` writes it.
//!
//! ```text
//! FE ED FE ED | version | number of entries | entries | SHA-1 of (password, "Mighty Aphrodite", all before)
//! key entry           1 | alias | time | encrypted key | number of certificates | certificates
//! certificate entry   2 | alias | time | certificate
//! certificate         type, from version 2 on | DER
//! ```
//!
//! Numbers are big-endian and have 4 bytes, lengths before bytes 4 and before texts 2, times 8. A password is digested in
//! UTF-16. The digest at the end proves the password and the whole content.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY};
use zeroize::Zeroizing;

const HEADER: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];
const DIGEST_BYTES: usize = 20;
const TIME_BYTES: usize = 8;
const PRIVATE_KEY: u32 = 1;
const TRUSTED_CERTIFICATE: u32 = 2;
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// Algorithm of encrypted keys, `1.3.6.1.4.1.42.2.17.1.1`, as DER.
const KEY_PROTECTOR: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x2A, 0x02, 0x11, 0x01, 0x01];

/// Entries of a store, in its order.
#[derive(Default)]
pub(super) struct Jks<'a> {
    pub(super) keys: Vec<KeyEntry<'a>>,
    /// Certificates that Java trusts: of an entry with a key, the certificate itself.
    pub(super) trusted: Vec<&'a [u8]>,
}

/// Private key that is still encrypted, with its certificates in DER, the client's own first.
pub(super) struct KeyEntry<'a> {
    encrypted: &'a [u8],
    pub(super) chain: Vec<&'a [u8]>,
}

/// Reason why a store or a key cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JksError {
    /// Lengths that do not add up.
    Damaged,
    /// The password is another one, or the content was changed.
    Digest,
    /// A key that is not encrypted as JKS does it.
    Key,
}

impl<'a> Jks<'a> {
    pub(super) fn open(content: &'a [u8], password: &str) -> Result<Self, JksError> {
        let mut rest = Rest(content);
        let store = rest.store().ok_or(JksError::Damaged)?;
        if rest.0.len() != DIGEST_BYTES {
            return Err(JksError::Damaged);
        }
        let signed = &content[..content.len() - DIGEST_BYTES];
        match *sha1(&[&utf16(password), WHITENER, signed]) == *rest.0 {
            true => Ok(store),
            false => Err(JksError::Digest),
        }
    }
}

impl KeyEntry<'_> {
    /// Key in the DER of PKCS8.
    pub(super) fn decrypt(&self, password: &str) -> Result<Zeroizing<Vec<u8>>, JksError> {
        let encrypted = octets(self.encrypted).ok_or(JksError::Key)?;
        let (salt, rest) = encrypted.split_at_checked(DIGEST_BYTES).ok_or(JksError::Key)?;
        let length = rest.len().checked_sub(DIGEST_BYTES).ok_or(JksError::Key)?;
        let (encrypted, check) = rest.split_at(length);
        let password = utf16(password);
        let mut key = Zeroizing::new(Vec::with_capacity(length));
        let mut pad = Zeroizing::new(salt.to_vec());
        for block in encrypted.chunks(DIGEST_BYTES) {
            pad = sha1(&[&password, &pad]);
            key.extend(block.iter().zip(pad.iter()).map(|(byte, pad)| byte ^ pad));
        }
        match *sha1(&[&password, &key]) == *check {
            true => Ok(key),
            false => Err(JksError::Digest),
        }
    }
}

/// Octets of an EncryptedPrivateKeyInfo ([RFC 5958](https://www.rfc-editor.org/rfc/rfc5958), section 3) of JKS's algorithm.
fn octets(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_ID: u8 = 0x06;
    const OCTETS: u8 = 0x04;
    let (info, rest) = value(der, SEQUENCE)?;
    let (algorithm, encrypted) = value(info, SEQUENCE)?;
    let (id, _) = value(algorithm, OBJECT_ID)?;
    let (octets, end) = value(encrypted, OCTETS)?;
    (id == KEY_PROTECTOR && rest.is_empty() && end.is_empty()).then_some(octets)
}

/// Content of the DER value at the beginning, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = der.split_first_chunk()?;
    let (length, rest) = match length {
        0..=0x7F => (usize::from(length), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7F))?;
            (
                bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

/// Bytes that are not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn store(&mut self) -> Option<Jks<'a>> {
        let mut store = Jks::default();
        if self.take(HEADER.len())? != HEADER {
            return None;
        }
        let version = self.u32()?;
        for _ in 0..self.u32()? {
            self.entry(version, &mut store)?;
        }
        Some(store)
    }

    fn entry(&mut self, version: u32, store: &mut Jks<'a>) -> Option<()> {
        let tag = self.u32()?;
        self.text()?;
        self.take(TIME_BYTES)?;
        match tag {
            PRIVATE_KEY => {
                let encrypted = self.bytes()?;
                // The number may be anything: nothing is allocated by it.
                let mut chain = Vec::new();
                for _ in 0..self.u32()? {
                    chain.push(self.certificate(version)?);
                }
                store.trusted.extend(chain.first());
                store.keys.push(KeyEntry { encrypted, chain });
            }
            TRUSTED_CERTIFICATE => store.trusted.push(self.certificate(version)?),
            _ => return None,
        }
        Some(())
    }

    fn certificate(&mut self, version: u32) -> Option<&'a [u8]> {
        if version >= 2 {
            self.text()?;
        }
        self.bytes()
    }

    fn text(&mut self) -> Option<()> {
        let length = self.take(2)?;
        let length = u16::from_be_bytes(length.try_into().ok()?);
        self.take(length.into()).map(drop)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn u32(&mut self) -> Option<u32> {
        let number = self.take(4)?;
        Some(u32::from_be_bytes(number.try_into().ok()?))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Password as Java digests it.
fn utf16(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

fn sha1(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut digest = digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        digest.update(part);
    }
    Zeroizing::new(digest.finish().as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUSTSTORE: &[u8] = include_bytes!("fixtures/truststore.jks");
    const KEYSTORE: &[u8] = include_bytes!("fixtures/keystore.jks");

    #[test]
    fn a_password_may_have_any_character() {
        let password = "šifra 🔑";
        let signed = &TRUSTSTORE[..TRUSTSTORE.len() - DIGEST_BYTES];
        let digest = sha1(&[&utf16(password), WHITENER, signed]);
        let store = [signed, &digest[..]].concat();
        assert_eq!(Jks::open(&store, password).unwrap().trusted.len(), 2);
        assert_eq!(Jks::open(&store, "sifra").err(), Some(JksError::Digest));
    }

    #[test]
    fn keys_of_another_algorithm_or_length_are_refused() {
        let store = Jks::open(KEYSTORE, "storepass").unwrap();
        let whole = store.keys[0].encrypted;
        let key = |encrypted| KeyEntry {
            encrypted,
            chain: Vec::new(),
        };
        assert!(key(whole).decrypt("storepass").is_ok());
        let other = whole.iter().position(|byte| *byte == 0x2A).unwrap();
        let mut changed = whole.to_vec();
        changed[other] = 0x2B;
        assert_eq!(key(&changed).decrypt("storepass").err(), Some(JksError::Key));
        for length in 0..whole.len() {
            assert_eq!(
                key(&whole[..length]).decrypt("storepass").err(),
                Some(JksError::Key)
            );
        }
    }

    #[test]
    fn numbers_of_entries_allocate_nothing() {
        let mut store = TRUSTSTORE[..12].to_vec();
        store[8..].fill(0xFF);
        assert_eq!(Jks::open(&store, "").err(), Some(JksError::Damaged));
    }
}
