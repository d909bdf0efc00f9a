//! Why a hint does not compile.

use thiserror::Error;

/// A `formatHint` that cannot be compiled. Positions count characters of the hint from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatHintError {
    /// A bare letter without meaning, such as the `T` of `yyyy-MM-ddTHH:mm`.
    #[error(
        "format hint \"{hint}\": `{letter}` at position {position} is not a pattern letter; \
         literal text wants single quotes"
    )]
    UnknownLetter {
        hint: String,
        position: usize,
        letter: char,
    },
    /// Four or more `X`.
    #[error(
        "format hint \"{hint}\": letter `X` at position {position} stands {width} times; 1 to 3 are known"
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
