//! Wire protocol of Athena Query Federation, both directions: requests of Athena and responses of a
//! connector, between JSON bytes and typed values. The other implementation is the Java SDK,
//! [awslabs/aws-athena-query-federation](https://github.com/awslabs/aws-athena-query-federation), package
//! `com.amazonaws.athena.connector.lambda`.
//!
//! Pure: no I/O, no async, no AWS, no Kafka. Used by the connector and by clients that play Athena.
//!
//! | call | request | response |
//! | --- | --- | --- |
//! | ping | [`PingRequest`] | [`PingResponse`] |
//! | list schemas | [`ListSchemasRequest`] | [`ListSchemasResponse`] |
//! | list tables | [`ListTablesRequest`] | [`ListTablesResponse`] |
//! | get table | [`GetTableRequest`] | [`GetTableResponse`] |
//! | get table layout | [`GetTableLayoutRequest`] | [`GetTableLayoutResponse`] |
//! | get splits | [`GetSplitsRequest`] | [`GetSplitsResponse`] |
//! | read records | [`ReadRecordsRequest`] | [`ReadRecordsResponse`] or [`RemoteReadRecordsResponse`] |
//! | capabilities | [`GetDataSourceCapabilitiesRequest`] | [`GetDataSourceCapabilitiesResponse`] |
//! | user defined function | [`UserDefinedFunctionRequest`] | [`UserDefinedFunctionResponse`] |
//!
//! * [`messages`]: one file for each call, and [`FederationRequest`] / [`FederationResponse`] over all of
//!   them.
//! * [`domain`]: values that calls carry: identity, table name, split, spill location, encryption key.
//! * [`predicate`]: constraints, value sets, ranges, markers, expressions; [`ValueSet::contains`] is pure.
//! * [`ipc`]: Arrow schemas and record batches as single encapsulated messages, and [`Block`].
//!
//! All serde versions, 1 to 6, are read and written ([`SerdeVersion`] lists how they differ), and a request
//! is answered at its own version.
//!
//! Reading is lenient where the peer's reader is strict: keys in any order, unknown keys ignored, optional
//! extensions absent or null. Writing is exact: every key, in the order the peer requires. The input is
//! untrusted: decoding returns an error that names the message, the field and the broken rule; it does not
//! panic, and allocates no more than a small multiple of the input.

mod detect;
pub mod domain;
mod error;
pub mod ipc;
mod json;
pub mod messages;
pub mod predicate;
mod version;

pub use domain::{EncryptionKey, FederatedIdentity, SpillLocation, Split, TableName};
pub use error::{EncodeError, Rule, WireError};
pub use ipc::{
    Block, IpcFraming, UnsupportedType, block_bytes, check_supported, decode_batch, decode_schema,
    encode_batch, encode_batches, encode_schema,
};
pub use messages::{
    CAPABILITIES, FederationRequest, FederationResponse, GetDataSourceCapabilitiesRequest,
    GetDataSourceCapabilitiesResponse, GetSplitsRequest, GetSplitsResponse, GetTableLayoutRequest,
    GetTableLayoutResponse, GetTableRequest, GetTableResponse, ListSchemasRequest, ListSchemasResponse,
    ListTablesRequest, ListTablesResponse, OptimizationSubType, PingRequest, PingResponse,
    ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse, UserDefinedFunctionRequest,
    UserDefinedFunctionResponse,
};
pub use predicate::{
    AllOrNoneValueSet, Bound, ConstantExpression, Constraints, EquatableValueSet, EvaluationError,
    Expression, FunctionCallExpression, InvalidRange, Marker, OrderByDirection, OrderByField, QueryPlan,
    Range, SortedRangeSet, ValueSet, VariableExpression,
};
pub use version::{SerdeVersion, UnknownVersion};

/// Examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
