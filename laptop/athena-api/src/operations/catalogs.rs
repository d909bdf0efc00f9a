//! Data catalogs, databases and tables.

use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Api;
use crate::catalog_type::catalog_type;
use crate::engine::{Catalog, EngineError, Fault, Table};
use crate::error::ApiError;
use crate::page::page;

/// Number of items in a page.
const PAGE_ITEMS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Name {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListDatabases {
    catalog_name: String,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetDatabase {
    catalog_name: String,
    database_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTables {
    catalog_name: String,
    database_name: String,
    expression: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTable {
    catalog_name: String,
    database_name: String,
    table_name: String,
}

pub(super) async fn list(api: &Api, request: &List) -> Result<Value, ApiError> {
    let catalogs = api.engine().catalogs().await.map_err(ApiError::metadata)?;
    let token = request.next_token.as_deref();
    let (shown, next) = page(
        catalogs,
        |found| &found.name,
        token,
        request.max_results,
        PAGE_ITEMS,
    )?;
    let shown = shown
        .iter()
        .map(|found| json!({ "CatalogName": found.name, "Type": found.kind }));
    Ok(json!({ "DataCatalogsSummary": shown.collect::<Value>(), "NextToken": next }))
}

pub(super) async fn get(api: &Api, request: &Name) -> Result<Value, ApiError> {
    let found = catalog(api, &request.name).await?;
    let mut parameters = json!({});
    if found.kind == "LAMBDA" {
        parameters["function"] =
            format!("arn:aws:lambda:us-east-1:000000000000:function:{}", found.name).into();
    }
    Ok(json!({ "DataCatalog": {
        "Name": found.name,
        "Type": found.kind,
        "Parameters": parameters,
        "Status": "CREATE_COMPLETE",
    } }))
}

/// Catalog of a name in any case.
async fn catalog(api: &Api, name: &str) -> Result<Catalog, ApiError> {
    let catalogs = api.engine().catalogs().await.map_err(ApiError::metadata)?;
    let mut same = catalogs
        .into_iter()
        .filter(|found| found.name.eq_ignore_ascii_case(name));
    same.next()
        .ok_or_else(|| ApiError::invalid(format!("Data catalog {name} was not found")))
}

pub(super) async fn databases(api: &Api, request: &ListDatabases) -> Result<Value, ApiError> {
    let catalog = catalog(api, &request.catalog_name).await?.name;
    let names = api
        .engine()
        .databases(&catalog)
        .await
        .map_err(ApiError::metadata)?;
    let token = request.next_token.as_deref();
    let (shown, next) = page(names, |name| name, token, request.max_results, PAGE_ITEMS)?;
    let shown = shown.iter().map(|name| json!({ "Name": name }));
    Ok(json!({ "DatabaseList": shown.collect::<Value>(), "NextToken": next }))
}

pub(super) async fn database(api: &Api, request: &GetDatabase) -> Result<Value, ApiError> {
    let catalog = catalog(api, &request.catalog_name).await?.name;
    let names = api
        .engine()
        .databases(&catalog)
        .await
        .map_err(ApiError::metadata)?;
    let wanted = &request.database_name;
    match names.into_iter().find(|name| name.eq_ignore_ascii_case(wanted)) {
        Some(name) => Ok(json!({ "Database": { "Name": name } })),
        None => Err(ApiError::metadata(EngineError {
            fault: Fault::NotFound,
            message: format!("Database {wanted} not found"),
        })),
    }
}

pub(super) async fn tables(api: &Api, request: &ListTables) -> Result<Value, ApiError> {
    let (catalog, database) = (
        catalog(api, &request.catalog_name).await?.name,
        &request.database_name,
    );
    let mut names = api
        .engine()
        .tables(&catalog, database)
        .await
        .map_err(ApiError::metadata)?;
    if let Some(expression) = &request.expression {
        let pattern = Regex::new(&format!("(?i)^(?:{expression})$"))
            .map_err(|error| ApiError::invalid(format!("Expression: {error}")))?;
        names.retain(|name| pattern.is_match(name));
    }
    let token = request.next_token.as_deref();
    let (shown, next) = page(names, |name| name, token, request.max_results, PAGE_ITEMS)?;
    let mut described = Vec::new();
    for name in shown {
        match api.engine().table(&catalog, database, &name).await {
            Ok(table) => described.push(metadata(&table)),
            // A table that cannot be described would hide all others.
            Err(error) => described.push(json!({
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Columns": [],
                "Parameters": { "comment": error.message },
            })),
        }
    }
    Ok(json!({ "TableMetadataList": described, "NextToken": next }))
}

pub(super) async fn table(api: &Api, request: &GetTable) -> Result<Value, ApiError> {
    let catalog = catalog(api, &request.catalog_name).await?.name;
    let table = api
        .engine()
        .table(&catalog, &request.database_name, &request.table_name)
        .await;
    Ok(json!({ "TableMetadata": metadata(&table.map_err(ApiError::metadata)?) }))
}

fn metadata(table: &Table) -> Value {
    let columns = table.columns.iter().map(|column| {
        let mut described = json!({ "Name": column.name, "Type": catalog_type(&column.sql_type) });
        if let Some(comment) = &column.comment {
            described["Comment"] = comment.as_str().into();
        }
        described
    });
    json!({
        "Name": table.name,
        "TableType": if table.is_view { "VIRTUAL_VIEW" } else { "EXTERNAL_TABLE" },
        "Columns": columns.collect::<Value>(),
        "PartitionKeys": [],
        "Parameters": {},
    })
}
