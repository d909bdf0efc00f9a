//! Union of all requests.

use super::by_name::{by_name, named, unknown};
use super::metadata_request::with_request_type;
use super::{
    GetDataSourceCapabilitiesRequest, GetSplitsRequest, GetTableLayoutRequest, GetTableRequest,
    ListSchemasRequest, ListTablesRequest, PingRequest, ReadRecordsRequest, UserDefinedFunctionRequest,
};
use crate::detect::detect;
use crate::domain::{FederatedIdentity, TableName};
use crate::error::{EncodeError, Fault, WireError};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Request of Athena, distinguished by the message's `@type`.
#[derive(Debug, Clone, PartialEq)]
pub enum FederationRequest {
    Ping(PingRequest),
    ListSchemas(ListSchemasRequest),
    ListTables(ListTablesRequest),
    GetTable(GetTableRequest),
    GetTableLayout(GetTableLayoutRequest),
    GetSplits(GetSplitsRequest),
    ReadRecords(ReadRecordsRequest),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest),
    UserDefinedFunction(UserDefinedFunctionRequest),
}

impl FederationRequest {
    /// Decodes a request and detects its serde version; respond at that version.
    ///
    /// # Errors
    /// If the request is unknown, or does not exist at its version.
    pub fn decode(json: &[u8]) -> Result<(Self, SerdeVersion), WireError> {
        let json = Json::parse(json).map_err(|fault| fault.in_message("request"))?;
        let (object, name) = named(&json).map_err(|fault| fault.in_message("request"))?;
        let version = detect(object).map_err(|fault| fault.in_message(&name))?;
        let request = Self::from_object(&name, object).map_err(|fault| fault.in_message(&name))?;
        Ok((request, version))
    }

    /// Encodes a request with exactly the keys of the version, in their order.
    ///
    /// # Errors
    /// If the message does not exist at the version, or Arrow data cannot be encoded.
    pub fn encode(&self, version: SerdeVersion) -> Result<Vec<u8>, EncodeError> {
        let json = match self {
            Self::Ping(request) => request.to_json(version),
            Self::ListSchemas(request) => request.to_json(version),
            Self::ListTables(request) => request.to_json(version),
            Self::GetTable(request) => request.to_json(version)?,
            Self::GetTableLayout(request) => request.to_json(version)?,
            Self::GetSplits(request) => request.to_json(version)?,
            Self::ReadRecords(request) => request.to_json(version)?,
            Self::GetDataSourceCapabilities(request) => request.to_json(version)?,
            Self::UserDefinedFunction(request) => request.to_json(version)?,
        };
        Ok(serde_json::to_vec(&with_request_type(
            json,
            self.request_type(),
            version,
        ))?)
    }

    /// Identity of the caller, for requests that carry one.
    pub fn identity(&self) -> Option<&FederatedIdentity> {
        match self {
            Self::Ping(request) => request.identity.as_ref(),
            Self::ListSchemas(request) => request.identity.as_ref(),
            Self::ListTables(request) => request.identity.as_ref(),
            Self::GetTable(request) => request.identity.as_ref(),
            Self::GetTableLayout(request) => request.identity.as_ref(),
            Self::GetSplits(request) => request.identity.as_ref(),
            Self::ReadRecords(request) => request.identity.as_ref(),
            Self::GetDataSourceCapabilities(request) => request.identity.as_ref(),
            Self::UserDefinedFunction(request) => request.identity.as_ref(),
        }
    }

    /// Athena's id of the query, for requests that carry one.
    pub fn query_id(&self) -> Option<&str> {
        match self {
            Self::Ping(request) => Some(&request.query_id),
            Self::ListSchemas(request) => request.query_id.as_deref(),
            Self::ListTables(request) => request.query_id.as_deref(),
            Self::GetTable(request) => request.query_id.as_deref(),
            Self::GetTableLayout(request) => request.query_id.as_deref(),
            Self::GetSplits(request) => request.query_id.as_deref(),
            Self::ReadRecords(request) => Some(&request.query_id),
            Self::GetDataSourceCapabilities(request) => request.query_id.as_deref(),
            Self::UserDefinedFunction(_) => None,
        }
    }

    /// Table of the request, if it has one.
    pub fn table_name(&self) -> Option<&TableName> {
        match self {
            Self::GetTable(request) => Some(&request.table_name),
            Self::GetTableLayout(request) => Some(&request.table_name),
            Self::GetSplits(request) => Some(&request.table_name),
            Self::ReadRecords(request) => Some(&request.table_name),
            _ => None,
        }
    }

    fn request_type(&self) -> Option<&'static str> {
        match self {
            Self::ListSchemas(_) => Some("LIST_SCHEMAS"),
            Self::ListTables(_) => Some("LIST_TABLES"),
            Self::GetTable(_) => Some("GET_TABLE"),
            Self::GetTableLayout(_) => Some("GET_TABLE_LAYOUT"),
            Self::GetSplits(_) => Some("GET_SPLITS"),
            Self::ReadRecords(_) => Some("READ_RECORDS"),
            Self::Ping(_) | Self::GetDataSourceCapabilities(_) | Self::UserDefinedFunction(_) => None,
        }
    }
}

by_name! {
    FederationRequest, "a request";
    Ping(PingRequest),
    ListSchemas(ListSchemasRequest),
    ListTables(ListTablesRequest),
    GetTable(GetTableRequest),
    GetTableLayout(GetTableLayoutRequest),
    GetSplits(GetSplitsRequest),
    ReadRecords(ReadRecordsRequest),
    GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest),
    UserDefinedFunction(UserDefinedFunctionRequest),
}
