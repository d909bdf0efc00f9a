//! The text form of certificates and keys.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};
use zeroize::Zeroizing;

use crate::auth::secret::SecretText;

const BEGIN: &str = "-----BEGIN ";
const CERTIFICATE: &str = "CERTIFICATE";
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
        .map(|der| block(CERTIFICATE, der).to_string())
        .collect()
}

/// A key in PKCS8's DER.
pub(super) fn private_key(der: &[u8]) -> SecretText {
    SecretText::from(block("PRIVATE KEY", der))
}

/// A block, as it stands in the text.
pub(super) struct Block<'a> {
    label: &'a str,
    text: &'a str,
}

/// All blocks of a text, or `None` if one has no end.
pub(super) fn blocks(content: &[u8]) -> Option<Vec<Block<'_>>> {
    let text = std::str::from_utf8(content).ok()?;
    let starts = text.match_indices(BEGIN);
    let blocks = starts.map(|(start, _)| {
        let text = &text[start..];
        let (label, _) = text[BEGIN.len()..].split_once("-----")?;
        let end = format!("-----END {label}-----");
        let length = text.find(&end)? + end.len();
        let text = &text[..length];
        Some(Block { label, text })
    });
    blocks.collect()
}

impl Block<'_> {
    /// `None` if it is something else; an error if it is broken.
    pub(super) fn certificate(&self) -> Option<Result<Vec<u8>, pem::Error>> {
        let der =
            (self.label == CERTIFICATE).then(|| CertificateDer::from_pem_slice(self.text.as_bytes()))?;
        Some(der.map(|der| der.to_vec()))
    }

    /// With its headers, if it has any: they say how it is encrypted.
    pub(super) fn private_key(&self) -> Option<SecretText> {
        let is_key = KEY_LABELS.contains(&self.label);
        is_key.then(|| SecretText::new(format!("{}\n", self.text)))
    }
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
