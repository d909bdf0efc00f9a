//! Certificates for TLS, made anew by Java's keytool, in the stores that a Java client would be given.
//!
//! Two authorities: the cluster's own, which all but one of the [`Holder`]s have their certificate from, and a
//! stranger.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// The passwords of what a client is given; each opens one thing alone.
pub const TRUST_STORE_PASSWORD: &str = "trust-store-73914";
pub const KEY_STORE_PASSWORD: &str = "key-store-51268";
/// Of the key in a JKS key store. In PKCS12 it is the store's.
pub const KEY_PASSWORD: &str = "key-40682";

/// Of the stores that stay with the brokers and the authorities.
pub(crate) const BROKER_PASSWORD: &str = "broker-96417";

/// Who a certificate speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A broker at 127.0.0.1.
    Broker,
    /// The same, until yesterday.
    ExpiredBroker,
    /// A broker at another host.
    OtherBroker,
    Client,
    /// A client, until yesterday.
    ExpiredClient,
    /// A client whom nobody knows but its own authority.
    Stranger,
}

/// Whose word is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    Cluster,
    Stranger,
}

/// How a store is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreType {
    Jks,
    Pkcs12,
    /// Text; the key unencrypted.
    Pem,
}

/// The authorities and all that they have signed, in a folder. Stores are made when first asked for.
pub struct Certificates {
    folder: PathBuf,
    making: Mutex<()>,
}

impl Certificates {
    /// # Errors
    /// What keytool says if it fails.
    pub fn make(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let making = Mutex::default();
        let certificates = Self { folder, making };
        for authority in [Authority::Cluster, Authority::Stranger] {
            certificates.create_authority(authority)?;
        }
        for holder in [
            Holder::Broker,
            Holder::ExpiredBroker,
            Holder::OtherBroker,
            Holder::Client,
            Holder::ExpiredClient,
            Holder::Stranger,
        ] {
            certificates.sign(holder)?;
        }
        Ok(certificates)
    }

    /// A store with the key of `holder`, its certificate and its authority's. [`KEY_STORE_PASSWORD`] opens it.
    pub fn key_store(&self, holder: Holder, store_type: StoreType) -> io::Result<Vec<u8>> {
        let (stored_as, key_password) = match store_type {
            StoreType::Jks => (StoreType::Jks, KEY_PASSWORD),
            StoreType::Pkcs12 | StoreType::Pem => (StoreType::Pkcs12, KEY_STORE_PASSWORD),
        };
        let store = self.export_key(holder, stored_as, KEY_STORE_PASSWORD, key_password)?;
        if store_type == StoreType::Pem {
            let mut python = Command::new(python());
            python.args(["-c", TO_PEM]).arg(store).arg(KEY_STORE_PASSWORD);
            return Ok(run(&mut python)?.stdout);
        }
        std::fs::read(store)
    }

    /// A store that trusts `authority`. [`TRUST_STORE_PASSWORD`] opens it.
    pub fn trust_store(&self, authority: Authority, store_type: StoreType) -> io::Result<Vec<u8>> {
        std::fs::read(match store_type {
            StoreType::Pem => self.export_certificate(authority)?,
            _ => self.import_certificate(authority, store_type, TRUST_STORE_PASSWORD)?,
        })
    }

    /// The file of a broker's key store. [`BROKER_PASSWORD`] opens it and its key.
    pub(crate) fn broker_key_store(&self, holder: Holder) -> io::Result<PathBuf> {
        self.export_key(holder, StoreType::Pkcs12, BROKER_PASSWORD, BROKER_PASSWORD)
    }

    /// The file of a broker's trust store, which knows the cluster's authority. [`BROKER_PASSWORD`] opens it.
    pub(crate) fn broker_trust_store(&self) -> io::Result<PathBuf> {
        self.import_certificate(Authority::Cluster, StoreType::Pkcs12, BROKER_PASSWORD)
    }

    fn create_authority(&self, authority: Authority) -> io::Result<()> {
        let mut keytool = self.keytool_at("-genkeypair", authority);
        keytool
            .args([
                "-alias",
                "authority",
                "-dname",
                "CN=authority",
                "-ext",
                "bc:c",
                "-validity",
                "3650",
            ])
            .args(["-keyalg", "EC", "-groupname", "secp256r1"]);
        run(&mut keytool).map(drop)
    }

    fn sign(&self, holder: Holder) -> io::Result<()> {
        let name = alias(holder);
        let mut keytool = self.keytool_at("-genkeypair", signer(holder));
        keytool
            .args([
                "-alias",
                name,
                "-signer",
                "authority",
                "-dname",
                &format!("CN={name}"),
            ])
            .args(["-keyalg", "RSA", "-keysize", "2048"]);
        match holder {
            Holder::OtherBroker => keytool.args(["-ext", "san=dns:elsewhere.example"]),
            _ => keytool.args(["-ext", "san=ip:127.0.0.1,dns:localhost"]),
        };
        match holder {
            Holder::ExpiredBroker | Holder::ExpiredClient => {
                keytool.args(["-startdate", "-3d", "-validity", "2"])
            }
            _ => keytool.args(["-validity", "3650"]),
        };
        run(&mut keytool).map(drop)
    }

    /// Copies one key into a store of its own.
    fn export_key(
        &self,
        holder: Holder,
        store_type: StoreType,
        store_password: &str,
        key_password: &str,
    ) -> io::Result<PathBuf> {
        let name = format!("{holder:?}.{store_type:?}.{store_password}");
        self.once(name, |store| {
            let mut keytool = keytool("-importkeystore");
            keytool
                .args(["-noprompt", "-srcalias", alias(holder)])
                .arg("-srckeystore")
                .arg(self.authority_store(signer(holder)))
                .args(["-srcstorepass", BROKER_PASSWORD, "-srckeypass", BROKER_PASSWORD])
                .arg("-destkeystore")
                .arg(store)
                .args(["-deststoretype", keytool_name(store_type)])
                .args(["-deststorepass", store_password, "-destkeypass", key_password]);
            keytool
        })
    }

    /// An authority's certificate as text.
    fn export_certificate(&self, authority: Authority) -> io::Result<PathBuf> {
        self.once(format!("{authority:?}.certificate"), |file| {
            let mut keytool = self.keytool_at("-exportcert", authority);
            keytool.args(["-alias", "authority", "-rfc", "-file"]).arg(file);
            keytool
        })
    }

    fn import_certificate(
        &self,
        authority: Authority,
        store_type: StoreType,
        password: &str,
    ) -> io::Result<PathBuf> {
        let certificate = self.export_certificate(authority)?;
        self.once(format!("{authority:?}.{store_type:?}.{password}"), |store| {
            let mut keytool = keytool("-importcert");
            keytool
                .args(["-noprompt", "-alias", "authority", "-file"])
                .arg(certificate)
                .arg("-keystore")
                .arg(store)
                .args(["-storetype", keytool_name(store_type), "-storepass", password]);
            keytool
        })
    }

    /// Runs the command for the file of this name, unless that is there already.
    fn once(&self, name: String, command: impl FnOnce(&Path) -> Command) -> io::Result<PathBuf> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.folder.join(name);
        if !file.exists() {
            run(&mut command(&file))?;
        }
        Ok(file)
    }

    fn keytool_at(&self, command: &str, authority: Authority) -> Command {
        let mut keytool = keytool(command);
        keytool
            .arg("-keystore")
            .arg(self.authority_store(authority))
            .args(["-storetype", "PKCS12", "-storepass", BROKER_PASSWORD]);
        keytool
    }

    fn authority_store(&self, authority: Authority) -> PathBuf {
        self.folder.join(match authority {
            Authority::Cluster => "cluster.p12",
            Authority::Stranger => "stranger.p12",
        })
    }
}

fn alias(holder: Holder) -> &'static str {
    match holder {
        Holder::Broker => "broker",
        Holder::ExpiredBroker => "expired-broker",
        Holder::OtherBroker => "other-broker",
        Holder::Client => "client",
        Holder::ExpiredClient => "expired-client",
        Holder::Stranger => "stranger",
    }
}

fn signer(holder: Holder) -> Authority {
    match holder {
        Holder::Stranger => Authority::Stranger,
        _ => Authority::Cluster,
    }
}

fn keytool_name(store_type: StoreType) -> &'static str {
    match store_type {
        StoreType::Jks => "JKS",
        StoreType::Pkcs12 | StoreType::Pem => "PKCS12",
    }
}

/// keytool writes no keys as text. Arguments: the PKCS12 store and its password.
const TO_PEM: &str = "
import sys
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
key, certificate, others = pkcs12.load_key_and_certificates(open(sys.argv[1], 'rb').read(), sys.argv[2].encode())
out = sys.stdout.buffer
out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
for each in [certificate, *others]:
    out.write(each.public_bytes(Encoding.PEM))
";

/// Python with the packages that moto brings, as `scripts/venv` installs it.
pub fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python")
}

fn keytool(command: &str) -> Command {
    let mut keytool = Command::new("keytool");
    keytool.args(["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", command]);
    keytool
}

fn run(command: &mut Command) -> io::Result<Output> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let program = command.get_program().to_string_lossy();
    Err(io::Error::other(format!("{program} fails: {text}")))
}
