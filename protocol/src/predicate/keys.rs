//! Keys of predicates that several of them have.

use crate::json::Object;
use crate::version::SerdeVersion;

/// An object by its name from version 2 on, and its name at version 1.
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

/// A value set's first key, and the last that all three share.
pub(super) const TYPE: &str = "@type";
pub(super) const NULL_ALLOWED: &str = "nullAllowed";
