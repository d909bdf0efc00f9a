//! Tokens of OAUTHBEARER. The `rdkafka` crate sets them without SASL extensions.

use std::ffi::{CStr, CString, c_char};

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use crate::auth::token::SaslExtensions;
use crate::librdkafka::admin::succeeded;

/// Longest reason of librdkafka.
const REASON_BYTES: usize = 512;

/// Gives the client the token for its next logins.
///
/// # Errors
/// librdkafka's reason, such as a token that has expired. The token's text must consist of visible ASCII characters:
/// otherwise the reason contains it.
pub(crate) fn set_token<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    token: &str,
    lifetime_ms: i64,
    principal: &str,
    extensions: &SaslExtensions,
) -> Result<(), String> {
    let text = |text: &str| CString::new(text).map_err(|_| "NUL in a token".to_owned());
    let (token, principal) = (text(token)?, text(principal)?);
    let pairs = extensions.iter().flat_map(|(key, value)| [key, value]);
    let texts: Vec<CString> = pairs.map(text).collect::<Result<_, _>>()?;
    let mut pairs: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
    let mut reason: [c_char; REASON_BYTES] = [0; REASON_BYTES];
    // SAFETY: the client is borrowed. All texts end with NUL and are copied, and both arrays have the lengths that are passed.
    let set = unsafe {
        sys::rd_kafka_oauthbearer_set_token(
            consumer.client().native_ptr(),
            token.as_ptr(),
            lifetime_ms,
            principal.as_ptr(),
            pairs.as_mut_ptr(),
            pairs.len(),
            reason.as_mut_ptr(),
            reason.len(),
        )
    };
    succeeded(set).map_err(|_: RDKafkaErrorCode| {
        // SAFETY: librdkafka ends the reason with NUL.
        let reason = unsafe { CStr::from_ptr(reason.as_ptr()) };
        reason.to_string_lossy().into_owned()
    })
}
