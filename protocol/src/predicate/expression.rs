//! Predicates beyond value sets, as function calls.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::keys::typed;
use super::value_block;
use crate::error::{EncodeError, Fault, Rule, quoted_name};
use crate::ipc::data_type_to_json;
use crate::json::{FromJson, Json, Object};
use crate::version::SerdeVersion;

/// Expression over the columns of a table. Only sent for functions that the connector advertised.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    Variable(VariableExpression),
    Constant(ConstantExpression),
    FunctionCall(FunctionCallExpression),
}

/// Value of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableExpression {
    pub column_name: String,
    pub data_type: DataType,
}

/// Constant, or several for a constant array.
#[derive(Debug, Clone)]
pub struct ConstantExpression {
    pub values: ArrayRef,
    pub data_type: DataType,
}

/// Call such as `$and`, `$equal`, `$in`; the number of arguments is not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCallExpression {
    /// Type of the result.
    pub data_type: DataType,
    pub function_name: String,
    pub arguments: Vec<Expression>,
}

const VARIABLE: &str = "VariableExpression";
const CONSTANT: &str = "ConstantExpression";
const FUNCTION_CALL: &str = "FunctionCallExpression";

/// Names at version 1.
const VERSION_1_VARIABLE: &str = "variable";
const VERSION_1_CONSTANT: &str = "constant";
const VERSION_1_FUNCTION_CALL: &str = "functionCall";

impl Expression {
    /// Encodes the expression. Key orders differ: a constant has its type last, a call first.
    pub(super) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        let object = match self {
            Self::Variable(variable) => typed(VARIABLE, VERSION_1_VARIABLE, version)
                .with("columnName", &variable.column_name)
                .with("type", data_type_to_json(&variable.data_type, version)?),
            Self::Constant(constant) => typed(CONSTANT, VERSION_1_CONSTANT, version)
                .with(
                    "valueBlock",
                    value_block::to_json(&constant.values, version.framing())?,
                )
                .with("type", data_type_to_json(&constant.data_type, version)?),
            Self::FunctionCall(call) => typed(FUNCTION_CALL, VERSION_1_FUNCTION_CALL, version)
                .with("type", data_type_to_json(&call.data_type, version)?)
                .with(
                    "functionName",
                    Object::new().with("functionName", &call.function_name),
                )
                .with("arguments", arguments_to_json(&call.arguments, version)?),
        };
        Ok(object.into())
    }
}

fn arguments_to_json(arguments: &[Expression], version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
    arguments
        .iter()
        .map(|argument| argument.to_json(version))
        .collect()
}

impl PartialEq for ConstantExpression {
    fn eq(&self, other: &Self) -> bool {
        *self.values == *other.values && self.data_type == other.data_type
    }
}

impl FromJson for Expression {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(match object.type_name()?.as_str() {
            VARIABLE | VERSION_1_VARIABLE => Self::Variable(VariableExpression {
                column_name: object.required("columnName")?,
                data_type: object.required("type")?,
            }),
            CONSTANT | VERSION_1_CONSTANT => Self::Constant(ConstantExpression {
                values: object.required_with("valueBlock", value_block::from_json)?,
                data_type: object.required("type")?,
            }),
            FUNCTION_CALL | VERSION_1_FUNCTION_CALL => Self::FunctionCall(FunctionCallExpression {
                data_type: object.required("type")?,
                function_name: object
                    .required_with("functionName", |json| json.as_object()?.required("functionName"))?,
                arguments: object.required("arguments")?,
            }),
            other => {
                let rule = Rule::Unknown {
                    wanted: "an expression type",
                    found: quoted_name(other),
                };
                return Err(Fault::from(rule).at_key("@type"));
            }
        })
    }
}
