//! Endpoint as AWS's own client sees it.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, Delete, ObjectIdentifier};
use bytes::Bytes;

use super::*;

const BUCKET: &str = "spill";

async fn start() -> (EmbeddedS3, Client) {
    let s3 = EmbeddedS3::start().await.unwrap();
    s3.create_bucket(BUCKET);
    let client = client(&s3, SECRET_ACCESS_KEY, 1);
    (s3, client)
}

fn client(s3: &EmbeddedS3, secret: &str, attempts: u32) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(ACCESS_KEY_ID, secret, None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .endpoint_url(s3.endpoint_url());
    Client::from_conf(config.build())
}

async fn put(client: &Client, key: &str, body: &'static [u8]) {
    client
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .body(ByteStream::from_static(body))
        .send()
        .await
        .unwrap();
}

async fn get(client: &Client, key: &str) -> Bytes {
    let got = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
    got.body.collect().await.unwrap().into_bytes()
}

fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, E>) -> String {
    result.unwrap_err().code().unwrap_or("no code").to_owned()
}

#[tokio::test]
async fn gives_back_what_was_put() {
    let (s3, client) = start().await;
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("a/b c+ä.bin")
        .content_type("application/vnd.apache.arrow.stream")
        .metadata("rows", "3")
        .body(ByteStream::from_static(b"block"))
        .send()
        .await
        .unwrap();
    assert!(
        put.checksum_crc32().is_some(),
        "the client sends a checksum, and it is verified"
    );

    let got = client
        .get_object()
        .bucket(BUCKET)
        .key("a/b c+ä.bin")
        .send()
        .await
        .unwrap();
    assert_eq!((got.e_tag(), got.content_length()), (put.e_tag(), Some(5)));
    assert_eq!(got.content_type(), Some("application/vnd.apache.arrow.stream"));
    assert_eq!(got.metadata().unwrap()["rows"], "3");
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "block");
    assert_eq!(s3.objects(BUCKET), ["a/b c+ä.bin"]);

    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("a/b c+ä.bin")
        .send()
        .await
        .unwrap();
    assert_eq!((head.e_tag(), head.content_length()), (put.e_tag(), Some(5)));
}

#[tokio::test]
async fn gives_ranges() {
    let (_s3, client) = start().await;
    put(&client, "k", b"0123456789").await;
    for (range, expected, content_range) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
    ] {
        let got = client
            .get_object()
            .bucket(BUCKET)
            .key("k")
            .range(range)
            .send()
            .await
            .unwrap();
        assert_eq!(got.content_range(), Some(content_range));
        assert_eq!(
            got.body.collect().await.unwrap().into_bytes(),
            expected,
            "{range}"
        );
    }
    let outside = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .range("bytes=10-")
        .send()
        .await;
    assert_eq!(code(outside), "InvalidRange");
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let (_s3, client) = start().await;
    put(&client, "empty", b"").await;
    assert_eq!(get(&client, "empty").await, "");
}

#[tokio::test]
async fn a_missing_bucket_is_an_error_for_every_call() {
    let (s3, client) = start().await;
    let put = client
        .put_object()
        .bucket("none")
        .key("k")
        .body(ByteStream::from_static(b"x"))
        .send()
        .await;
    assert_eq!(code(put), "NoSuchBucket");
    assert_eq!(
        code(client.get_object().bucket("none").key("k").send().await),
        "NoSuchBucket"
    );
    assert_eq!(
        code(client.delete_object().bucket("none").key("k").send().await),
        "NoSuchBucket"
    );
    assert_eq!(
        code(client.list_objects_v2().bucket("none").send().await),
        "NoSuchBucket"
    );
    let head = client.head_bucket().bucket("none").send().await.unwrap_err();
    assert_eq!(head.raw_response().unwrap().status().as_u16(), 404);
    assert!(s3.objects("none").is_empty());
}

#[tokio::test]
async fn a_missing_key_is_an_error() {
    let (_s3, client) = start().await;
    let got = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert!(got.into_service_error().is_no_such_key());
    let head = client
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert!(matches!(head, SdkError::ServiceError(e) if matches!(e.err(), HeadObjectError::NotFound(_))));
    client
        .delete_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .expect("deleting nothing succeeds");
}

#[tokio::test]
async fn creates_a_bucket_once() {
    let (_s3, client) = start().await;
    client.create_bucket().bucket("fresh").send().await.unwrap();
    client.head_bucket().bucket("fresh").send().await.unwrap();
    assert_eq!(
        code(client.create_bucket().bucket("fresh").send().await),
        "BucketAlreadyOwnedByYou"
    );
}

#[tokio::test]
async fn lists_more_than_a_page() {
    let (_s3, client) = start().await;
    for i in 0..25 {
        put(&client, &format!("q/{i:02}"), b"x").await;
    }
    put(&client, "p", b"x").await;
    put(&client, "r", b"x").await;
    let first = client
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("q/")
        .max_keys(10)
        .send()
        .await
        .unwrap();
    assert_eq!((first.key_count(), first.is_truncated()), (Some(10), Some(true)));
    let mut pages = client
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("q/")
        .max_keys(10)
        .into_paginator()
        .send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        keys.extend(
            page.unwrap()
                .contents()
                .iter()
                .map(|object| object.key().unwrap().to_owned()),
        );
    }
    assert_eq!(keys, (0..25).map(|i| format!("q/{i:02}")).collect::<Vec<_>>());
    let rest = client
        .list_objects_v2()
        .bucket(BUCKET)
        .start_after("q/23")
        .send()
        .await
        .unwrap();
    let rest: Vec<_> = rest
        .contents()
        .iter()
        .map(|object| object.key().unwrap())
        .collect();
    assert_eq!(rest, ["q/24", "r"]);
}

#[tokio::test]
async fn rolls_up_what_is_behind_a_delimiter() {
    let (_s3, client) = start().await;
    for key in ["a/1", "a/2", "b", "c/1", "c/d/2", "e"] {
        put(&client, key, b"x").await;
    }
    let mut seen = Vec::new();
    let mut pages = client
        .list_objects_v2()
        .bucket(BUCKET)
        .delimiter("/")
        .max_keys(1)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        seen.extend(
            page.common_prefixes()
                .iter()
                .map(|common| common.prefix().unwrap().to_owned()),
        );
        seen.extend(
            page.contents()
                .iter()
                .map(|object| object.key().unwrap().to_owned()),
        );
    }
    assert_eq!(seen, ["a/", "b", "c/", "e"]);
}

#[tokio::test]
async fn deleted_objects_hold_no_memory() {
    let (s3, client) = start().await;
    for key in ["a/1", "a/2", "b", "c", "d"] {
        put(&client, key, b"0123456789").await;
    }
    assert_eq!(s3.stored_bytes(), 50);
    client
        .delete_object()
        .bucket(BUCKET)
        .key("b")
        .send()
        .await
        .unwrap();
    let identifiers = ["c", "missing"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder()
        .set_objects(Some(identifiers.into()))
        .build()
        .unwrap();
    client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert_eq!(s3.clear(BUCKET, "a/"), 2);
    assert_eq!(s3.clear("none", ""), 0);
    assert_eq!(s3.objects(BUCKET), ["d"]);
    assert_eq!(s3.stored_bytes(), 10);
}

#[tokio::test]
async fn fails_as_many_puts_as_told() {
    let (s3, impatient) = start().await;
    s3.fail_next_puts(1);
    let body = ByteStream::from(vec![7; 1 << 20]);
    let failed = impatient.put_object().bucket(BUCKET).key("k").body(body);
    assert_eq!(code(failed.send().await), "SlowDown");
    assert!(s3.objects(BUCKET).is_empty());
    s3.fail_next_puts(2);
    put(&client(&s3, SECRET_ACCESS_KEY, 3), "k", b"x").await;
    assert_eq!(s3.objects(BUCKET), ["k"]);
}

#[tokio::test]
async fn a_denied_bucket_denies_everything() {
    let (s3, client) = start().await;
    put(&client, "k", b"x").await;
    s3.deny_bucket(BUCKET);
    assert_eq!(
        code(client.get_object().bucket(BUCKET).key("k").send().await),
        "AccessDenied"
    );
    let put_again = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .body(ByteStream::from_static(b"y"))
        .send()
        .await;
    assert_eq!(code(put_again), "AccessDenied");
    assert_eq!(
        code(client.list_objects_v2().bucket(BUCKET).send().await),
        "AccessDenied"
    );
}

#[tokio::test]
async fn rejects_a_wrong_secret() {
    let (s3, _) = start().await;
    let wrong = client(&s3, "wrong", 1);
    assert_eq!(
        code(wrong.list_objects_v2().bucket(BUCKET).send().await),
        "SignatureDoesNotMatch"
    );
}

#[tokio::test]
async fn rejects_a_body_that_is_not_what_its_checksum_says() {
    let (s3, client) = start().await;
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .checksum_crc32("AAAAAA==")
        .body(ByteStream::from_static(b"not zeros"))
        .send()
        .await;
    assert_eq!(code(put), "BadDigest");
    assert!(s3.objects(BUCKET).is_empty());
}

#[tokio::test]
async fn many_puts_at_once_all_arrive() {
    let (s3, client) = start().await;
    let puts = (0..40).map(|i| {
        let body = ByteStream::from(vec![i as u8; 100_000]);
        client
            .put_object()
            .bucket(BUCKET)
            .key(format!("{i:02}"))
            .body(body)
            .send()
    });
    for put in futures::future::join_all(puts).await {
        put.unwrap();
    }
    assert_eq!(s3.stored_bytes(), 4_000_000);
    for i in 0..40_u8 {
        let body = get(&client, &format!("{i:02}")).await;
        assert!(body.len() == 100_000 && body.iter().all(|&byte| byte == i), "{i}");
    }
}
