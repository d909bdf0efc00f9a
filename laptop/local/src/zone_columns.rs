//! Columns of zones, which a scan returns with timestamps, so that [zones](crate::zones) reach the answer.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int16Array};
use arrow::datatypes::{DataType, TimestampMillisecondType};

/// Content of a column of a scan: the values or the zones of a column on the wire, by its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Values(usize),
    /// Zones of its timestamps.
    Zones(usize),
}

impl Shown {
    pub(crate) fn wire(self) -> usize {
        match self {
            Self::Values(place) | Self::Zones(place) => place,
        }
    }
}

/// Bits of a packed timestamp that hold the number of its zone.
const ZONE_MASK: i64 = 0xFFF;

/// Type of a column of zones: their numbers on the wire.
pub(crate) const ZONE_TYPE: DataType = DataType::Int16;

/// Name of the column of zones of the column `name`. No document has such a name.
pub(crate) fn zone_column(name: &str) -> String {
    format!("{name}\u{1f}zone")
}

/// Whether values of this type on the wire, or in SQL, have a zone.
pub(crate) fn is_zoned(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, Some(_)))
}

/// Zones of a column on the wire.
pub(crate) fn zone_array(wire: &ArrayRef) -> ArrayRef {
    let packed = wire.as_primitive::<TimestampMillisecondType>();
    let zones = packed.iter();
    // The mask leaves twelve bits.
    Arc::new(Int16Array::from_iter(
        zones.map(|packed| packed.map(|packed| (packed & ZONE_MASK) as i16)),
    ))
}
