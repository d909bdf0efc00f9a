//! Trait of a connector, and the values that its methods take and return.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use protocol::{Constraints, OptimizationSubType, TableName};
use spill::BlockSpiller;

use crate::error::Error;

/// Source of tables that Athena queries.
///
/// Names in requests are in lower case, whatever the case of the query. Calls are concurrent, and the reads of one query
/// run in several processes: what [`Self::read`] needs must be in the split.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Short name of its kind, such as `csv`.
    fn source_type(&self) -> &str;

    /// Names of all schemas, which are databases in Athena.
    async fn schemas(&self) -> Result<Vec<String>, Error>;

    /// Names of all tables of a schema.
    async fn tables(&self, schema: &str) -> Result<Vec<String>, Error>;

    /// Columns of a table, in lower case. The schema's metadata comes back with every [`Read`].
    ///
    /// # Errors
    /// If there is no such table. Columns of a type that Athena does not know fail the call
    /// ([`protocol::check_supported`]).
    async fn table(&self, table: &TableName) -> Result<SchemaRef, Error>;

    /// Parts of a table that are read independently. Together they have every row that may satisfy the constraints,
    /// each row once.
    async fn splits(&self, plan: &Plan) -> Result<Splits, Error>;

    /// Writes the rows of a split, in batches of any size, with exactly the columns of [`Read::schema`].
    ///
    /// Rows that the constraints exclude may be written: Athena applies the constraints again, unless
    /// [`Self::capabilities`] promise that the connector does.
    async fn read(&self, read: &Read, rows: &mut BlockSpiller) -> Result<(), Error>;

    /// Parts of a query that Athena may leave to the connector, by name: for example `supports_limit_pushdown`. Each
    /// is a promise. By default there are none, and Athena does everything itself.
    fn capabilities(&self) -> BTreeMap<String, Vec<OptimizationSubType>> {
        BTreeMap::new()
    }
}

/// Request for a page of splits.
#[derive(Debug, Clone)]
pub struct Plan {
    pub query_id: String,
    pub table: TableName,
    /// Conditions on columns, all of which the wanted rows satisfy.
    pub constraints: Constraints,
    /// Token of the previous page; `None` for the first.
    pub token: Option<String>,
}

/// Page of splits.
#[derive(Debug, Clone, Default)]
pub struct Splits {
    /// Properties of each split, which come back in [`Read::split`]. They are different for each split: Athena reads
    /// equal splits once.
    pub splits: Vec<BTreeMap<String, String>>,
    /// Token with which Athena asks for the next page; `None` on the last. The pages of a query must be of one
    /// state of the table, so what a later page needs belongs into the token.
    pub next_token: Option<String>,
}

impl Splits {
    /// Only page: about 5,000 splits fit into a response.
    pub fn all(splits: impl IntoIterator<Item = BTreeMap<String, String>>) -> Self {
        Self {
            splits: splits.into_iter().collect(),
            next_token: None,
        }
    }
}

/// Request for the rows of a split.
#[derive(Debug, Clone)]
pub struct Read {
    pub query_id: String,
    pub table: TableName,
    /// Wanted columns in their order, with the metadata of the table's schema.
    pub schema: SchemaRef,
    /// Properties of the split.
    pub split: BTreeMap<String, String>,
    /// Conditions on columns.
    pub constraints: Constraints,
}

impl Read {
    /// Property of the split.
    ///
    /// # Errors
    /// If the split has no such property: it was planned by another connector, or by another version of this one.
    pub fn property(&self, name: &str) -> Result<&str, Error> {
        let property = self.split.get(name).map(String::as_str);
        property.ok_or_else(|| format!("{}: the split has no property `{name}`", self.table).into())
    }
}
