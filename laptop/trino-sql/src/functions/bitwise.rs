//! Bitwise functions. Shifts by the width or more give what is shifted in.

use crate::error::{Result, bail};
use crate::registry::{Scalar, each1, each2, function};

pub(crate) fn scalars() -> Vec<Scalar> {
    let mut rows = vec![
        function("bitwise_not", &["(bigint) bigint"], each1::<i64, i64>(|a| Ok(!a))),
        function(
            "bitwise_and",
            &["(bigint, bigint) bigint"],
            each2::<i64, i64, i64>(|a, b| Ok(a & b)),
        ),
        function(
            "bitwise_or",
            &["(bigint, bigint) bigint"],
            each2::<i64, i64, i64>(|a, b| Ok(a | b)),
        ),
        function(
            "bitwise_xor",
            &["(bigint, bigint) bigint"],
            each2::<i64, i64, i64>(|a, b| Ok(a ^ b)),
        ),
        function(
            "bit_count",
            &["(bigint, bigint) bigint"],
            each2::<i64, i64, i64>(bit_count),
        ),
    ];
    macro_rules! shifts {
        ($($native:ty, $unsigned:ty, $signature:literal;)*) => {$(
            rows.extend([
                function("bitwise_left_shift", &[$signature], each2::<$native, i64, $native>(|a, by| {
                    Ok(a.checked_shl(distance(by)?).unwrap_or(0))
                })),
                function("bitwise_right_shift", &[$signature], each2::<$native, i64, $native>(|a, by| {
                    Ok((a as $unsigned).checked_shr(distance(by)?).unwrap_or(0) as $native)
                })),
                function("bitwise_right_shift_arithmetic", &[$signature], each2::<$native, i64, $native>(|a, by| {
                    Ok(a.checked_shr(distance(by)?).unwrap_or(if a < 0 { -1 } else { 0 }))
                })),
            ]);
        )*};
    }
    shifts! {
        i8, u8, "(tinyint, bigint) tinyint";
        i16, u16, "(smallint, bigint) smallint";
        i32, u32, "(integer, bigint) integer";
        i64, u64, "(bigint, bigint) bigint";
    }
    rows
}

fn distance(by: i64) -> Result<u32> {
    if by < 0 {
        bail!(NotSupported, "a shift by {by}");
    }
    Ok(u32::try_from(by).unwrap_or(u32::MAX))
}

fn bit_count(value: i64, bits: i64) -> Result<i64> {
    if !(2..=64).contains(&bits) {
        bail!(
            InvalidFunctionArgument,
            "Bits specified in bit_count must be between 2 and 64, got {bits}"
        );
    }
    let unused = 64 - bits as u32;
    if (value << unused) >> unused != value {
        bail!(
            InvalidFunctionArgument,
            "Number must be representable with the bits specified. {value} cannot be represented with {bits} bits"
        );
    }
    Ok((value << unused).count_ones().into())
}
