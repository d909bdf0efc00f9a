//! `athena-local doctor` on brokers that authenticate clients.

use tests::doctor::Examination;

use super::*;

const TABLE: &str = "table customer.t";

impl Access {
    async fn examine(&self) -> Examination {
        let world = World::with_broker(SecuredBroker::shared().broker()).await;
        table(&world, self.topic_stem).await;
        let variables = self.variables(&world).await;
        let settings: Vec<_> = variables
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let examination = world.examine(&settings, &["--json"]).await;
        assert_shows_no_secret(&examination.stdout);
        assert_shows_no_secret(&examination.stderr);
        examination
    }

    /// Asserts that the login fails with this message and this fix; checks of the topic are skipped, all
    /// others are made.
    async fn is_diagnosed(&self, words: &str, advice: &str) {
        let examination = self.examine().await;
        assert_eq!(examination.code, Some(1));
        let (status, found, fix) = examination.only("Kafka cluster", "login");
        assert!(status == "failed" && found.contains(words), "{found}");
        assert!(fix.contains(advice), "{fix}");
        assert_eq!(examination.status(TABLE, "topic"), "skipped");
        assert_eq!(examination.status(TABLE, "document"), "ok");
        assert_eq!(examination.status("spilling", "write"), "ok");
    }
}

/// An ACL for Read includes Describe, but not DescribeConfigs.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_user_who_may_read_is_well_but_for_the_topics_settings() {
    for auth_type in ["SASL_SSL_SCRAM_SHA512", "SSL"] {
        let examination = Access::granted(auth_type).examine().await;
        assert_eq!(examination.code, Some(0), "{}", examination.stdout);
        for check in ["topic", "read", "decode"] {
            assert_eq!(examination.status(TABLE, check), "ok");
        }
        let (status, found, fix) = examination.only(TABLE, "timestamps");
        assert!(
            status == "warning" && found.contains("upper time bound narrows nothing"),
            "{found}"
        );
        assert!(fix.contains("DescribeConfigs"), "{fix}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn a_missing_acl_is_told_from_a_refused_login() {
    let access = Access {
        topic_stem: "closed",
        ..Access::granted("SASL_SSL_SCRAM_SHA512")
    };
    let examination = access.examine().await;
    assert_eq!(examination.code, Some(1));
    assert_eq!(examination.status("Kafka cluster", "login"), "ok");
    let (status, found, fix) = examination.only(TABLE, "topic");
    assert!(status == "failed" && found.contains("refuse access"), "{found}");
    assert!(fix.contains("Describe and Read"), "{fix}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn what_refuses_a_login_is_told_with_what_to_do() {
    let scram = || Access::granted("SASL_SSL_SCRAM_SHA512");
    let wrong_password = Access {
        password: WRONG_PASSWORD,
        ..scram()
    };
    wrong_password
        .is_diagnosed("do not accept the credentials", "user name and password")
        .await;
    let stranger = Access {
        trust: Some((Authority::Stranger, StoreType::Jks)),
        ..scram()
    };
    stranger
        .is_diagnosed("issued by an authority that neither", "trust store")
        .await;
    let expired = Access {
        listener: Listener::ExpiredSaslTls,
        ..scram()
    };
    expired
        .is_diagnosed("has expired", "renew the brokers' certificate")
        .await;
    let other_host = Access {
        listener: Listener::OtherHostSaslTls,
        ..scram()
    };
    other_host
        .is_diagnosed("does not name the host", "advertised listeners")
        .await;
    let no_key = Access {
        listener: Listener::MutualTls,
        ..scram()
    };
    no_key
        .is_diagnosed("require a client certificate", "auth_type SSL")
        .await;
    let old_key = Access {
        key: Some((Holder::ExpiredClient, StoreType::Jks)),
        ..Access::granted("SSL")
    };
    old_key
        .is_diagnosed("the client's certificate has expired", "new certificate")
        .await;
    let without_store = Access {
        key: None,
        ..Access::granted("SSL")
    };
    without_store
        .is_diagnosed("kafka.client.keystore.jks", "certificates_s3_reference")
        .await;
}
