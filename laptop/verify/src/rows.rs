//! Rows as a multiset: their order is not promised.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Rows as text, with how often each occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    counts: HashMap<String, usize>,
    total: usize,
}

/// Longest row in a finding, in characters.
const LONGEST_SHOWN: usize = 120;

impl Rows {
    /// Adds the rows of a batch for which `keeps` is true.
    ///
    /// # Errors
    /// If a value cannot be shown as text.
    pub(crate) fn add(
        &mut self,
        batch: &RecordBatch,
        keeps: impl Fn(usize) -> bool,
    ) -> Result<(), ArrowError> {
        let options = FormatOptions::default();
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in (0..batch.num_rows()).filter(|row| keeps(*row)) {
            let mut text = String::new();
            for (formatter, column) in columns.iter().zip(batch.columns()) {
                // A text that reads NULL is not a NULL.
                match column.is_null(row) {
                    true => text.push_str("NULL"),
                    false => {
                        text.push('"');
                        text.push_str(&formatter.value(row).try_to_string()?);
                        text.push('"');
                    }
                }
                text.push('|');
            }
            *self.counts.entry(text).or_default() += 1;
            self.total += 1;
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.total
    }

    /// Rows that these have more often than `others`: how many, and one of them.
    pub(crate) fn beyond(&self, others: &Self) -> Option<(usize, String)> {
        let mut count = 0;
        let mut example: Option<&str> = None;
        for (row, own) in &self.counts {
            let other = others.counts.get(row).copied().unwrap_or_default();
            if *own > other {
                count += own - other;
                // The smallest, so that equal runs report equal rows.
                example = Some(example.map_or(row.as_str(), |example| example.min(row.as_str())));
            }
        }
        let example: String = example?
            .trim_end_matches('|')
            .chars()
            .take(LONGEST_SHOWN)
            .collect();
        Some((count, example))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    fn rows(values: &[Option<&str>]) -> Rows {
        let column: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
        let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
        let mut rows = Rows::default();
        rows.add(&batch, |_| true).unwrap();
        rows
    }

    #[test]
    fn order_does_not_matter_and_repetition_does() {
        assert_eq!(rows(&[Some("a"), None]), rows(&[None, Some("a")]));
        let (twice, once) = (
            rows(&[Some("a"), Some("a"), Some("b")]),
            rows(&[Some("b"), Some("a")]),
        );
        assert_eq!(twice.beyond(&once), Some((1, "\"a\"".to_owned())));
        assert_eq!(once.beyond(&twice), None);
    }

    #[test]
    fn a_text_that_reads_null_is_not_null() {
        assert_ne!(rows(&[Some("NULL")]), rows(&[None]));
        assert_ne!(rows(&[Some("")]), rows(&[None]));
    }
}
