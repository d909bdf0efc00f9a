//! CloudFormation on this machine, as far as our templates need it: parameters in, resources out, every
//! function evaluated.
//!
//! Unknown parts are an error: nothing of a template is ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::{Map, Value as Json};
use yaml_serde::Value as Yaml;

mod functions;
mod parameters;

/// Partition of rendered stacks.
pub const PARTITION: &str = "aws";
pub const REGION: &str = "us-east-1";
pub const ACCOUNT: &str = "123456789012";
pub const STACK: &str = "stack";

/// Sections that a template may have.
const SECTIONS: [&str; 9] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
];

/// Template as written.
pub struct Template {
    /// Folder of the template, from which others are referenced.
    folder: PathBuf,
    /// Attributes of custom resources by `Id.Attribute`.
    answers: BTreeMap<String, String>,
    parameters: BTreeMap<String, Parameter>,
    mappings: BTreeMap<String, Yaml>,
    conditions: BTreeMap<String, Yaml>,
    resources: BTreeMap<String, Yaml>,
    outputs: BTreeMap<String, Yaml>,
}

/// Declaration of a parameter.
#[derive(Debug, Clone)]
struct Parameter {
    is_list: bool,
    default: Option<String>,
    allowed_values: Vec<String>,
    allowed_pattern: Option<Regex>,
    /// Minimum of a number.
    minimum: Option<f64>,
    maximum: Option<f64>,
}

/// Template with values for its parameters. Resources and outputs whose condition does not hold are omitted.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Type and properties by logical id.
    pub resources: BTreeMap<String, Resource>,
    pub outputs: BTreeMap<String, Json>,
}

#[derive(Debug, Clone)]
pub struct Resource {
    pub resource_type: String,
    pub properties: Json,
}

/// Sets of parameter values that give the relevant conditions every combination of truth values once.
pub struct Combinations(Vec<BTreeMap<String, String>>);

impl IntoIterator for Combinations {
    type Item = BTreeMap<String, String>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Error of a template, or an unknown part of it, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError(String);

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}

type Result<T> = std::result::Result<T, TemplateError>;

fn error<T>(text: impl Into<String>) -> Result<T> {
    Err(TemplateError(text.into()))
}

impl Template {
    /// Reads a template of this repository, by its path from the root.
    pub fn read(path: &str) -> Result<Self> {
        Self::read_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path))
    }

    fn read_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|reason| TemplateError(format!("{}: {reason}", path.display())))?;
        let mut template = Self::parse(&text)?;
        template.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(template)
    }

    /// Sets the attributes of a custom resource, by `Id.Attribute`.
    #[must_use]
    pub fn with_answer(mut self, attribute: &str, value: impl Into<String>) -> Self {
        self.answers.insert(attribute.to_owned(), value.into());
        self
    }

    /// Parses a template that references no others.
    pub fn parse(text: &str) -> Result<Self> {
        let document: Yaml = match yaml_serde::from_str(text) {
            Ok(document) => document,
            Err(reason) => return error(format!("invalid YAML: {reason}")),
        };
        let mut sections = entries(&document, "the template")?;
        if let Some(unknown) = sections.keys().find(|name| !SECTIONS.contains(&name.as_str())) {
            return error(format!("section {unknown} is not known"));
        }
        let mut section = |name: &str| match sections.remove(name) {
            Some(section) => entries(&section, name),
            None => Ok(BTreeMap::new()),
        };
        let parameters = section("Parameters")?;
        let parameters = parameters.into_iter().map(|(name, yaml)| {
            let parameter = Parameter::read(&name, &yaml)?;
            Ok((name, parameter))
        });
        Ok(Self {
            folder: PathBuf::new(),
            answers: BTreeMap::new(),
            parameters: parameters.collect::<Result<_>>()?,
            mappings: section("Mappings")?,
            conditions: section("Conditions")?,
            resources: section("Resources")?,
            outputs: section("Outputs")?,
        })
    }

    /// Renders resources and outputs with these values for parameters, the rest at their defaults.
    pub fn render(&self, values: &[(&str, &str)]) -> Result<Rendered> {
        let (values, conditions, types) = self.decide(values)?;
        let stack = Stack::new(self, &values, &conditions, &types);
        let mut rendered = Rendered {
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
        };
        for (id, resource_type) in &types {
            let resource = Resource {
                resource_type: resource_type.clone(),
                properties: stack.properties(id)?,
            };
            rendered.resources.insert(id.clone(), resource);
        }
        for name in self.outputs.keys() {
            if let Some(value) = stack.output(name)? {
                rendered.outputs.insert(name.clone(), value);
            }
        }
        Ok(rendered)
    }

    /// Resources by their ids, and the outputs as `Outputs.Name`.
    pub fn pieces(&self) -> impl Iterator<Item = String> + '_ {
        let outputs = self.outputs.keys().map(|name| format!("Outputs.{name}"));
        self.resources.keys().cloned().chain(outputs)
    }

    /// Renders one piece: a resource's properties or an output's value. `None` if its condition does not
    /// hold.
    pub fn render_piece(&self, piece: &str, values: &[(&str, &str)]) -> Result<Option<Json>> {
        let (values, conditions, types) = self.decide(values)?;
        let stack = Stack::new(self, &values, &conditions, &types);
        match piece.strip_prefix("Outputs.") {
            Some(name) => stack.output(name),
            None if types.contains_key(piece) => stack.properties(piece).map(Some),
            None => Ok(None),
        }
    }

    fn piece(&self, name: &str) -> Result<&Yaml> {
        let piece = match name.strip_prefix("Outputs.") {
            Some(output) => self.outputs.get(output),
            None => self.resources.get(name),
        };
        piece.ok_or_else(|| TemplateError(format!("there is no {name}")))
    }

    #[expect(clippy::type_complexity, reason = "what a stack borrows")]
    fn decide(
        &self,
        values: &[(&str, &str)],
    ) -> Result<(
        BTreeMap<String, String>,
        BTreeMap<String, bool>,
        BTreeMap<String, String>,
    )> {
        let values = self.values(values)?;
        let conditions = self.conditions(&values)?;
        let types = self.existing_types(&conditions)?;
        Ok((values, conditions, types))
    }

    /// Logical ids and types of the resources whose condition holds.
    fn existing_types(&self, conditions: &BTreeMap<String, bool>) -> Result<BTreeMap<String, String>> {
        const ATTRIBUTES: [&str; 7] = [
            "Type",
            "Condition",
            "Properties",
            "Metadata",
            "DependsOn",
            "DeletionPolicy",
            "UpdateReplacePolicy",
        ];
        let mut types = BTreeMap::new();
        let mut needed = BTreeSet::new();
        for (id, yaml) in &self.resources {
            let resource = entries(yaml, id)?;
            if let Some(unknown) = resource.keys().find(|name| !ATTRIBUTES.contains(&name.as_str())) {
                return error(format!("{id}: {unknown} is not known"));
            }
            if !holds(resource.get("Condition"), conditions, id)? {
                continue;
            }
            let Some(Yaml::String(resource_type)) = resource.get("Type") else {
                return error(format!("{id} has no type"));
            };
            types.insert(id.clone(), resource_type.clone());
            match resource.get("DependsOn") {
                None => {}
                Some(Yaml::String(other)) => drop(needed.insert(other.clone())),
                Some(Yaml::Sequence(others)) => {
                    for other in others {
                        needed.insert(text(other, id)?);
                    }
                }
                Some(_) => return error(format!("{id}: DependsOn is neither a name nor a list")),
            }
        }
        // A dependency on a resource whose condition does not hold is ignored; one on an undefined resource
        // is an error.
        match needed.iter().find(|id| !self.resources.contains_key(*id)) {
            Some(missing) => error(format!("DependsOn: there is no {missing}")),
            None => Ok(types),
        }
    }
}

impl Rendered {
    /// Resource of this stack.
    pub fn resource(&self, id: &str) -> Result<&Resource> {
        let found = self.resources.get(id);
        found.ok_or_else(|| TemplateError(format!("there is no {id} in this stack")))
    }

    /// Environment that the template defines for a function.
    pub fn environment(&self, function: &str) -> Result<Vec<(String, String)>> {
        let properties = &self.resource(function)?.properties;
        let Some(variables) = properties["Environment"]["Variables"].as_object() else {
            return error(format!("{function} has no environment"));
        };
        let variables = variables.iter().map(|(name, value)| match value {
            Json::String(text) => Ok((name.clone(), text.clone())),
            Json::Bool(_) | Json::Number(_) => Ok((name.clone(), value.to_string())),
            other => error(format!("{function}: {name} is not text but {other}")),
        });
        variables.collect()
    }
}

/// State of one rendering.
struct Stack<'a> {
    template: &'a Template,
    values: &'a BTreeMap<String, String>,
    conditions: &'a BTreeMap<String, bool>,
    /// Types of the existing resources.
    types: &'a BTreeMap<String, String>,
}

impl<'a> Stack<'a> {
    fn new(
        template: &'a Template,
        values: &'a BTreeMap<String, String>,
        conditions: &'a BTreeMap<String, bool>,
        types: &'a BTreeMap<String, String>,
    ) -> Self {
        Self {
            template,
            values,
            conditions,
            types,
        }
    }

    fn properties(&self, id: &str) -> Result<Json> {
        let properties = match entries(self.template.piece(id)?, id)?.remove("Properties") {
            Some(properties) => self.resolve(&properties, id)?,
            None => None,
        };
        Ok(properties.unwrap_or_else(|| Json::Object(Map::new())))
    }

    fn output(&self, name: &str) -> Result<Option<Json>> {
        let place = format!("Outputs.{name}");
        let mut output = entries(self.template.piece(&place)?, &place)?;
        if !holds(output.remove("Condition").as_ref(), self.conditions, &place)? {
            return Ok(None);
        }
        self.resolve(&output.remove("Value").unwrap_or(Yaml::Null), &place)
    }
}

/// Whether the condition of an element holds.
fn holds(condition: Option<&Yaml>, conditions: &BTreeMap<String, bool>, place: &str) -> Result<bool> {
    let Some(condition) = condition else {
        return Ok(true);
    };
    let name = text(condition, place)?;
    let holds = conditions.get(&name).copied();
    holds.ok_or_else(|| TemplateError(format!("{place}: there is no condition {name}")))
}

fn entries(yaml: &Yaml, place: &str) -> Result<BTreeMap<String, Yaml>> {
    let Yaml::Mapping(mapping) = yaml else {
        return error(format!("{place} is not a mapping"));
    };
    let entries = mapping
        .iter()
        .map(|(key, value)| Ok((text(key, place)?, value.clone())));
    entries.collect()
}

/// Scalar as CloudFormation passes it on.
fn text(yaml: &Yaml, place: &str) -> Result<String> {
    match yaml {
        Yaml::String(text) => Ok(text.clone()),
        Yaml::Bool(value) => Ok(value.to_string()),
        Yaml::Number(number) => Ok(number.to_string()),
        other => error(format!("{place}: wanted a text, found {other:?}")),
    }
}

#[cfg(test)]
mod tests;
