//! HTTP client for services without an AWS SDK: a Confluent registry, a collector of spans.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use spill::causes;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time after which idle connections are not reused: a suspended function does not notice that they were
/// closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// HTTP client with pooled connections. Loads the system's certificates only for HTTPS.
#[derive(Debug)]
pub(crate) enum HttpClient {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl HttpClient {
    /// Creates a client for one scheme. Does not connect yet.
    ///
    /// # Errors
    /// With `is_https`, if the system trusts no authority.
    pub(crate) fn new(is_https: bool) -> io::Result<Self> {
        if !is_https {
            return Ok(Self::Plain(pooled().build(tcp(false))));
        }
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_only()
            .enable_http1()
            .wrap_connector(tcp(true));
        Ok(Self::Tls(pooled().build(connector)))
    }

    /// Creates a client for HTTPS that trusts only these authorities' certificates, in PEM.
    ///
    /// # Errors
    /// If the text has no certificates.
    pub(crate) fn trusting(authorities: &str) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            let certificate =
                certificate.map_err(|_| io::Error::other("an authority's certificate is not PEM"))?;
            roots.add(certificate).map_err(io::Error::other)?;
        }
        if roots.is_empty() {
            return Err(io::Error::other("there is no certificate of an authority"));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp(true));
        Ok(Self::Tls(pooled().build(connector)))
    }

    pub(crate) fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match self {
            Self::Plain(client) => client.request(request),
            Self::Tls(client) => client.request(request),
        }
    }
}

/// Body of a response of at most `max_bytes`; the error has its causes.
pub(crate) async fn body(response: Response<Incoming>, max_bytes: usize) -> Result<Bytes, String> {
    let body = Limited::new(response.into_body(), max_bytes).collect().await;
    Ok(body.map_err(|error| causes(error.as_ref()))?.to_bytes())
}

fn tcp(is_https: bool) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.enforce_http(!is_https);
    connector
}

fn pooled() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_idle_timeout(POOL_IDLE_TIMEOUT);
    builder
}
