//! Calls: what reads like a function and is not one, aggregates and windows, and scalar functions with their lambdas.

use std::sync::Arc;

use super::context::Context;
use super::expression::not;
use super::windows::Windows;
use super::{closest, did_you_mean};
use crate::ast::{Call, Comparison, Expr, ExprKind};
use crate::error::{Position, Result, bail, err};
use crate::functions::{self, FORMS, RANKING};
use crate::signature::{Argument, Bound, Signature};
use crate::typed::{Node, Typed};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

/// Parameters and body of a lambda.
type Lambda = (Vec<(Arc<str>, Type)>, Typed);

impl Context<'_> {
    pub(super) fn call(&self, call: &Call, at: Position) -> Result<Typed> {
        let name = call.name.text.to_lowercase();
        if call.over.is_some() {
            let Some(windows) = self.windows else {
                return Err(self.not_scalar(&name));
            };
            return windows.bind(self, call, &name);
        }
        if functions::aggregates().has(&name) || name == "count" {
            let Some(aggregates) = self.aggregates else {
                return Err(self.not_scalar(&name));
            };
            return aggregates.bind(self, call, &name);
        }
        if Windows::has(&name) {
            bail!(MissingOver, "Window function {name} requires an OVER clause");
        }
        if call.distinct
            || call.star
            || call.filter.is_some()
            || !call.order_by.is_empty()
            || call.ignore_nulls
        {
            bail!(
                SyntaxError,
                "{name} is not an aggregation function: no DISTINCT, FILTER, ORDER BY, IGNORE NULLS or *"
            );
        }
        let count = call.args.len();
        match name.as_str() {
            "coalesce" => {
                if count < 2 {
                    bail!(
                        SyntaxError,
                        "The 'coalesce' function must have at least two arguments"
                    );
                }
                let mut args = self.unified(&call.args, "COALESCE")?;
                let ty = args[0].ty.clone();
                let last = args.pop().map(Box::new);
                let branch = |arg: Typed| (not(Typed::boolean(Node::IsNull(Box::new(arg.clone())))), arg);
                Ok(Typed {
                    ty,
                    node: Node::Case(args.into_iter().map(branch).collect(), last),
                })
            }
            "nullif" => {
                if count != 2 {
                    bail!(SyntaxError, "Invalid number of arguments for 'nullif' function");
                }
                let (first, second) = (self.bind(&call.args[0])?, self.bind(&call.args[1])?);
                let equal = self.compare(Comparison::Equal, first.clone(), second)?;
                let null = Typed::literal(Value::Null, first.ty.clone());
                Ok(Typed {
                    ty: first.ty.clone(),
                    node: Node::Case(vec![(equal, null)], Some(Box::new(first))),
                })
            }
            "if" => {
                if !(2..=3).contains(&count) {
                    bail!(SyntaxError, "Invalid number of arguments for 'if' function");
                }
                let condition = self.boolean(&call.args[0], "IF condition")?;
                let mut results = self.unified(&call.args[1..], "IF")?;
                let otherwise = if count == 3 {
                    results.pop().map(Box::new)
                } else {
                    None
                };
                let then = results.swap_remove(0);
                Ok(Typed {
                    ty: then.ty.clone(),
                    node: Node::Case(vec![(condition, then)], otherwise),
                })
            }
            "try" => {
                if count != 1 {
                    bail!(SyntaxError, "The 'try' function must have exactly one argument");
                }
                let inner = self.bind(&call.args[0])?;
                Ok(Typed {
                    ty: inner.ty.clone(),
                    node: Node::Try(Box::new(inner)),
                })
            }
            "now" if count == 0 => self.binder.current("current_timestamp", None),
            "typeof" if count == 1 => {
                let ty = self.bind(&call.args[0])?.ty;
                Ok(Typed::literal(Value::Text(ty.to_string()), VARCHAR))
            }
            "concat" if count < 2 => bail!(
                InvalidFunctionArgument,
                "There must be two or more concatenation arguments"
            ),
            "format" if count < 2 => bail!(
                SyntaxError,
                "The 'format' function must have at least two arguments"
            ),
            _ => self.function(&name, &call.args, at),
        }
    }

    /// A scalar function, its lambdas typed by what its other arguments are.
    fn function(&self, name: &str, args: &[Expr], at: Position) -> Result<Typed> {
        let table = functions::scalars();
        if !table.has(name) || name.starts_with('$') {
            let known = table
                .names()
                .chain(functions::aggregates().names())
                .chain(FORMS)
                .chain(RANKING)
                .filter(|name| !name.starts_with('$'));
            let suggestion = did_you_mean(closest(name, known));
            return Err(err!(FunctionNotFound, "Function '{name}' not registered{suggestion}").at(at));
        }
        let bound_args = args
            .iter()
            .map(|arg| match &arg.kind {
                ExprKind::Lambda { .. } => Ok(None),
                _ => self.bind(arg).map(Some),
            })
            .collect::<Result<Vec<_>>>()?;
        let body_type = |arg: &Expr, params: &[Type]| {
            Ok(self
                .lambda(arg, params)?
                .map_or(Type::Unknown, |(_, body)| body.ty))
        };
        type BodyType<'b> = Box<dyn FnMut(&[Type]) -> Result<Type> + 'b>;
        let mut closures: Vec<BodyType<'_>> = args
            .iter()
            .zip(&bound_args)
            .filter(|(_, bound)| bound.is_none())
            .map(|(arg, _)| {
                let closure: BodyType<'_> = Box::new(move |params| body_type(arg, params));
                closure
            })
            .collect();
        let mut closures = closures.iter_mut();
        let mut arguments: Vec<Argument<'_>> = Vec::with_capacity(args.len());
        for bound in &bound_args {
            match (bound, bound.is_none().then(|| closures.next()).flatten()) {
                (Some(typed), _) => arguments.push(Argument::Value(&typed.ty)),
                (None, Some(closure)) => arguments.push(Argument::Lambda(closure.as_mut())),
                (None, None) => bail!(Internal, "a lambda without its type"),
            }
        }
        let (function, signature, bound) = table
            .resolve(name, &mut arguments)
            .map_err(|error| error.at(at))?;
        drop(arguments);
        let mut typed_args = Vec::with_capacity(args.len());
        for (place, (arg, typed)) in args.iter().zip(bound_args).enumerate() {
            typed_args.push(match typed {
                Some(typed) => self.binder.coerce(typed, &bound.args[place])?,
                None => self.final_lambda(arg, signature, &bound, place)?,
            });
        }
        Ok(self
            .binder
            .applied(function.name, &function.kernel, bound, typed_args))
    }

    fn final_lambda(&self, arg: &Expr, signature: &Signature, bound: &Bound, place: usize) -> Result<Typed> {
        let types = signature.lambda_types(place, bound);
        let Some((params, result)) = types else {
            bail!(Internal, "a lambda of unknown type")
        };
        let Some((params, body)) = self.lambda(arg, &params)? else {
            bail!(Internal, "not a lambda")
        };
        let body = Box::new(self.binder.coerce(body, &result)?);
        Ok(Typed {
            ty: Type::Function,
            node: Node::Lambda { params, body },
        })
    }

    /// Parameters and body of a lambda; None if it takes another number of parameters.
    fn lambda(&self, arg: &Expr, types: &[Type]) -> Result<Option<Lambda>> {
        let ExprKind::Lambda { params, body } = &arg.kind else {
            return Ok(None);
        };
        if params.len() != types.len() {
            return Err(err!(
                InvalidArguments,
                "Expected a lambda that takes {} argument(s) but got {}",
                types.len(),
                params.len()
            )
            .at(arg.at));
        }
        let named: Vec<_> = params
            .iter()
            .zip(types)
            .map(|(param, ty)| (param.text.clone(), self.binder.unique(&param.text), ty.clone()))
            .collect();
        let depth = self.params.borrow().len();
        self.params.borrow_mut().extend(named.iter().cloned());
        let body = self.bind(body);
        self.params.borrow_mut().truncate(depth);
        Ok(Some((
            named.into_iter().map(|(_, column, ty)| (column, ty)).collect(),
            body?,
        )))
    }
}
