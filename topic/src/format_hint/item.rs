//! Items of a compiled pattern, in the order in which a text is read.

use super::calendar::Field;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Literal(String),
    Number {
        number: Number,
        /// Set if the next item is a number, too: then only this many UTF-16 units belong to this one.
        width: Option<usize>,
    },
    Name(Name),
    Zone(ZoneStyle),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Field as written.
    Plain(Field),
    /// `y`, `Y`; two digits of one or two letters are placed in the [`Century`].
    Year { field: Field, windowed: bool },
    /// `M`, `L`: January is 1, and 0 as a field.
    Month,
    /// `u`: Monday is 1.
    IsoWeekday,
    /// `k`, `h`: an hour in which `midnight` (24 or 12) stands for 0.
    OneBasedHour { field: Field, midnight: i32 },
    /// `S`, the digits after a decimal point.
    Fraction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Era,
    Month,
    Weekday,
    AmPm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneStyle {
    /// `z` and `Z`, which differ only in formatting.
    General,
    /// `X`: `Z` or `±hh`.
    IsoHours,
    /// `XX`: `Z` or `±hhmm`.
    IsoBasic,
    /// `XXX`: `Z` or `±hh:mm`.
    IsoExtended,
}
