//! Java's stores, and PEM, to the PEM that librdkafka takes: in memory, so that no key touches a disk.
//!
//! | format | told by | passwords |
//! |---|---|---|
//! | JKS | `FEEDFEED` | one for the store; one for the key, if it has another |
//! | PKCS12 | a DER sequence | one for all |
//! | PEM | `-----BEGIN` | one for the key, if it is encrypted: librdkafka asks for it |

use jks::{KeyStore as JksStore, KeyStoreError, KeyStoreOptions};
use p12_keystore::error::Error as Pkcs12Error;
use p12_keystore::{KeyStore as Pkcs12Store, KeyStoreEntry, Pkcs12Archive, Pkcs12ImportPolicy};

use crate::auth::certificates::KeystoreFile;
use crate::auth::error::AuthError;
use crate::auth::secret::{SecretKey, SecretText};

mod layout;
mod pem;

/// How a store is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeystoreFormat {
    Jks,
    Pkcs12,
    Pem,
}

/// What opens a store; not all formats need both.
#[derive(Debug, Default)]
pub struct KeystorePasswords {
    pub store: Option<SecretText>,
    /// Of the private key, if it is not the store's.
    pub key: Option<SecretText>,
}

/// What a client shows to prove who it is.
#[derive(Debug)]
pub struct ClientCertificate {
    /// The client's certificate and those up to its root, in PEM.
    pub chain: String,
    /// PKCS8 as a rule, in PEM.
    pub key: SecretText,
    /// What decrypts `key`, if it is encrypted.
    pub key_password: Option<SecretText>,
}

impl KeystoreFormat {
    /// # Errors
    /// [`AuthError::Store`] if it is none of the formats.
    pub fn of(file: &KeystoreFile) -> Result<Self, AuthError> {
        match file.content.as_slice() {
            [0xFE, 0xED, 0xFE, 0xED, ..] => Ok(Self::Jks),
            [0xCE, 0xCE, 0xCE, 0xCE, ..] => {
                Err(file.broken("is a JCEKS store; keytool -importkeystore makes PKCS12 of it"))
            }
            [0x30, ..] => Ok(Self::Pkcs12),
            text if pem::is_pem(text) => Ok(Self::Pem),
            _ => Err(file.broken("is neither JKS nor PKCS12 nor PEM")),
        }
    }

    /// Whether the store does not open without a password. A key in it may have one all the same.
    pub fn needs_password(self) -> bool {
        self != Self::Pem
    }
}

/// The certificates that a trust store trusts, in PEM: never none.
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

/// The private key of a key store, with its certificates.
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
        self.broken(format!("does not open with the secret's {key}, or is damaged"))
    }

    /// # Errors
    /// Unless there is exactly one: which of several to show cannot be known.
    fn only_key<T>(&self, keys: Vec<T>) -> Result<T, AuthError> {
        let count = keys.len();
        match keys.into_iter().next() {
            Some(key) if count == 1 => Ok(key),
            Some(_) => Err(self.broken(format!("has {count} private keys, wanted one"))),
            None => Err(self.broken("has no private key with a certificate")),
        }
    }

    fn pem_blocks(&self) -> Result<Vec<pem::Block<'_>>, AuthError> {
        pem::blocks(&self.content).ok_or_else(|| self.broken("is broken PEM: a block has no end"))
    }

    fn pem_certificates(&self) -> Result<Vec<Vec<u8>>, AuthError> {
        let blocks = self.pem_blocks()?;
        let certificates: Result<_, _> = blocks.iter().filter_map(pem::Block::certificate).collect();
        certificates.map_err(|error| self.broken(format!("is broken PEM: {error}")))
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
        // Not to look for aliases in another case than the store has them.
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

/// JKS mixes in a password as UTF-16, of which the library writes the low bytes.
fn jks_password(
    file: &KeystoreFile,
    password: &str,
    key: SecretKey,
) -> Result<zeroize::Zeroizing<Vec<u8>>, AuthError> {
    let bytes: Result<Vec<u8>, _> = password.chars().map(u8::try_from).collect();
    bytes.map(zeroize::Zeroizing::new).map_err(|_| {
        file.broken(format!(
            "is a JKS store, and the secret's {key} has a character beyond Latin-1; PKCS12 takes any"
        ))
    })
}

/// As Java sees it: of an entry with a key, the certificate itself is trusted.
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
        KeyStoreError::InvalidDigest => {
            file.broken(format!("opens, but its key does not with the secret's {key}"))
        }
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

/// What Java marks as trusted; where nothing is marked, as OpenSSL leaves it, all certificates.
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
        // The last two if the store has no MAC and the decryption shows it.
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
            return Err(file.broken(format!(
                "has an encrypted key, and there is no {wanted} in a secret"
            )));
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
