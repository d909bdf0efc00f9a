//! Figures of a soak.

use std::fmt;
use std::ops::AddAssign;

/// Counts over episodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    pub episodes: u64,
    /// Number of acknowledged records, tombstones included.
    pub records: u64,
    pub transactions: u64,
    /// Number of moved log starts.
    pub expirations: u64,
    /// Number of compacted records.
    pub compacted: u64,
    pub plans: u64,
    /// Number of plans that were made while others wrote.
    pub concurrent_plans: u64,
    pub pages: u64,
    /// Number of splits that were read, and of their rows.
    pub splits: u64,
    pub rows: u64,
    /// Number of closed connections, stalled fetches, and log starts moved during a read.
    pub faults: u64,
}

impl Figures {
    fn named(&self) -> [(&'static str, u64); 11] {
        [
            ("episodes", self.episodes),
            ("records", self.records),
            ("transactions", self.transactions),
            ("expirations", self.expirations),
            ("compacted", self.compacted),
            ("plans", self.plans),
            ("under writers", self.concurrent_plans),
            ("pages", self.pages),
            ("splits", self.splits),
            ("rows", self.rows),
            ("faults", self.faults),
        ]
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.episodes += more.episodes;
        self.records += more.records;
        self.transactions += more.transactions;
        self.expirations += more.expirations;
        self.compacted += more.compacted;
        self.plans += more.plans;
        self.concurrent_plans += more.concurrent_plans;
        self.pages += more.pages;
        self.splits += more.splits;
        self.rows += more.rows;
        self.faults += more.faults;
    }
}

/// One line for the names, one for the counts.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, _) in self.named() {
            write!(f, "{name:>14}")?;
        }
        writeln!(f)?;
        for (_, count) in self.named() {
            write!(f, "{count:>14}")?;
        }
        Ok(())
    }
}
