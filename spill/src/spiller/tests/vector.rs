use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use base64::prelude::{BASE64_STANDARD, Engine};
use protocol::{EncryptionKey, decode_schema};

/// Object written by the Java SDK: schema a Int32, b Utf8; one row (0, "v0"); AES-256.
pub(super) struct Vector {
    schema: SchemaRef,
    pub(super) plaintext: Vec<u8>,
    pub(super) object: Vec<u8>,
    pub(super) key: EncryptionKey,
}

impl Vector {
    pub(super) fn load() -> Self {
        let texts: BTreeMap<_, _> = include_str!("../../../fixtures/encrypted-block.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(' '))
            .map(|(name, text)| (name, BASE64_STANDARD.decode(text.trim()).unwrap()))
            .collect();
        Self {
            schema: decode_schema(&texts["schema"]).unwrap(),
            plaintext: texts["plaintext"].clone(),
            object: texts["object"].clone(),
            key: EncryptionKey {
                key: texts["key"].clone(),
                nonce: texts["nonce"].clone(),
            },
        }
    }

    pub(super) fn batch(&self) -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![0])),
            Arc::new(StringArray::from(vec!["v0"])),
        ];
        RecordBatch::try_new(self.schema.clone(), columns).unwrap()
    }
}
