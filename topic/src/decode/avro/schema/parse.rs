//! Parsing of schemas from JSON.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    EnumType, Logical, MAX_DECIMAL_DIGITS, Name, RecordField, Shape, TimestampUnit, Type, TypeId, Types,
};
use crate::definition::{ReferencedSchema, SchemaTextError};

impl Types {
    /// Parses a schema that may name types of `references`, each of which may name those before it, and adds
    /// its types.
    pub(in crate::decode::avro) fn parse_with(
        &mut self,
        text: &str,
        references: &[ReferencedSchema],
    ) -> Result<TypeId, SchemaTextError> {
        let mut parser = Parser {
            types: self,
            named: HashMap::new(),
            path: Vec::new(),
        };
        // A schema may have several names, and defines its types once.
        let mut read = HashSet::new();
        for ReferencedSchema { name, definition } in references {
            if read.insert(definition) {
                parser.parse_text(definition).map_err(|error| SchemaTextError {
                    reason: format!("the schema that it refers to as `{name}`: {error}"),
                })?;
            }
        }
        parser.parse_text(text)
    }

    fn push(&mut self, shape: Shape) -> TypeId {
        self.0.push(Type { shape, logical: None });
        TypeId(self.0.len() - 1)
    }
}

struct Parser<'a> {
    types: &'a mut Types,
    named: HashMap<String, TypeId>,
    /// Fields on the path to the current type.
    path: Vec<String>,
}

type Parsed<T> = Result<T, SchemaTextError>;

impl Parser<'_> {
    fn parse_text(&mut self, text: &str) -> Parsed<TypeId> {
        let json: Value = serde_json::from_str(text).map_err(|error| SchemaTextError {
            reason: format!("the Avro schema is not JSON: {error}"),
        })?;
        self.parse(&json, "")
    }

    fn parse(&mut self, json: &Value, namespace: &str) -> Parsed<TypeId> {
        match json {
            Value::String(name) => self.refer(name, namespace),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(object) => self.complex(object, namespace),
            _ => Err(self.error("a type must be a name, an object or an array")),
        }
    }

    /// Resolves a primitive type or one defined before.
    fn refer(&mut self, name: &str, namespace: &str) -> Parsed<TypeId> {
        if let Some(primitive) = primitive(name) {
            return Ok(self.types.push(primitive));
        }
        let known = self.named.get(&qualify(name, namespace));
        known
            .or_else(|| self.named.get(name))
            .copied()
            .ok_or_else(|| self.error(format!("the type `{name}` is not defined")))
    }

    fn union(&mut self, branches: &[Value], namespace: &str) -> Parsed<TypeId> {
        let mut ids: Vec<TypeId> = Vec::with_capacity(branches.len());
        for branch in branches {
            let id = self.parse(branch, namespace)?;
            if let Shape::Union(_) = self.types[id].shape {
                return Err(self.error("a union is nested directly in a union"));
            }
            let described = self.types.describe(id);
            if ids.iter().any(|other| self.types.describe(*other) == described) {
                return Err(self.error(format!("a union has two branches of type {described}")));
            }
            ids.push(id);
        }
        if ids.is_empty() {
            return Err(self.error("a union has no branches"));
        }
        Ok(self.types.push(Shape::Union(ids)))
    }

    fn complex(&mut self, object: &Map<String, Value>, namespace: &str) -> Parsed<TypeId> {
        let kind = match object.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(nested) => {
                let id = self.parse(nested, namespace)?;
                return Ok(self.annotate(id, object));
            }
            None => return Err(self.error("an object without `type` is not a type")),
        };
        let id = match kind {
            "record" | "error" => return self.record(object, namespace),
            "enum" => self.enumeration(object, namespace)?,
            "fixed" => self.fixed(object, namespace)?,
            "array" => {
                let items = self.parse(self.required(object, "items")?, namespace)?;
                self.types.push(Shape::Array(items))
            }
            "map" => {
                let values = self.parse(self.required(object, "values")?, namespace)?;
                self.types.push(Shape::Map(values))
            }
            name if primitive(name).is_some() => self.refer(name, namespace)?,
            name => return self.refer(name, namespace),
        };
        Ok(self.annotate(id, object))
    }

    fn annotate(&mut self, id: TypeId, object: &Map<String, Value>) -> TypeId {
        let known = &mut self.types.0[id.0];
        known.logical = known.logical.or_else(|| logical(&known.shape, object));
        id
    }

    fn record(&mut self, object: &Map<String, Value>, namespace: &str) -> Parsed<TypeId> {
        let name = self.type_name(object, namespace)?;
        let namespace = name.full.rsplit_once('.').map_or("", |(namespace, _)| namespace);
        let namespace = namespace.to_owned();
        // Its fields may already refer to it.
        let id = self.define(name.clone(), Shape::Record(name.clone(), Vec::new()))?;
        let Value::Array(fields) = self.required(object, "fields")? else {
            return Err(self.error(format!("`fields` of `{}` is not an array", name.full)));
        };
        let mut parsed: Vec<RecordField> = Vec::with_capacity(fields.len());
        for field in fields {
            let field = self.field(field, &namespace)?;
            if parsed.iter().any(|other| other.name == field.name) {
                return Err(self.error(format!("`{}` has two fields `{}`", name.full, field.name)));
            }
            parsed.push(field);
        }
        self.types.0[id.0].shape = Shape::Record(name, parsed);
        Ok(id)
    }

    fn field(&mut self, field: &Value, namespace: &str) -> Parsed<RecordField> {
        let Value::Object(field) = field else {
            return Err(self.error("a field must be an object"));
        };
        let name = self.text(field, "name")?.to_owned();
        self.check_name(&name)?;
        self.path.push(name.clone());
        let type_id = self.parse(self.required(field, "type")?, namespace)?;
        self.path.pop();
        Ok(RecordField {
            name,
            aliases: texts(field.get("aliases")),
            type_id,
            default: field.get("default").cloned(),
            doc: field.get("doc").and_then(Value::as_str).map(str::to_owned),
        })
    }

    fn enumeration(&mut self, object: &Map<String, Value>, namespace: &str) -> Parsed<TypeId> {
        let name = self.type_name(object, namespace)?;
        let symbols = texts(Some(self.required(object, "symbols")?));
        let default = object.get("default").and_then(Value::as_str).map(str::to_owned);
        if let Some(default) = default.as_ref().filter(|default| !symbols.contains(default)) {
            return Err(self.error(format!(
                "the default `{default}` of `{}` is not a symbol",
                name.full
            )));
        }
        let shape = Shape::Enum(EnumType {
            name: name.clone(),
            symbols,
            default,
        });
        self.define(name, shape)
    }

    fn fixed(&mut self, object: &Map<String, Value>, namespace: &str) -> Parsed<TypeId> {
        let name = self.type_name(object, namespace)?;
        let size = self.required(object, "size")?.as_u64();
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size =
            size.ok_or_else(|| self.error(format!("`size` of `{}` is not a valid size", name.full)))?;
        self.define(name.clone(), Shape::Fixed(name, size))
    }

    fn define(&mut self, name: Name, shape: Shape) -> Parsed<TypeId> {
        let id = self.types.push(shape);
        match self.named.insert(name.full, id) {
            None => Ok(id),
            Some(_) => Err(self.error("a type is defined twice")),
        }
    }

    fn type_name(&self, object: &Map<String, Value>, namespace: &str) -> Parsed<Name> {
        let name = self.text(object, "name")?;
        let namespace = object
            .get("namespace")
            .and_then(Value::as_str)
            .unwrap_or(namespace);
        let full = qualify(name, namespace);
        full.split('.').try_for_each(|part| self.check_name(part))?;
        let namespace = full.rsplit_once('.').map_or("", |(namespace, _)| namespace);
        let aliases = texts(object.get("aliases")).into_iter();
        Ok(Name {
            aliases: aliases.map(|alias| qualify(&alias, namespace)).collect(),
            full,
        })
    }

    fn check_name(&self, name: &str) -> Parsed<()> {
        let mut bytes = name.bytes();
        let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let legal =
            bytes.next().is_some_and(letter) && bytes.all(|byte| letter(byte) || byte.is_ascii_digit());
        match legal {
            true => Ok(()),
            false => Err(self.error(format!("`{name}` is not an Avro name"))),
        }
    }

    fn required<'v>(&self, object: &'v Map<String, Value>, key: &str) -> Parsed<&'v Value> {
        object
            .get(key)
            .ok_or_else(|| self.error(format!("`{key}` is missing")))
    }

    fn text<'v>(&self, object: &'v Map<String, Value>, key: &str) -> Parsed<&'v str> {
        let text = self.required(object, key)?.as_str();
        text.ok_or_else(|| self.error(format!("`{key}` is not text")))
    }

    fn error(&self, what: impl Into<String>) -> SchemaTextError {
        let what = what.into();
        SchemaTextError {
            reason: match self.path.as_slice() {
                [] => what,
                path => format!("field `{}`: {what}", path.join(".")),
            },
        }
    }
}

fn primitive(name: &str) -> Option<Shape> {
    Some(match name {
        "null" => Shape::Null,
        "boolean" => Shape::Boolean,
        "int" => Shape::Int,
        "long" => Shape::Long,
        "float" => Shape::Float,
        "double" => Shape::Double,
        "bytes" => Shape::Bytes,
        "string" => Shape::String,
        _ => return None,
    })
}

/// Logical type. A local timestamp is read like the other: Athena's TIMESTAMP has no zone.
fn logical(shape: &Shape, object: &Map<String, Value>) -> Option<Logical> {
    Some(match (object.get("logicalType")?.as_str()?, shape) {
        ("decimal", Shape::Bytes | Shape::Fixed(..)) => {
            let precision = usize::try_from(object.get("precision")?.as_u64()?).ok()?;
            let scale = object.get("scale").map_or(Some(0), Value::as_u64)?;
            let scale = u32::try_from(scale).ok()?;
            if precision == 0 || precision > MAX_DECIMAL_DIGITS || scale as usize > precision {
                return None;
            }
            Logical::Decimal { precision, scale }
        }
        ("uuid", Shape::String | Shape::Fixed(_, 16)) => Logical::Uuid,
        ("date", Shape::Int) => Logical::Date,
        ("time-millis", Shape::Int) => Logical::TimeMillis,
        ("time-micros", Shape::Long) => Logical::TimeMicros,
        ("timestamp-millis" | "local-timestamp-millis", Shape::Long) => {
            Logical::Timestamp(TimestampUnit::Millis)
        }
        ("timestamp-micros" | "local-timestamp-micros", Shape::Long) => {
            Logical::Timestamp(TimestampUnit::Micros)
        }
        ("timestamp-nanos" | "local-timestamp-nanos", Shape::Long) => {
            Logical::Timestamp(TimestampUnit::Nanos)
        }
        ("duration", Shape::Fixed(_, 12)) => Logical::Duration,
        _ => return None,
    })
}

fn qualify(name: &str, namespace: &str) -> String {
    match namespace {
        "" => name.to_owned(),
        _ if name.contains('.') => name.to_owned(),
        namespace => format!("{namespace}.{name}"),
    }
}

fn texts(json: Option<&Value>) -> Vec<String> {
    let texts = json.and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Schema;
    use super::*;

    fn reason(text: &str) -> String {
        Schema::parse(text, &[]).unwrap_err().reason
    }

    fn logical_of(text: &str) -> Option<Logical> {
        let schema = Schema::parse(text, &[]).unwrap();
        schema.types[schema.top].logical
    }

    #[test]
    fn finds_names_in_their_namespaces() {
        let schema = Schema::parse(r#"{"type": "record", "name": "shop.Order", "fields": [
                {"name": "a", "type": {"type": "fixed", "name": "Hash", "size": 2, "aliases": ["Sum", "x.Digest"]}},
                {"name": "b", "type": "Hash"},
                {"name": "c", "type": "shop.Hash"},
                {"name": "d", "type": {"type": "enum", "name": "E", "namespace": "", "symbols": ["X"]}},
                {"name": "e", "type": "E"}
            ]}"#, &[])
        .unwrap();
        let Shape::Record(name, fields) = &schema.types[schema.top].shape else {
            panic!("no record");
        };
        assert_eq!(name.full, "shop.Order");
        let hash = schema.types.name(fields[0].type_id).unwrap();
        assert_eq!(hash.full, "shop.Hash");
        assert_eq!(hash.aliases, ["shop.Sum", "x.Digest"]);
        assert_eq!(fields[0].type_id, fields[1].type_id);
        assert_eq!(fields[0].type_id, fields[2].type_id);
        assert_eq!(fields[3].type_id, fields[4].type_id);
    }

    #[test]
    fn ignores_logical_types_that_do_not_suit() {
        let decimal =
            |more: &str| logical_of(&format!(r#"{{"type": "bytes", "logicalType": "decimal"{more}}}"#));
        let (precision, scale) = (4, 2);
        assert_eq!(
            decimal(r#", "precision": 4, "scale": 2"#),
            Some(Logical::Decimal { precision, scale })
        );
        for more in [
            "",
            r#", "precision": 0"#,
            r#", "precision": 2, "scale": 3"#,
            r#", "precision": -1"#,
        ] {
            assert_eq!(decimal(more), None, "{more}");
        }
        assert_eq!(logical_of(r#"{"type": "string", "logicalType": "date"}"#), None);
        assert_eq!(logical_of(r#"{"type": "int", "logicalType": 5}"#), None);
        let short = r#"{"type": "fixed", "name": "U", "size": 15, "logicalType": "uuid"}"#;
        assert_eq!(logical_of(short), None);
    }

    #[test]
    fn says_where_a_schema_is_wrong() {
        let field = |text: &str| {
            format!(
                r#"{{"type": "record", "name": "R", "fields": [{{"name": "f", "type":
                   {{"type": "record", "name": "S", "fields": [{{"name": "g", "type": {text}}}]}}}}]}}"#
            )
        };
        for (text, wanted) in [
            (r#""Missing""#, "field `f.g`: the type `Missing` is not defined"),
            ("5", "field `f.g`: a type must be a name, an object or an array"),
            ("{}", "field `f.g`: an object without `type` is not a type"),
            ("[]", "field `f.g`: a union has no branches"),
            (
                r#"["int", ["null"]]"#,
                "field `f.g`: a union is nested directly in a union",
            ),
            (
                r#"["int", "int"]"#,
                "field `f.g`: a union has two branches of type int",
            ),
            (r#"{"type": "array"}"#, "field `f.g`: `items` is missing"),
            (r#"{"type": "map"}"#, "field `f.g`: `values` is missing"),
            (
                r#"{"type": "fixed", "name": "F", "size": -1}"#,
                "field `f.g`: `size` of `F` is not a valid size",
            ),
            (
                r#"{"type": "fixed", "name": "R", "size": 1}"#,
                "field `f.g`: a type is defined twice",
            ),
            (
                r#"{"type": "enum", "name": "a b", "symbols": []}"#,
                "field `f.g`: `a b` is not an Avro name",
            ),
            (
                r#"{"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}"#,
                "field `f.g`: the default `B` of `E` is not a symbol",
            ),
        ] {
            assert_eq!(reason(&field(text)), wanted);
        }
        assert!(reason("{").starts_with("the Avro schema is not JSON: "));
        assert_eq!(
            reason(
                r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#
            ),
            "`R` has two fields `a`"
        );
        assert_eq!(
            reason(r#"{"type": "record", "name": "R"}"#),
            "`fields` is missing"
        );
        assert_eq!(
            reason(r#"{"type": "record", "name": 1, "fields": []}"#),
            "`name` is not text"
        );
    }
}
