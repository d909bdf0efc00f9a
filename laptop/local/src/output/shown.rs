//! Cells for people: one line each, without characters that control a terminal.

use std::fmt::Write;

use trino_sql::Type;
use unicode_width::UnicodeWidthChar;

use super::cells::Cells;

/// What is cut off a text.
pub(super) const CUT: char = '…';

/// Appends the text of a cell, NULL as `null`.
pub(super) fn push_cell(cells: &Cells<'_>, null: &str, row: usize, scratch: &mut Vec<u8>, out: &mut String) {
    if cells.is_null(row) {
        return out.push_str(null);
    }
    scratch.clear();
    cells.push_text(row, scratch);
    push_line(&String::from_utf8_lossy(scratch), out);
}

/// Appends a text with its control characters escaped: `\n`, `\t`, `\x1b`.
pub(super) fn push_line(text: &str, out: &mut String) {
    if !text.chars().any(char::is_control) {
        return out.push_str(text);
    }
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a text cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// Columns of a terminal that a text takes.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Appends a text in a column: padded to the width, on the left if `right`, or cut to it.
pub(super) fn push_padded(text: &str, wanted: usize, right: bool, cut: bool, out: &mut String) {
    let found = width(text);
    if found > wanted && cut {
        return push_cut(text, wanted, out);
    }
    let blanks = wanted.saturating_sub(found);
    if right {
        out.extend(std::iter::repeat_n(' ', blanks));
    }
    out.push_str(text);
    if !right {
        out.extend(std::iter::repeat_n(' ', blanks));
    }
}

/// Appends the beginning of a text, `…` after it.
fn push_cut(text: &str, wanted: usize, out: &mut String) {
    let mut left = wanted.saturating_sub(1);
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        out.push(c);
    }
    out.push(CUT);
    out.extend(std::iter::repeat_n(' ', left));
}

pub(super) fn is_number(ty: &Type) -> bool {
    matches!(
        ty,
        Type::TinyInt
            | Type::SmallInt
            | Type::Integer
            | Type::BigInt
            | Type::Real
            | Type::Double
            | Type::Decimal(..)
    )
}

/// A number with commas between its thousands.
pub(super) fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_the_columns_it_takes() {
        let cut = |text: &str, wanted| {
            let mut out = String::new();
            push_padded(text, wanted, false, true, &mut out);
            out
        };
        assert_eq!(cut("abc", 5), "abc  ");
        assert_eq!(cut("abcde", 5), "abcde");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日… ");
        assert_eq!(cut("日本語", 8), "日本語  ");
    }

    #[test]
    fn what_controls_a_terminal_is_escaped() {
        let mut out = String::new();
        push_line("a\nb\t\u{1b}[31mc\u{9b}", &mut out);
        assert_eq!(out, "a\\nb\\t\\x1b[31mc\\x9b");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(
            [0, 999, 1_000, 199_960, 1_234_567].map(with_commas),
            ["0", "999", "1,000", "199,960", "1,234,567"]
        );
    }
}
