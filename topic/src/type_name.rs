//! Every type name a document may use.

use arrow::datatypes::DataType;

/// Every type name a document may use, in upper case. Any other name is a VARCHAR.
const TYPES: [(&str, DataType); 19] = [
    ("BOOLEAN", DataType::Boolean),
    ("BOOL", DataType::Boolean),
    ("TINYINT", DataType::Int8),
    ("SMALLINT", DataType::Int16),
    ("INT", DataType::Int32),
    ("INTEGER", DataType::Int32),
    ("INT32", DataType::Int32),
    ("BIGINT", DataType::Int64),
    ("LONG", DataType::Int64),
    ("INT64", DataType::Int64),
    ("FLOAT", DataType::Float32),
    ("DOUBLE", DataType::Float64),
    // Without precision and scale: the Java connector made it a double, and queries rely on that.
    ("DECIMAL", DataType::Float64),
    ("DATE", DataType::Date32),
    // Athena's TIMESTAMP is Arrow's date in milliseconds; a timestamp without zone is refused.
    ("TIMESTAMP", DataType::Date64),
    ("CHAR", DataType::Utf8),
    ("VARCHAR", DataType::Utf8),
    ("STRING", DataType::Utf8),
    ("", DataType::Utf8),
];

pub fn data_type(type_name: &str) -> Option<DataType> {
    let name = type_name.trim().to_uppercase();
    TYPES
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, data_type)| data_type)
}
