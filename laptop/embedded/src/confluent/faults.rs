//! Counts of requests, and faults requested by tests.

use std::collections::BTreeMap;

/// Fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Response with this status, with an error in the API's format.
    Status(u16),
    /// No response for as long as the registry lives.
    Hang,
}

type Path = Vec<String>;

/// Counts and faults by the decoded segments of paths.
#[derive(Debug, Default)]
pub(super) struct Faults {
    by_path: BTreeMap<Path, Fault>,
    requests: BTreeMap<Path, u64>,
}

impl Faults {
    pub(super) fn set(&mut self, path: &[&str], fault: Fault) {
        self.by_path.insert(owned(path), fault);
    }

    pub(super) fn clear(&mut self, path: &[&str]) {
        self.by_path.remove(&owned(path));
    }

    /// Counts a request; returns its fault, if there is one.
    pub(super) fn note(&mut self, path: &[&str]) -> Option<Fault> {
        let path = owned(path);
        let fault = self.by_path.get(&path).copied();
        *self.requests.entry(path).or_default() += 1;
        fault
    }

    pub(super) fn requests(&self, path: &[&str]) -> u64 {
        self.requests.get(&owned(path)).copied().unwrap_or(0)
    }

    pub(super) fn all_requests(&self) -> u64 {
        self.requests.values().sum()
    }
}

fn owned(path: &[&str]) -> Path {
    path.iter().map(|&segment| segment.to_owned()).collect()
}
