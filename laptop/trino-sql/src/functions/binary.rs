//! Functions of bytes: encodings and hashes.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Digest;

use crate::error::{Result, bail, err};
use crate::registry::{Scalar, each1, each2, each3, function, values};
use crate::value::Value;

/// Java's decoders take text with and without padding.
const DECODE: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, DECODE);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, DECODE);

pub(crate) fn scalars() -> Vec<Scalar> {
    let mut rows = vec![
        function(
            "length",
            &["(varbinary) bigint"],
            each1::<[u8], i64>(|bytes| Ok(bytes.len() as i64)),
        ),
        function(
            "to_utf8",
            &["(varchar(x)) varbinary"],
            each1::<str, Vec<u8>>(|text| Ok(text.as_bytes().to_vec())),
        ),
        function(
            "from_utf8",
            &["(varbinary) varchar"],
            each1::<[u8], String>(|bytes| Ok(String::from_utf8_lossy(bytes).into_owned())),
        ),
        function(
            "from_utf8",
            &["(varbinary, varchar(x)) varchar"],
            each2::<[u8], str, String>(|bytes, with| {
                if with.chars().count() > 1 {
                    bail!(
                        InvalidFunctionArgument,
                        "Replacement character string must empty or a single character"
                    );
                }
                let mut text = String::new();
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    if !chunk.invalid().is_empty() {
                        text.push_str(with);
                    }
                }
                Ok(text)
            }),
        ),
        function(
            "to_hex",
            &["(varbinary) varchar"],
            each1::<[u8], String>(|bytes| Ok(bytes.iter().map(|byte| format!("{byte:02X}")).collect())),
        ),
        function(
            "from_hex",
            &["(varchar(x)) varbinary"],
            each1::<str, Vec<u8>>(|text| from_hex(text.as_bytes())),
        ),
        function(
            "from_hex",
            &["(varbinary) varbinary"],
            each1::<[u8], Vec<u8>>(from_hex),
        ),
        function(
            "to_base64",
            &["(varbinary) varchar"],
            each1::<[u8], String>(|bytes| Ok(BASE64.encode(bytes))),
        ),
        function(
            "from_base64",
            &["(varchar(x)) varbinary"],
            each1::<str, Vec<u8>>(|text| decode(&BASE64, text.as_bytes())),
        ),
        function(
            "from_base64",
            &["(varbinary) varbinary"],
            each1::<[u8], Vec<u8>>(|text| decode(&BASE64, text)),
        ),
        function(
            "to_base64url",
            &["(varbinary) varchar"],
            each1::<[u8], String>(|bytes| Ok(BASE64_URL.encode(bytes))),
        ),
        function(
            "from_base64url",
            &["(varchar(x)) varbinary"],
            each1::<str, Vec<u8>>(|text| decode(&BASE64_URL, text.as_bytes())),
        ),
        function(
            "from_base64url",
            &["(varbinary) varbinary"],
            each1::<[u8], Vec<u8>>(|text| decode(&BASE64_URL, text)),
        ),
        function(
            "to_base32",
            &["(varbinary) varchar"],
            each1::<[u8], String>(|bytes| Ok(to_base32(bytes))),
        ),
        function(
            "from_base32",
            &["(varchar(x)) varbinary"],
            each1::<str, Vec<u8>>(from_base32),
        ),
        function(
            "to_big_endian_64",
            &["(bigint) varbinary"],
            each1::<i64, Vec<u8>>(|a| Ok(a.to_be_bytes().to_vec())),
        ),
        function(
            "to_big_endian_32",
            &["(integer) varbinary"],
            each1::<i32, Vec<u8>>(|a| Ok(a.to_be_bytes().to_vec())),
        ),
        function(
            "from_big_endian_64",
            &["(varbinary) bigint"],
            each1::<[u8], i64>(|bytes| Ok(i64::from_be_bytes(exactly(bytes)?))),
        ),
        function(
            "from_big_endian_32",
            &["(varbinary) integer"],
            each1::<[u8], i32>(|bytes| Ok(i32::from_be_bytes(exactly(bytes)?))),
        ),
        function(
            "to_ieee754_32",
            &["(real) varbinary"],
            each1::<f32, Vec<u8>>(|a| Ok(a.to_be_bytes().to_vec())),
        ),
        function(
            "to_ieee754_64",
            &["(double) varbinary"],
            each1::<f64, Vec<u8>>(|a| Ok(a.to_be_bytes().to_vec())),
        ),
        function(
            "from_ieee754_32",
            &["(varbinary) real"],
            each1::<[u8], f32>(|bytes| Ok(f32::from_be_bytes(exactly(bytes)?))),
        ),
        function(
            "from_ieee754_64",
            &["(varbinary) double"],
            each1::<[u8], f64>(|bytes| Ok(f64::from_be_bytes(exactly(bytes)?))),
        ),
        function(
            "reverse",
            &["(varbinary) varbinary"],
            each1::<[u8], Vec<u8>>(|bytes| Ok(bytes.iter().rev().copied().collect())),
        ),
        function(
            "substr",
            &["(varbinary, bigint) varbinary"],
            each2::<[u8], i64, Vec<u8>>(|bytes, start| Ok(substring(bytes, start, i64::MAX))),
        ),
        function(
            "substr",
            &["(varbinary, bigint, bigint) varbinary"],
            each3::<[u8], i64, i64, Vec<u8>>(|bytes, start, length| Ok(substring(bytes, start, length))),
        ),
        function(
            "lpad",
            &["(varbinary, bigint, varbinary) varbinary"],
            each3::<[u8], i64, [u8], Vec<u8>>(|bytes, length, padding| {
                pad(bytes, length, padding).map(|(padding, bytes)| [padding, bytes].concat())
            }),
        ),
        function(
            "rpad",
            &["(varbinary, bigint, varbinary) varbinary"],
            each3::<[u8], i64, [u8], Vec<u8>>(|bytes, length, padding| {
                pad(bytes, length, padding).map(|(padding, bytes)| [bytes, padding].concat())
            }),
        ),
        function(
            "concat",
            &["(varbinary...) varbinary"],
            values(|_, args| {
                if args.len() < 2 {
                    bail!(
                        InvalidFunctionArgument,
                        "There must be two or more concatenation arguments"
                    );
                }
                let bytes = args.iter().map(|arg| {
                    if let Value::Bytes(bytes) = arg {
                        bytes.as_slice()
                    } else {
                        &[]
                    }
                });
                Ok(Value::Bytes(bytes.collect::<Vec<_>>().concat()))
            }),
        ),
        function(
            "crc32",
            &["(varbinary) bigint"],
            each1::<[u8], i64>(|bytes| Ok(crc32(bytes).into())),
        ),
        function(
            "xxhash64",
            &["(varbinary) varbinary"],
            each1::<[u8], Vec<u8>>(|bytes| Ok(super::xxhash::xxhash64(bytes).to_be_bytes().to_vec())),
        ),
    ];
    macro_rules! hashes {
        ($($name:literal $digest:ty, $hmac:literal;)*) => {
            rows.extend([$(
                function($name, &["(varbinary) varbinary"], each1::<[u8], Vec<u8>>(|bytes| {
                    Ok(<$digest>::digest(bytes).to_vec())
                })),
                function($hmac, &["(varbinary, varbinary) varbinary"], each2::<[u8], [u8], Vec<u8>>(|bytes, key| {
                    // Java refuses such a key.
                    if key.is_empty() {
                        bail!(Internal, "Empty key");
                    }
                    let mac = Hmac::<$digest>::new_from_slice(key);
                    let mut mac = mac.map_err(|error| err!(Internal, "{error}"))?;
                    mac.update(bytes);
                    Ok(mac.finalize().into_bytes().to_vec())
                })),
            )*]);
        };
    }
    hashes! {
        "md5" md5::Md5, "hmac_md5";
        "sha1" sha1::Sha1, "hmac_sha1";
        "sha256" sha2::Sha256, "hmac_sha256";
        "sha512" sha2::Sha512, "hmac_sha512";
    }
    rows
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| {
        err!(
            InvalidFunctionArgument,
            "expected {N}-byte input, but got instead: {}",
            bytes.len()
        )
    })
}

fn from_hex(text: &[u8]) -> Result<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        bail!(InvalidFunctionArgument, "invalid input length {}", text.len());
    }
    let digit = |byte: u8| {
        char::from(byte).to_digit(16).ok_or_else(|| {
            err!(
                InvalidFunctionArgument,
                "not a hexadecimal digit: \"{}\" = {byte}",
                char::from(byte)
            )
        })
    };
    text.chunks_exact(2)
        .map(|pair| Ok((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
        .collect()
}

fn decode(engine: &GeneralPurpose, text: &[u8]) -> Result<Vec<u8>> {
    engine
        .decode(text)
        .map_err(|error| err!(InvalidFunctionArgument, "{error}"))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let bits = (0..5).fold(0_u64, |bits, i| {
            bits << 8 | u64::from(chunk.get(i).copied().unwrap_or(0))
        });
        let digits = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            let digit = BASE32[(bits >> (35 - 5 * i) & 31) as usize];
            text.push(if i < digits { char::from(digit) } else { '=' });
        }
    }
    text
}

fn from_base32(text: &str) -> Result<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u64, 0, Vec::new());
    for c in text.trim_end_matches('=').bytes() {
        let Some(digit) = BASE32.iter().position(|known| *known == c) else {
            bail!(
                InvalidFunctionArgument,
                "Unrecognized character: {}",
                char::from(c)
            );
        };
        bits = (bits << 5 | digit as u64) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Ok(bytes)
}

fn substring(bytes: &[u8], start: i64, length: i64) -> Vec<u8> {
    let count = bytes.len() as i64;
    let first = match start {
        0 => return Vec::new(),
        start if start > 0 => start - 1,
        start => count.saturating_add(start),
    };
    if first < 0 || first >= count || length <= 0 {
        return Vec::new();
    }
    bytes[first as usize..first.saturating_add(length).min(count) as usize].to_vec()
}

/// The padding that bytes need, and the bytes cut to the length.
fn pad(bytes: &[u8], length: i64, padding: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    if !(0..=i64::from(i32::MAX)).contains(&length) {
        bail!(
            InvalidFunctionArgument,
            "Target length must be in the range [0..2147483647]"
        );
    }
    if padding.is_empty() {
        bail!(InvalidFunctionArgument, "Padding bytes must not be empty");
    }
    let length = length as usize;
    if bytes.len() >= length {
        return Ok((Vec::new(), bytes[..length].to_vec()));
    }
    Ok((
        padding
            .iter()
            .cycle()
            .take(length - bytes.len())
            .copied()
            .collect(),
        bytes.to_vec(),
    ))
}

/// The checksum of zlib.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
