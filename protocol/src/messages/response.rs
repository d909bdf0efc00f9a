//! Any response.

use super::request::{named, unknown};
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

    /// The message's `@type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ping(_) => PingResponse::NAME,
            Self::ListSchemas(_) => ListSchemasResponse::NAME,
            Self::ListTables(_) => ListTablesResponse::NAME,
            Self::GetTable(_) => GetTableResponse::NAME,
            Self::GetTableLayout(_) => GetTableLayoutResponse::NAME,
            Self::GetSplits(_) => GetSplitsResponse::NAME,
            Self::ReadRecords(_) => ReadRecordsResponse::NAME,
            Self::RemoteReadRecords(_) => RemoteReadRecordsResponse::NAME,
            Self::GetDataSourceCapabilities(_) => GetDataSourceCapabilitiesResponse::NAME,
            Self::UserDefinedFunction(_) => UserDefinedFunctionResponse::NAME,
        }
    }

    fn from_object(name: &str, object: &Object<'_>) -> Result<Self, Fault> {
        match name {
            PingResponse::NAME => PingResponse::from_object(object).map(Self::Ping),
            ListSchemasResponse::NAME => ListSchemasResponse::from_object(object).map(Self::ListSchemas),
            ListTablesResponse::NAME => ListTablesResponse::from_object(object).map(Self::ListTables),
            GetTableResponse::NAME => GetTableResponse::from_object(object).map(Self::GetTable),
            GetTableLayoutResponse::NAME => {
                GetTableLayoutResponse::from_object(object).map(Self::GetTableLayout)
            }
            GetSplitsResponse::NAME => GetSplitsResponse::from_object(object).map(Self::GetSplits),
            ReadRecordsResponse::NAME => ReadRecordsResponse::from_object(object).map(Self::ReadRecords),
            RemoteReadRecordsResponse::NAME => {
                RemoteReadRecordsResponse::from_object(object).map(Self::RemoteReadRecords)
            }
            GetDataSourceCapabilitiesResponse::NAME => {
                GetDataSourceCapabilitiesResponse::from_object(object).map(Self::GetDataSourceCapabilities)
            }
            UserDefinedFunctionResponse::NAME => {
                UserDefinedFunctionResponse::from_object(object).map(Self::UserDefinedFunction)
            }
            other => Err(unknown("a response", other)),
        }
    }
}

macro_rules! from_response {
    ($($variant:ident($response:ty)),* $(,)?) => {
        $(impl From<$response> for FederationResponse {
            fn from(response: $response) -> Self {
                Self::$variant(response)
            }
        })*
    };
}

from_response! {
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
