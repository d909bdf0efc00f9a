//! Everything about one table.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use protocol::{
    Constraints, OrderByDirection, OrderByField, Range, SerdeVersion, SortedRangeSet, TableName, ValueSet,
};

use crate::client::{Client, Failed};
use crate::names::{self, Described};
use crate::plan::{self, Planned};
use crate::predicates::{Condition, conditions};
use crate::read::{Reading, Sizes};
use crate::report::Rule;
use crate::rows::Rows;

/// Checks a table. Failures are in the report.
pub(crate) async fn verify_table(client: &Client<'_>, name: &TableName, version: SerdeVersion) {
    client.report().tables += 1;
    // What failed is in the report, and what depends on it cannot be checked.
    let _ = Checked::start(client, name, version).await;
}

/// Table with the rows that all others are compared with.
struct Checked<'a, 'c> {
    client: &'a Client<'c>,
    table: Described,
    version: SerdeVersion,
    batches: Vec<RecordBatch>,
    rows: Rows,
    /// Rows that would be findings, unless the table itself has changed meanwhile.
    suspected: Vec<Suspected>,
}

/// Difference between rows of a table and the same rows read in another way.
struct Suspected {
    rule: Rule,
    text: String,
    /// Whether it would follow from rows that were added meanwhile.
    by_growth: bool,
}

impl<'a, 'c> Checked<'a, 'c> {
    async fn start(client: &'a Client<'c>, name: &TableName, version: SerdeVersion) -> Result<(), Failed> {
        let table = names::table(client, name, version).await?;
        let planned = plan::plan(client, &table, &Constraints::default(), version).await?;
        let again = plan::plan(client, &table, &Constraints::default(), version).await?;
        plan::check_apart(client, &table, &planned, &again);
        let mut checked = Self {
            client,
            table,
            version,
            batches: Vec::new(),
            rows: Rows::default(),
            suspected: Vec::new(),
        };
        let is_whole = checked.read_twice(&planned).await?;
        client.report().rows += checked.rows.len();
        if is_whole {
            // Each part reports its own failures, and does not prevent the others.
            let _ = checked.projections().await;
            checked.predicates().await;
            let _ = checked.limits().await;
            checked.versions().await;
        } else {
            let max_rows = client.options.max_rows;
            client.report().note(format!(
                "{name}: it has more than {max_rows} rows; predicates, limits and versions were not compared"
            ));
        }
        checked.conclude(is_whole).await
    }

    fn subject(&self) -> String {
        self.table.name.to_string()
    }

    fn columns(&self) -> SchemaRef {
        Arc::clone(&self.table.schema)
    }

    /// Reads each split inline and spilled; false if there are more rows than are compared.
    async fn read_twice(&mut self, planned: &Planned) -> Result<bool, Failed> {
        let schema = self.columns();
        let none = Constraints::default();
        for split in &planned.splits {
            if self.rows.len() > self.client.options.max_rows {
                return Ok(false);
            }
            let reading = |sizes| Reading {
                table: &self.table,
                schema: &schema,
                constraints: &none,
                version: self.version,
                sizes,
            };
            let inline = reading(Sizes::USUAL)
                .split(self.client, &planned.query_id, split)
                .await?;
            let rows = self.count(&inline)?;
            if let Ok(spilled) = reading(Sizes::SPILLED)
                .split(self.client, &planned.query_id, split)
                .await
            {
                let spilled = self.count(&spilled)?;
                self.compare_whole(Rule::SpilledRows, "spilled, a split", &rows, &spilled);
            }
            for batch in &inline {
                self.add(batch)?;
            }
            self.batches.extend(inline);
        }
        Ok(true)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), Failed> {
        self.rows
            .add(batch, |_| true)
            .map_err(|error| self.unshown(&error.to_string()))
    }

    fn count(&self, batches: &[RecordBatch]) -> Result<Rows, Failed> {
        self.count_if(batches, |_, _| true)
    }

    fn count_if(
        &self,
        batches: &[RecordBatch],
        keeps: impl Fn(&RecordBatch, usize) -> bool,
    ) -> Result<Rows, Failed> {
        let mut rows = Rows::default();
        for batch in batches {
            rows.add(batch, |row| keeps(batch, row))
                .map_err(|error| self.unshown(&error.to_string()))?;
        }
        Ok(rows)
    }

    fn unshown(&self, error: &str) -> Failed {
        let text = format!("{}: rows cannot be compared: {error}", self.table.name);
        self.client.report().note(text);
        Failed
    }

    /// Rows read in another way than those of the table, which must be the same.
    fn compare_whole(&mut self, rule: Rule, what: &str, wanted: &Rows, found: &Rows) {
        self.lost(rule, what, wanted, found);
        self.client.report().comparisons += 1;
        if let Some((count, example)) = found.beyond(wanted) {
            let text = format!("{what} has {count} rows that are not in the table, such as {example}");
            self.suspect(rule, text, true);
        }
    }

    fn lost(&mut self, rule: Rule, what: &str, wanted: &Rows, found: &Rows) {
        self.client.report().comparisons += 1;
        if let Some((count, example)) = wanted.beyond(found) {
            let of = wanted.len();
            let text = format!("{what} lacks {count} of {of} rows, such as {example}");
            self.suspect(rule, text, false);
        }
    }

    fn suspect(&mut self, rule: Rule, text: String, by_growth: bool) {
        self.suspected.push(Suspected {
            rule,
            text,
            by_growth,
        });
    }

    /// Plans and reads with constraints, in the version and with all columns.
    async fn read(
        &self,
        constraints: &Constraints,
        version: SerdeVersion,
    ) -> Result<Vec<RecordBatch>, Failed> {
        let planned = plan::plan(self.client, &self.table, constraints, version).await?;
        let schema = self.columns();
        let reading = Reading {
            table: &self.table,
            schema: &schema,
            constraints,
            version,
            sizes: Sizes::USUAL,
        };
        reading.all(self.client, &planned).await
    }

    /// The columns in reverse order, and the first and last alone.
    async fn projections(&mut self) -> Result<(), Failed> {
        let count = self.table.schema.fields().len();
        let mut projections = vec![(
            "the columns in reverse order",
            (0..count).rev().collect::<Vec<_>>(),
        )];
        if count > 1 {
            projections.push(("the first column alone", vec![0]));
            projections.push(("the last column alone", vec![count - 1]));
        }
        for (what, indices) in projections {
            let project = |schema: &Schema| schema.project(&indices).map(Arc::new);
            let Ok(schema) = project(&self.table.schema) else {
                continue;
            };
            let planned = plan::plan(self.client, &self.table, &Constraints::default(), self.version).await?;
            let reading = Reading {
                table: &self.table,
                schema: &schema,
                constraints: &Constraints::default(),
                version: self.version,
                sizes: Sizes::USUAL,
            };
            let Ok(found) = reading.all(self.client, &planned).await else {
                continue;
            };
            let wanted = self
                .batches
                .iter()
                .filter_map(|batch| batch.project(&indices).ok());
            let (wanted, found) = (self.count(&wanted.collect::<Vec<_>>())?, self.count(&found)?);
            self.compare_whole(Rule::ProjectedRows, what, &wanted, &found);
        }
        Ok(())
    }

    async fn predicates(&mut self) {
        let count = self.table.schema.fields().len();
        let max_columns = self.client.options.max_columns;
        if count > max_columns {
            self.client.report().note(format!(
                "{}: it has {count} columns; predicates were made for the first {max_columns}",
                self.table.name
            ));
        }
        for index in 0..count.min(max_columns) {
            for condition in conditions(&self.batches, index) {
                // A failure is in the report.
                let _ = self.predicate(&condition).await;
            }
        }
    }

    async fn predicate(&mut self, condition: &Condition) -> Result<(), Failed> {
        let keeps = |batch: &RecordBatch, row| condition.keeps(batch, row);
        let wanted = self.count_if(&self.batches, keeps)?;
        let found = self.read(&condition.constraints(), self.version).await?;
        let found = self.count_if(&found, keeps)?;
        let what = format!("WHERE {}", condition.text);
        self.lost(Rule::PredicateLosesRows, &what, &wanted, &found);
        if let Some((count, example)) = found.beyond(&wanted) {
            let text = format!("{what} has {count} rows that are not in the table, such as {example}");
            self.suspect(Rule::PredicateAddsRows, text, true);
        }
        Ok(())
    }

    /// A limit, alone, with a predicate and with an order. Limits exist since version 4.
    async fn limits(&mut self) -> Result<(), Failed> {
        let total = self.rows.len();
        if self.version < SerdeVersion::V4 || total == 0 {
            return Ok(());
        }
        let limit = total.div_ceil(2);
        let constraints = Constraints {
            limit: Some(limit as u64),
            ..Constraints::default()
        };
        let found = self.read(&constraints, self.version).await?;
        let found = self.count(&found)?.len();
        self.enough(&format!("LIMIT {limit}"), limit, found);
        let choose = |condition: &Condition| {
            let kept = |batch: &RecordBatch| {
                (0..batch.num_rows())
                    .filter(|row| condition.keeps(batch, *row))
                    .count()
            };
            let kept: usize = self.batches.iter().map(kept).sum();
            (kept > 0 && kept < total).then_some(kept)
        };
        let columns = self
            .table
            .schema
            .fields()
            .len()
            .min(self.client.options.max_columns);
        let all = (0..columns).flat_map(|index| conditions(&self.batches, index));
        let chosen = all
            .filter_map(|condition| Some((choose(&condition)?, condition)))
            .collect::<Vec<_>>();
        // Rows that the condition drops must not count.
        if let Some((kept, condition)) = chosen.iter().min_by_key(|(kept, _)| *kept) {
            let constraints = Constraints {
                limit: Some(*kept as u64),
                ..condition.constraints()
            };
            let found = self.read(&constraints, self.version).await?;
            let found = self
                .count_if(&found, |batch, row| condition.keeps(batch, row))?
                .len();
            self.enough(&format!("WHERE {} LIMIT {kept}", condition.text), *kept, found);
        }
        self.order_and_limit(limit).await
    }

    /// The rows that sort first must be among those that are returned.
    async fn order_and_limit(&mut self, limit: usize) -> Result<(), Failed> {
        let Some((column, first)) = self.first_in_order(limit) else {
            return Ok(());
        };
        let constraints = Constraints {
            limit: Some(limit as u64),
            order_by: vec![OrderByField {
                column_name: column.column.clone(),
                direction: OrderByDirection::DescNullsLast,
            }],
            ..Constraints::default()
        };
        let found = self.read(&constraints, self.version).await?;
        let found = self.count_if(&found, |batch, row| column.keeps(batch, row))?;
        let what = format!("ORDER BY {} DESC LIMIT {limit}", column.column);
        self.lost(Rule::LimitLosesRows, &what, &first, &found);
        Ok(())
    }

    /// Condition `> value` that at most `limit` rows satisfy, and these rows.
    fn first_in_order(&self, limit: usize) -> Option<(Condition, Rows)> {
        let columns = self
            .table
            .schema
            .fields()
            .len()
            .min(self.client.options.max_columns);
        let all = (0..columns).flat_map(|index| conditions(&self.batches, index));
        let mut above = all.filter(Condition::is_above);
        above.find_map(|condition| {
            let rows = self
                .count_if(&self.batches, |batch, row| condition.keeps(batch, row))
                .ok()?;
            (rows.len() > 0 && rows.len() <= limit).then_some((condition, rows))
        })
    }

    fn enough(&mut self, what: &str, wanted: usize, found: usize) {
        self.client.report().comparisons += 1;
        if found < wanted {
            let text = format!("{what} returns {found} rows, wanted {wanted} at least");
            self.suspect(Rule::LimitLosesRows, text, false);
        }
    }

    /// The rows in every older version that the options name.
    async fn versions(&mut self) {
        for version in [
            SerdeVersion::V1,
            SerdeVersion::V2,
            SerdeVersion::V3,
            SerdeVersion::V4,
            SerdeVersion::V5,
        ] {
            if version < self.client.options.oldest || version >= self.version {
                continue;
            }
            let name = self.table.name.clone();
            let Ok(table) = names::table(self.client, &name, version).await else {
                continue;
            };
            if table.schema.fields() != self.table.schema.fields() {
                let text = format!(
                    "GetTable in version {version} has other columns than in version {}",
                    self.version
                );
                self.client.find(Rule::VersionRows, self.subject(), text);
            }
            let Ok(found) = self.read(&Constraints::default(), version).await else {
                continue;
            };
            let (Ok(found), wanted) = (self.count(&found), self.rows.clone()) else {
                continue;
            };
            self.compare_whole(Rule::VersionRows, &format!("version {version}"), &wanted, &found);
        }
    }

    /// Reports what was suspected, as far as it does not follow from a change of the table itself.
    async fn conclude(self, is_whole: bool) -> Result<(), Failed> {
        if self.suspected.is_empty() {
            return Ok(());
        }
        let (mut has_grown, mut has_shrunk) = (false, false);
        if is_whole {
            let now = self.read(&Constraints::default(), self.version).await?;
            let now = self.count(&now)?;
            (has_grown, has_shrunk) = (now.beyond(&self.rows).is_some(), self.rows.beyond(&now).is_some());
        }
        let subject = self.subject();
        for Suspected {
            rule,
            text,
            by_growth,
        } in self.suspected
        {
            match has_shrunk || (has_grown && by_growth) {
                true => self
                    .client
                    .report()
                    .note(format!("{subject}: the table has changed meanwhile: {text}")),
                false => self.client.find(rule, &subject, text),
            }
        }
        Ok(())
    }
}

impl Condition {
    /// Whether the condition keeps a row of whole rows. A type that cannot be compared keeps none, on both sides.
    fn keeps(&self, batch: &RecordBatch, row: usize) -> bool {
        self.set
            .contains(batch.column(self.index).as_ref(), row)
            .unwrap_or(false)
    }

    fn constraints(&self) -> Constraints {
        Constraints {
            summary: [(self.column.clone(), self.set.clone())].into(),
            ..Constraints::default()
        }
    }

    /// Whether it is `> value`.
    fn is_above(&self) -> bool {
        let ValueSet::SortedRange(set) = &self.set else {
            return false;
        };
        matches!(only_range(set), Some(range) if range.low().bound() == protocol::Bound::Above
            && range.low().value().is_some() && range.high().is_upper_unbounded())
    }
}

fn only_range(set: &SortedRangeSet) -> Option<&Range> {
    match set.ranges() {
        [range] if !set.null_allowed() => Some(range),
        _ => None,
    }
}
