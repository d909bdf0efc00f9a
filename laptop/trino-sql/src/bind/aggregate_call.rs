//! Calls of aggregates: their arguments, typed.

use std::cell::RefCell;

use super::aggregate::{AggregateCall, Aggregates, FoldOf};
use super::context::Context;
use crate::accumulate::OrderKey;
use crate::ast;
use crate::error::{Result, bail};
use crate::functions;
use crate::signature::Argument;
use crate::typed::Typed;
use crate::types::Type;

impl AggregateCall {
    /// An aggregate with its arguments typed in a place of their own.
    pub(super) fn bind(context: &Context<'_>, call: &ast::Call, name: &str) -> Result<Self> {
        let args = call
            .args
            .iter()
            .map(|arg| context.bind(arg))
            .collect::<Result<Vec<_>>>()?;
        let filter = call
            .filter
            .as_ref()
            .map(|filter| context.boolean(filter, "FILTER expression"))
            .transpose()?;
        let mut order = Vec::with_capacity(call.order_by.len());
        for item in &call.order_by {
            let typed = context.bind(&item.expr)?;
            if !typed.ty.is_orderable() {
                bail!(
                    TypeMismatch,
                    "ORDER BY can only be applied to orderable types (actual: {})",
                    typed.ty
                );
            }
            let (ty, descending, nulls_first) = (typed.ty.clone(), item.descending, item.nulls_first);
            order.push((
                typed,
                OrderKey {
                    ty,
                    descending,
                    nulls_first,
                },
            ));
        }
        if call.distinct && order.iter().any(|(key, _)| !args.contains(key)) {
            bail!(
                ExpressionNotInDistinct,
                "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments"
            );
        }
        if name == "count" {
            if call.star && !args.is_empty() || args.len() > 1 {
                let types: Vec<_> = args.iter().map(|arg| arg.ty.to_string()).collect();
                let types = types.join(", ");
                bail!(
                    FunctionNotFound,
                    "Unexpected parameters ({types}) for function count. Expected: count(), count(T) T"
                );
            }
            return Ok(Self {
                name: "count",
                fold: None,
                args,
                distinct: call.distinct,
                order: Vec::new(),
                filter,
                ty: Type::BigInt,
            });
        }
        if call.star {
            bail!(FunctionNotFound, "{name}(*) is not a function");
        }
        let mut arguments: Vec<_> = args.iter().map(|arg| Argument::Value(&arg.ty)).collect();
        let (function, _, bound) = functions::aggregates().resolve(name, &mut arguments)?;
        let args = args
            .into_iter()
            .zip(&bound.args)
            .map(|(arg, ty)| context.binder.coerce(arg, ty))
            .collect::<Result<_>>()?;
        let fold = Some(FoldOf(function.kernel.clone()));
        Ok(Self {
            name: function.name,
            fold,
            args,
            distinct: call.distinct,
            order,
            filter,
            ty: bound.result,
        })
    }
}

impl Aggregates {
    /// The column that the aggregate will be.
    pub(super) fn bind(&self, context: &Context<'_>, call: &ast::Call, name: &str) -> Result<Typed> {
        let inner = Context {
            aggregates: None,
            windows: None,
            outputs: &[],
            clause: "Argument of aggregation",
            params: RefCell::default(),
            ..*context
        };
        let call = AggregateCall::bind(&inner, call, name)?;
        let mut calls = self.calls.borrow_mut();
        if let Some((column, _)) = calls.iter().find(|(_, known)| *known == call) {
            return Ok(Typed::column(column, call.ty));
        }
        let column = context.binder.unique(name);
        let typed = Typed::column(&column, call.ty.clone());
        calls.push((column, call));
        Ok(typed)
    }
}
