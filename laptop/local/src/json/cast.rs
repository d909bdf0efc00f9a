//! `CAST(json AS type)` and `TRY_CAST(json AS type)` as DataFusion functions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use serde::de::IgnoredAny;

use super::column::Column;
use super::read::append_json;
use crate::types::sql_name;

/// Cast from JSON text to `target`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct JsonCast {
    signature: Signature,
    target: FieldRef,
    source: JsonSource,
    on_mismatch: OnMismatch,
}

/// Source of the text, which decides about the error for text that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum JsonSource {
    /// Value of type JSON.
    Json,
    /// Argument of a `json_parse` that was merged into the cast, to read the text once instead of twice.
    Text,
}

/// Handling of a row whose JSON cannot be cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum OnMismatch {
    /// CAST: the query fails.
    Fail,
    /// TRY_CAST: the row is NULL. Text that is not JSON still fails the query: only the cast is tried.
    Null,
}

impl JsonCast {
    /// Casts `input` to the type of `target`; a plan error if JSON cannot be cast to that type.
    pub(super) fn call(
        input: Expr,
        source: JsonSource,
        target: &FieldRef,
        on_mismatch: OnMismatch,
    ) -> Result<Expr> {
        Column::try_new(target)?;
        let signature = Signature::any(1, Volatility::Immutable);
        let function = Self {
            signature,
            target: Arc::clone(target),
            source,
            on_mismatch,
        };
        Ok(ScalarUDF::new_from_impl(function).call(vec![input]))
    }

    fn cast_all(&self, texts: &StringArray) -> Result<ArrayRef> {
        let mut column = Column::try_new(&self.target)?;
        for text in texts {
            match text {
                None => column.append_null(),
                Some(text) => self.cast_one(&mut column, text)?,
            }
        }
        Ok(column.finish())
    }

    fn cast_one(&self, column: &mut Column, text: &str) -> Result<()> {
        let rows = column.len();
        let Err(error) = append_json(column, text) else {
            return Ok(());
        };
        if !error.is_data() {
            return exec_err!("cannot read text as JSON: {error}");
        }
        match self.on_mismatch {
            OnMismatch::Fail => {
                exec_err!(
                    "cannot cast JSON to {}: {error}",
                    sql_name(self.target.data_type())
                )
            }
            OnMismatch::Null => {
                self.check_rest(text)?;
                column.truncate(rows);
                column.append_null();
                Ok(())
            }
        }
    }

    /// Checks the rest of the text: the cast stopped at the first mismatch, and what follows may not be JSON.
    fn check_rest(&self, text: &str) -> Result<()> {
        match self.source {
            JsonSource::Json => Ok(()),
            JsonSource::Text => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => Ok(()),
                Err(error) => exec_err!("cannot read text as JSON: {error}"),
            },
        }
    }
}

impl ScalarUDFImpl for JsonCast {
    fn name(&self) -> &str {
        match self.on_mismatch {
            OnMismatch::Fail => "cast_json",
            OnMismatch::Null => "try_cast_json",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.target.data_type().clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(
            self.target
                .as_ref()
                .clone()
                .with_name(self.name())
                .with_nullable(true),
        ))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        map_text(&args, |texts| self.cast_all(texts))
    }
}

/// Applies `function` to the first argument as text; a scalar stays a scalar.
pub(super) fn map_text(
    args: &ScalarFunctionArgs,
    function: impl FnOnce(&StringArray) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let Some(argument) = args.args.first() else {
        return plan_err!("a JSON function was called without an argument");
    };
    let rows = match argument {
        ColumnarValue::Array(array) => array.len(),
        ColumnarValue::Scalar(_) => 1,
    };
    let texts = cast(&argument.to_array(rows)?, &DataType::Utf8)?;
    let Some(texts) = texts.as_any().downcast_ref::<StringArray>() else {
        return plan_err!("wanted text, found {}", sql_name(texts.data_type()));
    };
    let result = function(texts)?;
    Ok(match argument {
        ColumnarValue::Array(_) => ColumnarValue::Array(result),
        ColumnarValue::Scalar(_) => ColumnarValue::Scalar(scalar(&result)?),
    })
}

/// Only row as a scalar. `ScalarValue::try_from_array` would drop the metadata of nested fields.
fn scalar(row: &ArrayRef) -> Result<ScalarValue> {
    Ok(match row.data_type() {
        DataType::List(_) => ScalarValue::List(Arc::new(row.as_list().clone())),
        DataType::Struct(_) => ScalarValue::Struct(Arc::new(row.as_struct().clone())),
        DataType::Map(..) => ScalarValue::Map(Arc::new(row.as_map().clone())),
        _ => ScalarValue::try_from_array(row, 0)?,
    })
}
