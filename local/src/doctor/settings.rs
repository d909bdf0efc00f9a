//! The environment variables, all of them, where the connector stops at the first that is of no use.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use connector::config::{Config, ConfigError};

use super::finding::Check;
use super::report::Report;

/// Environment variables by name.
pub type Variables = BTreeMap<String, String>;

/// What the variables say, those of no use taken for unset.
pub(super) struct Settings {
    pub(super) config: Config,
    /// Why nothing that depends on how Kafka is reached can be told.
    pub(super) kafka_obstacle: Option<String>,
}

impl Settings {
    /// Those of nobody.
    pub(super) fn unknown(obstacle: &str) -> Self {
        Self {
            config: Reading::of(&Variables::new()).config,
            kafka_obstacle: Some(obstacle.to_owned()),
        }
    }
}

/// Variables without which it is not known which brokers are meant, or how they let anybody in.
const OF_KAFKA: [&str; 3] = ["auth_type", "certificates_s3_reference", "kafka_clusters"];

/// Whose variables are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// A process has all sorts of variables.
    Process,
    /// Somebody has set each of a function's.
    Function,
}

pub(super) fn check(variables: &Variables, owner: Owner, report: &mut Report<'_>) -> Settings {
    let mut about = report.about("settings");
    let read = Reading::of(variables);
    for error in &read.errors {
        about.fail(Check::Variables, error.to_string(), fix(error));
    }
    for (name, wanted) in read.misspelt(variables) {
        about.warn(
            Check::Variables,
            format!("{name} is set, which the connector does not read"),
            format!("call it {wanted}"),
        );
    }
    let unread = read.unread(variables);
    if owner == Owner::Function && !unread.is_empty() {
        about.warn(
            Check::Variables,
            format!("set, though the connector reads no such: {}", unread.join(", ")),
            "see docs/settings.md for the names there are",
        );
    }
    let endpoints: Vec<&str> = endpoints(variables).collect();
    if owner == Owner::Function && !endpoints.is_empty() {
        about.warn(
            Check::Variables,
            format!("not taken over here: {}", endpoints.join(", ")),
            "set the same in this process, or AWS is asked elsewhere than the function asks",
        );
    }
    for (error, severity) in missing(&read.config) {
        match severity {
            Severity::Fatal => about.fail(Check::Variables, error.to_string(), fix(&error)),
            Severity::Perhaps => about.warn(Check::Variables, error.to_string(), fix(&error)),
        }
    }
    let set: Vec<&str> = read.set(variables).collect();
    if read.errors.is_empty() && !set.is_empty() {
        about.ok(Check::Variables, format!("set: {}", set.join(", ")));
    }
    let wrong = read.errors.iter().map(ConfigError::variable);
    let wrong = wrong.into_iter().find(|variable| OF_KAFKA.contains(variable));
    Settings {
        kafka_obstacle: wrong.map(|variable| format!("{variable} has a value of no use")),
        config: read.config,
    }
}

/// What reading the variables showed.
struct Reading {
    config: Config,
    errors: Vec<ConfigError>,
    known: BTreeSet<String>,
}

impl Reading {
    /// Reads again without each variable that is refused.
    fn of(variables: &Variables) -> Self {
        let known = RefCell::new(BTreeSet::new());
        let mut errors: Vec<ConfigError> = Vec::new();
        loop {
            let wrong: Vec<&str> = errors.iter().map(ConfigError::variable).collect();
            let read = Config::from_vars(|name| {
                known.borrow_mut().insert(name.to_owned());
                variables.get(name).filter(|_| !wrong.contains(&name)).cloned()
            });
            match read {
                Ok(config) => {
                    return Self {
                        config,
                        errors,
                        known: known.into_inner(),
                    };
                }
                Err(error) => errors.push(error),
            }
        }
    }

    fn set<'a>(&'a self, variables: &'a Variables) -> impl Iterator<Item = &'a str> {
        let is_set = |name: &&String| variables.get(*name).is_some_and(|value| !value.trim().is_empty());
        self.known.iter().filter(is_set).map(String::as_str)
    }

    /// Names that differ from a known one, which is not set, by case and punctuation alone.
    fn misspelt<'a>(&'a self, variables: &'a Variables) -> Vec<(&'a str, &'a str)> {
        let unset = |known: &&String| !variables.contains_key(*known);
        let known: BTreeMap<String, &str> = self
            .known
            .iter()
            .filter(unset)
            .map(|known| (letters(known), known.as_str()))
            .collect();
        let unknown = variables.keys().filter(|name| !self.known.contains(*name));
        unknown
            .filter_map(|name| Some((name.as_str(), *known.get(&letters(name))?)))
            .collect()
    }

    /// What is neither read nor misspelt nor of those who run the function.
    fn unread<'a>(&self, variables: &'a Variables) -> Vec<&'a str> {
        const OF_OTHERS: [&str; 6] = ["AWS_", "OTEL_", "RUST_", "LD_", "LAMBDA_", "_"];
        let known: BTreeSet<String> = self.known.iter().map(|name| letters(name)).collect();
        variables
            .keys()
            .map(String::as_str)
            .filter(|name| !known.contains(&letters(name)))
            .filter(|name| *name != "TZ" && !OF_OTHERS.iter().any(|prefix| name.starts_with(prefix)))
            .collect()
    }
}

/// Variables by which AWS's SDK finds AWS, which it reads from its own process alone.
fn endpoints(variables: &Variables) -> impl Iterator<Item = &str> {
    let names = variables.keys().map(String::as_str);
    names.filter(|name| name.starts_with("AWS_ENDPOINT_URL"))
}

fn letters(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_ascii_alphanumeric());
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

enum Severity {
    Fatal,
    /// Something else may say it.
    Perhaps,
}

fn missing(config: &Config) -> Vec<(ConfigError, Severity)> {
    let endpoint = match config.named_clusters.is_empty() {
        true => Severity::Fatal,
        false => Severity::Perhaps,
    };
    let endpoint = config
        .cluster
        .kafka_endpoint()
        .err()
        .map(|error| (error, endpoint));
    let bucket = config
        .spill_bucket()
        .err()
        .map(|error| (error, Severity::Perhaps));
    endpoint.into_iter().chain(bucket).collect()
}

fn fix(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::Missing {
            variable: "kafka_endpoint",
        } => {
            "set it to the brokers, host:port separated by commas; tables that name one of kafka_clusters do without"
        }
        ConfigError::Missing {
            variable: "spill_bucket",
        } => "set it to a bucket: without one no query is planned, unless its caller's identity names one",
        ConfigError::Missing { .. } => "set it",
        ConfigError::Invalid { .. } => "set it to one of what is wanted, or leave it out for its default",
        ConfigError::AuthType(_) => "set it to one of these names; docs/security.md says what each needs",
        ConfigError::Clusters { .. } => {
            "set it to a JSON object of clusters by name, each an object of kafka_endpoint, auth_type and so on"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    fn checked(variables: &[(&str, &str)], owner: Owner) -> (Vec<(Status, String)>, Settings) {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let mut report = Report::new(|_| {});
        let settings = check(&variables.collect(), owner, &mut report);
        let findings = report.findings().iter();
        let findings = findings
            .map(|finding| (finding.status, finding.found.clone()))
            .collect();
        (findings, settings)
    }

    const USABLE: [(&str, &str); 2] = [("kafka_endpoint", "b-1:9092"), ("spill_bucket", "spill")];

    #[test]
    fn names_every_variable_that_is_wrong() {
        let wrong = [
            ("auth_type", "KERBEROS"),
            ("kafka_clusters", "[]"),
            ("metadata_columns", "perhaps"),
            ("max_records_per_split", "0"),
        ];
        let (findings, _) = checked(&[&USABLE[..], &wrong].concat(), Owner::Process);
        let failed: Vec<_> = findings
            .iter()
            .filter(|(status, _)| *status == Status::Failed)
            .collect();
        assert_eq!(failed.len(), wrong.len(), "{findings:?}");
        for (name, _) in wrong {
            assert!(
                failed.iter().any(|(_, found)| found.contains(name)),
                "{name}: {failed:?}"
            );
        }
    }

    #[test]
    fn a_wrong_variable_is_read_as_unset_and_hinders_kafka_only_if_it_is_about_kafka() {
        let (_, settings) = checked(
            &[&USABLE[..], &[("schema_cache_seconds", "x")]].concat(),
            Owner::Process,
        );
        assert_eq!(settings.kafka_obstacle, None);
        assert_eq!(settings.config.cluster.kafka_endpoint(), Ok("b-1:9092"));
        let (_, settings) = checked(&[&USABLE[..], &[("auth_type", "x")]].concat(), Owner::Process);
        assert_eq!(
            settings.kafka_obstacle.as_deref(),
            Some("auth_type has a value of no use")
        );
    }

    #[test]
    fn says_which_are_set_without_what_they_hold() {
        let variables = [&USABLE[..], &[("schema_registry_url", "https://u:hunter2@r")]].concat();
        let (findings, _) = checked(&variables, Owner::Process);
        let wanted = "set: kafka_endpoint, schema_registry_url, spill_bucket";
        assert_eq!(findings, [(Status::Ok, wanted.to_owned())]);
    }

    #[test]
    fn misses_the_brokers_and_the_bucket() {
        let (findings, _) = checked(&[], Owner::Process);
        let statuses: Vec<_> = findings.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [Status::Failed, Status::Warning], "{findings:?}");
        let named = r#"{"other": {"kafka_endpoint": "c-1:9092"}}"#;
        let (findings, _) = checked(&[("kafka_clusters", named), USABLE[1]], Owner::Process);
        assert_eq!(findings[0].0, Status::Warning, "{findings:?}");
    }

    #[test]
    fn a_name_in_another_spelling_is_noticed() {
        let variables = [USABLE[1], ("KAFKA_ENDPOINT", "b-1:9092"), ("spill-prefix", "p")];
        let (findings, _) = checked(&variables, Owner::Process);
        for name in ["KAFKA_ENDPOINT", "spill-prefix"] {
            let noticed = findings
                .iter()
                .any(|(status, found)| *status == Status::Warning && found.starts_with(name));
            assert!(noticed, "{findings:?}");
        }
    }

    #[test]
    fn only_a_function_is_told_of_variables_that_are_not_read() {
        let variables = [
            &USABLE[..],
            &[("glue_region", "x"), ("AWS_ENDPOINT_URL", "x"), ("_HANDLER", "x")],
        ]
        .concat();
        let (findings, _) = checked(&variables, Owner::Process);
        assert_eq!(findings.len(), 1, "{findings:?}");
        let (findings, _) = checked(&variables, Owner::Function);
        assert_eq!(
            findings[0].1,
            "set, though the connector reads no such: glue_region"
        );
        assert_eq!(findings[1].1, "not taken over here: AWS_ENDPOINT_URL");
    }
}
