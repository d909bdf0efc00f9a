//! Functions of CloudFormation, by their short and their long names.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use yaml_serde::Value as Yaml;

use super::{
    ACCOUNT, PARTITION, REGION, Rendered, Result, STACK, Stack, Template, TemplateError, entries, error, text,
};

/// Pseudo parameter whose value is absence.
const NO_VALUE: &str = "AWS::NoValue";

impl Template {
    /// Stack that a resource of type `AWS::Serverless::Application` creates, from its properties.
    pub fn nested(&self, properties: &Json) -> Result<Rendered> {
        let Some(location) = properties["Location"].as_str() else {
            return error("an application without location");
        };
        let template = Self::read_file(&self.folder.join(location))?;
        let parameters = properties["Parameters"].as_object().into_iter().flatten();
        let parameters = parameters.map(|(name, value)| match value {
            Json::String(value) => Ok((name.clone(), value.clone())),
            other => error(format!("{location}: parameter {name} is not text but {other}")),
        });
        let parameters = parameters.collect::<Result<Vec<_>>>()?;
        let given: Vec<_> = parameters
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        template.render(&given)
    }

    /// Whether each condition holds.
    pub(super) fn conditions(&self, values: &BTreeMap<String, String>) -> Result<BTreeMap<String, bool>> {
        let mut known = BTreeMap::new();
        for name in self.conditions.keys() {
            self.condition(name, values, &mut known, &mut Vec::new())?;
        }
        Ok(known)
    }

    fn condition(
        &self,
        name: &str,
        values: &BTreeMap<String, String>,
        known: &mut BTreeMap<String, bool>,
        asking: &mut Vec<String>,
    ) -> Result<bool> {
        if let Some(holds) = known.get(name) {
            return Ok(*holds);
        }
        let Some(condition) = self.conditions.get(name) else {
            return error(format!("there is no condition {name}"));
        };
        if asking.iter().any(|asked| asked == name) {
            return error(format!("condition {name} refers to itself"));
        }
        asking.push(name.to_owned());
        let holds = self.holds(condition, name, values, known, asking)?;
        asking.pop();
        known.insert(name.to_owned(), holds);
        Ok(holds)
    }

    fn holds(
        &self,
        condition: &Yaml,
        place: &str,
        values: &BTreeMap<String, String>,
        known: &mut BTreeMap<String, bool>,
        asking: &mut Vec<String>,
    ) -> Result<bool> {
        let Some((function, argument)) = call(condition) else {
            return error(format!("condition {place} is not a function"));
        };
        if function == "Condition" {
            return self.condition(&text(argument, place)?, values, known, asking);
        }
        let operands = list(argument, place)?;
        if function == "Equals" {
            let [one, other] = operands else {
                return error(format!("condition {place}: Equals compares two"));
            };
            // Parameters only: there are no resources yet.
            let (conditions, types) = (BTreeMap::new(), BTreeMap::new());
            let stack = Stack::new(self, values, &conditions, &types);
            // Compared as texts: a number in the template equals the text of a parameter.
            return Ok(stack.text(one, place)? == stack.text(other, place)?);
        }
        let count = operands.len();
        // CloudFormation allows no more.
        let is_sound = match &*function {
            "Not" => count == 1,
            "And" | "Or" => (2..=10).contains(&count),
            _ => return error(format!("condition {place}: {function} is not known")),
        };
        if !is_sound {
            return error(format!("condition {place}: {function} of {count}"));
        }
        let mut truths = Vec::new();
        for operand in operands {
            truths.push(self.holds(operand, place, values, known, asking)?);
        }
        Ok(match &*function {
            "Not" => !truths[0],
            "And" => truths.iter().all(|truth| *truth),
            _ => truths.iter().any(|truth| *truth),
        })
    }
}

impl Stack<'_> {
    /// Evaluated value; `None` for `AWS::NoValue`.
    pub(super) fn resolve(&self, yaml: &Yaml, place: &str) -> Result<Option<Json>> {
        if let Some((function, argument)) = call(yaml) {
            return self.evaluate(&function, argument, place);
        }
        Ok(Some(match yaml {
            Yaml::Null => Json::Null,
            Yaml::Bool(value) => Json::Bool(*value),
            Yaml::Number(number) => {
                serde_json::to_value(number).map_err(|reason| TemplateError(format!("{place}: {reason}")))?
            }
            Yaml::String(text) => Json::String(text.clone()),
            Yaml::Sequence(items) => {
                let items = items.iter().map(|item| self.resolve(item, place));
                Json::Array(items.filter_map(Result::transpose).collect::<Result<_>>()?)
            }
            Yaml::Mapping(_) => {
                let mut object = serde_json::Map::new();
                for (key, value) in entries(yaml, place)? {
                    if let Some(value) = self.resolve(&value, &format!("{place}.{key}"))? {
                        object.insert(key, value);
                    }
                }
                Json::Object(object)
            }
            Yaml::Tagged(tagged) => return error(format!("{place}: {} is not known", tagged.tag)),
        }))
    }

    fn evaluate(&self, function: &str, argument: &Yaml, place: &str) -> Result<Option<Json>> {
        let value = match function {
            "Ref" => return self.reference(&text(argument, place)?, place),
            "If" => return self.choose(argument, place),
            "GetAtt" => self.attribute(argument, place)?,
            "Sub" => self.substitute(argument, place)?,
            "Join" => {
                let [delimiter, parts] = list(argument, place)? else {
                    return error(format!("{place}: Join of a delimiter and a list"));
                };
                self.texts(parts, place)?.join(&text(delimiter, place)?)
            }
            "Split" => {
                let [delimiter, whole] = list(argument, place)? else {
                    return error(format!("{place}: Split by a delimiter of a text"));
                };
                let (whole, delimiter) = (self.text(whole, place)?, text(delimiter, place)?);
                let parts = whole.split(&*delimiter).map(Json::from);
                return Ok(Some(Json::Array(parts.collect())));
            }
            "Select" => {
                let [index, items] = list(argument, place)? else {
                    return error(format!("{place}: Select of an index and a list"));
                };
                let index = self.text(index, place)?;
                let items = self.texts(items, place)?;
                let item = index.parse().ok().and_then(|index: usize| items.get(index));
                match item {
                    Some(item) => item.clone(),
                    None => return error(format!("{place}: there is no item {index} of {items:?}")),
                }
            }
            "GetAZs" => {
                let zones = ["a", "b", "c"].map(|zone| format!("{REGION}{zone}"));
                return Ok(Some(Json::from(zones.to_vec())));
            }
            "Cidr" => return self.cidr(argument, place).map(Some),
            "FindInMap" => {
                let keys = self.texts(argument, place)?;
                let [mapping, first, second] = &*keys else {
                    return error(format!("{place}: FindInMap of a mapping and two keys"));
                };
                let found = self.template.mappings.get(mapping);
                let found = found
                    .and_then(|mapping| mapping.get(first))
                    .and_then(|row| row.get(second));
                let Some(found) = found else {
                    return error(format!("{place}: there is no {mapping}.{first}.{second}"));
                };
                return self.resolve(found, place);
            }
            other => return error(format!("{place}: function {other} is not known")),
        };
        Ok(Some(Json::String(value)))
    }

    fn choose(&self, argument: &Yaml, place: &str) -> Result<Option<Json>> {
        let [condition, then, otherwise] = list(argument, place)? else {
            return error(format!("{place}: If of a condition and two values"));
        };
        let condition = text(condition, place)?;
        match self.conditions.get(&condition) {
            Some(true) => self.resolve(then, place),
            Some(false) => self.resolve(otherwise, place),
            None => error(format!("{place}: there is no condition {condition}")),
        }
    }

    fn reference(&self, name: &str, place: &str) -> Result<Option<Json>> {
        if name == NO_VALUE {
            return Ok(None);
        }
        if let Some(value) = pseudo_parameter(name) {
            return Ok(Some(Json::String(value)));
        }
        if let Some(value) = self.values.get(name) {
            let parameter = &self.template.parameters[name];
            return Ok(Some(if parameter.is_list {
                Json::Array(items(value).map(Json::from).collect())
            } else {
                Json::String(value.clone())
            }));
        }
        let resource_type = self.resource_type(name, place)?;
        Ok(Some(Json::String(match resource_type {
            // Resources that are referenced by their ARN.
            "AWS::Glue::Registry"
            | "AWS::MSK::Cluster"
            | "AWS::MSK::ServerlessCluster"
            | "AWS::SNS::Topic" => self.arn(name, resource_type, place)?,
            _ => self.physical_name(name, place)?,
        })))
    }

    fn attribute(&self, argument: &Yaml, place: &str) -> Result<String> {
        let path = match argument {
            Yaml::Sequence(_) => self.texts(argument, place)?.join("."),
            argument => text(argument, place)?,
        };
        let Some((name, attribute)) = path.split_once('.') else {
            return error(format!("{place}: GetAtt {path} names no attribute"));
        };
        self.attribute_of(name, attribute, place)
    }

    fn attribute_of(&self, name: &str, attribute: &str, place: &str) -> Result<String> {
        let resource_type = self.resource_type(name, place)?;
        if let Some(answer) = self.template.answers.get(&format!("{name}.{attribute}")) {
            return Ok(answer.clone());
        }
        match (resource_type, attribute) {
            ("AWS::EC2::VPC", "CidrBlock") => {
                let properties = self.properties(name)?;
                self.text_of(properties.get("CidrBlock").cloned(), place)
            }
            ("AWS::Serverless::Application", attribute) => {
                let Some(output) = attribute.strip_prefix("Outputs.") else {
                    return error(format!("{place}: attribute {attribute} of {name} is not known"));
                };
                let nested = self.template.nested(&self.properties(name)?)?;
                self.text_of(nested.outputs.get(output).cloned(), place)
            }
            ("AWS::EC2::SecurityGroup", "GroupId") => self.physical_name(name, place),
            (_, "Arn") => self.arn(name, resource_type, place),
            _ => error(format!(
                "{place}: attribute {attribute} of {resource_type} is not known"
            )),
        }
    }

    /// Blocks of IPv4 addresses, of equal size and consecutive.
    fn cidr(&self, argument: &Yaml, place: &str) -> Result<Json> {
        let operands = self.texts(argument, place)?;
        let unsound = || TemplateError(format!("{place}: no blocks of {operands:?}"));
        let [block, count, bits] = &*operands else {
            return Err(unsound());
        };
        let (address, length) = block.split_once('/').ok_or_else(unsound)?;
        let address: std::net::Ipv4Addr = address.parse().map_err(|_| unsound())?;
        let length: u32 = length.parse().map_err(|_| unsound())?;
        let count: u32 = count.parse().map_err(|_| unsound())?;
        let bits: u32 = bits.parse().map_err(|_| unsound())?;
        let fits = bits.checked_add(length).is_some_and(|all| all <= 32)
            && u64::from(count) << bits <= 1 << (32 - length);
        if !fits {
            return Err(unsound());
        }
        let blocks = (0..count).map(|index| {
            let address = std::net::Ipv4Addr::from_bits(address.to_bits() + (index << bits));
            Json::from(format!("{address}/{}", 32 - bits))
        });
        Ok(Json::Array(blocks.collect()))
    }

    fn arn(&self, name: &str, resource_type: &str, place: &str) -> Result<String> {
        let (service, resource) = match resource_type {
            "AWS::IAM::Role" => {
                return Ok(format!(
                    "arn:{PARTITION}:iam::{ACCOUNT}:role/{}",
                    self.physical_name(name, place)?
                ));
            }
            "AWS::S3::Bucket" => {
                return Ok(format!(
                    "arn:{PARTITION}:s3:::{}",
                    self.physical_name(name, place)?
                ));
            }
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => ("lambda", "function:"),
            "AWS::KMS::Key" => ("kms", "key/"),
            "AWS::Logs::LogGroup" => ("logs", "log-group:"),
            "AWS::Glue::Registry" => ("glue", "registry/"),
            "AWS::Events::Rule" => ("events", "rule/"),
            "AWS::SQS::Queue" => ("sqs", ""),
            "AWS::SNS::Topic" => ("sns", ""),
            "AWS::MSK::Cluster" | "AWS::MSK::ServerlessCluster" => ("kafka", "cluster/"),
            other => return error(format!("{place}: the ARN of {other} is not known")),
        };
        let after = match service {
            "kafka" => "/2f3f2f3f-0000-4000-8000-000000000000-1",
            "logs" => ":*",
            _ => "",
        };
        let name = self.physical_name(name, place)?;
        Ok(format!(
            "arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}{name}{after}"
        ))
    }

    /// Type of a resource of this stack.
    fn resource_type(&self, name: &str, place: &str) -> Result<&str> {
        match self.types.get(name) {
            Some(resource_type) => Ok(resource_type),
            None if self.template.resources.contains_key(name) => {
                error(format!("{place}: {name} is not in this stack"))
            }
            None => error(format!("{place}: there is no {name}")),
        }
    }

    /// Name in the resource's properties, else one that CloudFormation would generate.
    fn physical_name(&self, id: &str, place: &str) -> Result<String> {
        const NAMES: [&str; 8] = [
            "FunctionName",
            "RoleName",
            "BucketName",
            "LogGroupName",
            "ClusterName",
            "TopicName",
            "QueueName",
            "Name",
        ];
        let resource = entries(&self.template.resources[id], id)?;
        let properties = match resource.get("Properties") {
            Some(properties) => entries(properties, id)?,
            None => BTreeMap::new(),
        };
        let Some(name) = NAMES.iter().find_map(|name| properties.get(*name)) else {
            return Ok(format!("{STACK}-{}", id.to_lowercase()));
        };
        match self.resolve(name, place)? {
            Some(Json::String(name)) if !name.is_empty() => Ok(name),
            None => Ok(format!("{STACK}-{}", id.to_lowercase())),
            other => error(format!("{place}: the name of {id} is {other:?}")),
        }
    }

    /// Evaluates either form of Sub: a text, or a text and values for its names.
    fn substitute(&self, argument: &Yaml, place: &str) -> Result<String> {
        let (pattern, values) = match argument {
            Yaml::Sequence(parts) => match &**parts {
                [pattern, values] => (text(pattern, place)?, entries(values, place)?),
                _ => return error(format!("{place}: Sub of a text and a mapping")),
            },
            pattern => (text(pattern, place)?, BTreeMap::new()),
        };
        let mut result = String::new();
        let mut rest = &*pattern;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return error(format!("{place}: {pattern} opens what it does not close"));
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            result.push_str(&match (values.get(name), name.split_once('.')) {
                (Some(value), _) => self.text(value, place)?,
                (None, Some((id, attribute))) => self.attribute_of(id, attribute, place)?,
                (None, None) => self.text_of(self.reference(name, place)?, place)?,
            });
        }
        result.push_str(rest);
        Ok(result)
    }

    fn text(&self, yaml: &Yaml, place: &str) -> Result<String> {
        self.text_of(self.resolve(yaml, place)?, place)
    }

    fn text_of(&self, value: Option<Json>, place: &str) -> Result<String> {
        match value {
            Some(Json::String(text)) => Ok(text),
            Some(Json::Number(number)) => Ok(number.to_string()),
            Some(Json::Bool(value)) => Ok(value.to_string()),
            other => error(format!("{place}: wanted a text, found {other:?}")),
        }
    }

    fn texts(&self, yaml: &Yaml, place: &str) -> Result<Vec<String>> {
        match self.resolve(yaml, place)? {
            Some(Json::Array(items)) => items
                .into_iter()
                .map(|item| self.text_of(Some(item), place))
                .collect(),
            other => error(format!("{place}: wanted a list, found {other:?}")),
        }
    }
}

/// Items of a list parameter.
fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn pseudo_parameter(name: &str) -> Option<String> {
    Some(match name {
        "AWS::Partition" => PARTITION.to_owned(),
        "AWS::Region" => REGION.to_owned(),
        "AWS::AccountId" => ACCOUNT.to_owned(),
        "AWS::URLSuffix" => "amazonaws.com".to_owned(),
        "AWS::StackName" => STACK.to_owned(),
        "AWS::StackId" => format!(
            "arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/2f3f2f3f-0000-4000-8000-000000000000"
        ),
        _ => return None,
    })
}

/// Name of a function, without `Fn::` or `!`, and its argument.
pub(super) fn call(yaml: &Yaml) -> Option<(String, &Yaml)> {
    match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            Some((tag.trim_start_matches('!').to_owned(), &tagged.value))
        }
        Yaml::Mapping(mapping) if mapping.len() == 1 => {
            let (key, argument) = mapping.iter().next()?;
            let key = key.as_str()?;
            // `Condition` as the only key is the long form of a condition's name: it has no meaning
            // elsewhere.
            let function = match key {
                "Ref" | "Condition" => key,
                key => key.strip_prefix("Fn::")?,
            };
            Some((function.to_owned(), argument))
        }
        _ => None,
    }
}

pub(super) fn list<'a>(yaml: &'a Yaml, place: &str) -> Result<&'a [Yaml]> {
    match yaml {
        Yaml::Sequence(items) => Ok(items),
        other => error(format!("{place}: wanted a list, found {other:?}")),
    }
}
