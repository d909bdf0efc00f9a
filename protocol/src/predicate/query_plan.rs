//! The query as a [Substrait](https://substrait.io) plan.

use crate::error::Fault;
use crate::json::{FromJson, Json, Object};

/// Substrait plan, for connectors that use it in place of the constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryPlan {
    pub substrait_version: Option<String>,
    /// Base64 of a protobuf `substrait.Plan`; not decoded here.
    pub substrait_plan: String,
}

impl QueryPlan {
    pub(super) fn to_json(&self) -> Json<'_> {
        Object::new()
            .with("substraitVersion", self.substrait_version.as_ref())
            .with("substraitPlan", &self.substrait_plan)
            .into()
    }
}

impl FromJson for QueryPlan {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            substrait_version: object.optional("substraitVersion")?,
            substrait_plan: object.required("substraitPlan")?,
        })
    }
}
