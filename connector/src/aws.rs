//! AWS services as the connector uses them.
//!
//! | module | idea |
//! |---|---|
//! | [`sdk`] | configuration, timeouts, retries and error texts of all clients |
//! | [`credentials`] | credentials of Kafka clients: Secrets Manager, S3, the function's own identity |
//! | `glue_connection` | settings in a Glue connection |
//! | [`kms`] | keys for spilled blocks from AWS KMS |
//! | `session` | session of the caller, which Athena may forward |

pub mod credentials;
pub(crate) mod glue_connection;
pub mod kms;
pub mod sdk;
pub(crate) mod session;
