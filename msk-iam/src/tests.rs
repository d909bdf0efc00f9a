use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// Request that botocore signed; `README.md` beside the file describes how.
#[derive(Deserialize)]
struct Signed {
    case: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    signed_at: u64,
    url: String,
}

fn moment(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn credentials(expiry: Option<SystemTime>) -> Credentials {
    Credentials::new("AKIDEXAMPLE", "hunter2", Some("session".into()), expiry, "test")
}

fn url_of(token: &IamToken) -> String {
    let url = BASE64_URL_SAFE_NO_PAD.decode(token.expose()).unwrap();
    String::from_utf8(url).unwrap()
}

/// The order of query parameters is not significant.
fn parts(url: &str) -> (&str, BTreeMap<&str, &str>) {
    let (place, query) = url.split_once('?').unwrap();
    (
        place,
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .collect(),
    )
}

#[test]
fn signs_as_botocore_does() {
    let cases: Vec<Signed> = serde_json::from_str(include_str!("tests/tokens.json")).unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let credentials = Credentials::new(
            case.access_key_id,
            case.secret_access_key,
            case.session_token,
            None,
            "test",
        );
        // Fractions of a second are truncated.
        let now = moment(case.signed_at) + Duration::from_millis(999);
        let url = url_of(&IamToken::sign(&credentials, &case.region, "athena-connector", now).unwrap());
        assert_eq!(parts(&url), parts(&case.url), "{}", case.case);
        assert!(url.ends_with("&User-Agent=athena-connector"), "{url}");
    }
}

#[test]
fn dies_with_its_credentials_if_these_die_sooner() {
    let signed = 1_700_000_000;
    for (credentials_expire, token_expires) in [
        (None, 900),
        (Some(899), 899),
        (Some(1), 1),
        (Some(901), 900),
        (Some(43_200), 900),
    ] {
        let expiry = credentials_expire.map(|seconds| moment(signed + seconds));
        let now = moment(signed) + Duration::from_millis(600);
        let token = IamToken::sign(&credentials(expiry), "us-east-1", "client", now).unwrap();
        assert_eq!(
            token.expires(),
            moment(signed + token_expires),
            "{credentials_expire:?}"
        );
    }
}

#[test]
fn shows_no_token() {
    let token = IamToken::sign(&credentials(None), "us-east-1", "client", moment(1_700_000_000)).unwrap();
    let shown = format!("{token:?}");
    assert!(
        shown.contains("expires") && !shown.contains(token.expose()),
        "{shown}"
    );
}

#[test]
fn takes_the_region_from_the_end_of_a_brokers_name() {
    for (kafka_endpoint, region) in [
        (
            "b-1.orders.a1b2c3.c2.kafka.eu-central-1.amazonaws.com:9098",
            Some("eu-central-1"),
        ),
        (
            "boot-x.c2.kafka-serverless.us-east-1.amazonaws.com:9098",
            Some("us-east-1"),
        ),
        (
            "b-1.orders.a1b2c3.c2.kafka.cn-north-1.amazonaws.com.cn:9098",
            Some("cn-north-1"),
        ),
        (
            "proxy:9098, b-2.orders.a1b2c3.c2.kafka.us-gov-west-1.amazonaws.com",
            Some("us-gov-west-1"),
        ),
        // A cluster whose name contains a region.
        (
            "b-1.kafka.us-east-1.a1b2c3.c2.kafka.eu-west-3.amazonaws.com:9098",
            Some("eu-west-3"),
        ),
        ("b-1.kafka.us-east-1.amazonaws.com.example.org:9098", None),
        ("b-1.us-east-1.amazonaws.com:9098", None),
        ("kafka.us-east-1.amazonaws.com:9098", None),
        ("b-1.mykafka.us-east-1.amazonaws.com:9098", None),
        ("b-1.orders.example.org:9098", None),
        ("127.0.0.1:9098", None),
        ("", None),
    ] {
        assert_eq!(region_of_brokers(kafka_endpoint), region, "{kafka_endpoint}");
    }
}
