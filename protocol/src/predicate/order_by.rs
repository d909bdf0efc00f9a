//! Order of a query's rows; with a limit it makes a top-N.

use crate::error::{Fault, Rule, quoted_name};
use crate::json::{FromJson, Json, Object};

/// Column of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderByField {
    pub column_name: String,
    pub direction: OrderByDirection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderByDirection {
    AscNullsFirst,
    AscNullsLast,
    DescNullsFirst,
    DescNullsLast,
}

impl OrderByField {
    pub(super) fn to_json(&self) -> Json<'_> {
        Object::new()
            .with("columnName", &self.column_name)
            .with("direction", self.direction.name())
            .into()
    }
}

impl OrderByDirection {
    const ALL: [Self; 4] = [
        Self::AscNullsFirst,
        Self::AscNullsLast,
        Self::DescNullsFirst,
        Self::DescNullsLast,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::AscNullsFirst => "ASC_NULLS_FIRST",
            Self::AscNullsLast => "ASC_NULLS_LAST",
            Self::DescNullsFirst => "DESC_NULLS_FIRST",
            Self::DescNullsLast => "DESC_NULLS_LAST",
        }
    }
}

impl FromJson for OrderByField {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            column_name: object.required("columnName")?,
            direction: object.required("direction")?,
        })
    }
}

impl FromJson for OrderByDirection {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let name = json.to_text()?;
        let known = Self::ALL.into_iter().find(|direction| direction.name() == name);
        known.ok_or_else(|| {
            Rule::Unknown {
                wanted: "a direction",
                found: quoted_name(&name),
            }
            .into()
        })
    }
}
