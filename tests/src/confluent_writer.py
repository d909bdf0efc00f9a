"""Writes records with Confluent's own serializers.

Reads one JSON object from standard input, writes its records to one partition in order, and prints them as they were
produced, in hex:

    {"bootstrap": "host:port", "registry": "http://…", "topic": "…", "records": [{"key": SIDE, "value": SIDE}]}

A side is null, or

    {"bytes": HEX}                                       as it is, without a serializer
    {"format": "AVRO" | "JSON", "schema": TEXT, "references": [{"name", "subject", "version"}],
     "header": BOOL, "data": JSON}
    {"format": "PROTOBUF", "files": [FileDescriptorProto as JSON, imports first, the message's own last],
     "message": "its.full.Name", "header": BOOL, "data": the message as JSON}

`header` puts the schema's GUID into a record header; else its id stands before the payload. A schema is registered under
the subject of the topic and the side, as by default. What it refers to must be registered already, but for the imports of
Protobuf, which the serializer registers itself.
"""

import json
import sys

from confluent_kafka import Producer
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
    prefix_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2

TIMEOUT_SECONDS = 60


def message_class(files, name):
    """The class of a message without protoc. Each has a pool of its own: versions of a file share its name."""
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    for file in files:
        pool.Add(json_format.ParseDict(file, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def serializer(registry, side):
    by_header = side.get("header", False)
    conf = {"schema.id.serializer": header_schema_id_serializer if by_header else prefix_schema_id_serializer}
    if side["format"] == "PROTOBUF":
        message = message_class(side["files"], side["message"])
        serialize = ProtobufSerializer(message, registry, conf)
        return lambda data, context: serialize(json_format.ParseDict(data, message()), context)
    references = [SchemaReference(**reference) for reference in side.get("references", [])]
    schema = Schema(side["schema"], side["format"], references)
    if side["format"] == "AVRO":
        return AvroSerializer(registry, schema, conf=conf)
    return JSONSerializer(schema, registry, conf=conf)


def payload(registry, topic, field, headers, side):
    if side is None:
        return None
    if "bytes" in side:
        return bytes.fromhex(side["bytes"])
    return serializer(registry, side)(side["data"], SerializationContext(topic, field, headers))


def main():
    task = json.load(sys.stdin)
    topic = task["topic"]
    registry = SchemaRegistryClient({"url": task["registry"]})
    producer = Producer({"bootstrap.servers": task["bootstrap"]})
    failures = []
    written = []

    def delivered(error, _):
        if error:
            failures.append(str(error))

    for record in task["records"]:
        headers = []
        key = payload(registry, topic, MessageField.KEY, headers, record.get("key"))
        value = payload(registry, topic, MessageField.VALUE, headers, record.get("value"))
        producer.produce(topic, value, key, partition=0, headers=headers, on_delivery=delivered)
        headers = {name: value.hex() for name, value in headers}
        written.append({"key": key and key.hex(), "value": value and value.hex(), "headers": headers})
    left = producer.flush(TIMEOUT_SECONDS)
    if failures or left:
        sys.exit(f"{left} records were not acknowledged; {failures}")
    json.dump(written, sys.stdout)


main()
