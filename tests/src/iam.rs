//! IAM's decision, as far as our roles need it: which permissions of a role allow a call.
//!
//! A permission is one action of one statement, so that an unused one can be found. Unknown features, such as
//! a denial or an unknown condition operator, are an error.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

/// Inline policies of a role.
#[derive(Debug, Clone)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// Statement with its conditions.
#[derive(Debug, Clone)]
pub struct Statement {
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    StringEquals,
    StringLike,
}

/// Call as IAM sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// Action such as `s3:PutObject`.
    pub action: String,
    /// ARN of the resource; `*` for a call without a specific resource.
    pub resource: String,
    /// Condition keys such as `s3:prefix`.
    pub context: BTreeMap<String, String>,
}

/// One action of one statement, with the statement's position in the role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub statement: usize,
    pub action: String,
}

/// Error of an unknown part of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(String);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PolicyError {}

impl Call {
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.insert(key.to_owned(), value.into());
        self
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        for (key, value) in &self.context {
            write!(f, ", {key} `{value}`")?;
        }
        Ok(())
    }
}

impl Policy {
    /// Policies in the properties of a rendered `AWS::IAM::Role`.
    pub fn of_role(properties: &Json) -> Result<Self, PolicyError> {
        let mut statements = Vec::new();
        for policy in each(&properties["Policies"]) {
            for statement in each(&policy["PolicyDocument"]["Statement"]) {
                statements.push(Statement::read(statement)?);
            }
        }
        Ok(Self { statements })
    }

    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// All permissions of the role.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        self.statements.iter().enumerate().flat_map(|(index, statement)| {
            statement.actions.iter().map(move |action| Permission {
                statement: index,
                action: action.clone(),
            })
        })
    }

    /// Permissions that allow this call; empty if the call is denied.
    pub fn allowing(&self, call: &Call) -> Vec<Permission> {
        let permissions = self.permissions().filter(|permission| {
            let statement = &self.statements[permission.statement];
            // Actions are case-insensitive, resources are not.
            is_like(&call.action.to_lowercase(), &permission.action.to_lowercase())
                && statement
                    .resources
                    .iter()
                    .any(|resource| is_like(&call.resource, resource))
                && statement.conditions.iter().all(|condition| condition.holds(call))
        });
        permissions.collect()
    }
}

impl Statement {
    fn read(statement: &Json) -> Result<Self, PolicyError> {
        let Some(fields) = statement.as_object() else {
            return Err(PolicyError(format!("a statement is {statement}")));
        };
        for field in fields.keys() {
            if !["Sid", "Effect", "Action", "Resource", "Condition"].contains(&field.as_str()) {
                return Err(PolicyError(format!("{field} of a statement is not known")));
            }
        }
        if statement["Effect"] != "Allow" {
            return Err(PolicyError(format!(
                "effect {} is not known",
                statement["Effect"]
            )));
        }
        let mut conditions = Vec::new();
        let operators = statement["Condition"].as_object().into_iter().flatten();
        for (operator, keys) in operators {
            let operator = match &**operator {
                "StringEquals" => Operator::StringEquals,
                "StringLike" => Operator::StringLike,
                other => return Err(PolicyError(format!("operator {other} is not known"))),
            };
            for (key, values) in keys.as_object().into_iter().flatten() {
                conditions.push(Condition {
                    operator,
                    key: key.clone(),
                    values: texts(values)?,
                });
            }
        }
        Ok(Self {
            actions: texts(&statement["Action"])?,
            resources: texts(&statement["Resource"])?,
            conditions,
        })
    }
}

impl Condition {
    /// Whether the conditions hold. A key that the call does not have satisfies none.
    fn holds(&self, call: &Call) -> bool {
        let found = call.context.get(&self.key);
        found.is_some_and(|found| {
            self.values.iter().any(|value| match self.operator {
                Operator::StringEquals => found == value,
                Operator::StringLike => is_like(found, value),
            })
        })
    }
}

/// Whether a text matches a pattern, in which `*` is any text and `?` any character.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern) = (0, 0);
    // Position of the last asterisk, and the end of its text.
    let mut asterisk: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('*') => {
                asterisk = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match &mut asterisk {
                Some((place, taken)) => {
                    *taken += 1;
                    at = *taken;
                    in_pattern = *place + 1;
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|rest| *rest == '*')
}

/// One value or a list.
fn each(value: &Json) -> &[Json] {
    match value {
        Json::Null => &[],
        Json::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn texts(value: &Json) -> Result<Vec<String>, PolicyError> {
    let texts: Vec<_> = each(value)
        .iter()
        .map(|item| item.as_str().map(str::to_owned))
        .collect();
    let known = |text: &String| !text.contains("${");
    match texts.into_iter().collect::<Option<Vec<_>>>() {
        Some(texts) if !texts.is_empty() && texts.iter().all(known) => Ok(texts),
        _ => Err(PolicyError(format!(
            "wanted one text or more, without variables; found {value}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(statements: Json) -> Result<Policy, PolicyError> {
        Policy::of_role(&json!({ "Policies": [{ "PolicyDocument": { "Statement": statements } }] }))
    }

    fn permission(statement: usize, action: &str) -> Permission {
        let action = action.to_owned();
        Permission { statement, action }
    }

    #[test]
    fn patterns_match_the_whole_text() {
        for (text, pattern, is_match) in [
            ("", "", true),
            ("", "*", true),
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "a?c", true),
            ("abc", "a*", true),
            ("abc", "*c", true),
            ("abcbc", "a*bc", true),
            ("abcb", "a*bc", false),
            ("abc", "a*b*c*", true),
            ("a", "a?", false),
            ("*", "arn:*", false),
        ] {
            assert_eq!(is_like(text, pattern), is_match, "{text} {pattern}");
        }
    }

    #[test]
    fn allows_what_action_resource_and_condition_allow() {
        let policy = policy(json!([
            { "Effect": "Allow", "Action": ["s3:PutObject", "s3:Get*"], "Resource": "arn:aws:s3:::b/p/*" },
            {
                "Effect": "Allow", "Action": "s3:ListBucket", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"],
                "Condition": { "StringLike": { "s3:prefix": ["p/x.*", "q"] } },
            },
        ]))
        .unwrap();
        assert_eq!(policy.permissions().count(), 3);
        let list = || Call::new("s3:ListBucket", "arn:aws:s3:::b");
        for (call, allowing) in [
            (
                Call::new("s3:putobject", "arn:aws:s3:::b/p/k"),
                vec![permission(0, "s3:PutObject")],
            ),
            (
                Call::new("s3:GetObject", "arn:aws:s3:::b/p/k"),
                vec![permission(0, "s3:Get*")],
            ),
            (Call::new("s3:PutObject", "arn:aws:s3:::b/P/k"), vec![]),
            (Call::new("s3:PutObject", "arn:aws:s3:::b/p"), vec![]),
            (list(), vec![]),
            (
                list().with("s3:prefix", "p/x.y"),
                vec![permission(1, "s3:ListBucket")],
            ),
            (list().with("s3:prefix", "p/"), vec![]),
        ] {
            assert_eq!(policy.allowing(&call), allowing, "{call}");
        }
    }

    #[test]
    fn says_what_it_does_not_know() {
        for (statement, wanted) in [
            (
                json!({ "Effect": "Deny", "Action": "a:b", "Resource": "*" }),
                "Deny",
            ),
            (
                json!({ "Effect": "Allow", "NotAction": "a:b", "Resource": "*" }),
                "NotAction",
            ),
            (
                json!({ "Effect": "Allow", "Action": "a:b" }),
                "wanted one text or more",
            ),
            (
                json!({ "Effect": "Allow", "Action": "a:b", "Resource": [] }),
                "wanted one text or more",
            ),
            (
                json!({ "Effect": "Allow", "Action": "a:b", "Resource": "${aws:username}" }),
                "without variables",
            ),
            (
                json!({ "Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": { "Bool": { "c": "true" } } }),
                "operator Bool",
            ),
        ] {
            let error = policy(json!([statement])).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
