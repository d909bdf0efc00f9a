//! What schemas of a Confluent registry are asked for by.

use std::fmt;

use uuid::Uuid;

/// What one schema is asked for by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SchemaKey {
    Id(u32),
    Guid(Uuid),
    Version(SubjectVersion),
    /// The latest version of a subject.
    Latest(String),
    /// A version that may have been deleted meanwhile: registries keep what other schemas refer to.
    DeletedVersion(SubjectVersion),
}

/// One version of the schema of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectVersion {
    pub subject: String,
    /// -1 is the latest.
    pub version: i32,
}

impl SchemaKey {
    /// Whether a registry may have such a key at all. Ids are positive numbers of 32 bits; another one is not even among
    /// the paths of the API.
    pub(super) fn is_valid(&self) -> bool {
        match self {
            Self::Id(id) => i32::try_from(*id).is_ok(),
            Self::Guid(_) | Self::Version(_) | Self::Latest(_) | Self::DeletedVersion(_) => true,
        }
    }
}

impl fmt::Display for SchemaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Guid(guid) => guid.fmt(f),
            Self::Latest(subject) => write!(f, "the latest version of subject `{subject}`"),
            Self::Version(version) | Self::DeletedVersion(version) => version.fmt(f),
        }
    }
}

impl fmt::Display for SubjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of subject `{}`", self.version, self.subject)
    }
}
