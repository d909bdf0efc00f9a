//! Calls of window functions: their arguments and frames, typed.

use std::cell::RefCell;

use arrow::datatypes::IntervalMonthDayNano;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, WindowFrame, WindowFrameBound, WindowFrameUnits};

use super::aggregate::AggregateCall;
use super::context::Context;
use super::is_same_name;
use super::sort_key::SortKey;
use super::windows::{WindowCall, WindowOf, Windows};
use crate::ast::{self, Bound, FrameUnit, Window};
use crate::error::{Result, bail, err};
use crate::functions::{self, RANKING};
use crate::scalar;
use crate::typed::{Node, Typed};
use crate::types::Type;
use crate::value::Value;

impl Windows<'_> {
    /// The column that the window function will be.
    pub(super) fn bind(&self, context: &Context<'_>, call: &ast::Call, name: &str) -> Result<Typed> {
        let inner = Context {
            windows: None,
            outputs: &[],
            clause: "Window",
            params: RefCell::default(),
            ..*context
        };
        let (mut partition_by, mut order_by, mut frame) = (Vec::new(), Vec::new(), None);
        if let Some(window) = &call.over {
            self.specification(window, &inner, &mut partition_by, &mut order_by, &mut frame, 0)?;
        }
        let (function, ty) = if functions::aggregates().has(name) || name == "count" {
            if call.distinct {
                bail!(
                    NotSupported,
                    "DISTINCT in window function parameters not yet supported: {name}"
                );
            }
            if !call.order_by.is_empty() {
                bail!(
                    NotSupported,
                    "Window function with ORDER BY is not supported: {name}"
                );
            }
            let bound = AggregateCall::bind(&inner, call, name)?;
            let ty = bound.ty.clone();
            (WindowOf::Aggregate(Box::new(bound)), ty)
        } else if Self::has(name) {
            if call.distinct || call.star || call.filter.is_some() || !call.order_by.is_empty() {
                bail!(NotSupported, "DISTINCT, FILTER, ORDER BY or * in {name}");
            }
            ranking(name, call, &inner)?
        } else {
            bail!(FunctionNotFound, "Window function '{name}' not registered");
        };
        let ordered = !order_by.is_empty();
        let frame = match frame {
            Some(frame) => frame,
            None => WindowFrame::new(ordered.then_some(false)),
        };
        let column = context.binder.unique(name);
        let typed = Typed::column(&column, ty);
        let ignore_nulls = call.ignore_nulls;
        self.calls.borrow_mut().push(WindowCall {
            column,
            function,
            partition_by,
            order_by,
            frame,
            ignore_nulls,
        });
        Ok(typed)
    }

    fn specification(
        &self,
        window: &Window,
        context: &Context<'_>,
        partition_by: &mut Vec<Typed>,
        order_by: &mut Vec<SortKey>,
        frame: &mut Option<WindowFrame>,
        depth: usize,
    ) -> Result<()> {
        let named = |name: &ast::Ident| {
            self.named
                .iter()
                .find(|(known, _)| is_same_name(&known.text, &name.text))
                .map(|(_, spec)| spec)
                .filter(|_| depth <= self.named.len())
                .ok_or_else(|| {
                    err!(InvalidWindowFrame, "Cannot resolve WINDOW name {}", name.text).at(name.at)
                })
        };
        let spec = match window {
            Window::Named(name) => named(name)?,
            Window::Spec(spec) => spec,
        };
        if let Some(base) = &spec.base {
            named(base)?;
            self.specification(
                &Window::Named(base.clone()),
                context,
                partition_by,
                order_by,
                frame,
                depth + 1,
            )?;
        }
        for expr in &spec.partition_by {
            let typed = context.bind(expr)?;
            if !typed.ty.is_comparable() {
                let ty = &typed.ty;
                return Err(err!(
                    TypeMismatch,
                    "{ty} is not comparable, and therefore cannot be used in window function PARTITION BY"
                )
                .at(expr.at));
            }
            partition_by.push(typed);
        }
        for item in &spec.order_by {
            let typed = context.bind(&item.expr)?;
            order_by.push(SortKey {
                typed,
                descending: item.descending,
                nulls_first: item.nulls_first,
            });
        }
        if let Some(written) = &spec.frame {
            *frame = Some(frame_of(written, context, order_by)?);
        }
        Ok(())
    }
}

fn frame_of(frame: &ast::Frame, context: &Context<'_>, order_by: &[SortKey]) -> Result<WindowFrame> {
    let units = match frame.unit {
        FrameUnit::Rows => WindowFrameUnits::Rows,
        FrameUnit::Range => WindowFrameUnits::Range,
        FrameUnit::Groups => WindowFrameUnits::Groups,
    };
    let distance = |expr: &ast::Expr| -> Result<ScalarValue> {
        let typed = context.bind(expr)?;
        match (&frame.unit, &typed.node) {
            (FrameUnit::Range, Node::Literal(_)) => {
                let Some(key) = order_by.first().filter(|_| order_by.len() == 1) else {
                    return Err(err!(
                        InvalidWindowFrame,
                        "Window frame of type RANGE requires one sort item in ORDER BY"
                    )
                    .at(expr.at));
                };
                if let Some(interval) = interval_distance(&key.typed.ty, &typed) {
                    return Ok(interval);
                }
                let typed = context.binder.coerce(typed, &key.typed.ty).map_err(|_| {
                    err!(NotSupported, "RANGE over {} with this distance", key.typed.ty).at(expr.at)
                })?;
                match scalar::lower(&typed)? {
                    Expr::Literal(value, _) => Ok(value),
                    _ => Err(err!(NotSupported, "a frame's distance that is not a constant").at(expr.at)),
                }
            }
            (_, Node::Literal(Value::Int(rows))) if *rows >= 0 => Ok(ScalarValue::UInt64(Some(*rows as u64))),
            (_, Node::Literal(_)) => Err(err!(
                InvalidWindowFrame,
                "Window frame offset must not be negative or null"
            )
            .at(expr.at)),
            _ => Err(err!(NotSupported, "a frame's distance that is not a constant").at(expr.at)),
        }
    };
    let bound = |bound: &Bound| -> Result<WindowFrameBound> {
        Ok(match bound {
            Bound::UnboundedPreceding => WindowFrameBound::Preceding(unbounded(frame.unit)),
            Bound::UnboundedFollowing => WindowFrameBound::Following(unbounded(frame.unit)),
            Bound::CurrentRow => WindowFrameBound::CurrentRow,
            Bound::Preceding(expr) => WindowFrameBound::Preceding(distance(expr)?),
            Bound::Following(expr) => WindowFrameBound::Following(distance(expr)?),
        })
    };
    Ok(WindowFrame::new_bounds(
        units,
        bound(&frame.start)?,
        bound(&frame.end)?,
    ))
}

/// An interval as the distance from a date or a timestamp; a day is the shortest for dates.
fn interval_distance(key: &Type, distance: &Typed) -> Option<ScalarValue> {
    const DAY_MILLIS: i64 = 86_400_000;
    let Node::Literal(Value::Int(length)) = distance.node else {
        return None;
    };
    let interval = match (key, &distance.ty) {
        _ if length < 0 => return None,
        (Type::Date | Type::Timestamp(_), Type::IntervalYear) => {
            IntervalMonthDayNano::new(i32::try_from(length).ok()?, 0, 0)
        }
        (Type::Timestamp(_), Type::IntervalDay) => {
            IntervalMonthDayNano::new(0, 0, length.checked_mul(1_000_000)?)
        }
        (Type::Date, Type::IntervalDay) if length % DAY_MILLIS == 0 => {
            IntervalMonthDayNano::new(0, i32::try_from(length / DAY_MILLIS).ok()?, 0)
        }
        _ => return None,
    };
    Some(ScalarValue::IntervalMonthDayNano(Some(interval)))
}

fn unbounded(unit: FrameUnit) -> ScalarValue {
    if unit == FrameUnit::Range {
        ScalarValue::Null
    } else {
        ScalarValue::UInt64(None)
    }
}

/// Arguments and type of a function that only windows have.
fn ranking(name: &str, call: &ast::Call, context: &Context<'_>) -> Result<(WindowOf, Type)> {
    let Some(name) = RANKING.into_iter().find(|known| *known == name) else {
        bail!(Internal, "{name}")
    };
    let mut args = call
        .args
        .iter()
        .map(|arg| context.bind(arg))
        .collect::<Result<Vec<_>>>()?;
    let most = match name {
        "ntile" | "first_value" | "last_value" => 1,
        "nth_value" => 2,
        "lag" | "lead" => 3,
        _ => 0,
    };
    let least = if matches!(name, "lag" | "lead") { 1 } else { most };
    if !(least..=most).contains(&args.len()) {
        let types: Vec<_> = args.iter().map(|arg| arg.ty.to_string()).collect();
        bail!(
            FunctionNotFound,
            "Unexpected parameters ({}) for function {name}",
            types.join(", ")
        );
    }
    let whole = if name == "ntile" {
        Some(0)
    } else if args.len() > 1 {
        Some(1)
    } else {
        None
    };
    if let Some(place) = whole {
        args[place] = context.binder.coerce(args[place].clone(), &Type::BigInt)?;
        match args[place].node {
            Node::Literal(Value::Int(value)) if value >= i64::from(!matches!(name, "lag" | "lead")) => {}
            Node::Literal(Value::Int(_)) if matches!(name, "lag" | "lead") => {
                bail!(InvalidFunctionArgument, "Offset must be at least 0")
            }
            Node::Literal(Value::Int(_)) if name == "ntile" => {
                bail!(InvalidFunctionArgument, "Buckets must be greater than 0")
            }
            Node::Literal(_) => bail!(InvalidFunctionArgument, "Offset must be at least 1"),
            _ => bail!(NotSupported, "{name} with an argument that is not a constant"),
        }
    }
    if args.len() == 3 {
        args[2] = context.binder.coerce(args[2].clone(), &args[0].ty.clone())?;
        if !matches!(args[2].node, Node::Literal(_)) {
            bail!(NotSupported, "{name} with a default that is not a constant");
        }
    }
    let ty = match name {
        "percent_rank" | "cume_dist" => Type::Double,
        "row_number" | "rank" | "dense_rank" | "ntile" => Type::BigInt,
        _ => args[0].ty.clone(),
    };
    Ok((WindowOf::Ranking(name, args), ty))
}
