//! Settings, each from one environment variable. The reference:
//!
#![doc = include_str!("../../docs/settings.md")]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use topic::{OnBadRecord, OnTombstone};
use tracing::level_filters::LevelFilter;

use crate::config::cluster::ClusterConfig;
use crate::kafka::auth::AuthTypeError;
use crate::registry::confluent::{RegistryUrl, WANTED_URL, redact};

pub mod cluster;

/// What the environment says.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Of the tables that name no other.
    pub cluster: ClusterConfig,
    /// Those that tables may name.
    pub named_clusters: BTreeMap<String, ClusterConfig>,
    spill_bucket: Option<String>,
    pub spill_prefix: String,
    pub encrypt_spill: bool,
    /// Takes the place of the request's own limit.
    pub max_block_bytes: Option<u64>,
    pub log_level: LevelFilter,
    /// At least 1.
    pub max_records_per_split: u64,
    /// At least 1.
    pub target_parallelism: Option<u64>,
    pub timestamp_upper_bound: TimestampUpperBound,
    pub schema_cache: Duration,
    pub isolation_level: IsolationLevel,
    pub on_bad_record: OnBadRecord,
    pub on_tombstone: OnTombstone,
    pub on_expired_offsets: OnExpiredOffsets,
    pub metadata_columns: bool,
    pub schema_registry_url: Option<RegistryUrl>,
}

impl Config {
    /// Reads each variable through `var`. What is missing is only an error when it is needed: a ping must be
    /// answered before anything is configured.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let vars = Vars(var);
        Ok(Self {
            cluster: ClusterConfig::read(&vars)?,
            named_clusters: vars
                .text(cluster::VARIABLE)
                .map_or_else(|| Ok(BTreeMap::new()), |json| cluster::read_named(&json))?,
            spill_bucket: vars.text(SPILL_BUCKET),
            spill_prefix: vars
                .text("spill_prefix")
                .unwrap_or_else(|| "athena-federation-spill".to_owned()),
            encrypt_spill: !vars.word("disable_spill_encryption", &BOOLEANS)?.unwrap_or(false),
            max_block_bytes: vars.number("MAX_BLOCK_SIZE_BYTES", 1)?,
            log_level: vars
                .word("ATHENA_FEDERATION_SDK_LOG_LEVEL", &LOG_LEVELS)?
                .unwrap_or(LevelFilter::WARN),
            max_records_per_split: vars.number("max_records_per_split", 1)?.unwrap_or(100_000),
            target_parallelism: vars.number("target_parallelism", 1)?,
            timestamp_upper_bound: vars
                .word("timestamp_upper_bound", &TIMESTAMP_UPPER_BOUNDS)?
                .unwrap_or_default(),
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
            schema_registry_url: vars.registry_url(SCHEMA_REGISTRY_URL)?,
        })
    }

    pub fn spill_bucket(&self) -> Result<&str, ConfigError> {
        self.spill_bucket.as_deref().ok_or(ConfigError::Missing {
            variable: SPILL_BUCKET,
        })
    }
}

/// Which records of transactions are rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IsolationLevel {
    /// Those of committed transactions, up to the last stable offset.
    #[default]
    ReadCommitted,
    /// All, up to the high watermark, as the Java connector reads.
    ReadUncommitted,
}

/// When records behind the first that is too late for a query are not read.
///
/// That loses no row only if timestamps never fall as offsets rise. A producer's may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampUpperBound {
    /// If the brokers tell that the topic's `message.timestamp.type` is `LogAppendTime`.
    #[default]
    LogAppendTime,
    /// Of every topic: rows that are out of order by time may be missing.
    Always,
    Never,
}

/// What becomes of offsets that a split was planned with and that retention has deleted since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExpiredOffsets {
    /// They are passed over, counted and warned of.
    #[default]
    Skip,
    /// The read ends with an error that names them.
    Fail,
}

/// A variable that is missing or has a value of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("environment variable {variable} is not set")]
    Missing { variable: &'static str },
    #[error(transparent)]
    AuthType(#[from] AuthTypeError),
    #[error("environment variable {}: {reason}", cluster::VARIABLE)]
    Clusters { reason: String },
    #[error("environment variable {variable} is `{value}`; wanted {wanted}")]
    Invalid {
        variable: &'static str,
        value: String,
        wanted: String,
    },
}

impl ConfigError {
    /// The variable at fault.
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Missing { variable } | Self::Invalid { variable, .. } => variable,
            Self::AuthType(_) => cluster::AUTH_TYPE,
            Self::Clusters { .. } => cluster::VARIABLE,
        }
    }
}

const SPILL_BUCKET: &str = "spill_bucket";
const SCHEMA_REGISTRY_URL: &str = "schema_registry_url";

/// The words a variable may hold, with what each means.
type Words<T> = [(&'static str, T)];

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

/// Reads variables.
struct Vars<F>(F);

impl<F: Fn(&str) -> Option<String>> Vars<F> {
    fn text(&self, variable: &str) -> Option<String> {
        let text = self.0(variable)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn word<T: Copy>(&self, variable: &'static str, words: &Words<T>) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text(variable) else {
            return Ok(None);
        };
        match words.iter().find(|(word, _)| value.eq_ignore_ascii_case(word)) {
            Some(&(_, meaning)) => Ok(Some(meaning)),
            None => {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                Err(ConfigError::Invalid {
                    variable,
                    value,
                    wanted: words.join(" or "),
                })
            }
        }
    }

    /// An error shows the value without what may be a password.
    fn registry_url(&self, variable: &'static str) -> Result<Option<RegistryUrl>, ConfigError> {
        let url = self.text(variable).map(|value| {
            value.parse().map_err(|_| ConfigError::Invalid {
                variable,
                value: redact(&value),
                wanted: WANTED_URL.to_owned(),
            })
        });
        url.transpose()
    }

    fn parsed<T: FromStr>(
        &self,
        variable: &'static str,
        wanted: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text(variable) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => Err(ConfigError::Invalid {
                variable,
                value,
                wanted: wanted.to_owned(),
            }),
        }
    }

    /// A decimal number, `least` or more.
    fn number<T: Copy + FromStr + PartialOrd + Display>(
        &self,
        variable: &'static str,
        least: T,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text(variable) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => {
                let wanted = format!("a whole number of at least {least}");
                Err(ConfigError::Invalid {
                    variable,
                    value,
                    wanted,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            cluster: ClusterConfig::default(),
            named_clusters: BTreeMap::new(),
            spill_bucket: None,
            spill_prefix: "athena-federation-spill".to_owned(),
            encrypt_spill: true,
            max_block_bytes: None,
            log_level: LevelFilter::WARN,
            max_records_per_split: 100_000,
            target_parallelism: None,
            timestamp_upper_bound: TimestampUpperBound::LogAppendTime,
            schema_cache: Duration::from_secs(60),
            isolation_level: IsolationLevel::ReadCommitted,
            on_bad_record: OnBadRecord::Null,
            on_tombstone: OnTombstone::Skip,
            on_expired_offsets: OnExpiredOffsets::Skip,
            metadata_columns: false,
            schema_registry_url: None,
        };
        assert_eq!(config(&[]), Ok(defaults));
    }

    #[test]
    fn maps_every_variable() {
        let all = config(&[
            ("kafka_endpoint", "b-1:9092,b-2:9092"),
            ("auth_type", "no_auth"),
            ("kafka_clusters", r#"{"other": {"kafka_endpoint": "c-1:9092"}}"#),
            ("spill_bucket", "spill"),
            ("spill_prefix", "athena-spill"),
            ("disable_spill_encryption", "True"),
            ("MAX_BLOCK_SIZE_BYTES", "1000000"),
            ("ATHENA_FEDERATION_SDK_LOG_LEVEL", "DEBUG"),
            ("max_records_per_split", "5"),
            ("target_parallelism", "40"),
            ("timestamp_upper_bound", "Never"),
            ("schema_cache_seconds", "0"),
            ("isolation_level", "read_uncommitted"),
            ("on_bad_record", "fail"),
            ("on_tombstone", "null"),
            ("on_expired_offsets", "fail"),
            ("metadata_columns", "TRUE"),
            ("schema_registry_url", "https://key:secret@registry:8081/path"),
        ]);
        let wanted = Config {
            cluster: ClusterConfig::at("b-1:9092,b-2:9092"),
            named_clusters: BTreeMap::from([("other".to_owned(), ClusterConfig::at("c-1:9092"))]),
            spill_bucket: Some("spill".to_owned()),
            spill_prefix: "athena-spill".to_owned(),
            encrypt_spill: false,
            max_block_bytes: Some(1_000_000),
            log_level: LevelFilter::DEBUG,
            max_records_per_split: 5,
            target_parallelism: Some(40),
            timestamp_upper_bound: TimestampUpperBound::Never,
            schema_cache: Duration::ZERO,
            isolation_level: IsolationLevel::ReadUncommitted,
            on_bad_record: OnBadRecord::Fail,
            on_tombstone: OnTombstone::Null,
            on_expired_offsets: OnExpiredOffsets::Fail,
            metadata_columns: true,
            schema_registry_url: Some("https://key:secret@registry:8081/path".parse().unwrap()),
        };
        assert_eq!(all, Ok(wanted));
        assert_eq!(
            config(&[("on_bad_record", "skip")]).unwrap().on_bad_record,
            OnBadRecord::Skip
        );
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
            ("max_records_per_split", "0", "a whole number of at least 1"),
            ("target_parallelism", "0", "a whole number of at least 1"),
            (
                "timestamp_upper_bound",
                "true",
                "log_append_time or always or never",
            ),
            ("schema_cache_seconds", "-1", "a whole number of at least 0"),
            (
                "isolation_level",
                "serializable",
                "read_committed or read_uncommitted",
            ),
            ("on_bad_record", "drop", "null or skip or fail"),
            ("on_tombstone", "fail", "skip or null"),
            ("on_expired_offsets", "null", "skip or fail"),
            ("metadata_columns", "all", "true or false"),
            ("schema_registry_url", "registry:8081", WANTED_URL),
        ] {
            let error = config(&[(variable, value)]).unwrap_err();
            let message = format!("environment variable {variable} is `{value}`; wanted {wanted}");
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn shows_no_password_of_the_registrys_url() {
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
        assert_eq!(config.cluster.kafka_endpoint(), missing("kafka_endpoint"));
        assert_eq!(config.spill_bucket(), missing("spill_bucket"));
    }
}
