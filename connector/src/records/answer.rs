//! The response of a read: one block inline, or the list of those that were spilled.

use arrow::datatypes::SchemaRef;
use protocol::{Block, EncryptionKey, FederationResponse, ReadRecordsResponse, RemoteReadRecordsResponse};
use spill::Records;

use crate::telemetry::report::note;

/// Parts of the request that the response repeats.
pub(super) struct Answer {
    pub(super) catalog_name: String,
    pub(super) schema: SchemaRef,
    pub(super) encryption_key: Option<EncryptionKey>,
}

pub(super) fn response(answer: Answer, records: Records) -> FederationResponse {
    let Answer {
        catalog_name,
        schema,
        encryption_key,
    } = answer;
    let (kind, response) = match records {
        Records::Inline(batch) => {
            let records = Block::new(batch);
            let response = ReadRecordsResponse {
                catalog_name,
                records,
            };
            ("inline", FederationResponse::ReadRecords(response))
        }
        Records::Spilled(remote_blocks) => {
            let response = RemoteReadRecordsResponse {
                catalog_name,
                schema,
                remote_blocks,
                encryption_key,
            };
            ("spilled", FederationResponse::RemoteReadRecords(response))
        }
    };
    note(|report| report.response = Some(kind));
    response
}
