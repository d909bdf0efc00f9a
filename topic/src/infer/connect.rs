//! Envelopes that Kafka Connect and Debezium put around the values of a row.
//!
//! | JSON objects | their columns are those of |
//! |---|---|
//! | `{"schema": …, "payload": …}`, as `JsonConverter` writes them with `schemas.enable` | `payload`, with the types that `schema` names |
//! | `{"before": …, "after": …, "op": …, "source": …}`, Debezium's [envelope] | `after`, and the operation `op` |
//!
//! [envelope]: https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-change-events-value

use serde_json::Value;

use super::shape::{Guess, Members};
use crate::connect_types;
use crate::path::{Path, Step};

/// Members that become columns, and their place.
pub(super) struct Unwrapped<'a> {
    pub(super) members: &'a Members,
    /// Keys on the way to them.
    pub(super) way: Vec<&'static str>,
    /// The mapping of the operation of an envelope.
    pub(super) operation: Option<String>,
}

impl<'a> Unwrapped<'a> {
    /// The innermost members that are data.
    pub(super) fn of(members: &'a Members) -> Self {
        let mut unwrapped = Self {
            members,
            way: Vec::new(),
            operation: None,
        };
        if members.len() == 2
            && members.has("schema")
            && let Some(payload) = members.objects("payload")
        {
            unwrapped.members = payload;
            unwrapped.way.push("payload");
        }
        if is_envelope(|name| unwrapped.members.has(name))
            && let Some(after) = unwrapped.members.objects("after")
        {
            unwrapped.operation = Some(unwrapped.mapping("op"));
            unwrapped.members = after;
            unwrapped.way.push("after");
        }
        unwrapped
    }

    /// The mapping of one of the members.
    pub(super) fn mapping(&self, key: &str) -> String {
        let keys = self.way.iter().copied().chain([key]);
        let path = Path {
            steps: keys.map(|key| Step::Key(key.to_owned())).collect(),
        };
        path.to_string()
    }
}

/// Whether an object or record with these members is Debezium's envelope.
pub(super) fn is_envelope(has: impl Fn(&str) -> bool) -> bool {
    ["before", "after", "op"].into_iter().all(&has) && (has("source") || has("ts_ms"))
}

/// The schema beside a payload, if `json` is an object of the two.
pub(super) fn schema_beside_payload(json: &str) -> Option<Value> {
    // Most samples are not, and need no parsing for that.
    if !(json.contains("\"schema\"") && json.contains("\"payload\"")) {
        return None;
    }
    let Value::Object(mut object) = serde_json::from_str(json).ok()? else {
        return None;
    };
    let is_pair = object.len() == 2 && object.contains_key("payload");
    object
        .remove("schema")
        .filter(|schema| is_pair && schema.is_object())
}

/// Type that `JsonConverter`'s schema declares for the member `key`, found by `way` from the payload.
pub(super) fn declared_type(schema: &Value, way: &[&str], key: &str) -> Option<Guess> {
    let mut path = way.iter().skip(1).copied().chain([key]);
    let place = path.try_fold(schema, field)?;
    let scale = place.pointer("/parameters/scale").and_then(Value::as_str);
    let (data_type, hint) = connect_types::named_type(place.get("name")?.as_str()?, scale)?;
    Some(Guess {
        data_type,
        format_hint: hint.to_owned(),
        note: None,
    })
}

/// Schema of the field `name` of a struct's `schema`.
fn field<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let mut fields = schema.get("fields")?.as_array()?.iter();
    fields.find(|field| field.get("field").and_then(Value::as_str) == Some(name))
}
