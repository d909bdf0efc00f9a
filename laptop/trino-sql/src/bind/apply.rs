//! Functions and casts, applied to arguments that have their types.

use std::sync::Arc;

use super::Binder;
use super::literal::string;
use crate::cast;
use crate::coerce::{can_coerce, common_type, is_same_carrier};
use crate::error::{Result, bail, err};
use crate::functions;
use crate::registry::{self, Call as KernelCall, Kernel};
use crate::signature::{Argument, Bound};
use crate::temporal;
use crate::typed::{Applied, Node, Typed};
use crate::types::Type;
use crate::value::Value;

impl Binder<'_> {
    /// A function of the table by its name.
    pub(super) fn apply(&self, name: &str, args: Vec<Typed>) -> Result<Typed> {
        let mut arguments: Vec<_> = args.iter().map(|arg| Argument::Value(&arg.ty)).collect();
        let (function, _, bound) = functions::scalars().resolve(name, &mut arguments)?;
        let args = args
            .into_iter()
            .zip(&bound.args)
            .map(|(arg, ty)| self.coerce(arg, ty))
            .collect::<Result<Vec<_>>>()?;
        Ok(self.applied(function.name, &function.kernel, bound, args))
    }

    pub(super) fn applied(&self, name: &str, kernel: &Kernel, bound: Bound, args: Vec<Typed>) -> Typed {
        let volatile = matches!(name, "random" | "rand" | "uuid" | "shuffle");
        let applied = Applied {
            name: name.to_owned(),
            kernel: Arc::clone(kernel),
            args: bound.args,
            result: bound.result.clone(),
            volatile,
            total: false,
        };
        match constant(&applied, &args) {
            Some(value) => Typed::literal(value, bound.result),
            None => Typed {
                ty: bound.result,
                node: Node::Call(Arc::new(applied), args),
            },
        }
    }

    pub(super) fn constructed(
        &self,
        name: &str,
        ty: Type,
        args: Vec<Typed>,
        make: impl Fn(&KernelCall<'_>, &[Value]) -> Result<Value> + Send + Sync + 'static,
    ) -> Typed {
        let applied = Applied {
            name: name.to_owned(),
            kernel: registry::values_or_null(make),
            args: args.iter().map(|arg| arg.ty.clone()).collect(),
            result: ty.clone(),
            volatile: false,
            total: true,
        };
        Typed {
            ty,
            node: Node::Call(Arc::new(applied), args),
        }
    }

    /// The expression as a type that it becomes without a cast.
    pub(super) fn coerce(&self, typed: Typed, to: &Type) -> Result<Typed> {
        if typed.ty == *to {
            return Ok(typed);
        }
        if !can_coerce(&typed.ty, to) {
            bail!(TypeMismatch, "Cannot coerce {} to {to}", typed.ty);
        }
        self.cast(typed, to, false)
    }

    /// Casts of constants are made at once; one that fails is left to fail when the statement runs.
    pub(super) fn cast(&self, typed: Typed, to: &Type, safe: bool) -> Result<Typed> {
        let from = typed.ty.clone();
        if from == *to {
            return Ok(typed);
        }
        if !cast::is_cast(&from, to) {
            bail!(TypeMismatch, "Cannot cast {from} to {to}");
        }
        if is_same_carrier(&from, to) {
            return Ok(Typed {
                ty: to.clone(),
                node: typed.node,
            });
        }
        if let Node::Literal(value) = &typed.node {
            match cast::cast(value, &from, to) {
                Ok(value) => return Ok(Typed::literal(value, to.clone())),
                Err(_) if safe => return Ok(Typed::literal(Value::Null, to.clone())),
                Err(_) => {}
            }
        }
        if let Node::Call(parse, args) = &typed.node
            && parse.name == "json_parse"
            && !safe
            && let Some(kernel) = cast::parsed_kernel(&parse.args[0], to)
        {
            let applied = Applied {
                name: "cast_json_parse".to_owned(),
                kernel,
                args: parse.args.clone(),
                result: to.clone(),
                volatile: false,
                total: false,
            };
            return Ok(Typed {
                ty: to.clone(),
                node: Node::Call(Arc::new(applied), args.clone()),
            });
        }
        let applied = Applied {
            name: if safe { "try_cast" } else { "cast" }.to_owned(),
            kernel: cast::kernel(&from, to, safe),
            total: safe || cast::is_total(&from, to),
            args: vec![from],
            result: to.clone(),
            volatile: false,
        };
        Ok(Typed {
            ty: to.clone(),
            node: Node::Call(Arc::new(applied), vec![typed]),
        })
    }

    /// Expressions as their common type.
    pub(super) fn unify(&self, typed: Vec<Typed>, what: &str) -> Result<Vec<Typed>> {
        let Some(first) = typed.first() else {
            return Ok(typed);
        };
        let mut ty = first.ty.clone();
        for other in &typed[1..] {
            ty = common_type(&ty, &other.ty).ok_or_else(|| {
                err!(
                    TypeMismatch,
                    "All {what} results must be the same type or coercible to a common type. Cannot find common type between {ty} and {}",
                    other.ty
                )
            })?;
        }
        typed.into_iter().map(|typed| self.coerce(typed, &ty)).collect()
    }

    pub(super) fn current(&self, name: &str, precision: Option<u8>) -> Result<Typed> {
        let digits = precision.unwrap_or(3);
        if digits > 9 {
            bail!(NotSupported, "{name}({digits}): more than 9 digits of a second");
        }
        let (seconds, nanos) = (self.now.timestamp(), i64::from(self.now.timestamp_subsec_nanos()));
        let units = temporal::to_units(seconds, nanos, digits)?;
        Ok(match name {
            "current_date" => {
                Typed::literal(Value::Int(seconds.div_euclid(temporal::DAY_SECONDS)), Type::Date)
            }
            "current_timestamp" => {
                Typed::literal(Value::Zoned(units, crate::zone::utc()), Type::TimestampTz(digits))
            }
            "localtimestamp" => Typed::literal(Value::Int(units), Type::Timestamp(digits)),
            "localtime" => {
                let time = cast::cast(&Value::Int(units), &Type::Timestamp(digits), &Type::Time(digits))?;
                Typed::literal(time, Type::Time(digits))
            }
            "current_catalog" => string(&self.default_catalog),
            "current_schema" => string(&self.default_schema),
            _ => bail!(NotSupported, "{name}"),
        })
    }
}

/// The value of a call of constants. A call that fails is left to fail when the statement runs, if it does then.
fn constant(applied: &Applied, args: &[Typed]) -> Option<Value> {
    if applied.volatile {
        return None;
    }
    let literal = |arg: &Typed| match &arg.node {
        Node::Literal(value) => Some(Value::array(vec![value.clone()], &arg.ty)),
        _ => None,
    };
    let columns = args.iter().map(literal).collect::<Option<Vec<_>>>()?;
    let call = KernelCall {
        args: &applied.args,
        result: &applied.result,
        rows: 1,
        lambdas: &[],
    };
    let result = (applied.kernel)(&call, &columns).ok()?;
    Some(Value::read(&result, 0, &applied.result))
}
