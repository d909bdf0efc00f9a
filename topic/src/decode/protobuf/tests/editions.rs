//! Definitions of editions, as text and as descriptors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const EDITION: &str = r#"edition = "2023"; package c;
    message M {
      int32 a = 1 [features.field_presence = IMPLICIT];
      int32 b = 2;
      int32 five = 3 [default = 5];
      bytes raw = 4 [default = "\001x"];
      repeated int32 list = 5;
      Inner inner = 6 [features.message_encoding = DELIMITED];
      State state = 7;
      oneof choice { string text = 8; int32 number = 9; }
      reserved old, older;
      message Inner { string s = 1; }
      enum State { option allow_alias = true; READY = 1; GO = 1; }
    }"#;

fn row(definition: &str, message: &[u8]) -> Vec<String> {
    let mut decoder = decoder(definition);
    decoder.decode(message).unwrap();
    rows(&decoder.flush()).remove(0)
}

#[test]
fn presence_is_explicit_but_where_it_is_said_otherwise() {
    let absent = ["0", "NULL", "5", "[1, 120]", "[]", "NULL", "NULL", "NULL", "NULL"];
    let written = row(
        EDITION,
        b"\x10\x00\x2a\x02\x01\x02\x33\x0a\x01s\x34\x38\x01\x48\x03",
    );
    for (at, wanted) in [
        (0, "0"),
        (1, "0"),
        (2, "5"),
        (6, "\"READY\""),
        (7, "NULL"),
        (8, "3"),
    ] {
        assert_eq!(written[at], wanted, "{written:?}");
    }
    assert!(
        written[4].contains('1') && written[4].contains('2'),
        "{written:?}"
    );
    assert!(written[5].contains('s'), "{written:?}");
    let nothing = row(EDITION, b"");
    for at in 0..9 {
        assert_eq!(nothing[at], absent[at], "{nothing:?}");
    }
}

#[test]
fn a_file_may_say_so_for_all_of_its_fields() {
    for options in [
        "option features.field_presence = IMPLICIT;",
        "option features = { field_presence: IMPLICIT };",
    ] {
        let text = format!(
            r#"edition = "2024"; {options} message M {{ int32 a = 1; int32 b = 2 [features.field_presence = EXPLICIT];
               M m = 3; oneof o {{ int32 c = 4; }} }}"#
        );
        assert_eq!(row(&text, b""), ["0", "NULL", "NULL", "NULL"], "{options}");
    }
}

#[test]
fn descriptors_of_editions_are_read_the_same() {
    // As `protoc` writes a descriptor set: fields 8 (options) with 21 (features) and 1 (presence), 12 (syntax).
    let file = b"\x0a\x07m.proto\x22\x23\x0a\x01M\x12\x13\x0a\x01a\x18\x01\x20\x01\x28\x05\x42\x05\xaa\x01\x02\x08\x02\
        \x52\x01a\x12\x09\x0a\x01b\x18\x02\x20\x01\x28\x05\x62\x08editions\x70\xe8\x07";
    let set = [&[0x0a, file.len() as u8], file.as_slice()].concat();
    for bytes in [file.to_vec(), set] {
        let definition = STANDARD.encode(bytes);
        assert_eq!(row(&definition, b""), ["0", "NULL"]);
        assert_eq!(row(&definition, b"\x08\x07\x10\x00"), ["7", "0"]);
    }
}

#[test]
fn the_syntaxes_are_what_they_were() {
    let proto3 = "syntax = 'proto3'; message M { int32 a = 1; optional int32 b = 2; }";
    assert_eq!(row(proto3, b""), ["0", "NULL"]);
    let proto2 = "syntax = 'proto2'; message M { optional int32 a = 1 [default = 3]; optional int32 b = 2; }";
    assert_eq!(row(proto2, b""), ["3", "NULL"]);
}
