//! TCP port in front of a node, which counts the bytes that the node sends.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Port that forwards to another one of this machine. Its threads end with the process, or with their connections.
pub(super) struct Forward {
    port: u16,
    sent: Arc<AtomicU64>,
}

impl Forward {
    /// Starts forwarding to `node`, which need not listen yet.
    pub(super) fn start(node: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let sent = Arc::<AtomicU64>::default();
        let count = Arc::clone(&sent);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A node that is down refuses, and so does this port: the connection is closed.
                let Ok(node) = TcpStream::connect(("127.0.0.1", node)) else {
                    continue;
                };
                let _ = join(client, node, &count);
            }
        });
        Ok(Self { port, sent })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Number of bytes that the node has sent through this port.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

/// Copies in both directions, on two threads.
fn join(client: TcpStream, node: TcpStream, sent: &Arc<AtomicU64>) -> io::Result<()> {
    let (to_node, from_client) = (node.try_clone()?, client.try_clone()?);
    thread::spawn(move || copy(from_client, to_node, &AtomicU64::default()));
    let sent = Arc::clone(sent);
    thread::spawn(move || copy(node, client, &sent));
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream, count: &AtomicU64) {
    let mut buffer = [0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
