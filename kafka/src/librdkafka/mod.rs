//! Calls of librdkafka's that the `rdkafka` crate does not wrap, and a callback. All `unsafe` of the crate is here; each file
//! offers a safe interface.
//!
//! | file | idea |
//! |---|---|
//! | `fetch` | one partition's records, without a consumer group |
//! | `admin` | what the admin calls have in common |
//! | `describe` | a topic's partitions and its id |
//! | `partition_list` | partitions, as calls take and give them |
//! | `list_offsets` | offsets by position and time, with timestamps |
//! | `groups` | consumer groups and their committed offsets |
//! | `topic_config` | whether a topic's timestamps are those of its log |
//! | `verification` | what is wrong with a broker's certificate |

mod admin;
pub(crate) mod describe;
pub(crate) mod fetch;
pub(crate) mod groups;
pub(crate) mod list_offsets;
mod partition_list;
pub(crate) mod topic_config;
pub(crate) mod verification;
