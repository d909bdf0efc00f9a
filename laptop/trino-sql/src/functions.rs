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

pub(crate) fn scalars() -> &'static Table<Kernel> {
    static TABLE: LazyLock<Table<Kernel>> = LazyLock::new(|| {
        Table::new(vec![
            arithmetic::scalars(),
            array::scalars(),
            binary::scalars(),
            bitwise::scalars(),
            date_text::scalars(),
            datetime::scalars(),
            format::scalars(),
            interval::scalars(),
            json::scalars(),
            lambda::scalars(),
            like::scalars(),
            map::scalars(),
            math::scalars(),
            network::scalars(),
            regexp::scalars(),
            sequence::scalars(),
            string::scalars(),
            unixtime::scalars(),
            url::scalars(),
        ])
    });
    &TABLE
}

pub(crate) fn aggregates() -> &'static Table<Fold> {
    static TABLE: LazyLock<Table<Fold>> = LazyLock::new(|| Table::new(vec![aggregate::aggregates()]));
    &TABLE
}
