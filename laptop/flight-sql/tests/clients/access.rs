//! Who gets in, and what rubbish does.

use arrow_flight::sql::client::FlightSqlServiceClient;
use flight_sql::StartError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::{Certificate, ClientTlsConfig};

use super::*;

const CERTIFICATE: &str = include_str!("../fixtures/certificate.pem");
const KEY: &str = include_str!("../fixtures/key.pem");

fn guarded(options: &mut Options) {
    options.token = Some(Token::new("s3cret").expect("a token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nothing_is_answered() {
    let world = World::with(guarded).await;
    let mut client = world.client().await;
    let (code, message) = refused(client.execute("numbers 1".to_owned(), None).await);
    assert_eq!(code, Code::Unauthenticated);
    assert!(message.contains("a token is required"), "{message}");
    client.set_token("guess".to_owned());
    let (code, message) = refused(query(&mut client, "numbers 1").await);
    assert_eq!(
        (code, message.as_str()),
        (Code::Unauthenticated, "the token is wrong")
    );
    assert_eq!(refused(client.get_catalogs().await).0, Code::Unauthenticated);
    assert_eq!(world.engine.taken(), 0);
    client.set_token("s3cret".to_owned());
    assert!(query(&mut client, "numbers 1").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_exchanged_for_the_token() {
    let world = World::with(guarded).await;
    let mut client = world.client().await;
    assert!(client.handshake("anyone", "guess").await.is_err());
    client.handshake("anyone", "s3cret").await.unwrap();
    assert_eq!(client.token().map(String::as_str), Some("s3cret"));
    assert!(query(&mut client, "numbers 1").await.is_ok());
    // Where no token is wanted, a login is no error.
    let world = World::start().await;
    let mut client = world.client().await;
    client.handshake("anyone", "anything").await.unwrap();
    assert!(query(&mut client, "numbers 1").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_browser_is_refused() {
    let world = World::start().await;
    let mut client = world.client().await;
    client.set_header("origin", "https://evil.example");
    assert_eq!(refused(client.get_catalogs().await).0, Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_name_of_this_machine_is_refused() {
    let world = World::start().await;
    let address = world.server.address();
    for (origin, valid) in [("http://localhost", true), ("http://evil.example", false)] {
        let origin = format!("{origin}:{}", address.port()).parse().expect("a URI");
        let endpoint = Channel::from_shared(format!("http://{address}"))
            .expect("a URI")
            .origin(origin);
        let mut client = FlightSqlServiceClient::new(endpoint.connect().await.expect("a connection"));
        match client.get_catalogs().await {
            Ok(_) => assert!(valid),
            error => assert_eq!((refused(error).0, valid), (Code::PermissionDenied, false)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken() {
    let world = World::with(|options| {
        options.tls = Some((CERTIFICATE.into(), KEY.into()));
        guarded(options);
    })
    .await;
    let port = world.server.address().port();
    assert_eq!(
        world.server.uri("localhost"),
        format!("grpc+tls://localhost:{port}")
    );
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(CERTIFICATE));
    let endpoint = Channel::from_shared(format!("https://localhost:{port}")).expect("a URI");
    let channel = endpoint
        .tls_config(tls)
        .expect("TLS")
        .connect()
        .await
        .expect("a connection");
    let mut client = FlightSqlServiceClient::new(channel);
    client.set_token("s3cret".to_owned());
    assert_eq!(
        numbers(&query(&mut client, "numbers 2").await.unwrap()).len(),
        2_000
    );
    rubbish(&world, b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(query(&mut client, "numbers 2").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_is_refused_at_the_start() {
    let options = Options {
        address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
        token: None,
        tls: Some((b"no certificate".to_vec(), KEY.into())),
        hosts: None,
        limits: Limits::default(),
    };
    let started = Server::start(Arc::new(Fake::default()), options).await;
    let error = started.map(drop).unwrap_err();
    assert!(matches!(error, StartError::Tls(_)), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
}

/// Sends bytes, and waits until the server ends the connection.
async fn rubbish(world: &World, bytes: &[u8]) {
    let mut socket = TcpStream::connect(world.server.address())
        .await
        .expect("a connection");
    // The server may have ended the connection already.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection is not ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_and_silence_stop_nothing() {
    let world = World::with(|options| {
        options.limits.greeting = Duration::from_millis(200);
        options.limits.connections = 8;
    })
    .await;
    let mut client = world.client().await;
    for _ in 0..20 {
        rubbish(&world, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        rubbish(&world, &[0xFF; 4096]).await;
    }
    rubbish(&world, b"").await;
    assert!(query(&mut client, "numbers 1").await.is_ok());
    // Half a greeting.
    assert_eq!(
        numbers(&query(&mut world.client().await, "numbers 1").await.unwrap()).len(),
        1_000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_are_not_flight_sql_are_refused() {
    let world = World::start().await;
    let mut client = world.client().await;
    let ticket = Ticket::new(vec![0xFF_u8; 100]);
    assert_eq!(
        refused(client.do_get(ticket).await.map(drop)).0,
        Code::InvalidArgument
    );
    let big = "x".repeat(5 << 20);
    assert_eq!(refused(client.execute(big, None).await).0, Code::OutOfRange);
    let action = arrow_flight::Action::new("Nonsense", Vec::new());
    assert_eq!(
        refused(client.do_action(action).await.map(drop)).0,
        Code::Unimplemented
    );
    assert!(query(&mut client, "numbers 1").await.is_ok());
}
