//! End of a range.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;

use super::evaluation::Scalar;
use super::value_block;
use crate::error::{EncodeError, Fault, Rule, quoted_name};
use crate::ipc::IpcFraming;
use crate::json::{FromJson, Json, Object};

/// Position of a marker relative to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// Just below it: as a high end, `< value`.
    Below,
    /// On the value.
    Exactly,
    /// Just above it: as a low end, `> value`.
    Above,
}

/// Point among the values of a type, or one of the two unbounded ends
/// (`com.amazonaws.athena.connector.lambda.domain.predicate.Marker`).
#[derive(Debug, Clone)]
pub struct Marker {
    data_type: DataType,
    bound: Bound,
    /// One non-null row; `None` for unbounded ends.
    value: Option<ArrayRef>,
}

impl Marker {
    /// Unbounded low end: below every value.
    pub fn lower_unbounded(data_type: DataType) -> Self {
        Self {
            data_type,
            bound: Bound::Above,
            value: None,
        }
    }

    /// Unbounded high end: above every value.
    pub fn upper_unbounded(data_type: DataType) -> Self {
        Self {
            data_type,
            bound: Bound::Below,
            value: None,
        }
    }

    /// Marker at the only row of `value`; `None` unless there is exactly one row, and it is not null.
    pub fn at(value: ArrayRef, bound: Bound) -> Option<Self> {
        let is_one_value = value.len() == 1 && value.logical_null_count() == 0;
        is_one_value.then(|| Self {
            data_type: value.data_type().clone(),
            bound,
            value: Some(value),
        })
    }

    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    pub fn bound(&self) -> Bound {
        self.bound
    }

    /// Value as an array of one row; `None` for unbounded ends.
    pub fn value(&self) -> Option<&ArrayRef> {
        self.value.as_ref()
    }

    pub fn is_lower_unbounded(&self) -> bool {
        self.value.is_none() && self.bound == Bound::Above
    }

    pub fn is_upper_unbounded(&self) -> bool {
        self.value.is_none() && self.bound == Bound::Below
    }

    /// Compares two markers of the same type; `None` for different values of a type without order.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (&self.value, &other.value) {
            (Some(left), Some(right)) => {
                Some(compare_values(left, right)?.then(self.bound.cmp(&other.bound)))
            }
            _ => Some(self.side().cmp(&other.side())),
        }
    }

    /// Whether no value lies between this high end and the given low end: same value, exactly one marker on
    /// it.
    pub(super) fn touches(&self, low: &Self) -> bool {
        let (Some(left), Some(right)) = (&self.value, &low.value) else {
            return false;
        };
        let is_same = compare_values(left, right) == Some(Ordering::Equal);
        is_same && (self.bound == Bound::Exactly) != (low.bound == Bound::Exactly)
    }

    /// Compares this marker with a value.
    pub(super) fn compare_to(&self, value: &Scalar<'_>) -> Option<Ordering> {
        match &self.value {
            Some(own) => Some(
                Scalar::of(own, 0)?
                    .compare(value)
                    .then(self.bound.cmp(&Bound::Exactly)),
            ),
            None => Some(self.side().cmp(&0)),
        }
    }

    /// -1 for the unbounded low end, 1 for the unbounded high end, else 0.
    fn side(&self) -> i8 {
        match (&self.value, self.bound) {
            (None, Bound::Above) => -1,
            (None, Bound::Below) => 1,
            _ => 0,
        }
    }

    pub(super) fn to_json(&self, framing: IpcFraming) -> Result<Json<'_>, EncodeError> {
        let block = match &self.value {
            Some(value) => value_block::to_json(value, framing)?,
            None => value_block::empty_to_json(&self.data_type, framing)?,
        };
        let object = Object::new()
            .with("valueBlock", block)
            .with("bound", self.bound.name());
        Ok(object.with("nullValue", self.value.is_none()).into())
    }
}

fn compare_values(left: &ArrayRef, right: &ArrayRef) -> Option<Ordering> {
    match (Scalar::of(left, 0), Scalar::of(right, 0)) {
        (Some(left), Some(right)) => Some(left.compare(&right)),
        _ => (**left == **right).then_some(Ordering::Equal),
    }
}

impl PartialEq for Marker {
    fn eq(&self, other: &Self) -> bool {
        let same_value = match (&self.value, &other.value) {
            (Some(left), Some(right)) => **left == **right,
            (None, None) => true,
            _ => false,
        };
        same_value && self.bound == other.bound && self.data_type == other.data_type
    }
}

impl Bound {
    fn name(self) -> &'static str {
        match self {
            Self::Below => "BELOW",
            Self::Exactly => "EXACTLY",
            Self::Above => "ABOVE",
        }
    }
}

impl FromJson for Bound {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let name = json.to_text()?;
        let known = [Self::Below, Self::Exactly, Self::Above]
            .into_iter()
            .find(|bound| bound.name() == name);
        known.ok_or_else(|| {
            Rule::Unknown {
                wanted: "BELOW, EXACTLY or ABOVE",
                found: quoted_name(&name),
            }
            .into()
        })
    }
}

impl FromJson for Marker {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        let values = object.required_with("valueBlock", value_block::from_json)?;
        let bound = object.required("bound")?;
        if object.required("nullValue")? {
            return Ok(Self {
                data_type: values.data_type().clone(),
                bound,
                value: None,
            });
        }
        let rows = values.len();
        Self::at(values, bound).ok_or_else(|| {
            let rule = Rule::Predicate(format!("wanted one value that is not null, found {rows} rows"));
            Fault::from(rule).at_key("valueBlock")
        })
    }
}
