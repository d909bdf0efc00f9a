//! Randomized search for rows that are missing, unexpected or duplicated.
//!
//! An episode draws, from a seed, a topic and operations on it: batches of every codec, tombstones,
//! transactions of several producers that interleave and are committed, aborted or ended late, retention,
//! compaction, and in between queries of any split size in both isolation modes, whose splits are read while
//! connections are closed, fetches stall and the log start moves. A model follows every change, and the rows
//! must be the model's. The same seed draws the same episode, except for its last phase, in which producers
//! write while plans are made and read, and for the progress of a read when a fault occurs.
//!
//! | file | idea |
//! | --- | --- |
//! | [`model`] | content of every offset (pure) |
//! | [`writers`] | producers that know the offsets of their records |
//! | [`query`] | a plan, its rows, and their differences |
//! | `parts` | what episodes share |
//! | `episode` | the operations of a seed |
//! | `fault` | faults while splits are read |
//! | `background` | producers that write in the background |
//! | [`figures`] | the counts |

use std::fmt;

use crate::world::World;
use episode::Episode;
use figures::Figures;
use parts::Parts;

mod background;
mod episode;
mod fault;
pub mod figures;
pub mod model;
mod parts;
pub mod query;
pub mod writers;

/// Episodes one after the other, and their counts.
pub struct Soak {
    parts: Parts,
    figures: Figures,
}

impl Soak {
    pub fn new(world: World) -> Self {
        Self {
            parts: Parts::new(world),
            figures: Figures::default(),
        }
    }

    /// Draws and runs the episode of a seed.
    ///
    /// # Errors
    /// If a query failed, or its splits or rows are not the model's.
    ///
    /// # Panics
    /// If the broker does not execute an operation.
    pub async fn episode(&mut self, seed: u64) -> Result<(), Box<Failure>> {
        let mut episode = Episode::draw(&self.parts, seed).await;
        let outcome = episode.run().await;
        let (figures, operations) = episode.into_report();
        self.figures += figures;
        outcome.map_err(|reason| {
            Box::new(Failure {
                seed,
                operations,
                reason,
            })
        })
    }

    /// Counts over all episodes so far.
    pub fn figures(&self) -> Figures {
        self.figures
    }
}

/// Query whose rows are not the model's.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    /// Operations up to then, in order.
    pub operations: Vec<String>,
    pub reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the episode of seed {} fails:", self.seed)?;
        for operation in &self.operations {
            writeln!(f, "  {operation}")?;
        }
        writeln!(f, "{}", self.reason)?;
        write!(
            f,
            "again: cargo run -p tests --bin soak -- --seed {} --episodes 1",
            self.seed
        )
    }
}

impl std::error::Error for Failure {}
