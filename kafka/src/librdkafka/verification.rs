//! Faults of a broker's certificate: librdkafka reports only that it did not verify.
//!
//! OpenSSL passes the reason to a callback, which the `rdkafka` crate does not let a consumer set. So a
//! separate client, which does not log in, repeats the handshake with a callback and is dropped.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaType;

use crate::auth::failure::AuthenticationCause;
use crate::auth::settings::AuthSettings;

/// Time limit of a handshake: the broker has just completed one.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Connects to `broker` (`host:port`) again to find out why its certificate does not verify. Blocks for at
/// most some seconds; `None` if the reason cannot be found.
pub(crate) fn broker_certificate_fault(broker: &str, settings: &AuthSettings) -> Option<AuthenticationCause> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker)
        .set("security.protocol", "SSL");
    for (name, value) in settings.iter().filter(|(name, _)| name.starts_with("ssl.")) {
        config.set(name, value);
    }
    let native = config.create_native_config().ok()?;
    // SAFETY: the configuration lives, and the callback is a function.
    unsafe { sys::rd_kafka_conf_set_ssl_cert_verify_cb(native.ptr(), Some(verify)) };
    let client = Client::new(
        &config,
        native,
        RDKafkaType::RD_KAFKA_PRODUCER,
        Verdict::default(),
    )
    .ok()?;
    let deadline = Instant::now() + HANDSHAKE_LIMIT;
    while Instant::now() < deadline {
        // Called only to make the client connect.
        let _ = client.fetch_metadata(None, LOOK_EVERY);
        if let Some(code) = client.context().fault() {
            return Some(cause(code));
        }
    }
    None
}

/// Cause for a [verification code](https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/) of
/// OpenSSL, `X509_V_ERR_…`.
fn cause(code: c_int) -> AuthenticationCause {
    match code {
        // NOT_YET_VALID, HAS_EXPIRED
        9 | 10 => AuthenticationCause::BrokerCertificateExpired,
        // UNABLE_TO_GET_ISSUER_CERT, DEPTH_ZERO_SELF_SIGNED_CERT, SELF_SIGNED_CERT_IN_CHAIN,
        // UNABLE_TO_GET_ISSUER_CERT_LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE, CERT_UNTRUSTED
        2 | 18 | 19 | 20 | 21 | 27 => AuthenticationCause::BrokerAuthority,
        // HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
        62 | 64 => AuthenticationCause::BrokerName,
        _ => AuthenticationCause::BrokerCertificate,
    }
}

/// First verification code that OpenSSL reported.
#[derive(Default)]
struct Verdict(Mutex<Option<c_int>>);

impl Verdict {
    fn fault(&self) -> Option<c_int> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, code: c_int) {
        let mut fault = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fault.get_or_insert(code);
    }
}

/// Logs nothing: the client that failed before has logged the failure.
impl ClientContext for Verdict {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

/// Called for each certificate of the chain; does not change OpenSSL's result.
unsafe extern "C" fn verify(
    _client: *mut sys::rd_kafka_t,
    _broker_name: *const c_char,
    _broker_id: i32,
    x509_error: *mut c_int,
    _depth: c_int,
    _certificate: *const c_char,
    _certificate_bytes: usize,
    _reason: *mut c_char,
    _reason_bytes: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: librdkafka passes its own variable, and as `opaque` what `Client::new` has set: the address of the
    // context, which the client keeps alive for as long as its threads run.
    let (code, verdict) = unsafe { (*x509_error, &*opaque.cast::<Verdict>()) };
    if code == 0 {
        return 1;
    }
    verdict.hear(code);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_expired_unknown_and_misnamed_apart() {
        for (code, wanted) in [
            (10, AuthenticationCause::BrokerCertificateExpired),
            (18, AuthenticationCause::BrokerAuthority),
            (19, AuthenticationCause::BrokerAuthority),
            (20, AuthenticationCause::BrokerAuthority),
            (62, AuthenticationCause::BrokerName),
            (64, AuthenticationCause::BrokerName),
            (23, AuthenticationCause::BrokerCertificate),
        ] {
            assert_eq!(cause(code), wanted, "{code}");
        }
    }
}
