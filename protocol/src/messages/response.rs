//! Union of all responses.

use super::by_name::{by_name, named, unknown};
use super::metadata_request::with_request_type;
use super::{
    GetDataSourceCapabilitiesResponse, GetSplitsResponse, GetTableLayoutResponse, GetTableResponse,
    ListSchemasResponse, ListTablesResponse, PingResponse, ReadRecordsResponse, RemoteReadRecordsResponse,
    UserDefinedFunctionResponse,
};
use crate::error::{EncodeError, Fault, WireError};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Response of a connector, distinguished by the message's `@type`. A failure is not a response: it uses
/// Lambda's own error channel, which a client must check first.
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
    /// Decodes a response of any version.
    ///
    /// # Errors
    /// If the response is unknown.
    pub fn decode(json: &[u8]) -> Result<Self, WireError> {
        let json = Json::parse(json).map_err(|fault| fault.in_message("response"))?;
        let (object, name) = named(&json).map_err(|fault| fault.in_message("response"))?;
        Self::from_object(&name, object).map_err(|fault| fault.in_message(&name))
    }

    /// Encodes a response, keys in their order. From version 2 on only the framing of Arrow bytes differs.
    ///
    /// # Errors
    /// If the message does not exist at the version, or Arrow data cannot be encoded.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>, EncodeError> {
        let json = match self {
            Self::Ping(response) => response.to_json(),
            Self::ListSchemas(response) => response.to_json(),
            Self::ListTables(response) => response.to_json(version),
            Self::GetTable(response) => response.to_json(version)?,
            Self::GetTableLayout(response) => response.to_json(version)?,
            Self::GetSplits(response) => response.to_json(),
            Self::ReadRecords(response) => response.to_json(version)?,
            Self::RemoteReadRecords(response) => response.to_json(version)?,
            Self::GetDataSourceCapabilities(_) if version == SerdeVersion::V1 => {
                return Err(EncodeError::Version {
                    message: GetDataSourceCapabilitiesResponse::NAME,
                    version,
                });
            }
            Self::GetDataSourceCapabilities(response) => response.to_json(),
            Self::UserDefinedFunction(response) => response.to_json(version)?,
        };
        Ok(serde_json::to_vec(&with_request_type(
            json,
            self.request_type(),
            version,
        ))?)
    }

    fn request_type(&self) -> Option<&'static str> {
        match self {
            Self::ListSchemas(_) => Some("LIST_SCHEMAS"),
            Self::ListTables(_) => Some("LIST_TABLES"),
            Self::GetTable(_) => Some("GET_TABLE"),
            Self::GetTableLayout(_) => Some("GET_TABLE_LAYOUT"),
            Self::GetSplits(_) => Some("GET_SPLITS"),
            Self::ReadRecords(_) | Self::RemoteReadRecords(_) => Some("READ_RECORDS"),
            Self::Ping(_) | Self::GetDataSourceCapabilities(_) | Self::UserDefinedFunction(_) => None,
        }
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
