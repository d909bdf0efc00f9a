//! Mathematical functions.

use crate::error::{Result, bail, err};
use crate::functions::arithmetic::{decimal, scale};
use crate::functions::read::{double, items};
use crate::number::{divide_rounded, fits, power_of_ten};
use crate::registry::{Call, Scalar, each1, each2, each4, function, values};
use crate::types::Type;
use crate::value::Value;

/// A decimal of whole numbers that holds what ceil and floor give.
const WHOLE: &str = "(decimal(p, s)) decimal(p - s + min(s, 1), 0)";

pub(crate) fn scalars() -> Vec<Scalar> {
    let mut rows = Vec::new();
    macro_rules! integers {
        ($($native:ty, $name:literal, $one:literal, $two:literal, $with_digits:literal;)*) => {$(
            rows.extend([
                function("abs", &[$one], each1::<$native, $native>(|a| {
                    a.checked_abs().ok_or_else(|| err!(NumericValueOutOfRange, "Value {a} is out of range for abs({})", $name))
                })),
                function("sign", &[$one], each1::<$native, $native>(|a| Ok(a.signum()))),
                function("ceil", &[$one], each1::<$native, $native>(Ok)),
                function("ceiling", &[$one], each1::<$native, $native>(Ok)),
                function("floor", &[$one], each1::<$native, $native>(Ok)),
                function("round", &[$one], each1::<$native, $native>(Ok)),
                function("round", &[$with_digits], each2::<$native, i32, $native>(|a, digits| {
                    round_integer(i128::from(a), digits).and_then(|rounded| {
                        rounded.try_into().map_err(|_| err!(NumericValueOutOfRange, "Out of range for {}: {rounded}", $name))
                    })
                })),
                function("mod", &[$two], each2::<$native, $native, $native>(|a, b| {
                    if b == 0 {
                        bail!(DivisionByZero, "Division by zero");
                    }
                    Ok(a.wrapping_rem(b))
                })),
            ]);
        )*};
    }
    integers! {
        i8, "tinyint", "(tinyint) tinyint", "(tinyint, tinyint) tinyint", "(tinyint, integer) tinyint";
        i16, "smallint", "(smallint) smallint", "(smallint, smallint) smallint", "(smallint, integer) smallint";
        i32, "integer", "(integer) integer", "(integer, integer) integer", "(integer, integer) integer";
        i64, "bigint", "(bigint) bigint", "(bigint, bigint) bigint", "(bigint, integer) bigint";
    }
    macro_rules! floats {
        ($($native:ty, $one:literal, $two:literal, $with_digits:literal;)*) => {$(
            rows.extend([
                function("abs", &[$one], each1::<$native, $native>(|a| Ok(a.abs()))),
                function("sign", &[$one], each1::<$native, $native>(|a| {
                    Ok(if a == 0.0 || a.is_nan() { a } else { a.signum() })
                })),
                function("ceil", &[$one], each1::<$native, $native>(|a| Ok(a.ceil()))),
                function("ceiling", &[$one], each1::<$native, $native>(|a| Ok(a.ceil()))),
                function("floor", &[$one], each1::<$native, $native>(|a| Ok(a.floor()))),
                function("truncate", &[$one], each1::<$native, $native>(|a| Ok(a.trunc()))),
                function("mod", &[$two], each2::<$native, $native, $native>(|a, b| Ok(a % b))),
            ]);
        )*};
    }
    floats! {
        f32, "(real) real", "(real, real) real", "(real, integer) real";
        f64, "(double) double", "(double, double) double", "(double, integer) double";
    }
    macro_rules! doubles {
        ($($name:literal $f:expr;)*) => {
            rows.extend([$(function($name, &["(double) double"], each1::<f64, f64>(|a| Ok($f(a))))),*]);
        };
    }
    doubles! {
        "sqrt" f64::sqrt;
        "cbrt" f64::cbrt;
        "exp" f64::exp;
        "ln" f64::ln;
        "log2" (|a: f64| a.ln() / std::f64::consts::LN_2);
        "log10" f64::log10;
        "sin" f64::sin;
        "cos" f64::cos;
        "tan" f64::tan;
        "asin" f64::asin;
        "acos" f64::acos;
        "atan" f64::atan;
        "sinh" f64::sinh;
        "cosh" f64::cosh;
        "tanh" f64::tanh;
        "degrees" (|a: f64| a * (180.0 / std::f64::consts::PI));
        "radians" (|a: f64| a / 180.0 * std::f64::consts::PI);
    }
    for name in ["pow", "power"] {
        rows.push(function(
            name,
            &["(double, double) double"],
            each2::<f64, f64, f64>(|a, b| Ok(power(a, b))),
        ));
    }
    rows.extend([
        function("round", &["(double) double"], each1::<f64, f64>(|a| Ok(round(a)))),
        function(
            "round",
            &["(real) real"],
            each1::<f32, f32>(|a| Ok(round(f64::from(a)) as f32)),
        ),
        function(
            "round",
            &["(double, integer) double"],
            each2::<f64, i32, f64>(round_to),
        ),
        function(
            "round",
            &["(real, integer) real"],
            each2::<f32, i32, f32>(|a, digits| round_to(f64::from(a), digits).map(|rounded| rounded as f32)),
        ),
        function(
            "abs",
            &["(decimal(p, s)) decimal(p, s)"],
            values(|_, args| Ok(Value::Decimal(decimal(&args[0]).abs()))),
        ),
        function(
            "sign",
            &["(decimal(p, s)) decimal(1, 0)"],
            values(|_, args| Ok(Value::Decimal(decimal(&args[0]).signum()))),
        ),
        function(
            "ceil",
            &[WHOLE],
            values(|call, args| Ok(Value::Decimal(-(-decimal(&args[0])).div_euclid(unit(call))))),
        ),
        function(
            "ceiling",
            &[WHOLE],
            values(|call, args| Ok(Value::Decimal(-(-decimal(&args[0])).div_euclid(unit(call))))),
        ),
        function(
            "floor",
            &[WHOLE],
            values(|call, args| Ok(Value::Decimal(decimal(&args[0]).div_euclid(unit(call))))),
        ),
        function(
            "round",
            &[WHOLE],
            values(|call, args| Ok(Value::Decimal(divide_rounded(decimal(&args[0]), unit(call))))),
        ),
        function(
            "round",
            &["(decimal(p, s), integer) decimal(min(38, p + 1), s)"],
            values(|call, args| {
                let step = step(call, &args[1]);
                checked(
                    call,
                    step.map_or(Some(0), |step| {
                        divide_rounded(decimal(&args[0]), step).checked_mul(step)
                    }),
                )
            }),
        ),
        function(
            "truncate",
            &["(decimal(p, s)) decimal(max(p - s, 1), 0)"],
            values(|call, args| Ok(Value::Decimal(decimal(&args[0]) / unit(call)))),
        ),
        function(
            "truncate",
            &["(decimal(p, s), integer) decimal(p, s)"],
            values(|call, args| {
                let value = decimal(&args[0]);
                Ok(Value::Decimal(
                    step(call, &args[1]).map_or(0, |step| value - value % step),
                ))
            }),
        ),
        function(
            "mod",
            &["(decimal(p, s), decimal(q, t)) decimal(min(p - s, q - t) + max(s, t), max(s, t))"],
            values(super::arithmetic::modulus),
        ),
        function(
            "log",
            &["(double, double) double"],
            each2::<f64, f64, f64>(|base, a| Ok(a.ln() / base.ln())),
        ),
        function(
            "atan2",
            &["(double, double) double"],
            each2::<f64, f64, f64>(|a, b| Ok(a.atan2(b))),
        ),
        function(
            "pi",
            &["() double"],
            values(|_, _| Ok(Value::Double(std::f64::consts::PI))),
        ),
        function(
            "e",
            &["() double"],
            values(|_, _| Ok(Value::Double(std::f64::consts::E))),
        ),
        function("nan", &["() double"], values(|_, _| Ok(Value::Double(f64::NAN)))),
        function(
            "infinity",
            &["() double"],
            values(|_, _| Ok(Value::Double(f64::INFINITY))),
        ),
        function(
            "is_nan",
            &["(double) boolean"],
            each1::<f64, bool>(|a| Ok(a.is_nan())),
        ),
        function(
            "is_nan",
            &["(real) boolean"],
            each1::<f32, bool>(|a| Ok(a.is_nan())),
        ),
        function(
            "is_finite",
            &["(double) boolean"],
            each1::<f64, bool>(|a| Ok(a.is_finite())),
        ),
        function(
            "is_infinite",
            &["(double) boolean"],
            each1::<f64, bool>(|a| Ok(a.is_infinite())),
        ),
        function(
            "to_base",
            &["(bigint, bigint) varchar(64)"],
            each2::<i64, i64, String>(|value, radix| Ok(to_base(value, checked_radix(radix)?))),
        ),
        function(
            "from_base",
            &["(varchar(x), bigint) bigint"],
            each2::<str, i64, i64>(|text, radix| {
                i64::from_str_radix(text, checked_radix(radix)?)
                    .map_err(|_| err!(InvalidFunctionArgument, "Not a valid base-{radix} number: {text}"))
            }),
        ),
        function(
            "width_bucket",
            &["(double, double, double, bigint) bigint"],
            each4::<f64, f64, f64, i64, i64>(bucket),
        ),
        function(
            "width_bucket",
            &["(double, array(double)) bigint"],
            values(|_, args| {
                let operand = double(&args[0]);
                let bins: Vec<f64> = items(&args[1]).iter().map(double).collect();
                if bins.is_empty() {
                    bail!(InvalidFunctionArgument, "Bins cannot be an empty array");
                }
                if operand.is_nan() {
                    bail!(InvalidFunctionArgument, "Operand cannot be NaN");
                }
                if !bins.iter().all(|bin| bin.is_finite()) {
                    bail!(InvalidFunctionArgument, "Bin values must be finite");
                }
                if bins.windows(2).any(|pair| pair[0] >= pair[1]) {
                    bail!(
                        InvalidFunctionArgument,
                        "Bin values are not sorted in ascending order"
                    );
                }
                Ok(Value::Int(
                    bins.iter().filter(|bin| **bin <= operand).count() as i64
                ))
            }),
        ),
        function(
            "cosine_similarity",
            &["(map(varchar, double), map(varchar, double)) double"],
            values(|_, args| {
                let of = |i: usize| super::read::entries(&args[i]);
                if of(0).iter().chain(of(1)).any(|(_, value)| value.is_null()) {
                    return Ok(Value::Null);
                }
                let norm = |i: usize| of(i).iter().map(|(_, v)| double(v).powi(2)).sum::<f64>().sqrt();
                let product: f64 = of(0)
                    .iter()
                    .filter_map(|(key, value)| {
                        let other = of(1).iter().find(|(other, _)| other == key)?;
                        Some(double(value) * double(&other.1))
                    })
                    .sum();
                Ok(Value::Double(product / (norm(0) * norm(1))))
            }),
        ),
    ]);
    rows.extend(["greatest", "least"].map(|name| {
        function(
            name,
            &["(E:orderable, E...) E"],
            values(move |call, args| {
                let mut best = &args[0];
                for arg in args {
                    if [best, arg].iter().any(|value| double_or_zero(value).is_nan()) {
                        bail!(NotSupported, "{name} of NaN");
                    }
                    let order = crate::compare::order(call.result, arg, best)?;
                    if if name == "least" {
                        order.is_lt()
                    } else {
                        order.is_gt()
                    } {
                        best = arg;
                    }
                }
                Ok(best.clone())
            }),
        )
    }));
    for name in ["random", "rand"] {
        rows.extend([
            function(
                name,
                &["() double"],
                each_random(|| Ok(Value::Double(fraction()))),
            ),
            function(
                name,
                &["(bigint) bigint", "(integer) integer"],
                values(|_, args| {
                    let most = super::read::int(&args[0]);
                    if most <= 0 {
                        bail!(InvalidFunctionArgument, "bound must be positive");
                    }
                    Ok(Value::Int((random_bits() % most as u64) as i64))
                }),
            ),
            function(
                name,
                &["(bigint, bigint) bigint", "(integer, integer) integer"],
                values(|_, args| {
                    let (start, stop) = (super::read::int(&args[0]), super::read::int(&args[1]));
                    if start >= stop {
                        bail!(
                            InvalidFunctionArgument,
                            "start value must be less than stop value"
                        );
                    }
                    Ok(Value::Int(start.wrapping_add(
                        (random_bits() % stop.wrapping_sub(start) as u64) as i64,
                    )))
                }),
            ),
        ]);
    }
    rows
}

fn each_random(f: fn() -> Result<Value>) -> crate::registry::Kernel {
    values(move |_, _| f())
}

/// Bits of the hasher that each map is seeded with anew.
fn random_bits() -> u64 {
    std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0)
}

fn fraction() -> f64 {
    (random_bits() >> 11) as f64 / (1_u64 << 53) as f64
}

fn double_or_zero(value: &Value) -> f64 {
    match value {
        Value::Double(double) => *double,
        Value::Real(real) => f64::from(*real),
        _ => 0.0,
    }
}

/// Java's power: NaN for one to an infinite exponent.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || base.abs() == 1.0 && exponent.is_infinite() {
        return f64::NAN;
    }
    base.powf(exponent)
}

/// Halves away from zero.
fn round(value: f64) -> f64 {
    if value.is_finite() { value.round() } else { value }
}

fn round_to(value: f64, digits: i32) -> Result<f64> {
    if !value.is_finite() {
        return Ok(value);
    }
    // By the digits that the double shows, and by the power of ten. They differ where a double cannot hold the half
    // that it shows, as 1.005; what Trino gives there depends on its version.
    let magnitude = value.abs();
    let power = 10_f64.powf(f64::from(digits.abs()));
    let (shown, by_power) = match usize::try_from(digits) {
        Ok(digits) => {
            let shown = super::format::fixed(magnitude, digits)?
                .parse()
                .unwrap_or(f64::NAN);
            (shown, (magnitude * power).round() / power)
        }
        Err(_) => (
            (magnitude / power).round() * power,
            (magnitude * (1.0 / power)).round() / (1.0 / power),
        ),
    };
    if shown != by_power || magnitude * power >= i64::MAX as f64 && digits > 0 {
        bail!(NotSupported, "round({value}, {digits}): versions of Trino differ");
    }
    Ok(shown.copysign(value))
}

fn round_integer(value: i128, digits: i32) -> Result<i128> {
    if digits >= 0 {
        return Ok(value);
    }
    // No integer has more than 19 digits.
    if digits < -19 {
        return Ok(0);
    }
    let step = power_of_ten(digits.unsigned_abs());
    Ok(divide_rounded(value, step) * step)
}

/// Unscaled value of one in the argument's scale.
fn unit(call: &Call<'_>) -> i128 {
    power_of_ten(scale(&call.args[0]))
}

/// Unscaled value of the last digit that is kept; None if none is.
fn step(call: &Call<'_>, digits: &Value) -> Option<i128> {
    let dropped = i64::from(scale(&call.args[0])) - super::read::int(digits);
    match dropped {
        ..=0 => Some(1),
        1..=38 => Some(power_of_ten(dropped as u32)),
        _ => None,
    }
}

fn checked(call: &Call<'_>, value: Option<i128>) -> Result<Value> {
    let Type::Decimal(precision, _) = call.result else {
        bail!(Internal, "{} is not a decimal", call.result)
    };
    match value.filter(|value| fits(*value, *precision)) {
        Some(value) => Ok(Value::Decimal(value)),
        None => bail!(NumericValueOutOfRange, "decimal overflow"),
    }
}

fn checked_radix(radix: i64) -> Result<u32> {
    if !(2..=36).contains(&radix) {
        bail!(InvalidFunctionArgument, "Radix must be between 2 and 36");
    }
    Ok(radix as u32)
}

fn to_base(value: i64, radix: u32) -> String {
    let (mut rest, mut digits) = (value.unsigned_abs(), Vec::new());
    loop {
        digits.extend(char::from_digit((rest % u64::from(radix)) as u32, radix));
        rest /= u64::from(radix);
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

/// Number of the part of a range, divided into equal ones, in which a value lies; the range may run down.
fn bucket(operand: f64, low: f64, high: f64, count: i64) -> Result<i64> {
    if count <= 0 {
        bail!(InvalidFunctionArgument, "bucketCount must be greater than 0");
    }
    if operand.is_nan() {
        bail!(InvalidFunctionArgument, "operand must not be NaN");
    }
    if !low.is_finite() || !high.is_finite() {
        bail!(InvalidFunctionArgument, "bounds must be finite");
    }
    if low == high {
        bail!(InvalidFunctionArgument, "bounds cannot equal each other");
    }
    let (lower, upper) = (low.min(high), low.max(high));
    let mut found = if operand < lower {
        0
    } else if operand >= upper {
        count.checked_add(1).ok_or_else(|| {
            err!(
                NumericValueOutOfRange,
                "Bucket for value {operand} is out of range"
            )
        })?
    } else {
        (count as f64 * (operand - lower) / (upper - lower) + 1.0) as i64
    };
    if low > high {
        found = count - found + 1;
    }
    Ok(found)
}
