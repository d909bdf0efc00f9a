//! Types that Kafka Connect and Debezium write as numbers or texts, and name in their schemas.
//!
//! | name | column |
//! |---|---|
//! | `org.apache.kafka.connect.data.Decimal` | DECIMAL(38,s) by the parameter `scale`: a number, or base64 of the unscaled integer |
//! | `org.apache.kafka.connect.data.Date`, `io.debezium.time.Date` | DATE: days |
//! | `org.apache.kafka.connect.data.Timestamp`, `io.debezium.time.Timestamp` | TIMESTAMP: milliseconds |
//! | `io.debezium.time.MicroTimestamp`, `io.debezium.time.NanoTimestamp` | TIMESTAMP: microseconds, nanoseconds |
//!
//! The name stands in a JSON Schema as `title`, in an Avro schema as `connect.name`, and in the schema that `JsonConverter`
//! puts beside a payload as `name`. Only a column of its own has such a type: within a nested one there is no format hint
//! to read it by. Names: <https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-temporal-types>.

use arrow::datatypes::DataType;

use crate::format_hint::BASE64;

/// The type, and the format hint it is read by, of what has this name. `scale` is the parameter of that name.
pub(crate) fn named_type(name: &str, scale: Option<&str>) -> Option<(DataType, &'static str)> {
    Some(match name {
        "org.apache.kafka.connect.data.Decimal" => {
            let scale = scale?.parse().ok().filter(|scale| (0..=38).contains(scale))?;
            (DataType::Decimal128(38, scale), BASE64)
        }
        "org.apache.kafka.connect.data.Date" | "io.debezium.time.Date" => (DataType::Date32, "epoch_days"),
        "org.apache.kafka.connect.data.Timestamp" | "io.debezium.time.Timestamp" => {
            (DataType::Date64, "epoch_millis")
        }
        "io.debezium.time.MicroTimestamp" => (DataType::Date64, "epoch_micros"),
        "io.debezium.time.NanoTimestamp" => (DataType::Date64, "epoch_nanos"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_a_scale_that_a_column_can_have() {
        let decimal = |scale| named_type("org.apache.kafka.connect.data.Decimal", scale);
        assert_eq!(decimal(Some("2")), Some((DataType::Decimal128(38, 2), "base64")));
        for scale in [None, Some("-1"), Some("39"), Some("x")] {
            assert_eq!(decimal(scale), None);
        }
        assert_eq!(named_type("io.debezium.time.ZonedTimestamp", None), None);
    }
}
