//! Ports for servers that must know each other's before any of them listens.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// First port of the search: below the kernel's ephemeral range, so that no outgoing connection takes one.
const FIRST: u128 = 20_000;
const COUNT: u128 = 12_000;

/// Number of attempts to start.
const ATTEMPTS: usize = 3;

/// Starts servers on free ports; on other ports if another process has taken one.
pub(super) fn start_on_free_ports<T>(start: impl Fn() -> Result<T, String>) -> Result<T, String> {
    let mut started = start();
    for _ in 1..ATTEMPTS {
        match &started {
            Err(log) if log.contains("Address already in use") => started = start(),
            _ => break,
        }
    }
    started
}

/// Port of the loopback address on which no process listens, returned once in this process. Another process
/// may still take it, see [`start_on_free_ports`].
pub(super) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let port = FIRST + uuid::Uuid::new_v4().as_u128() % COUNT;
        let port = u16::try_from(port).expect("below the ephemeral range");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && given.insert(port) {
            return port;
        }
    }
}
