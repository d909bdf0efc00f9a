//! The text form of certificates and keys.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::kafka::auth::secret::SecretText;

const BEGIN: &str = "-----BEGIN ";
/// Characters of base64 on a line.
const LINE: usize = 64;
/// What PEM may call a private key.
const KEY_LABELS: [&str; 4] = [
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
];

/// Whether this is text with a PEM block in it; others may explain what it is about before it.
pub(super) fn is_pem(content: &[u8]) -> bool {
    std::str::from_utf8(content).is_ok_and(|text| text.contains(BEGIN))
}

/// Certificates in DER, one block after the other and nothing else: librdkafka refuses text after the last.
pub(super) fn certificates(ders: &[Vec<u8>]) -> String {
    ders.iter()
        .map(|der| block("CERTIFICATE", der).to_string())
        .collect()
}

/// A key in PKCS8's DER.
pub(super) fn private_key(der: &[u8]) -> SecretText {
    SecretText::from(block("PRIVATE KEY", der))
}

/// The blocks that hold private keys, as they are.
pub(super) fn private_keys(content: &[u8]) -> Vec<SecretText> {
    let Ok(text) = std::str::from_utf8(content) else {
        return Vec::new();
    };
    let blocks = text.match_indices(BEGIN).filter_map(|(start, _)| {
        let text = &text[start..];
        let (label, _) = text[BEGIN.len()..].split_once("-----")?;
        let end = format!("-----END {label}-----");
        let length = text.find(&end)? + end.len();
        let is_key = KEY_LABELS.contains(&label);
        is_key.then(|| SecretText::new(format!("{}\n", &text[..length])))
    });
    blocks.collect()
}

/// PKCS8 says so in the label, OpenSSL's older form in a header.
pub(super) fn is_encrypted(key: &SecretText) -> bool {
    let text = key.expose();
    text.contains("BEGIN ENCRYPTED ") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn block(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(BASE64_STANDARD.encode(der));
    // Once and for all, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(base64.len() / LINE * (LINE + 1) + 128));
    let mut rest = base64.as_str();
    text.push_str(&format!("{BEGIN}{label}-----\n"));
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
