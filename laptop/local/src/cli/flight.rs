//! Flight SQL beside the servers of `serve`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use athena_api::Telemetry;
use clap::Args;
use flight_sql::{Limits, Options, Server, Token};

use super::terminal::Error;
use crate::athena::AthenaOptions;
use crate::flight::FlightEngine;
use crate::stack::{Places, REGISTRY, Stack};

#[derive(Debug, Args)]
pub(super) struct FlightArgs {
    /// Port of Flight SQL, for ADBC, JDBC and clients in Rust.
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    flight_port: u16,
    /// Certificate for Flight SQL over TLS, with those of its authorities, in PEM.
    #[arg(long, value_name = "FILE", requires = "flight_key")]
    flight_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "flight_cert")]
    flight_key: Option<PathBuf>,
    /// Token that clients of Flight SQL must send, or give as the password of any user.
    #[arg(long, value_name = "TOKEN", env = "ATHENA_LOCAL_FLIGHT_TOKEN", hide_env_values = true, value_parser = token)]
    flight_token: Option<Token>,
}

impl FlightArgs {
    /// Starts the server over a connector of its own.
    pub(super) async fn start(
        &self,
        stack: &Stack,
        places: &Places,
        telemetry: Arc<Telemetry>,
    ) -> Result<Server, Error> {
        let tls = match (&self.flight_cert, &self.flight_key) {
            (Some(certificate), Some(key)) => Some((file(certificate)?, file(key)?)),
            _ => None,
        };
        let options = AthenaOptions {
            schema: Some(REGISTRY.to_owned()),
            ..AthenaOptions::default()
        };
        let athena = Arc::new(stack.athena(options).await?);
        let options = Options {
            address: SocketAddr::new(places.listen, self.flight_port),
            token: self.flight_token.clone(),
            tls,
            // At other addresses than loopback, the names of this machine are not known.
            hosts: places.listen.is_loopback().then(|| vec![places.host.clone()]),
            limits: Limits::default(),
        };
        let engine = FlightEngine::new(athena, stack.at_end(), telemetry);
        Ok(Server::start(Arc::new(engine), options).await?)
    }
}

fn token(text: &str) -> Result<Token, String> {
    Token::new(text).map_err(|error| error.to_string())
}

fn file(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
