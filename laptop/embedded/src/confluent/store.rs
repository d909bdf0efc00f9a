//! Subjects, their versions, and the schemas that they share.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::error::ConfluentError;
use super::schema::{Identity, Reference, Schema};

/// Place of a registered schema, with the identifiers in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    pub id: u32,
    pub guid: Uuid,
    /// Version within the subject, from 1.
    pub version: u32,
}

/// Schema with its identifiers.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: u32,
    pub(super) guid: Uuid,
    pub(super) schema: Schema,
}

/// Handling of deleted versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Deleted {
    #[default]
    Hidden,
    Shown,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    /// Schemas; an id is the position plus one.
    entries: Vec<Entry>,
    ids: BTreeMap<Identity, u32>,
    /// Versions by subject; a version's number is its position plus one.
    subjects: BTreeMap<String, Vec<Version>>,
}

#[derive(Debug)]
struct Version {
    id: u32,
    is_deleted: bool,
}

impl Store {
    pub(super) fn register(&mut self, subject: &str, schema: Schema) -> Result<Registered, ConfluentError> {
        let schema = schema.parsed()?;
        for Reference {
            name,
            subject,
            version,
        } in &schema.references
        {
            self.version(subject, *version, Deleted::Hidden)
                .map_err(|error| {
                    ConfluentError::InvalidSchema(format!("reference {name} is not registered: {error}"))
                })?;
        }
        match self.look_up(subject, &schema) {
            Ok(registered) => Ok(registered),
            Err(_) => Ok(self.put(subject, schema)),
        }
    }

    /// Adds a version without any check.
    pub(super) fn put(&mut self, subject: &str, schema: Schema) -> Registered {
        let identity = schema.identity();
        let guid = identity.guid();
        let next_id = self.entries.len() as u32 + 1;
        let id = *self.ids.entry(identity).or_insert(next_id);
        if id == next_id {
            self.entries.push(Entry { id, guid, schema });
        }
        let versions = self.subjects.entry(subject.to_owned()).or_default();
        versions.push(Version {
            id,
            is_deleted: false,
        });
        Registered {
            id,
            guid,
            version: versions.len() as u32,
        }
    }

    /// Hides a version from requests that do not include deleted ones; its schema keeps its id.
    pub(super) fn delete(&mut self, subject: &str, version: u32) -> Result<(), ConfluentError> {
        self.version(subject, version, Deleted::Hidden)?;
        let versions = self.subjects.get_mut(subject).into_iter().flatten();
        for (each, number) in versions.zip(1..) {
            each.is_deleted |= number == version;
        }
        Ok(())
    }

    /// Registration of this parsed schema under a subject.
    pub(super) fn look_up(&self, subject: &str, schema: &Schema) -> Result<Registered, ConfluentError> {
        let mut versions = self.versions(subject, Deleted::Hidden)?;
        let id = self.ids.get(&schema.identity());
        let id = *id.ok_or(ConfluentError::SchemaNotRegistered)?;
        let version = versions.find(|(_, version)| *version == id);
        let (version, _) = version.ok_or(ConfluentError::SchemaNotRegistered)?;
        Ok(Registered {
            id,
            guid: self.by_id(id)?.guid,
            version,
        })
    }

    pub(super) fn by_id(&self, id: u32) -> Result<&Entry, ConfluentError> {
        let position = (id as usize).checked_sub(1);
        position
            .and_then(|position| self.entries.get(position))
            .ok_or_else(|| ConfluentError::SchemaNotFound(id.to_string()))
    }

    pub(super) fn by_guid(&self, guid: Uuid) -> Result<&Entry, ConfluentError> {
        self.entries
            .iter()
            .find(|entry| entry.guid == guid)
            .ok_or_else(|| ConfluentError::SchemaNotFound(guid.to_string()))
    }

    pub(super) fn version(
        &self,
        subject: &str,
        version: u32,
        deleted: Deleted,
    ) -> Result<&Entry, ConfluentError> {
        let found = self
            .versions(subject, deleted)?
            .find(|(number, _)| *number == version);
        let (_, id) = found.ok_or(ConfluentError::VersionNotFound(version))?;
        self.by_id(id)
    }

    /// Number of the latest version.
    pub(super) fn latest(&self, subject: &str, deleted: Deleted) -> Result<u32, ConfluentError> {
        let latest = self.versions(subject, deleted)?.last();
        Ok(latest.map_or(0, |(number, _)| number))
    }

    /// Numbers and ids of the versions; at least one.
    pub(super) fn versions(
        &self,
        subject: &str,
        deleted: Deleted,
    ) -> Result<impl Iterator<Item = (u32, u32)>, ConfluentError> {
        let versions = self.subjects.get(subject).into_iter().flatten().zip(1..);
        let mut shown = versions
            .filter(move |(version, _)| deleted == Deleted::Shown || !version.is_deleted)
            .map(|(version, number)| (number, version.id))
            .peekable();
        match shown.peek() {
            Some(_) => Ok(shown),
            None => Err(ConfluentError::SubjectNotFound(subject.to_owned())),
        }
    }

    pub(super) fn subjects(&self) -> impl Iterator<Item = &str> {
        let subjects = self.subjects.iter();
        let live = subjects.filter(|(_, versions)| versions.iter().any(|version| !version.is_deleted));
        live.map(|(subject, _)| subject.as_str())
    }

    /// Subjects and versions with this schema.
    pub(super) fn places(&self, id: u32) -> impl Iterator<Item = (&str, u32)> {
        self.subjects.iter().flat_map(move |(subject, versions)| {
            let of_id = versions
                .iter()
                .zip(1..)
                .filter(move |(version, _)| version.id == id && !version.is_deleted);
            of_id.map(move |(_, version)| (subject.as_str(), version))
        })
    }

    /// Ids of the schemas that refer to a version.
    pub(super) fn referring(&self, subject: &str, version: u32) -> impl Iterator<Item = u32> {
        let refers =
            move |reference: &Reference| reference.subject == subject && reference.version == version;
        let entries = self.entries.iter();
        entries
            .filter(move |entry| entry.schema.references.iter().any(refers))
            .map(|entry| entry.id)
    }
}
