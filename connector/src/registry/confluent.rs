//! A Confluent schema registry, or one that speaks its API: the schemas that records name by a number.
//!
//! `GET {schema_registry_url}/schemas/ids/{id}`, with Basic authentication if the URL has user info. Certificates are
//! those that the system trusts (`SSL_CERT_FILE` may name others). A schema that refers to others is not supported.

use std::sync::OnceLock;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use serde::Deserialize;
use serde::de::IgnoredAny;
use topic::SchemaDefinition;

use crate::http::HttpClient;
use crate::registry::confluent::url::RegistryUrl;
use spill::causes;

pub mod url;

/// Reads schemas by their id. Connects when first asked.
pub struct ConfluentRegistry {
    url: RegistryUrl,
    client: OnceLock<HttpClient>,
}

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// The first try included.
const MAX_ATTEMPTS: u32 = 4;
/// Before the second try; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Schemas are texts of some kilobytes.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

impl ConfluentRegistry {
    pub fn new(url: RegistryUrl) -> Self {
        Self {
            url,
            client: OnceLock::new(),
        }
    }

    /// The schema of this id, whichever subjects it is of.
    ///
    /// # Errors
    /// [`ConfluentError::NotFound`] if there is none; all others mean that nobody knows.
    pub async fn schema(&self, id: u32) -> Result<SchemaDefinition, ConfluentError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..MAX_ATTEMPTS {
            match self.ask(id).await {
                Err(error) if error.may_pass() => {
                    tracing::warn!(id, %error, "asking the Confluent registry again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return read(id, &answer?),
            }
        }
        read(id, &self.ask(id).await?)
    }

    async fn ask(&self, id: u32) -> Result<Bytes, ConfluentError> {
        let asking = self.ask_in_any_time(id);
        let answer = tokio::time::timeout(ATTEMPT_TIMEOUT, asking).await;
        answer.unwrap_or(Err(ConfluentError::TimedOut))
    }

    async fn ask_in_any_time(&self, id: u32) -> Result<Bytes, ConfluentError> {
        let mut request = Request::get(self.url.of_schema(id)).header(
            header::ACCEPT,
            "application/vnd.schemaregistry.v1+json, application/json",
        );
        if let Some(authorization) = self.url.authorization() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request
            .body(Full::default())
            .map_err(|error| ConfluentError::Client(error.to_string()))?;
        let response = self.client()?.request(request).await;
        let response = response.map_err(|error| ConfluentError::Unreachable(causes(&error)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await;
        let body = body.map_err(|error| ConfluentError::Unreadable(causes(error.as_ref())))?;
        let body = body.to_bytes();
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::NOT_FOUND if says_unknown_schema(&body) => Err(ConfluentError::NotFound),
            StatusCode::NOT_FOUND => Err(ConfluentError::NoRegistry),
            status => Err(ConfluentError::Refused(status)),
        }
    }

    fn client(&self) -> Result<&HttpClient, ConfluentError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = HttpClient::new(self.url.is_https());
        let client = client.map_err(|error| ConfluentError::Client(error.to_string()))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// Why the registry gave no schema.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfluentError {
    #[error("the Confluent registry has no schema of this id")]
    NotFound,
    #[error("the Confluent registry could not be reached: {0}")]
    Unreachable(String),
    #[error("the Confluent registry did not answer within {ATTEMPT_TIMEOUT:?}")]
    TimedOut,
    #[error("the Confluent registry answered {0}")]
    Refused(StatusCode),
    /// A proxy, another service, or another path.
    #[error("no Confluent registry answers at the path of schema_registry_url (404 without its error code)")]
    NoRegistry,
    #[error("the Confluent registry's answer cannot be read: {0}")]
    Unreadable(String),
    #[error("the schema refers to others in the Confluent registry, which is not supported")]
    References,
    #[error("no HTTP client can be made: {0}")]
    Client(String),
}

impl ConfluentError {
    /// Whether the next try may go better.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut => true,
            Self::Refused(status) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }
}

/// An answer, as far as it matters here.
#[derive(Deserialize)]
struct Answer {
    schema: String,
    #[serde(rename = "schemaType")]
    schema_type: Option<String>,
    references: Option<Vec<IgnoredAny>>,
}

fn read(id: u32, body: &[u8]) -> Result<SchemaDefinition, ConfluentError> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| ConfluentError::Unreadable(error.to_string()))?;
    if answer.references.is_some_and(|references| !references.is_empty()) {
        return Err(ConfluentError::References);
    }
    Ok(SchemaDefinition {
        schema_version_id: id.to_string(),
        data_format: answer.schema_type.unwrap_or_else(|| "AVRO".to_owned()),
        definition: answer.schema,
    })
}

/// "Schema not found", as the API numbers its errors. A wrong path is answered 404 too.
fn says_unknown_schema(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Fault {
        error_code: u32,
    }
    serde_json::from_slice(body).is_ok_and(|fault: Fault| fault.error_code == 40403)
}

#[cfg(test)]
mod tests;
