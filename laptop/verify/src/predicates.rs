//! Value sets made from a table's own values, so that each keeps some of its rows and its bounds are values that exist.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, cast, concat, sort_to_indices};
use arrow::datatypes::DataType;
use protocol::{AllOrNoneValueSet, EquatableValueSet, Range, SortedRangeSet, ValueSet};

/// Condition on a column.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) column: String,
    /// Position of the column in the table.
    pub(crate) index: usize,
    /// As in SQL, for findings.
    pub(crate) text: String,
    pub(crate) set: ValueSet,
}

/// Conditions on one column. Columns of types without an order have those about NULL alone.
pub(crate) fn conditions(batches: &[RecordBatch], index: usize) -> Vec<Condition> {
    let Some(first) = batches.first() else {
        return Vec::new();
    };
    let schema = first.schema();
    let (name, data_type) = (schema.field(index).name(), schema.field(index).data_type());
    let condition = |text: String, set: ValueSet| Condition {
        column: name.clone(),
        index,
        text: format!("{name} {text}"),
        set,
    };
    let ranges = |ranges: Vec<Range>, null_allowed| {
        SortedRangeSet::try_new(data_type.clone(), ranges, null_allowed).map(ValueSet::from)
    };
    let all_or_none = |all, null_allowed| {
        ValueSet::from(AllOrNoneValueSet {
            data_type: data_type.clone(),
            all,
            null_allowed,
        })
    };
    let mut conditions = vec![
        // The Java SDK writes NOT NULL of this kind as a set of nothing.
        condition(
            "IS NOT NULL, as the Java SDK writes it".to_owned(),
            all_or_none(false, false),
        ),
        condition("IS NULL".to_owned(), all_or_none(false, true)),
    ];
    let Some(Values {
        least,
        middle,
        greatest,
    }) = Values::of(batches, index)
    else {
        return conditions;
    };
    let shown = |value: &ArrayRef| {
        let text = cast(value, &DataType::Utf8).ok();
        let text = text
            .as_ref()
            .and_then(|text| text.as_any().downcast_ref::<arrow::array::StringArray>());
        let text: String = text.map_or("…", |text| text.value(0)).chars().take(40).collect();
        format!("'{text}'")
    };
    type Made = Result<Range, protocol::InvalidRange>;
    let one = |text: String, range: Made| {
        let set = ranges(vec![range.ok()?], false).ok()?;
        Some(condition(text, set))
    };
    let middle_text = shown(&middle);
    let made = [
        one(format!("= {middle_text}"), Range::equal(middle.clone())),
        one(format!("< {middle_text}"), Range::below(middle.clone())),
        one(format!("<= {middle_text}"), Range::at_most(middle.clone())),
        one(format!("> {middle_text}"), Range::above(middle.clone())),
        one(format!(">= {middle_text}"), Range::at_least(middle.clone())),
        one(format!(">= {}", shown(&least)), Range::at_least(least.clone())),
        one(
            format!("<= {}", shown(&greatest)),
            Range::at_most(greatest.clone()),
        ),
        one("IS NOT NULL".to_owned(), Ok(Range::all(data_type.clone()))),
        ranges(Range::equal(middle.clone()).into_iter().collect(), true)
            .ok()
            .map(|set| condition(format!("= {middle_text} OR {name} IS NULL"), set)),
        Range::below(middle.clone())
            .and_then(|low| ranges(vec![low, Range::above(middle.clone())?], false))
            .ok()
            .map(|set| condition(format!("<> {middle_text}"), set)),
    ];
    conditions.extend(made.into_iter().flatten());
    if let Ok(values) = concat(&[least.as_ref(), greatest.as_ref()]) {
        for (is_white_list, null_allowed, text) in [(true, false, "IN"), (false, true, "NOT IN")] {
            let set = ValueSet::from(EquatableValueSet {
                values: values.clone(),
                white_list: is_white_list,
                null_allowed,
            });
            let text = format!("{text} ({}, {})", shown(&least), shown(&greatest));
            conditions.push(condition(text, set));
        }
    }
    conditions
}

/// Values of a column that are not NULL, each as an array of one row.
struct Values {
    least: ArrayRef,
    middle: ArrayRef,
    greatest: ArrayRef,
}

impl Values {
    /// `None` if there is none, or the type has no order.
    fn of(batches: &[RecordBatch], index: usize) -> Option<Self> {
        let columns: Vec<&dyn arrow::array::Array> =
            batches.iter().map(|batch| batch.column(index).as_ref()).collect();
        let column = concat(&columns).ok()?;
        if column.data_type().is_nested() || *column.data_type() == DataType::Null {
            return None;
        }
        let order = SortOptions {
            descending: false,
            nulls_first: false,
        };
        let sorted = sort_to_indices(&column, Some(order), None).ok()?;
        let count = column.len() - column.null_count();
        let at = |position: usize| {
            let row = usize::try_from(sorted.value(position)).ok()?;
            Some(column.slice(row, 1))
        };
        let last = count.checked_sub(1)?;
        Some(Self {
            least: at(0)?,
            middle: at(count / 2)?,
            greatest: at(last)?,
        })
    }
}
