//! Rows in a frame.

use arrow::array::RecordBatch;
use comfy_table::{Cell, Table};
use trino_sql::OutputColumn;

use super::values::values;

/// Characters of a frame: `|` and `-` around cells, `+` where they meet, none between rows.
const FRAME: &str = "||--+-++|    ++++++";

/// Framed rows; without rows, the names of the columns only.
pub fn table(columns: &[OutputColumn], batches: &[RecordBatch]) -> String {
    let mut table = Table::new();
    table.load_preset(FRAME);
    table.set_header(columns.iter().map(|column| Cell::new(&column.name)));
    for batch in batches {
        for row in 0..batch.num_rows() {
            let values = values(batch, columns, row).zip(columns);
            let cells = values.map(|(value, column)| Cell::new(value.shown(&column.ty).unwrap_or_default()));
            table.add_row(cells);
        }
    }
    table.to_string()
}
