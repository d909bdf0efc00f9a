//! Serde versions and what each one changed.

use std::fmt;

use thiserror::Error;

/// Version of Athena's JSON. The SDK chooses one in
/// `com.amazonaws.athena.connector.lambda.serde.VersionedObjectMapperFactory`.
///
/// | version | changed |
/// | --- | --- |
/// | 1 | keys in any order; other names of keys, types and value sets; Arrow bytes as in version 2 |
/// | 2 | strict streaming JSON; Arrow bytes in legacy framing, metadata V4 |
/// | 3 | Arrow bytes after a continuation marker, metadata V5 |
/// | 4 | constraints gain `expression`, `orderByClause`, `limit`; the capabilities call |
/// | 5 | constraints and GetTable gain `queryPassthroughArguments` |
/// | 6 | constraints gain `queryPlan` |
///
/// From version 2 on, responses differ only in the framing of Arrow bytes. Version 1 was replaced in 2020;
/// the SDK's `com.amazonaws.athena.connector.lambda.serde.ObjectMapperFactory` still writes and reads it:
///
/// | in version 1 | from version 2 on |
/// | --- | --- |
/// | `identity`: `arn`, `account`, `principalTags`, `iamGroups`, `configOptions` | `id`, `principal`, `account`, `arn`, `tags`, `groups`, `configOptions` |
/// | a schema is `{"schema": TEXT}` (in a block it is only the text) | only the text |
/// | Arrow types: `{"name":"int", …}`, a decimal with `bitWidth`, a map with `keysSorted` | `{"@type":"Int", …}` |
/// | value sets: `sortable`, `equatable`, `allOrNone` without `all` | `SortedRangeSet`, `EquatableValueSet`, `AllOrNoneValueSet` |
/// | expressions: `variable`, `constant`, `functionCall` | `VariableExpression`, `ConstantExpression`, `FunctionCallExpression` |
/// | `partitionCols` in requests | `partitionColumns` |
/// | block sizes are numbers | numbers in strings |
/// | table names have a `qualifiedTableName` | none |
/// | `requestType` in requests and responses, Ping and UserDefinedFunction excepted | none |
/// | ReadRecords: `catalogName` before `queryId`; ListTables' answer: `catalogName` first | the other way round |
///
/// Constraints had only a `summary` at that time; today's SDK writes those of version 6 into version 1, too,
/// and adds keys that repeat others and that no reader uses: `context`, `queryPassthrough`, a range's `type`,
/// an equatable set's `values`, an expression's `children`. Those are not written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SerdeVersion {
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
}

impl SerdeVersion {
    /// Latest version that this crate supports, which a ping response should report.
    pub const LATEST: Self = Self::V6;

    /// Whether constraints have `expression`, `orderByClause` and `limit`.
    pub(crate) fn has_hints(self) -> bool {
        self == Self::V1 || self >= Self::V4
    }

    /// Whether `queryPassthroughArguments` exist.
    pub(crate) fn has_passthrough(self) -> bool {
        self == Self::V1 || self >= Self::V5
    }

    /// Whether constraints have a `queryPlan`.
    pub(crate) fn has_query_plan(self) -> bool {
        self == Self::V1 || self >= Self::V6
    }

    /// Number on the wire.
    pub fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
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

/// Version number that is not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("serde version {0} is unknown; versions 1 to 6 are supported")]
pub struct UnknownVersion(pub u32);

impl TryFrom<u32> for SerdeVersion {
    type Error = UnknownVersion;

    fn try_from(number: u32) -> Result<Self, UnknownVersion> {
        let known = [Self::V1, Self::V2, Self::V3, Self::V4, Self::V5, Self::V6];
        known
            .into_iter()
            .find(|version| version.number() == number)
            .ok_or(UnknownVersion(number))
    }
}
