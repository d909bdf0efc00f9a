//! Keys that all kinds of value sets share: the first and the last.

pub(super) const TYPE: &str = "@type";
pub(super) const NULL_ALLOWED: &str = "nullAllowed";
