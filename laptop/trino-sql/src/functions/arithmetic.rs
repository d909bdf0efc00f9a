//! Operators of numbers. Those of dates and intervals are with their types.

use crate::error::{Result, bail, err};
use crate::number::{divide_rounded, fits, power_of_ten};
use crate::registry::{Call, Kernel, Scalar, each1, each2, function, values};
use crate::types::Type;
use crate::value::Value;

const ADD: &str =
    "(decimal(p, s), decimal(q, t)) decimal(min(38, max(p - s, q - t) + max(s, t) + 1), max(s, t))";
const MULTIPLY: &str = "(decimal(p, s), decimal(q, t)) decimal(min(38, p + q), s + t)";
const DIVIDE: &str = "(decimal(p, s), decimal(q, t)) decimal(min(38, p + t + max(t - s, 0)), max(s, t))";
const MODULUS: &str = "(decimal(p, s), decimal(q, t)) decimal(min(p - s, q - t) + max(s, t), max(s, t))";

pub(crate) fn scalars() -> Vec<Scalar> {
    let mut rows = Vec::new();
    macro_rules! integers {
        ($($native:ty, $name:literal, $unary:literal, $binary:literal;)*) => {$(
            rows.extend([
                function("$add", &[$binary], each2::<$native, $native, $native>(|a, b| {
                    a.checked_add(b).ok_or_else(|| overflow($name, "addition", a, '+', b))
                })),
                function("$subtract", &[$binary], each2::<$native, $native, $native>(|a, b| {
                    a.checked_sub(b).ok_or_else(|| overflow($name, "subtraction", a, '-', b))
                })),
                function("$multiply", &[$binary], each2::<$native, $native, $native>(|a, b| {
                    a.checked_mul(b).ok_or_else(|| overflow($name, "multiplication", a, '*', b))
                })),
                function("$divide", &[$binary], each2::<$native, $native, $native>(|a, b| {
                    if b == 0 { return Err(division_by_zero()); }
                    a.checked_div(b).ok_or_else(|| overflow($name, "division", a, '/', b))
                })),
                function("$modulus", &[$binary], each2::<$native, $native, $native>(|a, b| {
                    if b == 0 { return Err(division_by_zero()); }
                    Ok(a.wrapping_rem(b))
                })),
                function("$negate", &[$unary], each1::<$native, $native>(|a| {
                    a.checked_neg().ok_or_else(|| err!(NumericValueOutOfRange, "{} negation overflow: {a}", $name))
                })),
            ]);
        )*};
    }
    integers! {
        i8, "tinyint", "(tinyint) tinyint", "(tinyint, tinyint) tinyint";
        i16, "smallint", "(smallint) smallint", "(smallint, smallint) smallint";
        i32, "integer", "(integer) integer", "(integer, integer) integer";
        i64, "bigint", "(bigint) bigint", "(bigint, bigint) bigint";
    }
    macro_rules! floats {
        ($($native:ty, $unary:literal, $binary:literal;)*) => {$(
            rows.extend([
                function("$add", &[$binary], each2::<$native, $native, $native>(|a, b| Ok(a + b))),
                function("$subtract", &[$binary], each2::<$native, $native, $native>(|a, b| Ok(a - b))),
                function("$multiply", &[$binary], each2::<$native, $native, $native>(|a, b| Ok(a * b))),
                function("$divide", &[$binary], each2::<$native, $native, $native>(|a, b| Ok(a / b))),
                function("$modulus", &[$binary], each2::<$native, $native, $native>(|a, b| Ok(a % b))),
                function("$negate", &[$unary], each1::<$native, $native>(|a| Ok(-a))),
            ]);
        )*};
    }
    floats! {
        f32, "(real) real", "(real, real) real";
        f64, "(double) double", "(double, double) double";
    }
    rows.extend([
        function("$add", &[ADD], decimals(i128::checked_add, true)),
        function("$subtract", &[ADD], decimals(i128::checked_sub, true)),
        function("$multiply", &[MULTIPLY], decimals(i128::checked_mul, false)),
        function("$divide", &[DIVIDE], values(divide)),
        function("$modulus", &[MODULUS], values(modulus)),
        function(
            "$negate",
            &["(decimal(p, s)) decimal(p, s)"],
            values(|_, args| Ok(Value::Decimal(-decimal(&args[0])))),
        ),
    ]);
    rows
}

fn overflow(name: &str, what: &str, a: impl ToString, op: char, b: impl ToString) -> crate::error::Error {
    err!(
        NumericValueOutOfRange,
        "{name} {what} overflow: {} {op} {}",
        a.to_string(),
        b.to_string()
    )
}

fn division_by_zero() -> crate::error::Error {
    err!(DivisionByZero, "Division by zero")
}

pub(crate) fn decimal(value: &Value) -> i128 {
    if let Value::Decimal(unscaled) = value {
        *unscaled
    } else {
        0
    }
}

pub(crate) fn scale(ty: &Type) -> u32 {
    if let Type::Decimal(_, scale) = ty {
        u32::from(*scale)
    } else {
        0
    }
}

/// A decimal result, if it fits.
pub(crate) fn checked(unscaled: Option<i128>) -> Result<Value> {
    match unscaled.filter(|unscaled| fits(*unscaled, 38)) {
        Some(unscaled) => Ok(Value::Decimal(unscaled)),
        None => bail!(NumericValueOutOfRange, "Decimal overflow"),
    }
}

fn decimals(op: fn(i128, i128) -> Option<i128>, align: bool) -> Kernel {
    values(move |call, args| {
        let side = |i: usize| {
            let up = if align {
                scale(call.result) - scale(&call.args[i])
            } else {
                0
            };
            decimal(&args[i]).checked_mul(power_of_ten(up))
        };
        checked(side(0).zip(side(1)).and_then(|(a, b)| op(a, b)))
    })
}

fn divide(call: &Call<'_>, args: &[Value]) -> Result<Value> {
    let (dividend, divisor) = (decimal(&args[0]), decimal(&args[1]));
    if divisor == 0 {
        return Err(division_by_zero());
    }
    let up = scale(call.result) + scale(&call.args[1]) - scale(&call.args[0]);
    checked(
        dividend
            .checked_mul(power_of_ten(up))
            .map(|dividend| divide_rounded(dividend, divisor)),
    )
}

pub(crate) fn modulus(call: &Call<'_>, args: &[Value]) -> Result<Value> {
    let side =
        |i: usize| decimal(&args[i]).checked_mul(power_of_ten(scale(call.result) - scale(&call.args[i])));
    match (side(0), side(1)) {
        (_, Some(0)) => Err(division_by_zero()),
        (Some(a), Some(b)) => Ok(Value::Decimal(a % b)),
        _ => checked(None),
    }
}
