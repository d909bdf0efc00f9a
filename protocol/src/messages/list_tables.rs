//! ListTables: which tables a database has, page by page.

use super::metadata_request::metadata_request;
use crate::domain::{FederatedIdentity, TableName};
use crate::error::{Fault, Rule};
use crate::json::{Json, Object};

#[derive(Debug, Clone, PartialEq)]
pub struct ListTablesRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: Option<String>,
    pub catalog_name: String,
    /// None: of all databases.
    pub schema_name: Option<String>,
    /// Of the page before; none for the first.
    pub next_token: Option<String>,
    /// Tables at most in the answer; -1 on the wire is none, which asks for all.
    pub page_size: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTablesResponse {
    pub tables: Vec<TableName>,
    pub catalog_name: String,
    /// None on the last page.
    pub next_token: Option<String>,
}

const ALL: i64 = -1;

impl ListTablesRequest {
    pub(super) const NAME: &str = "ListTablesRequest";

    pub(super) fn to_json(&self) -> Json<'_> {
        metadata_request(
            Self::NAME,
            self.identity.as_ref(),
            self.query_id.as_ref(),
            &self.catalog_name,
        )
        .with("schemaName", self.schema_name.as_ref())
        .with("nextToken", self.next_token.as_ref())
        .with("pageSize", self.page_size.map_or(ALL, i64::from))
        .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            identity: object.optional("identity")?,
            query_id: object.optional("queryId")?,
            catalog_name: object.required("catalogName")?,
            schema_name: object.optional("schemaName")?,
            next_token: object.optional("nextToken")?,
            page_size: page_size(object.optional("pageSize")?)?,
        })
    }
}

fn page_size(number: Option<i64>) -> Result<Option<u32>, Fault> {
    let Some(number) = number.filter(|number| *number != ALL) else {
        return Ok(None);
    };
    u32::try_from(number).map(Some).map_err(|_| {
        let rule = Rule::Type {
            wanted: "-1 or an integer from 0 up to 32 bits",
            found: "another number",
        };
        Fault::from(rule).at_key("pageSize")
    })
}

impl ListTablesResponse {
    pub(super) const NAME: &str = "ListTablesResponse";

    /// Unlike in other responses the catalog does not come first.
    pub(super) fn to_json(&self) -> Json<'_> {
        Object::typed(Self::NAME)
            .with(
                "tables",
                self.tables.iter().map(TableName::to_json).collect::<Json<'_>>(),
            )
            .with("catalogName", &self.catalog_name)
            .with("nextToken", self.next_token.as_ref())
            .into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            tables: object.required("tables")?,
            catalog_name: object.required("catalogName")?,
            next_token: object.optional("nextToken")?,
        })
    }
}
