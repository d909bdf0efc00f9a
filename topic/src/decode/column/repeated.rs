//! Which values come again: no map has a key twice.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;

use crate::decode::column::ValueBuilder;

impl ValueBuilder {
    /// The positions, from the last to the first, of those values from `start` on that an equal one follows. Lists,
    /// rows and maps are no keys: of them there are none.
    pub(crate) fn repeated(&self, start: usize) -> Vec<usize> {
        let values = start..self.len();
        match self {
            Self::Boolean(slots) => repeated(values, |at| slots.values[at]),
            Self::Int8(slots) => repeated(values, |at| slots.values[at]),
            Self::Int16(slots) => repeated(values, |at| slots.values[at]),
            Self::Int32(slots) | Self::Date32(slots, _) => repeated(values, |at| slots.values[at]),
            Self::Int64(slots) | Self::Date64(slots, _) | Self::Zoned(slots, ..) => {
                repeated(values, |at| slots.values[at])
            }
            Self::Float32(slots) => repeated(values, |at| (slots.values[at] + 0.0).to_bits()),
            Self::Float64(slots) => repeated(values, |at| (slots.values[at] + 0.0).to_bits()),
            Self::Decimal(slots, _) => repeated(values, |at| slots.values[at]),
            Self::Utf8(texts) | Self::Binary(texts) => repeated(values, |at| texts.get(at)),
            Self::List(_) | Self::Struct(_) | Self::Map(_) => Vec::new(),
        }
    }
}

fn repeated<K: Eq + Hash>(values: Range<usize>, key: impl Fn(usize) -> K) -> Vec<usize> {
    if values.len() < 2 {
        return Vec::new();
    }
    let mut later = HashSet::with_capacity(values.len());
    values.rev().filter(|&at| !later.insert(key(at))).collect()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;
    use crate::decode::column::Misfits;
    use crate::decode::scalar::Scalar;
    use crate::format_hint::DateFormat;

    #[test]
    fn finds_values_that_come_again_in_every_type() {
        use DataType::{
            Binary, Boolean, Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Utf8,
        };
        for (data_type, values, wanted) in [
            (Boolean, ["true", "x", "TRUE", "false"], vec![1, 0]),
            (Int8, ["1", "2", "+1", "3"], vec![0]),
            (Int16, ["1", "2", "3", "4"], vec![]),
            (Int32, ["1", "1", "1", "01"], vec![2, 1, 0]),
            (Int64, ["2", "1", "2", "1"], vec![1, 0]),
            (Float32, ["0.0", "NaN", "-0.0", "NaN"], vec![1, 0]),
            (Float64, ["1", "1.0", "2", "1e0"], vec![1, 0]),
            (Decimal128(5, 2), ["1.001", "1", "2", "3"], vec![0]),
            (Utf8, ["", "a", "", "ab"], vec![0]),
            (Binary, ["AA==", "AAA=", "AA==", ""], vec![0]),
            (
                Date32,
                ["2023-03-09", "2023-03-10", "2023-03-09T23:00", "2023-03-08"],
                vec![0],
            ),
        ] {
            let mut values_of = ValueBuilder::new(&data_type, &DateFormat::default()).unwrap();
            let mut misfits = Misfits::default();
            for value in ["", "1"].iter().chain(&values) {
                values_of.append(Scalar::Text(value), &mut misfits);
            }
            let wanted: Vec<usize> = wanted.into_iter().map(|at| at + 2).collect();
            assert_eq!(values_of.repeated(2), wanted, "{data_type}");
        }
    }
}
