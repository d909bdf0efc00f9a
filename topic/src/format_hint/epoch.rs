//! Numbers counted from 1970-01-01T00:00Z, as in JSON or text: `1678396140`, `-1.5`, `1.67839614e9`.

/// Unit of an epoch number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EpochUnit {
    Days,
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl EpochUnit {
    pub(super) const ALL: [Self; 5] = [Self::Days, Self::Seconds, Self::Millis, Self::Micros, Self::Nanos];

    /// Hint that requests this unit.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Days => "epoch_days",
            Self::Seconds => "epoch_seconds",
            Self::Millis => "epoch_millis",
            Self::Micros => "epoch_micros",
            Self::Nanos => "epoch_nanos",
        }
    }

    /// Milliseconds of `text`, rounded down; `None` if it is not a number or exceeds 64 bits.
    pub(super) fn parse_millis(self, text: &str) -> Option<i64> {
        let text = text.trim_ascii();
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse().ok()?),
            None => (text, 0),
        };
        let (factor, power) = self.millis();
        Decimal::read(number)?
            .times(factor)?
            .floor_times_ten_to(power.checked_add(exponent)?)
    }

    /// Milliseconds of one unit: a factor, and the power of ten that it is multiplied by.
    fn millis(self) -> (i128, i32) {
        match self {
            Self::Days => (864, 5),
            Self::Seconds => (1, 3),
            Self::Millis => (1, 0),
            Self::Micros => (1, -3),
            Self::Nanos => (1, -6),
        }
    }
}

/// Number `±(mantissa + rest) × 10^exponent`.
struct Decimal {
    negative: bool,
    mantissa: i128,
    exponent: i32,
    /// Whether digits beyond the mantissa are not all zero: a rest above 0 and below 1.
    rest: bool,
}

impl Decimal {
    /// Largest mantissa that takes another digit.
    const ROOM: i128 = 10_i128.pow(36);

    fn read(number: &str) -> Option<Self> {
        let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = -i32::try_from(fraction.len()).ok()?;
        let mut decimal = Self {
            negative: number.starts_with('-'),
            mantissa: 0,
            exponent,
            rest: false,
        };
        for byte in whole.bytes().chain(fraction.bytes()) {
            decimal.push(char::from(byte).to_digit(10)?)?;
        }
        Some(decimal)
    }

    fn push(&mut self, digit: u32) -> Option<()> {
        if self.mantissa < Self::ROOM {
            self.mantissa = self.mantissa * 10 + i128::from(digit);
        } else {
            self.rest |= digit > 0;
            self.exponent = self.exponent.checked_add(1)?;
        }
        Some(())
    }

    /// `None` if there are more digits than can be multiplied.
    fn times(self, factor: i128) -> Option<Self> {
        if factor != 1 && self.rest {
            return None;
        }
        Some(Self {
            mantissa: self.mantissa.checked_mul(factor)?,
            ..self
        })
    }

    fn floor_times_ten_to(&self, power: i32) -> Option<i64> {
        let power = self.exponent.checked_add(power)?;
        let factor = 10_i128.checked_pow(power.unsigned_abs());
        let (whole, rest) = match factor {
            _ if self.mantissa == 0 => (0, false),
            Some(factor) if power >= 0 => (self.mantissa.checked_mul(factor)?, self.rest),
            Some(divisor) => (self.mantissa / divisor, self.rest || self.mantissa % divisor > 0),
            None if power < 0 => (0, true),
            None => return None,
        };
        let floor = if self.negative {
            -whole - i128::from(rest)
        } else {
            whole
        };
        i64::try_from(floor).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::EpochUnit::{Days, Micros, Millis, Nanos, Seconds};

    #[test]
    fn scales_to_milliseconds() {
        assert_eq!(Seconds.parse_millis("1678396140"), Some(1_678_396_140_000));
        assert_eq!(Millis.parse_millis("1678396140123"), Some(1_678_396_140_123));
        assert_eq!(Micros.parse_millis("1678396140123456"), Some(1_678_396_140_123));
        assert_eq!(Nanos.parse_millis("1678395900123456789"), Some(1_678_395_900_123));
        assert_eq!(Days.parse_millis("19425"), Some(1_678_320_000_000));
        assert_eq!(Days.parse_millis("19425.5"), Some(1_678_363_200_000));
        assert_eq!(Seconds.parse_millis(" +0 "), Some(0));
    }

    #[test]
    fn reads_fractions_and_exponents_exactly() {
        assert_eq!(Seconds.parse_millis("1678396140.1239"), Some(1_678_396_140_123));
        assert_eq!(Seconds.parse_millis("1.678396140123e9"), Some(1_678_396_140_123));
        assert_eq!(Millis.parse_millis("167839614012300E-2"), Some(1_678_396_140_123));
        assert_eq!(Micros.parse_millis("5e2"), Some(0));
        assert_eq!(Millis.parse_millis("1e-999999"), Some(0));
        assert_eq!(Millis.parse_millis("0e999999"), Some(0));
        let many_zeros = format!("1.5{}", "0".repeat(100));
        assert_eq!(Seconds.parse_millis(&many_zeros), Some(1500));
    }

    #[test]
    fn rounds_down_before_1970() {
        assert_eq!(Seconds.parse_millis("-1.0005"), Some(-1001));
        assert_eq!(Micros.parse_millis("-1"), Some(-1));
        assert_eq!(Nanos.parse_millis("-1"), Some(-1));
        assert_eq!(Nanos.parse_millis("-1000001"), Some(-2));
        assert_eq!(Days.parse_millis("-1"), Some(-86_400_000));
        assert_eq!(Micros.parse_millis("-1000"), Some(-1));
        let barely = format!("-1.{}1", "0".repeat(50));
        assert_eq!(Seconds.parse_millis(&barely), Some(-1001));
    }

    #[test]
    fn refuses_what_is_no_number_or_too_large() {
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "1e",
            "1e1.5",
            "0x10",
            "NaN",
            "1_000",
            "2023-03-09",
            "--1",
            "1 2",
            "٣",
        ] {
            assert_eq!(Seconds.parse_millis(text), None, "{text}");
        }
        for text in [
            "9223372036854775808",
            "1e19",
            "1e400",
            "99999999999999999999999999999999999999999",
        ] {
            assert_eq!(Millis.parse_millis(text), None, "{text}");
        }
        assert_eq!(Millis.parse_millis("-9223372036854775808"), Some(i64::MIN));
        for days in ["106751991168", "1e12", "9".repeat(39).as_str()] {
            assert_eq!(Days.parse_millis(days), None, "{days}");
        }
    }
}
