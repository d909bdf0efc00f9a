//! Limits of a server.

use std::time::Duration;

/// Limits of what clients can make the server hold.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Number of connections.
    pub connections: usize,
    /// Time for the first bytes of a connection.
    pub greeting: Duration,
    /// Time without a packet from a client after which its system is asked whether the connection is still there. One
    /// that does not answer for as long again is given up.
    pub silence: Duration,
    /// Size of a request in bytes.
    pub message_bytes: usize,
    /// Size in bytes of the parameters of one execution, as SQL.
    pub parameter_bytes: usize,
    /// Number of results that wait to be read.
    pub unread: usize,
    /// Time after which a result can no longer be read.
    pub unread_idle: Duration,
    /// Number of statements that are planned at once, and number of those that run or are read at once.
    pub running: usize,
    /// Number of statements that wait for each of both; further ones are refused.
    pub queued: usize,
    /// Time in which a client takes nothing of a result that it reads, after which the query is ended.
    pub read_idle: Duration,
    /// Number of prepared statements.
    pub prepared: usize,
    /// Time without use after which a prepared statement is dropped.
    pub prepared_idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            greeting: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            message_bytes: 4 << 20,
            parameter_bytes: 16 << 20,
            unread: 256,
            unread_idle: Duration::from_secs(120),
            running: 10,
            queued: 1000,
            read_idle: Duration::from_secs(300),
            prepared: 1024,
            prepared_idle: Duration::from_secs(3600),
        }
    }
}
