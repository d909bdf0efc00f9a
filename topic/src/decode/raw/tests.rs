use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
};
use arrow::datatypes::{DataType, Field};
use arrow::util::display::array_value_to_string;
use proptest::prelude::*;

use super::*;
use crate::decode::testing::{ValueDecoder, column, hinted};
use crate::table::Encoding;

/// Value of a payload in one column, and whether it was counted as a misfit.
fn read_field(field: Field, payload: &[u8]) -> (Option<String>, u64) {
    let mut decoder = ValueDecoder::new(Encoding::Raw, vec![field]);
    decoder.decode(payload).unwrap();
    let errors = decoder.value_errors().first().map_or(0, |errors| errors.values);
    let batch = decoder.flush();
    let value = batch.column(0);
    (
        value
            .is_valid(0)
            .then(|| array_value_to_string(value, 0).unwrap()),
        errors,
    )
}

fn read(data_type: DataType, mapping: &str, payload: &[u8]) -> (Option<String>, u64) {
    read_field(column("v", mapping, data_type), payload)
}

fn fits(shown: &str) -> (Option<String>, u64) {
    (Some(shown.to_owned()), 0)
}

const MISFIT: (Option<String>, u64) = (None, 1);

#[test]
fn reads_what_kafkas_serializers_write() {
    use DataType::{Binary, Boolean, Date64, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Utf8};
    for (data_type, payload, shown) in [
        (Utf8, "é".as_bytes(), "é"),
        (Utf8, b"", ""),
        (Utf8, b"a\xff", "a\u{fffd}"),
        (Binary, b"\x00\xff", "00ff"),
        (Binary, b"", ""),
        (Int8, b"\xff", "-1"),
        (Int16, b"\x01\x02", "258"),
        (Int32, b"\xff\xff\xff\xfe", "-2"),
        (Int64, b"\x00\x00\x00\x01\x00\x00\x00\x00", "4294967296"),
        (Float32, b"\x3f\xc0\x00\x00", "1.5"),
        (Float64, b"\xbf\xf8\x00\x00\x00\x00\x00\x00", "-1.5"),
        (Boolean, b"\x00", "false"),
        (Boolean, b"\x01", "true"),
        (DataType::Date32, b"2023-03-09", "2023-03-09"),
        (Date64, b"2023-03-09 21:05:00", "2023-03-09T21:05:00"),
        (Decimal128(4, 2), b"-1.5", "-1.50"),
        (
            DataType::List(Arc::new(Field::new("item", Int32, true))),
            b"[1, 2]",
            "[1, 2]",
        ),
    ] {
        assert_eq!(read(data_type.clone(), "", payload), fits(shown), "{data_type}");
    }
}

#[test]
fn bytes_of_another_length_or_meaning_are_misfits() {
    for (data_type, payloads) in [
        (DataType::Boolean, ["", "\u{2}", "\0\0"]),
        (DataType::Int8, ["", "ab", "abcd"]),
        (DataType::Int16, ["", "a", "abc"]),
        (DataType::Int32, ["", "abc", "abcde"]),
        (DataType::Int64, ["", "abcd", "abcdefghi"]),
        (DataType::Float32, ["", "abc", "abcdefgh"]),
        (DataType::Float64, ["", "abcd", "abcdefghi"]),
        (DataType::Date32, ["", "soon", "\0\0\0\0"]),
        (DataType::Date64, ["", "soon", "\0\0\0\0\0\0\0\0"]),
        (DataType::Decimal128(4, 2), ["", "x", "100"]),
        (
            DataType::List(Arc::new(Field::new("item", DataType::Int32, true))),
            ["", "{}", "[1"],
        ),
    ] {
        for payload in payloads {
            assert_eq!(
                read(data_type.clone(), "", payload.as_bytes()),
                MISFIT,
                "{payload:?} as {data_type}"
            );
        }
    }
}

#[test]
fn reads_dates_by_the_columns_format() {
    let day = hinted("v", "", DataType::Date32, "yyyyMMdd");
    assert_eq!(read_field(day, b"20230309"), fits("2023-03-09"));
    let instant = hinted("v", "", DataType::Date64, "epoch_seconds");
    assert_eq!(read_field(instant, b"1"), fits("1970-01-01T00:00:01"));
}

#[test]
fn a_mapping_takes_a_range_of_bytes() {
    let payload = b"\x00\x00\x00\x07abc";
    assert_eq!(read(DataType::Int32, "0", payload), fits("7"));
    assert_eq!(read(DataType::Int32, "0:4", payload), fits("7"));
    assert_eq!(read(DataType::Int8, "3", payload), fits("7"));
    assert_eq!(read(DataType::Utf8, "4", payload), fits("abc"));
    assert_eq!(read(DataType::Utf8, "4:6", payload), fits("ab"));
    assert_eq!(read(DataType::Utf8, "5:5", payload), fits(""));
    assert_eq!(read(DataType::Utf8, "7", payload), fits(""));
    assert_eq!(read(DataType::Binary, "2:5", payload), fits("000761"));
}

#[test]
fn a_range_beyond_the_payload_is_a_misfit() {
    for (data_type, mapping) in [
        (DataType::Utf8, "4"),
        (DataType::Utf8, "0:4"),
        (DataType::Binary, "18446744073709551615"),
        (DataType::Int16, "2"),
        (DataType::Int16, "0:3"),
        (DataType::Int32, "0"),
    ] {
        assert_eq!(
            read(data_type.clone(), mapping, b"abc"),
            MISFIT,
            "{mapping} as {data_type}"
        );
    }
}

#[test]
fn refuses_a_mapping_that_is_no_range() {
    for mapping in [
        "x",
        "a.b",
        "-1",
        "+1",
        "1:",
        ":1",
        "2:1",
        "1:2:3",
        " 1",
        "18446744073709551616",
    ] {
        let field = column("v", mapping, DataType::Utf8);
        let column = Column::resolve(&field, None).unwrap();
        let error = RawDecoder::new(&[column]).err().unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "raw schema: column `v` is mapped to `{mapping}`, wanted an empty mapping, a byte offset or `start:end`"
            )
        );
    }
}

proptest! {
    #[test]
    fn every_number_reads_what_was_written(
        byte: i8, short: i16, int: i32, long: i64, float: f32, double: f64, boolean: bool,
    ) {
        let numbers: [(ArrayRef, Vec<u8>); 7] = [
            (Arc::new(Int8Array::from(vec![byte])), byte.to_be_bytes().to_vec()),
            (Arc::new(Int16Array::from(vec![short])), short.to_be_bytes().to_vec()),
            (Arc::new(Int32Array::from(vec![int])), int.to_be_bytes().to_vec()),
            (Arc::new(Int64Array::from(vec![long])), long.to_be_bytes().to_vec()),
            (Arc::new(Float32Array::from(vec![float])), float.to_be_bytes().to_vec()),
            (Arc::new(Float64Array::from(vec![double])), double.to_be_bytes().to_vec()),
            (Arc::new(BooleanArray::from(vec![boolean])), vec![boolean.into()]),
        ];
        for (array, payload) in numbers {
            let padded = [b"head", payload.as_slice(), b"tail"].concat();
            let range = format!("4:{}", 4 + payload.len());
            for (mapping, payload) in [("", &payload), ("4", &padded), (&range, &padded)] {
                let mut decoder = ValueDecoder::new(Encoding::Raw, vec![column("v", mapping, array.data_type().clone())]);
                decoder.decode(payload).unwrap();
                let batch = decoder.flush();
                prop_assert_eq!(batch.column(0), &array);
            }
        }
    }

    #[test]
    fn texts_and_bytes_read_what_was_written(text: String, bytes: Vec<u8>) {
        prop_assert_eq!(read(DataType::Utf8, "", text.as_bytes()), fits(&text));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(read(DataType::Binary, "", &bytes), fits(&hex));
    }

    #[test]
    fn any_payload_is_a_row(payload: Vec<u8>, mapping in "|[0-9]|[0-4]:[5-9]") {
        let types = [DataType::Utf8, DataType::Binary, DataType::Boolean, DataType::Int32, DataType::Float64,
            DataType::Date64, DataType::Decimal128(38, 10), DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))];
        let columns = types.into_iter().enumerate().map(|(at, data_type)| column(&at.to_string(), &mapping, data_type));
        let mut decoder = ValueDecoder::new(Encoding::Raw, columns.collect());
        decoder.decode(&payload).unwrap();
        prop_assert_eq!(decoder.flush().num_rows(), 1);
    }
}
