//! A Confluent registry whose certificate is of one's own authority.

use embedded::confluent::{EmbeddedConfluent, Schema, SchemaType};
use tests::certificates::tls_acceptor;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// TLS in front of `backend`, `host:port`; where it listens.
async fn with_tls(backend: String) -> String {
    let pem = SecuredBroker::shared()
        .certificates()
        .key_store(Holder::Broker, StoreType::Pem);
    let pem = pem.expect("a key and its certificate");
    let acceptor = tls_acceptor(&pem).expect("a key that fits");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, backend) = (acceptor.clone(), backend.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(connection).await?;
                let mut server = TcpStream::connect(backend).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka and moto: scripts/test"]
async fn an_authority_in_the_secret_is_trusted_and_no_other() {
    let world = World::start().await;
    let registry = EmbeddedConfluent::start().await.expect("the registry starts");
    let topic = world.broker.create_topic("tls", 1).await;
    let schema = Schema {
        schema_type: SchemaType::Avro,
        text: r#""string""#.to_owned(),
        references: Vec::new(),
    };
    registry
        .register(&format!("{topic}-value"), &schema)
        .expect("a schema");
    let address = with_tls(registry.url().trim_start_matches("http://").to_owned()).await;
    let url = format!("https://{address}");
    let certificates = SecuredBroker::shared().certificates();
    for (authority, is_trusted) in [(Authority::Cluster, true), (Authority::Stranger, false)] {
        let pem = certificates
            .trust_store(authority, StoreType::Pem)
            .expect("a store");
        let pem = String::from_utf8(pem).expect("PEM is text");
        let secret = store_secret(&world, &serde_json::json!({ "ca_certificate": pem })).await;
        let settings = [
            ("schema_registry_url", url.as_str()),
            ("schema_registry_secret", secret.as_str()),
            ("confluent_database", "confluent"),
        ];
        let (_lambda, mut client) = world.lambda(1, &settings).await;
        client.registry = "confluent".into();
        let table = client.table(&topic).await;
        match is_trusted {
            true => assert_eq!(table.expect("a table").schema.fields().len(), 1),
            false => {
                let error = table.expect_err("not trusted");
                assert!(
                    error.contains("the Confluent registry could not be reached"),
                    "{error}"
                );
            }
        }
    }
}
