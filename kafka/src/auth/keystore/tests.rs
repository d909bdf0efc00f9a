use super::*;
use crate::auth::secret::SecretText;

/// Store of `fixtures`; the README there describes each.
macro_rules! fixture {
    ($name:literal) => {
        file($name, include_bytes!(concat!("fixtures/", $name)))
    };
}

const ROOT: &[u8] = include_bytes!("fixtures/root.der");
const OTHER: &[u8] = include_bytes!("fixtures/other.der");
const INTERMEDIATE: &[u8] = include_bytes!("fixtures/intermediate.der");
const CLIENT: &[u8] = include_bytes!("fixtures/client.der");
const CLIENT_KEY: &[u8] = include_bytes!("fixtures/client.key.der");

fn file(name: &str, content: &[u8]) -> KeystoreFile {
    KeystoreFile {
        name: format!("s3://certs/{name}"),
        content: content.to_vec().into(),
    }
}

fn passwords(store: &str, key: Option<&str>) -> KeystorePasswords {
    KeystorePasswords {
        store: Some(SecretText::new(store)),
        key: key.map(SecretText::new),
    }
}

/// Certificates of a PEM text that holds nothing else.
fn ders(pem: &str) -> Vec<Vec<u8>> {
    let blocks = pem::blocks(pem.as_bytes()).unwrap();
    let ders: Vec<_> = blocks
        .iter()
        .map(|block| block.certificate().unwrap().unwrap())
        .collect();
    assert_eq!(pem, pem::certificates(&ders));
    ders
}

/// Trusted certificates, sorted: stores have no order.
fn trusted(file: &KeystoreFile) -> Vec<Vec<u8>> {
    let mut ders = ders(&trusted_certificates(file, &passwords("storepass", None)).unwrap());
    ders.sort();
    ders
}

fn sorted(ders: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut ders: Vec<_> = ders.iter().map(|der| der.to_vec()).collect();
    ders.sort();
    ders
}

fn error(result: Result<impl Sized, AuthError>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn trusts_all_certificates_of_a_trust_store() {
    for file in [
        fixture!("truststore.jks"),
        fixture!("truststore.p12"),
        fixture!("truststore-legacy.p12"),
        fixture!("truststore.pem"),
    ] {
        assert_eq!(trusted(&file), sorted(&[ROOT, OTHER]), "{}", file.name);
    }
}

#[test]
fn trusts_what_openssl_exports_without_javas_mark() {
    assert_eq!(trusted(&fixture!("truststore-openssl.p12")), sorted(&[ROOT]));
}

#[test]
fn of_an_entry_with_a_key_only_the_certificate_itself_is_trusted() {
    assert_eq!(trusted(&fixture!("keystore.jks")), sorted(&[CLIENT]));
}

#[test]
fn takes_key_and_chain_out_of_a_key_store() {
    for (file, key_password) in [
        (fixture!("keystore.jks"), None),
        (fixture!("keystore.jks"), Some("storepass")),
        (fixture!("keystore-keypass.jks"), Some("keypass")),
        (fixture!("keystore.p12"), None),
        // Like in Java: the key of a PKCS12 store has the store's password.
        (fixture!("keystore.p12"), Some("ignored")),
        (fixture!("keystore-legacy.p12"), None),
        (fixture!("keystore-openssl.p12"), None),
        (fixture!("keystore-openssl-legacy.p12"), None),
    ] {
        let client = client_certificate(&file, &passwords("storepass", key_password)).unwrap();
        assert_eq!(ders(&client.chain), [CLIENT, INTERMEDIATE, ROOT], "{}", file.name);
        assert_eq!(client.key, pem::private_key(CLIENT_KEY), "{}", file.name);
        assert_eq!(client.key_password, None);
    }
}

#[test]
fn passes_a_pem_key_on_as_it_is() {
    let client = client_certificate(&fixture!("keystore.pem"), &KeystorePasswords::default()).unwrap();
    assert_eq!(ders(&client.chain), [CLIENT, INTERMEDIATE]);
    assert_eq!(
        (client.key, client.key_password),
        (pem::private_key(CLIENT_KEY), None)
    );

    for (file, label) in [
        (fixture!("keystore-keypass.pem"), "ENCRYPTED PRIVATE KEY"),
        (fixture!("keystore-sec1.pem"), "EC PRIVATE KEY"),
    ] {
        let client = client_certificate(&file, &passwords("", Some("keypass"))).unwrap();
        assert_eq!(ders(&client.chain)[0], CLIENT);
        assert_eq!(client.key_password, Some(SecretText::new("keypass")));
        let key = client.key.expose();
        assert!(
            key.starts_with(&format!("-----BEGIN {label}-----\n"))
                && key.ends_with(&format!("\n-----END {label}-----\n"))
                && key.matches("-----BEGIN").count() == 1,
            "{label}"
        );
        let message = error(client_certificate(&file, &KeystorePasswords::default()));
        assert!(
            message.contains(&file.name) && message.contains("ssl_key_password"),
            "{message}"
        );
    }
}

#[test]
fn names_the_store_and_the_secrets_key_that_does_not_open_it() {
    let wrong = passwords("hunter2", None);
    for file in [
        fixture!("truststore.jks"),
        fixture!("truststore.p12"),
        fixture!("truststore-legacy.p12"),
        fixture!("truststore-openssl.p12"),
    ] {
        assert_eq!(
            error(trusted_certificates(&file, &wrong)),
            format!(
                "{} cannot be opened with the secret's truststore_password, or is damaged",
                file.name
            )
        );
    }
    for file in [
        fixture!("keystore.jks"),
        fixture!("keystore.p12"),
        fixture!("keystore-legacy.p12"),
    ] {
        assert_eq!(
            error(client_certificate(&file, &wrong)),
            format!(
                "{} cannot be opened with the secret's keystore_password, or is damaged",
                file.name
            )
        );
    }
}

#[test]
fn tells_a_wrong_key_password_from_a_wrong_store_password() {
    let file = fixture!("keystore-keypass.jks");
    for (key_password, key) in [(Some("hunter2"), "ssl_key_password"), (None, "keystore_password")] {
        let message = error(client_certificate(&file, &passwords("storepass", key_password)));
        let wanted = format!(
            "{} can be opened, but its key cannot be decrypted with the secret's {key}",
            file.name
        );
        assert_eq!(message, wanted);
    }
}

#[test]
fn refuses_what_has_no_key_or_several_or_nothing_to_trust() {
    let opened = passwords("storepass", None);
    for (file, wanted) in [
        (
            fixture!("truststore.jks"),
            "has no private key with a certificate",
        ),
        (
            fixture!("truststore.p12"),
            "has no private key with a certificate",
        ),
        (
            fixture!("truststore.pem"),
            "has no private key with a certificate",
        ),
        (
            fixture!("keystore-two-keys.jks"),
            "has 2 private keys, wanted one",
        ),
    ] {
        assert_eq!(
            error(client_certificate(&file, &opened)),
            format!("{} {wanted}", file.name)
        );
    }
    let key_alone = pem::private_key(CLIENT_KEY);
    let file = file("k.pem", key_alone.expose().as_bytes());
    assert_eq!(
        error(trusted_certificates(&file, &opened)),
        "s3://certs/k.pem has no certificate to trust"
    );
    assert_eq!(
        error(client_certificate(&file, &opened)),
        "s3://certs/k.pem has a private key, but no certificate"
    );
}

#[test]
fn refuses_other_formats_by_name() {
    let jceks = fixture!("keystore.jceks");
    assert!(error(KeystoreFormat::of(&jceks)).contains("is a JCEKS store"));
    for content in [&b""[..], b"\xFE\xED", b"certificate", b"\xFF\xFE-----BEGIN "] {
        assert_eq!(
            error(KeystoreFormat::of(&file("x", content))),
            "s3://certs/x is not a JKS, PKCS12 or PEM store"
        );
    }
    // A certificate in DER begins like PKCS12.
    let message = error(trusted_certificates(
        &file("root.p12", ROOT),
        &passwords("storepass", None),
    ));
    assert!(
        message.starts_with("s3://certs/root.p12 cannot be read as PKCS12: "),
        "{message}"
    );
}

#[test]
fn survives_stores_that_are_cut_or_changed() {
    let opened = passwords("storepass", Some("keypass"));
    for whole in [
        fixture!("keystore-keypass.jks"),
        fixture!("truststore.jks"),
        fixture!("keystore.p12"),
        fixture!("keystore-sec1.pem"),
    ] {
        for length in (4..whole.content.len()).step_by(7) {
            let cut = file("cut", &whole.content[..length]);
            assert!(client_certificate(&cut, &opened).is_err());
        }
        if whole.content.starts_with(&[0xFE, 0xED]) {
            for position in 8..whole.content.len() {
                let mut content = whole.content.clone();
                content[position] ^= 0xFF;
                let changed = file("changed", &content);
                assert!(trusted_certificates(&changed, &opened).is_err(), "{position}");
            }
        }
    }
}

#[test]
fn refuses_pem_of_which_a_part_is_missing() {
    let whole = fixture!("truststore.pem");
    let end = whole.content.len() - 100;
    let message = error(trusted_certificates(
        &file("cut.pem", &whole.content[..end]),
        &KeystorePasswords::default(),
    ));
    assert_eq!(message, "s3://certs/cut.pem is invalid PEM: a block has no end");
    let text = String::from_utf8(whole.content.to_vec()).unwrap();
    let file = file("x.pem", text.replacen("MII", "MI!", 1).as_bytes());
    let message = error(trusted_certificates(&file, &KeystorePasswords::default()));
    assert!(
        message.starts_with("s3://certs/x.pem is invalid PEM: "),
        "{message}"
    );
}

#[test]
fn shows_no_key() {
    let client = client_certificate(&fixture!("keystore.p12"), &passwords("storepass", None)).unwrap();
    let shown = format!("{client:?} {:?}", passwords("storepass", Some("keypass")));
    assert!(
        !shown.contains("PRIVATE KEY") && !shown.contains("storepass") && !shown.contains("keypass"),
        "{shown}"
    );
}
