//! Form of Arrow bytes in a response: one schema message, and one record batch with a body.

use arrow::ipc::{MessageHeader, root_as_message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::shape::Node;

/// Faults of every block and schema in a response.
pub(crate) fn faults(response: &Node) -> Vec<String> {
    let mut faults = Vec::new();
    walk(response, "", &mut faults);
    faults
}

fn walk(node: &Node, path: &str, faults: &mut Vec<String>) {
    match node {
        Node::Object(entries) => {
            for (key, value) in entries {
                let path = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                match (key.as_str(), value) {
                    ("schema", Node::Text(text)) => check(text, &path, MessageHeader::Schema, faults),
                    // Zero rows are an empty text.
                    ("records", Node::Text(text)) if !text.is_empty() => {
                        check(text, &path, MessageHeader::RecordBatch, faults);
                    }
                    _ => walk(value, &path, faults),
                }
            }
        }
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{index}]"), faults);
            }
        }
        _ => {}
    }
}

fn check(text: &str, path: &str, wanted: MessageHeader, faults: &mut Vec<String>) {
    if let Err(fault) = message(text, wanted) {
        faults.push(format!("{path}: {fault}"));
    }
}

fn message(text: &str, wanted: MessageHeader) -> Result<(), String> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| format!("is not standard base64 with padding: {error}"))?;
    let prefix = match bytes.starts_with(&[0xFF; 4]) {
        true => 4,
        false => 0,
    };
    let cut = || {
        let length = bytes.get(prefix..prefix + 4)?;
        let length = usize::try_from(i32::from_le_bytes(length.try_into().ok()?)).ok()?;
        bytes.get(prefix + 4..)?.get(..length)
    };
    let metadata = cut().ok_or("ends within its metadata")?;
    let message = root_as_message(metadata).map_err(|error| format!("is not an Arrow message: {error}"))?;
    if message.header_type() != wanted {
        return Err(format!(
            "is a message of {:?}, wanted one of {wanted:?}",
            message.header_type()
        ));
    }
    let Some(batch) = message.header_as_record_batch() else {
        return Ok(());
    };
    if batch.compression().is_some() {
        return Err("is compressed, which the SDK cannot read".to_owned());
    }
    if message.bodyLength() <= 0 {
        return Err("is a batch without a body, on which the SDK's reader fails".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, RecordBatch};
    use arrow::ipc::writer::StreamWriter;
    use protocol::{IpcFraming, encode_batch, encode_schema};

    use super::*;

    fn batch() -> RecordBatch {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }

    fn fault(key: &str, bytes: &[u8]) -> Option<String> {
        let block = Node::Object(vec![(key.to_owned(), Node::Text(STANDARD.encode(bytes)))]);
        faults(&Node::Object(vec![("records".to_owned(), block)])).pop()
    }

    #[test]
    fn accepts_both_framings() {
        for framing in [IpcFraming::Legacy, IpcFraming::Continuation] {
            assert_eq!(fault("records", &encode_batch(&batch(), framing).unwrap()), None);
            assert_eq!(
                fault("schema", &encode_schema(&batch().schema(), framing).unwrap()),
                None
            );
        }
    }

    #[test]
    fn a_stream_is_not_a_batch() {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch().schema()).unwrap();
        writer.write(&batch()).unwrap();
        let stream = writer.into_inner().unwrap();
        let fault = fault("records", &stream).unwrap();
        assert!(
            fault.starts_with("records.records: is a message of Schema"),
            "{fault}"
        );
    }

    #[test]
    fn a_batch_has_a_body_and_base64_its_padding() {
        let schema = encode_schema(&batch().schema(), IpcFraming::Continuation).unwrap();
        assert!(fault("records", &schema[..10]).unwrap().contains("ends within"));
        let text = Node::Text("abc".to_owned());
        let node = Node::Object(vec![("schema".to_owned(), text)]);
        assert!(faults(&node)[0].contains("base64"));
    }
}
