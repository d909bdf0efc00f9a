//! Ports for servers that must know each other's before any of them listens.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Where ports are looked for: below the kernel's ephemeral range, so that no outgoing connection takes one.
const FIRST: u128 = 20_000;
const COUNT: u128 = 12_000;

/// How often a start is tried.
const ATTEMPTS: usize = 3;

/// Starts servers on free ports; on others, if somebody was faster to take one.
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

/// A port of the loopback address where nobody listens, given out once in this process. Another process may still take
/// it, see [`start_on_free_ports`].
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
