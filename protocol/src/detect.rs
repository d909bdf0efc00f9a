//! Detection of the serde version that a request is written at.

use crate::error::{Fault, Rule};
use crate::ipc::{self, IpcFraming};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Serde version of a request. Exact where the constraints show it, because every version writes all of its
/// keys even when unused. Where versions cannot be distinguished, their responses do not differ either, and
/// the latest is returned.
pub(crate) fn detect(request: &Object<'_>) -> Result<SerdeVersion, Fault> {
    if is_version_1(request) {
        return match request.get("@type").and_then(Json::as_str) {
            Some("GetDataSourceCapabilitiesRequest") => Err(Rule::Version(SerdeVersion::V1).into()),
            _ => Ok(SerdeVersion::V1),
        };
    }
    if let Some(constraints) = request.object_at("constraints") {
        return detect_by_constraints(request, constraints);
    }
    match request.get("@type").and_then(Json::as_str) {
        Some("GetTableRequest") if !request.contains("queryPassthroughArguments") => Ok(SerdeVersion::V4),
        Some("UserDefinedFunctionRequest") => Ok(match arrow_framing(request)? {
            Some(IpcFraming::Legacy) => SerdeVersion::V2,
            _ => SerdeVersion::V6,
        }),
        _ => Ok(SerdeVersion::V6),
    }
}

fn detect_by_constraints(request: &Object<'_>, constraints: &Object<'_>) -> Result<SerdeVersion, Fault> {
    if constraints.contains("queryPlan") {
        return Ok(SerdeVersion::V6);
    }
    if constraints.contains("queryPassthroughArguments") {
        return Ok(SerdeVersion::V5);
    }
    if ["expression", "orderByClause", "limit"]
        .iter()
        .any(|key| constraints.contains(key))
    {
        return Ok(SerdeVersion::V4);
    }
    Ok(match arrow_framing(request)? {
        Some(IpcFraming::Legacy) => SerdeVersion::V2,
        _ => SerdeVersion::V3,
    })
}

/// Whether the request is of version 1: another `identity`, schemas as objects, other names of value sets, or
/// a `requestType`, which alone decides where the identity is null.
fn is_version_1(request: &Object<'_>) -> bool {
    has_version_1_identity(request)
        || has_version_1_schema(request)
        || has_version_1_value_set(request)
        || request.contains("requestType")
}

fn has_version_1_identity(request: &Object<'_>) -> bool {
    let identity = request.object_at("identity");
    identity.is_some_and(|identity| !identity.contains("arn") || !identity.contains("groups"))
}

fn has_version_1_schema(request: &Object<'_>) -> bool {
    let is_object = |holder: &Object<'_>| holder.object_at("schema").is_some();
    is_object(request)
        || request.object_at("outputSchema").is_some()
        || BLOCK_KEYS
            .iter()
            .any(|key| request.object_at(key).is_some_and(is_object))
}

fn has_version_1_value_set(request: &Object<'_>) -> bool {
    let summary = request
        .object_at("constraints")
        .and_then(|constraints| constraints.object_at("summary"));
    let kind = |value_set: &Json<'_>| match value_set {
        Json::Object(value_set) => value_set.get("@type").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    };
    let is_version_1 = |kind: String| ["sortable", "equatable", "allOrNone"].contains(&kind.as_str());
    summary.is_some_and(|summary| summary.values().filter_map(kind).any(is_version_1))
}

/// Top-level keys that hold a block.
const BLOCK_KEYS: [&str; 2] = ["partitions", "inputRecords"];

/// Framing of the request's table or block schema, if it has one.
fn arrow_framing(request: &Object<'_>) -> Result<Option<IpcFraming>, Fault> {
    let in_block = |key: &&str| request.object_at(key).and_then(|block| block.get("schema"));
    let schema = request
        .get("schema")
        .or_else(|| BLOCK_KEYS.iter().find_map(in_block));
    let Some(schema) = schema.and_then(Json::as_str) else {
        return Ok(None);
    };
    let bytes = ipc::decode_base64(schema).map_err(|rule| Fault::from(rule).at_key("schema"))?;
    Ok(Some(IpcFraming::of(&bytes)))
}
