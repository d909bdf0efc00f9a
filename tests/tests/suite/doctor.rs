//! `athena-local doctor` names each fault, and all checks that do not depend on it are made.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use embedded::s3::EmbeddedS3;
use serde_json::{Value, json};
use tests::doctor::{Examination, examine};
use tests::world::World;

const TABLE: &str = "table customer.orders";
const OF_TOPIC: [&str; 4] = ["topic", "timestamps", "read", "decode"];

/// World whose table `orders` is over a topic with a few records.
async fn world() -> (World, String) {
    let world = World::start().await;
    let topic = world.broker.create_topic("doctor", 2).await;
    for partition in 0..2 {
        let values = (0..5).map(|n| Some(format!(r#"{{"n":{n},"at":"2023-03-14 09:26:53"}}"#)));
        world.broker.produce(&topic, partition, values);
    }
    register(&world, &topic, "yyyy-MM-dd HH:mm:ss");
    (world, topic)
}

fn register(world: &World, topic: &str, hint: &str) {
    world.register_json("orders", topic, &[("n", "BIGINT", ""), ("at", "TIMESTAMP", hint)]);
}

fn statuses(examination: &Examination, subject: &str, checks: &[&str]) -> Vec<String> {
    checks
        .iter()
        .map(|check| examination.status(subject, check))
        .collect()
}

/// Asserts all checks except those of Athena's status, which the stand-ins do not have.
fn assert_healthy_elsewhere(examination: &Examination, but: &[&str]) {
    let report: Value = serde_json::from_str(&examination.stdout).expect("a JSON object");
    for finding in report["findings"].as_array().expect("findings") {
        let check = finding["check"].as_str().expect("a check");
        if check != "query_status" && !but.contains(&check) {
            assert_eq!(finding["status"], "ok", "{finding}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_deployment_is_said_to_be() {
    let (world, topic) = world().await;
    let examination = world.examine(&[], &["--json"]).await;
    assert_eq!(examination.code, Some(0), "{}", examination.stdout);
    assert_healthy_elsewhere(&examination, &[]);
    let (_, found, _) = examination.only(TABLE, "document");
    assert_eq!(found, format!("topic {topic}, json values, 2 columns"));
    let (_, found, _) = examination.only(TABLE, "topic");
    assert_eq!(found, "2 partitions with 10 offsets (0: 0..5, 1: 0..5)");
    let (_, found, _) = examination.only(TABLE, "decode");
    assert_eq!(found, "all 10 with a value become rows");
    let (_, found, _) = examination.only("settings", "variables");
    assert_eq!(
        found,
        "set: auth_type, kafka_endpoint, spill_bucket, spill_prefix"
    );
    let (_, found, _) = examination.only("AWS", "region");
    assert_eq!(found, "us-east-1, from AWS_REGION");
    assert_eq!(examination.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bucket_got_is_gone_again() {
    let (world, _) = world().await;
    let examination = world.examine(&[], &["--json"]).await;
    let (status, found, _) = examination.only("spilling", "write");
    assert!(status == "ok" && found.ends_with("deleted it again"), "{found}");
    let left = world.s3().list_objects_v2().bucket(&world.bucket).send().await;
    assert_eq!(left.expect("a listing").contents().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_an_aligned_list() {
    let (world, _) = world().await;
    world
        .glue
        .add_registry("legacy", "before Athena")
        .expect("a registry");
    let examination = world.examine(&[], &["--read-only"]).await;
    assert_eq!(examination.code, Some(0), "{}", examination.stdout);
    for line in [
        "registries",
        "  ok       marker        on customer",
        "  warning  marker        not on legacy: Athena does not list what is in there",
        "                         fix: put {AthenaFederationMSK} into the description of each registry whose schemas are to be",
        "table customer.orders",
        "  ok       decode        all 10 with a value become rows",
        "  skipped  write         because --read-only is set",
    ] {
        let found = examination.stdout.lines().any(|shown| shown == line);
        assert!(found, "{line} is not in:\n{}", examination.stdout);
    }
    let counts = examination.stdout.lines().last().expect("a last line");
    assert!(counts.ends_with(" 0 failed, 1 skipped"), "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_marker_and_a_bad_document_are_named() {
    let (world, topic) = world().await;
    world
        .glue
        .add_registry("legacy", "before Athena")
        .expect("a registry");
    world.register_in("legacy", "unseen", &json!({}));
    world.register("broken", &json!({ "topicName": topic }));
    let examination = world.examine(&[], &["--json"]).await;
    assert_eq!(examination.code, Some(1));
    let markers = examination.of("registries", "marker");
    assert_eq!(
        (&*markers[1].0, markers[1].1.contains("not on legacy")),
        ("warning", true),
        "{markers:?}"
    );
    assert!(!examination.stdout.contains("unseen"));
    let (status, found, fix) = examination.only("table customer.broken", "document");
    assert_eq!(status, "failed");
    assert!(found.starts_with("message: missing"), "{found}");
    assert!(fix.contains("schema check"), "{fix}");
    assert_eq!(
        statuses(&examination, "table customer.broken", &OF_TOPIC),
        ["skipped"; 4]
    );
    assert_eq!(statuses(&examination, TABLE, &OF_TOPIC), ["ok"; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_is_named_and_not_created() {
    let (world, _) = world().await;
    world.register_json("lost", "nobody-made-it", &[("n", "BIGINT", "")]);
    for _ in 0..2 {
        let examination = world.examine(&[], &["customer.lost", "--json"]).await;
        assert_eq!(examination.code, Some(1));
        let (status, found, fix) = examination.only("table customer.lost", "topic");
        assert_eq!(status, "failed");
        assert!(found.contains("`nobody-made-it` does not exist"), "{found}");
        assert!(fix.contains("topicName"), "{fix}");
        assert_eq!(
            statuses(&examination, "table customer.lost", &OF_TOPIC[1..]),
            ["skipped"; 3]
        );
        assert!(
            examination.of(TABLE, "document").is_empty(),
            "only one table was asked for"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_do_not_fit_are_counted_and_the_first_is_named() {
    let (world, topic) = world().await;
    let bad = [
        Some(r#"{"n":"many","at":"2023-03-14 09:26:53"}"#.to_owned()),
        Some("no json".to_owned()),
    ];
    world.broker.produce(&topic, 1, bad);
    let examination = world.examine(&[], &["--json"]).await;
    assert_eq!(examination.code, Some(0), "{}", examination.stdout);
    let (status, found, _) = examination.only(TABLE, "decode");
    assert_eq!(status, "warning");
    let wanted = "10 of 12 become complete rows; cannot be decoded: 1; do not fit column `n`: 1; the first: partition 1 \
                  offset 5: column `n`: ";
    assert!(found.starts_with(wanted), "{found}");
    assert!(!found.contains("many"), "{found}");

    register(&world, &topic, "epoch_seconds");
    let examination = world.examine(&[], &["--json"]).await;
    assert_eq!(examination.code, Some(1));
    let (status, found, fix) = examination.only(TABLE, "decode");
    assert_eq!(status, "failed");
    assert!(found.starts_with("0 of 12"), "{found}");
    assert!(!fix.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_is_named() {
    let (world, _) = world().await;
    let examination = world
        .examine(&[("spill_bucket", "nobody-made-it")], &["--json"])
        .await;
    assert_eq!(examination.code, Some(1));
    let (status, found, _) = examination.only("spilling", "bucket");
    assert_eq!(status, "failed");
    assert!(found.contains("\"nobody-made-it\" does not exist"), "{found}");
    assert_eq!(examination.status("spilling", "write"), "skipped");
    assert_healthy_elsewhere(&examination, &["bucket", "write"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_bucket_is_named() {
    let (world, _) = world().await;
    let s3 = EmbeddedS3::start().await.expect("a bucket endpoint");
    s3.create_bucket("denied");
    s3.deny_bucket("denied");
    let settings = [
        ("spill_bucket", "denied"),
        ("AWS_ENDPOINT_URL_S3", &s3.endpoint_url()),
    ];
    let examination = world.examine(&settings, &["--json"]).await;
    assert_eq!(examination.code, Some(1));
    let (status, found, fix) = examination.only("spilling", "bucket");
    assert_eq!(status, "failed");
    assert!(found.contains("access is denied"), "{found}");
    assert!(fix.contains("s3:ListBucket"), "{fix}");
    assert_healthy_elsewhere(&examination, &["bucket", "write"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_do_not_answer_hide_their_topics_alone() {
    let (world, _) = world().await;
    let nowhere = [("kafka_endpoint", "127.0.0.1:1")];
    let examination = world.examine(&nowhere, &["--json", "--time-limit", "2"]).await;
    assert_eq!(examination.code, Some(1));
    let (status, found, fix) = examination.only("Kafka cluster", "login");
    assert_eq!(status, "failed");
    assert!(
        found.contains("127.0.0.1:1") && found.contains("refused"),
        "{found}"
    );
    assert!(fix.contains("kafka_endpoint"), "{fix}");
    assert_eq!(statuses(&examination, TABLE, &OF_TOPIC), ["skipped"; 4]);
    assert_healthy_elsewhere(&examination, &[&["login"][..], &OF_TOPIC].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_endpoint_that_is_away_hides_the_tables_alone() {
    let (world, _) = world().await;
    let nowhere = [("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:1")];
    let examination = world.examine(&nowhere, &["--json"]).await;
    assert_eq!(examination.code, Some(1));
    let (status, found, fix) = examination.only("registries", "registries");
    assert_eq!(status, "failed");
    assert!(found.contains("could not be reached"), "{found}");
    assert!(fix.contains("endpoint"), "{fix}");
    assert_eq!(examination.status("Kafka cluster", "login"), "ok");
    assert_eq!(examination.status("spilling", "write"), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_variable_that_is_wrong_is_named() {
    let (world, _) = world().await;
    let wrong = [
        ("auth_type", "KERBEROS"),
        ("metadata_columns", "perhaps"),
        ("max_records_per_split", "0"),
    ];
    let examination = world.examine(&wrong, &["--json"]).await;
    assert_eq!(examination.code, Some(1));
    let failed = examination.of("settings", "variables");
    assert_eq!(failed.len(), 3, "{failed:?}");
    for (name, _) in wrong {
        assert!(
            failed
                .iter()
                .any(|(status, found, _)| status == "failed" && found.contains(name)),
            "{failed:?}"
        );
    }
    assert_eq!(statuses(&examination, TABLE, &OF_TOPIC), ["skipped"; 4]);
    assert_eq!(examination.status(TABLE, "document"), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_completed_hide_what_depends_on_them() {
    let (world, _) = world().await;
    let examination = world.examine(&[("glue_connection", "gone")], &["--json"]).await;
    assert_eq!(examination.code, Some(1));
    let (status, found, fix) = examination.only("settings", "variables");
    assert_eq!(status, "failed");
    assert!(found.starts_with("Glue connection `gone`: "), "{found}");
    assert!(fix.contains("glue:GetConnection"), "{fix}");
    assert_eq!(examination.status(TABLE, "document"), "ok");
    assert_eq!(statuses(&examination, TABLE, &OF_TOPIC), ["skipped"; 4]);
    assert_eq!(examination.status("spilling", "write"), "skipped");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/moto run -- …"]
async fn a_key_that_kms_does_not_have_is_named() {
    let (world, _) = world().await;
    let endpoint = std::env::var("MOTO_ENDPOINT").expect("MOTO_ENDPOINT, see scripts/moto");
    let settings = [("AWS_ENDPOINT_URL_KMS", &*endpoint), ("kms_key_id", "alias/none")];
    let examination = world.examine(&settings, &["--json"]).await;
    assert_eq!(examination.code, Some(1));
    let (status, found, fix) = examination.only("spilling", "key");
    assert_eq!(status, "failed");
    assert!(found.contains("`alias/none`: NotFoundException"), "{found}");
    assert!(fix.contains("kms:GenerateDataKey"), "{fix}");
    assert_healthy_elsewhere(&examination, &["key"]);
}

/// Part of Lambda: GetFunctionConfiguration of the function `f`. Returns its address.
async fn lambda(variables: Value) -> String {
    let answer = json!({
        "FunctionName": "f", "Timeout": 900, "MemorySize": 512, "Environment": { "Variables": variables },
    });
    let configuration = async move |Path(name): Path<String>| match name.as_str() {
        "f" => axum::Json(answer.clone()).into_response(),
        _ => {
            let error = [("x-amzn-errortype", "ResourceNotFoundException")];
            let text = axum::Json(json!({ "Message": "Function not found", "Type": "User" }));
            (StatusCode::NOT_FOUND, error, text).into_response()
        }
    };
    let routes = Router::new().route("/2015-03-31/functions/{name}/configuration", get(configuration));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        // Ends with the test.
        let _ = axum::serve(listener, routes).await;
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_functions_variables_take_the_place_of_ones_own() {
    let (world, _) = world().await;
    let of_function = json!({
        "kafka_endpoint": world.broker.bootstrap(), "spill_bucket": world.bucket, "glue_region": "eu-west-1",
    });
    let mut variables = world.variables();
    variables.retain(|(name, _)| name.starts_with("AWS_"));
    variables.push(("AWS_ENDPOINT_URL_LAMBDA".into(), lambda(of_function).await));
    variables.push(("spill_bucket".into(), "of-another".into()));

    let examination = examine(&variables, &["--json", "--function", "f"]).await;
    assert_eq!(examination.code, Some(0), "{}", examination.stdout);
    let (_, found, _) = examination.only("settings", "function");
    assert_eq!(found, "`f`: 3 variables, 900 s, 512 MB, outside of any VPC");
    let settings = examination.of("settings", "variables");
    assert!(
        settings[0].1.ends_with("not read by the connector: glue_region"),
        "{settings:?}"
    );
    assert_eq!(settings[1].1, "set: kafka_endpoint, spill_bucket");
    assert_eq!(examination.status(TABLE, "decode"), "ok");

    let examination = examine(&variables, &["--json", "--function", "g"]).await;
    assert_eq!(examination.code, Some(1));
    let (status, found, _) = examination.only("settings", "function");
    assert_eq!((&*status, &*found), ("failed", "function `g` does not exist"));
    assert_eq!(examination.status(TABLE, "document"), "ok");
    assert_eq!(statuses(&examination, TABLE, &OF_TOPIC), ["skipped"; 4]);
    assert_eq!(examination.status("spilling", "write"), "skipped");
}
