//! Random messages, encoded and decoded by another implementation, compared with the columns.

use proptest::prelude::*;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::*;

pub(super) const EVERYTHING: &str = r#"syntax = "proto3"; package p;
    import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
    import "google/protobuf/any.proto";
    message All {
        int32 int32 = 1; sint32 sint32 = 2; sfixed32 sfixed32 = 3; uint32 uint32 = 4; fixed32 fixed32 = 5;
        int64 int64 = 6; sint64 sint64 = 7; sfixed64 sfixed64 = 8; uint64 uint64 = 9; fixed64 fixed64 = 10;
        bool bool = 11; float float = 12; double double = 13; string string = 14; bytes bytes = 15; Color color = 16;
        optional int32 maybe = 17; optional Color tint = 18; Inner inner = 19;
        oneof choice { string text = 20; int64 number = 21; Inner chosen = 22; }
        repeated int32 ints = 23; repeated double doubles = 24 [packed = false]; repeated string words = 25;
        repeated Inner inners = 26; repeated Color colors = 27; map<string, int32> counts = 28;
        map<uint64, Inner> by_id = 29; map<bool, Color> by_flag = 30; map<sfixed32, bytes> by_fixed = 31;
        google.protobuf.Timestamp at = 1000; google.protobuf.StringValue name = 1001;
        repeated google.protobuf.UInt64Value totals = 1002; google.protobuf.Any any = 1003;
    }
    enum Color { RED = 0; GREEN = 1; DARK = -1; }
    message Inner { int32 x = 1; optional string y = 2; repeated sint64 z = 3; Color c = 4; Deep deep = 5; }
    message Deep { bytes b = 1; map<int32, string> m = 2; oneof o { int32 a = 3; Leaf leaf = 4; } }
    message Leaf { double d = 1; repeated bool bits = 2; }"#;

const PROTO2: &str = r#"package p;
    enum Color { GREEN = 1; DARK = -1; }
    message All {
        required int32 a = 1; optional uint64 b = 2 [default = 5]; optional string c = 3 [default = "c"];
        optional Color d = 4; optional Color e = 5 [default = DARK]; optional group One = 6 { optional int32 x = 1;
            repeated group Two = 2 { optional float y = 1 [default = nan]; } }
        repeated sint32 packed = 7 [packed = true]; repeated fixed32 loose = 8; map<int64, Color> m = 9;
        oneof o { bool f = 10; One g = 11; sint64 h = 12; }
    }"#;

/// Generator of values from random bytes, so that a failure shrinks.
struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    fn byte(&mut self) -> u8 {
        self.0.next().unwrap_or(0)
    }

    fn bits(&mut self) -> u64 {
        let len = self.byte() % 9;
        let bits = (0..len).fold(0, |bits, _| bits << 8 | u64::from(self.byte()));
        if self.byte().is_multiple_of(4) {
            !bits
        } else {
            bits
        }
    }

    fn message(&mut self, descriptor: MessageDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            let is_required = field.is_required();
            if is_required || self.byte() % 2 == 1 {
                let value = self.value(&field);
                message.set_field(&field, value);
            }
        }
        message
    }

    fn value(&mut self, field: &FieldDescriptor) -> Value {
        let len = self.byte() % 4;
        if field.is_map() {
            let Kind::Message(entry) = field.kind() else {
                panic!("an entry")
            };
            let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
            Value::Map(
                (0..len)
                    .map(|_| (self.map_key(&key.kind()), self.item(&value.kind())))
                    .collect(),
            )
        } else if field.is_list() {
            Value::List((0..len).map(|_| self.item(&field.kind())).collect())
        } else {
            self.item(&field.kind())
        }
    }

    fn item(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => Value::Bool(self.byte() % 2 == 1),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(self.bits() as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(self.bits() as i64),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.bits() as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.bits()),
            Kind::Float => Value::F32(f32::from_bits(self.bits() as u32)),
            Kind::Double => Value::F64(f64::from_bits(self.bits())),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes(self.text().into_bytes().into()),
            Kind::Enum(_) => Value::EnumNumber(i32::from(self.byte() % 4) - 1),
            Kind::Message(message) => Value::Message(self.message(message.clone())),
        }
    }

    fn map_key(&mut self, kind: &Kind) -> MapKey {
        match self.item(kind) {
            Value::Bool(value) => MapKey::Bool(value),
            Value::I32(value) => MapKey::I32(value % 3),
            Value::I64(value) => MapKey::I64(value % 3),
            Value::U64(value) => MapKey::U64(value),
            Value::String(value) => MapKey::String(value),
            other => panic!("{other:?} is not a key here"),
        }
    }

    fn text(&mut self) -> String {
        let len = self.byte() % 5;
        (0..len).map(|_| char::from(self.byte())).collect()
    }
}

/// Expected values of the columns for this message, computed independently.
fn model(message: &DynamicMessage) -> Vec<String> {
    let mut fields: Vec<_> = message.descriptor().fields().collect();
    fields.sort_by_key(|field| field.path().last().copied());
    fields.iter().map(|field| model_field(message, field)).collect()
}

fn model_field(message: &DynamicMessage, field: &FieldDescriptor) -> String {
    let has_default = field.field_descriptor_proto().default_value.is_some();
    if field.supports_presence() && !message.has_field(field) && !has_default {
        return "NULL".to_owned();
    }
    let value = message.get_field(field);
    match (value.as_ref(), field.kind()) {
        (Value::List(items), kind) => {
            let items: Vec<_> = items.iter().map(|item| model_item(item, &kind)).collect();
            format!("[{}]", items.join(", "))
        }
        (Value::Map(entries), Kind::Message(entry)) => {
            let kind = entry.map_entry_value_field().kind();
            let entries = entries.iter();
            let mut entries: Vec<_> = entries
                .map(|(key, value)| format!("{}={}", model_key(key), model_item(value, &kind)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        (value, kind) => model_item(value, &kind),
    }
}

fn model_item(value: &Value, kind: &Kind) -> String {
    match (value, kind) {
        (Value::Bool(value), _) => value.to_string(),
        (Value::I32(value), _) => value.to_string(),
        (Value::I64(value), _) => value.to_string(),
        (Value::U32(value), _) => value.to_string(),
        (Value::U64(value), _) => value.to_string(),
        (Value::F32(value), _) => format!("{value:?}"),
        (Value::F64(value), _) => format!("{value:?}"),
        (Value::String(value), _) => format!("{value:?}"),
        (Value::Bytes(value), _) => format!("{:?}", value.to_vec()),
        (Value::EnumNumber(number), Kind::Enum(names)) => match names.get_value(*number) {
            Some(value) => format!("{:?}", value.name()),
            None => format!("{:?}", number.to_string()),
        },
        (Value::Message(message), Kind::Message(descriptor)) => {
            model_message(message, descriptor.full_name())
        }
        other => panic!("no test has {other:?}"),
    }
}

fn model_message(message: &DynamicMessage, name: &str) -> String {
    let number = |name: &str| message.get_field_by_name(name).unwrap().as_ref().clone();
    match name {
        "google.protobuf.Timestamp" => {
            let (Value::I64(seconds), Value::I32(nanos)) = (number("seconds"), number("nanos")) else {
                panic!("numbers")
            };
            let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
            i64::try_from(nanos.div_euclid(1_000_000))
                .map_or("NULL".to_owned(), |millis| format!("ms {millis}"))
        }
        "google.protobuf.StringValue" | "google.protobuf.UInt64Value" => {
            model_item(&number("value"), &Kind::Bool)
        }
        "google.protobuf.Any" => "any".to_owned(),
        _ => {
            let mut fields: Vec<_> = message.descriptor().fields().collect();
            fields.sort_by_key(|field| field.path().last().copied());
            let fields: Vec<_> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name(), model_field(message, field)))
                .collect();
            format!("({})", fields.join(", "))
        }
    }
}

fn model_key(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => format!("{key:?}"),
    }
}

/// Checks the columns of several messages, one after the other and merged into one.
fn check(definition: &str, choices: Vec<Vec<u8>>) -> Result<(), TestCaseError> {
    let descriptor = message(definition, "p.All").descriptor();
    let mut columns = fields(definition, &[], Some("p.All")).unwrap();
    // The last one; JSON has tests of its own.
    columns.retain(|field| field.name() != "any");
    let width = columns.len();
    let mut decoder = ValueDecoder::new(encoding(definition, Some("All")), columns);
    let made = choices
        .into_iter()
        .map(|bytes| Choices(bytes.into_iter()).message(descriptor.clone()));
    let mut payloads: Vec<Vec<u8>> = made.map(|message| message.encode_to_vec()).collect();
    payloads.push(payloads.concat());
    let mut wanted = Vec::new();
    for payload in &payloads {
        decoder.decode(payload).unwrap();
        let mut row = model(&DynamicMessage::decode(descriptor.clone(), payload.as_slice()).unwrap());
        row.truncate(width);
        wanted.push(row);
    }
    prop_assert_eq!(rows(&decoder.flush()), wanted);
    Ok(())
}

proptest! {
    #[test]
    fn columns_hold_what_was_written(choices in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4)) {
        check(EVERYTHING, choices)?;
    }

    #[test]
    fn proto2_columns_hold_what_was_written(choices in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..4)) {
        check(PROTO2, choices)?;
    }
}
