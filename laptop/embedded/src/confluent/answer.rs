//! Handling of requests.

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::ConfluentError;
use super::schema::{Reference, Schema, SchemaType};
use super::store::{Deleted, Entry, Store};

/// Segments of a path, decoded: a subject may contain slashes and blanks.
pub(super) fn segments(path: &str) -> Vec<String> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(decoded).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Query parameters that change a response.
#[derive(Debug, Default)]
pub(super) struct Query {
    subject: Option<String>,
    serialized: bool,
    deleted: Deleted,
}

impl Query {
    pub(super) fn read(query: &str) -> Self {
        let mut read = Self::default();
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // Decoded like a form.
            let value = decoded(&value.replace('+', " "));
            match name {
                "subject" if !value.is_empty() => read.subject = Some(value),
                "format" => read.serialized = value == "serialized",
                "deleted" if value.eq_ignore_ascii_case("true") => read.deleted = Deleted::Shown,
                _ => {}
            }
        }
        read
    }
}

pub(super) fn answer(
    store: &mut Store,
    method: &Method,
    path: &[&str],
    query: &Query,
    body: &[u8],
) -> Result<Value, ConfluentError> {
    match *method {
        Method::GET => get(store, path, query),
        Method::POST => post(store, path, query, body),
        _ => Err(ConfluentError::MethodNotAllowed),
    }
}

fn get(store: &Store, path: &[&str], query: &Query) -> Result<Value, ConfluentError> {
    Ok(match *path {
        [] => json!({}),
        ["schemas", "types"] => json!([SchemaType::Json, SchemaType::Protobuf, SchemaType::Avro]),
        ["schemas", "ids", id] => {
            let entry = by_id(store, id)?;
            with_place(store, entry, query, shown(entry, query)?)
        }
        ["schemas", "ids", id, "schema"] => text(by_id(store, id)?, query)?,
        ["schemas", "ids", id, "versions"] => {
            let places = store.places(by_id(store, id)?.id);
            places
                .map(|(subject, version)| json!({ "subject": subject, "version": version }))
                .collect()
        }
        ["schemas", "ids", id, "subjects"] => {
            let mut subjects: Vec<_> = store
                .places(by_id(store, id)?.id)
                .map(|(subject, _)| subject)
                .collect();
            subjects.dedup();
            json!(subjects)
        }
        ["schemas", "guids", guid] => {
            let not_found = |_| ConfluentError::SchemaNotFound(guid.to_owned());
            let entry = store.by_guid(Uuid::try_parse(guid).map_err(not_found)?)?;
            shown(entry, query)?
        }
        ["subjects"] => store.subjects().collect(),
        ["subjects", subject, "versions"] => {
            let versions = store.versions(subject, query.deleted)?;
            versions.map(|(number, _)| number).collect()
        }
        ["subjects", subject, "versions", version] => {
            let (version, entry) = of_subject(store, subject, version, query)?;
            let mut shown = shown(entry, query)?;
            shown["id"] = entry.id.into();
            shown["subject"] = subject.into();
            shown["version"] = version.into();
            shown
        }
        ["subjects", subject, "versions", version, "schema"] => {
            text(of_subject(store, subject, version, query)?.1, query)?
        }
        ["subjects", subject, "versions", version, "referencedby"] => {
            let (version, _) = of_subject(store, subject, version, query)?;
            store.referring(subject, version).collect()
        }
        ["config"] | ["config", _] => json!({ "compatibilityLevel": "NONE" }),
        ["mode"] | ["mode", _] => json!({ "mode": "READWRITE" }),
        ["associations", ..] => json!([]),
        _ => return Err(ConfluentError::NoSuchResource),
    })
}

fn post(store: &mut Store, path: &[&str], query: &Query, body: &[u8]) -> Result<Value, ConfluentError> {
    let schema = || -> Result<Schema, ConfluentError> {
        let request = serde_json::from_slice::<SchemaRequest>(body);
        Ok(request
            .map_err(|error| ConfluentError::InvalidBody(error.to_string()))?
            .into())
    };
    match *path {
        ["subjects", subject, "versions"] => {
            let registered = store.register(subject, schema()?)?;
            Ok(
                json!({ "id": registered.id, "version": registered.version, "guid": registered.guid.to_string() }),
            )
        }
        ["subjects", subject] => {
            let found = store.look_up(subject, &schema()?.parsed()?)?;
            get(
                store,
                &["subjects", subject, "versions", &found.version.to_string()],
                query,
            )
        }
        _ => Err(ConfluentError::NoSuchResource),
    }
}

/// Body of a request to register or look up a schema; other members are ignored.
#[derive(Deserialize)]
struct SchemaRequest {
    schema: String,
    #[serde(rename = "schemaType")]
    schema_type: Option<SchemaType>,
    references: Option<Vec<Reference>>,
}

impl From<SchemaRequest> for Schema {
    fn from(request: SchemaRequest) -> Self {
        Self {
            schema_type: request.schema_type.unwrap_or_default(),
            text: request.schema,
            references: request.references.unwrap_or_default(),
        }
    }
}

fn by_id<'a>(store: &'a Store, id: &str) -> Result<&'a Entry, ConfluentError> {
    let number = id.parse();
    store.by_id(number.map_err(|_| ConfluentError::SchemaNotFound(id.to_owned()))?)
}

fn of_subject<'a>(
    store: &'a Store,
    subject: &str,
    version: &str,
    query: &Query,
) -> Result<(u32, &'a Entry), ConfluentError> {
    let number = match version {
        "latest" | "-1" => store.latest(subject, query.deleted)?,
        _ => match version.parse() {
            Ok(number @ 1..) => number,
            _ => return Err(ConfluentError::InvalidVersion(version.to_owned())),
        },
    };
    Ok((number, store.version(subject, number, query.deleted)?))
}

/// Members of a schema that every response has.
fn shown(entry: &Entry, query: &Query) -> Result<Value, ConfluentError> {
    let Schema {
        schema_type,
        references,
        ..
    } = &entry.schema;
    let mut shown = json!({ "schema": text(entry, query)?, "guid": entry.guid.to_string() });
    // Avro is the default, and is omitted.
    if *schema_type != SchemaType::Avro {
        shown["schemaType"] = schema_type.to_string().into();
    }
    if !references.is_empty() {
        shown["references"] = json!(references);
    }
    Ok(shown)
}

/// Adds subject, version and id of the requested subject.
fn with_place(store: &Store, entry: &Entry, query: &Query, mut shown: Value) -> Value {
    let mut places = store.places(entry.id);
    let place = places.find(|(subject, _)| query.subject.as_deref() == Some(*subject));
    if let Some((subject, version)) = place {
        shown["subject"] = subject.into();
        shown["version"] = version.into();
    }
    shown
}

fn text(entry: &Entry, query: &Query) -> Result<Value, ConfluentError> {
    let schema = &entry.schema;
    Ok(
        match query.serialized && schema.schema_type == SchemaType::Protobuf {
            true => schema.serialized()?.into(),
            false => schema.text.as_str().into(),
        },
    )
}
