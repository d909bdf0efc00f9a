//! JSON functions of Trino ([reference](https://trino.io/docs/current/functions/json.html)).

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::cast::map_text;
use super::field::{is_json, json_field};
use super::path::JsonPath;
use super::text::{canonical, scalar_text};

/// All functions, to be registered by name.
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    Call::ALL
        .iter()
        .map(|&call| Arc::new(ScalarUDF::new_from_impl(JsonFunction::new(call))))
        .collect()
}

pub(super) fn is_json_parse(function: &ScalarUDF) -> bool {
    let function: &dyn std::any::Any = function.inner().as_ref();
    function
        .downcast_ref::<JsonFunction>()
        .is_some_and(|function| function.call == Call::Parse)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonFunction {
    call: Call,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Call {
    /// `json_parse(varchar)`: JSON in canonical form; an error for any other text.
    Parse,
    /// `json_format(json)`: its text.
    Format,
    /// `json_extract(json, path)`: the JSON at the path; NULL if there is none or the input is not JSON.
    Extract,
    /// `json_extract_scalar(json, path)`: the scalar as text; NULL for arrays and objects, too.
    ExtractScalar,
    /// `json_array_length(json)`: number of elements; NULL if it is not an array.
    ArrayLength,
    /// `json_size(json, path)`: number of members or elements of the value, 0 for a scalar.
    Size,
    /// `is_json_scalar(json)`: whether it is a number, string, bool or null.
    IsScalar,
}

impl Call {
    const ALL: [Self; 7] = [
        Self::Parse,
        Self::Format,
        Self::Extract,
        Self::ExtractScalar,
        Self::ArrayLength,
        Self::Size,
        Self::IsScalar,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Parse => "json_parse",
            Self::Format => "json_format",
            Self::Extract => "json_extract",
            Self::ExtractScalar => "json_extract_scalar",
            Self::ArrayLength => "json_array_length",
            Self::Size => "json_size",
            Self::IsScalar => "is_json_scalar",
        }
    }

    fn argument_count(self) -> usize {
        match self {
            Self::Extract | Self::ExtractScalar | Self::Size => 2,
            Self::Parse | Self::Format | Self::ArrayLength | Self::IsScalar => 1,
        }
    }

    fn return_field(self) -> Field {
        match self {
            Self::Parse | Self::Extract => json_field(self.name()),
            Self::Format | Self::ExtractScalar => Field::new(self.name(), DataType::Utf8, true),
            Self::ArrayLength | Self::Size => Field::new(self.name(), DataType::Int64, true),
            Self::IsScalar => Field::new(self.name(), DataType::Boolean, true),
        }
    }
}

impl JsonFunction {
    fn new(call: Call) -> Self {
        Self {
            call,
            signature: Signature::string(call.argument_count(), Volatility::Immutable),
        }
    }

    fn evaluate(&self, texts: &StringArray, paths: &mut Paths) -> Result<ArrayRef> {
        Ok(match self.call {
            Call::Parse => Arc::new(
                texts
                    .iter()
                    .map(|text| text.map(parse).transpose())
                    .collect::<Result<StringArray>>()?,
            ),
            Call::Format => Arc::new(texts.clone()),
            Call::Extract => Arc::new(paths.map(texts, extract)?.into_iter().collect::<StringArray>()),
            Call::ExtractScalar => Arc::new(
                paths
                    .map(texts, extract_scalar)?
                    .into_iter()
                    .collect::<StringArray>(),
            ),
            Call::ArrayLength => Arc::new(
                texts
                    .iter()
                    .map(|text| text.and_then(array_length))
                    .collect::<Int64Array>(),
            ),
            Call::Size => Arc::new(paths.map(texts, size)?.into_iter().collect::<Int64Array>()),
            Call::IsScalar => Arc::new(
                texts
                    .iter()
                    .map(|text| text.and_then(is_scalar))
                    .collect::<BooleanArray>(),
            ),
        })
    }
}

impl ScalarUDFImpl for JsonFunction {
    fn name(&self) -> &str {
        self.call.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.call.return_field().data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if self.call == Call::Format && !args.arg_fields.first().is_some_and(|field| is_json(field)) {
            return plan_err!("json_format requires JSON, found VARCHAR; json_parse converts JSON text");
        }
        Ok(Arc::new(self.call.return_field()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut paths = Paths::of(&args)?;
        if paths.vary() && matches!(args.args[0], ColumnarValue::Scalar(_)) {
            // A constant document with many paths: one row each.
            let document = args.args[0].to_array(args.number_rows)?;
            let texts = cast(&document, &DataType::Utf8)?;
            let Some(texts) = texts.as_any().downcast_ref::<StringArray>() else {
                return plan_err!("{} requires text", self.name());
            };
            return Ok(ColumnarValue::Array(self.evaluate(texts, &mut paths)?));
        }
        map_text(&args, |texts| self.evaluate(texts, &mut paths))
    }
}

/// Path argument: none, one for all rows, or one for each row.
enum Paths {
    None,
    One(Option<JsonPath>),
    Each(StringArray),
}

impl Paths {
    fn of(args: &ScalarFunctionArgs) -> Result<Self> {
        let Some(argument) = args.args.get(1) else {
            return Ok(Self::None);
        };
        let rows = match argument {
            ColumnarValue::Scalar(_) => 1,
            ColumnarValue::Array(array) => array.len(),
        };
        let texts = cast(&argument.to_array(rows)?, &DataType::Utf8)?;
        let Some(texts) = texts.as_any().downcast_ref::<StringArray>() else {
            return plan_err!("a JSON path is text, found {}", texts.data_type());
        };
        match argument {
            ColumnarValue::Scalar(_) if texts.is_null(0) => Ok(Self::One(None)),
            ColumnarValue::Scalar(_) => parse_path(texts.value(0)).map(Some).map(Self::One),
            ColumnarValue::Array(_) => Ok(Self::Each(texts.clone())),
        }
    }

    fn vary(&self) -> bool {
        matches!(self, Self::Each(_))
    }

    /// `function` of each text and its path; NULL if either is.
    fn map<T>(
        &self,
        texts: &StringArray,
        function: impl Fn(&str, &JsonPath) -> Option<T>,
    ) -> Result<Vec<Option<T>>> {
        match self {
            Self::None => plan_err!("a JSON path is missing"),
            Self::One(None) => Ok(texts.iter().map(|_| None).collect()),
            Self::One(Some(path)) => Ok(texts.iter().map(|text| function(text?, path)).collect()),
            Self::Each(paths) => texts
                .iter()
                .zip(paths)
                .map(|(text, path)| match (text, path) {
                    (Some(text), Some(path)) => Ok(function(text, &parse_path(path)?)),
                    _ => Ok(None),
                })
                .collect(),
        }
    }
}

fn parse_path(path: &str) -> Result<JsonPath> {
    JsonPath::parse(path).or_else(|error| exec_err!("{error}"))
}

fn parse(text: &str) -> Result<String> {
    canonical(text).or_else(|error| exec_err!("cannot read text as JSON: {error}"))
}

fn extract(text: &str, path: &JsonPath) -> Option<String> {
    canonical(path.find(text).ok()??).ok()
}

fn extract_scalar(text: &str, path: &JsonPath) -> Option<String> {
    scalar_text(path.find(text).ok()??).ok()?.map(Cow::into_owned)
}

fn array_length(text: &str) -> Option<i64> {
    let elements = serde_json::from_str::<Vec<IgnoredAny>>(text).ok()?;
    i64::try_from(elements.len()).ok()
}

fn size(text: &str, path: &JsonPath) -> Option<i64> {
    let found = path.find(text).ok()??;
    match found.as_bytes().first()? {
        b'[' => array_length(found),
        b'{' => {
            let members =
                serde_json::from_str::<std::collections::BTreeMap<String, IgnoredAny>>(found).ok()?;
            i64::try_from(members.len()).ok()
        }
        _ => Some(0),
    }
}

fn is_scalar(text: &str) -> Option<bool> {
    let value: &RawValue = serde_json::from_str(text).ok()?;
    Some(!value.get().starts_with(['[', '{']))
}
