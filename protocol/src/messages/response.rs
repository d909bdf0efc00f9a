//! Any response.

use super::by_name::{by_name, named, unknown};
use super::{
    GetDataSourceCapabilitiesResponse, GetSplitsResponse, GetTableLayoutResponse, GetTableResponse,
    ListSchemasResponse, ListTablesResponse, PingResponse, ReadRecordsResponse, RemoteReadRecordsResponse,
    UserDefinedFunctionResponse,
};
use crate::error::{EncodeError, Fault, WireError};
use crate::ipc::IpcFraming;
use crate::json::{Json, Object};

/// What a connector may answer, by the message's `@type`. A failure is no response: it goes through Lambda's own
/// error channel, which a client must look at first.
#[derive(Debug, Clone, PartialEq)]
pub enum FederationResponse {
    Ping(PingResponse),
    ListSchemas(ListSchemasResponse),
    ListTables(ListTablesResponse),
    GetTable(GetTableResponse),
    GetTableLayout(GetTableLayoutResponse),
    GetSplits(GetSplitsResponse),
    ReadRecords(ReadRecordsResponse),
    RemoteReadRecords(RemoteReadRecordsResponse),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesResponse),
    UserDefinedFunction(UserDefinedFunctionResponse),
}

impl FederationResponse {
    /// Decodes a response of any version from 2 up.
    ///
    /// # Errors
    /// If it is not a response this crate knows.
    pub fn decode(json: &[u8]) -> Result<Self, WireError> {
        let json = Json::parse(json).map_err(|fault| fault.in_message("response"))?;
        let (object, name) = named(&json).map_err(|fault| fault.in_message("response"))?;
        Self::from_object(&name, object).map_err(|fault| fault.in_message(&name))
    }

    /// Encodes a response, keys in their order. It is the same at every version but for the framing of Arrow bytes.
    ///
    /// # Errors
    /// If Arrow data cannot be carried.
    pub fn encode(&self, framing: IpcFraming) -> Result<Vec<u8>, EncodeError> {
        let json = match self {
            Self::Ping(response) => response.to_json(),
            Self::ListSchemas(response) => response.to_json(),
            Self::ListTables(response) => response.to_json(),
            Self::GetTable(response) => response.to_json(framing)?,
            Self::GetTableLayout(response) => response.to_json(framing)?,
            Self::GetSplits(response) => response.to_json(),
            Self::ReadRecords(response) => response.to_json(framing)?,
            Self::RemoteReadRecords(response) => response.to_json(framing)?,
            Self::GetDataSourceCapabilities(response) => response.to_json(),
            Self::UserDefinedFunction(response) => response.to_json(framing)?,
        };
        Ok(serde_json::to_vec(&json)?)
    }
}

by_name! {
    FederationResponse, "a response";
    Ping(PingResponse),
    ListSchemas(ListSchemasResponse),
    ListTables(ListTablesResponse),
    GetTable(GetTableResponse),
    GetTableLayout(GetTableLayoutResponse),
    GetSplits(GetSplitsResponse),
    ReadRecords(ReadRecordsResponse),
    RemoteReadRecords(RemoteReadRecordsResponse),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesResponse),
    UserDefinedFunction(UserDefinedFunctionResponse),
}
