//! `athena-local schema register`.

use std::time::Duration;

use tests::cloud::Cloud;
use tests::program::run_with_input;
use tests::sts::{Role, Sts};

use super::*;

const DOCUMENT: &str = r#"{"topicName": "TOPIC", "message": {"dataFormat": "json", "fields": [
    {"name": "id", "mapping": "id", "type": "BIGINT"},
    {"name": "note", "mapping": "note", "type": "VARCHAR"}]}}"#;

async fn register(world: &World, arguments: &[&str], text: &str) -> tests::program::Ended {
    let arguments = [&["schema", "register", "-"], arguments].concat();
    run_with_input(&world.variables(), &arguments, text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_becomes_a_table_in_three_commands() {
    let world = World::start().await;
    let topic = world.broker.create_topic("mine", 1).await;
    world
        .broker
        .produce(&topic, 0, (0..3).map(|id| Some(note(id).to_string())));
    let listed = world.run(&[], &["topics", &topic]).await.success();
    assert!(listed.stdout.contains("0..3"), "{}", listed.stdout);
    let document = world
        .run(&[], &["schema", "infer", &topic])
        .await
        .success()
        .stdout;
    // The only registry with the marker is meant.
    let registered = register(&world, &[], &document).await.success();
    assert!(
        registered.stdout.starts_with(&format!(
            "registered customer.{topic} as version 1\ntopic {topic}, json values\n"
        )),
        "{}",
        registered.stdout
    );
    let sql = format!("SELECT id, note FROM msk.customer.\"{topic}\" ORDER BY id");
    let rows = world.run(&[], &["sql", &sql, "--output", "json"]).await.success();
    assert_eq!(rows.json_lines(), [note(0), note(1), note(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_made_with_its_marker_and_versions_are_compared() {
    let world = World::start().await;
    let made = register(&world, &["--registry", "shop", "--name", "t"], DOCUMENT)
        .await
        .success();
    let lines: Vec<&str> = made.stdout.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "created registry shop, marked {AthenaFederationMSK}",
            "registered shop.t as version 1"
        ]
    );

    let again = DOCUMENT.replace(": ", ":");
    let again = register(&world, &["--registry", "shop", "--name", "t"], &again)
        .await
        .success();
    assert!(
        again.stdout.starts_with("shop.t is unchanged: version 1\n"),
        "{}",
        again.stdout
    );

    let wider = DOCUMENT.replace("}]}}", r#"}, {"name": "at", "mapping": "at", "type": "DATE"}]}}"#);
    let tried = register(
        &world,
        &["--registry", "shop", "--name", "t", "--dry-run"],
        &wider,
    )
    .await
    .success();
    assert!(
        tried
            .stdout
            .starts_with("would register shop.t as the version after 1, compatible"),
        "{}",
        tried.stdout
    );
    let added = register(&world, &["--registry", "shop", "--name", "t"], &wider)
        .await
        .success();
    let lines: Vec<&str> = added.stdout.lines().collect();
    let wanted = "registered shop.t as version 2, compatible: queries of the previous version still work";
    assert_eq!(lines[..2], [wanted, "  + at date"]);

    let narrower = DOCUMENT.replace("BIGINT", "VARCHAR");
    let broken = register(&world, &["--registry", "shop", "--name", "t"], &narrower)
        .await
        .success();
    let lines: Vec<&str> = broken.stdout.lines().collect();
    let wanted = "registered shop.t as version 3, not compatible: queries that name what changed may fail";
    assert_eq!(
        lines[..3],
        [wanted, "  ~ id: bigint before, varchar now", "  - at date"]
    );

    let back = register(&world, &["--registry", "shop", "--name", "t"], DOCUMENT).await;
    assert_eq!(back.code, Some(1));
    assert!(
        back.stderr
            .contains("already has this text as version 1, and version 3 stays the latest"),
        "{}",
        back.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_registered_changes_nothing() {
    let world = World::start().await;
    let of_shop = ["--registry", "shop", "--name", "t"];
    for (text, arguments, wanted) in [
        (
            DOCUMENT.replace(r#""name": "note", "#, ""),
            &of_shop[..],
            "message.fields[1].name: missing",
        ),
        ("{".to_owned(), &of_shop[..], "EOF"),
        (String::new(), &of_shop[..], "holds no schema"),
        (
            r#"{"type": "record", "name": "R", "fields": []}"#.to_owned(),
            &["--data-format", "avro"][..],
            "the schema has no `topicName`: name it with --name",
        ),
    ] {
        let refused = register(&world, arguments, &text).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
    assert_eq!(world.glue.calls("CreateRegistry"), 0);
    assert_eq!(world.glue.calls("CreateSchema"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn which_registry_is_meant_must_be_clear() {
    let world = World::start().await;
    world
        .glue
        .add_registry("shop", "{AthenaFederationKafka}")
        .expect("a registry");
    let unclear = register(&world, &[], DOCUMENT).await;
    assert_eq!(
        unclear.stderr,
        "athena-local: which registry? --registry one of customer, shop\n"
    );
    world
        .glue
        .add_registry("unmarked", "before Athena")
        .expect("a registry");
    let unmarked = register(&world, &["--registry", "unmarked"], DOCUMENT)
        .await
        .success();
    assert!(unmarked.stderr.contains("has no marker"), "{}", unmarked.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_say_their_name_and_format() {
    let world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.avsc");
    let schema = r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}]}"#;
    std::fs::write(&path, schema).expect("a file");
    let path = path.display().to_string();
    let registered = world.run(&[], &["schema", "register", &path]).await.success();
    assert_eq!(
        registered.stdout,
        "registered customer.events as version 1\ntopic events, avro values\nid  bigint\n"
    );
    let other = world
        .run(&[], &["schema", "register", &path, "--data-format", "json"])
        .await;
    assert_eq!(other.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn glue_is_asked_as_the_role_of_the_settings() {
    const ROLE: &str = "arn:aws:iam::210987654321:role/registries";
    let sts = Sts::start().await.expect("the endpoint starts");
    let role = Role {
        external_id: None,
        access_key_id: "ASIAOFTHEROLE",
        secret_access_key: "secret-of-the-role",
        session_token: "token-of-the-role",
        session: Duration::from_secs(3600),
    };
    sts.add_role(ROLE, role);
    let cloud = Cloud::with_sts(World::start().await, &sts).await;
    let mut variables = cloud.world.variables();
    variables.retain(|(name, _)| !name.starts_with("AWS_ENDPOINT_URL"));
    for (name, value) in [
        ("AWS_ENDPOINT_URL", cloud.endpoint_url()),
        ("glue_role_arn", ROLE),
    ] {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let arguments = ["schema", "register", "-", "--name", "t", "--dry-run"];
    let tried = run_with_input(&variables, &arguments, DOCUMENT).await.success();
    assert!(
        tried
            .stdout
            .starts_with("would register customer.t as version 1\n"),
        "{tried:?}"
    );
    assert_eq!(cloud.signers("glue"), ["ASIAOFTHEROLE".to_owned()].into());
    let assumed = sts.assumed();
    assert!(assumed.iter().all(|(arn, _)| arn == ROLE), "{assumed:?}");
}
