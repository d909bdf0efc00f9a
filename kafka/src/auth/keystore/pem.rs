//! Text form of certificates and keys ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).

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
/// PEM labels of private keys.
const KEY_LABELS: [&str; 4] = [
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
];

/// Whether the content is text with a PEM block in it; explanatory text may precede it.
pub(super) fn is_pem(content: &[u8]) -> bool {
    std::str::from_utf8(content).is_ok_and(|text| text.contains(BEGIN))
}

/// Certificates in PEM, without text between the blocks: librdkafka rejects text after the last.
pub(super) fn certificates(ders: &[impl AsRef<[u8]>]) -> String {
    ders.iter()
        .map(|der| block(CERTIFICATE, der.as_ref()).to_string())
        .collect()
}

/// Key in PEM, from PKCS8's DER.
pub(super) fn private_key(der: &[u8]) -> SecretText {
    SecretText::from(block("PRIVATE KEY", der))
}

/// PEM block as it stands in the text.
pub(super) struct Block<'a> {
    label: &'a str,
    text: &'a str,
}

/// All blocks of a text; `None` if one has no end.
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
    /// Certificate in DER; `None` if the block is something else, an error if it is damaged.
    pub(super) fn certificate(&self) -> Option<Result<Vec<u8>, pem::Error>> {
        let der =
            (self.label == CERTIFICATE).then(|| CertificateDer::from_pem_slice(self.text.as_bytes()))?;
        Some(der.map(|der| der.to_vec()))
    }

    /// Private key with its headers, which specify its encryption.
    pub(super) fn private_key(&self) -> Option<SecretText> {
        let is_key = KEY_LABELS.contains(&self.label);
        is_key.then(|| SecretText::new(format!("{}\n", self.text)))
    }
}

/// Whether the key is encrypted: PKCS8 shows it in the label, OpenSSL's older form in a header.
pub(super) fn is_encrypted(key: &SecretText) -> bool {
    let text = key.expose();
    text.contains("BEGIN ENCRYPTED ") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn block(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(BASE64_STANDARD.encode(der));
    // Allocated at full size, so that growing leaves no copy in freed memory.
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
