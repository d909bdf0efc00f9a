//! Decimals of more digits than a column of decimals has.

use proptest::prelude::*;

use super::resolution::{Writer, resolve};
use super::types::data_type;
use super::*;
use crate::decode::RowDecoder;
use crate::decode::testing::{sourced, table};
use crate::record::Record;

fn decimal_of(precision: usize, scale: usize) -> String {
    format!(r#"{{"type": "bytes", "logicalType": "decimal", "precision": {precision}, "scale": {scale}}}"#)
}

fn fixed_of(size: usize, precision: usize, scale: usize) -> String {
    format!(
        r#"{{"type": "fixed", "name": "D", "size": {size}, "logicalType": "decimal", "precision": {precision}, "scale": {scale}}}"#
    )
}

/// Bytes after their length.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    encoded(r#""bytes""#, Avro::Bytes(bytes.to_vec()))
}

/// 10^37 at scale 2.
const LARGE: [u8; 17] = [
    0x02, 0xf0, 0x50, 0xfe, 0x93, 0x89, 0x43, 0xac, 0xc4, 0x5f, 0x65, 0x56, 0x80, 0, 0, 0, 0,
];

fn read(of: &str, datum: &[u8], column_type: Option<DataType>) -> (Json, u64) {
    let schema = record(&format!(r#""id": "int", "price": {of}"#));
    let columns = match column_type {
        Some(data_type) => vec![
            column("id", "id", DataType::Int32),
            column("price", "price", data_type),
        ],
        None => fields(&schema).unwrap(),
    };
    let mut decoder = declared(&schema, columns);
    decoder.decode(&[&[2], datum].concat()).unwrap();
    let misfits = decoder.value_errors().iter().map(|errors| errors.values).sum();
    let row = rows(&decoder.flush()).remove(0);
    assert_eq!(row["id"], 1);
    (row["price"].clone(), misfits)
}

#[test]
fn are_text_with_all_their_digits_unless_a_document_has_a_type() {
    let of = decimal_of(64, 2);
    assert_eq!(data_type(&of), DataType::Utf8);
    let decimal = |precision, scale| DataType::Decimal128(precision, scale);
    let large = "10000000000000000000000000000000000000.00";
    for (value, to, wanted) in [
        (&[4, 0xd2][..], None, json!("12.34")),
        (&[0xff, 0x9c], None, json!("-1.00")),
        (&[0], None, json!("0.00")),
        (&LARGE, None, json!(large)),
        (&[4, 0xd2], Some(DataType::Utf8), json!("12.34")),
        (&LARGE, Some(DataType::Utf8), json!(large)),
        (&[4, 0xd2], Some(decimal(38, 2)), json!("12.34")),
        (&[4, 0xd2], Some(decimal(12, 1)), json!("12.3")),
        (&[4, 0xd2], Some(DataType::Float64), json!("12.34")),
        (&LARGE, Some(DataType::Float64), json!("1e37")),
        (
            &LARGE,
            Some(decimal(38, 0)),
            json!("10000000000000000000000000000000000000"),
        ),
        (&[0xff, 0x9c], Some(DataType::Int64), json!(-1)),
        (&[0xff, 0x9c], Some(DataType::Binary), json!("/5w=")),
    ] {
        assert_eq!(
            read(&of, &bytes(value), to.clone()),
            (wanted, 0),
            "{value:?} as {to:?}"
        );
    }
    for to in [
        decimal(38, 2),
        decimal(12, 2),
        decimal(38, 38),
        DataType::Int64,
        DataType::Boolean,
        DataType::Date32,
    ] {
        assert_eq!(
            read(&of, &bytes(&LARGE), Some(to.clone())),
            (Json::Null, 1),
            "{to}"
        );
    }
    assert_eq!(read(&of, &bytes(&[]), None), (Json::Null, 1));
}

#[test]
fn may_be_fixed_or_null_or_parts_of_others() {
    let of = fixed_of(17, 64, 2);
    let large = json!("10000000000000000000000000000000000000.00");
    assert_eq!(read(&of, &LARGE, None), (large.clone(), 0));
    let nullable = format!(r#"["null", {of}]"#);
    assert_eq!(
        read(&nullable, &[&[2], &LARGE[..]].concat(), None),
        (large.clone(), 0)
    );
    assert_eq!(read(&nullable, &[0], None), (Json::Null, 0));
    let array = format!(r#"{{"type": "array", "items": {of}}}"#);
    let map = format!(r#"{{"type": "map", "values": {of}}}"#);
    let items = [&[2], &LARGE[..], &[0]].concat();
    let entries = [&[2, 2, b'k'], &LARGE[..], &[0]].concat();
    assert_eq!(read(&array, &items, None), (json!([large]), 0));
    assert_eq!(read(&map, &entries, None), (json!({"k": large}), 0));
    assert_eq!(
        read(&map, &entries, Some(DataType::Utf8)),
        (json!(r#"{"k":10000000000000000000000000000000000000.00}"#), 0)
    );
}

#[test]
fn may_have_as_many_digits_after_the_point() {
    let of = decimal_of(127, 127);
    let one = num_bytes("1", 127);
    let text = format!("1.{}", "0".repeat(127));
    assert_eq!(read(&of, &bytes(&one), None), (json!(text), 0));
    assert_eq!(read(&of, &bytes(&one), Some(DataType::Int32)), (json!(1), 0));
    assert_eq!(
        read(&of, &bytes(&one), Some(DataType::Decimal128(5, 2))),
        (json!("1.00"), 0)
    );
    assert_eq!(
        read(&of, &bytes(&[5]), None),
        (json!(format!("0.{}5", "0".repeat(126))), 0)
    );
    assert_eq!(
        read(&of, &bytes(&[0xff]), None),
        (json!(format!("-0.{}1", "0".repeat(126))), 0)
    );
    assert_eq!(
        read(&of, &bytes(&[5]), Some(DataType::Decimal128(5, 2))),
        (json!("0.00"), 0)
    );
    assert_eq!(read(&of, &bytes(&[5]), Some(DataType::Int32)), (Json::Null, 1));
    // A negative zero does not exist.
    assert_eq!(read(&of, &bytes(&[0]), Some(DataType::Int32)), (json!(0), 0));
}

#[test]
fn may_be_keys() {
    let schema = record(&format!(r#""k": {}"#, decimal_of(64, 2)));
    let columns = vec![
        sourced("k", "key", "k", DataType::Utf8),
        column("v", "v", DataType::Int32),
    ];
    let definition = record(r#""v": "int""#);
    let mut table = table(
        Encoding::Avro {
            definition,
            references: Vec::new(),
        },
        columns,
    );
    table.key = Some(Encoding::Avro {
        definition: schema,
        references: Vec::new(),
    });
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    let mut decoder = RowDecoder::try_new(&table.schema, Some(&table), &writers).unwrap();
    let key = bytes(&[4, 0xd2]);
    let record = Record {
        key: Some(&key),
        ..Record::of_value(&[6])
    };
    decoder.decode(&record).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"k": "12.34", "v": 3})]);
}

#[test]
fn have_the_scale_of_their_writer() {
    let of = |scale| record(&format!(r#""a": {}"#, decimal_of(64, scale)));
    assert_eq!(
        resolve(&of(3), &of(2), &bytes(&[4, 0xd2])),
        Ok((json!({"a": "1.234"}), 0))
    );
    let narrow = record(&format!(r#""a": {}"#, decimal_of(12, 2)));
    assert_eq!(
        resolve(&of(3), &narrow, &bytes(&[4, 0xd2])),
        Ok((json!({"a": "1.23"}), 0))
    );
    assert_eq!(
        resolve(&of(2), &narrow, &bytes(&LARGE)),
        Ok((json!({"a": null}), 1))
    );
}

#[test]
fn of_more_than_a_thousand_digits_are_bytes() {
    assert_eq!(data_type(&decimal_of(1000, 1000)), DataType::Utf8);
    assert_eq!(data_type(&decimal_of(1001, 0)), DataType::Binary);
    assert_eq!(
        data_type(&decimal_of(4_000_000_000, 4_000_000_000)),
        DataType::Binary
    );
    let of = decimal_of(1000, 1000);
    let longest = [&[0x7f][..], &[0xff; 415]].concat();
    let (text, misfits) = read(&of, &bytes(&longest), None);
    assert_eq!((text.as_str().map(str::len), misfits), (Some(1003), 0));
    let filled = [&[0; 900][..], &longest].concat();
    assert_eq!(read(&of, &bytes(&filled), None), (text, 0));
    let longer = [&[0x7f][..], &[0xff; 416]].concat();
    assert_eq!(read(&of, &bytes(&longer), None), (Json::Null, 1));
}

#[test]
fn take_no_more_memory_than_a_row_may_add() {
    let array = record(&format!(
        r#""a": {{"type": "array", "items": {}}}"#,
        decimal_of(1000, 1000)
    ));
    let datum = |count: i64| {
        let items = [2, 5].repeat(count as usize);
        [encoded(r#""long""#, Avro::Long(count)), items, vec![0]].concat()
    };
    let mut decoder = derived(&array);
    decoder.decode(&datum(1000)).unwrap();
    decoder.decode(&datum(100_000)).unwrap_err();
    assert_eq!(decoder.rows(), 1);
}

#[test]
fn are_read_by_plans_of_other_writers_too() {
    let reader = record(&format!(r#""p": ["null", {}]"#, decimal_of(64, 2)));
    let columns = vec![column("p", "p", DataType::Decimal128(38, 2))];
    let writers = Arc::new(Writer(record(&format!(r#""p": {}"#, fixed_of(2, 4, 2)))));
    let mut decoder = with_writers(&reader, columns, writers);
    decoder.decode(&[0, 0, 0, 0, 1, 4, 0xd2]).unwrap();
    assert_eq!(rows(&decoder.flush()), [json!({"p": "12.34"})]);
}

/// Two's complement of the digits followed by this many zeros.
fn num_bytes(digits: &str, zeros: usize) -> Vec<u8> {
    let mut bytes = vec![0_u8];
    for digit in digits.bytes().chain(std::iter::repeat_n(b'0', zeros)) {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            let value = u32::from(*byte) * 10 + carry;
            (*byte, carry) = (value as u8, value >> 8);
        }
        if carry > 0 || bytes[0] >= 0x80 {
            bytes.insert(0, carry as u8);
        }
    }
    bytes
}

proptest! {
    #[test]
    fn show_every_digit(digits in "[1-9][0-9]{0,120}", scale in 0_usize..=127, negative: bool) {
        let mut bytes = num_bytes(&digits, 0);
        if negative {
            for byte in &mut bytes {
                *byte = !*byte;
            }
            for byte in bytes.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        let sign = if negative { "-" } else { "" };
        let wanted = match scale {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{fraction}"),
        };
        prop_assert_eq!(decimal::twos_complement_text(&bytes, scale as u32), wanted.clone());
        let (shown, misfits) = read(&decimal_of(200, scale), &super::decimals::bytes(&bytes), None);
        prop_assert_eq!((shown, misfits), (json!(wanted), 0));
    }
}
