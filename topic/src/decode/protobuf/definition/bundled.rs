//! Files that other compilers include, in addition to those of `google/protobuf`.
//!
//! | files | of |
//! |---|---|
//! | `google/type/*.proto` | Google's common types, <https://github.com/googleapis/googleapis/tree/master/google/type> |
//! | `google/rpc/status.proto`, `google/rpc/code.proto` | gRPC's model of errors |
//! | `confluent/meta.proto`, `confluent/type/decimal.proto` | Confluent's serializers, which name no reference for them |
//!
//! Each has the messages, fields and numbers that payloads are read by, and nothing else. Columns are those of any other
//! message: a `google.type.Money` is a ROW.

/// Text of the file that is imported by this path.
pub(super) fn text(path: &str) -> Option<String> {
    let (_, package, declarations) = FILES.into_iter().find(|(known, ..)| *known == path)?;
    Some(format!("syntax = \"proto3\"; package {package};\n{declarations}"))
}

/// Path, package, and what follows.
const FILES: [(&str, &str, &str); 21] = [
    (
        "google/type/calendar_period.proto",
        "google.type",
        "enum CalendarPeriod { CALENDAR_PERIOD_UNSPECIFIED = 0; DAY = 1; WEEK = 2; FORTNIGHT = 3; MONTH = 4; QUARTER = 5; \
         HALF = 6; YEAR = 7; }",
    ),
    (
        "google/type/color.proto",
        "google.type",
        "import \"google/protobuf/wrappers.proto\"; \
         message Color { float red = 1; float green = 2; float blue = 3; google.protobuf.FloatValue alpha = 4; }",
    ),
    (
        "google/type/date.proto",
        "google.type",
        "message Date { int32 year = 1; int32 month = 2; int32 day = 3; }",
    ),
    (
        "google/type/datetime.proto",
        "google.type",
        "import \"google/protobuf/duration.proto\"; \
         message DateTime { int32 year = 1; int32 month = 2; int32 day = 3; int32 hours = 4; int32 minutes = 5; \
         int32 seconds = 6; int32 nanos = 7; \
         oneof time_offset { google.protobuf.Duration utc_offset = 8; TimeZone time_zone = 9; } } \
         message TimeZone { string id = 1; string version = 2; }",
    ),
    (
        "google/type/dayofweek.proto",
        "google.type",
        "enum DayOfWeek { DAY_OF_WEEK_UNSPECIFIED = 0; MONDAY = 1; TUESDAY = 2; WEDNESDAY = 3; THURSDAY = 4; FRIDAY = 5; \
         SATURDAY = 6; SUNDAY = 7; }",
    ),
    (
        "google/type/decimal.proto",
        "google.type",
        "message Decimal { string value = 1; }",
    ),
    (
        "google/type/expr.proto",
        "google.type",
        "message Expr { string expression = 1; string title = 2; string description = 3; string location = 4; }",
    ),
    (
        "google/type/fraction.proto",
        "google.type",
        "message Fraction { int64 numerator = 1; int64 denominator = 2; }",
    ),
    (
        "google/type/interval.proto",
        "google.type",
        "import \"google/protobuf/timestamp.proto\"; \
         message Interval { google.protobuf.Timestamp start_time = 1; google.protobuf.Timestamp end_time = 2; }",
    ),
    (
        "google/type/latlng.proto",
        "google.type",
        "message LatLng { double latitude = 1; double longitude = 2; }",
    ),
    (
        "google/type/localized_text.proto",
        "google.type",
        "message LocalizedText { string text = 1; string language_code = 2; }",
    ),
    (
        "google/type/money.proto",
        "google.type",
        "message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }",
    ),
    (
        "google/type/month.proto",
        "google.type",
        "enum Month { MONTH_UNSPECIFIED = 0; JANUARY = 1; FEBRUARY = 2; MARCH = 3; APRIL = 4; MAY = 5; JUNE = 6; JULY = 7; \
         AUGUST = 8; SEPTEMBER = 9; OCTOBER = 10; NOVEMBER = 11; DECEMBER = 12; }",
    ),
    (
        "google/type/phone_number.proto",
        "google.type",
        "message PhoneNumber { message ShortCode { string region_code = 1; string number = 2; } \
         oneof kind { string e164_number = 1; ShortCode short_code = 2; } string extension = 3; }",
    ),
    (
        "google/type/postal_address.proto",
        "google.type",
        "message PostalAddress { int32 revision = 1; string region_code = 2; string language_code = 3; \
         string postal_code = 4; string sorting_code = 5; string administrative_area = 6; string locality = 7; \
         string sublocality = 8; repeated string address_lines = 9; repeated string recipients = 10; \
         string organization = 11; }",
    ),
    (
        "google/type/quaternion.proto",
        "google.type",
        "message Quaternion { double x = 1; double y = 2; double z = 3; double w = 4; }",
    ),
    (
        "google/type/timeofday.proto",
        "google.type",
        "message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }",
    ),
    (
        "google/rpc/code.proto",
        "google.rpc",
        "enum Code { OK = 0; CANCELLED = 1; UNKNOWN = 2; INVALID_ARGUMENT = 3; DEADLINE_EXCEEDED = 4; NOT_FOUND = 5; \
         ALREADY_EXISTS = 6; PERMISSION_DENIED = 7; RESOURCE_EXHAUSTED = 8; FAILED_PRECONDITION = 9; ABORTED = 10; \
         OUT_OF_RANGE = 11; UNIMPLEMENTED = 12; INTERNAL = 13; UNAVAILABLE = 14; DATA_LOSS = 15; \
         UNAUTHENTICATED = 16; }",
    ),
    (
        "google/rpc/status.proto",
        "google.rpc",
        "import \"google/protobuf/any.proto\"; \
         message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }",
    ),
    (
        "confluent/meta.proto",
        "confluent",
        "message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3; }",
    ),
    (
        "confluent/type/decimal.proto",
        "confluent.type",
        "message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::protobuf::definition::compile;

    #[test]
    fn every_file_compiles() {
        for (path, ..) in FILES {
            let text = text(path).unwrap();
            let compiled = compile(&text, &[]);
            assert!(compiled.is_ok(), "{path}: {}", compiled.err().unwrap());
        }
        assert_eq!(text("google/type/none.proto"), None);
    }
}
