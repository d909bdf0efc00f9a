//! Conditions of every request, checked before anything of it is decoded.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, Either, Ready, ready};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{HeaderValue, Request, Response, header};
use tonic::server::NamedService;

use crate::login::{Token, check};

/// What requests must have.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) token: Option<Token>,
    /// Names of this machine by which it may be called, beside `localhost` and its addresses; `None` allows all.
    pub(crate) hosts: Option<Vec<String>>,
}

/// Service that refuses other requests.
#[derive(Debug, Clone)]
pub(crate) struct Guard<S> {
    pub(crate) rules: Arc<Rules>,
    pub(crate) service: S,
}

impl Rules {
    fn check<B>(&self, request: &Request<B>) -> Result<(), Status> {
        // Programs send none: a page in a browser calls.
        if request.headers().contains_key(header::ORIGIN) {
            return Err(Status::permission_denied("requests with an Origin are refused"));
        }
        if let Some(host) = request.uri().host()
            && !self.is_own(host)
        {
            // A name that leads here by someone else's DNS.
            return Err(Status::permission_denied(format!(
                "`{host}` is not a name of this server"
            )));
        }
        let authorization = request.headers().get(header::AUTHORIZATION);
        check(self.token.as_ref(), authorization.map(HeaderValue::as_bytes))
    }

    fn is_own(&self, host: &str) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        let address = host.trim_start_matches('[').trim_end_matches(']');
        address.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }
}

impl<S> Service<Request<Body>> for Guard<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = BoxedResponse>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response<Body>, Infallible>>, BoxedResponse>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.rules.check(&request) {
            Ok(()) => Either::Right(self.service.call(request)),
            Err(status) => Either::Left(ready(Ok(status.into_http()))),
        }
    }
}

type BoxedResponse = BoxFuture<'static, Result<Response<Body>, Infallible>>;

impl<S: NamedService> NamedService for Guard<S> {
    const NAME: &'static str = S::NAME;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(hosts: Option<Vec<String>>, uri: &str, origin: bool) -> bool {
        let rules = Rules { token: None, hosts };
        let mut request = Request::builder().uri(uri);
        if origin {
            request = request.header("origin", "http://evil.example");
        }
        rules.check(&request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn foreign_hosts_and_origins_are_refused() {
        let own = || Some(vec!["kafka.local".to_owned()]);
        for (uri, valid) in [
            ("http://localhost:1/x", true),
            ("http://127.0.0.1:1/x", true),
            ("http://[::1]:1/x", true),
            ("http://Kafka.local:1/x", true),
            ("http://evil.example:1/x", false),
        ] {
            assert_eq!(checked(own(), uri, false), valid, "{uri}");
            assert!(!checked(own(), uri, true), "{uri}");
            assert!(checked(None, uri, false), "{uri}");
        }
    }
}
