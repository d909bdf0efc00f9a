//! Calls of librdkafka that the `rdkafka` crate does not wrap, and a callback. All `unsafe` code of the crate
//! is here; each file offers a safe interface.
//!
//! | file | idea |
//! |---|---|
//! | `fetch` | records of one partition, without a consumer group |
//! | `admin` | common part of admin calls |
//! | `describe` | partitions and id of a topic |
//! | `partition_list` | lists of partitions, as calls take and return them |
//! | `list_offsets` | offsets by position and time, with timestamps |
//! | `groups` | consumer groups and their committed offsets |
//! | `login_token` | tokens of OAUTHBEARER, with SASL extensions |
//! | `topic_config` | settings of topics |
//! | `verification` | faults of a broker's certificate |

mod admin;
pub(crate) mod describe;
pub(crate) mod fetch;
pub(crate) mod groups;
pub(crate) mod list_offsets;
pub(crate) mod login_token;
mod partition_list;
pub(crate) mod topic_config;
pub(crate) mod verification;
