//! Calls of librdkafka's that the `rdkafka` crate does not wrap, and a callback. All `unsafe` of the crate is here; each file
//! offers a safe interface.
//!
//! | file | idea |
//! |---|---|
//! | `fetch` | one partition's records, without a consumer group |
//! | `admin` | what the admin calls have in common |
//! | `describe` | a topic's partitions and its id |
//! | `topic_config` | settings of topics |
//! | `verification` | what is wrong with a broker's certificate |

mod admin;
pub(crate) mod describe;
pub(crate) mod fetch;
pub(crate) mod topic_config;
pub(crate) mod verification;
