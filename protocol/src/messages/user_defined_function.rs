//! UserDefinedFunction: a scalar function over rows. The only call without a query or a catalog.

use arrow::datatypes::SchemaRef;

use crate::domain::FederatedIdentity;
use crate::error::{EncodeError, Fault, Rule, quoted_name};
use crate::ipc::{Block, schema_to_json};
use crate::json::{Json, Object};
use crate::version::SerdeVersion;

/// Request to evaluate a function. The wire also has a `functionType`, whose only value is `SCALAR`.
#[derive(Debug, Clone, PartialEq)]
pub struct UserDefinedFunctionRequest {
    pub identity: Option<FederatedIdentity>,
    /// One column for each argument.
    pub input_records: Block,
    /// Schema of one column.
    pub output_schema: SchemaRef,
    pub method_name: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct UserDefinedFunctionResponse {
    /// As many rows as the input.
    pub records: Block,
    pub method_name: String,
}

const SCALAR: &str = "SCALAR";

impl UserDefinedFunctionRequest {
    pub(super) const NAME: &str = "UserDefinedFunctionRequest";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with(
                "identity",
                self.identity.as_ref().map(|identity| identity.to_json(version)),
            )
            .with("inputRecords", self.input_records.to_json(version.framing())?)
            .with("outputSchema", schema_to_json(&self.output_schema, version)?)
            .with("methodName", &self.method_name)
            .with("functionType", SCALAR)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        object.required_with("functionType", check_scalar)?;
        Ok(Self {
            identity: object.optional("identity")?,
            input_records: object.required("inputRecords")?,
            output_schema: object.required("outputSchema")?,
            method_name: object.required("methodName")?,
        })
    }
}

fn check_scalar(json: &Json<'_>) -> Result<(), Fault> {
    match &*json.to_text()? {
        SCALAR => Ok(()),
        other => Err(Rule::Unknown {
            wanted: SCALAR,
            found: quoted_name(other),
        }
        .into()),
    }
}

impl UserDefinedFunctionResponse {
    pub(super) const NAME: &str = "UserDefinedFunctionResponse";

    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        Ok(Object::typed(Self::NAME)
            .with("records", self.records.to_json(version.framing())?)
            .with("methodName", &self.method_name)
            .into())
    }

    pub(super) fn from_object(object: &Object<'_>) -> Result<Self, Fault> {
        Ok(Self {
            records: object.required("records")?,
            method_name: object.required("methodName")?,
        })
    }
}
