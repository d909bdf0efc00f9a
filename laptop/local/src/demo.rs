//! Demonstration: produces orders, runs SQL over them, and compares the results with the orders.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use athena_api::NamedQuery;
use producer::{ProductTotal, Progress, Summary};

use crate::athena::{Athena, AthenaOptions, QueryProgress};
use crate::error::AthenaError;
use crate::output::table;
use crate::stack::{Orders, REGISTRY, Stack, StackError};
use crate::statistics::ScanStatistics;

/// Query of the article, as printed there.
pub const ARTICLE_QUERY: &str = "\
WITH parsed AS (
    SELECT
        order_id,
        ordered_at,
        user_id,
        CAST(json_parse(items) as ARRAY(ROW(product_id INT, quantity INT))) AS items
    FROM msk.customer.orders
)
SELECT
    order_id,
    ordered_at,
    user_id,
    items_unnested.product_id,
    items_unnested.quantity
FROM parsed
CROSS JOIN unnest(parsed.items) AS t(items_unnested)";

pub const COUNT_QUERY: &str = "SELECT count(*) AS orders FROM msk.customer.orders";

/// Query for the ten products with the largest quantity.
pub const TOP_PRODUCTS_QUERY: &str = "\
WITH parsed AS (
    SELECT CAST(json_parse(items) AS ARRAY(ROW(product_id INT, quantity INT))) AS items
    FROM msk.customer.orders
)
SELECT
    items_unnested.product_id,
    count(*) AS items,
    sum(items_unnested.quantity) AS quantity
FROM parsed
CROSS JOIN unnest(parsed.items) AS t(items_unnested)
GROUP BY items_unnested.product_id
ORDER BY quantity DESC, product_id
LIMIT 10";

const TOP_PRODUCTS: usize = 10;

/// Size of the demonstration, and how much of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    pub orders: Orders,
    pub partitions: i32,
    pub concurrency: usize,
    /// Number of rows of the article's query to print.
    pub shown_rows: usize,
}

/// Reason why the demonstration failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Stack(#[from] StackError),
    #[error(transparent)]
    Query(#[from] AthenaError),
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
    /// Results that differ from the generator's totals.
    #[error("wrong results: {}", .0.join("; "))]
    Wrong(Vec<String>),
}

/// Observer of the demonstration's long steps.
pub trait DemoObserver {
    /// Called while orders are produced.
    fn producing(&mut self, progress: Progress);
    /// Called when a query begins to read.
    fn querying(&mut self, query: QueryProgress);
    /// Called when that query's last row was read, or the query failed.
    fn queried(&mut self);
}

/// Starts everything, produces the orders and runs three queries.
///
/// # Errors
/// Also if a result differs from the totals of the orders, after all three were run.
pub async fn run(
    options: DemoOptions,
    out: &mut impl Write,
    observer: &mut dyn DemoObserver,
) -> Result<(), DemoError> {
    let started = Instant::now();
    let stack = Stack::start(options.partitions).await?;
    writeln!(
        out,
        "Kafka, Glue and S3 are up in this process ({:.1?}).",
        started.elapsed()
    )?;
    let produced = produce(&stack, options, out, |made| observer.producing(made)).await?;

    let athena = stack
        .athena(AthenaOptions {
            concurrency: options.concurrency,
            ..AthenaOptions::default()
        })
        .await?;
    let mut demo = Demo {
        athena: &athena,
        stack: &stack,
        out,
        observer,
        produced: &produced,
        wrong: Vec::new(),
    };
    demo.count().await?;
    demo.article(options.shown_rows).await?;
    demo.top_products().await?;
    let wrong = demo.wrong;
    if !wrong.is_empty() {
        return Err(DemoError::Wrong(wrong));
    }
    writeln!(out, "All three results equal the generator's totals.")?;
    Ok(())
}

async fn produce(
    stack: &Stack,
    options: DemoOptions,
    out: &mut impl Write,
    progress: impl FnMut(Progress),
) -> Result<Summary, DemoError> {
    let started = Instant::now();
    let summary = stack.produce(options.orders, progress).await?;
    let seconds = started.elapsed().as_secs_f64();
    writeln!(
        out,
        "{} orders with {} items are in topic orders, {} partitions ({seconds:.1} s, {:.0} orders/s).",
        summary.orders,
        summary.items,
        options.partitions,
        summary.orders as f64 / seconds
    )?;
    Ok(summary)
}

/// Runs queries, prints results, and collects differences.
struct Demo<'a, W> {
    athena: &'a Athena,
    stack: &'a Stack,
    out: &'a mut W,
    observer: &'a mut dyn DemoObserver,
    produced: &'a Summary,
    wrong: Vec<String>,
}

impl<W: Write> Demo<'_, W> {
    async fn count(&mut self) -> Result<(), DemoError> {
        let batches = self.ask("How many orders?", COUNT_QUERY).await?;
        let found = batches
            .first()
            .map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
        self.compare(
            "orders",
            self.produced.orders,
            found.and_then(|count| u64::try_from(count).ok()),
        );
        Ok(())
    }

    /// Streams the result, which is far larger than what is shown of it.
    async fn article(&mut self, shown_rows: usize) -> Result<(), DemoError> {
        self.title("The article's query: every item of every order", ARTICLE_QUERY)?;
        let started = Instant::now();
        let mut query = self.athena.start(ARTICLE_QUERY).await?;
        let columns = query.columns().to_vec();
        let (mut shown, mut missing) = (Vec::new(), shown_rows);
        let mut items = ItemTotals::default();
        self.observer.querying(query.progress());
        let read = loop {
            let batch = match query.next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            items.add(&batch);
            let rows = missing.min(batch.num_rows());
            if rows > 0 {
                shown.push(batch.slice(0, rows));
                missing -= rows;
            }
        };
        self.observer.queried();
        read?;
        let elapsed = started.elapsed();
        writeln!(self.out, "{}", table(&columns, &shown))?;
        writeln!(
            self.out,
            "the first {} of {} rows",
            shown_rows - missing,
            items.rows
        )?;
        self.timing(elapsed, query.statistics())?;
        self.compare("unnested rows", self.produced.items, Some(items.rows));
        if items.products != self.produced.products {
            self.wrong.push(
                "the totals of the article's query differ from those of the produced orders".to_owned(),
            );
        }
        Ok(())
    }

    async fn top_products(&mut self) -> Result<(), DemoError> {
        let batches = self
            .ask("Which ten products sold most?", TOP_PRODUCTS_QUERY)
            .await?;
        let found = products(&batches);
        let wanted = self.produced.top_by_quantity(TOP_PRODUCTS);
        self.compare("top products", wanted, Some(found));
        Ok(())
    }

    async fn ask(&mut self, title: &str, sql: &str) -> Result<Vec<RecordBatch>, DemoError> {
        self.title(title, sql)?;
        let started = Instant::now();
        let query = self.athena.start(sql).await?;
        self.observer.querying(query.progress());
        let answer = query.finish().await;
        self.observer.queried();
        let answer = answer?;
        let elapsed = started.elapsed();
        writeln!(self.out, "{}", table(&answer.columns, &answer.batches))?;
        self.timing(elapsed, answer.statistics)?;
        Ok(answer.batches)
    }

    fn title(&mut self, title: &str, sql: &str) -> io::Result<()> {
        writeln!(self.out, "\n{title}\n\n{sql}\n")
    }

    fn timing(&mut self, elapsed: Duration, statistics: ScanStatistics) -> io::Result<()> {
        let spilled_bytes = self.stack.spilled_bytes() as f64 / 1e6;
        // The next query has blocks of its own.
        self.stack.forget_spilled();
        writeln!(
            self.out,
            "{:.2} s; {statistics}, {spilled_bytes:.1} MB in S3",
            elapsed.as_secs_f64()
        )
    }

    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, wanted: T, found: Option<T>) {
        if found.as_ref() != Some(&wanted) {
            self.wrong
                .push(format!("{what}: produced {wanted:?}, found {found:?}"));
        }
    }
}

/// Totals of the rows of the article's query.
#[derive(Default)]
struct ItemTotals {
    rows: u64,
    products: BTreeMap<i32, ProductTotal>,
}

impl ItemTotals {
    fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        let product_ids = batch.column(3).as_primitive::<Int32Type>();
        let quantities = batch.column(4).as_primitive::<Int32Type>();
        for row in (0..batch.num_rows()).filter(|&row| product_ids.is_valid(row) && quantities.is_valid(row))
        {
            let total = self.products.entry(product_ids.value(row)).or_default();
            total.items += 1;
            total.quantity += u64::try_from(quantities.value(row)).unwrap_or(0);
        }
    }
}

/// Rows of the top products' query. A NULL or negative value, which the generator never makes, becomes one
/// that equals nothing.
fn products(batches: &[RecordBatch]) -> Vec<(i32, ProductTotal)> {
    let number = |column: &dyn Array, row: usize| {
        let column = column.as_primitive::<Int64Type>();
        column
            .is_valid(row)
            .then(|| u64::try_from(column.value(row)).ok())
            .flatten()
            .unwrap_or(u64::MAX)
    };
    let row = |batch: &RecordBatch, row: usize| {
        let total = ProductTotal {
            items: number(batch.column(1), row),
            quantity: number(batch.column(2), row),
        };
        let id = batch.column(0).as_primitive::<Int32Type>();
        (if id.is_valid(row) { id.value(row) } else { i32::MIN }, total)
    };
    batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(move |index| row(batch, index)))
        .collect()
}

/// The two queries of the article.
pub fn named_queries() -> Vec<NamedQuery> {
    let queries = [
        (
            "8d0c6c9e-4f5b-4b6e-9a43-6f1f0a3b7c01",
            "Every item of every order",
            "One row for each item of each order",
            ARTICLE_QUERY,
        ),
        (
            "8d0c6c9e-4f5b-4b6e-9a43-6f1f0a3b7c02",
            "The ten products that sold most",
            "By quantity, over all orders in the topic",
            TOP_PRODUCTS_QUERY,
        ),
    ];
    let named = queries.map(|(id, name, description, sql)| NamedQuery {
        id: id.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        database: REGISTRY.to_owned(),
        sql: sql.to_owned(),
    });
    named.into()
}

#[cfg(test)]
mod tests;
