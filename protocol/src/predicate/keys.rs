//! Keys that several predicates share.

use crate::json::Object;
use crate::version::SerdeVersion;

/// Starts an object with its type name: of version 2 and later, or of version 1.
pub(super) fn typed(
    name: &'static str,
    at_version_1: &'static str,
    version: SerdeVersion,
) -> Object<'static> {
    Object::typed(match version {
        SerdeVersion::V1 => at_version_1,
        _ => name,
    })
}

/// First key of a value set, and the last that all three kinds share.
pub(super) const TYPE: &str = "@type";
pub(super) const NULL_ALLOWED: &str = "nullAllowed";
