//! Named queries, and what the API knows of prepared statements beside the engine.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::error::ApiError;

/// Number of named queries, and of prepared statements, that are kept.
pub(crate) const SAVED_LIMIT: usize = 1000;

/// Query that is saved under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedQuery {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) database: String,
    pub(crate) sql: String,
}

/// Named queries by id; descriptions and times of prepared statements by name.
#[derive(Debug, Default)]
pub(crate) struct Saved(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    queries: BTreeMap<String, SavedQuery>,
    prepared: BTreeMap<String, PreparedNote>,
}

/// Description of a prepared statement, and time of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreparedNote {
    pub(crate) description: Option<String>,
    pub(crate) modified: SystemTime,
}

impl Saved {
    /// Keeps a query in place of one of its id.
    pub(crate) fn put(&self, query: SavedQuery) -> Result<(), ApiError> {
        let mut inner = self.lock();
        if !inner.queries.contains_key(&query.id) && inner.queries.len() >= SAVED_LIMIT {
            return Err(ApiError::invalid(format!(
                "there are {SAVED_LIMIT} named queries already, which is the limit"
            )));
        }
        inner.queries.insert(query.id.clone(), query);
        Ok(())
    }

    pub(crate) fn get(&self, id: &str) -> Result<SavedQuery, ApiError> {
        let found = self.lock().queries.get(id).cloned();
        found.ok_or_else(|| ApiError::invalid(format!("NamedQuery {id} was not found")))
    }

    pub(crate) fn delete(&self, id: &str) -> Result<(), ApiError> {
        let removed = self.lock().queries.remove(id);
        removed
            .map(drop)
            .ok_or_else(|| ApiError::invalid(format!("NamedQuery {id} was not found")))
    }

    /// Ids in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.lock().queries.keys().cloned().collect()
    }

    pub(crate) fn note(&self, name: &str, description: Option<String>) {
        let modified = SystemTime::now();
        let note = PreparedNote {
            description,
            modified,
        };
        self.lock().prepared.insert(name.to_owned(), note);
    }

    pub(crate) fn forget_note(&self, name: &str) {
        self.lock().prepared.remove(name);
    }

    /// Note of a prepared statement; without a description for one that SQL has prepared.
    pub(crate) fn note_of(&self, name: &str) -> PreparedNote {
        let found = self.lock().prepared.get(name).cloned();
        found.unwrap_or(PreparedNote {
            description: None,
            modified: SystemTime::UNIX_EPOCH,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic leaves no partial change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
