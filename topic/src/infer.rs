//! Inference of a topic document from sample records.
//!
//! The proposal decodes its own samples without a value that does not fit; where samples disagree, a column
//! is VARCHAR, which accepts anything. A guess that more records may disprove, or that needs a decision, is a
//! note.
//!
//! | the samples | the proposal |
//! |---|---|
//! | JSON objects | a column for each top-level key, in the order of their appearance |
//! | text with the same number of delimiters in each | CSV, columns by number |
//! | other text | one VARCHAR column |
//! | other bytes | one VARBINARY column |
//! | bytes after a schema registry's header, unless JSON follows it | one VARBINARY column, and how to register the schema |
//! | Debezium's envelope, in JSON or in Avro whose schema can be looked up | a column for each member of `after`, and the operation |
//! | `{"schema": …, "payload": …}` of Kafka Connect | a column for each member of `payload`, with the types that the schema names |
//!
//! | values of a JSON key or CSV field | type |
//! |---|---|
//! | integers of 64 bits | BIGINT; TIMESTAMP if the name and all values suggest a time |
//! | other numbers | DOUBLE; DECIMAL if all have the same number of digits after the point and one ends in 0, which only exact decimals have |
//! | `true`, `false` | BOOLEAN |
//! | texts that are all dates, or dates and times, of one format | DATE, TIMESTAMP with the `formatHint` |
//! | objects | ROW; MAP if keys look like ids, or vary from object to object |
//! | arrays | ARRAY |
//! | anything else, and several of these | VARCHAR |

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use self::connect::Unwrapped;
use self::dates::DateFormats;
use self::delimited::Lines;
use self::shape::{Guess, Members, Sampler};
use crate::decode::{NoWriterSchemas, WriterSchemaError, WriterSchemaId, WriterSchemas, framing};

mod avro;
mod connect;
mod dates;
mod delimited;
mod json;
mod numbers;
mod shape;

/// Key and value of a sample record.
#[derive(Debug, Clone, Copy)]
pub struct InferRecord<'a> {
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

/// Inferred document with notes.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// Topic document.
    pub document: Value,
    /// Remarks and decisions before the document is registered.
    pub notes: Vec<String>,
}

/// Topic document that fits `records`. The same records give the same document; memory is limited by the
/// number of columns, not of records.
pub fn infer<'a>(topic: &str, records: impl Iterator<Item = InferRecord<'a>>) -> Inferred {
    infer_with(topic, records, &NoWriterSchemas)
}

/// As [`infer`], where the schemas that records name can be looked up.
pub fn infer_with<'a>(
    topic: &str,
    records: impl Iterator<Item = InferRecord<'a>>,
    writers: &dyn WriterSchemas,
) -> Inferred {
    let mut sampler = Sampler::new(DateFormats::new());
    let (mut values, mut keys) = (Samples::default(), Samples::default());
    for record in records {
        values.observe(record.value, &mut sampler);
        keys.observe(record.key, &mut sampler);
    }
    let mut proposal = Proposal {
        topic,
        writers,
        names: HashSet::new(),
        notes: Vec::new(),
    };
    if values.payloads == 0 {
        proposal
            .notes
            .push("no record has a value: the format is a guess".to_owned());
    }
    let message = proposal.side("value", &values);
    let mut document = json!({"topicName": topic, "message": message});
    if keys.payloads > 0 {
        document["key"] = proposal.side("key", &keys);
    }
    Inferred {
        document,
        notes: proposal.notes,
    }
}

/// Observations of values, or of keys.
#[derive(Default)]
struct Samples {
    payloads: usize,
    /// Number of JSON objects, with or without a header.
    objects: usize,
    members: Members,
    /// Schema that Kafka Connect put beside the last payload that has one.
    connect_schema: Option<Value>,
    /// Number of payloads with a header that are not JSON objects, and the schema of the last of them.
    glue: Option<(usize, Uuid)>,
    confluent: Option<(usize, u32)>,
    /// Payloads that are text, JSON or not.
    texts: usize,
    lines: Lines,
}

impl Samples {
    fn observe(&mut self, payload: Option<&[u8]>, sampler: &mut Sampler) {
        let Some(payload) = payload else { return };
        self.payloads += 1;
        let framed = framing::read(payload).ok().flatten();
        if let Some((_, body)) = &framed
            && self.observe_object(body, sampler)
        {
            return;
        }
        if !self.observe_object(payload, sampler) {
            match framed {
                Some((WriterSchemaId::Glue(id), _)) => {
                    self.glue = Some((self.glue.map_or(1, |(count, _)| count + 1), id));
                }
                Some((WriterSchemaId::Confluent(id), _)) if payload.len() > LONGEST_KEY_BYTES => {
                    self.confluent = Some((self.confluent.map_or(1, |(count, _)| count + 1), id));
                }
                _ => {}
            }
        }
        if let Ok(text) = std::str::from_utf8(payload)
            && !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        {
            self.texts += 1;
            self.lines.observe(text, sampler);
        }
    }

    fn observe_object(&mut self, body: &[u8], sampler: &mut Sampler) -> bool {
        let text = String::from_utf8_lossy(body);
        let is_object = json::observe_object(&text, &mut self.members, sampler);
        if is_object {
            self.objects += 1;
            if let Some(schema) = connect::schema_beside_payload(&text) {
                self.connect_schema = Some(schema);
            }
        }
        is_object
    }

    /// Schema that the headers of most payloads name.
    fn named_schema(&self) -> Option<WriterSchemaId> {
        let glue = self.glue.map(|(count, id)| (count, WriterSchemaId::Glue(id)));
        let confluent = self
            .confluent
            .map(|(count, id)| (count, WriterSchemaId::Confluent(id)));
        let (_, id) = [glue, confluent]
            .into_iter()
            .flatten()
            .max_by_key(|(count, _)| *count)?;
        Some(id)
    }

    /// Number of payloads with a header that are not JSON objects.
    fn framed(&self) -> usize {
        self.glue.map_or(0, |(count, _)| count) + self.confluent.map_or(0, |(count, _)| count)
    }

    /// Whether `count` is at least half of the payloads.
    fn mostly(&self, count: usize) -> bool {
        count > 0 && count >= self.payloads.div_ceil(2)
    }
}

/// Maximum length of integer keys: one of 4 or 8 bytes also begins with zeros; a payload with a header is
/// longer.
const LONGEST_KEY_BYTES: usize = 12;

struct Proposal<'a> {
    topic: &'a str,
    writers: &'a dyn WriterSchemas,
    /// Names of the columns so far, in lower case.
    names: HashSet<String>,
    notes: Vec<String>,
}

impl Proposal<'_> {
    /// Proposal for `message` or `key` of the document; `side` is `value` or `key`.
    fn side(&mut self, side: &str, samples: &Samples) -> Value {
        if samples.mostly(samples.objects) {
            return self.json(side, samples);
        }
        if samples.mostly(samples.framed()) {
            if side == "value"
                && let Some(message) = self.avro_envelope(samples)
            {
                return message;
            }
            if let Some((_, id)) = samples.glue {
                self.note_schema(side, "AWS Glue", &format!("schema version {id}"));
            }
            if let Some((_, id)) = samples.confluent {
                self.note_schema(side, "a Confluent", &format!("schema id {id}"));
            }
            return self.single(side, "VARBINARY");
        }
        if samples.texts < samples.payloads {
            self.notes
                .push(format!("{side}s are neither JSON nor text: shown as bytes"));
            return self.single(side, "VARBINARY");
        }
        // A key with delimiters is more likely a compound id.
        match samples.lines.best() {
            Some(csv) if side == "value" => self.csv(&csv),
            _ => self.single(side, "VARCHAR"),
        }
    }

    fn json(&mut self, side: &str, samples: &Samples) -> Value {
        let others = samples.payloads - samples.objects;
        if others > 0 {
            let note = format!(
                "{others} of {} {side}s are not JSON objects and would be bad records",
                samples.payloads
            );
            self.notes.push(note);
        }
        let prefix = if side == "key" { "key_" } else { "" };
        let unwrapped = Unwrapped::of(&samples.members);
        let mut fields: Vec<_> = unwrapped
            .members
            .columns()
            .map(|(key, guess)| {
                let declared = samples
                    .connect_schema
                    .as_ref()
                    .and_then(|schema| connect::declared_type(schema, &unwrapped.way, key));
                let guess = declared.unwrap_or(guess);
                self.field(&format!("{prefix}{key}"), unwrapped.mapping(key), &guess)
            })
            .collect();
        if let Some(operation) = &unwrapped.operation {
            let name = self.unique("op");
            fields.push(json!({"name": name, "mapping": operation, "type": "VARCHAR"}));
            self.note_envelope();
        }
        if unwrapped.members.is_cut() {
            self.notes.push(format!(
                "{side}s have more keys than the {} columns shown",
                fields.len()
            ));
        }
        if fields.is_empty() {
            self.notes
                .push(format!("{side}s are objects without members: shown as text"));
            return self.single(side, "VARCHAR");
        }
        json!({"dataFormat": "json", "fields": fields})
    }

    /// The columns of Debezium's envelope in Avro, if the samples' schema is one.
    fn avro_envelope(&mut self, samples: &Samples) -> Option<Value> {
        let definition = match self.writers.schema(samples.named_schema()?) {
            Ok(definition) => definition,
            // The note about the schema's registration follows in any case.
            Err(WriterSchemaError::Unknown { .. }) => return None,
            Err(error) => {
                self.notes.push(error.to_string());
                return None;
            }
        };
        let envelope = avro::envelope(&definition)?;
        let fields: Vec<_> = envelope
            .columns
            .into_iter()
            .map(|(name, mapping, type_name, hint)| {
                let name = self.unique(&name);
                let mut field = json!({"name": name, "mapping": mapping, "type": type_name});
                if !hint.is_empty() {
                    field["formatHint"] = json!(hint);
                }
                field
            })
            .collect();
        self.note_envelope();
        Some(json!({"dataFormat": "avro", "dataSchema": envelope.schema, "fields": fields}))
    }

    fn note_envelope(&mut self) {
        self.notes.push(
            "values are Debezium's change events: the columns are the row's state after the change, NULL where `op` is \
             `d` (deleted); with `\"metadataColumns\": true` a query can tell the last state of each key"
                .to_owned(),
        );
    }

    fn csv(&mut self, csv: &delimited::Csv) -> Value {
        let columns = csv.columns.iter().enumerate();
        let fields: Vec<_> = columns
            .map(|(at, guess)| self.field(&format!("column_{}", at + 1), at.to_string(), guess))
            .collect();
        self.notes
            .push("CSV has no names: columns are numbered, rename them".to_owned());
        let mut message = json!({"dataFormat": "csv", "fields": fields});
        if csv.delimiter != ',' {
            message["csv"] = json!({"delimiter": csv.delimiter});
        }
        message
    }

    fn single(&mut self, side: &str, type_name: &str) -> Value {
        let name = self.unique(side);
        json!({"dataFormat": "raw", "fields": [{"name": name, "type": type_name}]})
    }

    fn field(&mut self, name: &str, mapping: String, guess: &Guess) -> Value {
        let name = self.unique(name);
        self.notes
            .extend(guess.note.as_ref().map(|note| format!("column `{name}`: {note}")));
        let mut field = json!({"name": name, "mapping": mapping, "type": guess.type_name()});
        if !guess.format_hint.is_empty() {
            field["formatHint"] = json!(guess.format_hint);
        }
        field
    }

    /// Column name for `name` that Athena accepts and that is not used yet.
    fn unique(&mut self, name: &str) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        };
        let name: String = name.chars().take(MAX_NAME_CHARS).map(plain).collect();
        let name = if name.is_empty() {
            "column".to_owned()
        } else {
            name
        };
        let mut numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut unique = name.clone();
        while !self.names.insert(unique.clone()) {
            unique = numbered.next().unwrap_or_default();
        }
        unique
    }

    fn note_schema(&mut self, side: &str, registry: &str, schema: &str) {
        let (topic, part) = (self.topic, if side == "key" { "key" } else { "message" });
        let registered = match side {
            "key" => String::new(),
            _ => format!(
                "register it in Glue, as AVRO or PROTOBUF, under the name `{topic}`, which makes the table without a \
                 document; or "
            ),
        };
        self.notes.push(format!(
            "{side}s have the header of {registry} schema registry and name {schema}, which describes them: \
             {registered}give `{part}` the dataFormat avro or protobuf and, as `schema`, its registryName and \
             schemaName in Glue"
        ));
    }
}

/// Maximum length of a name: Glue and Athena allow 255 characters, and a number may be appended.
const MAX_NAME_CHARS: usize = 240;

#[cfg(test)]
mod tests;
