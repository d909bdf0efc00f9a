//! Calls of librdkafka that the `rdkafka` crate does not wrap, and a callback. All `unsafe` code of the crate
//! is here; each file offers a safe interface.
//!
//! | file | idea |
//! |---|---|
//! | `fetch` | records of one partition, without a consumer group |
//! | `admin` | common part of admin calls |
//! | `describe` | partitions and id of a topic |
//! | `topic_config` | whether a topic's timestamps are those of its log |
//! | `verification` | faults of a broker's certificate |

mod admin;
pub(crate) mod describe;
pub(crate) mod fetch;
pub(crate) mod topic_config;
pub(crate) mod verification;
