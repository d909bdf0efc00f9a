//! Validity of the client's certificate, as far as the client can check it: Java's brokers send the same
//! alert for an expired certificate and for an unknown issuer.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::parse_x509_certificate;

use crate::auth::failure::AuthenticationCause;

/// Fault of the first certificate of a PEM chain at `now`; `None` if only the brokers can reject it.
pub fn client_certificate_fault(chain: Option<&str>, now: SystemTime) -> Option<AuthenticationCause> {
    let Some(chain) = chain else {
        return Some(AuthenticationCause::NoClientCertificate);
    };
    (not_after(chain)? < now).then_some(AuthenticationCause::ClientCertificateExpired)
}

fn not_after(chain: &str) -> Option<SystemTime> {
    let certificate = CertificateDer::from_pem_slice(chain.as_bytes()).ok()?;
    let (_, certificate) = parse_x509_certificate(&certificate).ok()?;
    Some(certificate.validity().not_after.to_datetime().into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CHAIN: &str = include_str!("keystore/fixtures/keystore.pem");
    /// 2126-11-01T23:06:38Z.
    const END: Duration = Duration::from_secs(4_949_247_998);

    #[test]
    fn a_certificate_has_expired_once_its_last_second_is_over() {
        let end = SystemTime::UNIX_EPOCH + END;
        assert_eq!(not_after(CHAIN), Some(end));
        assert_eq!(client_certificate_fault(Some(CHAIN), end), None);
        assert_eq!(
            client_certificate_fault(Some(CHAIN), end + Duration::from_secs(1)),
            Some(AuthenticationCause::ClientCertificateExpired)
        );
    }

    #[test]
    fn no_certificate_is_a_fault_of_its_own() {
        let fault = client_certificate_fault(None, SystemTime::now());
        assert_eq!(fault, Some(AuthenticationCause::NoClientCertificate));
        assert_eq!(client_certificate_fault(Some("no PEM"), SystemTime::now()), None);
    }
}
