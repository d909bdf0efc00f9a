//! Registered schemas: their identity and validation.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorProto;
use protox::file::File;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::ConfluentError;
use super::proto_text;

/// Language of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SchemaType {
    #[default]
    Avro,
    Json,
    Protobuf,
}

impl fmt::Display for SchemaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avro => "AVRO",
            Self::Json => "JSON",
            Self::Protobuf => "PROTOBUF",
        })
    }
}

/// Reference to another schema: its name in the referring text, and where it is registered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    pub name: String,
    pub subject: String,
    pub version: u32,
}

/// Schema, independent of where it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    pub schema_type: SchemaType,
    pub text: String,
    pub references: Vec<Reference>,
}

impl Schema {
    /// Avro schema without references.
    pub fn avro(text: impl Into<String>) -> Self {
        Self::new(SchemaType::Avro, text)
    }

    /// JSON Schema without references.
    pub fn json(text: impl Into<String>) -> Self {
        Self::new(SchemaType::Json, text)
    }

    /// Protobuf schema without references.
    pub fn protobuf(text: impl Into<String>) -> Self {
        Self::new(SchemaType::Protobuf, text)
    }

    fn new(schema_type: SchemaType, text: impl Into<String>) -> Self {
        Self {
            schema_type,
            text: text.into(),
            references: Vec::new(),
        }
    }

    /// Adds a reference.
    #[must_use]
    pub fn referring_to(mut self, name: &str, subject: &str, version: u32) -> Self {
        self.references.push(Reference {
            name: name.to_owned(),
            subject: subject.to_owned(),
            version,
        });
        self
    }

    /// Schema in its stored form: Protobuf as text.
    ///
    /// # Errors
    /// [`ConfluentError::InvalidSchema`] if it does not parse.
    pub(super) fn parsed(mut self) -> Result<Self, ConfluentError> {
        let invalid = |error: &dyn fmt::Display| ConfluentError::InvalidSchema(error.to_string());
        match self.schema_type {
            SchemaType::Avro | SchemaType::Json => {
                serde_json::from_str::<serde::de::IgnoredAny>(&self.text).map_err(|error| invalid(&error))?;
            }
            SchemaType::Protobuf => {
                if let Some(file) = descriptor(&self.text) {
                    self.text = proto_text::print(&file).map_err(|error| invalid(&error))?;
                }
                parse(&self.text).map_err(|error| invalid(&error))?;
            }
        }
        Ok(self)
    }

    /// Base64 of a Protobuf schema's descriptor, for `?format=serialized`.
    pub(super) fn serialized(&self) -> Result<String, ConfluentError> {
        let file = parse(&self.text).map_err(|error| ConfluentError::InvalidSchema(error.to_string()))?;
        Ok(BASE64_STANDARD.encode(file.file_descriptor_proto().encode_to_vec()))
    }

    /// Identity of a schema: JSON is compared as a tree.
    pub(super) fn identity(&self) -> Identity {
        let text = match self.schema_type {
            SchemaType::Protobuf => self.text.clone(),
            _ => serde_json::from_str::<serde_json::Value>(&self.text)
                .map_or_else(|_| self.text.clone(), |tree| tree.to_string()),
        };
        Identity {
            schema_type: self.schema_type,
            text,
            references: self.references.clone(),
        }
    }
}

/// Descriptor of a base64 text. `.proto` text is never base64: it has blanks or braces.
fn descriptor(text: &str) -> Option<FileDescriptorProto> {
    let bytes = BASE64_STANDARD.decode(text.trim()).ok()?;
    FileDescriptorProto::decode(bytes.as_slice()).ok()
}

fn parse(text: &str) -> Result<File, protox::Error> {
    File::from_source("schema.proto", text)
}

/// Identity that is equal for schemas with the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    schema_type: SchemaType,
    text: String,
    references: Vec<Reference>,
}

impl Identity {
    /// GUID of the content: equal in every registry.
    pub(super) fn guid(&self) -> Uuid {
        let half = |salt: u8| {
            // Without random state, unlike the hasher of maps.
            let mut hasher = DefaultHasher::new();
            (salt, self).hash(&mut hasher);
            hasher.finish()
        };
        let bytes = (u128::from(half(0)) << 64 | u128::from(half(1))).to_be_bytes();
        uuid::Builder::from_md5_bytes(bytes).into_uuid()
    }
}
