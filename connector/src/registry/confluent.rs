//! Confluent schema registry, or a service with its API: schemas that records name by a number or a GUID.
//!
//! | request | result |
//! |---|---|
//! | `GET {schema_registry_url}/schemas/ids/{id}`, `…/schemas/guids/{guid}` | schema that a record names |
//! | `GET …/subjects/{subject}/versions/{version}` | schema that another [refers to](schemas) |
//! | `GET …/subjects`, `…/subjects/{subject}/versions/latest` | subjects that are [tables](super::subjects) |
//!
//! Uses Basic authentication if the URL has user info, or the credentials of a secret (`access`). It trusts the
//! certificates of the secret, or those that the system trusts (`SSL_CERT_FILE` may name others). The API:
//! <https://docs.confluent.io/platform/current/schema-registry/develop/api.html>.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Request, StatusCode, header};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::http::{HttpClient, body};
use crate::registry::confluent::access::RegistryAccess;
use crate::registry::confluent::url::RegistryUrl;
use kafka::auth::credentials::CredentialStore;
use spill::causes;

mod access;
mod key;
pub mod schemas;
pub mod url;

pub use key::{SchemaKey, SubjectVersion};

/// Client that reads single schemas. Connects when first used.
pub struct ConfluentRegistry {
    url: RegistryUrl,
    /// Store and id of the secret with the credentials; `None` for those of the URL.
    secret: Option<(Arc<dyn CredentialStore>, String)>,
    session: Mutex<Option<Arc<Session>>>,
}

/// HTTP client and its credentials.
struct Session {
    client: HttpClient,
    authorization: Option<HeaderValue>,
}

/// Schema as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// `AVRO`, `PROTOBUF` or `JSON`.
    pub data_format: String,
    pub definition: String,
    /// Schemas to which it refers directly.
    pub references: Vec<Reference>,
    /// Number that records carry; `None` if the response has none.
    pub id: Option<u32>,
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
            secret: None,
            session: Mutex::default(),
        }
    }

    /// Uses the credentials and trusted certificates of secret `id`.
    #[must_use]
    pub fn with_secret(self, credentials: Arc<dyn CredentialStore>, id: String) -> Self {
        Self {
            secret: Some((credentials, id)),
            ..self
        }
    }

    /// Schema of this key, of whichever subject.
    ///
    /// # Errors
    /// [`ConfluentError::NotFound`] if it does not exist; with all others that is unknown.
    pub async fn schema(&self, key: &SchemaKey) -> Result<RegisteredSchema, ConfluentError> {
        let answer = self.get(&self.url.of_schema(key), key).await;
        let answer = answer.map_err(|error| match (error, key) {
            (error, key) if !key.is_valid() && error.is_about_request() => ConfluentError::NotFound,
            (ConfluentError::NoRegistry, SchemaKey::Guid(_)) => ConfluentError::NoGuids,
            (error, _) => error,
        });
        read(&answer?)
    }

    /// Names of all subjects, in the registry's order.
    ///
    /// # Errors
    /// If the registry does not return them.
    pub async fn subjects(&self) -> Result<Vec<String>, ConfluentError> {
        let answer = self.get(&self.url.of_subjects(), &"the list of subjects").await?;
        serde_json::from_slice(&answer).map_err(|error| ConfluentError::Unreadable(error.to_string()))
    }

    async fn get(&self, url: &str, asked: &(dyn Display + Sync)) -> Result<Bytes, ConfluentError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..MAX_ATTEMPTS {
            match self.ask(url).await {
                Err(error) if error.may_pass() => {
                    tracing::warn!(%asked, %error, "repeating the request to the Confluent registry");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(ConfluentError::Refused(status)) if self.secret.is_some() && is_about_access(status) => {
                    // Secrets rotate.
                    self.session.lock().await.take();
                    return self.ask(url).await;
                }
                answer => return answer,
            }
        }
        self.ask(url).await
    }

    async fn ask(&self, url: &str) -> Result<Bytes, ConfluentError> {
        let asking = self.ask_in_any_time(url);
        let answer = tokio::time::timeout(ATTEMPT_TIMEOUT, asking).await;
        answer.unwrap_or(Err(ConfluentError::TimedOut))
    }

    async fn ask_in_any_time(&self, url: &str) -> Result<Bytes, ConfluentError> {
        let session = self.session().await?;
        let mut request = Request::get(url).header(
            header::ACCEPT,
            "application/vnd.schemaregistry.v1+json, application/json",
        );
        if let Some(authorization) = &session.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request
            .body(Full::default())
            .map_err(|error| ConfluentError::Client(error.to_string()))?;
        let response = session.client.request(request).await;
        let response = response.map_err(|error| ConfluentError::Unreachable(causes(&error)))?;
        let status = response.status();
        let body = body(response, MAX_ANSWER_BYTES).await;
        let body = body.map_err(ConfluentError::Unreadable)?;
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY if says_unknown(&body) => {
                Err(ConfluentError::NotFound)
            }
            StatusCode::NOT_FOUND => Err(ConfluentError::NoRegistry),
            status => Err(ConfluentError::Refused(status)),
        }
    }

    async fn session(&self) -> Result<Arc<Session>, ConfluentError> {
        let mut session = self.session.lock().await;
        if let Some(session) = &*session {
            return Ok(Arc::clone(session));
        }
        let access = match &self.secret {
            Some((credentials, id)) => {
                let text = credentials.secret(id).await;
                let text = text.map_err(|error| ConfluentError::Secret(error.to_string()))?;
                let unusable = || ConfluentError::Secret(format!("secret `{id}` is not {}", access::WANTED));
                RegistryAccess::parse(&text).ok_or_else(unusable)?
            }
            None => RegistryAccess::default(),
        };
        let client = match access.authorities {
            Some(authorities) if self.url.is_https() => HttpClient::trusting(&authorities),
            _ => HttpClient::new(self.url.is_https()),
        };
        let client = client.map_err(|error| ConfluentError::Client(error.to_string()))?;
        let made = Arc::new(Session {
            client,
            authorization: access.authorization.or_else(|| self.url.authorization().cloned()),
        });
        Ok(Arc::clone(session.insert(made)))
    }
}

fn is_about_access(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
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
    /// Response as for [`Self::NoRegistry`], also of registries older than the request.
    #[error(
        "no Confluent registry that finds schemas by GUID answers at the path of schema_registry_url (404 without its \
         error code)"
    )]
    NoGuids,
    #[error("the Confluent registry's answer cannot be read: {0}")]
    Unreadable(String),
    #[error("cannot create an HTTP client: {0}")]
    Client(String),
    /// The credentials are missing or unreadable. Contains nothing of a secret.
    #[error("the Confluent registry's credentials: {0}")]
    Secret(String),
}

impl ConfluentError {
    /// Whether it may be the answer to a path that the API does not have: Confluent's registry answers 404 then, others
    /// that the number is invalid.
    fn is_about_request(&self) -> bool {
        match self {
            Self::NoRegistry => true,
            Self::Refused(status) => {
                matches!(
                    *status,
                    StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY
                )
            }
            _ => false,
        }
    }

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
    id: Option<u32>,
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
        id: answer.id,
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
