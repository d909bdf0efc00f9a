//! Rows, and their places in a file.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Line(u64),
    Row(u64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Error, with its place in the file.
pub(super) type Fault = (Option<Place>, String);
pub(super) type Rows = Box<dyn Iterator<Item = Result<Row, Fault>> + Send>;

/// Row of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub(super) place: Place,
    pub(super) json: Vec<u8>,
}

/// Size of a file, and how much of it has been read.
#[derive(Debug, Clone)]
pub struct Extent {
    /// Number of rows of Parquet, of bytes of other formats; `None` if unknown.
    pub total: Option<u64>,
    read: Arc<AtomicU64>,
}

impl Extent {
    pub(super) fn new(total: Option<u64>) -> Self {
        Self {
            total,
            read: Arc::default(),
        }
    }

    /// Amount read so far, in the unit of the total.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, read: u64) {
        self.read.fetch_add(read, Ordering::Relaxed);
    }
}

/// Source of a file's bytes.
pub(super) trait Input: BufRead + Send + 'static {}

impl<R: BufRead + Send + 'static> Input for R {}
