//! `sequence`.

use crate::error::{Result, bail};
use crate::functions::datetime::{self, DAY_MILLIS, Unit, digits};
use crate::functions::read::int;
use crate::registry::{Call, Scalar, function, values};
use crate::types::{Type, per_second};
use crate::value::Value;

const MOST_ENTRIES: i128 = 10_000;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "sequence",
            &["(bigint, bigint) array(bigint)", "(date, date) array(date)"],
            values(|_, args| {
                let (start, stop) = (int(&args[0]), int(&args[1]));
                steps(start, stop, if start <= stop { 1 } else { -1 })
            }),
        ),
        function(
            "sequence",
            &["(bigint, bigint, bigint) array(bigint)"],
            values(|_, args| steps(int(&args[0]), int(&args[1]), int(&args[2]))),
        ),
        function(
            "sequence",
            &["(date, date, interval day to second) array(date)"],
            values(|_, args| {
                let step = int(&args[2]);
                if step % DAY_MILLIS != 0 {
                    bail!(
                        InvalidFunctionArgument,
                        "sequence step must be a day interval if start and end values are dates"
                    );
                }
                steps(int(&args[0]), int(&args[1]), step / DAY_MILLIS)
            }),
        ),
        function(
            "sequence",
            &["(timestamp(p), timestamp(p), interval day to second) array(timestamp(p))"],
            values(|call, args| {
                let unit = per_second(digits(&call.args[0]));
                let step = i128::from(int(&args[2])) * i128::from(unit) / 1000;
                let precision = 10_i64.pow(9 - u32::from(digits(&call.args[0])));
                if i128::from(int(&args[2])) * 1_000_000 % i128::from(precision) != 0 {
                    bail!(
                        NotSupported,
                        "a step of sequence with more digits of a second than its timestamps"
                    );
                }
                steps(
                    int(&args[0]),
                    int(&args[1]),
                    i64::try_from(step).unwrap_or(i64::MAX),
                )
            }),
        ),
        function(
            "sequence",
            &[
                "(date, date, interval year to month) array(date)",
                "(timestamp(p), timestamp(p), interval year to month) array(timestamp(p))",
            ],
            values(months),
        ),
    ]
}

fn check(is_forward: bool, is_backward: bool, step: i64) -> Result<()> {
    if step == 0 {
        bail!(InvalidFunctionArgument, "step must not be zero");
    }
    if step > 0 && is_backward || step < 0 && is_forward {
        bail!(
            InvalidFunctionArgument,
            "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start"
        );
    }
    Ok(())
}

fn check_length(length: i128) -> Result<()> {
    if length > MOST_ENTRIES {
        bail!(
            InvalidFunctionArgument,
            "result of sequence function must not have more than 10000 entries"
        );
    }
    Ok(())
}

fn steps(start: i64, stop: i64, step: i64) -> Result<Value> {
    check(start < stop, start > stop, step)?;
    let length = (i128::from(stop) - i128::from(start)) / i128::from(step) + 1;
    check_length(length)?;
    // An entry lies between start and stop, but its distance from start may be more than an i64 holds.
    let entry = |i: i64| Value::Int(start.wrapping_add(i.wrapping_mul(step)));
    Ok(Value::Array((0..length as i64).map(entry).collect()))
}

/// Each entry counts its months from the start: after the 31st of January and the 28th of February comes the 31st of
/// March.
fn months(call: &Call<'_>, args: &[Value]) -> Result<Value> {
    let ty: &Type = &call.args[0];
    let (start, stop, step) = (&args[0], &args[1], int(&args[2]));
    check(int(start) < int(stop), int(start) > int(stop), step)?;
    let length = datetime::difference(Unit::Month, start, stop, ty) / step + 1;
    check_length(length.into())?;
    let entry = |i: i64| datetime::add(Unit::Month, i * step, start, ty);
    Ok(Value::Array((0..length).map(entry).collect::<Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_may_be_far_apart() {
        let quarter = 1 << 62;
        assert_eq!(
            steps(i64::MIN, i64::MAX, quarter).unwrap(),
            Value::Array([i64::MIN, -quarter, 0, quarter].map(Value::Int).to_vec())
        );
    }
}
