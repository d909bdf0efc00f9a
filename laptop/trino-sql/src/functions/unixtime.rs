//! Seconds since 1970.

use crate::error::{Result, err};
use crate::functions::datetime::digits;
use crate::functions::read::{int, text};
use crate::registry::{Scalar, function, values};
use crate::types::per_second;
use crate::value::Value;
use crate::zone;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "to_unixtime",
            &["(timestamp(p)) double", "(timestamp(p) with time zone) double"],
            values(|call, args| {
                let units = match &args[0] {
                    Value::Zoned(instant, _) => *instant,
                    value => int(value),
                };
                Ok(Value::Double(
                    units as f64 / per_second(digits(&call.args[0])) as f64,
                ))
            }),
        ),
        function(
            "from_unixtime",
            &["(double) timestamp(3) with time zone"],
            values(|_, args| Ok(Value::Zoned(millis(&args[0])?, zone::utc()))),
        ),
        function(
            "from_unixtime",
            &["(double, varchar(x)) timestamp(3) with time zone"],
            values(|_, args| Ok(Value::Zoned(millis(&args[0])?, zone::parse(text(&args[1]))?))),
        ),
        function(
            "from_unixtime",
            &["(double, bigint, bigint) timestamp(3) with time zone"],
            values(|_, args| {
                let minutes = int(&args[1]).saturating_mul(60).saturating_add(int(&args[2]));
                let zone = if minutes == 0 {
                    zone::utc()
                } else {
                    zone::from_offset(minutes)?
                };
                Ok(Value::Zoned(millis(&args[0])?, zone))
            }),
        ),
        function(
            "from_unixtime_nanos",
            &["(bigint) timestamp(9) with time zone"],
            values(|_, args| Ok(Value::Zoned(int(&args[0]), zone::utc()))),
        ),
    ]
}

/// The greatest instant of a timestamp with time zone: its milliseconds have 52 bits.
const MOST_MILLIS: f64 = (1_i64 << 51) as f64;

fn millis(seconds: &Value) -> Result<i64> {
    let seconds = if let Value::Double(double) = seconds {
        *double
    } else {
        f64::NAN
    };
    let millis = (seconds * 1000.0 + 0.5).floor();
    if millis.is_finite() && millis.abs() < MOST_MILLIS {
        Ok(millis as i64)
    } else {
        Err(err!(
            InvalidFunctionArgument,
            "seconds since 1970 out of range: {seconds}"
        ))
    }
}
