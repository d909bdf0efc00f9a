//! An invalid `formatHint` affects its column, not the table.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{Date64Type, FieldRef, TimeUnit};

use super::*;
use crate::decode::testing::{ValueDecoder, column, hinted, sourced, table as table_of};
use crate::table::{CsvOptions, Encoding, FORMAT_HINT_KEY};

const HINT: &str = "yyyy-MM-dd b";
const REASON: &str = "format hint \"yyyy-MM-dd b\": `b` at position 11 is not a pattern letter; \
                      literal text requires single quotes";

fn number(column: &ArrayRef) -> i32 {
    column.as_primitive::<Int32Type>().value(0)
}

/// Row of a JSON column `at` with the hint, beside a number `n`.
fn read(data_type: DataType, value: &str) -> (ValueDecoder, RecordBatch) {
    let columns = vec![
        hinted("at", "at", data_type, HINT),
        column("n", "n", DataType::Int32),
    ];
    let mut decoder = ValueDecoder::new(Encoding::Json, columns);
    decoder.decode(value.as_bytes()).unwrap();
    let batch = decoder.flush();
    assert_eq!(number(batch.column(1)), 1);
    (decoder, batch)
}

/// Number of values of `at` that do not fit; it is the only column with any, because of its hint.
fn unfit(decoder: &RowDecoder) -> u64 {
    let reasons = decoder.hint_errors().iter();
    let reasons: Vec<_> = reasons
        .map(|(column, error)| (column.as_str(), error.to_string()))
        .collect();
    assert_eq!(reasons, [("at", REASON.to_owned())]);
    let errors = decoder.value_errors();
    assert!(errors.iter().all(|errors| errors.column == "at"), "{errors:?}");
    errors.iter().map(|errors| errors.values).sum()
}

#[test]
fn the_column_is_null_and_counted_and_the_others_are_read() {
    for data_type in [
        DataType::Date32,
        DataType::Date64,
        DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    ] {
        for value in [r#""2023-03-09 b""#, "1678395907", r#""""#] {
            let (decoder, batch) = read(data_type.clone(), &format!(r#"{{"n":1,"at":{value}}}"#));
            assert!(batch.column(0).is_null(0), "{data_type} {value}");
            assert_eq!(unfit(&decoder.0), 1, "{data_type} {value}");
        }
        for value in [r#"{"n":1,"at":null}"#, r#"{"n":1}"#] {
            let (decoder, _) = read(data_type.clone(), value);
            assert_eq!(unfit(&decoder.0), 0, "{value}");
        }
    }
}

#[test]
fn only_the_dates_within_nested_values_are_null() {
    let day: FieldRef = Arc::new(Field::new("day", DataType::Date32, true));
    let id: FieldRef = Arc::new(Field::new("id", DataType::Int32, true));
    let row = DataType::Struct(vec![day, id].into());
    let (decoder, batch) = read(
        DataType::List(Arc::new(Field::new_list_field(row, true))),
        r#"{"n":1,"at":[{"day":"2023-03-09","id":7},{"id":8}]}"#,
    );
    let rows = batch.column(0).as_list::<i32>().value(0);
    let rows = rows.as_struct();
    assert_eq!(rows.column(0).null_count(), 2);
    assert_eq!(rows.column(1).as_primitive::<Int32Type>().values(), &[7, 8]);
    assert_eq!(unfit(&decoder.0), 1);
}

#[test]
fn keys_csv_and_raw_values_are_the_same() {
    let mut csv = ValueDecoder::new(
        Encoding::Csv(CsvOptions::default()),
        vec![
            hinted("at", "1", DataType::Date64, HINT),
            column("n", "0", DataType::Int32),
        ],
    );
    csv.decode(b"1,2023-03-09").unwrap();
    assert_eq!(unfit(&csv.0), 1);
    assert_eq!(number(csv.flush().column(1)), 1);

    let mut raw = ValueDecoder::new(Encoding::Raw, vec![hinted("at", "", DataType::Date64, HINT)]);
    raw.decode(b"2023-03-09").unwrap();
    assert_eq!(unfit(&raw.0), 1);

    let mut at = sourced("at", "key", "at", DataType::Date64);
    at.metadata_mut()
        .insert(FORMAT_HINT_KEY.to_owned(), HINT.to_owned());
    let mut table = table_of(Encoding::Json, vec![at, column("n", "n", DataType::Int32)]);
    table.key = Some(Encoding::Json);
    let mut decoder = row_decoder(&table.schema, Some(&table)).unwrap();
    let record = Record {
        key: Some(br#"{"at":"2023-03-09"}"#),
        ..Record::of_value(br#"{"n":1}"#)
    };
    decoder.decode(&record).unwrap();
    assert_eq!((decoder.bad_keys(), unfit(&decoder)), (0, 1));
    assert_eq!(number(decoder.flush().column(1)), 1);
}

#[test]
fn dates_that_avro_tells_need_no_hint() {
    let definition = r#"{"type":"record","name":"R","fields":[
        {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"n","type":"int"}]}"#;
    let encoding = Encoding::Avro {
        definition: definition.into(),
        references: Vec::new(),
    };
    let columns = vec![
        hinted("at", "at", DataType::Date64, HINT),
        column("n", "n", DataType::Int32),
    ];
    let mut decoder = ValueDecoder::new(encoding, columns);
    decoder.decode(&[0x0e, 0x02]).unwrap();
    let batch = decoder.flush();
    assert_eq!(batch.column(0).as_primitive::<Date64Type>().value(0), 7);
    assert_eq!((number(batch.column(1)), unfit(&decoder.0)), (1, 0));
}

#[test]
fn a_request_that_describes_itself_is_read_the_same() {
    let mut described = hinted("at", "at", DataType::Date64, HINT);
    described.metadata_mut().insert("source".into(), "value".into());
    let metadata = HashMap::from([(DATA_FORMAT_KEY.to_owned(), "json".to_owned())]);
    let fields = vec![described, column("n", "n", DataType::Int32)];
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let mut decoder = row_decoder(&schema, None).unwrap();
    decoder
        .decode(&Record::of_value(br#"{"n":1,"at":"2023-03-09"}"#))
        .unwrap();
    assert_eq!(unfit(&decoder), 1);
    assert_eq!(number(decoder.flush().column(1)), 1);
}

#[test]
fn a_strict_decoder_refuses_the_value_and_says_what_is_wrong_with_the_hint() {
    let columns = vec![
        hinted("at", "at", DataType::Date64, HINT),
        column("n", "n", DataType::Int32),
    ];
    let table = table_of(Encoding::Json, columns);
    let decoder = |columns: &[usize]| {
        let schema = Arc::new(table.schema.project(columns).unwrap());
        row_decoder(&schema, Some(&table)).unwrap().strict()
    };
    let record = Record::of_value(br#"{"n":1,"at":"2023-03-09"}"#);
    let mut both = decoder(&[0, 1]);
    assert_eq!(
        both.decode(&record).unwrap_err().to_string(),
        format!("column `at`: text does not fit Date64; the column's {REASON}")
    );
    assert_eq!(both.rows(), 0);
    both.decode(&Record::of_value(br#"{"n":1}"#)).unwrap();
    // No effect if the column is not requested.
    decoder(&[1]).decode(&record).unwrap();
}

#[test]
fn a_hint_of_one_plain_meaning_gives_the_value() {
    let columns = vec![hinted("at", "at", DataType::Date64, "yyyy-MM-ddTHH:mm:ss")];
    let mut decoder = ValueDecoder::new(Encoding::Json, columns);
    decoder.decode(br#"{"n":1,"at":"2023-03-09T21:05:00"}"#).unwrap();
    assert_eq!(
        decoder.flush().column(0).as_primitive::<Date64Type>().value(0),
        1_678_395_900_000
    );
    assert_eq!(decoder.value_errors(), Vec::new());
}
