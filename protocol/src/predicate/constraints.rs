//! Everything that the engine asks to push down.

use std::collections::BTreeMap;

use super::{Expression, OrderByField, QueryPlan, ValueSet};
use crate::error::{EncodeError, Fault};
use crate::json::{FromJson, Json, Object};
use crate::version::SerdeVersion;

/// Constraints of a query on a table (`com.amazonaws.athena.connector.lambda.domain.predicate.Constraints`).
/// All of them are hints: without an advertised capability the engine checks again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Constraints {
    /// Value sets by exact column name; a row must satisfy all of them.
    pub summary: BTreeMap<String, ValueSet>,
    /// Conjunction of expressions, only of functions that the connector advertised. Since version 4.
    pub expression: Vec<Expression>,
    /// Order of the rows. Since version 4.
    pub order_by: Vec<OrderByField>,
    /// Limit in rows; `None` is -1 on the wire, and 0 is a limit. Since version 4.
    pub limit: Option<u64>,
    /// Arguments of a passthrough query; if not empty, the table is a query in the source's own language.
    /// Since version 5.
    pub query_passthrough_arguments: BTreeMap<String, String>,
    /// Plan of the query. Since version 6.
    pub query_plan: Option<QueryPlan>,
}

impl Constraints {
    /// Encodes exactly the keys of the version. Hints without a key at that version are omitted: the engine
    /// checks again.
    ///
    /// # Errors
    /// If there are passthrough arguments and no key for them: without them, another table would be read.
    pub(crate) fn to_json(&self, version: SerdeVersion) -> Result<Json<'_>, EncodeError> {
        let summary = self
            .summary
            .iter()
            .map(|(column, set)| Ok((column, set.to_json(version)?)));
        let mut object = Object::new().with("summary", summary.collect::<Result<Object<'_>, EncodeError>>()?);
        if version.has_hints() {
            let expression = self
                .expression
                .iter()
                .map(|expression| expression.to_json(version));
            object = object
                .with(
                    "expression",
                    expression.collect::<Result<Json<'_>, EncodeError>>()?,
                )
                .with(
                    "orderByClause",
                    self.order_by
                        .iter()
                        .map(OrderByField::to_json)
                        .collect::<Json<'_>>(),
                )
                .with("limit", limit_to_wire(self.limit));
        }
        if version.has_passthrough() {
            object = object.with("queryPassthroughArguments", &self.query_passthrough_arguments);
        } else if !self.query_passthrough_arguments.is_empty() {
            return Err(EncodeError::Passthrough(version));
        }
        if version.has_query_plan() {
            object = object.with("queryPlan", self.query_plan.as_ref().map(QueryPlan::to_json));
        }
        Ok(object.into())
    }
}

impl FromJson for Constraints {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            summary: object.required("summary")?,
            expression: object.or_default("expression")?,
            order_by: object.or_default("orderByClause")?,
            limit: object
                .optional::<i64>("limit")?
                .and_then(|limit| u64::try_from(limit).ok()),
            query_passthrough_arguments: object.or_default("queryPassthroughArguments")?,
            query_plan: object.optional("queryPlan")?,
        })
    }
}

/// Limit on the wire, where the number is signed; a limit beyond its range is written as none.
fn limit_to_wire(limit: Option<u64>) -> i64 {
    limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> Option<u64> {
        let json = format!(r#"{{"summary":{{}},"limit":{text}}}"#);
        Constraints::from_json(&Json::parse(json.as_bytes()).unwrap())
            .unwrap()
            .limit
    }

    #[test]
    fn zero_is_a_limit_and_minus_one_is_none() {
        assert_eq!(limit("0"), Some(0));
        assert_eq!(limit(r#""7""#), Some(7));
        assert_eq!(limit("-1"), None);
        assert_eq!(limit("null"), None);
        assert_eq!(
            (
                limit_to_wire(Some(0)),
                limit_to_wire(None),
                limit_to_wire(Some(u64::MAX))
            ),
            (0, -1, -1)
        );
    }

    #[test]
    fn refuses_to_drop_passthrough_arguments() {
        let arguments = BTreeMap::from([("QUERY".to_owned(), "select 1".to_owned())]);
        let constraints = Constraints {
            query_passthrough_arguments: arguments,
            ..Default::default()
        };
        assert!(constraints.to_json(SerdeVersion::V4).is_err());
        assert!(constraints.to_json(SerdeVersion::V5).is_ok());
    }
}
