//! Schema ids of records in columns, and records whose schema cannot be looked up.

use arrow::array::Array;
use uuid::Uuid;

use super::*;
use crate::decode::testing::{Failing, Registries, column, sourced};
use crate::table::Encoding;

const AVRO: &str = r#"{"type": "record", "name": "T", "fields": [{"name": "id", "type": "int"}]}"#;
const PROTOBUF: &str = "syntax = 'proto3'; message T { int32 id = 1; }";
const GUID: Uuid = Uuid::from_u128(0x3f0a_6c1e_8d52_4b7a_9c11_0e5d_2a7b_4c90);
const VERSION: Uuid = Uuid::from_u128(7);

type HeaderList<'a> = [(&'a str, Option<&'a [u8]>)];

fn avro() -> Encoding {
    Encoding::Avro {
        definition: AVRO.to_owned(),
        references: Vec::new(),
    }
}

fn protobuf() -> Encoding {
    Encoding::Protobuf {
        definition: PROTOBUF.to_owned(),
        references: Vec::new(),
        message: None,
    }
}

/// Source of the table's schema by an id of each kind.
fn registries(format: &'static str, definition: &'static str) -> Arc<dyn WriterSchemas> {
    let ids = [
        WriterSchemaId::Glue(VERSION),
        WriterSchemaId::Confluent(7),
        WriterSchemaId::ConfluentGuid(GUID),
    ];
    let schemas = ids.map(|id| (id, (format, definition, [].as_slice())));
    Arc::new(Registries(schemas.into()))
}

/// Decoder of these columns from value and key of these encodings.
fn decoder(
    value: Encoding,
    key: Option<Encoding>,
    columns: Vec<Field>,
    writers: &Arc<dyn WriterSchemas>,
) -> RowDecoder {
    let mut table = crate::decode::testing::table(value, columns);
    table.key = key;
    RowDecoder::try_new(&table.schema, Some(&table), writers).unwrap()
}

fn ids_columns() -> Vec<Field> {
    vec![
        sourced("value_id", "schema_id", "", DataType::Utf8),
        sourced("key_id", "key_schema_id", "", DataType::Utf8),
    ]
}

/// Ids shown of a record's value and key, whether or not they can be decoded.
fn shown(decoder: &mut RowDecoder, record: &Record<'_>) -> [Option<String>; 2] {
    let bad = match record.value {
        Some(_) => decoder.decode(record).err().map(|error| error.to_string()),
        None => Some(String::new()),
    };
    if let Some(reason) = bad {
        decoder.append_null_value(record, Some(&reason)).unwrap();
    }
    let batch = decoder.flush();
    [0, 1].map(|column| {
        let column = batch.column(column).as_string::<i32>();
        column.is_valid(0).then(|| column.value(0).to_owned())
    })
}

fn value<'a>(value: &'a [u8], headers: &'a &'a HeaderList<'a>) -> Record<'a> {
    Record {
        headers,
        ..Record::of_value(value)
    }
}

fn guid_header() -> Vec<u8> {
    [&[1], GUID.as_bytes().as_slice()].concat()
}

fn glue(body: &[u8]) -> Vec<u8> {
    [&[3, 0], VERSION.as_bytes().as_slice(), body].concat()
}

fn confluent(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], id.to_be_bytes().as_slice(), body].concat()
}

#[test]
fn shows_the_id_that_a_value_was_written_with_in_every_format() {
    let protobuf_body: &[u8] = &[0, 8, 2];
    for (encoding, writers, body, bare) in [
        (avro(), registries("AVRO", AVRO), &[2][..], &[2][..]),
        (
            protobuf(),
            registries("PROTOBUF", PROTOBUF),
            protobuf_body,
            &[8, 2],
        ),
        (Encoding::Json, registries("JSON", "{}"), b"{}", b"{}"),
    ] {
        let mut decoder = decoder(encoding, None, ids_columns(), &writers);
        let none: &HeaderList<'_> = &[];
        for (payload, wanted) in [
            (confluent(7, body), Some("7".to_owned())),
            (glue(body), Some(VERSION.to_string())),
            (bare.to_vec(), None),
            // Bad records, but with the id of their schema.
            (confluent(8, body), Some("8".to_owned())),
            (confluent(7, b""), Some("7".to_owned())),
        ] {
            let [id, key_id] = shown(&mut decoder, &value(&payload, &none));
            assert_eq!((id, key_id), (wanted, None), "{payload:?}");
        }
    }
}

#[test]
fn shows_the_id_in_a_record_header_before_that_in_the_payload_in_every_format() {
    let csv = Encoding::Csv(Default::default());
    let header = guid_header();
    let with_index = [header.as_slice(), &[0]].concat();
    for encoding in [avro(), protobuf(), Encoding::Json, csv, Encoding::Raw] {
        let format = encoding.format();
        let mut decoder = decoder(encoding, None, ids_columns(), &registries("AVRO", AVRO));
        for payload in [Some(&[2][..]), Some(&[0, 0, 0, 0, 7, 2]), Some(b""), None] {
            for (header, wanted) in [
                (Some(with_index.as_slice()), Some(GUID.to_string())),
                (Some(&[0, 0, 0, 0, 9, 0]), Some("9".to_owned())),
                (Some(&[5, 0, 0, 0, 9, 0]), None),
            ] {
                let headers: &HeaderList<'_> = &[("__value_schema_id", header)];
                let record = Record {
                    value: payload,
                    ..value(b"", &headers)
                };
                assert_eq!(
                    shown(&mut decoder, &record),
                    [wanted, None],
                    "{format} {payload:?}"
                );
            }
        }
    }
}

#[test]
fn a_bare_datum_that_looks_framed_has_no_id() {
    const TEXT: &str = r#"{"type": "record", "name": "T", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": "string"}]}"#;
    let encoding = Encoding::Avro {
        definition: TEXT.to_owned(),
        references: Vec::new(),
    };
    let none: &HeaderList<'_> = &[];
    for writers in [registries("AVRO", TEXT), Arc::new(Failing::Absent)] {
        let mut decoder = decoder(encoding.clone(), None, ids_columns(), &writers);
        let payload = [&[0, 20], b"abcdefghij".as_slice()].concat();
        assert_eq!(shown(&mut decoder, &value(&payload, &none)), [None, None]);
        assert_eq!(
            shown(&mut decoder, &value(&payload[..11], &none)),
            [Some("341926499".to_owned()), None]
        );
    }
}

#[test]
fn keys_and_values_have_ids_of_their_own() {
    let (guid, number): (&[u8], &[u8]) = (&guid_header(), &[0, 0, 0, 0, 7]);
    let writers = registries("AVRO", AVRO);
    let columns = [
        vec![
            column("id", "id", DataType::Int32),
            sourced("key", "key", "id", DataType::Int32),
        ],
        ids_columns(),
    ];
    let mut decoder = decoder(avro(), Some(avro()), columns.concat(), &writers);
    let framed = confluent(7, &[4]);
    let unknown: &[u8] = &[0, 0, 0, 0, 9];
    let (value_header, key_header) = ("__value_schema_id", "__key_schema_id");
    let cases: [(&HeaderList<'_>, &[u8], &[u8]); 4] = [
        (&[(value_header, Some(guid))], &[2], &framed),
        (&[(key_header, Some(guid))], &framed, &[4]),
        (
            &[(value_header, Some(guid)), (key_header, Some(number))],
            &[2],
            &[4],
        ),
        (&[(key_header, Some(unknown))], &[2], &[4]),
    ];
    for (headers, payload, key) in &cases {
        let record = Record {
            key: Some(key),
            ..value(payload, headers)
        };
        decoder.decode(&record).unwrap();
    }
    let batch = decoder.flush();
    let numbers = |column| -> Vec<_> { batch.column(column).as_primitive::<Int32Type>().iter().collect() };
    assert_eq!(numbers(0), [Some(1), Some(2), Some(1), Some(1)]);
    assert_eq!(numbers(1), [Some(2), Some(2), Some(2), None]);
    assert_eq!(decoder.bad_keys(), 1);
    let texts = |column| -> Vec<_> { batch.column(column).as_string::<i32>().iter().collect() };
    let guid = GUID.to_string();
    let guid = Some(guid.as_str());
    assert_eq!(texts(2), [guid, Some("7"), guid, None]);
    assert_eq!(texts(3), [Some("7"), guid, Some("7"), Some("9")]);
}

#[test]
fn what_is_in_front_of_a_key_needs_the_keys_format() {
    let none: &HeaderList<'_> = &[];
    let key = confluent(7, &[4]);
    let record = Record {
        key: Some(&key),
        ..value(b"{}", &none)
    };
    for (encoding, wanted) in [
        (None, None),
        (Some(Encoding::Raw), None),
        (Some(Encoding::Json), Some("7")),
        (Some(avro()), Some("7")),
    ] {
        let mut decoder = decoder(Encoding::Json, encoding, ids_columns(), &registries("AVRO", AVRO));
        assert_eq!(shown(&mut decoder, &record), [None, wanted.map(str::to_owned)]);
    }
    let guid = guid_header();
    let headers: &HeaderList<'_> = &[("__key_schema_id", Some(&guid))];
    let record = Record {
        headers: &headers,
        ..record
    };
    let mut decoder = decoder(Encoding::Json, None, ids_columns(), &registries("AVRO", AVRO));
    assert_eq!(shown(&mut decoder, &record), [None, Some(GUID.to_string())]);
}

#[test]
fn formats_without_a_schema_do_not_look_at_the_header() {
    let header: &[u8] = &[9];
    let headers: &HeaderList<'_> = &[("__value_schema_id", Some(header))];
    let writers: Arc<dyn WriterSchemas> = Arc::new(Failing::Down);
    for (encoding, mapping) in [
        (Encoding::Json, "id"),
        (Encoding::Csv(Default::default()), "0"),
        (Encoding::Raw, ""),
    ] {
        let columns = vec![column("id", mapping, DataType::Utf8)];
        let mut decoder = decoder(encoding, None, columns, &writers);
        decoder.decode(&value(br#"{"id":7}"#, &headers)).unwrap();
        assert!(decoder.flush().column(0).is_valid(0));
    }
}

type KeyAndValue<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Decodes these records, bad ones as rows of NULLs, and returns whether they are unresolved.
fn unresolved(
    decoder: &mut RowDecoder,
    on_bad_record: OnBadRecord,
    records: &[KeyAndValue<'_>],
) -> Option<Unresolved> {
    for ((key, value), offset) in records.iter().zip(0..) {
        let record = Record {
            offset,
            key: *key,
            value: *value,
            ..Record::of_value(b"")
        };
        match value {
            None => decoder.append_null_value(&record, None).unwrap(),
            Some(_) => {
                let is_bad = decoder.decode(&record).is_err();
                if is_bad && on_bad_record == OnBadRecord::Null {
                    decoder.append_null_value(&record, Some("bad")).unwrap();
                }
            }
        }
    }
    decoder.unresolved(on_bad_record)
}

const STRAY: Option<&[u8]> = Some(b"\x00\x01 garbage");
const GARBAGE: Option<&[u8]> = Some(b"\xff\xff\xff\xff\xff\xff");

#[test]
fn values_are_unresolved_if_some_lack_a_registry_and_none_was_read() {
    let absent: Arc<dyn WriterSchemas> = Arc::new(Failing::Absent);
    let reason = "the schema 18900833 that the record names cannot be looked up: there is none";
    for (encoding, good) in [(avro(), Some(&[2][..])), (protobuf(), Some(&[8, 2]))] {
        let id = || vec![column("id", "id", DataType::Int32)];
        let unresolved = |policy, records: &[_]| {
            let mut decoder = decoder(encoding.clone(), None, id(), &absent);
            unresolved(&mut decoder, policy, records)
        };
        let first = |offset| {
            Some(Unresolved {
                offset,
                reason: reason.to_owned(),
            })
        };
        for policy in [OnBadRecord::Null, OnBadRecord::Skip] {
            assert_eq!(unresolved(policy, &[(None, STRAY)]), first(0));
            assert_eq!(
                unresolved(
                    policy,
                    &[(None, GARBAGE), (None, None), (None, STRAY), (None, STRAY)]
                ),
                first(2)
            );
            assert_eq!(unresolved(policy, &[(None, STRAY), (None, good)]), None);
            assert_eq!(unresolved(policy, &[(None, good), (None, STRAY)]), None);
            assert_eq!(unresolved(policy, &[(None, GARBAGE), (None, None)]), None);
            // Most are bad for another reason, so that one that begins like a header is no more than that.
            assert_eq!(
                unresolved(policy, &[(None, STRAY), (None, GARBAGE), (None, GARBAGE)]),
                None
            );
            assert_eq!(unresolved(policy, &[(None, GARBAGE), (None, STRAY)]), None);
            assert_eq!(unresolved(policy, &[]), None);
        }
    }
    // The schema does not exist: bad records like others.
    let known = registries("AVRO", AVRO);
    let columns = vec![column("id", "id", DataType::Int32)];
    let mut decoder = decoder(avro(), None, columns, &known);
    assert_eq!(
        unresolved(&mut decoder, OnBadRecord::Null, &[(None, STRAY)]),
        None
    );
}

#[test]
fn values_that_nothing_is_wanted_of_may_stay_unresolved_unless_rows_are_lost() {
    let absent: Arc<dyn WriterSchemas> = Arc::new(Failing::Absent);
    for (policy, is_unresolved) in [(OnBadRecord::Null, false), (OnBadRecord::Skip, true)] {
        let mut decoder = decoder(avro(), None, ids_columns(), &absent);
        let unresolved = unresolved(&mut decoder, policy, &[(None, STRAY)]);
        assert_eq!(unresolved.is_some(), is_unresolved);
    }
}

#[test]
fn keys_are_unresolved_by_themselves() {
    let absent: Arc<dyn WriterSchemas> = Arc::new(Failing::Absent);
    let columns = || {
        vec![
            column("id", "id", DataType::Int32),
            sourced("key", "key", "id", DataType::Int32),
        ]
    };
    let good: Option<&[u8]> = Some(&[2]);
    for (records, is_unresolved) in [
        (vec![(STRAY, good), (STRAY, good)], true),
        (vec![(STRAY, good), (good, good)], false),
        // A record without key has its own NULL.
        (vec![(None, good), (STRAY, good)], false),
        (vec![(good, STRAY)], true),
        // Plain texts, of which one begins like a header.
        (vec![(GARBAGE, good), (STRAY, good), (GARBAGE, good)], false),
        (vec![(STRAY, good), (GARBAGE, good), (STRAY, good)], true),
    ] {
        let mut decoder = decoder(avro(), Some(avro()), columns(), &absent);
        let found = unresolved(&mut decoder, OnBadRecord::Null, &records);
        assert_eq!(found.is_some(), is_unresolved, "{records:?}");
    }
    let mut decoder = decoder(avro(), Some(avro()), columns(), &absent);
    let found = unresolved(&mut decoder, OnBadRecord::Null, &[(STRAY, good)]).unwrap();
    assert!(
        found.reason.starts_with("key: the schema 18900833"),
        "{}",
        found.reason
    );
}

#[test]
fn an_answer_that_there_is_no_such_schema_never_makes_a_split_unresolved() {
    let good: Option<&[u8]> = Some(&[2]);
    for (format, definition, encoding) in [("AVRO", AVRO, avro()), ("PROTOBUF", PROTOBUF, protobuf())] {
        let known = registries(format, definition);
        let columns = vec![
            column("id", "id", DataType::Int32),
            sourced("key", "key", "id", DataType::Int32),
        ];
        for records in [[(STRAY, good); 2], [(STRAY, STRAY); 2], [(good, STRAY); 2]] {
            let mut decoder = decoder(encoding.clone(), Some(encoding.clone()), columns.clone(), &known);
            assert_eq!(
                unresolved(&mut decoder, OnBadRecord::Null, &records),
                None,
                "{format} {records:?}"
            );
            assert_eq!(decoder.rows(), 2);
            if records[0].0 == STRAY {
                assert_eq!(decoder.bad_keys(), 2);
            }
        }
    }
}

#[test]
fn a_stray_key_is_null_and_the_row_stays() {
    for writers in [registries("AVRO", AVRO), Arc::new(Failing::Absent)] {
        let columns = vec![
            column("id", "id", DataType::Int32),
            sourced("key", "key", "id", DataType::Int32),
        ];
        let mut decoder = decoder(avro(), Some(avro()), columns, &writers);
        let record = Record {
            key: STRAY,
            ..Record::of_value(&[2])
        };
        decoder.decode(&record).unwrap();
        assert_eq!((decoder.bad_keys(), decoder.rows()), (1, 1));
        let mut strict = decoder.strict();
        let error = strict.decode(&record).unwrap_err();
        assert!(matches!(error, RowError::Bad(_)));
        assert!(error.to_string().starts_with("key: "), "{error}");
    }
}
