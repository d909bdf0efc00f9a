//! AWS's services as the connector uses them.
//!
//! | module | idea |
//! |---|---|
//! | [`sdk`] | configuration, time-outs, retries and error texts of all clients |
//! | [`credentials`] | what clients of Kafka authenticate with: Secrets Manager, S3, the function's own identity |
//! | `glue_connection` | settings that are kept as a Glue connection |
//! | [`kms`] | keys for spilled blocks that AWS KMS makes |
//! | `role` | sessions of roles that are assumed |
//! | `zone` | the availability zone that the function is in |
//! | `session` | the caller's own session, which Athena may forward |

pub mod credentials;
pub(crate) mod glue_connection;
pub mod kms;
pub(crate) mod role;
pub mod sdk;
pub(crate) mod session;
pub(crate) mod zone;
