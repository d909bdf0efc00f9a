//! Any request.

use super::metadata_request::with_request_type;
use super::{
    GetDataSourceCapabilitiesRequest, GetSplitsRequest, GetTableLayoutRequest, GetTableRequest,
    ListSchemasRequest, ListTablesRequest, PingRequest, ReadRecordsRequest, UserDefinedFunctionRequest,
};
use crate::detect::detect;
use crate::error::{EncodeError, Fault, Rule, WireError, quoted_name};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// What Athena may ask, by the message's `@type`.
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
    /// Decodes a request, and finds the serde version it is written at. Answer at that version.
    ///
    /// # Errors
    /// If it is not a request this crate knows, or one that its version lacks.
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
    /// If the version cannot say it, or Arrow data cannot be carried.
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

    /// The message's `@type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ping(_) => PingRequest::NAME,
            Self::ListSchemas(_) => ListSchemasRequest::NAME,
            Self::ListTables(_) => ListTablesRequest::NAME,
            Self::GetTable(_) => GetTableRequest::NAME,
            Self::GetTableLayout(_) => GetTableLayoutRequest::NAME,
            Self::GetSplits(_) => GetSplitsRequest::NAME,
            Self::ReadRecords(_) => ReadRecordsRequest::NAME,
            Self::GetDataSourceCapabilities(_) => GetDataSourceCapabilitiesRequest::NAME,
            Self::UserDefinedFunction(_) => UserDefinedFunctionRequest::NAME,
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

    fn from_object(name: &str, object: &Object<'_>) -> Result<Self, Fault> {
        match name {
            PingRequest::NAME => PingRequest::from_object(object).map(Self::Ping),
            ListSchemasRequest::NAME => ListSchemasRequest::from_object(object).map(Self::ListSchemas),
            ListTablesRequest::NAME => ListTablesRequest::from_object(object).map(Self::ListTables),
            GetTableRequest::NAME => GetTableRequest::from_object(object).map(Self::GetTable),
            GetTableLayoutRequest::NAME => {
                GetTableLayoutRequest::from_object(object).map(Self::GetTableLayout)
            }
            GetSplitsRequest::NAME => GetSplitsRequest::from_object(object).map(Self::GetSplits),
            ReadRecordsRequest::NAME => ReadRecordsRequest::from_object(object).map(Self::ReadRecords),
            GetDataSourceCapabilitiesRequest::NAME => {
                GetDataSourceCapabilitiesRequest::from_object(object).map(Self::GetDataSourceCapabilities)
            }
            UserDefinedFunctionRequest::NAME => {
                UserDefinedFunctionRequest::from_object(object).map(Self::UserDefinedFunction)
            }
            other => Err(unknown("a request", other)),
        }
    }
}

/// A message and its name.
pub(super) fn named<'j, 'a>(json: &'j Json<'a>) -> Result<(&'j Object<'a>, String), Fault> {
    let object = json.as_object()?;
    Ok((object, quoted_name(&object.type_name()?)))
}

pub(super) fn unknown(wanted: &'static str, found: &str) -> Fault {
    Fault::from(Rule::Unknown {
        wanted,
        found: found.to_owned(),
    })
    .at_key("@type")
}

macro_rules! from_request {
    ($($variant:ident($request:ty)),* $(,)?) => {
        $(impl From<$request> for FederationRequest {
            fn from(request: $request) -> Self {
                Self::$variant(request)
            }
        })*
    };
}

from_request! {
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
