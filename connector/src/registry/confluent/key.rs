//! Keys of schemas in a Confluent registry.

use std::fmt;

use uuid::Uuid;

/// Key of one schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SchemaKey {
    Id(u32),
    Guid(Uuid),
    Version(SubjectVersion),
    /// Version that may have been deleted: registries keep those that other schemas refer to.
    DeletedVersion(SubjectVersion),
}

/// Version of the schema of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectVersion {
    pub subject: String,
    /// Version number; -1 is the latest.
    pub version: i32,
}

impl SchemaKey {
    /// Whether a registry may have such a key. Ids are positive numbers of 32 bits; the API has no path for
    /// others.
    pub(super) fn is_valid(&self) -> bool {
        match self {
            Self::Id(id) => i32::try_from(*id).is_ok(),
            Self::Guid(_) | Self::Version(_) | Self::DeletedVersion(_) => true,
        }
    }
}

impl fmt::Display for SchemaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Guid(guid) => guid.fmt(f),
            Self::Version(version) | Self::DeletedVersion(version) => version.fmt(f),
        }
    }
}

impl fmt::Display for SubjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of subject `{}`", self.version, self.subject)
    }
}
