//! `json_value`, `json_query`, `json_exists`, `json_object`, `json_array`.

use std::sync::Arc;

use super::context::Context;
use super::type_name;
use crate::ast::{Expr, ExprKind, JsonBehavior, JsonCall, JsonFunction, JsonWrapper};
use crate::cast::{cast, is_cast};
use crate::error::{Error, Result, bail, err};
use crate::json::{Json, number_text};
use crate::json_path::Path;
use crate::registry;
use crate::text::to_text;
use crate::typed::{Applied, Node, Typed};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

/// Result of a clause ON EMPTY or ON ERROR; that of DEFAULT is an argument of the call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Otherwise {
    Fail,
    Value(Fixed),
    Argument(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fixed {
    Null,
    Boolean(bool),
    Text(&'static str),
}

impl Otherwise {
    fn give(self, args: &[Value], error: Error) -> Result<Value> {
        Ok(match self {
            Self::Fail => return Err(error),
            Self::Value(Fixed::Null) => Value::Null,
            Self::Value(Fixed::Boolean(boolean)) => Value::Boolean(boolean),
            Self::Value(Fixed::Text(text)) => Value::Text(text.to_owned()),
            Self::Argument(place) => args[place].clone(),
        })
    }
}

impl Context<'_> {
    pub(super) fn json(&self, call: &JsonCall) -> Result<Typed> {
        match call.function {
            JsonFunction::Object | JsonFunction::Array => self.json_members(call),
            _ => self.json_path(call),
        }
    }

    fn json_path(&self, call: &JsonCall) -> Result<Typed> {
        let Some(input) = &call.input else {
            bail!(Internal, "a JSON function without its input")
        };
        let path = Path::parse(&call.path)?;
        let mut args = vec![self.bind(input)?];
        if !matches!(args[0].ty, Type::Varchar(_) | Type::Char(_) | Type::Unknown) {
            bail!(NotSupported, "a JSON path on {}", args[0].ty);
        }
        args[0] = self.binder.coerce(args[0].clone(), &VARCHAR)?;
        let mut names = Vec::new();
        for (value, name) in &call.passing {
            if is_json(value) {
                bail!(NotSupported, "JSON in PASSING");
            }
            args.push(self.bind(value)?);
            names.push(name.clone());
        }
        let returning = call.returning.as_ref().map(type_name::resolve).transpose()?;
        let result = match call.function {
            JsonFunction::Exists => Type::Boolean,
            _ => returning.unwrap_or(VARCHAR),
        };
        if call.function == JsonFunction::Query && !matches!(result, Type::Varchar(None)) {
            bail!(NotSupported, "JSON_QUERY that returns {result}");
        }
        if call.function == JsonFunction::Value && !is_cast(&VARCHAR, &result) {
            bail!(
                TypeMismatch,
                "Invalid return type of function JSON_VALUE: {result}"
            );
        }
        let mut otherwise = |behavior: &JsonBehavior| {
            Ok::<_, Error>(match behavior {
                JsonBehavior::Error => Otherwise::Fail,
                JsonBehavior::Null | JsonBehavior::Unknown => Otherwise::Value(Fixed::Null),
                JsonBehavior::True => Otherwise::Value(Fixed::Boolean(true)),
                JsonBehavior::False => Otherwise::Value(Fixed::Boolean(false)),
                JsonBehavior::EmptyArray => Otherwise::Value(Fixed::Text("[]")),
                JsonBehavior::EmptyObject => Otherwise::Value(Fixed::Text("{}")),
                JsonBehavior::Default(expr) => {
                    let default = self.bind(expr)?;
                    args.push(self.binder.coerce(default, &result)?);
                    Otherwise::Argument(args.len() - 1)
                }
            })
        };
        let (on_empty, on_error) = (otherwise(&call.on_empty)?, otherwise(&call.on_error)?);
        let (function, wrapper, omit_quotes) = (call.function, call.wrapper, call.omit_quotes);
        let name = format!(
            "{function:?} {} {names:?} {on_empty:?} {on_error:?} {wrapper:?} {omit_quotes}",
            call.path
        );
        let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
        let kernel = registry::values_or_null(move |call, args| {
            let Value::Text(text) = &args[0] else {
                return Ok(Value::Null);
            };
            let mut variables = Vec::new();
            for (name, place) in names.iter().zip(1..) {
                variables.push((name.clone(), to_json(&args[place], &call.args[place])?));
            }
            let context = Json::parse(text)
                .ok_or_else(|| err!(JsonInputConversion, "conversion to JSON failed: {text}"));
            let found = context
                .and_then(|context| path.evaluate(&context, &variables))
                .and_then(|items| match function {
                    JsonFunction::Exists => Ok(Some(Value::Boolean(!items.is_empty()))),
                    JsonFunction::Value => single_value(&items, call.result),
                    _ => query(items, wrapper, omit_quotes),
                });
            match found {
                Ok(Some(value)) => Ok(value),
                Ok(None) => on_empty.give(args, no_item(function)),
                // What this crate cannot do is not the path's error.
                Err(error) if error.kind == crate::error::ErrorKind::NotSupported => Err(error),
                Err(error) => on_error.give(args, error),
            }
        });
        Ok(called(name, kernel, types, result, args))
    }

    fn json_members(&self, call: &JsonCall) -> Result<Typed> {
        let returning = call.returning.as_ref().map(type_name::resolve).transpose()?;
        if returning.is_some_and(|ty| ty != VARCHAR) {
            bail!(
                NotSupported,
                "JSON_OBJECT and JSON_ARRAY that return another type than varchar"
            );
        }
        let (mut args, mut is_text) = (Vec::new(), Vec::new());
        for (key, value) in &call.members {
            if let Some(key) = key {
                let typed = self.bind(key)?;
                if !matches!(typed.ty, Type::Varchar(_) | Type::Char(_)) {
                    return Err(err!(
                        InvalidFunctionArgument,
                        "key of JSON object must be a varchar: {}",
                        typed.ty
                    )
                    .at(key.at));
                }
                args.push(self.binder.coerce(typed, &VARCHAR)?);
            }
            is_text.push(!is_json(value));
            args.push(self.bind(value)?);
        }
        let (is_object, absent, unique) = (
            call.function == JsonFunction::Object,
            call.absent_on_null,
            call.unique_keys,
        );
        let name = format!("{:?} {absent} {unique} {is_text:?}", call.function);
        let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
        let kernel = registry::values_or_null(move |call, args| {
            let step = if is_object { 2 } else { 1 };
            let mut items = Vec::new();
            let mut members: Vec<(String, Json)> = Vec::new();
            for (i, is_text) in is_text.iter().enumerate() {
                let place = (i + 1) * step - 1;
                let value = match &args[place] {
                    Value::Null if absent => continue,
                    Value::Text(text) if !is_text => Json::parse(text)
                        .ok_or_else(|| err!(JsonInputConversion, "conversion to JSON failed: {text}"))?,
                    value => to_json(value, &call.args[place])?,
                };
                if !is_object {
                    items.push(value);
                    continue;
                }
                let Value::Text(key) = &args[place - 1] else {
                    bail!(
                        InvalidFunctionArgument,
                        "null value passed for JSON object key to JSON_OBJECT function"
                    );
                };
                match members.iter_mut().find(|(known, _)| known == key) {
                    Some(_) if unique => {
                        bail!(
                            InvalidFunctionArgument,
                            "duplicate key passed to JSON_OBJECT function"
                        );
                    }
                    Some((_, known)) => *known = value,
                    None => members.push((key.clone(), value)),
                }
            }
            let whole = if is_object {
                Json::Object(members)
            } else {
                Json::Array(items)
            };
            Ok(Value::Text(whole.text()))
        });
        Ok(called(name, kernel, types, VARCHAR, args))
    }
}

fn called(name: String, kernel: registry::Kernel, args: Vec<Type>, result: Type, typed: Vec<Typed>) -> Typed {
    let applied = Applied {
        name,
        kernel,
        args,
        result: result.clone(),
        volatile: false,
        total: false,
    };
    Typed {
        ty: result,
        node: Node::Call(Arc::new(applied), typed),
    }
}

/// Whether an expression gives JSON, which stands in other JSON without quotes.
fn is_json(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Json(call)
        if matches!(call.function, JsonFunction::Query | JsonFunction::Object | JsonFunction::Array))
}

fn no_item(function: JsonFunction) -> Error {
    if function == JsonFunction::Value {
        err!(
            JsonValueResult,
            "cannot extract SQL scalar from JSON: JSON path found no items"
        )
    } else {
        err!(
            JsonQueryResult,
            "cannot extract JSON value: JSON path found no items"
        )
    }
}

/// The scalar that `json_value` gives; None if the path found nothing.
fn single_value(items: &[Json], to: &Type) -> Result<Option<Value>> {
    let failed = |why: &str| err!(JsonValueResult, "cannot extract SQL scalar from JSON: {why}");
    let item = match items {
        [] => return Ok(None),
        [item] => item,
        _ => return Err(failed("JSON path found multiple items")),
    };
    let (value, from) = match item {
        Json::Array(_) | Json::Object(_) => {
            return Err(failed(
                "JSON path found an item that cannot be converted to an SQL value",
            ));
        }
        Json::Null => return Ok(Some(Value::Null)),
        Json::Boolean(boolean) => (Value::Boolean(*boolean), Type::Boolean),
        Json::Text(text) => (Value::Text(text.clone()), VARCHAR),
        Json::Number(number) => match number.parse::<i64>() {
            Ok(int) => (Value::Int(int), Type::BigInt),
            // Trino keeps a type with the number that text alone does not tell.
            Err(_) if matches!(to, Type::Varchar(_) | Type::Char(_)) => {
                bail!(NotSupported, "JSON_VALUE of the number {number} as {to}")
            }
            Err(_) => (Value::Double(number.parse().unwrap_or(f64::NAN)), Type::Double),
        },
    };
    if !is_cast(&from, to) {
        return Err(failed(
            "JSON path found an item that cannot be converted to an SQL value",
        ));
    }
    Ok(Some(cast(&value, &from, to)?))
}

/// The text that `json_query` gives; None if the path found nothing.
fn query(mut items: Vec<Json>, wrapper: JsonWrapper, omit_quotes: bool) -> Result<Option<Value>> {
    if items.is_empty() {
        return Ok(None);
    }
    let is_structure = matches!(items.as_slice(), [Json::Array(_) | Json::Object(_)]);
    let item = match wrapper {
        JsonWrapper::Without if items.len() > 1 => {
            bail!(
                JsonQueryResult,
                "cannot extract JSON value: JSON path found multiple items"
            );
        }
        JsonWrapper::Without => items.swap_remove(0),
        JsonWrapper::Conditional if is_structure => items.swap_remove(0),
        _ => Json::Array(items),
    };
    if !is_spelled(&item) {
        bail!(
            NotSupported,
            "JSON_QUERY of numbers that are spelled in another way than Java's"
        );
    }
    Ok(Some(Value::Text(match item {
        Json::Text(text) if omit_quotes => text,
        item => item.text(),
    })))
}

/// Whether all numbers are spelled as Java would spell them.
fn is_spelled(value: &Json) -> bool {
    match value {
        Json::Number(number) => number_text(number) == *number,
        Json::Array(items) => items.iter().all(is_spelled),
        Json::Object(members) => members.iter().all(|(_, value)| is_spelled(value)),
        _ => true,
    }
}

/// A value as a part of JSON: numbers and booleans as they are, others as text.
fn to_json(value: &Value, ty: &Type) -> Result<Json> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Boolean(boolean) => Json::Boolean(*boolean),
        Value::Int(int) if matches!(ty, Type::TinyInt | Type::SmallInt | Type::Integer | Type::BigInt) => {
            Json::Number(int.to_string())
        }
        Value::Double(_) | Value::Real(_) | Value::Decimal(_) => {
            bail!(NotSupported, "{ty} in JSON_OBJECT, JSON_ARRAY or PASSING")
        }
        Value::Array(_) | Value::Map(_) | Value::Row(_) | Value::Bytes(_) => {
            bail!(NotSupported, "{ty} in JSON_OBJECT, JSON_ARRAY or PASSING")
        }
        value => Json::Text(to_text(value, ty)),
    })
}
