use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Field, Int32Type, Int64Type, TimeUnit,
    TimestampMillisecondType,
};

use crate::decode::testing::{column, hinted, sourced, table};
use crate::decode::{NoWriterSchemas, RowDecoder, RowError, TableError, ValueErrors, WriterSchemas};
use crate::record::{Headers, NoHeaders, Record, RecordTimestamp, TimestampType};
use crate::table::{Encoding, SOURCE_KEY};

/// Record with all metadata, at the very first offset.
fn record(headers: &dyn Headers) -> Record<'_> {
    Record {
        partition: 3,
        offset: 41,
        timestamp: Some(RecordTimestamp {
            millis: 1_678_352_400_123,
            kind: TimestampType::LogAppendTime,
        }),
        leader_epoch: Some(7),
        key: Some(b"key"),
        value: Some(b"{}"),
        headers,
    }
}

/// Record with nothing but its position.
fn bare() -> Record<'static> {
    Record {
        value: None,
        ..Record::of_value(b"")
    }
}

fn try_decoder(columns: Vec<Field>) -> Result<RowDecoder, TableError> {
    let mut table = table(Encoding::Json, columns);
    table.key = Some(Encoding::Json);
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    RowDecoder::try_new(&table.schema, Some(&table), &writers)
}

fn decoder(columns: Vec<Field>) -> RowDecoder {
    try_decoder(columns).unwrap()
}

/// Rows of `records` under `columns`; those without value as tombstones.
fn rows(columns: Vec<Field>, records: &[Record<'_>]) -> RecordBatch {
    let mut decoder = decoder(columns);
    for record in records {
        match record.value {
            Some(_) => decoder.decode(record).unwrap(),
            None => decoder.append_null_value(record, None).unwrap(),
        }
    }
    decoder.flush()
}

/// Values of a column of `source` for a full record and for a bare one.
fn shown(source: &str, data_type: DataType) -> ArrayRef {
    let columns = vec![sourced("c", source, "", data_type)];
    Arc::clone(rows(columns, &[record(&NoHeaders), bare()]).column(0))
}

fn texts(array: &ArrayRef) -> Vec<Option<&str>> {
    array.as_string::<i32>().iter().collect()
}

fn bytes(array: &ArrayRef) -> Vec<Option<&[u8]>> {
    array.as_binary::<i32>().iter().collect()
}

#[test]
fn shows_where_a_record_is() {
    let partition = shown("partition", DataType::Int32);
    assert_eq!(partition.as_primitive::<Int32Type>().values(), &[3, 0]);
    let offset = shown("offset", DataType::Int64);
    assert_eq!(offset.as_primitive::<Int64Type>().values(), &[41, 0]);
    let epoch = shown("leader_epoch", DataType::Int32);
    let epoch: Vec<_> = epoch.as_primitive::<Int32Type>().iter().collect();
    assert_eq!(epoch, [Some(7), None]);
}

#[test]
fn shows_when_a_record_was_and_by_whose_clock() {
    let timestamp = shown("timestamp", DataType::Date64);
    let timestamp: Vec<_> = timestamp.as_primitive::<Date64Type>().iter().collect();
    assert_eq!(timestamp, [Some(1_678_352_400_123), None]);
    let zoned = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let zoned = shown("timestamp", zoned);
    let zoned: Vec<_> = zoned.as_primitive::<TimestampMillisecondType>().iter().collect();
    assert_eq!(zoned, [Some(1_678_352_400_123 << 12), None]);
    assert_eq!(
        texts(&shown("timestamp_type", DataType::Utf8)),
        [Some("LogAppendTime"), None]
    );
    let created = Record {
        timestamp: Some(RecordTimestamp {
            millis: 0,
            kind: TimestampType::CreateTime,
        }),
        ..record(&NoHeaders)
    };
    let batch = rows(
        vec![sourced("c", "timestamp_type", "", DataType::Utf8)],
        &[created],
    );
    assert_eq!(texts(batch.column(0)), [Some("CreateTime")]);
}

#[test]
fn shows_a_records_bytes_and_how_many() {
    assert_eq!(
        bytes(&shown("raw_value", DataType::Binary)),
        [Some(b"{}".as_slice()), None]
    );
    assert_eq!(texts(&shown("raw_value", DataType::Utf8)), [Some("{}"), None]);
    assert_eq!(
        bytes(&shown("raw_key", DataType::Binary)),
        [Some(b"key".as_slice()), None]
    );
    for (source, bytes) in [("raw_value_length", 2), ("raw_key_length", 3)] {
        let length = shown(source, DataType::Int32);
        let length: Vec<_> = length.as_primitive::<Int32Type>().iter().collect();
        assert_eq!(length, [Some(bytes), None], "{source}");
    }
    let empty = Record {
        key: Some(b""),
        ..bare()
    };
    let batch = rows(
        vec![sourced("c", "raw_key_length", "", DataType::Int32)],
        &[empty],
    );
    assert!(batch.column(0).is_valid(0));
}

#[test]
fn converts_to_other_types_as_any_scalar() {
    assert_eq!(texts(&shown("offset", DataType::Utf8)), [Some("41"), Some("0")]);
    assert_eq!(
        texts(&shown("timestamp", DataType::Utf8)),
        [Some("2023-03-09 09:00:00.123"), None]
    );
    let day = shown("timestamp", DataType::Date32);
    assert_eq!(day.as_primitive::<Date32Type>().value(0), 19_425);

    let mut decoder = decoder(vec![sourced("narrow", "offset", "", DataType::Int8)]);
    for offset in [127, 128] {
        let record = Record {
            offset,
            ..record(&NoHeaders)
        };
        decoder.decode(&record).unwrap();
    }
    let errors = vec![ValueErrors {
        column: "narrow".into(),
        values: 1,
    }];
    assert_eq!(decoder.value_errors(), errors);
    let batch = decoder.flush();
    assert!(batch.column(0).is_valid(0) && batch.column(0).is_null(1));
}

fn corrupt_columns() -> Vec<Field> {
    vec![
        sourced("value_corrupt", "value_corrupt", "", DataType::Boolean),
        sourced("key_corrupt", "key_corrupt", "", DataType::Boolean),
        sourced("error", "error", "", DataType::Utf8),
        sourced("raw", "raw_value", "", DataType::Utf8),
    ]
}

fn corruption(batch: &RecordBatch) -> (Vec<Option<bool>>, Vec<Option<bool>>) {
    let flags = |index: usize| batch.column(index).as_boolean().iter().collect();
    (flags(0), flags(1))
}

#[test]
fn tells_what_did_not_decode_and_why() {
    let mut decoder = decoder(corrupt_columns());
    let bad = Record {
        value: Some(b"{"),
        key: Some(b"{"),
        ..record(&NoHeaders)
    };
    let Err(RowError::Bad(reason)) = decoder.decode(&bad) else {
        panic!("a row was made of it");
    };
    assert_eq!(decoder.rows(), 0);
    decoder
        .append_null_value(&bad, Some(&reason.to_string()))
        .unwrap();
    let good = Record {
        key: Some(b"{}"),
        ..record(&NoHeaders)
    };
    decoder.decode(&good).unwrap();
    let batch = decoder.flush();
    let expected = (vec![Some(true), Some(false)], vec![Some(true), Some(false)]);
    assert_eq!(corruption(&batch), expected);
    assert_eq!(texts(batch.column(2)), [Some(reason.to_string().as_str()), None]);
    assert_eq!(texts(batch.column(3)), [Some("{"), Some("{}")]);
    assert_eq!(decoder.bad_keys(), 1);
}

#[test]
fn a_tombstone_is_not_corrupt() {
    let batch = rows(corrupt_columns(), &[bare()]);
    assert_eq!(corruption(&batch), (vec![Some(false)], vec![Some(false)]));
    assert!(batch.column(2).is_null(0) && batch.column(3).is_null(0));
}

fn headers_type(value: DataType) -> DataType {
    let values = DataType::List(Arc::new(Field::new("item", value, true)));
    let entries = vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", values, true),
    ];
    let entries = Field::new("entries", DataType::Struct(entries.into()), false);
    DataType::Map(Arc::new(entries), false)
}

type Header<'a> = (&'a str, Option<&'a [u8]>);

/// Name with its values.
type Group = (String, Vec<Option<Vec<u8>>>);

/// Names with their values, of each row.
fn maps(batch: &RecordBatch) -> Vec<Vec<Group>> {
    let maps = batch.column(0).as_map();
    let entries = (0..maps.len()).map(|row| {
        let entries = maps.value(row);
        let (names, lists) = (entries.column(0).as_string::<i32>(), entries.column(1));
        let lists = lists.as_list::<i32>();
        let entry = |index: usize| {
            let values = lists.value(index);
            let values = values.as_binary::<i32>().iter();
            let values = values.map(|value| value.map(<[u8]>::to_vec)).collect();
            (names.value(index).to_owned(), values)
        };
        (0..names.len()).map(entry).collect()
    });
    entries.collect()
}

#[test]
fn gathers_headers_by_name_in_the_order_they_came() {
    let some: [Header<'_>; 5] = [
        ("trace", Some(b"1")),
        ("b", None),
        ("a", Some(b"")),
        ("trace", Some(b"\xff")),
        ("b", Some(b"2")),
    ];
    let mut decoder = decoder(vec![sourced("h", "headers", "", headers_type(DataType::Binary))]);
    decoder.decode(&record(&some.as_slice())).unwrap();
    decoder.decode(&record(&NoHeaders)).unwrap();
    decoder.decode(&record(&&some[..1])).unwrap();
    let trace = |values: &[&[u8]]| {
        let values = values.iter().map(|value| Some(value.to_vec()));
        ("trace".to_owned(), values.collect())
    };
    let first = vec![
        trace(&[b"1", b"\xff"]),
        ("b".to_owned(), vec![None, Some(b"2".to_vec())]),
        ("a".to_owned(), vec![Some(vec![])]),
    ];
    let batch = decoder.flush();
    assert_eq!(maps(&batch), [first, vec![], vec![trace(&[b"1"])]]);
    assert_eq!(batch.column(0).null_count(), 0);
}

#[test]
fn headers_may_be_read_as_text() {
    let headers: [Header<'_>; 1] = [("a", Some("grün".as_bytes()))];
    let batch = rows(
        vec![sourced("h", "headers", "", headers_type(DataType::Utf8))],
        &[record(&headers.as_slice())],
    );
    let lists = batch.column(0).as_map().value(0);
    let values = lists.column(1).as_list::<i32>().value(0);
    assert_eq!(texts(&values), [Some("grün")]);
}

/// Values of a column of header `n` for a record with these values for it, and others.
fn header(data_type: DataType, values: &[Option<&[u8]>]) -> (ArrayRef, u64) {
    let named = values.iter().map(|value| ("n", *value));
    let other: Header<'_> = ("N", Some(b"other"));
    let headers: Vec<Header<'_>> = named.chain([other]).collect();
    let mut decoder = decoder(vec![sourced("c", "header", "n", data_type)]);
    decoder.decode(&record(&headers.as_slice())).unwrap();
    let misfits = decoder.value_errors().iter().map(|errors| errors.values).sum();
    (Arc::clone(decoder.flush().column(0)), misfits)
}

#[test]
fn shows_the_last_header_of_a_name() {
    let (text, _) = header(DataType::Utf8, &[Some(b"1"), Some(b"2")]);
    assert_eq!(texts(&text), [Some("2")]);
    let (raw, _) = header(DataType::Binary, &[Some(b"\xff\x00")]);
    assert_eq!(bytes(&raw), [Some(b"\xff\x00".as_slice())]);
    let (lossy, _) = header(DataType::Utf8, &[Some(b"\xff")]);
    assert_eq!(texts(&lossy), [Some("\u{fffd}")]);
    for absent in [&[][..], &[Some(b"1".as_slice()), None]] {
        let (null, misfits) = header(DataType::Utf8, absent);
        assert!(null.is_null(0) && misfits == 0, "{absent:?}");
    }
}

#[test]
fn reads_numbers_and_dates_from_a_headers_text() {
    let (number, _) = header(DataType::Int64, &[Some(b"-12")]);
    assert_eq!(number.as_primitive::<Int64Type>().value(0), -12);
    let (decimal, _) = header(DataType::Decimal128(9, 2), &[Some(b"1.5")]);
    assert_eq!(decimal.as_primitive::<Decimal128Type>().value(0), 150);
    let (flag, _) = header(DataType::Boolean, &[Some(b"true")]);
    assert!(flag.as_boolean().value(0));
    for misfit in [b"x".as_slice(), b"\xff"] {
        let (null, misfits) = header(DataType::Int64, &[Some(misfit)]);
        assert!(null.is_null(0) && misfits == 1, "{misfit:?}");
    }

    let field = hinted("c", "day", DataType::Date32, "dd.MM.yyyy");
    let mut metadata = field.metadata().clone();
    metadata.insert(SOURCE_KEY.to_owned(), "header".to_owned());
    let headers: [Header<'_>; 1] = [("day", Some(b"09.03.2023"))];
    let batch = rows(
        vec![field.with_metadata(metadata)],
        &[record(&headers.as_slice())],
    );
    assert_eq!(batch.column(0).as_primitive::<Date32Type>().value(0), 19_425);
}

#[test]
fn a_strict_decoder_refuses_what_does_not_fit_and_keeps_no_part_of_it() {
    let columns = vec![
        column("v", "v", DataType::Int32),
        sourced("k", "key", "k", DataType::Int32),
        sourced("n", "header", "n", DataType::Int32),
    ];
    let mut decoder = decoder(columns).strict();
    let bad: [Header<'_>; 1] = [("n", Some(b"x"))];
    let good: [Header<'_>; 1] = [("n", Some(b"3"))];
    for headers in [bad.as_slice(), good.as_slice()] {
        let record = Record {
            value: Some(br#"{"v": 1}"#),
            key: Some(br#"{"k": 2}"#),
            ..record(&headers)
        };
        match decoder.decode(&record) {
            Ok(()) => assert_eq!(headers, good),
            Err(error) => assert_eq!(error.to_string(), "column `n`: text does not fit Int32"),
        }
    }
    assert_eq!((decoder.rows(), decoder.value_errors()), (1, vec![]));
    let batch = decoder.flush();
    let values: Vec<_> = (0..3)
        .map(|index| batch.column(index).as_primitive::<Int32Type>().value(0))
        .collect();
    assert_eq!((batch.num_rows(), values), (1, vec![1, 2, 3]));
}

#[test]
fn says_which_source_a_type_cannot_show() {
    let list = DataType::List(Arc::new(Field::new("item", DataType::Int64, true)));
    for (source, data_type, message) in [
        ("offset", list, "column `c`: source offset cannot be read as List"),
        (
            "error",
            DataType::UInt8,
            "column `c`: source error cannot be read as UInt8",
        ),
        (
            "headers",
            DataType::Utf8,
            "column `c`: source headers cannot be read as Utf8",
        ),
        (
            "headers",
            headers_type(DataType::Int64),
            "column `c`: source headers cannot be read as Map",
        ),
    ] {
        let columns = vec![sourced("c", source, "", data_type)];
        let Err(error) = try_decoder(columns) else {
            panic!("{source} was accepted");
        };
        assert!(error.to_string().starts_with(message), "{error}");
    }
}
