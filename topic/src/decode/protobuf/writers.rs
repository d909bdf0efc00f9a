//! Schemas that payloads were written with, compiled once for each decoder.

use std::collections::HashMap;
use std::sync::Arc;

use crate::decode::error::RowError;
use crate::decode::protobuf::plan::{Plan, Target};
use crate::decode::protobuf::schema::Schema;
use crate::decode::writer_schemas::{WriterSchemaError, WriterSchemaId, WriterSchemas};
use crate::definition::{ReferencedSchema, SchemaDefinition, SchemaFormat};

/// Maximum number of schemas, and of plans for each, that are kept; one more, and all are removed.
const MAX_KEPT: usize = 200;

/// Finder of writers' schemas, with a cache.
pub(super) struct Writers {
    schemas: Arc<dyn WriterSchemas>,
    /// Definition of the reader, which is mostly also the writer's, and the schemas that it imports.
    definition: String,
    references: Vec<ReferencedSchema>,
    reader: Arc<Schema>,
    known: HashMap<WriterSchemaId, Result<Writer, RowError>>,
}

/// Schema, with the plans for its messages.
pub(super) struct Writer {
    pub(super) schema: Arc<Schema>,
    id: WriterSchemaId,
    /// Plans for its messages, or why they cannot be read.
    plans: HashMap<usize, Result<Plan, RowError>>,
}

impl Writers {
    pub(super) fn new(
        schemas: &Arc<dyn WriterSchemas>,
        (definition, references): (&str, &[ReferencedSchema]),
        reader: &Arc<Schema>,
    ) -> Self {
        Self {
            schemas: Arc::clone(schemas),
            definition: definition.to_owned(),
            references: references.to_vec(),
            reader: Arc::clone(reader),
            known: HashMap::new(),
        }
    }

    /// Schema of this id. Errors of a schema are kept, too, except that it could not be looked up.
    pub(super) fn writer(&mut self, id: WriterSchemaId) -> Result<&mut Writer, RowError> {
        if !self.known.contains_key(&id) {
            let writer = self.look_up(id);
            if let Err(error @ RowError::WriterSchema(_)) = writer {
                return Err(error);
            }
            if self.known.len() >= MAX_KEPT {
                self.known.clear();
            }
            self.known.insert(id, writer);
        }
        match self.known.get_mut(&id) {
            Some(Ok(writer)) => Ok(writer),
            Some(Err(error)) => Err(error.clone()),
            // Unreachable: it was inserted above.
            None => Err(WriterSchemaError::Unknown { id: id.to_string() }.into()),
        }
    }

    fn look_up(&self, id: WriterSchemaId) -> Result<Writer, RowError> {
        let definition = self.schemas.schema(id)?;
        Ok(Writer {
            schema: self.compile(id, &definition)?,
            id,
            plans: HashMap::new(),
        })
    }

    fn compile(&self, id: WriterSchemaId, definition: &SchemaDefinition) -> Result<Arc<Schema>, RowError> {
        if definition.format() != Some(SchemaFormat::Protobuf) {
            return Err(RowError::bad(format!(
                "schema {id} that the record names is {}, wanted PROTOBUF",
                definition.data_format
            )));
        }
        let SchemaDefinition {
            definition,
            references,
            ..
        } = definition;
        if *definition == self.definition && (references.is_empty() || *references == self.references) {
            return Ok(Arc::clone(&self.reader));
        }
        let schema = Schema::compile(definition, references)
            .map_err(|error| RowError::bad(format!("schema {id} that the record names: {error}")))?;
        Ok(Arc::new(schema))
    }
}

impl Writer {
    /// Plan for one of its messages.
    ///
    /// # Errors
    /// A column shows what is left out of the schema because of a missing import: it was written, and is not NULL.
    pub(super) fn plan(&mut self, message: usize, columns: &[Target]) -> Result<&Plan, RowError> {
        if self.plans.len() >= MAX_KEPT && !self.plans.contains_key(&message) {
            self.plans.clear();
        }
        let (schema, id) = (&self.schema, self.id);
        let plan = self.plans.entry(message).or_insert_with(|| {
            let left_out = columns.iter().find_map(|column| column.left_out(schema, message));
            match left_out {
                Some(reason) => Err(RowError::bad(format!(
                    "schema {id} that the record names: {reason}"
                ))),
                None => Ok(Plan::new(schema, message, columns)),
            }
        });
        plan.as_ref().map_err(RowError::clone)
    }
}
