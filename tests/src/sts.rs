//! A Security Token Service that gives sessions of the roles it was told of, and notes who asked for them how.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// A running endpoint, gone when dropped.
pub struct Sts {
    address: String,
    state: Arc<Mutex<Sessions>>,
    server: tokio::task::JoinHandle<()>,
}

/// What a role is assumed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// External id that its trust policy requires.
    pub external_id: Option<&'static str>,
    pub access_key_id: &'static str,
    pub secret_access_key: &'static str,
    pub session_token: &'static str,
    /// How long a session is good for.
    pub session: Duration,
}

#[derive(Default)]
struct Sessions {
    roles: BTreeMap<String, Role>,
    /// ARN and session name of each, in order.
    assumed: Vec<(String, String)>,
}

impl Sts {
    pub async fn start() -> io::Result<Self> {
        let state = Arc::<Mutex<Sessions>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            // Ends with the test: an error here shows as calls that fail.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            address: format!("http://127.0.0.1:{port}"),
            state,
            server,
        })
    }

    /// For `AWS_ENDPOINT_URL_STS`.
    pub fn endpoint_url(&self) -> String {
        self.address.clone()
    }

    pub fn add_role(&self, arn: &str, role: Role) {
        lock(&self.state).roles.insert(arn.to_owned(), role);
    }

    /// ARN and session name of the sessions that were given, in order.
    pub fn assumed(&self) -> Vec<(String, String)> {
        lock(&self.state).assumed.clone()
    }
}

impl Drop for Sts {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<Sessions>) -> MutexGuard<'_, Sessions> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(state): State<Arc<Mutex<Sessions>>>, body: String) -> Response {
    let field = |name: &str| {
        let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(each, _)| *each == name)?;
        percent_encoding::percent_decode_str(value)
            .decode_utf8()
            .ok()
            .map(String::from)
    };
    let arn = field("RoleArn").unwrap_or_default();
    let mut state = lock(&state);
    let role = state.roles.get(&arn).cloned();
    let role = role.filter(|role| role.external_id.map(str::to_owned) == field("ExternalId"));
    let Some(role) = role.filter(|_| field("Action").as_deref() == Some("AssumeRole")) else {
        let fault = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform \
             sts:AssumeRole on {arn}</Message></Error></ErrorResponse>"
        );
        return (StatusCode::FORBIDDEN, fault).into_response();
    };
    state
        .assumed
        .push((arn.clone(), field("RoleSessionName").unwrap_or_default()));
    let Role {
        access_key_id,
        secret_access_key,
        session_token,
        session,
        ..
    } = role;
    let expiration = DateTime::from(SystemTime::now() + session).fmt(DateTimeFormat::DateTime);
    let expiration = expiration.unwrap_or_default();
    let session_token = session_token.replace('&', "&amp;");
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>{arn}</Arn>\
         </AssumedRoleUser><Credentials><AccessKeyId>{access_key_id}</AccessKeyId><SecretAccessKey>{secret_access_key}\
         </SecretAccessKey><SessionToken>{session_token}</SessionToken><Expiration>{expiration}</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    .into_response()
}
