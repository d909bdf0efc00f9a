//! Places in a document with their paths, and the values read there.

use std::str::FromStr;

use super::error::DocumentError;
use super::json::Json;
use super::warning::Warning;
use crate::table::UnknownWord;

/// Place in the document; `null` and an absent key are both `None`.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub(super) path: String,
    pub(super) value: Option<&'a Json>,
}

impl<'a> Node<'a> {
    pub(super) fn root(document: &'a Json) -> Self {
        Self {
            path: String::new(),
            value: Some(document),
        }
    }

    pub(super) fn child(&self, key: &str) -> Result<Node<'a>, DocumentError> {
        match self.value {
            Some(object @ Json::Object(_)) => Ok(Node {
                path: self.child_path(key),
                value: object.get(key),
            }),
            other => Err(self.wrong_kind("an object", other)),
        }
    }

    pub(super) fn object(&self, key: &str) -> Result<Node<'a>, DocumentError> {
        let child = self.child(key)?;
        match child.value {
            Some(Json::Object(_)) => Ok(child),
            other => Err(child.wrong_kind("an object", other)),
        }
    }

    /// Object at the key, if there is one.
    pub(super) fn optional_object(&self, key: &str) -> Result<Option<Node<'a>>, DocumentError> {
        match self.child(key)?.value {
            None => Ok(None),
            Some(_) => self.object(key).map(Some),
        }
    }

    /// Children of an array; an absent one is empty.
    pub(super) fn array(&self, key: &str) -> Result<Vec<Node<'a>>, DocumentError> {
        let child = self.child(key)?;
        let items = match child.value {
            None => return Ok(Vec::new()),
            Some(Json::Array(items)) => items,
            other => return Err(child.wrong_kind("an array", other)),
        };
        let node = |(at, value)| Node {
            path: format!("{}[{at}]", child.path),
            value: Some(value),
        };
        Ok(items.iter().enumerate().map(node).collect())
    }

    /// Text of a scalar, if there is one.
    pub(super) fn optional_text(&self, key: &str) -> Result<Option<String>, DocumentError> {
        let child = self.child(key)?;
        match child.value {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(scalar @ (Json::Number(_) | Json::Bool(_))) => Ok(Some(scalar.to_string())),
            other => Err(child.wrong_kind("a text", other)),
        }
    }

    /// Text of a scalar; an absent one is empty.
    pub(super) fn text(&self, key: &str) -> Result<String, DocumentError> {
        Ok(self.optional_text(key)?.unwrap_or_default())
    }

    pub(super) fn required_text(&self, key: &str) -> Result<String, DocumentError> {
        let text = self.text(key)?;
        if text.trim().is_empty() {
            return Err(DocumentError::Missing {
                path: self.child_path(key),
            });
        }
        Ok(text)
    }

    /// One of the allowed words, if there is one.
    pub(super) fn word<T: FromStr<Err = UnknownWord>>(&self, key: &str) -> Result<Option<T>, DocumentError> {
        let text = self.text(key)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let word = text.parse().map_err(|source| DocumentError::Word {
            path: self.child_path(key),
            source,
        });
        word.map(Some)
    }

    /// Value `true` or `false`, also in quotes.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, DocumentError> {
        let child = self.child(key)?;
        match child.value {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(Json::Text(text)) if text.trim().eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Json::Text(text)) if text.trim().eq_ignore_ascii_case("false") => Ok(Some(false)),
            other => Err(child.wrong_kind("true or false", other)),
        }
    }

    /// Warns of each member that is not one of `known`.
    pub(super) fn warn_of_others(&self, known: &[&str], warnings: &mut Vec<Warning>) {
        let Some(Json::Object(members)) = self.value else {
            return;
        };
        for (key, _) in members.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            self.warn(
                key,
                format!("unknown key, ignored; known are {}", known.join(", ")),
                warnings,
            );
        }
    }

    pub(super) fn warn(&self, key: &str, text: impl Into<String>, warnings: &mut Vec<Warning>) {
        warnings.push(Warning {
            path: self.child_path(key),
            text: text.into(),
            changes_column: false,
        });
    }

    /// Warns like [`warn`](Self::warn) of a fault that changes what the column shows.
    pub(super) fn warn_of_column(&self, key: &str, text: impl Into<String>, warnings: &mut Vec<Warning>) {
        warnings.push(Warning {
            path: self.child_path(key),
            text: text.into(),
            changes_column: true,
        });
    }

    pub(super) fn child_path(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    pub(super) fn invalid(&self, key: &str, reason: impl Into<String>) -> DocumentError {
        DocumentError::Invalid {
            path: self.child_path(key),
            reason: reason.into(),
        }
    }

    pub(super) fn wrong_kind(&self, wanted: &'static str, found: Option<&Json>) -> DocumentError {
        let path = match self.path.as_str() {
            "" => "the document".to_owned(),
            path => path.to_owned(),
        };
        match found.map(Json::kind) {
            None => DocumentError::Missing { path },
            Some(found) => DocumentError::WrongKind { path, wanted, found },
        }
    }
}
