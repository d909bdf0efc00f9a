//! Typed expressions as DataFusion's: columns, literals, native comparisons, and the crate's functions.

mod expr;
mod filter;
mod function;
mod lazy;
mod unwrap;

use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::Column;
use datafusion::logical_expr::expr::{Exists, InList, InSubquery};
use datafusion::logical_expr::{Case, Expr, LogicalPlan, Operator, Subquery};

use self::expr::{binary, operator};
use self::function::Meaning;
use self::lazy::{Connective, lazy};
use crate::ast::Comparison;
use crate::compare;
use crate::error::{Result, err};
use crate::registry::{self, Call, Kernel};
use crate::typed::{Applied, Node, Typed};
use crate::types::Type;
use crate::value::Value;

pub(crate) use self::expr::{column, literal};
pub use self::filter::native_filter;

/// The expression as DataFusion evaluates it.
pub(crate) fn lower(typed: &Typed) -> Result<Expr> {
    Ok(match &typed.node {
        Node::Column(name) => column(name),
        Node::Outer(name) => {
            let field = Arc::new(Field::new(name.as_ref(), typed.ty.arrow(), true));
            Expr::OuterReferenceColumn(field, Column::from_name(name.as_ref()))
        }
        Node::Literal(value) => literal(value, &typed.ty)?,
        Node::Call(applied, args) => call(applied, args)?,
        Node::Lambda { .. } => return Err(err!(Internal, "a lambda outside of a call")),
        Node::Compare(op, a, b) => {
            if let Some((op, column, value)) = unwrap::comparison(*op, a, b) {
                return compared(op, &column, &value);
            }
            compared(*op, a, b)?
        }
        Node::Distinct(a, b) if a.ty.is_native() => binary(lower(a)?, Operator::IsDistinctFrom, lower(b)?),
        Node::Distinct(a, b) => {
            let kernel =
                registry::values_or_null(|_, args| Ok(Value::Boolean(!compare::same(&args[0], &args[1]))));
            own("distinct".to_owned(), kernel, &[a, b], Meaning::Opaque)?
        }
        Node::OneOf(inner, values) => match unwrap::membership(inner, values) {
            Some((column, values)) => one_of(&column, &values)?,
            None => one_of(inner, values)?,
        },
        Node::And(items) => connective(items, Connective::And)?,
        Node::Or(items) => connective(items, Connective::Or)?,
        Node::Not(inner) => Expr::Not(Box::new(lower(inner)?)),
        Node::IsNull(inner) => Expr::IsNull(Box::new(lower(inner)?)),
        Node::Case(branches, otherwise) => {
            // DataFusion turns a CASE of booleans into AND and OR, which would evaluate what must not be.
            if typed.ty == Type::Boolean && !typed.is_total() {
                let mut parts: Vec<_> = branches.iter().flat_map(|(when, then)| [when, then]).collect();
                parts.extend(otherwise.as_deref());
                return lazy(Connective::Case, &parts, &typed.ty, lower);
            }
            let branches = branches
                .iter()
                .map(|(when, then)| Ok((Box::new(lower(when)?), Box::new(lower(then)?))))
                .collect::<Result<_>>()?;
            let otherwise = match otherwise {
                Some(otherwise) => lower(otherwise)?,
                None => literal(&Value::Null, &typed.ty)?,
            };
            Expr::Case(Case::new(None, branches, Some(Box::new(otherwise))))
        }
        Node::Try(inner) if inner.is_total() => lower(inner)?,
        Node::Try(inner) => lazy(Connective::Try, &[inner], &typed.ty, lower)?,
        Node::Exists(plan) => Expr::Exists(Exists::new(subquery(plan), false)),
        Node::In(inner, plan) => {
            Expr::InSubquery(InSubquery::new(Box::new(lower(inner)?), subquery(plan), false))
        }
        Node::Scalar(plan) => Expr::ScalarSubquery(subquery(plan)),
    })
}

fn subquery(plan: &Arc<LogicalPlan>) -> Subquery {
    Subquery {
        outer_ref_columns: plan.all_out_ref_exprs(),
        subquery: Arc::clone(plan),
        spans: datafusion::common::Spans::new(),
    }
}

/// `a op b` of two values of one type.
fn compared(op: Comparison, a: &Typed, b: &Typed) -> Result<Expr> {
    if a.ty.is_native() {
        return Ok(binary(lower(a)?, operator(op), lower(b)?));
    }
    let ty = a.ty.clone();
    let kernel = registry::values(move |_, args| {
        Ok(compare::compare(op, &ty, &args[0], &args[1])?.map_or(Value::Null, Value::Boolean))
    });
    own(format!("{op:?}"), kernel, &[a, b], Meaning::Comparison(op))
}

fn one_of(inner: &Typed, values: &[Value]) -> Result<Expr> {
    let ty = inner.ty.clone();
    let literals = values.iter().map(|value| literal(value, &ty));
    let literals = literals.collect::<Result<Vec<_>>>()?;
    if ty.is_native() {
        return Ok(Expr::InList(InList::new(
            Box::new(lower(inner)?),
            literals,
            false,
        )));
    }
    let constants = values.to_vec();
    let has_null = constants.iter().any(Value::is_null);
    let kernel = registry::values(move |_, args| {
        let mut constants = constants.iter();
        let found = constants.any(|constant| compare::equal(&args[0], constant) == Some(true));
        Ok(if found || !has_null {
            Value::Boolean(found)
        } else {
            Value::Null
        })
    });
    let texts: Vec<_> = literals.iter().map(ToString::to_string).collect();
    let name = format!("in({})", texts.join(", "));
    own(name, kernel, &[inner], Meaning::OneOf(literals))
}

fn own(name: String, kernel: Kernel, args: &[&Typed], meaning: Meaning) -> Result<Expr> {
    let applied = Applied {
        name,
        kernel,
        args: args.iter().map(|arg| arg.ty.clone()).collect(),
        result: Type::Boolean,
        volatile: false,
        total: true,
    };
    let args: Vec<_> = args.iter().map(|arg| (*arg).clone()).collect();
    function::call(&Arc::new(applied), &args, meaning, lower)
}

/// AND or OR. DataFusion evaluates both sides for all rows, and Trino the right one only where the left one leaves the
/// answer open: where the right one may fail, the connective is evaluated by this crate. Terms that cannot fail stand
/// beside it once more for the sake of what a table can filter by itself.
fn connective(items: &[Typed], kind: Connective) -> Result<Expr> {
    let op = if kind == Connective::And {
        Operator::And
    } else {
        Operator::Or
    };
    if items.iter().skip(1).all(Typed::is_total) {
        return balanced(items.iter().map(lower).collect::<Result<_>>()?, op);
    }
    // A condition on columns of the query around becomes one of a join, if it stands by itself.
    let is_joined = |item: &&Typed| kind == Connective::And && item.is_total() && item.has_outer();
    let parts: Vec<_> = items.iter().filter(|item| !is_joined(item)).collect();
    let whole = lazy(kind, &parts, &Type::Boolean, lower)?;
    if kind == Connective::Or {
        return Ok(whole);
    }
    let mut terms = items
        .iter()
        .filter(|item| item.is_total())
        .map(lower)
        .collect::<Result<Vec<_>>>()?;
    terms.push(whole);
    balanced(terms, op)
}

/// A tree as deep as the logarithm of the number of terms.
fn balanced(mut terms: Vec<Expr>, op: Operator) -> Result<Expr> {
    while terms.len() > 1 {
        let mut pairs = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => binary(left, op, right),
                None => left,
            });
        }
        terms = pairs;
    }
    terms
        .pop()
        .ok_or_else(|| err!(Internal, "a connective without terms"))
}

/// Calls nested in first arguments deeper than this become one function, whose steps run one after the other: DataFusion
/// recurses into arguments.
const DEEPEST_CHAIN: usize = 32;

/// A call of a chain, with all of its arguments.
type Link<'t> = (&'t Arc<Applied>, &'t [Typed]);

/// The calls of a chain `f(g(h(a, b), c), d)`, the innermost first, and its first argument.
fn chain<'t>(applied: &'t Arc<Applied>, args: &'t [Typed]) -> (Vec<Link<'t>>, Option<&'t Typed>) {
    let (mut links, mut first) = (vec![(applied, args)], args.first());
    while let Some(Typed {
        node: Node::Call(applied, args),
        ..
    }) = first
        && !applied.volatile
        && !args.iter().any(|arg| matches!(arg.node, Node::Lambda { .. }))
    {
        links.push((applied, args));
        first = args.first();
    }
    links.reverse();
    (links, first)
}

/// A chain as one function of all its arguments.
fn flattened(links: &[Link<'_>], first: &Typed) -> Result<Expr> {
    let mut args = vec![first.clone()];
    let mut steps = Vec::with_capacity(links.len());
    for (applied, operands) in links {
        let start = args.len();
        args.extend(operands[1..].iter().cloned());
        steps.push((Arc::clone(applied), start..args.len()));
    }
    let last = Arc::clone(links[links.len() - 1].0);
    let names: Vec<_> = links
        .iter()
        .map(|(applied, args)| format!("{}/{}", applied.name, args.len()))
        .collect();
    let chained = Applied {
        name: names.join(","),
        args: args.iter().map(|arg| arg.ty.clone()).collect(),
        result: last.result.clone(),
        volatile: false,
        total: links.iter().all(|(applied, _)| applied.total),
        kernel: Arc::new(move |call, columns| {
            let mut value = Arc::clone(&columns[0]);
            for (applied, operands) in &steps {
                let mut own = vec![value];
                own.extend(columns[operands.clone()].iter().cloned());
                let step = Call {
                    args: &applied.args,
                    result: &applied.result,
                    rows: call.rows,
                    lambdas: &[],
                };
                value = (applied.kernel)(&step, &own)?;
            }
            Ok(value)
        }),
    };
    function::call(&Arc::new(chained), &args, Meaning::Opaque, lower)
}

fn call(applied: &Arc<Applied>, args: &[Typed]) -> Result<Expr> {
    let (links, first) = chain(applied, args);
    if links.len() > DEEPEST_CHAIN
        && let Some(first) = first
    {
        return flattened(&links, first);
    }
    function::call(applied, args, Meaning::Opaque, lower)
}
