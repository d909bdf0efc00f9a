//! ListTables: tables of a database, page by page.

use super::metadata_request::metadata_request;
use crate::domain::{FederatedIdentity, TableName};
use crate::error::{Fault, Rule};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

#[derive(Debug, Clone, PartialEq)]
pub struct ListTablesRequest {
    pub identity: Option<FederatedIdentity>,
    pub query_id: Option<String>,
    pub catalog_name: String,
    /// Database to list; `None` for all.
    pub schema_name: Option<String>,
    /// Token of the previous page; `None` for the first.
    pub next_token: Option<String>,
    /// Maximum number of tables in the response. `None`, which is -1 on the wire, asks for all.
    pub page_size: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTablesResponse {
    pub tables: Vec<TableName>,
    pub catalog_name: String,
    /// `None` on the last page.
    pub next_token: Option<String>,
}

const ALL: i64 = -1;

impl ListTablesRequest {
    pub(super) const NAME: &str = "ListTablesRequest";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Json<'_> {
        metadata_request(
            Self::NAME,
            self.identity.as_ref(),
            self.query_id.as_ref(),
            &self.catalog_name,
            version,
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

    /// Encodes the response. The catalog follows the tables, unlike in other responses, except at version 1.
    pub(super) fn to_json(&self, version: SerdeVersion) -> Json<'_> {
        let tables = self.tables.iter().map(|table| table.to_json(version));
        let tables = tables.collect::<Json<'_>>();
        let (object, catalog) = (Object::typed(Self::NAME), &self.catalog_name);
        let object = match version {
            SerdeVersion::V1 => object.with("catalogName", catalog).with("tables", tables),
            _ => object.with("tables", tables).with("catalogName", catalog),
        };
        object.with("nextToken", self.next_token.as_ref()).into()
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            tables: object.required("tables")?,
            catalog_name: object.required("catalogName")?,
            next_token: object.optional("nextToken")?,
        })
    }
}
