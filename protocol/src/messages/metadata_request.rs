//! What requests for metadata begin with.

use crate::domain::FederatedIdentity;
use crate::json::Object;

/// The head of every metadata request: `@type`, `identity`, `queryId`, `catalogName`.
pub(super) fn metadata_request<'a>(
    name: &'static str,
    identity: Option<&'a FederatedIdentity>,
    query_id: Option<&'a String>,
    catalog_name: &'a str,
) -> Object<'a> {
    Object::typed(name)
        .with("identity", identity.map(FederatedIdentity::to_json))
        .with("queryId", query_id)
        .with("catalogName", catalog_name)
}
