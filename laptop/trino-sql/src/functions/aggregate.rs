//! Aggregates, a family in each file.

mod basic;
mod collection;
mod percentile;
mod state;
mod statistics;

use crate::registry::Aggregate;

pub(crate) fn aggregates() -> Vec<Aggregate> {
    let families = [
        basic::aggregates(),
        collection::aggregates(),
        percentile::aggregates(),
        statistics::aggregates(),
    ];
    families.into_iter().flatten().collect()
}
