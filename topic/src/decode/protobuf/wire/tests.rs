use super::*;

fn found(payload: &[u8], wanted: Vec<Slot>) -> Result<Vec<(usize, Raw)>, String> {
    let mut found = Found::default();
    let whole = found.push(Raw::Bytes(Span::whole(payload).unwrap()));
    let wanted = Lookup::new(wanted);
    let range = found
        .collect(payload, whole, &wanted)
        .map_err(|error| error.to_string())?;
    Ok(found.values[range]
        .iter()
        .map(|value| (value.slot as usize, value.raw))
        .collect())
}

fn error(payload: &[u8]) -> String {
    found(payload, Vec::new()).unwrap_err()
}

#[test]
fn finds_wanted_fields_in_the_order_of_slots() {
    let payload = [0x10, 7, 0x08, 0x96, 1, 0x1d, 1, 0, 0, 0, 0x10, 8, 0x22, 1, b'x'];
    let wanted = vec![
        Slot::new(1, WireType::Varint),
        Slot::new(2, WireType::Varint),
        Slot::new(3, WireType::Fixed32),
        Slot::new(4, WireType::Len),
    ];
    let values = found(&payload, wanted).unwrap();
    assert_eq!(
        values[..4],
        [
            (0, Raw::Varint(150)),
            (1, Raw::Varint(7)),
            (1, Raw::Varint(8)),
            (2, Raw::Fixed32(1)),
        ]
    );
    assert!(matches!(values[4], (3, Raw::Bytes(span)) if span.of(&payload) == b"x"));
}

#[test]
fn skips_a_field_of_another_wire_type_than_declared() {
    assert_eq!(found(&[0x08, 1], vec![Slot::new(1, WireType::Len)]), Ok(vec![]));
    let packable = Slot {
        packable: true,
        ..Slot::new(1, WireType::Varint)
    };
    assert_eq!(found(&[0x0a, 1, 5], vec![packable]).unwrap().len(), 1);
}

#[test]
fn reads_groups_within_groups() {
    let payload = [0x0b, 0x13, 0x08, 1, 0x14, 0x0c, 0x10, 2];
    let wanted = vec![Slot::new(1, WireType::StartGroup), Slot::new(2, WireType::Varint)];
    let values = found(&payload, wanted).unwrap();
    assert!(matches!(values[0], (0, Raw::Bytes(span)) if span.of(&payload) == &payload[1..5]));
    assert_eq!(values[1], (1, Raw::Varint(2)));
}

#[test]
fn the_last_member_of_a_oneof_clears_the_others() {
    let member = |number| Slot {
        oneof: Some(0),
        ..Slot::new(number, WireType::Varint)
    };
    let wanted = || vec![member(1), member(2), Slot::new(3, WireType::Varint)];
    assert_eq!(
        found(&[0x08, 1, 0x18, 9, 0x10, 2, 0x08, 3, 0x08, 4], wanted()).unwrap(),
        [(0, Raw::Varint(3)), (0, Raw::Varint(4)), (2, Raw::Varint(9))]
    );
}

#[test]
fn says_what_is_no_message_and_where() {
    for (payload, reason) in [
        (&[0x08][..], "the message is cut short at byte 1"),
        (&[0x0a, 2, 1], "the message is cut short at byte 2"),
        (&[0x09, 1], "the message is cut short at byte 1"),
        (&[0x02, 0], "field number 0 at byte 0"),
        (&[0x0e], "an unknown wire type at byte 0"),
        (&[0x0c], "the end of a group that was not begun at byte 1"),
        (&[0x0b, 0x14], "the end of another group at byte 1"),
        (&[0x0b, 0x08, 1], "the message is cut short at byte 3"),
        (
            &[0xff, 0xff, 0xff, 0xff, 0x7f],
            "a field number out of range at byte 0",
        ),
        (
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            "the message is cut short at byte 11",
        ),
        (
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            "a varint of more than 64 bits at byte 1",
        ),
        (
            &[
                0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0,
            ],
            "a varint of more than 64 bits at byte 1",
        ),
    ] {
        assert_eq!(
            error(payload),
            format!("not a Protobuf message: {reason}"),
            "{payload:?}"
        );
    }
    assert!(error(&[0x0b; 200]).contains("groups nested too deep"));
    let deepest = [[0x0b; 100], [0x0c; 100]].concat();
    assert_eq!(found(&deepest, Vec::new()), Ok(vec![]));
}
