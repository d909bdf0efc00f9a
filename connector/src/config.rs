//! Settings, each read from one environment variable. The reference:
//!
#![doc = include_str!("../../docs/settings.md")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use kafka::{AssumedRole, Cluster, IsolationLevel, OnExpiredOffsets};
use spill::PutHeaders;
use topic::{OnBadRecord, OnTombstone};
use tracing::level_filters::LevelFilter;

use crate::config::cluster::RAW_DATABASE;
use crate::config::error::{ConfigError, GLUE_CONNECTION, KAFKA_CLUSTERS, SPILL_PUT_REQUEST_HEADERS};
use crate::config::typed::TypedVariables;
use crate::query_status::throttle::ThrottleLimits;
use crate::raw_topics::RawDatabase;
use crate::registry::confluent::url::RegistryUrl;
use crate::registry::named::NamedRegistries;
use crate::splits::narrow::TimestampUpperBound;

pub mod cluster;
pub mod error;
mod typed;
pub mod variables;

/// Settings of the connector.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Default cluster, for tables that name none.
    pub cluster: Cluster,
    /// Clusters that tables may name.
    pub named_clusters: BTreeMap<String, Cluster>,
    /// Databases whose tables are the topics of a cluster. Their names differ by more than case.
    pub raw_databases: Vec<RawDatabase>,
    spill_bucket: Option<String>,
    pub spill_prefix: String,
    pub encrypt_spill: bool,
    /// KMS key that generates the keys of spilled blocks; `None` to generate them in this process.
    pub kms_key_id: Option<String>,
    pub spill_put_headers: PutHeaders,
    /// Maximum number of concurrent uploads of blocks.
    pub max_uploads: Option<NonZeroUsize>,
    /// Block size in bytes that replaces the request's own limit.
    pub max_block_bytes: Option<u64>,
    /// Rate limits of queries for the state of an Athena query.
    pub throttle: ThrottleLimits,
    /// Glue connection that completes these settings.
    pub glue_connection: Option<String>,
    /// Endpoint of Glue for the connection; `None` for the endpoint in AWS's own variables.
    pub glue_endpoint: Option<String>,
    pub log_level: LevelFilter,
    /// Maximum number of records in a split, at least 1.
    pub max_records_per_split: u64,
    /// Number of splits to aim for, at least 1.
    pub target_parallelism: Option<u64>,
    pub timestamp_upper_bound: TimestampUpperBound,
    /// Whether the connector accepts order and limit, for the newest records.
    pub top_n_pushdown: bool,
    pub schema_cache: Duration,
    pub isolation_level: IsolationLevel,
    pub on_bad_record: OnBadRecord,
    pub on_tombstone: OnTombstone,
    pub on_expired_offsets: OnExpiredOffsets,
    pub metadata_columns: bool,
    /// Whether listings of tables include the tables about topics.
    pub list_system_tables: bool,
    pub schema_registry_url: Option<RegistryUrl>,
    /// Id of the secret with the credentials for the registry.
    pub schema_registry_secret: Option<String>,
    /// Database whose tables are the registry's subjects.
    pub confluent_database: Option<String>,
    /// Namespace of metrics; `None` for no metrics.
    pub metrics_namespace: Option<String>,
    /// Registries that are databases, in place of those with a marker.
    pub glue_registries: Option<NamedRegistries>,
    /// Role that reads Glue's registries; `None` for the function's own.
    pub glue_role: Option<AssumedRole>,
}

impl Config {
    /// Reads each variable through `var`. A missing variable is an error only when it is needed: a ping must
    /// succeed before anything is configured.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let vars = TypedVariables(var);
        let named = vars.text(KAFKA_CLUSTERS);
        let named = named.map_or_else(|| Ok(BTreeMap::new()), |json| cluster::read_named(&json))?;
        let raw_databases = named.values().filter_map(|(_, raw)| raw.clone());
        let raw_databases = cluster::read_raw(&vars, None)?
            .into_iter()
            .chain(raw_databases)
            .collect();
        Ok(Self {
            cluster: cluster::read(&vars)?,
            raw_databases: named_differently(raw_databases, vars.text(CONFLUENT_DATABASE))?,
            named_clusters: named
                .into_iter()
                .map(|(name, (cluster, _))| (name, cluster))
                .collect(),
            spill_bucket: vars.text(SPILL_BUCKET),
            spill_prefix: vars
                .text("spill_prefix")
                .unwrap_or_else(|| "athena-federation-spill".to_owned()),
            encrypt_spill: !vars.word("disable_spill_encryption", &BOOLEANS)?.unwrap_or(false),
            kms_key_id: vars.text("kms_key_id"),
            spill_put_headers: vars
                .text(SPILL_PUT_REQUEST_HEADERS)
                .map_or_else(|| Ok(PutHeaders::default()), |json| put_headers(&json))?,
            max_uploads: vars.upload_count("SPILL_QUEUE_CAPACITY", "spill_queue_capacity")?,
            max_block_bytes: vars.number("MAX_BLOCK_SIZE_BYTES", 1)?,
            throttle: vars.throttle()?,
            glue_connection: vars.text(GLUE_CONNECTION),
            glue_endpoint: vars.text(GLUE_ENDPOINT),
            log_level: vars
                .word("ATHENA_FEDERATION_SDK_LOG_LEVEL", &LOG_LEVELS)?
                .unwrap_or(LevelFilter::WARN),
            max_records_per_split: vars.number("max_records_per_split", 1)?.unwrap_or(100_000),
            target_parallelism: vars.number("target_parallelism", 1)?,
            timestamp_upper_bound: vars
                .word("timestamp_upper_bound", &TIMESTAMP_UPPER_BOUNDS)?
                .unwrap_or_default(),
            top_n_pushdown: vars.word("top_n_pushdown", &BOOLEANS)?.unwrap_or(false),
            schema_cache: vars
                .number("schema_cache_seconds", 0)?
                .map_or(Duration::from_secs(60), |seconds: u32| {
                    Duration::from_secs(seconds.into())
                }),
            isolation_level: vars
                .word("isolation_level", &ISOLATION_LEVELS)?
                .unwrap_or_default(),
            on_bad_record: vars
                .word("on_bad_record", &OnBadRecord::WORDS)?
                .unwrap_or_default(),
            on_tombstone: vars
                .word("on_tombstone", &OnTombstone::WORDS)?
                .unwrap_or_default(),
            on_expired_offsets: vars
                .word("on_expired_offsets", &ON_EXPIRED_OFFSETS)?
                .unwrap_or_default(),
            metadata_columns: vars.word("metadata_columns", &BOOLEANS)?.unwrap_or(false),
            list_system_tables: vars.word("list_system_tables", &BOOLEANS)?.unwrap_or(false),
            schema_registry_url: vars.registry_url(SCHEMA_REGISTRY_URL)?,
            schema_registry_secret: vars.text_beside("schema_registry_secret", SCHEMA_REGISTRY_URL)?,
            confluent_database: vars.text_beside(CONFLUENT_DATABASE, SCHEMA_REGISTRY_URL)?,
            metrics_namespace: vars.metrics_namespace("metrics_namespace")?,
            glue_registries: vars.parsed("glue_registries", NamedRegistries::WANTED)?,
            glue_role: cluster::read_role(&vars, cluster::GLUE_ROLE)?,
        })
    }

    /// Log level of the environment; `warn` if its settings are invalid, which the calls that need them
    /// report.
    pub fn log_level_from_env() -> LevelFilter {
        let config = Self::from_vars(|name| std::env::var(name).ok());
        config.map_or(LevelFilter::WARN, |config| config.log_level)
    }

    /// Names of all variables.
    pub fn variables() -> BTreeSet<String> {
        let names = RefCell::new(BTreeSet::new());
        // No variable is required to start, so this reads all of them.
        let _ = Self::from_vars(|name| {
            names.borrow_mut().insert(name.to_owned());
            None
        });
        names.into_inner()
    }

    /// Bootstrap servers of the default cluster.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] if they are not set.
    pub fn kafka_endpoint(&self) -> Result<&str, ConfigError> {
        self.cluster
            .bootstrap_servers
            .as_deref()
            .ok_or(cluster::MISSING_ENDPOINT)
    }

    /// # Errors
    /// [`ConfigError::Missing`] if it is not set.
    pub fn spill_bucket(&self) -> Result<&str, ConfigError> {
        self.spill_bucket.as_deref().ok_or(ConfigError::Missing {
            variable: SPILL_BUCKET,
        })
    }
}

const SPILL_BUCKET: &str = "spill_bucket";
pub(crate) const GLUE_ENDPOINT: &str = "GLUE_ENDPOINT";
const CONFLUENT_DATABASE: &str = "confluent_database";
pub(crate) const SCHEMA_REGISTRY_URL: &str = "schema_registry_url";

const BOOLEANS: [(&str, bool); 2] = [("true", true), ("false", false)];
const ISOLATION_LEVELS: [(&str, IsolationLevel); 2] = [
    ("read_committed", IsolationLevel::ReadCommitted),
    ("read_uncommitted", IsolationLevel::ReadUncommitted),
];
const TIMESTAMP_UPPER_BOUNDS: [(&str, TimestampUpperBound); 3] = [
    ("log_append_time", TimestampUpperBound::LogAppendTime),
    ("always", TimestampUpperBound::Always),
    ("never", TimestampUpperBound::Never),
];
const ON_EXPIRED_OFFSETS: [(&str, OnExpiredOffsets); 2] =
    [("skip", OnExpiredOffsets::Skip), ("fail", OnExpiredOffsets::Fail)];
const LOG_LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// Checks that the names of databases differ by more than case: Athena ignores it.
fn named_differently(
    databases: Vec<RawDatabase>,
    of_subjects: Option<String>,
) -> Result<Vec<RawDatabase>, ConfigError> {
    let mut names = BTreeSet::from_iter(of_subjects.map(|name| name.to_lowercase()));
    match databases
        .iter()
        .find(|raw| !names.insert(raw.name.to_lowercase()))
    {
        Some(twice) => Err(ConfigError::Invalid {
            variable: RAW_DATABASE,
            value: twice.name.clone(),
            wanted: "another name for each database".to_owned(),
        }),
        None => Ok(databases),
    }
}

/// Reads the value of [`SPILL_PUT_REQUEST_HEADERS`], a JSON object.
fn put_headers(json: &str) -> Result<PutHeaders, ConfigError> {
    let invalid = |reason: String| ConfigError::PutHeaders { reason };
    // The parser's error is dropped, since it may quote the value.
    let headers: BTreeMap<String, String> = serde_json::from_str(json)
        .map_err(|_| invalid("wanted a JSON object of texts, such as {\"name\": \"value\"}".to_owned()))?;
    PutHeaders::try_new(headers).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw_topics::patterns::TopicPatterns;
    use crate::registry::confluent::url::WANTED as WANTED_URL;

    fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_vars(|name| {
            vars.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn has_documented_defaults() {
        let defaults = Config {
            cluster: Cluster::default(),
            named_clusters: BTreeMap::new(),
            raw_databases: Vec::new(),
            spill_bucket: None,
            spill_prefix: "athena-federation-spill".to_owned(),
            encrypt_spill: true,
            kms_key_id: None,
            spill_put_headers: PutHeaders::default(),
            max_uploads: None,
            throttle: ThrottleLimits {
                initial_delay: Duration::from_millis(10),
                max_delay: Duration::from_secs(1),
                decrease_factor: 0.5,
                increase: Duration::from_millis(10),
            },
            glue_connection: None,
            glue_endpoint: None,
            max_block_bytes: None,
            log_level: LevelFilter::WARN,
            max_records_per_split: 100_000,
            target_parallelism: None,
            timestamp_upper_bound: TimestampUpperBound::LogAppendTime,
            top_n_pushdown: false,
            schema_cache: Duration::from_secs(60),
            isolation_level: IsolationLevel::ReadCommitted,
            on_bad_record: OnBadRecord::Null,
            on_tombstone: OnTombstone::Skip,
            on_expired_offsets: OnExpiredOffsets::Skip,
            metadata_columns: false,
            list_system_tables: false,
            schema_registry_url: None,
            schema_registry_secret: None,
            confluent_database: None,
            metrics_namespace: None,
            glue_registries: None,
            glue_role: None,
        };
        assert_eq!(config(&[]), Ok(defaults));
    }

    #[test]
    fn maps_every_variable() {
        let all = config(&[
            ("kafka_endpoint", "b-1:9092,b-2:9092"),
            ("auth_type", "no_auth"),
            (
                "kafka_clusters",
                r#"{"other": {"kafka_endpoint": "c-1:9092", "raw_database": "raw_other"}}"#,
            ),
            ("raw_database", "raw"),
            ("raw_topics", "orders*,payments"),
            ("spill_bucket", "spill"),
            ("spill_prefix", "athena-spill"),
            ("disable_spill_encryption", "True"),
            ("kms_key_id", "alias/spill"),
            (
                "spill_put_request_headers",
                r#"{"x-amz-server-side-encryption": "AES256"}"#,
            ),
            ("SPILL_QUEUE_CAPACITY", "4"),
            ("throttle_initial_delay_ms", "0"),
            ("throttle_max_delay_ms", "500"),
            ("throttle_decrease_factor", "0.25"),
            ("throttle_increase_ms", "5"),
            ("glue_connection", "msk"),
            ("GLUE_ENDPOINT", "http://127.0.0.1:1"),
            ("MAX_BLOCK_SIZE_BYTES", "1000000"),
            ("ATHENA_FEDERATION_SDK_LOG_LEVEL", "DEBUG"),
            ("max_records_per_split", "5"),
            ("target_parallelism", "40"),
            ("timestamp_upper_bound", "Never"),
            ("top_n_pushdown", "true"),
            ("schema_cache_seconds", "0"),
            ("isolation_level", "read_uncommitted"),
            ("on_bad_record", "fail"),
            ("on_tombstone", "null"),
            ("on_expired_offsets", "fail"),
            ("metadata_columns", "TRUE"),
            ("list_system_tables", "true"),
            ("schema_registry_url", "https://key:secret@registry:8081/path"),
            ("schema_registry_secret", "registry"),
            ("confluent_database", "confluent"),
            ("metrics_namespace", "Kafka/athena #1"),
            ("glue_registries", "customer"),
            ("role_arn", "arn:aws:iam::123456789012:role/kafka"),
            ("external_id", "kafka/7"),
            ("role_session_name", "queries"),
            ("oauth_token_url", "https://login.example/token"),
            ("oauth_scope", "kafka"),
            ("oauth_extensions", "logicalCluster=lkc-1,identityPoolId=pool-1"),
            ("client_rack", "use1-az1"),
            ("glue_role_arn", "arn:aws:iam::123456789012:role/glue"),
            ("glue_external_id", "glue/7"),
            ("glue_role_session_name", "tables"),
        ]);
        let role = |name: &str, session_name: &str| {
            Some(AssumedRole {
                arn: format!("arn:aws:iam::123456789012:role/{name}"),
                external_id: Some(format!("{name}/7")),
                session_name: Some(session_name.to_owned()),
            })
        };
        let wanted = Config {
            cluster: Cluster {
                role: role("kafka", "queries"),
                token_endpoint: Some(kafka::auth::token::TokenEndpoint {
                    url: "https://login.example/token".to_owned(),
                    scope: Some("kafka".to_owned()),
                }),
                sasl_extensions: "logicalCluster=lkc-1,identityPoolId=pool-1".parse().unwrap(),
                rack: Some("use1-az1".to_owned()),
                ..Cluster::at("b-1:9092,b-2:9092")
            },
            named_clusters: BTreeMap::from([("other".to_owned(), Cluster::at("c-1:9092"))]),
            raw_databases: vec![
                RawDatabase {
                    name: "raw".to_owned(),
                    topics: "orders*,payments".parse().unwrap(),
                    cluster: None,
                },
                RawDatabase {
                    name: "raw_other".to_owned(),
                    topics: TopicPatterns::default(),
                    cluster: Some("other".to_owned()),
                },
            ],
            spill_bucket: Some("spill".to_owned()),
            spill_prefix: "athena-spill".to_owned(),
            encrypt_spill: false,
            kms_key_id: Some("alias/spill".to_owned()),
            spill_put_headers: PutHeaders::try_new([(
                "x-amz-server-side-encryption".to_owned(),
                "AES256".to_owned(),
            )])
            .unwrap(),
            max_uploads: NonZeroUsize::new(4),
            throttle: ThrottleLimits {
                initial_delay: Duration::ZERO,
                max_delay: Duration::from_millis(500),
                decrease_factor: 0.25,
                increase: Duration::from_millis(5),
            },
            glue_connection: Some("msk".to_owned()),
            glue_endpoint: Some("http://127.0.0.1:1".to_owned()),
            max_block_bytes: Some(1_000_000),
            log_level: LevelFilter::DEBUG,
            max_records_per_split: 5,
            target_parallelism: Some(40),
            timestamp_upper_bound: TimestampUpperBound::Never,
            top_n_pushdown: true,
            schema_cache: Duration::ZERO,
            isolation_level: IsolationLevel::ReadUncommitted,
            on_bad_record: OnBadRecord::Fail,
            on_tombstone: OnTombstone::Null,
            on_expired_offsets: OnExpiredOffsets::Fail,
            metadata_columns: true,
            list_system_tables: true,
            schema_registry_secret: Some("registry".to_owned()),
            confluent_database: Some("confluent".to_owned()),
            schema_registry_url: Some("https://key:secret@registry:8081/path".parse().unwrap()),
            metrics_namespace: Some("Kafka/athena #1".to_owned()),
            glue_registries: Some("customer".parse().unwrap()),
            glue_role: role("glue", "tables"),
        };
        assert_eq!(all, Ok(wanted));
        assert_eq!(
            config(&[("on_bad_record", "skip")]).unwrap().on_bad_record,
            OnBadRecord::Skip
        );
        let lower_case = config(&[("spill_queue_capacity", "3")]).unwrap();
        assert_eq!(lower_case.max_uploads, NonZeroUsize::new(3));
    }

    #[test]
    fn an_error_about_put_headers_quotes_no_value() {
        for (json, reason) in [
            ("hunter2", "wanted a JSON object"),
            (r#"{"x-key": ["hunter2"]}"#, "wanted a JSON object"),
            (r#"{"x-key": "hunter2\u0007"}"#, "the value of header `x-key`"),
            (
                r#"{"x key": "hunter2"}"#,
                "`x key` is not a valid HTTP header name",
            ),
            (r#"{"Host": "hunter2"}"#, "`host` is set by the upload itself"),
        ] {
            let error = config(&[("spill_put_request_headers", json)]).unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with("environment variable spill_put_request_headers: ")
                    && text.contains(reason)
                    && !text.contains("hunter2"),
                "{text}"
            );
        }
    }

    #[test]
    fn takes_blank_values_for_none() {
        let names = [
            "kafka_endpoint",
            "auth_type",
            "secrets_manager_secret",
            "certificates_s3_reference",
            "msk_region",
            "MAX_BLOCK_SIZE_BYTES",
            "on_bad_record",
        ];
        let blank = names.map(|name| (name, " "));
        assert_eq!(config(&blank), config(&[]));
    }

    #[test]
    fn names_the_variable_the_value_and_what_is_allowed() {
        for (variable, value, wanted) in [
            ("disable_spill_encryption", "yes", "true or false"),
            ("MAX_BLOCK_SIZE_BYTES", "0", "a whole number of at least 1"),
            ("MAX_BLOCK_SIZE_BYTES", "16MB", "a whole number of at least 1"),
            (
                "ATHENA_FEDERATION_SDK_LOG_LEVEL",
                "loud",
                "off or error or warn or info or debug or trace",
            ),
            ("SPILL_QUEUE_CAPACITY", "0", "a whole number of at least 1"),
            ("spill_queue_capacity", "many", "a whole number of at least 1"),
            ("throttle_initial_delay_ms", "-1", "a whole number of at least 0"),
            ("throttle_max_delay_ms", "0", "a whole number of at least 1"),
            ("throttle_decrease_factor", "0", "a number from 0.001 to 1"),
            ("throttle_decrease_factor", "half", "a number from 0.001 to 1"),
            ("throttle_increase_ms", "0", "a whole number of at least 1"),
            ("max_records_per_split", "0", "a whole number of at least 1"),
            ("target_parallelism", "0", "a whole number of at least 1"),
            (
                "timestamp_upper_bound",
                "true",
                "log_append_time or always or never",
            ),
            ("top_n_pushdown", "1", "true or false"),
            ("schema_cache_seconds", "-1", "a whole number of at least 0"),
            (
                "isolation_level",
                "serializable",
                "read_committed or read_uncommitted",
            ),
            ("on_bad_record", "drop", "null or skip or fail"),
            ("on_tombstone", "fail", "skip or null"),
            ("on_expired_offsets", "null", "skip or fail"),
            ("raw_topics", "orders", "raw_database beside it"),
            ("glue_registries", "a,,b", NamedRegistries::WANTED),
            ("oauth_scope", "kafka", "oauth_token_url beside it"),
            ("oauth_extensions", "a=1", "oauth_token_url beside it"),
            (
                "oauth_token_url",
                "login.example",
                "an http:// or https:// URL without user info",
            ),
            ("role_arn", "kafka", "the ARN of an IAM role"),
            (
                "glue_role_arn",
                "arn:aws:iam::123456789012:user/u",
                "the ARN of an IAM role",
            ),
            ("external_id", "7", "role_arn beside it"),
            ("glue_role_session_name", "tables", "glue_role_arn beside it"),
            (
                "raw_topics",
                "a,,b",
                "names of topics separated by commas, in which * stands for any letters",
            ),
            ("metadata_columns", "all", "true or false"),
            ("list_system_tables", "all", "true or false"),
            ("schema_registry_url", "registry:8081", WANTED_URL),
            (
                "schema_registry_secret",
                "registry",
                "schema_registry_url beside it",
            ),
            ("confluent_database", "confluent", "schema_registry_url beside it"),
            (
                "metrics_namespace",
                "AWS/Kafka",
                "at most 255 letters, digits, blanks and . - _ / #, without the prefix AWS/",
            ),
            (
                "metrics_namespace",
                "Käfka",
                "at most 255 letters, digits, blanks and . - _ / #, without the prefix AWS/",
            ),
        ] {
            let error = config(&[(variable, value)]).unwrap_err();
            let message = format!("environment variable {variable} is `{value}`; wanted {wanted}");
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn refuses_two_databases_of_one_name() {
        let clusters = r#"{"a": {"kafka_endpoint": "a:9092", "raw_database": "Raw"}}"#;
        let error = config(&[("raw_database", "raw"), ("kafka_clusters", clusters)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable raw_database is `Raw`; wanted another name for each database"
        );
    }

    #[test]
    fn shows_no_password_of_a_registry_url() {
        let with_url = |url| config(&[("schema_registry_url", url)]);
        let shown = format!("{:?}", with_url("https://key:hunter2@registry").unwrap());
        assert!(
            shown.contains("https://registry") && !shown.contains("hunter2"),
            "{shown}"
        );
        let error = with_url("https://key:sec/ret@registry").unwrap_err();
        let message =
            format!("environment variable schema_registry_url is `***@registry`; wanted {WANTED_URL}");
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn refuses_an_unknown_auth_type() {
        let error = config(&[("auth_type", "KERBEROS")]).unwrap_err().to_string();
        assert!(
            error.contains("auth_type") && error.contains("KERBEROS"),
            "{error}"
        );
    }

    #[test]
    fn misses_the_brokers_and_the_bucket_only_when_asked() {
        let config = config(&[]).unwrap();
        let missing = |variable| Err(ConfigError::Missing { variable });
        assert_eq!(config.kafka_endpoint(), missing("kafka_endpoint"));
        assert_eq!(config.spill_bucket(), missing("spill_bucket"));
    }
}
