//! approx_percentile. The answer is exact: of values in order, the one at the percentage of their number, which is what
//! Trino's digests give for as many values as they hold without merging.

use super::collection::rows;
use super::state::number;
use crate::compare::order;
use crate::error::{Result, bail};
use crate::registry::{Aggregate, Fold, function};
use crate::value::Value;

pub(super) fn aggregates() -> Vec<Aggregate> {
    const NAME: &str = "approx_percentile";
    vec![
        function(
            NAME,
            &[
                "(bigint, double) bigint",
                "(double, double) double",
                "(real, double) real",
            ],
            percentile(None, 1, false),
        ),
        function(
            NAME,
            &[
                "(bigint, array(double)) array(bigint)",
                "(double, array(double)) array(double)",
                "(real, array(double)) array(real)",
            ],
            percentile(None, 1, true),
        ),
        function(
            NAME,
            &[
                "(bigint, double, double) bigint",
                "(double, double, double) double",
                "(real, double, double) real",
                "(bigint, double, double, double) bigint",
                "(double, double, double, double) double",
                "(real, double, double, double) real",
            ],
            percentile(Some(1), 2, false),
        ),
        function(
            NAME,
            &[
                "(bigint, double, array(double)) array(bigint)",
                "(double, double, array(double)) array(double)",
                "(real, double, array(double)) array(real)",
            ],
            percentile(Some(1), 2, true),
        ),
    ]
}

fn percentile(weight: Option<usize>, percentage: usize, several: bool) -> Fold {
    rows(move |call, rows| {
        let (mut values, mut wanted) = (Vec::new(), Vec::new());
        for mut row in rows {
            if row[0].is_null() || weight.is_some_and(|place| row[place].is_null()) {
                continue;
            }
            if values.is_empty() {
                wanted = match &row[percentage] {
                    Value::Array(all) => all.clone(),
                    one => vec![one.clone()],
                };
            }
            let weight = weight.map_or(1.0, |place| number(&row[place]));
            if weight <= 0.0 {
                bail!(InvalidFunctionArgument, "percentile weight must be > 0");
            }
            values.push((row.swap_remove(0), weight));
        }
        if values.is_empty() {
            return Ok(Value::Null);
        }
        let ty = &call.args[0];
        let mut failed = None;
        values.sort_by(|(a, _), (b, _)| {
            order(ty, a, b).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                std::cmp::Ordering::Equal
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let total: f64 = values.iter().map(|(_, weight)| weight).sum();
        let found = wanted
            .iter()
            .map(|wanted| {
                let share = number(wanted);
                if wanted.is_null() || !(0.0..=1.0).contains(&share) {
                    bail!(InvalidFunctionArgument, "percentile must be between 0 and 1");
                }
                let mut before = 0.0;
                for (value, weight) in &values {
                    before += weight;
                    if before > share * total {
                        return Ok(value.clone());
                    }
                }
                Ok(values[values.len() - 1].0.clone())
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(match found.as_slice() {
            [one] if !several => one.clone(),
            _ => Value::Array(found),
        })
    })
}
