//! Keys that metadata requests share, and keys that messages have at version 1 only.

use crate::domain::FederatedIdentity;
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Leading keys of every metadata request: `@type`, `identity`, `queryId`, `catalogName`.
pub(super) fn metadata_request<'a>(
    name: &'static str,
    identity: Option<&'a FederatedIdentity>,
    query_id: Option<&'a String>,
    catalog_name: &'a str,
    version: SerdeVersion,
) -> Object<'a> {
    Object::typed(name)
        .with("identity", identity.map(|identity| identity.to_json(version)))
        .with("queryId", query_id)
        .with("catalogName", catalog_name)
}

/// Adds the key that ends a metadata or record message at version 1.
pub(super) fn with_request_type<'a>(
    json: Json<'a>,
    request_type: Option<&'static str>,
    version: SerdeVersion,
) -> Json<'a> {
    match (json, request_type) {
        (Json::Object(object), Some(request_type)) if version == SerdeVersion::V1 => {
            object.with("requestType", request_type).into()
        }
        (json, _) => json,
    }
}

/// Key of a table's partition columns in requests: from version 2 on, and at version 1.
pub(super) const PARTITION_COLUMNS: [&str; 2] = ["partitionColumns", "partitionCols"];

pub(super) fn partition_columns_key(version: SerdeVersion) -> &'static str {
    let [key, at_version_1] = PARTITION_COLUMNS;
    match version {
        SerdeVersion::V1 => at_version_1,
        _ => key,
    }
}
