//! Execution of one statement: result and statistics.

use std::io::Write;
use std::time::Instant;

use super::query_line::QueryLine;
use super::terminal::Error;
use crate::athena::Athena;
use crate::output::{OutputFormat, RowWriter};

/// Printer of results.
pub(super) struct Printer<'a> {
    athena: &'a Athena,
    format: OutputFormat,
}

impl<'a> Printer<'a> {
    pub(super) fn new(athena: &'a Athena, format: OutputFormat) -> Self {
        Self { athena, format }
    }

    /// Prints rows to `out`, and statistics to standard error.
    pub(super) async fn print(&self, sql: &str, out: &mut impl Write) -> Result<(), Error> {
        let started = Instant::now();
        let mut query = self.athena.start(sql).await?;
        let mut rows = 0;
        let mut writer = RowWriter::new(out, query.columns().to_vec(), self.format);
        // Rows that are written as they come are progress enough.
        let mut line = (self.format == OutputFormat::Table).then(|| QueryLine::start(query.progress()));
        while let Some(batch) = query.next().await? {
            rows += batch.num_rows();
            writer.write(&batch)?;
        }
        line.take();
        writer.finish()?;
        eprintln!(
            "{rows} rows, {:.2} s; read {}",
            started.elapsed().as_secs_f64(),
            query.statistics()
        );
        Ok(())
    }
}
