//! Comparisons of a value that was cast to a wider type with a constant, as comparisons of the value itself: what a table
//! can filter by, and Arrow can compare. Trino's optimizer does the same (`UnwrapCastInComparison`).

use crate::ast::Comparison;
use crate::cast::cast;
use crate::coerce::as_decimal;
use crate::compare;
use crate::typed::{Node, Typed};
use crate::types::Type;
use crate::value::Value;

/// `CAST(a AS wide) op constant`, in either order, as `a op constant`; `None` if it is no such comparison, or the constant
/// is no value of the narrower type.
pub(super) fn comparison(op: Comparison, a: &Typed, b: &Typed) -> Option<(Comparison, Typed, Typed)> {
    let (op, wide, constant) = match (&a.node, &b.node) {
        (_, Node::Literal(value)) => (op, a, value),
        (Node::Literal(value), _) => (swapped(op), b, value),
        _ => return None,
    };
    let narrow = widened(wide)?;
    let value = narrowed(constant, &wide.ty, &narrow.ty)?;
    Some((op, narrow.clone(), Typed::literal(value, narrow.ty.clone())))
}

/// `CAST(a AS wide) IN (constants)` as `a IN (…)`; `None` as for a comparison.
pub(super) fn membership(wide: &Typed, constants: &[Value]) -> Option<(Typed, Vec<Value>)> {
    let narrow = widened(wide)?;
    let values = constants.iter().map(|value| match value {
        Value::Null => Some(Value::Null),
        value => narrowed(value, &wide.ty, &narrow.ty),
    });
    Some((narrow.clone(), values.collect::<Option<_>>()?))
}

/// The value below a cast that keeps values apart, and their order.
fn widened(wide: &Typed) -> Option<&Typed> {
    let Node::Call(applied, args) = &wide.node else {
        return None;
    };
    let [narrow] = args.as_slice() else { return None };
    (applied.name == "cast" && keeps_order(&narrow.ty, &wide.ty)).then_some(narrow)
}

fn keeps_order(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::TinyInt | Type::SmallInt | Type::Integer, Type::Double)
        | (Type::TinyInt | Type::SmallInt, Type::Real)
        | (Type::Real, Type::Double)
        | (Type::Date, Type::Timestamp(_)) => true,
        (Type::Timestamp(p), Type::Timestamp(q)) => p <= q,
        (from, Type::Decimal(precision, scale)) => {
            as_decimal(from).is_some_and(|(p, s)| s <= *scale && p - s <= precision - scale)
        }
        (from, Type::SmallInt | Type::Integer | Type::BigInt) => {
            let digits = |ty| {
                as_decimal(ty)
                    .filter(|(_, scale)| *scale == 0)
                    .map(|(digits, _)| digits)
            };
            !matches!(from, Type::Decimal(..)) && digits(from) < digits(to) && digits(from).is_some()
        }
        _ => false,
    }
}

/// The constant as a value of the narrower type, if it is one.
fn narrowed(constant: &Value, wide: &Type, narrow: &Type) -> Option<Value> {
    if constant.is_null() {
        return None;
    }
    let value = cast(constant, wide, narrow).ok()?;
    let back = cast(&value, narrow, wide).ok()?;
    compare::same(&back, constant).then_some(value)
}

fn swapped(op: Comparison) -> Comparison {
    match op {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        Comparison::Equal | Comparison::NotEqual => op,
    }
}
