//! Values that a column may have, closed under AND, OR and NOT.

use std::cmp::Ordering;
use std::fmt;

use datafusion::common::ScalarValue;
use protocol::{AllOrNoneValueSet, Bound, InvalidRange, Marker, Range, SortedRangeSet, ValueSet};

use arrow::datatypes::DataType;

/// Stretches that a plan shows.
const SHOWN_STRETCHES: usize = 4;

/// Ranges of values, in ascending order with gaps between them, and whether NULL is allowed.
///
/// All values are of one ordered type, not null and not NaN.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Domain {
    stretches: Vec<Stretch>,
    null_allowed: bool,
}

/// Values between two cuts. Never empty.
#[derive(Debug, Clone, PartialEq)]
struct Stretch {
    low: Cut,
    high: Cut,
}

/// Position between values: the end of a range, which lies just below or just above a value.
#[derive(Debug, Clone, PartialEq)]
enum Cut {
    Start,
    Before(ScalarValue),
    After(ScalarValue),
    End,
}

impl Domain {
    pub(super) fn not_null() -> Self {
        Self::stretch(Cut::Start, Cut::End)
    }

    pub(super) fn only_null() -> Self {
        Self {
            stretches: Vec::new(),
            null_allowed: true,
        }
    }

    /// Domain without values and NULL: no row satisfies it.
    pub(super) fn none() -> Self {
        Self {
            stretches: Vec::new(),
            null_allowed: false,
        }
    }

    pub(super) fn equal(value: ScalarValue) -> Self {
        Self::stretch(Cut::Before(value.clone()), Cut::After(value))
    }

    pub(super) fn below(value: ScalarValue) -> Self {
        Self::stretch(Cut::Start, Cut::Before(value))
    }

    pub(super) fn at_most(value: ScalarValue) -> Self {
        Self::stretch(Cut::Start, Cut::After(value))
    }

    pub(super) fn above(value: ScalarValue) -> Self {
        Self::stretch(Cut::After(value), Cut::End)
    }

    pub(super) fn at_least(value: ScalarValue) -> Self {
        Self::stretch(Cut::Before(value), Cut::End)
    }

    fn stretch(low: Cut, high: Cut) -> Self {
        Self {
            stretches: vec![Stretch { low, high }],
            null_allowed: false,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.stretches.is_empty() && !self.null_allowed
    }

    pub(super) fn is_all(&self) -> bool {
        self.null_allowed && self.has_every_value()
    }

    fn has_every_value(&self) -> bool {
        matches!(
            &self.stretches[..],
            [Stretch {
                low: Cut::Start,
                high: Cut::End
            }]
        )
    }

    pub(super) fn union(self, other: Self) -> Self {
        let mut all = [self.stretches, other.stretches].concat();
        all.sort_by(|a, b| a.low.compare(&b.low));
        let mut stretches: Vec<Stretch> = Vec::with_capacity(all.len());
        for next in all {
            match stretches.last_mut() {
                Some(last) if last.high.compare(&next.low).is_ge() => {
                    last.high = last.high.clone().max(next.high);
                }
                _ => stretches.push(next),
            }
        }
        Self {
            stretches,
            null_allowed: self.null_allowed || other.null_allowed,
        }
    }

    pub(super) fn intersect(&self, other: &Self) -> Self {
        let pairs = self
            .stretches
            .iter()
            .flat_map(|a| other.stretches.iter().map(move |b| (a, b)));
        let stretches = pairs
            .map(|(a, b)| Stretch {
                low: a.low.clone().max(b.low.clone()),
                high: a.high.clone().min(b.high.clone()),
            })
            .filter(|both| both.low.compare(&both.high).is_lt())
            .collect();
        Self {
            stretches,
            null_allowed: self.null_allowed && other.null_allowed,
        }
    }

    /// All other values, without NULL: the negation of a comparison, which is neither true nor false of NULL.
    pub(super) fn other_values(&self) -> Self {
        let mut others = Self::none();
        let mut low = Cut::Start;
        for stretch in &self.stretches {
            if low.compare(&stretch.low).is_lt() {
                others.stretches.push(Stretch {
                    low,
                    high: stretch.low.clone(),
                });
            }
            low = stretch.high.clone();
        }
        if low != Cut::End {
            others.stretches.push(Stretch { low, high: Cut::End });
        }
        others
    }

    /// Value set of the protocol, for a column of this type on the wire.
    pub(super) fn to_value_set(&self, data_type: &DataType) -> Result<ValueSet, InvalidRange> {
        if !has_order(data_type) {
            return Ok(ValueSet::AllOrNone(AllOrNoneValueSet {
                data_type: data_type.clone(),
                all: self.has_every_value(),
                null_allowed: self.null_allowed,
            }));
        }
        let ranges = self
            .stretches
            .iter()
            .map(|stretch| stretch.to_range(data_type))
            .collect::<Result<_, _>>()?;
        SortedRangeSet::try_new(data_type.clone(), ranges, self.null_allowed).map(ValueSet::SortedRange)
    }
}

impl Stretch {
    fn to_range(&self, data_type: &DataType) -> Result<Range, InvalidRange> {
        let low = match &self.low {
            Cut::Before(value) => marker(value, Bound::Exactly)?,
            Cut::After(value) => marker(value, Bound::Above)?,
            Cut::Start | Cut::End => Marker::lower_unbounded(data_type.clone()),
        };
        let high = match &self.high {
            Cut::Before(value) => marker(value, Bound::Below)?,
            Cut::After(value) => marker(value, Bound::Exactly)?,
            Cut::Start | Cut::End => Marker::upper_unbounded(data_type.clone()),
        };
        Range::try_new(low, high)
    }
}

fn marker(value: &ScalarValue, bound: Bound) -> Result<Marker, InvalidRange> {
    let array = value.to_array().map_err(|_| InvalidRange::Null)?;
    Marker::at(array, bound).ok_or(InvalidRange::Null)
}

/// Values in words: `= 5`, `>= 3 and < 7`, `< 0 or IS NULL`.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.stretches.iter().map(Stretch::to_string).collect();
        if self.null_allowed {
            parts.push("IS NULL".to_owned());
        }
        if parts.is_empty() {
            return f.write_str("no value");
        }
        let more = parts.len().saturating_sub(SHOWN_STRETCHES);
        parts.truncate(SHOWN_STRETCHES);
        f.write_str(&parts.join(" or "))?;
        if more > 0 {
            write!(f, " or {more} more")?;
        }
        Ok(())
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.low, &self.high) {
            (Cut::Before(low), Cut::After(high)) if low == high => write!(f, "= {low}"),
            (Cut::Start, Cut::End) => f.write_str("IS NOT NULL"),
            (low, high) => {
                let low = match low {
                    Cut::Before(value) => Some(format!(">= {value}")),
                    Cut::After(value) => Some(format!("> {value}")),
                    Cut::Start | Cut::End => None,
                };
                let high = match high {
                    Cut::Before(value) => Some(format!("< {value}")),
                    Cut::After(value) => Some(format!("<= {value}")),
                    Cut::Start | Cut::End => None,
                };
                let ends: Vec<_> = low.into_iter().chain(high).collect();
                f.write_str(&ends.join(" and "))
            }
        }
    }
}

impl Cut {
    fn compare(&self, other: &Self) -> Ordering {
        self.place()
            .cmp(&other.place())
            .then_with(|| match (self.value(), other.value()) {
                (Some(a), Some(b)) => {
                    // Values of one type compare, as the domain guarantees.
                    let values = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                    values.then_with(|| self.is_after().cmp(&other.is_after()))
                }
                _ => Ordering::Equal,
            })
    }

    fn place(&self) -> u8 {
        match self {
            Self::Start => 0,
            Self::Before(_) | Self::After(_) => 1,
            Self::End => 2,
        }
    }

    fn value(&self) -> Option<&ScalarValue> {
        match self {
            Self::Before(value) | Self::After(value) => Some(value),
            Self::Start | Self::End => None,
        }
    }

    fn is_after(&self) -> bool {
        matches!(self, Self::After(_))
    }

    fn max(self, other: Self) -> Self {
        if self.compare(&other).is_ge() { self } else { other }
    }

    fn min(self, other: Self) -> Self {
        if self.compare(&other).is_le() { self } else { other }
    }
}

/// Whether ranges of the type can be expressed. Zoned timestamps are packed on the wire, where an instant is
/// a range of its own, so they are filtered locally.
pub(super) fn has_order(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Utf8
            | DataType::Binary
            | DataType::Date32
            | DataType::Date64
    )
}
