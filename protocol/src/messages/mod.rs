//! Messages of every call, and the two enums over them.

mod by_name;
mod capabilities;
mod get_splits;
mod get_table;
mod get_table_layout;
mod list_schemas;
mod list_tables;
mod metadata_request;
mod ping;
mod read_records;
mod request;
mod response;
mod user_defined_function;

pub use capabilities::{
    GetDataSourceCapabilitiesRequest, GetDataSourceCapabilitiesResponse, OptimizationSubType,
};
pub use get_splits::{GetSplitsRequest, GetSplitsResponse};
pub use get_table::{GetTableRequest, GetTableResponse};
pub use get_table_layout::{GetTableLayoutRequest, GetTableLayoutResponse};
pub use list_schemas::{ListSchemasRequest, ListSchemasResponse};
pub use list_tables::{ListTablesRequest, ListTablesResponse};
pub use ping::{CAPABILITIES, PingRequest, PingResponse};
pub use read_records::{ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse};
pub use request::FederationRequest;
pub use response::FederationResponse;
pub use user_defined_function::{UserDefinedFunctionRequest, UserDefinedFunctionResponse};
