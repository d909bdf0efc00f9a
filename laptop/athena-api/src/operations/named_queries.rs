//! Named queries.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::request::{Batch, MAX_SQL_BYTES, check_work_group, checked_text};
use crate::api::{Api, WORK_GROUP};
use crate::error::ApiError;
use crate::page::page;
use crate::saved::SavedQuery;

/// Number of ids in a page, and in a batch.
const PAGE_IDS: usize = 50;
/// Longest name, description and name of a database, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    name: String,
    description: Option<String>,
    database: String,
    query_string: String,
    work_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Id {
    named_query_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ids {
    named_query_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    next_token: Option<String>,
    max_results: Option<i64>,
    work_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    named_query_id: String,
    name: String,
    description: Option<String>,
    query_string: String,
}

pub(super) fn create(api: &Api, request: Create) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let query = SavedQuery {
        id: Uuid::new_v4().to_string(),
        name: request.name,
        description: request.description,
        database: request.database,
        sql: request.query_string,
    };
    let id = query.id.clone();
    put(api, query)?;
    Ok(json!({ "NamedQueryId": id }))
}

pub(super) fn update(api: &Api, request: Update) -> Result<Value, ApiError> {
    let known = api.saved().get(&request.named_query_id)?;
    put(
        api,
        SavedQuery {
            name: request.name,
            description: request.description.or_else(|| known.description.clone()),
            sql: request.query_string,
            ..known
        },
    )?;
    Ok(json!({}))
}

fn put(api: &Api, query: SavedQuery) -> Result<(), ApiError> {
    checked_text("Name", &query.name, MAX_TEXT_BYTES)?;
    checked_text("Database", &query.database, MAX_TEXT_BYTES)?;
    checked_text("QueryString", &query.sql, MAX_SQL_BYTES)?;
    if let Some(description) = query.description.as_deref().filter(|text| !text.is_empty()) {
        checked_text("Description", description, MAX_TEXT_BYTES)?;
    }
    api.saved().put(query)
}

pub(super) fn get(api: &Api, request: &Id) -> Result<Value, ApiError> {
    Ok(json!({ "NamedQuery": described(&api.saved().get(&request.named_query_id)?) }))
}

pub(super) fn batch_get(api: &Api, request: &Ids) -> Result<Value, ApiError> {
    let batch = Batch {
        field: "NamedQueryIds",
        keys: &request.named_query_ids,
        wanted: 1..=PAGE_IDS,
    };
    let (found, missing) = batch.look_up(
        |id| api.saved().get(id),
        |query| described(&query),
        |id| {
            json!({
                "NamedQueryId": id,
                "ErrorCode": "INVALID_INPUT",
                "ErrorMessage": format!("NamedQuery {id} was not found"),
            })
        },
    )?;
    Ok(json!({ "NamedQueries": found, "UnprocessedNamedQueryIds": missing }))
}

pub(super) fn list(api: &Api, request: &List) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let token = request.next_token.as_deref();
    let (ids, next) = page(api.saved().ids(), |id| id, token, request.max_results, PAGE_IDS)?;
    Ok(json!({ "NamedQueryIds": ids, "NextToken": next }))
}

pub(super) fn delete(api: &Api, request: &Id) -> Result<Value, ApiError> {
    api.saved().delete(&request.named_query_id)?;
    Ok(json!({}))
}

fn described(query: &SavedQuery) -> Value {
    json!({
        "NamedQueryId": query.id,
        "Name": query.name,
        "Description": query.description.as_deref().unwrap_or_default(),
        "Database": query.database,
        "QueryString": query.sql,
        "WorkGroup": WORK_GROUP,
    })
}
