#![no_main]

use topic::{SchemaDefinition, TopicTable};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for data_format in ["JSON", "AVRO", "PROTOBUF"] {
        let definition = SchemaDefinition {
            schema_version_id: String::new(),
            data_format: data_format.to_owned(),
            definition: text.to_owned(),
            ..SchemaDefinition::default()
        };
        let _ = TopicTable::parse("registry", "schema", &definition);
    }
});
