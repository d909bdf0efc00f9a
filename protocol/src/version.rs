//! Serde versions: which one a request is written at, and what each one changed.

use std::fmt;

use thiserror::Error;

/// A version of Athena's JSON.
///
/// | version | changed |
/// | --- | --- |
/// | 1 | reflection-style JSON, retired in 2020; recognised and refused |
/// | 2 | strict streaming JSON; Arrow bytes in legacy framing, metadata V4 |
/// | 3 | Arrow bytes behind a continuation marker, metadata V5 |
/// | 4 | constraints gain `expression`, `orderByClause`, `limit`; the capabilities call |
/// | 5 | constraints and GetTable gain `queryPassthroughArguments` |
/// | 6 | constraints gain `queryPlan` |
///
/// Responses are the same at all of them, but for the framing of Arrow bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SerdeVersion {
    V2,
    V3,
    V4,
    V5,
    V6,
}

impl SerdeVersion {
    /// What this crate speaks at best, and what a ping response should report.
    pub const LATEST: Self = Self::V6;

    /// The number on the wire.
    pub fn number(self) -> u32 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
            Self::V6 => 6,
        }
    }
}

impl fmt::Display for SerdeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// A version number that is not spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("serde version {0} is unknown; versions 2 to 6 are spoken")]
pub struct UnknownVersion(pub u32);

impl TryFrom<u32> for SerdeVersion {
    type Error = UnknownVersion;

    fn try_from(number: u32) -> Result<Self, UnknownVersion> {
        let known = [Self::V2, Self::V3, Self::V4, Self::V5, Self::V6];
        known
            .into_iter()
            .find(|version| version.number() == number)
            .ok_or(UnknownVersion(number))
    }
}
