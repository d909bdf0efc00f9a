//! The work group, and engine versions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::check_work_group;
use crate::api::{Api, WORK_GROUP};
use crate::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    work_group: String,
}

pub(super) fn list() -> Value {
    json!({ "WorkGroups": [{
        "Name": WORK_GROUP,
        "State": "ENABLED",
        "Description": "",
        "EngineVersion": version(),
    }] })
}

pub(super) fn get(api: &Api, request: &Get) -> Result<Value, ApiError> {
    check_work_group(Some(&request.work_group))?;
    Ok(json!({ "WorkGroup": {
        "Name": WORK_GROUP,
        "State": "ENABLED",
        "Description": "",
        "Configuration": {
            "ResultConfiguration": { "OutputLocation": api.options().output },
            "EnforceWorkGroupConfiguration": false,
            "PublishCloudWatchMetricsEnabled": false,
            "RequesterPaysEnabled": false,
            "EngineVersion": version(),
        },
    } }))
}

pub(super) fn engine_versions() -> Value {
    json!({ "EngineVersions": [version()] })
}

fn version() -> Value {
    json!({ "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3" })
}
