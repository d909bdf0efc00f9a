//! Checks of the schema registries: which can be listed, which have the marker, and which tables they have.

use connector::registry::catalog::{Catalog, CatalogError, MARKERS, is_marked};
use connector::registry::{Registry, RegistryError};
use protocol::TableName;

use crate::finding::Check;
use crate::limit::Limit;
use crate::report::{Report, counted};

/// Tables of the registries, or only the one that is `wanted`.
pub(crate) async fn check(
    catalog: &Catalog,
    wanted: Option<&TableName>,
    limit: Limit,
    report: &mut Report<'_>,
) -> Vec<TableName> {
    let registries = listed(catalog, limit, report).await;
    let marked: Vec<&Registry> = registries.iter().filter(|registry| is_marked(registry)).collect();
    if let Some(wanted) = wanted {
        return vec![wanted.clone()];
    }
    let mut tables = Vec::new();
    for registry in marked {
        tables.extend(tables_of(catalog, &registry.name, limit, report).await);
    }
    tables
}

async fn listed(catalog: &Catalog, limit: Limit, report: &mut Report<'_>) -> Vec<Registry> {
    let mut about = report.about("registries");
    let registries = match limit.within(catalog.registries()).await {
        Ok(Ok(registries)) => registries,
        Ok(Err(error)) => {
            about.fail(Check::Registries, error.to_string(), fix(&error));
            return Vec::new();
        }
        Err(late) => {
            about.fail(Check::Registries, format!("Glue: {late}"), UNREACHABLE);
            return Vec::new();
        }
    };
    about.ok(
        Check::Registries,
        counted(registries.len(), "registry", "registries"),
    );
    let (marked, unmarked): (Vec<&Registry>, Vec<_>) =
        registries.iter().partition(|registry| is_marked(registry));
    match (marked.as_slice(), unmarked.as_slice()) {
        ([], []) => about.fail(Check::Marker, "no registry exists", CREATE),
        ([], unmarked) => about.fail(
            Check::Marker,
            format!("missing in all of {}", names(unmarked)),
            MARK,
        ),
        (marked, _) => about.ok(Check::Marker, format!("on {}", names(marked))),
    }
    let (near, without): (Vec<&Registry>, Vec<_>) = unmarked
        .into_iter()
        .partition(|registry| is_nearly_marked(registry));
    for registry in near {
        about.warn(
            Check::Marker,
            format!(
                "{} has a similar text in its description: `{}`",
                registry.name, registry.description
            ),
            format!("write it exactly as {} or {}", MARKERS[0], MARKERS[1]),
        );
    }
    if !marked.is_empty() && !without.is_empty() {
        let found = format!(
            "not on {}: Athena does not list what is in there",
            names(&without)
        );
        about.warn(Check::Marker, found, MARK);
    }
    registries
}

async fn tables_of(
    catalog: &Catalog,
    registry: &str,
    limit: Limit,
    report: &mut Report<'_>,
) -> Vec<TableName> {
    let mut about = report.about(format!("registry {registry}"));
    let tables = match limit.within(catalog.tables(registry, None, None)).await {
        Ok(Ok(page)) => page.items,
        Ok(Err(error)) => {
            about.fail(Check::Registries, error.to_string(), fix(&error));
            return Vec::new();
        }
        Err(late) => {
            about.fail(Check::Registries, format!("Glue: {late}"), UNREACHABLE);
            return Vec::new();
        }
    };
    match tables.len() {
        0 => about.warn(
            Check::Registries,
            "no schema, so that the database has no table",
            "register a schema for each topic; `athena-local schema infer` proposes one",
        ),
        count => about.ok(Check::Registries, counted(count, "schema", "schemas")),
    }
    tables
}

const MARK: &str =
    "put {AthenaFederationMSK} into the description of each registry whose schemas are to be tables";
const CREATE: &str = "create one with {AthenaFederationMSK} in its description; or check region and account";
const UNREACHABLE: &str = "check region, endpoint and the route to Glue: in a VPC a NAT gateway or an interface endpoint \
     for `glue`";

/// Whether the description contains a text that resembles the marker.
fn is_nearly_marked(registry: &Registry) -> bool {
    let description = registry.description.to_lowercase();
    description.contains("athenafederation") || description.contains("athena federation")
}

fn names(registries: &[&Registry]) -> String {
    let names: Vec<&str> = registries.iter().map(|registry| registry.name.as_str()).collect();
    names.join(", ")
}

/// Fix for an error of a registry or a table.
pub(crate) fn fix(error: &CatalogError) -> &'static str {
    match error {
        CatalogError::Registry(error) | CatalogError::Reference { source: error, .. } => registry_fix(error),
        CatalogError::UnknownSchema { .. } => MARK,
        CatalogError::UnknownTable { .. } => "check the names, region and account",
        CatalogError::Ambiguous { .. } => "rename one of them: Athena's names are in lower case",
        CatalogError::TooManyNames { .. } => "spread them over more registries",
        CatalogError::Table { .. } => {
            "correct the schema and register it as a new version; `athena-local schema check FILE` validates it first"
        }
    }
}

fn registry_fix(error: &RegistryError) -> &'static str {
    match error {
        RegistryError::NotFound { .. } => "check the names, region and account",
        RegistryError::AccessDenied { .. } => {
            "allow the function's role, and the caller of this program, glue:ListRegistries, glue:GetRegistry, \
             glue:ListSchemas and glue:GetSchemaVersion"
        }
        RegistryError::Throttled { .. } => "try again later; request a higher quota of Glue if it persists",
        RegistryError::Unreachable { .. } => UNREACHABLE,
        RegistryError::Failed { .. } => "check credentials, region and endpoint",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use connector::registry::memory::MemorySchemaRegistry;

    use super::*;
    use crate::finding::{Finding, Status};

    async fn checked(
        registry: MemorySchemaRegistry,
        wanted: Option<TableName>,
    ) -> (Vec<TableName>, Vec<Finding>) {
        let catalog = Catalog::new(Arc::new(registry), Duration::ZERO);
        let mut report = Report::new(|_| {});
        let limit = Limit(Duration::from_secs(5));
        let tables = check(&catalog, wanted.as_ref(), limit, &mut report).await;
        (tables, report.findings().to_vec())
    }

    fn registries(all: &[(&str, &str)]) -> MemorySchemaRegistry {
        let registry = MemorySchemaRegistry::new();
        for (name, description) in all {
            registry.add_registry(name, description);
        }
        registry
    }

    fn of(findings: &[Finding], check: Check) -> Vec<(Status, &str)> {
        let findings = findings.iter().filter(|finding| finding.check == check);
        findings
            .map(|finding| (finding.status, finding.found.as_str()))
            .collect()
    }

    #[tokio::test]
    async fn a_forgotten_marker_is_a_warning_beside_registries_that_have_one() {
        let registry = registries(&[("a", "{AthenaFederationKafka}"), ("b", "orders"), ("c", "")]);
        registry.register_schema("a", "t", "JSON", "{}");
        let (tables, findings) = checked(registry, None).await;
        let markers = of(&findings, Check::Marker);
        assert_eq!(markers[0], (Status::Ok, "on a"));
        assert_eq!(
            markers[1],
            (
                Status::Warning,
                "not on b, c: Athena does not list what is in there"
            )
        );
        assert_eq!(tables.len(), 1);
    }

    #[tokio::test]
    async fn without_any_marker_there_is_no_database() {
        let (tables, findings) = checked(registries(&[("b", "orders")]), None).await;
        assert_eq!(
            of(&findings, Check::Marker),
            [(Status::Failed, "missing in all of b")]
        );
        assert_eq!(tables, []);
        let (_, findings) = checked(registries(&[]), None).await;
        assert_eq!(
            of(&findings, Check::Marker),
            [(Status::Failed, "no registry exists")]
        );
    }

    #[tokio::test]
    async fn a_marker_in_other_letters_is_told_as_such() {
        for nearly in [
            "{athenafederationmsk}",
            "AthenaFederationMSK",
            "{Athena Federation MSK}",
        ] {
            let (_, findings) = checked(registries(&[("b", nearly)]), None).await;
            let markers = of(&findings, Check::Marker);
            assert_eq!(markers[1].0, Status::Warning);
            assert!(markers[1].1.contains(nearly), "{markers:?}");
        }
    }

    #[tokio::test]
    async fn a_database_without_tables_is_a_warning() {
        let (_, findings) = checked(registries(&[("a", "{AthenaFederationMSK}")]), None).await;
        assert_eq!(of(&findings, Check::Registries)[1].0, Status::Warning);
    }

    #[tokio::test]
    async fn a_table_that_is_named_is_looked_at_whatever_is_listed() {
        let wanted = TableName {
            schema_name: "x".into(),
            table_name: "t".into(),
        };
        let (tables, _) = checked(
            registries(&[("a", "{AthenaFederationMSK}")]),
            Some(wanted.clone()),
        )
        .await;
        assert_eq!(tables, [wanted]);
    }

    #[test]
    fn a_denial_names_every_action_that_is_needed() {
        let denied = RegistryError::AccessDenied {
            operation: "GetRegistry",
            what: "x".into(),
            message: "no".into(),
        };
        let fix = fix(&denied.into());
        for action in ["ListRegistries", "GetRegistry", "ListSchemas", "GetSchemaVersion"] {
            assert!(fix.contains(&format!("glue:{action}")), "{fix}");
        }
    }
}
