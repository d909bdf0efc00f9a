//! The functions, a family in each file.
//!
//! A family is a file with `scalars()` or `aggregates()`, whose rows are a name, signatures and a kernel; a line below
//! registers it.

mod aggregate;
mod arithmetic;
mod array;
mod binary;
mod bitwise;
pub(crate) mod column;
mod compiled;
mod date_pattern;
mod date_text;
mod datetime;
mod format;
mod interval;
mod json;
mod lambda;
mod like;
mod map;
mod math;
mod network;
mod read;
mod regexp;
mod sequence;
mod string;
mod unixtime;
pub(crate) mod unnest;
mod url;
mod xxhash;

use std::sync::LazyLock;

use crate::registry::{Fold, Kernel, Table};

/// What reads like a function, and is typed by the binder.
pub(crate) const FORMS: [&str; 6] = ["coalesce", "if", "now", "nullif", "try", "typeof"];

/// Functions that only windows have.
pub(crate) const RANKING: [&str; 11] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

pub(crate) fn scalars() -> &'static Table<Kernel> {
    static TABLE: LazyLock<Table<Kernel>> = LazyLock::new(|| {
        Table::new(vec![
            ("operators", arithmetic::scalars()),
            ("arrays", array::scalars()),
            ("binary", binary::scalars()),
            ("bitwise", bitwise::scalars()),
            ("dates and times", date_text::scalars()),
            ("dates and times", datetime::scalars()),
            ("strings", format::scalars()),
            ("dates and times", interval::scalars()),
            ("JSON", json::scalars()),
            ("lambdas", lambda::scalars()),
            ("operators", like::scalars()),
            ("maps", map::scalars()),
            ("mathematics", math::scalars()),
            ("IP addresses and UUIDs", network::scalars()),
            ("regular expressions", regexp::scalars()),
            ("arrays", sequence::scalars()),
            ("strings", string::scalars()),
            ("dates and times", unixtime::scalars()),
            ("URLs", url::scalars()),
        ])
    });
    &TABLE
}

pub(crate) fn aggregates() -> &'static Table<Fold> {
    static TABLE: LazyLock<Table<Fold>> =
        LazyLock::new(|| Table::new(vec![("aggregates", aggregate::aggregates())]));
    &TABLE
}
