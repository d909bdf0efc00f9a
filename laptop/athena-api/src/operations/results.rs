//! GetQueryResults.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Api;
use crate::column_info::column_info;
use crate::engine::StatementClass;
use crate::error::ApiError;
use crate::executions::{Execution, State};
use crate::result_file::{PageLimits, Row, RowPage, read_page};

/// Rows of a page, the header included.
const PAGE_ROWS: usize = 1000;
/// Size in bytes from which a page ends before its last row.
const PAGE_BYTES: usize = 8 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    query_execution_id: String,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) async fn get(api: &Api, request: &Get) -> Result<Value, ApiError> {
    let execution = api.executions().get(&request.query_execution_id)?;
    let progress = execution.progress();
    match progress.state() {
        State::Succeeded => {}
        State::Failed => {
            return Err(ApiError::wrong_state(
                "Query did not finish successfully. Final query state: FAILED",
            ));
        }
        State::Cancelled => return Err(ApiError::no_result()),
        unfinished => {
            let state = unfinished.name();
            return Err(ApiError::wrong_state(format!(
                "Query has not yet finished. Current state: {state}"
            )));
        }
    }
    let rows = match request.max_results {
        None => PAGE_ROWS,
        Some(wanted) => usize::try_from(wanted)
            .ok()
            .filter(|wanted| (1..=PAGE_ROWS).contains(wanted))
            .ok_or_else(|| {
                ApiError::invalid(format!("MaxResults: wanted 1 to {PAGE_ROWS}, found {wanted}"))
            })?,
    };
    let start = match &request.next_token {
        None => 0,
        Some(token) => place_of(token, execution.id()).ok_or_else(invalid_token)?,
    };
    let file = match (execution.kind.class, progress.kept) {
        (StatementClass::Write, _) => Default::default(),
        (StatementClass::Query, _) if !progress.is_expired => {
            let file = api.store().get(&execution.output).await;
            file.map_err(ApiError::internal)?
                .ok_or_else(ApiError::no_result)?
        }
        (_, Some(kept)) => kept,
        (_, None) => return Err(ApiError::no_result()),
    };
    let limits = PageLimits {
        rows,
        bytes: PAGE_BYTES,
    };
    let RowPage { rows, next } = match read_page(&file, start, limits) {
        Some(page) => page,
        None if start > 0 => return Err(invalid_token()),
        // A client has put something else in its place.
        None => return Err(ApiError::no_result()),
    };
    let updated = progress.written.map_or(0, |written| written.rows);
    let mut answer = json!({
        "UpdateCount": updated,
        "ResultSet": {
            "Rows": rows.into_iter().map(data).collect::<Value>(),
            "ResultSetMetadata": { "ColumnInfo": column_info(&progress.columns, execution.kind.class) },
        },
    });
    if let Some(next) = next {
        answer["NextToken"] = token(&execution, next).into();
    }
    Ok(answer)
}

/// NULL is a value without text.
fn data(row: Row) -> Value {
    let values = row.into_iter().map(|value| match value {
        Some(text) => json!({ "VarCharValue": text }),
        None => json!({}),
    });
    json!({ "Data": values.collect::<Value>() })
}

/// Token of the page that begins at a place of the result's file.
fn token(execution: &Execution, place: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{place}", execution.id()))
}

fn place_of(token: &str, id: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (of, place) = text.split_once(':')?;
    if of == id { place.parse().ok() } else { None }
}

fn invalid_token() -> ApiError {
    ApiError::invalid("Invalid NextToken")
}
