//! Decoding of Avro: one datum per record, written with its writer's schema and read as the registered one,
//! by the [specification](https://avro.apache.org/docs/1.12.0/specification/).
//!
//! | the record | its payload is |
//! |---|---|
//! | has a [record header](super::framing) with a schema's id | a datum of that schema, whatever its first bytes |
//! | begins with `03`, then `00` or `05`, and has 18 bytes or more | in Glue's framing: the header names the writer's schema |
//! | begins with `00`, and has 5 bytes or more | in Confluent's framing: the header names the writer's schema |
//! | anything else | a bare datum of the registered schema |
//!
//! A bare datum may begin with either mark. So if the schema id of an apparent header does not exist, no
//! registry is configured, or the body would have to be inflated and cannot be, the whole payload is read as
//! a bare datum if it is one to its last byte; otherwise the record is bad, with the error of the header as
//! its reason. With a record header it is bad in any case. A datum that leaves bytes over is bad.
//!
//! Alternatives were rejected: `arrow-avro` (as of 59) decodes no bare datum, needs every writer's schema
//! before the first record and ends its batch at another one, makes an `UnionArray` of a union, and a
//! truncated datum damages the rows before it. `apache-avro` builds a tree of values for each datum, whether
//! it is needed or not.
//!
//! Columns are read directly from the bytes, and parts that no column shows are skipped:
//!
//! | file | idea |
//! |---|---|
//! | `schema` | schemas, parsed from JSON |
//! | `fields` | columns of a schema |
//! | `resolve` | resolution of the writer's types to the reader's |
//! | `matching` | matching of fields and branches |
//! | `default` | default values as data |
//! | `plan` | mapping of a datum's parts to columns |
//! | `cursor` | bytes of a datum, which are untrusted |
//! | `value` | scalar data |
//! | `text` | complex data as JSON |
//! | `read` | reading of a datum into a row |
//! | `skip` | skipping of a datum or its parts |
//! | `budget` | limit of a row's size beyond the length of its datum |
//!
//! Columns of the Avro types:
//!
//! | Avro | column |
//! |---|---|
//! | boolean, int, long, float, double, string | BOOLEAN, INTEGER, BIGINT, REAL, DOUBLE, VARCHAR |
//! | bytes, fixed | VARBINARY |
//! | enum, uuid, duration, time-millis, time-micros | VARCHAR ([`value`] has their text) |
//! | decimal(p, s) | DECIMAL(p, s) up to 38 digits; VARCHAR, with all digits, up to 1,000; then like the annotated type |
//! | date; timestamp-millis, -micros, -nanos, local or not | DATE; TIMESTAMP |
//! | array, map, record | ARRAY, MAP with VARCHAR keys, ROW; nested records without fields, or with fields that differ only by case, are VARCHAR |
//! | union of null and one type | like that type |
//! | union of several types | a ROW with a field for each type, named after it (`int`, `string`, `Order`), of which one is not NULL; VARCHAR if names differ only by case |
//! | null | VARCHAR, always NULL |
//! | any other logical type | like the annotated type |
//! | a record within itself, at any depth | VARCHAR: its JSON text |
//!
//! A schema that is not a record makes one column, `value`. A column may be declared with another type:
//! records, arrays and maps are JSON text in a VARCHAR column ([`text`]), a union is its value. A ROW over a
//! union for whose types it has no field shows the record in the union.
//!
//! | a mapping matches | the column shows |
//! |---|---|
//! | a part of the registered schema | that part, or NULL if a datum does not have it |
//! | only a part of the writer's schema | that part, as its writer wrote it |
//! | no part of either | NULL |

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::decode::column::ColumnBuilder;
use crate::decode::error::{RowError, TableError};
use crate::decode::framing::{self, CONFLUENT_HEADER_BYTES, Framed, GLUE_HEADER_BYTES, SchemaHeader};
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::wanted::Column;
use crate::decode::writer_schemas::{WriterSchemaError, WriterSchemaId, WriterSchemas};
use crate::definition::{ReferencedSchema, SchemaDefinition, SchemaFormat, SchemaTextError};
use crate::path::Path;
use crate::table::DataFormat;

mod budget;
mod cursor;
mod default;
mod fields;
mod matching;
mod plan;
mod read;
mod resolve;
mod schema;
mod skip;
mod text;
mod value;

pub(crate) use fields::fields;
use plan::{Plan, Target, leads_somewhere};
use resolve::Resolution;
use schema::{Schema, Types};

/// Maximum number of writers' schemas that are kept. A topic rarely has more than a few.
const MAX_PLANS: usize = 200;

/// Decoder of Avro data.
pub(crate) struct AvroDecoder {
    /// Registered schema, as which data are read.
    reader: Schema,
    /// Text of the registered schema, and the schemas that it refers to.
    definition: String,
    references: Vec<ReferencedSchema>,
    /// Mappings of the columns into the registered schema.
    targets: Vec<Target>,
    /// Mappings that the registered schema does not contain, perhaps no longer; `None` if it contains all.
    dropped: Option<Vec<Target>>,
    writers: Arc<dyn WriterSchemas>,
    /// Plan for data of the registered schema itself.
    own: Arc<Plan>,
    /// Plans for data of other schemas, or why they cannot be read.
    plans: HashMap<WriterSchemaId, Result<Arc<Plan>, String>>,
}

impl AvroDecoder {
    pub(crate) fn new(
        columns: &[Column],
        (definition, references): (&str, &[ReferencedSchema]),
        writers: &Arc<dyn WriterSchemas>,
    ) -> Result<Self, TableError> {
        let schema_error = |reason| TableError::Schema {
            format: DataFormat::Avro,
            reason,
        };
        let reader = Schema::parse(definition, references).map_err(|error| schema_error(error.reason))?;
        let mut targets = Vec::with_capacity(columns.len());
        let mut dropped = Vec::with_capacity(columns.len());
        for column in columns {
            let path = path(column)?;
            let (known, lost) = match path {
                Some(path) if !leads_somewhere(&reader, &path) => (None, Some(path)),
                path => (path, None),
            };
            for (targets, path) in [(&mut targets, known), (&mut dropped, lost)] {
                let data_type = column.data_type.clone();
                targets.push(Target { data_type, path });
            }
        }
        let is_dropped = |target: &Target| target.path.is_some();
        let own = Resolution::new(reader.types.clone(), reader.top, reader.top);
        let own = own.map_err(|error| schema_error(error.to_string()))?;
        Ok(Self {
            own: Arc::new(Plan::new(own, &targets)),
            reader,
            definition: definition.to_owned(),
            references: references.to_vec(),
            targets,
            dropped: dropped.iter().any(is_dropped).then_some(dropped),
            writers: Arc::clone(writers),
            plans: HashMap::new(),
        })
    }

    /// Writer's schema and body of a payload with a header; `None` if there is no header.
    fn read_header(payload: &[u8]) -> Result<Option<Framed<'_>>, RowError> {
        match payload {
            [framing::GLUE, 0 | 5, ..] if payload.len() >= GLUE_HEADER_BYTES => framing::read(payload),
            [framing::CONFLUENT, ..] if payload.len() >= CONFLUENT_HEADER_BYTES => framing::read(payload),
            _ => Ok(None),
        }
    }

    /// Whether a payload whose header caused `error` has none. If a registry is unavailable that is unknown,
    /// and a guess would make rows of other data.
    fn is_bare(&self, error: &RowError, payload: &[u8]) -> bool {
        matches!(error, RowError::Bad(_)) && self.own.accepts(payload)
    }

    /// Plan and datum of a payload with a header; `None` for a payload without one. Bad ones may still [be
    /// bare](Self::is_bare).
    fn read_framed<'p>(&mut self, payload: &'p [u8]) -> Result<Option<Planned<'p>>, RowError> {
        let Some((id, datum)) = Self::read_header(payload)? else {
            return Ok(None);
        };
        Ok(Some((self.plan(id)?, datum)))
    }

    /// Plan for data of this writer's schema, or why they cannot be read; an error if the schema was not
    /// found.
    fn plan(&mut self, id: WriterSchemaId) -> Result<Result<Arc<Plan>, String>, RowError> {
        if let Some(known) = self.plans.get(&id) {
            return Ok(known.clone());
        }
        let plan = match self.writers.schema(id) {
            Ok(writer) => self
                .resolve(&writer)
                .map_err(|reason| format!("the record's schema {id}: {reason}")),
            Err(error @ WriterSchemaError::Unusable { .. }) => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        if self.plans.len() == MAX_PLANS {
            self.plans.clear();
        }
        self.plans.insert(id, plan.clone());
        Ok(plan)
    }

    fn resolve(&self, writer: &SchemaDefinition) -> Result<Arc<Plan>, String> {
        if writer.format() != Some(SchemaFormat::Avro) {
            return Err(format!("its format is {}, wanted AVRO", writer.data_format));
        }
        if writer.definition == self.definition && writer.references == self.references {
            return Ok(Arc::clone(&self.own));
        }
        let mut types = self.reader.types.clone();
        let top = types.parse_with(&writer.definition, &writer.references);
        let top = top.map_err(|error| error.reason)?;
        let resolution = Resolution::new(types, top, self.reader.top);
        let resolution = resolution.map_err(|error| error.to_string())?;
        let plan = Plan::new(resolution, &self.targets);
        let Some(dropped) = &self.dropped else {
            return Ok(Arc::new(plan));
        };
        let mut types = Types::default();
        let top = types.parse_with(&writer.definition, &writer.references);
        let top = top.map_err(|error| error.reason)?;
        let itself = Resolution::new(types, top, top).map_err(|error| error.to_string())?;
        Ok(Arc::new(plan.with_beside(Plan::new(itself, dropped))))
    }
}

impl PayloadDecoder for AvroDecoder {
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
        match self.read_framed(payload) {
            Ok(Some((Ok(plan), datum))) => read(&plan, &datum, columns),
            Ok(Some((Err(reason), _))) => Err(RowError::bad(reason)),
            Ok(None) => read(&self.own, payload, columns),
            Err(error) if self.is_bare(&error, payload) => read(&self.own, payload, columns),
            Err(error) => Err(error),
        }
    }

    fn decode_written(
        &mut self,
        header: &SchemaHeader<'_>,
        payload: &[u8],
        columns: &mut [ColumnBuilder],
    ) -> Result<(), RowError> {
        let plan = self.plan(header.id)?.map_err(RowError::bad)?;
        read(&plan, payload, columns)
    }

    fn schema_id(&mut self, payload: &[u8]) -> Option<WriterSchemaId> {
        match self.read_framed(payload) {
            Ok(None) => None,
            Err(error) if self.is_bare(&error, payload) => None,
            _ => framing::named(payload),
        }
    }
}

/// Plan of a writer, or why there is none, and the datum.
type Planned<'p> = (Result<Arc<Plan>, String>, Cow<'p, [u8]>);

fn read(plan: &Plan, datum: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
    plan.read(datum, columns)
        .map_err(|error| RowError::bad(format!("not an Avro datum of its schema: {error}")))
}

/// Decoder of whole data of one schema, as text.
pub(crate) struct WholeDatum(Plan);

impl WholeDatum {
    /// # Errors
    /// The reason, if the schema cannot be used.
    pub(crate) fn new(schema: &SchemaDefinition) -> Result<Self, String> {
        let mut types = Types::default();
        let top = types.parse_with(&schema.definition, &schema.references);
        let top = top.map_err(|error| error.reason)?;
        let resolution = Resolution::new(types, top, top).map_err(|error| error.to_string())?;
        Ok(Self(Plan::whole(resolution)))
    }

    /// Appends the text of `datum` to the only one of `columns`, which is VARCHAR: of a datum with parts, its JSON.
    pub(crate) fn append(&self, datum: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
        read(&self.0, datum, columns)
    }
}

/// Whether each of `paths` matches a part of data of the schema.
pub(crate) fn lead_somewhere(
    definition: &str,
    references: &[ReferencedSchema],
    paths: &[Path],
) -> Result<Vec<bool>, SchemaTextError> {
    let schema = Schema::parse(definition, references)?;
    Ok(paths.iter().map(|path| leads_somewhere(&schema, path)).collect())
}

/// Names of fields, branches and map keys and indexes of arrays; `None` for an empty mapping.
fn path(column: &Column) -> Result<Option<Path>, TableError> {
    if column.mapping.is_empty() {
        return Ok(None);
    }
    let path = Path::parse(&column.mapping).map_err(|error| TableError::Schema {
        format: DataFormat::Avro,
        reason: format!("column `{}`: {error}", column.name),
    })?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests;
