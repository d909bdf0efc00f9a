//! Schemas as tools generate them, in their habits if not in their words, and a value of each.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use topic::document::TopicDocument;
use topic::{NoWriterSchemas, Record, RowDecoder, SchemaDefinition, TopicTable, WriterSchemas, type_name};

fn definition(data_format: &str, text: &str) -> SchemaDefinition {
    SchemaDefinition {
        data_format: data_format.to_owned(),
        definition: text.to_owned(),
        ..SchemaDefinition::default()
    }
}

/// Columns with their types, and the values of the one row that `value` is, as text.
fn read(data_format: &str, text: &str, value: &[u8]) -> Vec<(String, String)> {
    let definition = definition(data_format, text);
    let warnings = TopicDocument::parse("orders", &definition)
        .unwrap()
        .warnings()
        .to_vec();
    assert_eq!(warnings, []);
    let table = TopicTable::parse("registry", "orders", &definition).unwrap();
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    let mut decoder = RowDecoder::try_new(&table.schema, Some(&table), &writers)
        .unwrap()
        .strict();
    decoder.decode(&Record::of_value(value)).unwrap();
    let rows = decoder.flush();
    let options = FormatOptions::new().with_null("NULL");
    let columns = rows.schema_ref().fields().iter().zip(rows.columns());
    columns
        .map(|(field, column)| {
            let text = ArrayFormatter::try_new(column, &options)
                .unwrap()
                .value(0)
                .to_string();
            let name = format!("{} {}", field.name(), type_name::name(field.data_type()));
            (name, text)
        })
        .collect()
}

fn check(data_format: &str, text: &str, value: &[u8], wanted: &[(&str, &str)]) {
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(read(data_format, text, value), wanted);
}

// JSON Schema

#[test]
fn zod_to_json_schema() {
    check(
        "JSON",
        r##"{"$ref": "#/definitions/Order", "definitions": {"Order": {"type": "object", "properties": {
            "id": {"type": "integer", "exclusiveMinimum": 0},
            "state": {"type": "string", "enum": ["open", "closed"]},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "size": {"anyOf": [{"type": "string", "const": "S"}, {"type": "string", "const": "L"}]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {
                "sku": {"type": "string"}, "count": {"type": "number"}}, "required": ["sku"], "additionalProperties": false}},
            "labels": {"type": "object", "additionalProperties": {"type": "boolean"}}},
            "required": ["id"], "additionalProperties": false}},
            "$schema": "http://json-schema.org/draft-07/schema#"}"##,
        br#"{"id": 7, "state": "open", "size": "L", "lines": [{"sku": "a", "count": 2}], "labels": {"new": true}}"#,
        &[
            ("id BIGINT", "7"),
            ("state VARCHAR", "open"),
            ("note VARCHAR", "NULL"),
            ("size VARCHAR", "L"),
            ("lines ARRAY(ROW(sku VARCHAR, count DOUBLE))", "[{sku: a, count: 2.0}]"),
            ("labels MAP(VARCHAR, BOOLEAN)", "{new: true}"),
        ],
    );
}

#[test]
fn pydantic() {
    check(
        "JSON",
        r##"{"$defs": {"Address": {"properties": {"city": {"title": "City", "type": "string"}}, "required": ["city"],
                "title": "Address", "type": "object"}},
            "properties": {
                "id": {"title": "Id", "type": "integer"},
                "ordered_at": {"format": "date-time", "title": "Ordered At", "type": "string"},
                "address": {"anyOf": [{"$ref": "#/$defs/Address"}, {"type": "null"}], "default": null},
                "counts": {"additionalProperties": {"type": "integer"}, "title": "Counts", "type": "object"},
                "kind": {"const": "web", "default": "web", "title": "Kind", "type": "string"},
                "extra": {"title": "Extra"}},
            "required": ["id", "ordered_at"], "title": "Order", "type": "object"}"##,
        br#"{"id": 7, "ordered_at": "2023-03-09T21:05:00Z", "address": {"city": "Bern"}, "counts": {"a": 1}, "kind": "web",
            "extra": [1]}"#,
        &[
            ("id BIGINT", "7"),
            ("ordered_at TIMESTAMP", "2023-03-09T21:05:00"),
            ("address ROW(city VARCHAR)", "{city: Bern}"),
            ("counts MAP(VARCHAR, BIGINT)", "{a: 1}"),
            ("kind VARCHAR", "web"),
            ("extra VARCHAR", "[1]"),
        ],
    );
}

#[test]
fn gos_jsonschema() {
    check(
        "JSON",
        r##"{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/shop/order",
            "$ref": "#/$defs/Order", "$defs": {
                "Line": {"properties": {"sku": {"type": "string"}}, "additionalProperties": false, "type": "object"},
                "Order": {"properties": {
                    "id": {"type": "integer"},
                    "lines": {"items": {"$ref": "#/$defs/Line"}, "type": "array"},
                    "raw": {"type": "string", "contentEncoding": "base64"},
                    "by_id": {"patternProperties": {"^[0-9]+$": {"type": "number"}}, "additionalProperties": false,
                        "type": "object"},
                    "any": true},
                    "additionalProperties": false, "type": "object", "required": ["id"]}}}"##,
        br#"{"id": 7, "lines": [{"sku": "a"}], "raw": "aGk=", "by_id": {"5": 1.5}, "any": {"x": 1}}"#,
        &[
            ("id BIGINT", "7"),
            ("lines ARRAY(ROW(sku VARCHAR))", "[{sku: a}]"),
            ("raw VARBINARY", "6869"),
            ("by_id MAP(VARCHAR, DOUBLE)", "{5: 1.5}"),
            ("any VARCHAR", r#"{"x": 1}"#),
        ],
    );
}

#[test]
fn njsonschema() {
    check(
        "JSON",
        r##"{"$schema": "http://json-schema.org/draft-04/schema#", "title": "WebOrder",
            "allOf": [{"$ref": "#/definitions/Order"}, {"type": "object", "additionalProperties": false, "properties": {
                "Site": {"type": ["null", "string"]}}}],
            "definitions": {
                "Order": {"type": "object", "x-abstract": true, "additionalProperties": false, "properties": {
                    "Id": {"type": "integer", "format": "int32"},
                    "Total": {"type": "number", "format": "decimal"},
                    "To": {"oneOf": [{"type": "null"}, {"$ref": "#/definitions/Address"}]},
                    "State": {"$ref": "#/definitions/State"},
                    "Blob": {"type": ["null", "string"], "format": "byte"}}},
                "Address": {"type": "object", "additionalProperties": false, "properties": {"City": {"type": "string"}}},
                "State": {"type": "integer", "description": "", "x-enumNames": ["Open"], "enum": [0]}}}"##,
        br#"{"Id": 7, "Total": 12.5, "To": {"City": "Bern"}, "State": 0, "Blob": "aGk=", "Site": "x"}"#,
        &[
            ("Id INTEGER", "7"),
            ("Total DOUBLE", "12.5"),
            ("To ROW(City VARCHAR)", "{City: Bern}"),
            ("State BIGINT", "0"),
            ("Blob VARBINARY", "6869"),
            ("Site VARCHAR", "x"),
        ],
    );
}

#[test]
fn kafka_connects_json_schema_converter() {
    check(
        "JSON",
        r#"{"type": "object", "title": "orders.Value", "connect.version": 1, "properties": {
            "id": {"type": "integer", "connect.index": 0, "connect.type": "int32"},
            "price": {"type": "number", "title": "org.apache.kafka.connect.data.Decimal", "connect.version": 1,
                "connect.type": "bytes", "connect.parameters": {"scale": "2"}, "connect.index": 1},
            "day": {"oneOf": [{"type": "null"}, {"type": "integer", "title": "org.apache.kafka.connect.data.Date",
                "connect.version": 1, "connect.type": "int32"}], "connect.index": 2},
            "at": {"type": "integer", "title": "io.debezium.time.NanoTimestamp", "connect.type": "int64", "connect.index": 3},
            "note": {"oneOf": [{"type": "null"}, {"type": "string"}], "connect.index": 4}}}"#,
        br#"{"id": 7, "price": "BNI=", "day": 19425, "at": 1678395900123456789, "note": null}"#,
        &[
            ("id BIGINT", "7"),
            ("price DECIMAL(38,2)", "12.34"),
            ("day DATE", "2023-03-09"),
            ("at TIMESTAMP", "2023-03-09T21:05:00.123"),
            ("note VARCHAR", "NULL"),
        ],
    );
}

// Protobuf

#[test]
fn buf_with_protovalidate() {
    check(
        "PROTOBUF",
        r#"syntax = "proto3"; package shop.v1;
            import "buf/validate/validate.proto";
            import "google/type/money.proto";
            message Order {
              option (buf.validate.message).cel = { id: "o", message: "m", expression: "this.id > 0" };
              int64 id = 1 [(buf.validate.field).int64.gt = 0];
              google.type.Money price = 2 [(buf.validate.field).required = true];
              repeated string tags = 3 [(buf.validate.field).repeated = {min_items: 1, items: {string: {min_len: 1}}}];
            }"#,
        b"\x08\x07\x12\x0d\x0a\x03EUR\x10\x0c\x18\x80\xca\xb5\xee\x01\x1a\x01a",
        &[
            ("id BIGINT", "7"),
            (
                "price ROW(currency_code VARCHAR, units BIGINT, nanos INTEGER)",
                "{currency_code: EUR, units: 12, nanos: 500000000}",
            ),
            ("tags ARRAY(VARCHAR)", "[a]"),
        ],
    );
}

#[test]
fn grpc_gateway_annotations() {
    check(
        "PROTOBUF",
        r#"syntax = "proto3"; package shop.v1;
            import "google/api/annotations.proto";
            import "google/api/field_behavior.proto";
            import "google/api/resource.proto";
            import "protoc-gen-openapiv2/options/annotations.proto";
            import "google/protobuf/timestamp.proto";
            option go_package = "example.com/shop;shop";
            option (grpc.gateway.protoc_gen_openapiv2.options.openapiv2_swagger) = { info: { title: "Shop"; } };
            service Orders {
              rpc GetOrder(GetOrderRequest) returns (Order) {
                option (google.api.http) = { get: "/v1/{name=orders/*}" additional_bindings { get: "/v2" } };
              }
            }
            message Order {
              option (google.api.resource) = { type: "shop/Order" pattern: "orders/{order}" };
              string name = 1 [(google.api.field_behavior) = REQUIRED];
              google.protobuf.Timestamp at = 2 [(google.api.field_behavior) = OUTPUT_ONLY, json_name = "orderedAt"];
            }
            message GetOrderRequest { string name = 1; }"#,
        b"\x0a\x01o\x12\x02\x08\x01",
        &[("name VARCHAR", "o"), ("at TIMESTAMP", "1970-01-01T00:00:01")],
    );
}

#[test]
fn kafka_connects_protobuf_converter() {
    check(
        "PROTOBUF",
        r#"syntax = "proto3"; package shop;
            import "confluent/meta.proto";
            import "confluent/type/decimal.proto";
            import "google/type/date.proto";
            message Value {
              int32 id = 1 [(confluent.field_meta) = { params: [{ key: "connect.type", value: "int16" }] }];
              optional string note = 2;
              confluent.type.Decimal price = 3 [(confluent.field_meta) = { params: [{ value: "2", key: "scale" }] }];
              google.type.Date day = 4;
            }"#,
        b"\x08\x07\x1a\x08\x0a\x02\x04\xd2\x10\x05\x18\x02\x22\x07\x08\xe7\x0f\x10\x03\x18\x09",
        &[
            ("id INTEGER", "7"),
            ("note VARCHAR", "NULL"),
            (
                "price ROW(value VARBINARY, precision BIGINT, scale INTEGER)",
                "{value: 04d2, precision: 5, scale: 2}",
            ),
            (
                "day ROW(year INTEGER, month INTEGER, day INTEGER)",
                "{year: 2023, month: 3, day: 9}",
            ),
        ],
    );
}

#[test]
fn protoc_of_an_edition() {
    check(
        "PROTOBUF",
        r#"edition = "2023"; package shop;
            import "google/protobuf/go_features.proto";
            option features.(pb.go).api_level = API_OPAQUE;
            message Order {
              reserved gone;
              int32 id = 1 [features.field_presence = IMPLICIT];
              int32 count = 2;
              string unit = 3 [default = "kg"];
            }"#,
        b"",
        &[
            ("id INTEGER", "0"),
            ("count INTEGER", "NULL"),
            ("unit VARCHAR", "kg"),
        ],
    );
}

// Avro

#[test]
fn avro_maven_plugin() {
    check(
        "AVRO",
        r#"{"type": "record", "name": "Order", "namespace": "com.example.shop", "fields": [
            {"name": "id", "type": {"type": "string", "avro.java.string": "String"}},
            {"name": "note", "type": ["null", {"type": "string", "avro.java.string": "String"}], "default": null},
            {"name": "labels", "type": {"type": "map", "values": {"type": "string", "avro.java.string": "String"},
                "avro.java.string": "String"}},
            {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}]}"#,
        b"\x02a\x00\x02\x02k\x02v\x00\x04\x04\xd2",
        &[
            ("id VARCHAR", "a"),
            ("note VARCHAR", "NULL"),
            ("labels MAP(VARCHAR, VARCHAR)", "{k: v}"),
            ("total DECIMAL(9,2)", "12.34"),
        ],
    );
}

#[test]
fn avro_idl() {
    check(
        "AVRO",
        r#"{"type": "record", "name": "Order", "namespace": "shop", "doc": "An order.", "aliases": ["shop.Purchase"],
            "fields": [
                {"name": "id", "type": "long", "doc": "The key.", "order": "descending"},
                {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "DONE"], "default": "OPEN"},
                    "default": "OPEN"},
                {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 2}},
                {"name": "parts", "type": {"type": "array", "items": "long"}, "aliases": ["pieces"]}]}"#,
        b"\x0e\x02\xd0\x0f\xca\xfe\x02\x04\x00",
        &[
            ("id BIGINT", "7"),
            ("state VARCHAR", "DONE"),
            ("at TIMESTAMP", "1970-01-01T00:00:01"),
            ("hash VARBINARY", "cafe"),
            ("parts ARRAY(BIGINT)", "[2]"),
        ],
    );
}

#[test]
fn kafka_connects_avro_converter() {
    check(
        "AVRO",
        r#"{"type": "record", "name": "ConnectDefault", "namespace": "io.confluent.connect.avro", "fields": [
            {"name": "id", "type": {"type": "int", "connect.type": "int16"}},
            {"name": "day", "type": {"type": "int", "connect.version": 1, "connect.name":
                "org.apache.kafka.connect.data.Date", "logicalType": "date"}},
            {"name": "price", "type": ["null", {"type": "bytes", "scale": 2, "precision": 64, "connect.version": 1,
                "connect.parameters": {"scale": "2"}, "connect.name": "org.apache.kafka.connect.data.Decimal",
                "logicalType": "decimal"}], "default": null}],
            "connect.version": 1}"#,
        b"\x0e\xc2\xaf\x02\x02\x04\x04\xd2",
        &[
            ("id INTEGER", "7"),
            ("day DATE", "2023-03-09"),
            ("price VARCHAR", "12.34"),
        ],
    );
}

#[test]
fn debeziums_avro() {
    check(
        "AVRO",
        r#"{"type": "record", "name": "Envelope", "namespace": "s.shop.orders", "fields": [
            {"name": "before", "type": ["null", {"type": "record", "name": "Value", "fields": [
                {"name": "id", "type": "int"}], "connect.name": "s.shop.orders.Value"}], "default": null},
            {"name": "after", "type": ["null", "Value"], "default": null},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"], "default": null}],
            "connect.name": "s.shop.orders.Envelope"}"#,
        b"\x00\x02\x0e\x02c\x00",
        &[
            ("before ROW(id INTEGER)", "NULL"),
            ("after ROW(id INTEGER)", "{id: 7}"),
            ("op VARCHAR", "c"),
            ("ts_ms BIGINT", "NULL"),
        ],
    );
}
