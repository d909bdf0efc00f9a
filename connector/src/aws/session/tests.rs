use std::collections::BTreeMap;

use aws_credential_types::provider::ProvideCredentials;
use serde::Deserialize;

use super::message::MessageError;
use super::*;
use crate::testing::aws::sdk_config;
use crate::testing::http::HttpEndpoint;

/// Token made by AWS's own library: `scripts/session-tokens`.
#[derive(Deserialize)]
struct Fixture {
    key_arn: String,
    data_key: String,
    session: BTreeMap<String, String>,
    tokens: BTreeMap<String, String>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("tokens.json")).unwrap()
}

impl Fixture {
    fn token(&self, name: &str) -> Vec<u8> {
        STANDARD.decode(&self.tokens[name]).unwrap()
    }

    fn data_key(&self) -> Vec<u8> {
        STANDARD.decode(&self.data_key).unwrap()
    }

    /// Response of KMS.
    fn decrypted(&self) -> String {
        format!(
            r#"{{"Plaintext":"{}","KeyId":"{}"}}"#,
            self.data_key, self.key_arn
        )
    }

    fn session(&self, name: &str, key_id: &str) -> ForwardedSession {
        let options = [
            ("fas_token", self.tokens[name].as_str()),
            ("service_kms_key_id", key_id),
        ];
        ForwardedSession::of(Some(&identity(&options))).unwrap()
    }
}

fn identity(options: &[(&str, &str)]) -> FederatedIdentity {
    let options = options
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    FederatedIdentity {
        config_options: options.collect(),
        ..FederatedIdentity::default()
    }
}

/// Caller with a session, and the response of KMS when its key is unwrapped.
pub(crate) fn forwarded() -> (FederatedIdentity, String) {
    let fixture = fixture();
    let options = [
        ("fas_token", fixture.tokens["signed"].as_str()),
        ("service_kms_key_id", &fixture.key_arn),
    ];
    (identity(&options), fixture.decrypted())
}

fn open(token: &[u8], data_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, MessageError> {
    Message::parse(token)?.open(data_key)
}

const COMMITTED: [&str; 4] = ["signed", "committed", "several frames", "no frames"];

#[test]
fn opens_what_awss_library_encrypted() {
    let fixture = fixture();
    for name in COMMITTED {
        let text = open(&fixture.token(name), &fixture.data_key()).unwrap();
        let session: BTreeMap<String, String> = serde_json::from_slice(&text).unwrap();
        assert_eq!(session, fixture.session, "{name}");
    }
}

#[test]
fn a_message_that_commits_to_no_key_is_refused() {
    let fixture = fixture();
    let refused = open(&fixture.token("uncommitted"), &fixture.data_key());
    assert_eq!(refused, Err(MessageError::Format(1)));
}

#[test]
fn every_changed_missing_or_added_byte_is_refused() {
    let fixture = fixture();
    for name in COMMITTED {
        let token = fixture.token(name);
        for at in 0..token.len() {
            let mut changed = token.clone();
            changed[at] ^= 1;
            assert!(
                open(&changed, &fixture.data_key()).is_err(),
                "{name}: byte {at} changed"
            );
            assert!(
                open(&token[..at], &fixture.data_key()).is_err(),
                "{name}: cut to {at} bytes"
            );
        }
        let longer = [&token[..], b"!"].concat();
        assert_eq!(
            open(&longer, &fixture.data_key()),
            Err(MessageError::Trailing),
            "{name}"
        );
    }
}

#[test]
fn another_data_key_is_refused() {
    let token = fixture().token("signed");
    assert_eq!(open(&token, &[7; 32]), Err(MessageError::Commitment));
    assert_eq!(open(&token, b"short"), Err(MessageError::Value("data key")));
}

#[test]
fn a_session_counts_only_with_the_name_of_its_key() {
    for options in [
        &[][..],
        &[("fas_token", "AAAA")],
        &[("service_kms_key_id", "k")],
        &[("fas_token", "AAAA"), ("service_kms_key_id", " ")],
    ] {
        assert_eq!(
            ForwardedSession::of(Some(&identity(options))),
            None,
            "{options:?}"
        );
    }
    assert_eq!(ForwardedSession::of(None), None);
}

#[tokio::test]
async fn the_callers_credentials_take_the_place_of_the_functions() {
    let fixture = fixture();
    let kms = HttpEndpoint::answering(200, &fixture.decrypted()).await;
    let (_, id) = fixture.key_arn.rsplit_once('/').unwrap();
    for key_id in [fixture.key_arn.as_str(), id] {
        let session = fixture.session("signed", key_id);
        let sdk = session.assume(&sdk_config(&kms.url)).await.unwrap();
        let credentials = sdk
            .credentials_provider()
            .unwrap()
            .provide_credentials()
            .await
            .unwrap();
        assert_eq!(credentials.access_key_id(), fixture.session["accessToken"]);
        assert_eq!(credentials.secret_access_key(), fixture.session["secretToken"]);
        assert_eq!(
            credentials.session_token(),
            Some(fixture.session["securityToken"].as_str())
        );
    }
    let asked = kms.requests().concat();
    // "wrapped", as base64.
    assert!(
        asked.contains("TrentService.Decrypt")
            && asked.contains("d3JhcHBlZA==")
            && asked.contains(r#""purpose":"session""#),
        "{asked}"
    );
}

#[tokio::test]
async fn a_token_that_does_not_open_says_why_and_nothing_of_itself() {
    let fixture = fixture();
    let denied = r#"{"__type":"AccessDeniedException","message":"not authorized to perform kms:Decrypt"}"#;
    let kms = HttpEndpoint::answering(400, denied).await;
    let sdk = sdk_config(&kms.url);
    let other_key = fixture.session("signed", "arn:aws:kms:us-east-1:123456789012:key/other");
    let no_base64 = ForwardedSession {
        token: "hunter2!".to_owned(),
        key_id: fixture.key_arn.clone(),
    };
    for (session, reason) in [
        (
            fixture.session("signed", &fixture.key_arn),
            "not authorized to perform kms:Decrypt",
        ),
        (other_key, "its key is not wrapped under"),
        (no_base64, "it is not base64"),
    ] {
        let error = session.assume(&sdk).await.unwrap_err().to_string();
        assert!(
            error.starts_with("the caller's session (fas_token): ") && error.contains(reason),
            "{error}"
        );
        assert!(!error.contains("hunter2") && !format!("{session:?}").contains("hunter2"));
    }
}
