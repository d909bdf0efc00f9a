//! Prepared statements: the engine's, which SQL prepares and executes too.

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{Batch, MAX_SQL_BYTES, check_work_group, checked_text, timestamp};
use crate::api::{Api, WORK_GROUP};
use crate::engine::Prepared;
use crate::error::ApiError;
use crate::page::page;
use crate::saved::SAVED_LIMIT;

/// Number of names in a page.
const PAGE_NAMES: usize = 50;
/// Number of names in a batch.
const BATCH_NAMES: usize = 256;
/// Longest description, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    statement_name: String,
    work_group: Option<String>,
    query_statement: String,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Name {
    statement_name: String,
    work_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Names {
    prepared_statement_names: Vec<String>,
    work_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    next_token: Option<String>,
    max_results: Option<i64>,
    work_group: Option<String>,
}

pub(super) async fn put(api: &Api, request: Put, is_update: bool) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let name = request.statement_name.to_lowercase();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty()
        || name.len() > 256
        || !name.chars().all(is_name)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(ApiError::invalid(
            "StatementName: wanted letters, digits and underscores, not beginning with a digit",
        ));
    }
    let sql = checked_text("QueryStatement", &request.query_statement, MAX_SQL_BYTES)?;
    if let Some(description) = request.description.as_deref().filter(|text| !text.is_empty()) {
        checked_text("Description", description, MAX_TEXT_BYTES)?;
    }
    let known = api.engine().prepared();
    let exists = known.iter().any(|known| known.name == name);
    match (is_update, exists) {
        (true, false) => return Err(missing(&name)),
        (false, true) => {
            return Err(ApiError::invalid(format!(
                "Prepared Statement {name} already exists in the workgroup {WORK_GROUP}"
            )));
        }
        (false, false) if known.len() >= SAVED_LIMIT => {
            return Err(ApiError::invalid(format!(
                "there are {SAVED_LIMIT} prepared statements already, which is the limit"
            )));
        }
        _ => {}
    }
    let prepared = api.engine().prepare(&name, sql).await;
    prepared.map_err(|error| ApiError::malformed(error.message))?;
    api.saved().note(&name, request.description);
    Ok(json!({}))
}

pub(super) fn get(api: &Api, request: &Name) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let found = find(api, &request.statement_name)?;
    Ok(json!({ "PreparedStatement": described(api, &found) }))
}

pub(super) fn batch_get(api: &Api, request: &Names) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let batch = Batch {
        field: "PreparedStatementNames",
        keys: &request.prepared_statement_names,
        wanted: 0..=BATCH_NAMES,
    };
    let (found, missing) = batch.look_up(
        |name| find(api, name),
        |statement| described(api, &statement),
        |name| {
            json!({
                "StatementName": name,
                "ErrorCode": "STATEMENT_NOT_FOUND",
                "ErrorMessage": format!("PreparedStatement {name} was not found in workGroup {WORK_GROUP}"),
            })
        },
    )?;
    Ok(json!({ "PreparedStatements": found, "UnprocessedPreparedStatementNames": missing }))
}

pub(super) fn list(api: &Api, request: &List) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let token = request.next_token.as_deref();
    let known = api.engine().prepared();
    let (shown, next) = page(known, |known| &known.name, token, request.max_results, PAGE_NAMES)?;
    let shown = shown.iter().map(|known| {
        let modified = timestamp(api.saved().note_of(&known.name).modified);
        json!({ "StatementName": known.name, "LastModifiedTime": modified })
    });
    Ok(json!({ "PreparedStatements": shown.collect::<Value>(), "NextToken": next }))
}

pub(super) async fn delete(api: &Api, request: &Name) -> Result<Value, ApiError> {
    check_work_group(request.work_group.as_deref())?;
    let name = find(api, &request.statement_name)?.name;
    // Another request may have been first, which is the same to this one.
    let _ = api.engine().deallocate(&name).await;
    api.saved().forget_note(&name);
    Ok(json!({}))
}

fn find(api: &Api, name: &str) -> Result<Prepared, ApiError> {
    let wanted = name.to_lowercase();
    let found = api
        .engine()
        .prepared()
        .into_iter()
        .find(|known| known.name == wanted);
    found.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> ApiError {
    let message = format!("PreparedStatement {name} was not found in workGroup {WORK_GROUP}");
    ApiError::not_found(name, message)
}

fn described(api: &Api, statement: &Prepared) -> Value {
    let note = api.saved().note_of(&statement.name);
    json!({
        "StatementName": statement.name,
        "QueryStatement": statement.statement,
        "WorkGroupName": WORK_GROUP,
        "Description": note.description.unwrap_or_default(),
        "LastModifiedTime": timestamp(note.modified),
    })
}
