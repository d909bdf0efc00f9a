use std::sync::Arc;

use ::csv::{QuoteStyle, WriterBuilder};
use arrow::array::{Array, AsArray, ListArray};
use arrow::datatypes::{DataType, Field, Int32Type};
use arrow::util::display::array_value_to_string;
use proptest::prelude::*;

use super::*;
use crate::decode::json::testing::{Sample, sample};
use crate::decode::testing::{ValueDecoder, column, hinted};
use crate::table::Encoding;

fn decoder(options: &CsvOptions, columns: Vec<Field>) -> ValueDecoder {
    ValueDecoder::new(Encoding::Csv(options.clone()), columns)
}

/// First four fields of a record as texts.
fn texts_by(options: &CsvOptions, record: &[u8]) -> Vec<Option<String>> {
    let columns = ["0", "1", "2", "3"].map(|index| column(index, index, DataType::Utf8));
    let mut decoder = decoder(options, columns.to_vec());
    decoder.decode(record).unwrap();
    assert!(decoder.value_errors().is_empty());
    let batch = decoder.flush();
    let values = batch
        .columns()
        .iter()
        .map(|column| column.as_string::<i32>().iter().next().flatten());
    values.map(|value| value.map(str::to_owned)).collect()
}

/// Texts of the record up to the last that exists.
fn present(options: &CsvOptions, record: &str) -> Vec<String> {
    let mut texts = texts_by(options, record.as_bytes());
    while texts.pop_if(|text| text.is_none()).is_some() {}
    texts.into_iter().map(Option::unwrap).collect()
}

fn texts(record: &str) -> Vec<String> {
    present(&CsvOptions::default(), record)
}

/// Value of a record's first field in a column of this type, and whether it was counted as a misfit.
fn read(data_type: DataType, record: &str) -> (Option<String>, u64) {
    let mut decoder = decoder(&CsvOptions::default(), vec![column("v", "0", data_type)]);
    decoder.decode(record.as_bytes()).unwrap();
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

fn reason(options: &CsvOptions, record: &str) -> String {
    let mut decoder = decoder(options, vec![]);
    decoder.decode(record.as_bytes()).unwrap_err().to_string()
}

fn list_of_ints() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Int32, true)))
}

#[test]
fn divides_a_record_by_the_rules_of_the_table() {
    for (record, wanted) in [
        ("a,b,c,d,e", vec!["a", "b", "c", "d"]),
        ("a", vec!["a"]),
        ("", vec![""]),
        (",", vec!["", ""]),
        ("x,,y", vec!["x", "", "y"]),
        ("x,1,", vec!["x", "1", ""]),
        (",,", vec!["", "", ""]),
        ("x, 1 ,\ty\u{1}", vec!["x", "1", "y"]),
        ("  ,\u{a0}b", vec!["", "\u{a0}b"]),
        ("\"a,b\",1", vec!["a,b", "1"]),
        ("\"say \"\"hi\"\"\",\"\"", vec!["say \"hi\"", ""]),
        ("\"\"\"\"", vec!["\""]),
        ("\" a \", \"b \" ,c", vec![" a ", "b ", "c"]),
        ("\"a\" b \"c\" ,d", vec!["a b \"c\"", "d"]),
        ("\"a\"\"", vec![]),
        ("a\"b,c\"", vec!["a\"b", "c\""]),
        ("a \"b,c\"", vec!["a \"b", "c\""]),
        ("\"a\r\nb\",c", vec!["a\r\nb", "c"]),
        ("a\nb,c\r\nd,e", vec!["a\nb", "c\r\nd", "e"]),
        ("a,b\r\n", vec!["a", "b"]),
        ("a,\"b\"\n", vec!["a", "b"]),
        ("\n", vec![""]),
        ("\u{feff}a,b", vec!["a", "b"]),
        ("\u{feff}\u{feff}\"a\",b", vec!["a", "b"]),
        ("\u{feff}", vec![""]),
        ("ä,\"ö,ü\"", vec!["ä", "ö,ü"]),
        ("a\\\"b,c\\", vec!["a\\\"b", "c\\"]),
        ("NULL,null", vec!["NULL", "null"]),
    ] {
        if wanted.is_empty() {
            assert!(
                reason(&CsvOptions::default(), record).contains("is not closed"),
                "{record:?}"
            );
        } else {
            assert_eq!(texts(record), wanted, "{record:?}");
        }
    }
}

#[test]
fn a_missing_field_is_null() {
    let texts = texts_by(&CsvOptions::default(), b"a,b");
    assert_eq!(texts, [Some("a".to_owned()), Some("b".to_owned()), None, None]);
}

#[test]
fn keeps_blanks_unless_told_to_trim() {
    let exact = CsvOptions {
        trim: false,
        ..CsvOptions::default()
    };
    assert_eq!(
        present(&exact, " a , \"b\" ,\"c\" \r\n"),
        [" a ", " \"b\" ", "c "]
    );
}

#[test]
fn blanks_may_delimit() {
    for (delimiter, record) in [('\t', "a\t\t \"b\tc\" \t"), (' ', "a  \"b\tc\" ")] {
        let options = CsvOptions {
            delimiter,
            ..CsvOptions::default()
        };
        assert_eq!(present(&options, record), ["a", "", "b\tc", ""], "{record:?}");
    }
}

#[test]
fn reads_other_delimiters_and_quotes() {
    let options = CsvOptions {
        delimiter: ';',
        quote: Some('\''),
        ..CsvOptions::default()
    };
    assert_eq!(present(&options, "a,b;'c;''d''';\"e"), ["a,b", "c;'d'", "\"e"]);
}

#[test]
fn reads_quotes_as_text_where_there_are_none() {
    let options = CsvOptions {
        quote: None,
        ..CsvOptions::default()
    };
    assert_eq!(present(&options, "\"a,b\", \"\" "), ["\"a", "b\"", "\"\""]);
}

#[test]
fn an_escape_counts_within_quotes_alone() {
    let options = CsvOptions {
        escape: Some('\\'),
        ..CsvOptions::default()
    };
    assert_eq!(
        present(&options, r#""a\"b\\c\n""d",e\",\"#),
        [r#"a"b\cn"d"#, r#"e\""#, r"\"]
    );
    assert_eq!(
        reason(&options, r#""a\""#),
        "the quote that begins field 0 is not closed"
    );
}

#[test]
fn null_text_counts_unquoted() {
    let options = CsvOptions {
        null_text: Some("NULL".into()),
        ..CsvOptions::default()
    };
    let wanted = [None, Some("NULL"), Some("null"), Some("")];
    assert_eq!(
        texts_by(&options, b" NULL ,\"NULL\",null,"),
        wanted.map(|text| text.map(str::to_owned))
    );
    let empty = CsvOptions {
        null_text: Some(String::new()),
        ..options
    };
    let wanted = [None, Some(""), Some("NULL"), None];
    assert_eq!(
        texts_by(&empty, b",\"\",NULL,"),
        wanted.map(|text| text.map(str::to_owned))
    );
}

#[test]
fn null_text_is_no_misfit_in_any_column() {
    let options = CsvOptions {
        null_text: Some("-".into()),
        ..CsvOptions::default()
    };
    let columns = vec![
        column("n", "0", DataType::Int32),
        column("l", "1", list_of_ints()),
    ];
    let mut decoder = decoder(&options, columns);
    decoder.decode(b"-,-").unwrap();
    assert!(decoder.value_errors().is_empty());
    assert_eq!(decoder.flush().column(0).null_count(), 1);
}

#[test]
fn reads_each_type_as_its_text_says() {
    use DataType::{Boolean, Date32, Date64, Decimal128, Float64, Int8, Int32, Utf8};
    for (data_type, record, wanted, errors) in [
        (Utf8, "", Some(""), 0),
        (Utf8, "\"\"", Some(""), 0),
        (Int32, "7", Some("7"), 0),
        (Int32, " +7 ", Some("7"), 0),
        (Int32, "\"7\"", Some("7"), 0),
        (Int32, "\" 7\"", None, 1),
        (Int32, "1.0", None, 1),
        (Int32, "", None, 0),
        (Int32, "\"\"", None, 0),
        (Int32, "  ,x", None, 0),
        (Int8, "128", None, 1),
        (Boolean, "TRUE", Some("true"), 0),
        (Boolean, "yes", Some("false"), 0),
        (Boolean, "", None, 0),
        (Float64, "1e3", Some("1000.0"), 0),
        (Float64, "x", None, 1),
        (Decimal128(4, 2), "1.005", Some("1.01"), 0),
        (Decimal128(4, 2), "100", None, 1),
        (Date32, "2023-03-09", Some("2023-03-09"), 0),
        (Date32, "soon", None, 1),
        (Date64, "\"2023-03-09 21:05:00\"", Some("2023-03-09T21:05:00"), 0),
        (DataType::Binary, "AP8=", Some("00ff"), 0),
        (DataType::Binary, "", None, 0),
        (list_of_ints(), "\"[1,2]\"", Some("[1, 2]"), 0),
        (list_of_ints(), "[1]", Some("[1]"), 0),
        (list_of_ints(), "null", None, 0),
        (list_of_ints(), "", None, 0),
        (list_of_ints(), "\"{}\"", None, 1),
        (list_of_ints(), "[1", None, 1),
    ] {
        let wanted = (wanted.map(str::to_owned), errors);
        assert_eq!(
            read(data_type.clone(), record),
            wanted,
            "{record:?} as {data_type}"
        );
    }
}

#[test]
fn reads_dates_by_the_columns_format() {
    let columns = vec![
        hinted("day", "1", DataType::Date32, "MMM d, yyyy"),
        hinted("at", "0", DataType::Date64, "epoch_seconds"),
    ];
    let mut decoder = decoder(&CsvOptions::default(), columns);
    decoder.decode(b"1,\"Mar 9, 2023\"").unwrap();
    let batch = decoder.flush();
    assert_eq!(array_value_to_string(batch.column(0), 0).unwrap(), "2023-03-09");
    assert_eq!(
        array_value_to_string(batch.column(1), 0).unwrap(),
        "1970-01-01T00:00:01"
    );
}

#[test]
fn a_mapping_that_is_no_index_is_null() {
    let mappings = [
        "1",
        "1",
        "+0",
        "7",
        "-1",
        "x",
        "",
        "0x0",
        "99999999999999999999",
        "18446744073709551615",
    ];
    let columns = mappings.iter().enumerate();
    let columns = columns.map(|(at, mapping)| column(&at.to_string(), mapping, DataType::Utf8));
    let mut decoder = decoder(&CsvOptions::default(), columns.collect());
    decoder.decode(b"a,b").unwrap();
    let batch = decoder.flush();
    let values = batch
        .columns()
        .iter()
        .map(|column| column.as_string::<i32>().iter().next().flatten());
    let values: Vec<_> = values.collect();
    assert_eq!(values[..4], [Some("b"), Some("b"), Some("a"), None]);
    assert_eq!(values[4..], [None; 6]);
}

#[test]
fn an_open_quote_makes_a_record_bad_wherever_it_stands() {
    for (record, wanted) in [
        ("\"a", "the quote that begins field 0 is not closed"),
        ("a,\"b,c\n", "the quote that begins field 1 is not closed"),
        ("\"", "the quote that begins field 0 is not closed"),
        ("a,b, \"\"\"", "the quote that begins field 2 is not closed"),
    ] {
        assert_eq!(reason(&CsvOptions::default(), record), wanted, "{record:?}");
    }
}

#[test]
fn a_bad_record_leaves_its_neighbours_alone() {
    let columns = vec![
        column("n", "0", DataType::Int32),
        column("l", "1", list_of_ints()),
    ];
    let mut decoder = decoder(&CsvOptions::default(), columns);
    decoder.decode(b"1,[1]").unwrap();
    decoder.decode(b"2,[2],\"").unwrap_err();
    decoder.append_nulls();
    decoder.decode(b"3,\"[3, 4]\"").unwrap();
    let batch = decoder.flush();
    let numbers: Vec<_> = batch.column(0).as_primitive::<Int32Type>().iter().collect();
    assert_eq!(numbers, [Some(1), None, Some(3)]);
    let lists = [Some(vec![Some(1)]), None, Some(vec![Some(3), Some(4)])];
    assert_eq!(
        batch.column(1).as_list::<i32>(),
        &ListArray::from_iter_primitive::<Int32Type, _, _>(lists)
    );
}

#[test]
fn replaces_bytes_that_are_not_utf8() {
    let texts = texts_by(&CsvOptions::default(), b"a\xff,\"\xe4\",\xff");
    assert_eq!(
        texts[..3],
        ["a\u{fffd}", "\u{fffd}", "\u{fffd}"].map(|text| Some(text.to_owned()))
    );
}

#[test]
fn refuses_options_that_cannot_divide() {
    let default = CsvOptions::default;
    for (options, wanted) in [
        (
            CsvOptions {
                delimiter: 'ä',
                ..default()
            },
            "csv schema: the delimiter is 'ä', wanted an ASCII character other than a line end",
        ),
        (
            CsvOptions {
                delimiter: '\n',
                ..default()
            },
            "csv schema: the delimiter is '\\n', wanted an ASCII character other than a line end",
        ),
        (
            CsvOptions {
                quote: Some('«'),
                ..default()
            },
            "csv schema: the quote is '«', wanted a visible ASCII character",
        ),
        (
            CsvOptions {
                escape: Some(' '),
                ..default()
            },
            "csv schema: the escape is ' ', wanted a visible ASCII character",
        ),
        (
            CsvOptions {
                escape: Some('\\'),
                quote: None,
                ..default()
            },
            "csv schema: an escape requires a quote",
        ),
        (
            CsvOptions {
                delimiter: '"',
                ..default()
            },
            "csv schema: delimiter, quote and escape must differ",
        ),
        (
            CsvOptions {
                escape: Some(','),
                ..default()
            },
            "csv schema: delimiter, quote and escape must differ",
        ),
        (
            CsvOptions {
                escape: Some('"'),
                ..default()
            },
            "csv schema: delimiter, quote and escape must differ",
        ),
    ] {
        let error = CsvDecoder::new(&[], &options).err().unwrap();
        assert_eq!(error.to_string(), wanted);
    }
}

/// Record as the `csv` crate writes it.
fn write(options: &CsvOptions, style: QuoteStyle, fields: &[String]) -> Vec<u8> {
    let mut writer = WriterBuilder::new();
    writer.delimiter(options.delimiter as u8).quote_style(style);
    writer.quote(options.quote.unwrap() as u8).flexible(true);
    let mut writer = writer.from_writer(Vec::new());
    writer.write_record(fields).unwrap();
    writer.into_inner().unwrap()
}

/// Field with every relevant character.
fn field() -> impl Strategy<Value = String> {
    prop_oneof!["[a,;'\"\\\\ \t\r\n]{0,8}", any::<String>()]
}

fn options() -> impl Strategy<Value = CsvOptions> {
    let specials = prop_oneof![
        Just((',', '"')),
        Just((';', '\'')),
        Just(('\t', '"')),
        Just(('|', '~'))
    ];
    (specials, any::<bool>()).prop_map(|((delimiter, quote), trim)| CsvOptions {
        delimiter,
        quote: Some(quote),
        trim,
        ..CsvOptions::default()
    })
}

/// First fields, as many as there are columns.
fn padded(fields: &[String]) -> Vec<Option<String>> {
    (0..4).map(|index| fields.get(index).cloned()).collect()
}

proptest! {
    #[test]
    fn reads_what_the_csv_crate_writes(options in options(), fields in prop::collection::vec(field(), 1..7)) {
        let record = write(&options, QuoteStyle::Always, &fields);
        prop_assert_eq!(texts_by(&options, &record), padded(&fields));
    }

    #[test]
    fn reads_what_the_csv_crate_writes_with_few_quotes(
        options in options(), fields in prop::collection::vec(field(), 1..7),
    ) {
        let exact = CsvOptions { trim: false, ..options };
        // A mark before the first field would be read as the payload's.
        let fields: Vec<_> = fields.iter().map(|field| field.replace('\u{feff}', "")).collect();
        let record = write(&exact, QuoteStyle::Necessary, &fields);
        prop_assert_eq!(texts_by(&exact, &record), padded(&fields));
    }

    #[test]
    fn reads_quotes_with_an_escape(fields in prop::collection::vec(field(), 1..7)) {
        let options = CsvOptions { escape: Some('\\'), ..CsvOptions::default() };
        let quoted = fields.iter().map(|field| {
            format!("\"{}\"", field.replace('\\', r"\\").replace('"', "\\\""))
        });
        let record = quoted.collect::<Vec<_>>().join(",");
        prop_assert_eq!(texts_by(&options, record.as_bytes()), padded(&fields));
    }

    /// The Java connector does the same wherever there are no quotes, except that it drops empty fields at
    /// the end.
    #[test]
    fn divides_unquoted_records_as_java_does(record in "[a, \t\r\n]{0,12}") {
        let fields: Vec<_> = record.split(',').map(|field| {
            field.trim_matches(|c| c <= ' ').to_owned()
        }).collect();
        prop_assert_eq!(texts_by(&CsvOptions::default(), record.as_bytes()), padded(&fields));
    }

    #[test]
    fn every_type_reads_what_was_written(Sample { array, text, .. } in sample()) {
        let mut decoder = decoder(&CsvOptions::default(), vec![column("v", "1", array.data_type().clone())]);
        let record = write(&CsvOptions::default(), QuoteStyle::Always, &["x".to_owned(), text.clone()]);
        decoder.decode(&record).unwrap();
        let batch = decoder.flush();
        if text.is_empty() && *array.data_type() != DataType::Utf8 {
            prop_assert_eq!(batch.column(0).null_count(), 1);
        } else {
            prop_assert_eq!(batch.column(0), &array);
        }
    }

    #[test]
    fn takes_any_bytes_without_panic(
        bytes: Vec<u8>, text in "[,;'\"\\\\ \t\r\n\u{feff}aä]*", options in options(), escaped: bool,
    ) {
        let options = CsvOptions { escape: escaped.then_some('\\'), ..options };
        let columns = vec![column("a", "0", DataType::Utf8), column("b", "1", DataType::Utf8)];
        let mut decoder = decoder(&options, columns);
        let mut rows = 0;
        for record in [bytes.as_slice(), text.as_bytes()] {
            rows += usize::from(decoder.decode(record).is_ok());
        }
        prop_assert!(decoder.bytes() <= 3 * (bytes.len() + text.len()) + 20 * rows);
        prop_assert_eq!(decoder.flush().num_rows(), rows);
    }
}
