//! Configuration of DataFusion as Athena's engine.

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::optimizer::analyzer::Analyzer;
use datafusion::prelude::SessionConfig;

use crate::dialect::{AthenaTypes, UnnestPlanner};
use crate::json::{self, JsonCasts};

/// Session with Athena's types, UNNEST and JSON, whose unqualified names begin in `catalog`.
///
/// `partitions` limits how many splits are read and how many partial results are computed at once.
pub(crate) fn session_state(catalog: &str, partitions: usize) -> SessionState {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(catalog, DEFAULT_SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false)
        .with_target_partitions(partitions);
    let options = config.options_mut();
    // The wire has VARCHAR as Utf8; views would only cause conversions.
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.support_varchar_with_length = true;
    // A literal such as 1.5 is a decimal in Athena.
    options.sql_parser.parse_float_as_decimal = true;
    // Trino sorts NULL last in either direction.
    options.sql_parser.default_null_ordering = "nulls_last".to_owned();
    SessionStateBuilder::new()
        .with_config(config)
        .with_scalar_functions(json::functions())
        .with_default_features()
        .with_analyzer_rules(analyzer_rules())
        .with_relation_planners(vec![Arc::new(UnnestPlanner)])
        .with_type_planner(Arc::new(AthenaTypes))
        .build()
}

/// Schema of unqualified tables.
pub(crate) const DEFAULT_SCHEMA: &str = "default";

type AnalyzerRules = Vec<Arc<dyn datafusion::optimizer::AnalyzerRule + Send + Sync>>;

/// Our rule comes first: type coercion must not see a cast out of JSON.
fn analyzer_rules() -> AnalyzerRules {
    let mut rules: AnalyzerRules = vec![Arc::new(JsonCasts)];
    rules.extend(Analyzer::new().rules);
    rules
}
