//! Server: listening, TLS and limits.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use futures::{FutureExt, Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Sleep, interval, sleep};
use tonic::transport::server::{Connected, TcpIncoming};
use tonic::transport::{Identity, ServerTlsConfig};

use crate::engine::Engine;
use crate::guard::{Guard, Rules};
use crate::limits::Limits;
use crate::login::Token;
use crate::service::Service;
use crate::statements::Statements;

/// Number of questions whether a client is still there, after which it is given up.
const PROBES: u32 = 4;

/// How a server listens.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port 0 is a free one.
    pub address: SocketAddr,
    /// Without one, everyone who reaches the port has access.
    pub token: Option<Token>,
    /// Certificates and key, in PEM.
    pub tls: Option<(Vec<u8>, Vec<u8>)>,
    /// Names by which clients may call the server, beside `localhost` and addresses; `None` allows all.
    pub hosts: Option<Vec<String>>,
    pub limits: Limits,
}

/// Reason why a server does not start.
#[derive(Debug)]
pub enum StartError {
    Listen(io::Error),
    /// The certificate or the key is invalid.
    Tls(tonic::transport::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen(error) => write!(f, "cannot listen for Flight SQL: {error}"),
            // The error's own text is `transport error`.
            Self::Tls(error) => {
                let source = std::error::Error::source(error);
                let source = source.map_or_else(|| error.to_string(), ToString::to_string);
                write!(
                    f,
                    "the certificate or the key for Flight SQL is invalid: {source}"
                )
            }
        }
    }
}

impl std::error::Error for StartError {}

/// Running server. When dropped it accepts no more, and its connections end with their last request.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    tls: bool,
    /// Ends the server when dropped.
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// # Errors
    /// If the address cannot be listened at, or the certificate or the key is invalid.
    pub async fn start(engine: Arc<dyn Engine>, options: Options) -> Result<Self, StartError> {
        let listener = TcpListener::bind(options.address)
            .await
            .map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let mut server = tonic::transport::Server::builder().max_concurrent_streams(Some(256));
        let tls = options.tls.is_some();
        if let Some((certificates, key)) = options.tls {
            let identity = Identity::from_pem(certificates, key);
            server = server
                .tls_config(ServerTlsConfig::new().identity(identity))
                .map_err(StartError::Tls)?;
        }
        let rules = Rules {
            token: options.token.clone(),
            // With TLS, a foreign name does not get past the client's check of the certificate.
            hosts: options.hosts.filter(|_| !tls),
        };
        let limits = options.limits;
        let statements = Arc::new(Statements::new(Arc::clone(&engine), limits.clone()));
        let service = Service::new(engine, Arc::clone(&statements), options.token);
        let service = FlightServiceServer::new(service).max_decoding_message_size(limits.message_bytes);
        let service = Guard {
            rules: Arc::new(rules),
            service,
        };
        let router = server.add_service(service);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let incoming = connections(listener, &limits);
            tokio::select! {
                served = router.serve_with_incoming_shutdown(incoming, stopped.map(drop)) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "Flight SQL has stopped");
                    }
                }
                () = sweep(statements) => {}
            }
        });
        Ok(Self {
            address,
            tls,
            _stop: stop,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Address for a client, such as `grpc://localhost:32010`, with the host that it calls.
    pub fn uri(&self, host: &str) -> String {
        let scheme = if self.tls { "grpc+tls" } else { "grpc" };
        format!("{scheme}://{host}:{}", self.address.port())
    }
}

async fn sweep(statements: Arc<Statements>) {
    let limits = statements.limits();
    let shortest = limits.unread_idle.min(limits.read_idle);
    let mut ticks = interval((shortest / 4).max(Duration::from_millis(10)));
    loop {
        ticks.tick().await;
        statements.sweep();
    }
}

/// Connections of clients, not more at once than the limit. Never ends, and never fails: tonic would stop serving.
fn connections(listener: TcpListener, limits: &Limits) -> impl Stream<Item = io::Result<Connection>> + use<> {
    let permits = Arc::new(Semaphore::new(limits.connections.max(1)));
    let greeting = limits.greeting;
    let sockets = TcpIncoming::from(listener)
        // Small messages should not wait for each other.
        .with_nodelay(Some(true))
        // A client that vanished without a word is noticed. HTTP/2's pings are not used: a process that is busy with
        // many queries, or is held up, answers late or reads the answer late, and its connection would be closed. The
        // packets of TCP are answered by the system.
        .with_keepalive(Some(limits.silence))
        .with_keepalive_interval(Some((limits.silence / PROBES).max(Duration::from_secs(1))))
        .with_keepalive_retries(Some(PROBES));
    stream::unfold((sockets, permits), move |(mut sockets, permits)| async move {
        let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
        loop {
            match sockets.next().await? {
                Ok(socket) => {
                    let connection = Connection {
                        socket,
                        silent_until: Some(Box::pin(sleep(greeting))),
                        _permit: permit,
                    };
                    return Some((Ok(connection), (sockets, permits)));
                }
                // Without free descriptors, another attempt fails at once.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection for Flight SQL");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    })
}

/// Connection of a client, which ends if it stays silent.
struct Connection {
    socket: TcpStream,
    /// Set until the first bytes arrive.
    silent_until: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if read.is_ready() {
            self.silent_until = None;
        } else if let Some(until) = &mut self.silent_until
            && until.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
