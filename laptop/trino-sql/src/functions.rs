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
mod date_pattern;
mod date_text;
mod datetime;
mod format;
mod interval;
mod json;
pub(crate) mod json_cast;
mod lambda;
mod like;
mod map;
mod math;
pub(crate) mod network;
mod read;
mod regexp;
mod sequence;
mod string;
mod unixtime;
pub(crate) mod unnest;
mod url;
mod xxhash;

use crate::registry::{Aggregate, Scalar};

pub(crate) fn scalars() -> Vec<Vec<Scalar>> {
    vec![
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
    ]
}

pub(crate) fn aggregates() -> Vec<Vec<Aggregate>> {
    vec![aggregate::aggregates()]
}
