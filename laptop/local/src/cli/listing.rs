//! Lists with a heading and aligned columns.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

/// List that grows by rows.
pub(super) struct Listing(Table);

impl Listing {
    pub(super) fn new(headings: &[&str]) -> Self {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_header(headings.iter().copied());
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self(table)
    }

    /// Aligns columns to the right, by their indexes.
    pub(super) fn align_right(&mut self, columns: &[usize]) {
        for &column in columns {
            if let Some(column) = self.0.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells);
    }
}

/// Lines without trailing blanks, the last without a line feed.
impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.0.to_string().lines().enumerate() {
            let line = line.trim_end();
            match number {
                0 => write!(f, "{line}")?,
                _ => write!(f, "\n{line}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut list = Listing::new(&["NAME", "COUNT"]);
        list.align_right(&[1]);
        list.row(["a".to_owned(), "10".to_owned()]);
        list.row(["long name".to_owned(), "5".to_owned()]);
        assert_eq!(
            list.to_string(),
            "NAME       COUNT\na             10\nlong name      5"
        );
    }
}
