//! Values on the wire, by their field's type.

use prost_reflect::Value;

use crate::decode::protobuf::kind::Kind;
use crate::decode::protobuf::wire::Raw;
use crate::decode::scalar::Scalar;
use crate::decode::zigzag;

/// Value of a field that is neither a message nor an enum.
pub(super) fn scalar<'a>(kind: &Kind, raw: Raw, payload: &'a [u8]) -> Scalar<'a> {
    match (kind, raw) {
        (Kind::Bool, Raw::Varint(value)) => Scalar::Bool(value != 0),
        // Java writes negative ones with ten bytes, of which four are significant.
        (Kind::Int32 | Kind::Enum(_), Raw::Varint(value)) => Scalar::Int((value as i32).into()),
        (Kind::Uint32, Raw::Varint(value)) => Scalar::Int((value as u32).into()),
        (Kind::Sint32, Raw::Varint(value)) => {
            Scalar::Int((zigzag::unfold(u64::from(value as u32)) as i32).into())
        }
        (Kind::Int64, Raw::Varint(value)) => Scalar::Int(value as i64),
        (Kind::Uint64, Raw::Varint(value)) => Scalar::UInt(value),
        (Kind::Sint64, Raw::Varint(value)) => Scalar::Int(zigzag::unfold(value)),
        (Kind::Fixed32, Raw::Fixed32(value)) => Scalar::Int(value.into()),
        (Kind::Sfixed32, Raw::Fixed32(value)) => Scalar::Int((value as i32).into()),
        (Kind::Fixed64, Raw::Fixed64(value)) => Scalar::UInt(value),
        (Kind::Sfixed64, Raw::Fixed64(value)) => Scalar::Int(value as i64),
        (Kind::Float, Raw::Fixed32(value)) => Scalar::Float(f32::from_bits(value)),
        (Kind::Double, Raw::Fixed64(value)) => Scalar::Double(f64::from_bits(value)),
        (Kind::String, Raw::Bytes(span)) => match std::str::from_utf8(span.of(payload)) {
            Ok(text) => Scalar::Text(text),
            // A VARCHAR column replaces invalid UTF-8.
            Err(_) => Scalar::Bytes(span.of(payload)),
        },
        (Kind::Bytes, Raw::Bytes(span)) => Scalar::Bytes(span.of(payload)),
        // Fields accept no values of other wire types.
        _ => Scalar::Null,
    }
}

/// Default in the descriptor; for an enum its number is used instead.
pub(super) fn default_scalar(value: &Value) -> Scalar<'_> {
    match value {
        Value::Bool(value) => Scalar::Bool(*value),
        Value::I32(value) => Scalar::Int((*value).into()),
        Value::I64(value) => Scalar::Int(*value),
        Value::U32(value) => Scalar::Int((*value).into()),
        Value::U64(value) => Scalar::UInt(*value),
        Value::F32(value) => Scalar::Float(*value),
        Value::F64(value) => Scalar::Double(*value),
        Value::String(value) => Scalar::Text(value),
        Value::Bytes(value) => Scalar::Bytes(value),
        Value::EnumNumber(_) | Value::Message(_) | Value::List(_) | Value::Map(_) => Scalar::Null,
    }
}

/// Identity of a map's keys.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum MapKey<'a> {
    Number(u64),
    Text(&'a [u8]),
}

pub(super) fn map_key<'a>(kind: &Kind, raw: Raw, payload: &'a [u8]) -> MapKey<'a> {
    match (raw, scalar(kind, raw, payload)) {
        (Raw::Bytes(span), _) => MapKey::Text(span.of(payload)),
        (_, Scalar::Bool(value)) => MapKey::Number(value.into()),
        (_, Scalar::UInt(value)) => MapKey::Number(value),
        (_, Scalar::Int(value)) => MapKey::Number(value as u64),
        _ => MapKey::Number(0),
    }
}
