//! Confluent schema registry, or a service with its API: schemas that records name by a number or a GUID.
//!
//! | request | result |
//! |---|---|
//! | `GET {schema_registry_url}/schemas/ids/{id}`, `…/schemas/guids/{guid}` | schema that a record names |
//! | `GET …/subjects/{subject}/versions/{version}` | schema that another [refers to](schemas) |
//!
//! Uses Basic authentication if the URL has user info, and the certificates that the system trusts
//! (`SSL_CERT_FILE` may name others). The API:
//! <https://docs.confluent.io/platform/current/schema-registry/develop/api.html>.

use std::sync::OnceLock;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use serde::Deserialize;

use crate::http::HttpClient;
use crate::registry::confluent::url::RegistryUrl;
use spill::causes;

mod key;
pub mod schemas;
pub mod url;

pub use key::{SchemaKey, SubjectVersion};

/// Client that reads single schemas. Connects when first used.
pub struct ConfluentRegistry {
    url: RegistryUrl,
    client: OnceLock<HttpClient>,
}

/// Schema as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// `AVRO`, `PROTOBUF` or `JSON`.
    pub data_format: String,
    pub definition: String,
    /// Schemas to which it refers directly.
    pub references: Vec<Reference>,
}

/// Reference from one schema to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the other schema in the referring text.
    pub name: String,
    pub version: SubjectVersion,
}

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of attempts, including the first.
const MAX_ATTEMPTS: u32 = 4;
/// Delay before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Largest response; schemas have some kilobytes.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

impl ConfluentRegistry {
    pub fn new(url: RegistryUrl) -> Self {
        Self {
            url,
            client: OnceLock::new(),
        }
    }

    /// Schema of this key, of whichever subject.
    ///
    /// # Errors
    /// [`ConfluentError::NotFound`] if it does not exist; with all others that is unknown.
    pub async fn schema(&self, key: &SchemaKey) -> Result<RegisteredSchema, ConfluentError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..MAX_ATTEMPTS {
            match self.ask(key).await {
                Err(error) if error.may_pass() => {
                    tracing::warn!(%key, %error, "repeating the request to the Confluent registry");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return read(&answer?),
            }
        }
        read(&self.ask(key).await?)
    }

    async fn ask(&self, key: &SchemaKey) -> Result<Bytes, ConfluentError> {
        let asking = self.ask_in_any_time(key);
        let answer = tokio::time::timeout(ATTEMPT_TIMEOUT, asking).await;
        answer.unwrap_or(Err(ConfluentError::TimedOut))
    }

    async fn ask_in_any_time(&self, key: &SchemaKey) -> Result<Bytes, ConfluentError> {
        let mut request = Request::get(self.url.of_schema(key)).header(
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
            StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY if says_unknown(&body) => {
                Err(ConfluentError::NotFound)
            }
            StatusCode::NOT_FOUND if !key.is_valid() => Err(ConfluentError::NotFound),
            StatusCode::NOT_FOUND => Err(match key {
                SchemaKey::Guid(_) => ConfluentError::NoGuids,
                _ => ConfluentError::NoRegistry,
            }),
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

/// Reason why the registry returned no schema.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfluentError {
    #[error("the schema does not exist in the Confluent registry")]
    NotFound,
    #[error("the Confluent registry could not be reached: {0}")]
    Unreachable(String),
    #[error("the Confluent registry did not answer within {ATTEMPT_TIMEOUT:?}")]
    TimedOut,
    #[error("the Confluent registry answered {0}")]
    Refused(StatusCode),
    /// The response of a proxy, another service, or another path.
    #[error("no Confluent registry answers at the path of schema_registry_url (404 without its error code)")]
    NoRegistry,
    /// As [`Self::NoRegistry`], or an older registry.
    #[error(
        "no Confluent registry that finds schemas by GUID answers at the path of schema_registry_url (404 without its \
         error code)"
    )]
    NoGuids,
    #[error("the Confluent registry's answer cannot be read: {0}")]
    Unreadable(String),
    #[error("cannot create an HTTP client: {0}")]
    Client(String),
}

impl ConfluentError {
    /// Whether a further attempt may succeed.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut => true,
            Self::Refused(status) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }
}

/// Response of the registry, as far as it is used here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    schema: String,
    schema_type: Option<String>,
    references: Option<Vec<AnsweredReference>>,
}

#[derive(Deserialize)]
struct AnsweredReference {
    name: String,
    subject: String,
    version: i32,
}

fn read(body: &[u8]) -> Result<RegisteredSchema, ConfluentError> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| ConfluentError::Unreadable(error.to_string()))?;
    let references = answer.references.unwrap_or_default().into_iter();
    let references = references.map(|reference| Reference {
        name: reference.name,
        version: SubjectVersion {
            subject: reference.subject,
            version: reference.version,
        },
    });
    Ok(RegisteredSchema {
        data_format: answer.schema_type.unwrap_or_else(|| "AVRO".to_owned()),
        definition: answer.schema,
        references: references.collect(),
    })
}

/// Whether an error code of the API is "Schema", "Subject" or "Version not found" or "Invalid version". A
/// wrong path also has status 404.
fn says_unknown(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Fault {
        error_code: u32,
    }
    serde_json::from_slice(body)
        .is_ok_and(|fault: Fault| matches!(fault.error_code, 40401 | 40402 | 40403 | 42202))
}

#[cfg(test)]
mod tests;
