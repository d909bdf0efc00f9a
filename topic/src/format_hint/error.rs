//! Errors of hints.

use thiserror::Error;

/// `formatHint` that cannot be compiled. Positions count characters of the hint from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatHintError {
    /// An unquoted letter without meaning, such as the `T` of `yyyy-MM-ddTHH:mm`.
    #[error(
        "format hint \"{hint}\": `{letter}` at position {position} is not a pattern letter; \
         literal text requires single quotes"
    )]
    UnknownLetter {
        hint: String,
        position: usize,
        letter: char,
    },
    /// Four or more `X`.
    #[error(
        "format hint \"{hint}\": letter `X` at position {position} is repeated {width} times, wanted 1 to 3"
    )]
    ZoneTooWide {
        hint: String,
        position: usize,
        width: usize,
    },
    /// A quoted text without its end.
    #[error("format hint \"{hint}\": the quote `'` at position {position} is not closed")]
    UnterminatedQuote { hint: String, position: usize },
}
