//! Parameters: their accepted values, and the values that make a difference.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use yaml_serde::Value as Yaml;

use super::functions::{call, list};
use super::{Combinations, Parameter, Result, Template, TemplateError, entries, error, text};

/// Attributes that a parameter may have.
const ATTRIBUTES: [&str; 9] = [
    "Type",
    "Default",
    "Description",
    "AllowedValues",
    "AllowedPattern",
    "ConstraintDescription",
    "MinValue",
    "MaxValue",
    "NoEcho",
];

impl Parameter {
    pub(super) fn read(name: &str, yaml: &Yaml) -> Result<Self> {
        let mut attributes = entries(yaml, name)?;
        if let Some(unknown) = attributes
            .keys()
            .find(|attribute| !ATTRIBUTES.contains(&attribute.as_str()))
        {
            return error(format!("parameter {name}: {unknown} is not known"));
        }
        let mut attribute = |attribute: &str| attributes.remove(attribute);
        let parameter_type = attribute("Type").map_or_else(|| Ok(String::new()), |yaml| text(&yaml, name))?;
        let is_list = parameter_type == "CommaDelimitedList" || parameter_type.starts_with("List<");
        let is_scalar =
            matches!(&*parameter_type, "String" | "Number") || parameter_type.starts_with("AWS::");
        if !is_list && !is_scalar {
            return error(format!("parameter {name}: type `{parameter_type}` is not known"));
        }
        let mut scalar = |name: &str| {
            let value = attribute(name);
            value.map(|yaml| text(&yaml, name)).transpose()
        };
        let number = |value: Option<String>| {
            let value = value.map(|value| value.parse());
            value
                .transpose()
                .map_err(|_| TemplateError(format!("parameter {name}: a limit is not a number")))
        };
        let default = scalar("Default")?;
        let minimum = number(scalar("MinValue")?)?;
        let maximum = number(scalar("MaxValue")?)?;
        let pattern = scalar("AllowedPattern")?;
        // CloudFormation matches the pattern against the whole value.
        let pattern = pattern
            .map(|pattern| Regex::new(&format!("^(?:{pattern})$")))
            .transpose();
        let allowed_values = match attributes.remove("AllowedValues") {
            Some(values) => list(&values, name)?
                .iter()
                .map(|value| text(value, name))
                .collect(),
            None => Ok(Vec::new()),
        };
        let parameter = Self {
            is_list,
            default,
            allowed_values: allowed_values?,
            allowed_pattern: pattern
                .map_err(|reason| TemplateError(format!("parameter {name}: {reason}")))?,
            minimum,
            maximum,
        };
        if let Some(default) = &parameter.default {
            parameter.check(name, default)?;
        }
        Ok(parameter)
    }

    fn check(&self, name: &str, value: &str) -> Result<()> {
        let refused = |wanted: String| error(format!("parameter {name}: wanted {wanted}, found `{value}`"));
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|allowed| allowed == value) {
            return refused(self.allowed_values.join(" or "));
        }
        if let Some(pattern) = &self.allowed_pattern
            && !pattern.is_match(value)
        {
            return refused(pattern.to_string());
        }
        let (minimum, maximum) = (self.minimum.unwrap_or(f64::MIN), self.maximum.unwrap_or(f64::MAX));
        if self.minimum.is_some() || self.maximum.is_some() {
            match value.parse::<f64>() {
                Ok(number) if (minimum..=maximum).contains(&number) => {}
                _ => return refused(format!("{minimum} to {maximum}")),
            }
        }
        Ok(())
    }
}

impl Template {
    /// Values of all parameters.
    pub(super) fn values(&self, given: &[(&str, &str)]) -> Result<BTreeMap<String, String>> {
        if let Some((unknown, _)) = given
            .iter()
            .find(|(name, _)| !self.parameters.contains_key(*name))
        {
            return error(format!("there is no parameter {unknown}"));
        }
        let values = self.parameters.iter().map(|(name, parameter)| {
            let given = given.iter().rev().find(|(each, _)| each == name);
            let value = given.map(|(_, value)| (*value).to_owned());
            let Some(value) = value.or_else(|| parameter.default.clone()) else {
                return error(format!("parameter {name} has no value"));
            };
            parameter.check(name, &value)?;
            Ok((name.clone(), value))
        });
        values.collect()
    }

    /// Sets of values with which the conditions that affect a resource or an output (its content, its existence,
    /// and the existence of what it refers to) have each of their truth values. The parameters that one `If` depends
    /// on, directly or through other conditions, have every combination, once while all others have their first value
    /// and once while they have their last: parts that share no parameter do not depend on each other. Values are the
    /// parameters' defaults, the texts that conditions compare them with, another allowed one, and the `samples`, of
    /// which a parameter may have several.
    ///
    /// # Errors
    /// If a parameter that a condition uses has only one value: then the condition's other value was never
    /// seen.
    pub fn combinations(&self, of: &str, samples: &[(&str, &str)]) -> Result<Combinations> {
        let mut conditions = BTreeSet::new();
        self.look_into(self.piece(of)?, &mut conditions);
        let mut compared = BTreeMap::new();
        for condition in &conditions {
            let Some(condition) = self.conditions.get(condition) else {
                return error(format!("{of}: there is no condition {condition}"));
            };
            collect(condition, &mut compared);
        }
        compared.retain(|name, _| self.parameters.contains_key(name));
        // Parameters that no condition uses have their first sample.
        let mut fixed = BTreeMap::new();
        for (name, value) in samples.iter().filter(|(name, _)| !compared.contains_key(*name)) {
            fixed
                .entry((*name).to_owned())
                .or_insert_with(|| (*value).to_owned());
        }
        let mut candidates = BTreeMap::new();
        for (name, literals) in &compared {
            let found = self.candidates(name, literals, samples);
            if found.len() < 2 {
                return error(format!("parameter {name} needs a sample beside {found:?}"));
            }
            candidates.insert(name.as_str(), found);
        }
        let groups = self.groups(self.piece(of)?);
        let mut combinations = Vec::new();
        for end in [BTreeSet::first, BTreeSet::<String>::last] {
            let still = candidates
                .iter()
                .filter_map(|(name, found)| Some(((*name).to_owned(), end(found)?.clone())));
            let still: BTreeMap<_, _> = fixed.clone().into_iter().chain(still).collect();
            // Parameters that decide whether the piece exists are combined with all others.
            let is_grouped = |name: &str| groups.iter().any(|group| group.contains(name));
            let alone = candidates.keys().copied().filter(|name| !is_grouped(name));
            let bases = varied(vec![still], alone, &candidates);
            combinations.extend(bases.iter().cloned());
            for group in &groups {
                let names = group
                    .iter()
                    .map(String::as_str)
                    .filter(|name| candidates.contains_key(name));
                combinations.extend(varied(bases.clone(), names, &candidates));
            }
        }
        let mut seen = BTreeSet::new();
        let mut distinct = Vec::new();
        for combination in combinations {
            let given: Vec<_> = combination
                .iter()
                .map(|(name, value)| (&**name, &**value))
                .collect();
            let mut truths = self.conditions(&self.values(&given)?)?;
            truths.retain(|name, _| conditions.contains(name));
            if seen.insert(truths) {
                distinct.push(combination);
            }
        }
        Ok(Combinations(distinct))
    }

    /// Parameters that the outermost `If`s in a part of the template depend on, one set for each; sets that share a
    /// parameter are merged.
    fn groups(&self, yaml: &Yaml) -> Vec<BTreeSet<String>> {
        let mut ifs = Vec::new();
        outermost_ifs(yaml, &mut ifs);
        let mut groups: Vec<BTreeSet<String>> = Vec::new();
        for found in ifs {
            let mut conditions = BTreeSet::new();
            self.look_into(found, &mut conditions);
            let mut compared = BTreeMap::new();
            for condition in conditions.iter().filter_map(|name| self.conditions.get(name)) {
                collect(condition, &mut compared);
            }
            let mut group: BTreeSet<String> = compared.into_keys().collect();
            groups.retain(|other| {
                let is_apart = other.is_disjoint(&group);
                if !is_apart {
                    group.extend(other.iter().cloned());
                }
                is_apart
            });
            groups.push(group);
        }
        groups
    }

    fn candidates(
        &self,
        name: &str,
        literals: &BTreeSet<String>,
        samples: &[(&str, &str)],
    ) -> BTreeSet<String> {
        let parameter = &self.parameters[name];
        let default = parameter.default.iter().cloned();
        let sampled = samples.iter().filter(|(each, _)| *each == name);
        let sampled = sampled.map(|(_, value)| (*value).to_owned());
        let compared = literals.iter().cloned();
        let other = parameter
            .allowed_values
            .iter()
            .find(|value| !literals.contains(*value));
        let all = default.chain(sampled).chain(compared).chain(other.cloned());
        all.filter(|value| parameter.check(name, value).is_ok()).collect()
    }

    /// Conditions that a part of the template uses, those of what it refers to, and those they build upon.
    fn look_into(&self, yaml: &Yaml, conditions: &mut BTreeSet<String>) {
        let mut found = BTreeSet::new();
        let mut names = BTreeSet::new();
        walk(yaml, &mut found, &mut names);
        for name in names {
            let condition = self
                .resources
                .get(&name)
                .and_then(|resource| resource.get("Condition"));
            found.extend(condition.and_then(Yaml::as_str).map(str::to_owned));
        }
        for name in found {
            if conditions.insert(name.clone())
                && let Some(condition) = self.conditions.get(&name)
            {
                self.look_into(condition, conditions);
            }
        }
    }
}

/// Each of `bases` with every combination of values of `names`.
fn varied<'a>(
    bases: Vec<BTreeMap<String, String>>,
    names: impl Iterator<Item = &'a str>,
    candidates: &BTreeMap<&str, BTreeSet<String>>,
) -> Vec<BTreeMap<String, String>> {
    names.fold(bases, |combinations, name| {
        let with = |candidate: &String| {
            let mut extended = combinations.clone();
            for combination in &mut extended {
                combination.insert(name.to_owned(), candidate.clone());
            }
            extended
        };
        candidates[name].iter().flat_map(with).collect()
    })
}

fn outermost_ifs<'a>(yaml: &'a Yaml, found: &mut Vec<&'a Yaml>) {
    match (call(yaml), yaml) {
        (Some((function, _)), _) if function == "If" => found.push(yaml),
        (Some((_, argument)), _) => outermost_ifs(argument, found),
        (None, Yaml::Sequence(items)) => items.iter().for_each(|item| outermost_ifs(item, found)),
        (None, Yaml::Mapping(mapping)) => mapping.values().for_each(|value| outermost_ifs(value, found)),
        _ => {}
    }
}

/// Collects names of conditions, and all other names and texts, some of which are logical ids.
fn walk(yaml: &Yaml, conditions: &mut BTreeSet<String>, names: &mut BTreeSet<String>) {
    match (call(yaml), yaml) {
        (Some((function, argument)), _) if function == "Condition" => {
            conditions.extend(argument.as_str().map(str::to_owned));
        }
        (Some((function, Yaml::Sequence(operands))), _) if function == "If" => {
            let condition = operands.first().and_then(Yaml::as_str);
            conditions.extend(condition.map(str::to_owned));
            operands
                .iter()
                .skip(1)
                .for_each(|operand| walk(operand, conditions, names));
        }
        (Some((_, argument)), _) => walk(argument, conditions, names),
        (None, Yaml::Sequence(items)) => items.iter().for_each(|item| walk(item, conditions, names)),
        (None, Yaml::Mapping(mapping)) => {
            for (key, value) in mapping {
                // Condition of a resource or an output. In a policy it is a mapping.
                if key.as_str() == Some("Condition") {
                    conditions.extend(value.as_str().map(str::to_owned));
                }
                walk(value, conditions, names);
            }
        }
        (None, Yaml::String(text)) => {
            // `Id`, `Id.Attribute`, and either within a text: whatever looks like a name may be one.
            let is_in_name = |letter: char| letter.is_ascii_alphanumeric();
            names.extend(text.split(|letter| !is_in_name(letter)).map(str::to_owned));
        }
        _ => {}
    }
}

/// Parameters that a condition uses, each with the texts that it is compared with.
fn collect(condition: &Yaml, compared: &mut BTreeMap<String, BTreeSet<String>>) {
    match call(condition) {
        Some((function, operands)) if function == "Equals" => {
            let mut names = BTreeSet::new();
            references(operands, &mut names);
            for name in names {
                let literals = compared.entry(name.clone()).or_default();
                let (first, second) = (operands.get(0), operands.get(1));
                for (one, other) in first.zip(second).into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
                    let is_name = call(one).is_some_and(|(function, argument)| {
                        function == "Ref" && argument.as_str() == Some(&*name)
                    });
                    if is_name && call(other).is_none() {
                        literals.extend(text(other, &name).ok());
                    }
                }
            }
        }
        Some((_, Yaml::Sequence(conditions))) => {
            conditions
                .iter()
                .for_each(|condition| collect(condition, compared));
        }
        _ => {}
    }
}

fn references(yaml: &Yaml, names: &mut BTreeSet<String>) {
    match (call(yaml), yaml) {
        (Some((function, name)), _) if function == "Ref" => names.extend(name.as_str().map(str::to_owned)),
        (Some((_, argument)), _) => references(argument, names),
        (None, Yaml::Sequence(items)) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}
