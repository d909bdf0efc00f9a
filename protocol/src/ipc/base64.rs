//! Bytes in JSON: standard base64 with padding ([RFC 4648, section
//! 4](https://www.rfc-editor.org/rfc/rfc4648#section-4)).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Fault, Rule};
use crate::json::Json;

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes base64. Skips line breaks, as the peer's reader does; rejects the URL-safe alphabet and missing
/// padding.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, Rule> {
    let is_line_break = |c: char| matches!(c, '\r' | '\n');
    let decoded = match text.contains(is_line_break) {
        true => STANDARD.decode(text.replace(is_line_break, "")),
        false => STANDARD.decode(text),
    };
    decoded.map_err(|error| Rule::Base64(without_symbol(&error)))
}

pub(crate) fn bytes_from_json(json: &Json<'_>) -> Result<Vec<u8>, Fault> {
    let text = json.as_str().ok_or_else(|| json.is_not("a base64 string"))?;
    Ok(decode_base64(text)?)
}

/// Description of the error without the invalid symbol, which may belong to a key.
fn without_symbol(error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(offset, _) => format!("symbol {offset} is outside the alphabet"),
        base64::DecodeError::InvalidLastSymbol { offset, .. } => {
            format!("symbol {offset} carries stray bits")
        }
        base64::DecodeError::InvalidLength(symbols) => {
            format!("{symbols} symbols are not a whole number of bytes")
        }
        base64::DecodeError::InvalidPadding => "padding is missing or wrong".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_line_breaks() {
        assert_eq!(decode_base64("AAEC\r\nAwQF\n"), Ok(vec![0, 1, 2, 3, 4, 5]));
    }

    #[test]
    fn refuses_the_url_safe_alphabet_missing_padding_and_spaces() {
        for text in ["__8=", "--8=", "AAE", "AA E=", "AAEC=", "A", "AAF="] {
            assert!(matches!(decode_base64(text), Err(Rule::Base64(_))), "{text}");
        }
    }

    #[test]
    fn errors_quote_no_symbol() {
        let Err(Rule::Base64(text)) = decode_base64("AA$A") else {
            panic!("accepted")
        };
        assert_eq!(text, "symbol 2 is outside the alphabet");
    }
}
