//! Conversion of Java's stores, and PEM, to the PEM that librdkafka accepts: in memory, so that no key is
//! written to disk.
//!
//! | format | recognised by | passwords |
//! |---|---|---|
//! | JKS | `FEEDFEED` | one for the store; one for the key, if it differs |
//! | PKCS12 ([RFC 7292](https://www.rfc-editor.org/rfc/rfc7292)) | a DER sequence | one for all |
//! | PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)) | `-----BEGIN` | one for the key, if it is encrypted: librdkafka asks for it |

use jks::{KeyStore as JksStore, KeyStoreError, KeyStoreOptions};
use p12_keystore::error::Error as Pkcs12Error;
use p12_keystore::{KeyStore as Pkcs12Store, KeyStoreEntry, Pkcs12Archive, Pkcs12ImportPolicy};

use crate::auth::certificates::KeystoreFile;
use crate::auth::error::AuthError;
use crate::auth::secret::{SecretKey, SecretText};

mod layout;
mod pem;

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
        KeystoreFormat::Jks => jks_trusted(&open_jks(file, passwords, SecretKey::TruststorePassword)?),
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

fn open_jks(
    file: &KeystoreFile,
    passwords: &KeystorePasswords,
    key: SecretKey,
) -> Result<JksStore, AuthError> {
    if !layout::is_whole_jks(&file.content) {
        return Err(file.broken("is a damaged JKS store"));
    }
    let mut store = JksStore::with_options(KeyStoreOptions {
        // Looks aliases up in the case in which the store has them.
        case_exact_aliases: true,
        ordered_aliases: true,
        ..KeyStoreOptions::default()
    });
    let password = passwords.store.as_ref().map_or("", SecretText::expose);
    let password = jks_password(file, password, key)?;
    match store.load(file.content.as_slice(), &password) {
        Ok(()) => Ok(store),
        Err(KeyStoreError::InvalidDigest) => Err(file.wrong_password(key)),
        Err(error) => Err(file.broken(format!("cannot be read as JKS: {error}"))),
    }
}

/// Password for JKS, which digests it as UTF-16; the library writes only the low bytes.
fn jks_password(
    file: &KeystoreFile,
    password: &str,
    key: SecretKey,
) -> Result<zeroize::Zeroizing<Vec<u8>>, AuthError> {
    let bytes: Result<Vec<u8>, _> = password.chars().map(u8::try_from).collect();
    bytes.map(zeroize::Zeroizing::new).map_err(|_| {
        file.broken(format!(
            "is a JKS store, and the secret's {key} has a character beyond Latin-1; PKCS12 allows any"
        ))
    })
}

/// Trusted certificates as Java defines them: of an entry with a key, the certificate itself.
fn jks_trusted(store: &JksStore) -> Vec<Vec<u8>> {
    let aliases = store.aliases();
    let trusted = aliases.iter().filter_map(|alias| {
        if let Ok(entry) = store.get_trusted_certificate_entry(alias) {
            return Some(entry.certificate.content);
        }
        let chain = store.get_private_key_entry_certificate_chain(alias).ok()?;
        Some(chain.into_iter().next()?.content)
    });
    trusted.collect()
}

fn jks_client(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<ClientCertificate, AuthError> {
    let store = open_jks(file, passwords, SecretKey::KeystorePassword)?;
    let aliases = store.aliases().into_iter();
    let alias = file.only_key(
        aliases
            .filter(|alias| store.is_private_key_entry(alias))
            .collect(),
    )?;
    let (key, password) = match (&passwords.key, &passwords.store) {
        (Some(password), _) => (SecretKey::SslKeyPassword, password.expose()),
        (None, Some(password)) => (SecretKey::KeystorePassword, password.expose()),
        (None, None) => (SecretKey::KeystorePassword, ""),
    };
    let password = jks_password(file, password, key)?;
    let entry = store.get_private_key_entry(&alias, &password);
    let entry = entry.map_err(|error| match error {
        KeyStoreError::InvalidDigest => file.broken(format!(
            "can be opened, but its key cannot be decrypted with the secret's {key}"
        )),
        error => file.broken(format!("has a key that cannot be read: {error}")),
    })?;
    let private_key = zeroize::Zeroizing::new(entry.private_key);
    let chain = entry.certificate_chain.into_iter();
    Ok(ClientCertificate {
        chain: pem::certificates(&chain.map(|certificate| certificate.content).collect::<Vec<_>>()),
        key: pem::private_key(&private_key),
        key_password: None,
    })
}

/// Certificates that Java marks as trusted; if none is marked, as in stores of OpenSSL, all certificates.
fn pkcs12_trusted(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<Vec<Vec<u8>>, AuthError> {
    let password = passwords.store.as_ref().map_or("", SecretText::expose);
    let archive = Pkcs12Archive::from_pkcs12(&file.content, password)
        .map_err(|error| pkcs12_error(file, SecretKey::TruststorePassword, &error))?;
    let any_marked = archive.certs.iter().any(|certificate| certificate.trusted);
    let trusted = archive
        .certs
        .iter()
        .filter(|certificate| certificate.trusted || !any_marked);
    Ok(trusted.map(|bag| bag.cert.as_der().to_vec()).collect())
}

fn pkcs12_client(file: &KeystoreFile, passwords: &KeystorePasswords) -> Result<ClientCertificate, AuthError> {
    let password = passwords.store.as_ref().map_or("", SecretText::expose);
    let store = Pkcs12Store::from_pkcs12(&file.content, password, Pkcs12ImportPolicy::Strict)
        .map_err(|error| pkcs12_error(file, SecretKey::KeystorePassword, &error))?;
    let entries = store.entries().filter_map(|(_, entry)| match entry {
        KeyStoreEntry::PrivateKeyChain(chain) => Some(chain),
        _ => None,
    });
    let entry = file.only_key(entries.collect())?;
    let chain = entry.certs().iter();
    Ok(ClientCertificate {
        chain: pem::certificates(
            &chain
                .map(|certificate| certificate.as_der().to_vec())
                .collect::<Vec<_>>(),
        ),
        key: pem::private_key(entry.key().as_der()),
        key_password: None,
    })
}

fn pkcs12_error(file: &KeystoreFile, key: SecretKey, error: &Pkcs12Error) -> AuthError {
    match error {
        // The last two occur if the store has no MAC and the decryption fails.
        Pkcs12Error::MacError(_) | Pkcs12Error::Pkcs5Error(_) | Pkcs12Error::UnpadError => {
            file.wrong_password(key)
        }
        error => file.broken(format!("cannot be read as PKCS12: {error}")),
    }
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
