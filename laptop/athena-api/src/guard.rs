//! Which requests are refused: those of other sites that a browser on this machine may be tricked into sending.
//!
//! There is no login, so the names in `Host` and `Origin` are checked. A page of another site has its own name in
//! `Origin`; one whose name was changed to point here (DNS rebinding) has its own name in `Host`.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

/// Names by which this server may be addressed.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Host for clients, in lower case.
    host: String,
    listen: IpAddr,
}

impl Guard {
    /// Guard of a server that listens at `listen`, and whose clients call it `host`.
    pub fn new(host: &str, listen: IpAddr) -> Self {
        Self {
            host: host.to_ascii_lowercase(),
            listen,
        }
    }

    /// Reason why the request is refused, if it is.
    pub fn refusal(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let named = text(header::HOST).or_else(|| uri.authority().map(Authority::as_str));
        let host = named.unwrap_or_default();
        if !self.is_own(name_of(host)) || headers.get_all(header::HOST).iter().count() > 1 {
            return Some(format!(
                "Host: wanted {}, found `{}`",
                self.host,
                host.escape_default()
            ));
        }
        match text(header::ORIGIN) {
            Some(origin) if origin.strip_prefix("http://") != Some(host) => {
                let origin = origin.escape_default();
                Some(format!(
                    "Origin: wanted http://{}, found `{origin}`",
                    host.escape_default()
                ))
            }
            _ => None,
        }
    }

    fn is_own(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        if name == self.host || name == "localhost" || name.ends_with(".localhost") {
            return true;
        }
        let bare = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(&name);
        // An address cannot be made to point elsewhere.
        bare.parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip == self.listen || self.listen.is_unspecified())
    }
}

/// `Host` without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn refused(guard: &Guard, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        guard.refusal(&Uri::from_static("/"), &headers).is_some()
    }

    #[test]
    fn other_names_are_refused() {
        let guard = Guard::new("127.0.0.1", Ipv4Addr::LOCALHOST.into());
        for host in [
            "127.0.0.1:80",
            "127.0.0.1",
            "localhost:9",
            "LOCALHOST",
            "[::1]:9",
            "bucket.localhost:9",
        ] {
            assert!(!refused(&guard, host, None), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "localhost.evil",
            "",
            "notlocalhost",
        ] {
            assert!(refused(&guard, host, None), "{host}");
        }
        assert!(
            guard.refusal(&Uri::from_static("/"), &HeaderMap::new()).is_some(),
            "no name"
        );
    }

    #[test]
    fn names_for_clients_of_other_machines_are_accepted_if_they_are_asked_for() {
        let guard = Guard::new("athena", Ipv4Addr::UNSPECIFIED.into());
        for host in ["athena:80", "10.0.0.1:80", "localhost"] {
            assert!(!refused(&guard, host, None), "{host}");
        }
        assert!(refused(&guard, "evil.example", None));
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        let guard = Guard::new("127.0.0.1", Ipv4Addr::LOCALHOST.into());
        assert!(!refused(&guard, "127.0.0.1:80", Some("http://127.0.0.1:80")));
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:81",
            "https://127.0.0.1:80",
            "",
        ] {
            assert!(refused(&guard, "127.0.0.1:80", Some(origin)), "{origin}");
        }
    }
}
