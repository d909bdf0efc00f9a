//! Views: queries with names.

use std::collections::BTreeMap;

use crate::ast::ParsedQuery;
use crate::table_name::TableName;

/// Views by their names.
#[derive(Debug, Clone, Default)]
pub struct Views(BTreeMap<TableName, View>);

/// A query that is bound anew wherever its name stands.
#[derive(Debug, Clone)]
pub struct View {
    pub query: ParsedQuery,
    /// The query as it was written.
    pub text: String,
    /// Where its unqualified names are looked up, in lower case.
    pub catalog: String,
    pub schema: String,
}

impl Views {
    /// Adds or replaces the view of a full name in lower case: catalog, schema, view.
    pub fn put(&mut self, [catalog, schema, table]: [String; 3], view: View) {
        let name = TableName {
            catalog,
            schema,
            table,
        };
        self.0.insert(name, view);
    }

    pub fn get(&self, [catalog, schema, table]: [&str; 3]) -> Option<&View> {
        self.find(&TableName {
            catalog: catalog.to_owned(),
            schema: schema.to_owned(),
            table: table.to_owned(),
        })
    }

    /// Whether there was one.
    pub fn remove(&mut self, [catalog, schema, table]: [&str; 3]) -> bool {
        let name = TableName {
            catalog: catalog.to_owned(),
            schema: schema.to_owned(),
            table: table.to_owned(),
        };
        self.0.remove(&name).is_some()
    }

    /// Names of the views of a schema, in order.
    pub fn names(&self, catalog: &str, schema: &str) -> Vec<String> {
        let of_schema = self
            .0
            .keys()
            .filter(|name| name.catalog == catalog && name.schema == schema);
        of_schema.map(|name| name.table.clone()).collect()
    }

    /// Schemas of a catalog that have views, in order.
    pub fn schemas(&self, catalog: &str) -> Vec<String> {
        let of_catalog = self.0.keys().filter(|name| name.catalog == catalog);
        let mut schemas: Vec<_> = of_catalog.map(|name| name.schema.clone()).collect();
        schemas.dedup();
        schemas
    }

    pub(crate) fn find(&self, name: &TableName) -> Option<&View> {
        self.0.get(name)
    }
}
