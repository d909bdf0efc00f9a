//! Tokens of an OAuth authorization server, by
//! [client credentials](https://www.rfc-editor.org/rfc/rfc6749#section-4.4).

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Request, header};
use kafka::auth::secret::SecretText;
use kafka::auth::token::{LoginToken, TokenEndpoint};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::http::{HttpClient, body};
use spill::causes;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest response; tokens have some kilobytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Lifetime assumed for a token whose server states none.
const UNSTATED_LIFETIME: Duration = Duration::from_secs(300);
/// Longest lifetime that is believed. A greater number would overflow the clock.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Requests a token for the client. An error is a reason that contains no secret.
pub(crate) async fn token(
    endpoint: &TokenEndpoint,
    client_id: &SecretText,
    client_secret: &SecretText,
) -> Result<LoginToken, String> {
    let asking = ask(endpoint, client_id, client_secret);
    let answer = tokio::time::timeout(TIMEOUT, asking).await;
    answer.unwrap_or_else(|_| Err(format!("no answer within {TIMEOUT:?}")))
}

/// Response with a token, as far as it is used here.
#[derive(Deserialize)]
struct Answer {
    access_token: SecretText,
    expires_in: Option<u64>,
}

/// Response without a token ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
/// Both texts are for display.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

async fn ask(
    endpoint: &TokenEndpoint,
    client_id: &SecretText,
    client_secret: &SecretText,
) -> Result<LoginToken, String> {
    let mut form = "grant_type=client_credentials".to_owned();
    if let Some(scope) = &endpoint.scope {
        form = format!("{form}&scope={}", encoded(scope));
    }
    let login = format!(
        "{}:{}",
        encoded(client_id.expose()),
        encoded(client_secret.expose())
    );
    let login = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(login)));
    let mut login = login.map_err(|error| error.to_string())?;
    login.set_sensitive(true);
    let request = Request::post(&endpoint.url)
        .header(header::AUTHORIZATION, login)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Full::from(form))
        .map_err(|error| error.to_string())?;
    let client = HttpClient::new(endpoint.url.starts_with("https:")).map_err(|error| error.to_string())?;
    let asked = SystemTime::now();
    let response = client.request(request).await.map_err(|error| causes(&error))?;
    let status = response.status();
    let body = body(response, MAX_ANSWER_BYTES).await?;
    if !status.is_success() {
        let Refusal {
            error,
            error_description,
        } = serde_json::from_slice(&body).unwrap_or_default();
        return Err(format!("{status} {error} {error_description}")
            .trim_end()
            .to_owned());
    }
    // The parser's error is dropped, since it may quote the token.
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|_| "the answer is not a JSON object with access_token".to_owned())?;
    let lifetime = answer.expires_in.map_or(UNSTATED_LIFETIME, Duration::from_secs);
    Ok(LoginToken {
        text: answer.access_token,
        expires: asked + lifetime.min(MAX_LIFETIME),
    })
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
