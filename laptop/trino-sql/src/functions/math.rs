//! Mathematical functions.

use crate::error::err;
use crate::registry::{Scalar, each1, each2, function, values};
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    macro_rules! abs {
        ($($native:ty, $name:literal, $signature:literal;)*) => {
            vec![$(function("abs", &[$signature], each1::<$native, $native>(|a| {
                a.checked_abs().ok_or_else(|| err!(NumericValueOutOfRange, "Value {a} is out of range for abs({})", $name))
            }))),*]
        };
    }
    let mut rows = abs! {
        i8, "tinyint", "(tinyint) tinyint";
        i16, "smallint", "(smallint) smallint";
        i32, "integer", "(integer) integer";
        i64, "bigint", "(bigint) bigint";
    };
    rows.extend([
        function("abs", &["(double) double"], each1::<f64, f64>(|a| Ok(a.abs()))),
        function("abs", &["(real) real"], each1::<f32, f32>(|a| Ok(a.abs()))),
        function(
            "abs",
            &["(decimal(p, s)) decimal(p, s)"],
            values(|_, args| Ok(Value::Decimal(super::arithmetic::decimal(&args[0]).abs()))),
        ),
        function("sqrt", &["(double) double"], each1::<f64, f64>(|a| Ok(a.sqrt()))),
        function("nan", &["() double"], values(|_, _| Ok(Value::Double(f64::NAN)))),
        function(
            "infinity",
            &["() double"],
            values(|_, _| Ok(Value::Double(f64::INFINITY))),
        ),
        function(
            "pow",
            &["(double, double) double"],
            each2::<f64, f64, f64>(|a, b| Ok(a.powf(b))),
        ),
        function(
            "power",
            &["(double, double) double"],
            each2::<f64, f64, f64>(|a, b| Ok(a.powf(b))),
        ),
    ]);
    rows
}
