//! Schema registries: each is a database of Athena, and each of their schemas describes one topic.
//!
//! [`SchemaRegistry`] is the seam to the service, implemented by [`glue`] and, for tests, by [`memory`].
//! [`catalog`] implements Athena's view of it.
//!
//! Records may name the schema that they were written with: [`writer_schemas`] looks it up, in the same
//! service or in a [`confluent`] registry.

use async_trait::async_trait;
use topic::SchemaDefinition;

pub mod catalog;
pub mod confluent;
#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
pub mod glue;
pub mod imports;
pub mod memory;
pub mod schema_versions;
pub mod writer_schemas;

/// Service with registries of versioned schema definitions. Names are case-sensitive.
#[async_trait]
pub trait SchemaRegistry: Send + Sync {
    /// Lists one page of all registries; `next_token` comes from the previous page.
    async fn list_registries(&self, next_token: Option<&str>) -> Result<Page<Registry>, RegistryError>;

    async fn registry(&self, name: &str) -> Result<Registry, RegistryError>;

    /// Lists one page of the names of `registry`'s schemas: at most `page_size` of them, a number in
    /// 1..=[`MAX_PAGE_SIZE`], and possibly none although a page follows.
    async fn list_schemas(
        &self,
        registry: &str,
        page_size: u32,
        next_token: Option<&str>,
    ) -> Result<Page<String>, RegistryError>;

    /// Latest version of a schema.
    async fn latest_schema(&self, registry: &str, schema: &str) -> Result<SchemaDefinition, RegistryError>;

    /// Version with this id, a UUID, of whichever schema.
    async fn schema_version(&self, schema_version_id: &str) -> Result<SchemaDefinition, RegistryError>;
}

/// Maximum number of entries on a page of Glue.
pub const MAX_PAGE_SIZE: u32 = 100;

/// Page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Token of the next page; `None` on the last.
    pub next_token: Option<String>,
}

/// Registry, which Athena calls a schema or database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    pub name: String,
    /// Description; empty if there is none.
    pub description: String,
}

/// Error of a registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("{what} does not exist")]
    NotFound {
        /// Subject of the request, such as ``schema `orders` in registry `customer` ``.
        what: String,
    },
    #[error("no permission for {operation} of {what}: {message}")]
    AccessDenied {
        operation: &'static str,
        what: String,
        message: String,
    },
    #[error("{operation} of {what} was throttled, retries included: {message}")]
    Throttled {
        operation: &'static str,
        what: String,
        message: String,
    },
    #[error(
        "Glue could not be reached for {operation}: {message}; check that the function's subnets have a route to \
         Glue (a NAT gateway or an interface endpoint for `glue`) and that the security groups let port 443 through"
    )]
    Unreachable {
        operation: &'static str,
        message: String,
    },
    #[error("{operation} of {what} failed: {message}")]
    Failed {
        operation: &'static str,
        what: String,
        message: String,
    },
}
