//! Schemas with invalid types, or that unfold to more than their size.

use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, write_message};

use super::*;
use crate::error::Rule;

#[test]
fn refuses_dictionaries_both_ways() {
    let data_type = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let schema = schema_of(data_type);
    let error = encode_schema(&schema, IpcFraming::Continuation).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("column `a` is Dictionary(Int32, Utf8)"),
        "{error}"
    );

    let options = IpcFraming::Continuation.write_options().unwrap();
    let mut tracker = DictionaryTracker::new(true);
    let generator = IpcDataGenerator::default();
    let encoded = generator.schema_to_bytes_with_dictionary_tracker(&schema, &mut tracker, &options);
    let mut bytes = Vec::new();
    write_message(&mut bytes, encoded, &options).unwrap();
    let error = decode_schema(&bytes).unwrap_err();
    assert!(
        error.to_string().contains("column `a`: it is dictionary-encoded"),
        "{error}"
    );
}

/// Schema message of one field, whose type the caller writes.
fn schema_message(
    endianness: ipc::Endianness,
    kind: ipc::Type,
    write_type: impl FnOnce(&mut FlatBufferBuilder<'_>) -> WIPOffset<flatbuffers::UnionWIPOffset>,
) -> Vec<u8> {
    let mut fbb = FlatBufferBuilder::new();
    let name = fbb.create_string("a");
    let data_type = write_type(&mut fbb);
    let mut field = ipc::FieldBuilder::new(&mut fbb);
    field.add_name(name);
    field.add_type_type(kind);
    field.add_type_(data_type);
    let field = field.finish();
    let fields = fbb.create_vector(&[field]);
    let mut schema = ipc::SchemaBuilder::new(&mut fbb);
    schema.add_endianness(endianness);
    schema.add_fields(fields);
    let header = schema.finish().as_union_value();
    finish_message(
        fbb,
        ipc::MessageHeader::Schema,
        header,
        ipc::MetadataVersion::V5,
        0,
    )
}

#[test]
fn refuses_types_with_impossible_parameters() {
    let (little, big) = (ipc::Endianness::Little, ipc::Endianness::Big);
    let int = |width| {
        move |fbb: &mut FlatBufferBuilder<'_>| {
            let mut int = ipc::IntBuilder::new(fbb);
            int.add_bitWidth(width);
            int.finish().as_union_value()
        }
    };
    let decimal = |precision, scale, width| {
        move |fbb: &mut FlatBufferBuilder<'_>| {
            let mut decimal = ipc::DecimalBuilder::new(fbb);
            decimal.add_precision(precision);
            decimal.add_scale(scale);
            decimal.add_bitWidth(width);
            decimal.finish().as_union_value()
        }
    };
    assert_eq!(
        decode_schema(&schema_message(little, ipc::Type::Int, int(32)))
            .map(|schema| schema.field(0).data_type().clone()),
        Ok(DataType::UInt32)
    );
    let lies = [
        (schema_message(big, ipc::Type::Int, int(32)), "little-endian"),
        (
            schema_message(little, ipc::Type::Int, int(7)),
            "invalid parameters",
        ),
        (
            schema_message(little, ipc::Type::Decimal, decimal(300, 2, 128)),
            "invalid parameters",
        ),
        (
            schema_message(little, ipc::Type::Decimal, decimal(10, 2, 256)),
            "invalid parameters",
        ),
        (
            schema_message(little, ipc::Type::Decimal, decimal(10, 12, 128)),
            "needs a precision",
        ),
        (
            schema_message(little, ipc::Type::LargeUtf8, int(32)),
            "LargeUtf8 is not allowed in a block",
        ),
        (
            schema_message(little, ipc::Type::NONE, int(32)),
            "not a valid flatbuffer",
        ),
        (
            schema_message(little, ipc::Type(99), int(32)),
            "is not allowed in a block",
        ),
        (
            schema_message(little, ipc::Type::List, int(32)),
            "has 0 children, wanted 1",
        ),
        (
            schema_message(little, ipc::Type::Map, int(32)),
            "has 0 children, wanted 1",
        ),
    ];
    for (bytes, rule) in lies {
        let error = decode_schema(&bytes).expect_err(rule);
        assert!(error.to_string().contains(rule), "wanted {rule}, found {error}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth| {
        let nest = |inner, _| DataType::List(Arc::new(Field::new("item", inner, true)));
        schema_of((0..depth).fold(DataType::Int32, nest))
    };
    let decode = |depth| decode_schema(&encode_schema(&nested(depth), IpcFraming::Continuation).unwrap());
    assert_eq!(decode(20), Ok(nested(20)));
    assert!(matches!(
        decode(200).map_err(|error| error.rule),
        Err(Rule::Arrow(_))
    ));
}

/// A flatbuffer is a graph: many fields may share one table, which would unfold to gigabytes.
#[test]
fn refuses_schemas_that_unfold_to_more_than_they_are() {
    let mut fbb = FlatBufferBuilder::new();
    let name = fbb.create_string(&"n".repeat(10_000));
    let data_type = ipc::BoolBuilder::new(&mut fbb).finish().as_union_value();
    let mut field = ipc::FieldBuilder::new(&mut fbb);
    field.add_name(name);
    field.add_type_type(ipc::Type::Bool);
    field.add_type_(data_type);
    let field = field.finish();
    let fields = fbb.create_vector(&vec![field; 2_000]);
    let mut schema = ipc::SchemaBuilder::new(&mut fbb);
    schema.add_fields(fields);
    let header = schema.finish().as_union_value();
    let bytes = finish_message(
        fbb,
        ipc::MessageHeader::Schema,
        header,
        ipc::MetadataVersion::V5,
        0,
    );
    assert!(bytes.len() < 30_000);
    assert!(
        decode_schema(&bytes)
            .unwrap_err()
            .to_string()
            .contains("not a valid flatbuffer")
    );
}
