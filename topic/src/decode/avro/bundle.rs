//! A schema and those that it refers to as one text: each type is declared where it is first named.
//!
//! A table keeps the text of its schema alone, so what a registry keeps apart is put together once.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;

use crate::definition::{ReferencedSchema, SchemaTextError};

/// Maximum nesting of schemas, above that of the parser of JSON.
const MAX_DEPTH: usize = 200;

/// `definition` with the types of `references` in it.
///
/// # Errors
/// If a text is not JSON, or is nested too deep. Names without a definition stay as they are.
pub(crate) fn bundle(definition: &str, references: &[ReferencedSchema]) -> Result<String, SchemaTextError> {
    if references.is_empty() {
        return Ok(definition.to_owned());
    }
    let mut bundle = Bundle {
        referenced: HashMap::new(),
        defined: HashSet::new(),
    };
    for reference in references {
        let schema = parse(&reference.definition)?;
        bundle
            .referenced
            .extend(full_name(&schema).map(|name| (name, schema)));
    }
    let mut schema = parse(definition)?;
    bundle.fill(&mut schema, "", 0)?;
    Ok(schema.to_string())
}

fn parse(text: &str) -> Result<Json, SchemaTextError> {
    serde_json::from_str(text).map_err(|error| SchemaTextError {
        reason: error.to_string(),
    })
}

/// Full name of a schema; `None` if it is not a named type.
fn full_name(schema: &Json) -> Option<String> {
    let name = schema.get("name")?.as_str()?;
    Some(match schema.get("namespace").and_then(Json::as_str) {
        Some(namespace) if !name.contains('.') && !namespace.is_empty() => format!("{namespace}.{name}"),
        _ => name.to_owned(),
    })
}

struct Bundle {
    /// Schemas by full name.
    referenced: HashMap<String, Json>,
    /// Full names of the types that the text has by now.
    defined: HashSet<String>,
}

impl Bundle {
    /// Puts types in place of names within `schema`, which stands in `namespace`.
    fn fill(&mut self, schema: &mut Json, namespace: &str, depth: usize) -> Result<(), SchemaTextError> {
        if depth > MAX_DEPTH {
            return Err(SchemaTextError {
                reason: format!("types are nested more than {MAX_DEPTH} deep"),
            });
        }
        match schema {
            Json::String(name) => {
                let name = within(name, namespace);
                if self.defined.contains(&name) {
                    return Ok(());
                }
                if let Some(referenced) = self.referenced.get(&name).cloned() {
                    *schema = referenced;
                    return self.fill(schema, "", depth + 1);
                }
                Ok(())
            }
            Json::Array(branches) => {
                let mut branches = branches.iter_mut();
                branches.try_for_each(|branch| self.fill(branch, namespace, depth + 1))
            }
            Json::Object(_) => self.fill_type(schema, namespace, depth),
            _ => Ok(()),
        }
    }

    fn fill_type(&mut self, schema: &mut Json, namespace: &str, depth: usize) -> Result<(), SchemaTextError> {
        let kind = schema
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned();
        if !matches!(kind.as_str(), "record" | "error" | "enum" | "fixed") {
            for part in ["type", "items", "values"] {
                if let Some(part) = schema.get_mut(part) {
                    self.fill(part, namespace, depth + 1)?;
                }
            }
            return Ok(());
        }
        let own = schema
            .get("namespace")
            .and_then(Json::as_str)
            .unwrap_or(namespace)
            .to_owned();
        let name = schema.get("name").and_then(Json::as_str).unwrap_or_default();
        let full = within(name, &own);
        let inner = full
            .rsplit_once('.')
            .map_or(String::new(), |(namespace, _)| namespace.to_owned());
        self.defined.insert(full);
        for field in schema
            .get_mut("fields")
            .and_then(Json::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(field) = field.get_mut("type") {
                self.fill(field, &inner, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// The full name of what is called `name` in `namespace`.
fn within(name: &str, namespace: &str) -> String {
    match name.contains('.') || namespace.is_empty() {
        true => name.to_owned(),
        false => format!("{namespace}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(definition: &str) -> ReferencedSchema {
        ReferencedSchema {
            name: "whatever".into(),
            definition: definition.into(),
        }
    }

    #[test]
    fn a_type_stands_where_it_is_first_named() {
        let item =
            r#"{"type":"record","name":"Item","namespace":"shop","fields":[{"name":"n","type":"int"}]}"#;
        let order = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
            {"name":"first","type":"Item"},{"name":"rest","type":{"type":"array","items":["null","shop.Item"]}},
            {"name":"other","type":"elsewhere.Item"}]}"#;
        let bundled: Json = serde_json::from_str(&bundle(order, &[reference(item)]).unwrap()).unwrap();
        assert_eq!(bundled["fields"][0]["type"], parse(item).unwrap());
        assert_eq!(bundled["fields"][1]["type"]["items"][1], "shop.Item");
        assert_eq!(bundled["fields"][2]["type"], "elsewhere.Item");
        super::super::Schema::parse(&bundled.to_string().replace("elsewhere.Item", "int")).unwrap();
    }

    #[test]
    fn what_is_referred_to_may_refer_to_more() {
        let unit = r#"{"type":"enum","name":"Unit","symbols":["KG"]}"#;
        let item = r#"{"type":"record","name":"Item","fields":[{"name":"unit","type":["null","Unit"]}]}"#;
        let order = r#"["null",{"type":"map","values":"Item"}]"#;
        let bundled = bundle(order, &[reference(unit), reference(item)]).unwrap();
        super::super::Schema::parse(&bundled).unwrap();
        assert!(bundled.contains("KG"), "{bundled}");
    }

    #[test]
    fn a_type_may_name_itself_and_a_text_without_references_stays() {
        let list = r#"{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]}"#;
        assert_eq!(bundle(list, &[]).unwrap(), list);
        let bundled = bundle(r#"{"type":"array","items":"L"}"#, &[reference(list)]).unwrap();
        super::super::Schema::parse(&bundled).unwrap();
    }
}
