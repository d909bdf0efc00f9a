//! Connections: accepted, read frame by frame, answered in order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tracing::debug;

use super::broker::Broker;
use super::dispatch::{Refused, answer};

/// Default of Kafka's `socket.request.max.bytes`.
const MAX_REQUEST_BYTES: usize = 104_857_600;
/// Initial buffer for a frame, whatever length it claims; the buffer grows with the bytes received.
const INITIAL_BUFFER_BYTES: usize = 64 * 1024;

pub(crate) async fn serve(listener: TcpListener, broker: Arc<Broker>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(keep_until_killed(stream, Arc::clone(&broker)));
            }
            Err(error) => {
                // Most likely out of file descriptors: some connection may close soon.
                debug!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn keep_until_killed(stream: TcpStream, broker: Arc<Broker>) {
    let mut death = broker.faults.death();
    tokio::select! {
        _ = death.changed() => debug!("connection killed"),
        outcome = converse(stream, &broker) => if let Err(error) = outcome {
            debug!(%error, "connection closed");
        }
    }
}

/// Handles a connection; as in Kafka, its requests are answered one after the other.
async fn converse(mut stream: TcpStream, broker: &Broker) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    while let Some(frame) = read_frame(&mut stream).await? {
        if let Some(response) = answer(broker, frame).await? {
            stream.write_all(&response).await?;
        }
    }
    Ok(())
}

/// Reads one request without its length; `None` once the peer has closed the connection between requests.
async fn read_frame(stream: &mut TcpStream) -> Result<Option<Bytes>, ConnectionError> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        outcome => outcome?,
    };
    let stated = i32::from_be_bytes(length);
    let length = usize::try_from(stated)
        .ok()
        .filter(|length| *length <= MAX_REQUEST_BYTES);
    let length = length.ok_or(ConnectionError::FrameLength { stated })?;
    let mut frame = BytesMut::with_capacity(length.min(INITIAL_BUFFER_BYTES));
    while frame.len() < length {
        if frame.len() == frame.capacity() {
            frame.reserve(frame.len().min(length - frame.len()));
        }
        let missing = (length - frame.len()) as u64;
        if (&mut *stream).take(missing).read_buf(&mut frame).await? == 0 {
            return Err(ConnectionError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    Ok(Some(frame.freeze()))
}

/// Reason why a connection is closed.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("request states a length of {stated} bytes, wanted 0 to {MAX_REQUEST_BYTES}")]
    FrameLength { stated: i32 },
    #[error(transparent)]
    Refused(#[from] Refused),
}
