//! Checks of all environment variables, where the connector stops at the first invalid one.

use std::collections::BTreeMap;

use connector::config::Config;
use connector::config::error::ConfigError;
use connector::config::variables::Variables as Completed;

use crate::finding::Check;
use crate::limit::NoAnswer;
use crate::report::Report;

/// Environment variables by name.
pub type Variables = BTreeMap<String, String>;

/// Settings in which invalid variables count as unset.
pub(crate) struct Settings {
    pub(crate) config: Config,
    /// Reason why checks that depend on Kafka's settings cannot be made.
    pub(crate) kafka_obstacle: Option<String>,
    /// Reason why the spill location is unknown.
    pub(crate) spilling_obstacle: Option<String>,
}

impl Settings {
    /// Settings of an unknown environment.
    pub(crate) fn unknown(obstacle: &str) -> Self {
        Self {
            config: read(Completed::default()).0,
            kafka_obstacle: Some(obstacle.to_owned()),
            spilling_obstacle: Some(obstacle.to_owned()),
        }
    }
}

/// Variables that determine the brokers and how to authenticate.
const OF_KAFKA: [&str; 3] = ["auth_type", "certificates_s3_reference", "kafka_clusters"];

/// Owner of the variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A process, which has unrelated variables.
    Process,
    /// A function, whose variables were all set on purpose.
    Function,
}

/// Variables that the connector reads: in others `${…}` is not a reference to a secret.
pub(crate) fn given(variables: &Variables) -> Completed {
    let known = Config::variables();
    let read = variables.iter().filter(|(name, _)| known.contains(*name));
    Completed::new(read.map(|(name, value)| (name.clone(), value.clone())))
}

/// `completed` are the [given](given) variables, completed by a Glue connection and by secrets.
pub(crate) fn check(
    variables: &Variables,
    owner: Owner,
    completed: Result<Result<Completed, ConfigError>, NoAnswer>,
    report: &mut Report<'_>,
) -> Settings {
    let mut about = report.about("settings");
    let names = Names::of(variables);
    for (name, wanted) in &names.misspelt {
        about.warn(
            Check::Variables,
            format!("{name} is set, but the connector does not read it"),
            format!("rename it to {wanted}"),
        );
    }
    if owner == Owner::Function && !names.unread.is_empty() {
        about.warn(
            Check::Variables,
            format!("set, but not read by the connector: {}", names.unread.join(", ")),
            "see docs/settings.md for all names",
        );
    }
    let endpoints: Vec<&str> = endpoints(variables).collect();
    if owner == Owner::Function && !endpoints.is_empty() {
        about.warn(
            Check::Variables,
            format!("not used by this check: {}", endpoints.join(", ")),
            "set the same in this process, otherwise the checks use other endpoints than the function",
        );
    }
    let completed = match completed {
        Ok(Ok(completed)) => completed,
        Ok(Err(error)) => {
            about.fail(Check::Variables, error.to_string(), fix(&error));
            return Settings::unknown(INCOMPLETE);
        }
        Err(late) => {
            about.fail(
                Check::Variables,
                format!("the Glue connection, or the secrets that variables name: {late}"),
                "check the route to Glue and to Secrets Manager",
            );
            return Settings::unknown(INCOMPLETE);
        }
    };
    let known = Config::variables();
    let of_others: Vec<&str> = completed
        .names()
        .filter(|name| !names.set.contains(name) && known.contains(*name))
        .collect();
    let found = match of_others.as_slice() {
        [] => format!("set: {}", names.set.join(", ")),
        others => format!(
            "set: {}; by the Glue connection: {}",
            names.set.join(", "),
            others.join(", ")
        ),
    };
    let (config, errors) = read(completed.clone());
    for error in &errors {
        about.fail(Check::Variables, error.to_string(), fix(error));
    }
    for (error, severity) in missing(&config) {
        match severity {
            Severity::Fatal => about.fail(Check::Variables, error.to_string(), fix(&error)),
            Severity::Perhaps => about.warn(Check::Variables, error.to_string(), fix(&error)),
        }
    }
    if errors.is_empty() && completed.names().next().is_some() {
        about.ok(Check::Variables, found);
    }
    let mut wrong = errors.iter().map(ConfigError::variable);
    let wrong = wrong.find(|variable| OF_KAFKA.contains(variable));
    Settings {
        kafka_obstacle: wrong.map(|variable| format!("{variable} has an invalid value")),
        spilling_obstacle: None,
        config,
    }
}

const INCOMPLETE: &str = "the settings are incomplete";

/// Reads the settings again without each variable that is rejected: an unset variable is never rejected.
fn read(mut variables: Completed) -> (Config, Vec<ConfigError>) {
    let mut errors = Vec::new();
    loop {
        match variables.config() {
            Ok(config) => return (config, errors),
            Err(error) => {
                variables = variables.without(error.variable());
                errors.push(error);
            }
        }
    }
}

/// Names of the variables that are set.
struct Names<'a> {
    /// Names that the connector reads.
    set: Vec<&'a str>,
    /// Names that differ only by case and punctuation from one that the connector reads and that is not set;
    /// and that one.
    misspelt: Vec<(&'a str, String)>,
    /// Other names, except those that the Lambda runtime sets.
    unread: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(variables: &'a Variables) -> Self {
        let known = Config::variables();
        let by_letters: BTreeMap<String, &String> = known.iter().map(|name| (letters(name), name)).collect();
        let (mut set, mut misspelt, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in variables {
            match by_letters.get(&letters(name)) {
                _ if known.contains(name) => set.extend((!value.trim().is_empty()).then_some(name.as_str())),
                Some(wanted) if !variables.contains_key(*wanted) => {
                    misspelt.push((name.as_str(), (*wanted).clone()));
                }
                Some(_) => {}
                None if is_of_others(name) => {}
                None => unread.push(name.as_str()),
            }
        }
        Self {
            set,
            misspelt,
            unread,
        }
    }
}

fn is_of_others(name: &str) -> bool {
    const OF_OTHERS: [&str; 6] = ["AWS_", "OTEL_", "RUST_", "LD_", "LAMBDA_", "_"];
    name == "TZ" || OF_OTHERS.iter().any(|prefix| name.starts_with(prefix))
}

/// Variables with AWS endpoints, which the SDK reads from its own process only.
fn endpoints(variables: &Variables) -> impl Iterator<Item = &str> {
    let names = variables.keys().map(String::as_str);
    names.filter(|name| name.starts_with("AWS_ENDPOINT_URL"))
}

fn letters(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

enum Severity {
    Fatal,
    /// Another variable may set it.
    Perhaps,
}

fn missing(config: &Config) -> Vec<(ConfigError, Severity)> {
    let endpoint = match config.named_clusters.is_empty() {
        true => Severity::Fatal,
        false => Severity::Perhaps,
    };
    let endpoint = config.kafka_endpoint().err().map(|error| (error, endpoint));
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
            "set it to the brokers, host:port separated by commas; tables that name one of kafka_clusters do not need it"
        }
        ConfigError::Missing {
            variable: "spill_bucket",
        } => {
            "set it to a bucket: without one queries cannot be planned, unless the caller's identity names one"
        }
        ConfigError::Missing { .. } => "set it",
        ConfigError::Invalid { .. } => "set it to an accepted value, or remove it for its default",
        ConfigError::AuthType(_) => "set it to one of these names; docs/security.md says what each needs",
        ConfigError::PutHeaders { .. } => "set it to a JSON object of texts by header name",
        ConfigError::Secret { .. } => {
            "check the secret's name and region, secretsmanager:GetSecretValue, and the route to Secrets Manager"
        }
        ConfigError::SecretValue { .. } => "check the content of the secret",
        ConfigError::GlueConnection { .. } => {
            "check the connection's name and region, glue:GetConnection, and the route to Glue"
        }
        ConfigError::Clusters { .. } => {
            "set it to a JSON object of clusters by name, each an object of kafka_endpoint, auth_type and so on"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    fn checked(variables: &[(&str, &str)], owner: Owner) -> (Vec<(Status, String)>, Settings) {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let variables: Variables = variables.collect();
        let completed = Ok(Ok(given(&variables)));
        let mut report = Report::new(|_| {});
        let settings = check(&variables, owner, completed, &mut report);
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
        assert_eq!(settings.config.kafka_endpoint(), Ok("b-1:9092"));
        let (_, settings) = checked(&[&USABLE[..], &[("auth_type", "x")]].concat(), Owner::Process);
        assert_eq!(
            settings.kafka_obstacle.as_deref(),
            Some("auth_type has an invalid value")
        );
    }

    #[test]
    fn what_a_connection_adds_is_told_apart() {
        let given = Variables::from([("glue_connection".into(), "c".into())]);
        let texts = [
            ("glue_connection", "c"),
            ("unheard_of", "x"),
            USABLE[0],
            USABLE[1],
        ];
        let completed = Completed::new(texts.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let mut report = Report::new(|_| {});
        check(&given, Owner::Process, Ok(Ok(completed)), &mut report);
        assert_eq!(
            report.findings()[0].found,
            "set: glue_connection; by the Glue connection: kafka_endpoint, spill_bucket"
        );
    }

    #[test]
    fn variables_of_others_are_neither_completed_nor_shown() {
        let variables = [&USABLE[..], &[("PS1", "${debian_chroot}$")]].concat();
        let (findings, _) = checked(&variables, Owner::Process);
        let wanted = "set: kafka_endpoint, spill_bucket";
        assert_eq!(findings, [(Status::Ok, wanted.to_owned())]);
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        assert!(
            given(&variables.collect())
                .names()
                .eq(["kafka_endpoint", "spill_bucket"])
        );
    }

    #[test]
    fn a_connection_that_cannot_be_read_leaves_kafka_and_bucket_unknown() {
        let given = Variables::from([("glue_connection".into(), "c".into())]);
        let error = ConfigError::GlueConnection {
            name: "c".into(),
            reason: "EntityNotFoundException".into(),
        };
        let mut report = Report::new(|_| {});
        let settings = check(&given, Owner::Process, Ok(Err(error)), &mut report);
        assert_eq!(report.findings().len(), 1);
        assert!(
            report.findings()[0]
                .fix
                .as_ref()
                .unwrap()
                .contains("glue:GetConnection")
        );
        assert!(settings.kafka_obstacle.is_some() && settings.spilling_obstacle.is_some());
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
        assert_eq!(findings[0].1, "set, but not read by the connector: glue_region");
        assert_eq!(findings[1].1, "not used by this check: AWS_ENDPOINT_URL");
    }
}
