//! Evaluation of a path on a JSON value.

use std::cmp::Ordering;

use super::{Method, Node, Path, Predicate};
use crate::error::{Error, Result, bail, err};
use crate::json::Json;
use crate::number::{decimal_text, parse_decimal, rescale};

/// Surroundings of a node while a path is evaluated.
struct Scope<'a> {
    strict: bool,
    context: &'a Json,
    variables: &'a [(String, Json)],
    current: Option<&'a Json>,
    last: Option<usize>,
}

impl Path {
    pub(crate) fn evaluate(&self, context: &Json, variables: &[(String, Json)]) -> Result<Vec<Json>> {
        let scope = Scope {
            strict: self.strict,
            context,
            variables,
            current: None,
            last: None,
        };
        self.root.evaluate(&scope)
    }
}

fn failed(why: impl Into<String>) -> Error {
    err!(PathEvaluation, "path evaluation failed: {}", why.into())
}

impl Node {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Vec<Json>> {
        Ok(match self {
            Self::Literal(value) => vec![value.clone()],
            Self::Context => vec![scope.context.clone()],
            Self::Variable(name) => {
                let variable = scope.variables.iter().find(|(known, _)| known == name);
                vec![
                    variable
                        .ok_or_else(|| failed(format!("no variable {name}")))?
                        .1
                        .clone(),
                ]
            }
            Self::Current => vec![
                scope
                    .current
                    .ok_or_else(|| failed("@ outside of a filter"))?
                    .clone(),
            ],
            Self::Last => {
                let last = scope.last.ok_or_else(|| failed("last outside of a subscript"))?;
                vec![Json::Number((last as i64 - 1).to_string())]
            }
            Self::Member(base, name) => {
                let mut found = Vec::new();
                for item in scope.unwrapped(base.evaluate(scope)?) {
                    let Json::Object(members) = &item else {
                        scope.structural("an object is wanted")?;
                        continue;
                    };
                    // The last of equal names, as in a parsed object.
                    match members.iter().rev().find(|(key, _)| key == name) {
                        Some((_, value)) => found.push(value.clone()),
                        None => scope.structural("the object has no such member")?,
                    }
                }
                found
            }
            Self::Members(base) => {
                let mut found = Vec::new();
                for item in scope.unwrapped(base.evaluate(scope)?) {
                    match item {
                        Json::Object(members) => found.extend(members.into_iter().map(|(_, value)| value)),
                        _ => scope.structural("an object is wanted")?,
                    }
                }
                found
            }
            Self::Items(base) => {
                let mut found = Vec::new();
                for item in base.evaluate(scope)? {
                    match item {
                        Json::Array(items) => found.extend(items),
                        other => {
                            scope.structural("an array is wanted")?;
                            found.push(other);
                        }
                    }
                }
                found
            }
            Self::Subscripts(base, subscripts) => {
                let mut found = Vec::new();
                for item in base.evaluate(scope)? {
                    let items = match item {
                        Json::Array(items) => items,
                        other => {
                            scope.structural("an array is wanted")?;
                            vec![other]
                        }
                    };
                    let inner = Scope {
                        last: Some(items.len()),
                        ..*scope
                    };
                    for (from, to) in subscripts {
                        let first = from.index(&inner)?;
                        let last = to.as_ref().map_or(Ok(first), |to| to.index(&inner))?;
                        if first < 0 || last >= items.len() as i64 || first > last {
                            scope.structural("subscript out of bounds")?;
                        }
                        let range = first.max(0)..=last.min(items.len() as i64 - 1);
                        found.extend(range.map(|place| items[place as usize].clone()));
                    }
                }
                found
            }
            Self::Filter(base, predicate) => {
                let mut found = Vec::new();
                for item in scope.unwrapped(base.evaluate(scope)?) {
                    let inner = Scope {
                        current: Some(&item),
                        ..*scope
                    };
                    if predicate.holds(&inner)? == Some(true) {
                        found.push(item);
                    }
                }
                found
            }
            Self::Method(base, method) => {
                let items = base.evaluate(scope)?;
                let items = if matches!(method, Method::Type | Method::Size) {
                    items
                } else {
                    scope.unwrapped(items)
                };
                items
                    .iter()
                    .map(|item| method.of(item, scope))
                    .collect::<Result<_>>()?
            }
            Self::Negate(inner) => {
                let items = scope.unwrapped(inner.evaluate(scope)?);
                let negated = |item: &Json| {
                    let (unscaled, scale) = exact(item)?;
                    Ok(number(-unscaled, scale))
                };
                items.iter().map(negated).collect::<Result<_>>()?
            }
            Self::Arithmetic(op, left, right) => {
                let side = |node: &Self| {
                    let items = scope.unwrapped(node.evaluate(scope)?);
                    match items.as_slice() {
                        [item] => exact(item),
                        _ => Err(failed("arithmetic wants a single number on each side")),
                    }
                };
                let ((a, s), (b, t)) = (side(left)?, side(right)?);
                let overflow = || failed("overflow");
                if *op == '*' {
                    return Ok(vec![number(a.checked_mul(b).ok_or_else(overflow)?, s + t)]);
                }
                let scale = s.max(t);
                let a = rescale(a, s, scale).ok_or_else(overflow)?;
                let b = rescale(b, t, scale).ok_or_else(overflow)?;
                if matches!(op, '/' | '%') && b == 0 {
                    return Err(failed("division by zero"));
                }
                vec![match op {
                    '+' => number(a.checked_add(b).ok_or_else(overflow)?, scale),
                    '-' => number(a.checked_sub(b).ok_or_else(overflow)?, scale),
                    '%' => number(a % b, scale),
                    _ if scale == 0 => number(a / b, 0),
                    _ => bail!(NotSupported, "division of decimals in a JSON path"),
                }]
            }
        })
    }

    fn index(&self, scope: &Scope<'_>) -> Result<i64> {
        let items = self.evaluate(scope)?;
        match items.as_slice() {
            [item @ Json::Number(_)] => {
                let (unscaled, scale) = exact(item)?;
                let place = unscaled / crate::number::power_of_ten(u32::from(scale));
                i64::try_from(place).map_err(|_| failed("subscript out of bounds"))
            }
            _ => Err(failed("a subscript must be a single number")),
        }
    }
}

impl Scope<'_> {
    /// Items of arrays in place of the arrays, in lax mode.
    fn unwrapped(&self, items: Vec<Json>) -> Vec<Json> {
        if self.strict {
            return items;
        }
        let unwrapped = items.into_iter().flat_map(|item| match item {
            Json::Array(items) => items,
            other => vec![other],
        });
        unwrapped.collect()
    }

    fn structural(&self, why: &str) -> Result<()> {
        if self.strict { Err(failed(why)) } else { Ok(()) }
    }
}

impl Method {
    fn of(self, item: &Json, scope: &Scope<'_>) -> Result<Json> {
        Ok(match self {
            Self::Type => Json::Text(
                match item {
                    Json::Null => "null",
                    Json::Boolean(_) => "boolean",
                    Json::Number(_) => "number",
                    Json::Text(_) => "string",
                    Json::Array(_) => "array",
                    Json::Object(_) => "object",
                }
                .to_owned(),
            ),
            Self::Size => {
                let size = if let Json::Array(items) = item {
                    items.len()
                } else {
                    scope.structural("an array is wanted")?;
                    1
                };
                Json::Number(size.to_string())
            }
            Self::Abs | Self::Ceiling | Self::Floor => {
                let (unscaled, scale) = exact(item)?;
                let unit = crate::number::power_of_ten(u32::from(scale));
                match self {
                    Self::Abs => number(unscaled.abs(), scale),
                    Self::Floor => number(unscaled.div_euclid(unit), 0),
                    _ => number(-(-unscaled).div_euclid(unit), 0),
                }
            }
        })
    }
}

impl Predicate {
    /// None is unknown.
    fn holds(&self, scope: &Scope<'_>) -> Result<Option<bool>> {
        Ok(match self {
            Self::Compare(op, left, right) => {
                return existential(scope, left, right, |a, b| compare(op, a, b));
            }
            Self::StartsWith(text, prefix) => {
                return existential(scope, text, prefix, |text, prefix| match (text, prefix) {
                    (Json::Text(text), Json::Text(prefix)) => Some(text.starts_with(prefix.as_str())),
                    _ => None,
                });
            }
            Self::Exists(node) => match node.evaluate(scope) {
                Ok(items) => Some(!items.is_empty()),
                Err(error) => unknown(error)?,
            },
            Self::IsUnknown(inner) => Some(inner.holds(scope)?.is_none()),
            Self::Not(inner) => inner.holds(scope)?.map(|holds| !holds),
            Self::And(a, b) => match (a.holds(scope)?, b.holds(scope)?) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.holds(scope)?, b.holds(scope)?) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        })
    }
}

/// An error of the path makes a predicate unknown; what this crate cannot do stays an error.
fn unknown(error: Error) -> Result<Option<bool>> {
    if error.kind == crate::error::ErrorKind::PathEvaluation {
        Ok(None)
    } else {
        Err(error)
    }
}

/// Whether a test holds for a pair of items. Unknown if one cannot be compared, unless lax mode has found a pair.
fn existential(
    scope: &Scope<'_>,
    left: &Node,
    right: &Node,
    test: impl Fn(&Json, &Json) -> Option<bool>,
) -> Result<Option<bool>> {
    let sides = left
        .evaluate(scope)
        .and_then(|left| Ok((left, right.evaluate(scope)?)));
    let (left, right) = match sides {
        Ok((left, right)) => (scope.unwrapped(left), scope.unwrapped(right)),
        Err(error) => return unknown(error),
    };
    let results: Vec<_> = left
        .iter()
        .flat_map(|a| right.iter().map(|b| test(a, b)).collect::<Vec<_>>())
        .collect();
    let found = results.contains(&Some(true));
    Ok(if results.contains(&None) && (scope.strict || !found) {
        None
    } else {
        Some(found)
    })
}

fn compare(op: &str, a: &Json, b: &Json) -> Option<bool> {
    let order = match (a, b) {
        (Json::Array(_) | Json::Object(_), _) | (_, Json::Array(_) | Json::Object(_)) => return None,
        (Json::Null, Json::Null) => Ordering::Equal,
        (Json::Null, _) | (_, Json::Null) => return Some(op == "<>"),
        (Json::Boolean(a), Json::Boolean(b)) => a.cmp(b),
        (Json::Text(a), Json::Text(b)) => a.cmp(b),
        (Json::Number(x), Json::Number(y)) => match (exact(a), exact(b)) {
            (Ok((a, s)), Ok((b, t))) => {
                let scale = s.max(t);
                rescale(a, s, scale)?.cmp(&rescale(b, t, scale)?)
            }
            _ => x.parse::<f64>().ok()?.partial_cmp(&y.parse().ok()?)?,
        },
        _ => return None,
    };
    Some(match op {
        "=" => order.is_eq(),
        "<>" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// A number without exponent: unscaled value and scale.
fn exact(item: &Json) -> Result<(i128, u8)> {
    let Json::Number(number) = item else {
        return Err(failed("a number is wanted"));
    };
    match parse_decimal(number) {
        Some((unscaled, _, scale)) => Ok((unscaled, scale)),
        None => bail!(
            NotSupported,
            "{number} in a JSON path: numbers with exponent or more than 38 digits"
        ),
    }
}

fn number(unscaled: i128, scale: u8) -> Json {
    Json::Number(decimal_text(unscaled, scale))
}
