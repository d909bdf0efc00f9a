//! Conversion of Java's stores, and PEM, to the PEM that librdkafka accepts: in memory, so that no key is
//! written to disk.
//!
//! | format | recognised by | passwords |
//! |---|---|---|
//! | JKS | `FEEDFEED` | one for the store; one for the key, if it differs |
//! | PKCS12 ([RFC 7292](https://www.rfc-editor.org/rfc/rfc7292)) | a DER sequence | one for all |
//! | PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)) | `-----BEGIN` | one for the key, if it is encrypted: librdkafka asks for it |

use crate::auth::certificates::KeystoreFile;
use crate::auth::error::AuthError;
use crate::auth::secret::{SecretKey, SecretText};
use jks::{Jks, JksError};
use pkcs12::{Pkcs12Content, Pkcs12Error};

mod jks;
mod pem;
mod pkcs12;

/// Format of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeystoreFormat {
    Jks,
    Pkcs12,
    Pem,
}

/// Passwords of a store; not all formats need both.
#[derive(Debug, Default)]
pub struct KeystorePasswords {
    pub store: Option<SecretText>,
    /// Password of the private key, if it differs from the store's.
    pub key: Option<SecretText>,
}

/// Certificate and key with which a client authenticates.
#[derive(Debug)]
pub struct ClientCertificate {
    /// Certificate chain of the client up to its root, in PEM.
    pub chain: String,
    /// Private key in PEM, normally PKCS8.
    pub key: SecretText,
    /// Password of `key`, if it is encrypted.
    pub key_password: Option<SecretText>,
}

impl KeystoreFormat {
    /// # Errors
    /// [`AuthError::Store`] if it is in none of the formats.
    pub fn of(file: &KeystoreFile) -> Result<Self, AuthError> {
        match file.content.as_slice() {
            [0xFE, 0xED, 0xFE, 0xED, ..] => Ok(Self::Jks),
            [0xCE, 0xCE, 0xCE, 0xCE, ..] => Err(file.broken(
                "is a JCEKS store, which is not supported; convert it to PKCS12 with keytool -importkeystore",
            )),
            [0x30, ..] => Ok(Self::Pkcs12),
            text if pem::is_pem(text) => Ok(Self::Pem),
            _ => Err(file.broken("is not a JKS, PKCS12 or PEM store")),
        }
    }

    /// Whether the store cannot be opened without a password. A key in it may have a password in either case.
    pub fn needs_password(self) -> bool {
        self != Self::Pem
    }
}

/// Certificates that a trust store trusts, in PEM: at least one.
pub fn trusted_certificates(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<String, AuthError> {
    let certificates = match KeystoreFormat::of(file)? {
        KeystoreFormat::Jks => {
            let store = open_jks(file, passwords, SecretKey::TruststorePassword)?;
            store.trusted.into_iter().map(<[u8]>::to_vec).collect()
        }
        KeystoreFormat::Pkcs12 => pkcs12_trusted(file, passwords)?,
        KeystoreFormat::Pem => file.pem_certificates()?,
    };
    if certificates.is_empty() {
        return Err(file.broken("has no certificate to trust"));
    }
    Ok(pem::certificates(&certificates))
}

/// Private key of a key store, with its certificates.
pub fn client_certificate(
    file: &KeystoreFile,
    passwords: &KeystorePasswords,
) -> Result<ClientCertificate, AuthError> {
    match KeystoreFormat::of(file)? {
        KeystoreFormat::Jks => jks_client(file, passwords),
        KeystoreFormat::Pkcs12 => pkcs12_client(file, passwords),
        KeystoreFormat::Pem => pem_client(file, passwords),
    }
}

impl KeystoreFile {
    fn broken(&self, reason: impl Into<String>) -> AuthError {
        AuthError::Store {
            object: self.name.clone(),
            reason: reason.into(),
        }
    }

    fn wrong_password(&self, key: SecretKey) -> AuthError {
        self.broken(format!("cannot be opened with the secret's {key}, or is damaged"))
    }

    /// # Errors
    /// Unless there is exactly one: of several it is not known which to send.
    fn only_key<T>(&self, keys: Vec<T>) -> Result<T, AuthError> {
        let count = keys.len();
        match keys.into_iter().next() {
            Some(key) if count == 1 => Ok(key),
            Some(_) => Err(self.broken(format!("has {count} private keys, wanted one"))),
            None => Err(self.broken("has no private key with a certificate")),
        }
    }

    fn pem_blocks(&self) -> Result<Vec<pem::Block<'_>>, AuthError> {
        pem::blocks(&self.content).ok_or_else(|| self.broken("is invalid PEM: a block has no end"))
    }

    fn pem_certificates(&self) -> Result<Vec<Vec<u8>>, AuthError> {
        let blocks = self.pem_blocks()?;
        let certificates: Result<_, _> = blocks.iter().filter_map(pem::Block::certificate).collect();
        certificates.map_err(|error| self.broken(format!("is invalid PEM: {error}")))
    }
}

fn open_jks<'a>(
    file: &'a KeystoreFile,
    passwords: &KeystorePasswords,
    key: SecretKey,
) -> Result<Jks<'a>, AuthError> {
    let password = passwords.store.as_ref().map_or("", SecretText::expose);
    Jks::open(&file.content, password).map_err(|error| match error {
        JksError::Digest => file.wrong_password(key),
        JksError::Damaged | JksError::Key => file.broken("is a damaged JKS store"),
    })
}

fn jks_client(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<ClientCertificate, AuthError> {
    let store = open_jks(file, passwords, SecretKey::KeystorePassword)?;
    let entry = file.only_key(store.keys)?;
    let (key, password) = match (&passwords.key, &passwords.store) {
        (Some(password), _) => (SecretKey::SslKeyPassword, password.expose()),
        (None, Some(password)) => (SecretKey::KeystorePassword, password.expose()),
        (None, None) => (SecretKey::KeystorePassword, ""),
    };
    let private_key = entry.decrypt(password).map_err(|error| match error {
        JksError::Digest => file.broken(format!(
            "can be opened, but its key cannot be decrypted with the secret's {key}"
        )),
        JksError::Damaged | JksError::Key => file.broken("has a key that is not encrypted as JKS does it"),
    })?;
    Ok(ClientCertificate {
        chain: pem::certificates(&entry.chain),
        key: pem::private_key(&private_key),
        key_password: None,
    })
}

fn open_pkcs12(
    file: &KeystoreFile,
    passwords: &KeystorePasswords,
    key: SecretKey,
) -> Result<Pkcs12Content, AuthError> {
    let password = passwords.store.as_ref().map_or("", SecretText::expose);
    Pkcs12Content::open(&file.content, password).map_err(|error| match error {
        Pkcs12Error::Password => file.wrong_password(key),
        Pkcs12Error::Invalid(reason) => file.broken(format!("cannot be read as PKCS12: {reason}")),
    })
}

/// Certificates that Java marks as trusted; if none is marked, as in stores of OpenSSL, all certificates.
fn pkcs12_trusted(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<Vec<Vec<u8>>, AuthError> {
    let store = open_pkcs12(file, passwords, SecretKey::TruststorePassword)?;
    let any_marked = store.certificates.iter().any(|certificate| certificate.trusted);
    let certificates = store.certificates.into_iter();
    let trusted = certificates.filter(|certificate| certificate.trusted || !any_marked);
    Ok(trusted.map(|certificate| certificate.der).collect())
}

fn pkcs12_client(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<ClientCertificate, AuthError> {
    let store = open_pkcs12(file, passwords, SecretKey::KeystorePassword)?;
    let keys = store.keys.iter();
    let key = file.only_key(keys.filter(|key| !store.chain(key).is_empty()).collect())?;
    Ok(ClientCertificate {
        chain: pem::certificates(&store.chain(key)),
        key: pem::private_key(&key.der),
        key_password: None,
    })
}

fn pem_client(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<ClientCertificate, AuthError> {
    let blocks = file.pem_blocks()?;
    let key = file.only_key(blocks.iter().filter_map(pem::Block::private_key).collect())?;
    let certificates = file.pem_certificates()?;
    if certificates.is_empty() {
        return Err(file.broken("has a private key, but no certificate"));
    }
    let key_password = match &passwords.key {
        _ if !pem::is_encrypted(&key) => None,
        Some(password) => Some(password.clone()),
        None => {
            let wanted = SecretKey::SslKeyPassword;
            return Err(file.broken(format!("has an encrypted key, and the secret has no {wanted}")));
        }
    };
    Ok(ClientCertificate {
        chain: pem::certificates(&certificates),
        key,
        key_password,
    })
}

#[cfg(test)]
mod tests;
