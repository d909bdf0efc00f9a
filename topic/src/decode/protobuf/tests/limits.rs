//! Hostile payloads and definitions.

use proptest::prelude::*;

use super::*;

#[test]
fn a_bad_record_leaves_its_neighbours_whole() {
    let definition =
        "syntax = 'proto3'; message M { int32 a = 1; repeated N n = 2; map<string, N> m = 3; string z = 4; }
        message N { int32 x = 1; repeated string y = 2; }";
    let n = Value::Message(with(
        message(definition, "N"),
        &[("x", Value::I32(1)), ("y", Value::List(vec![text("y")]))],
    ));
    let payload = encode(
        definition,
        "M",
        &[
            ("a", Value::I32(1)),
            ("n", Value::List(vec![n.clone(), n.clone()])),
            ("m", Value::Map([(MapKey::String("k".into()), n)].into())),
            ("z", text("z")),
        ],
    );
    let whole = row(definition, &payload);
    let mut decoder = decoder(definition);
    let descriptor = message(definition, "M").descriptor();
    for len in 0..payload.len() {
        let cut = &payload[..len];
        let by_other = DynamicMessage::decode(descriptor.clone(), cut);
        decoder.decode(&payload).unwrap();
        assert_eq!(decoder.decode(cut).is_ok(), by_other.is_ok(), "{len}");
        decoder.decode(&payload).unwrap();
        let rows = rows(&decoder.flush());
        assert_eq!((rows.first(), rows.last()), (Some(&whole), Some(&whole)), "{len}");
    }
}

#[test]
fn refuses_a_record_that_unfolds_too_far() {
    let wide = (1..=200).map(|number| format!("int64 f{number} = {number};"));
    let wide = wide.collect::<String>();
    let definition = format!("syntax = 'proto3'; message M {{ repeated N n = 1; }} message N {{ {wide} }}");
    let mut rows = decoder(&definition);
    rows.decode(&[0x0a, 0].repeat(10_000)).unwrap();
    let error = rows.decode(&[0x0a, 0].repeat(500_000)).unwrap_err().to_string();
    assert_eq!(error, "the message expands to more than 268435456 bytes");
    assert_eq!(rows.rows(), 1);

    let definition = "syntax = 'proto3'; message M { map<int32, int32> m = 1; }";
    let mut maps = decoder_of(definition, &[("m", DataType::Utf8)]);
    maps.decode(&[0x0a, 0].repeat(100_000)).unwrap();
    let error = maps.decode(&[0x0a, 0].repeat(5_000_000)).unwrap_err();
    assert!(error.to_string().contains("expands to more than"));

    let name = "A".repeat(1000);
    let definition = format!("syntax = 'proto3'; message M {{ repeated E e = 1; }} enum E {{ {name} = 0; }}");
    let payload = [[0x0a, 0x80, 0x80, 0x20].as_slice(), &[0; 1 << 19]].concat();
    for data_type in [DataType::Utf8, list(DataType::Utf8)] {
        let error = decoder_of(&definition, &[("e", data_type)])
            .decode(&payload)
            .unwrap_err();
        assert!(error.to_string().contains("expands to more than"));
    }
}

#[test]
fn refuses_json_nested_too_deep() {
    let definition = "syntax = 'proto3'; message M { M m = 1; }";
    let nested = |depth| {
        (0..depth).fold(Vec::new(), |inner, _| {
            let inner =
                DynamicMessage::decode(message(definition, "M").descriptor(), inner.as_slice()).unwrap();
            encode(definition, "M", &[("m", Value::Message(inner))])
        })
    };
    assert!(row(definition, &nested(90))[0].contains("{}"));
    let mut payload = nested(90);
    for _ in 0..20 {
        let mut outer = vec![0x0a];
        prost_reflect::prost::encoding::encode_varint(payload.len() as u64, &mut outer);
        outer.append(&mut payload);
        payload = outer;
    }
    let error = decoder(definition).decode(&payload).unwrap_err().to_string();
    assert_eq!(error, "messages nested more than 100 deep");
}

proptest! {
    #[test]
    fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = decoder(properties::EVERYTHING);
        let _ = decoder.decode(&payload);
        let mut decoder = decoder_of(properties::EVERYTHING, &[("inner", DataType::Utf8), ("inners", DataType::Utf8), ("any", DataType::Utf8)]);
        let _ = decoder.decode(&payload);
    }

    #[test]
    fn no_definition_panics(text in "[a-z{};=0-9 \"]{0,80}", base64 in prop::collection::vec(any::<u8>(), 0..80)) {
        use base64::Engine;
        let _ = fields(&text, &[], None);
        let _ = fields(&base64::engine::general_purpose::STANDARD.encode(base64), &[], None);
    }
}
