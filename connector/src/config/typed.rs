//! Typed values of variables: numbers, words, URLs, each with an error that names the accepted values.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use crate::config::error::ConfigError;
use crate::query_status::throttle::ThrottleLimits;
use crate::registry::confluent::url::{RegistryUrl, WANTED as WANTED_URL, redact};

/// Accepted words of a variable and their meanings.
pub(super) type Words<T> = [(&'static str, T)];

/// Reader of typed values through a function that returns their texts.
pub(super) struct TypedVariables<F>(pub(super) F);

impl<F: Fn(&str) -> Option<String>> TypedVariables<F> {
    pub(super) fn text(&self, variable: &str) -> Option<String> {
        let text = self.0(variable)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Text of a variable that is invalid without `other`.
    pub(super) fn text_beside(
        &self,
        variable: &'static str,
        other: &'static str,
    ) -> Result<Option<String>, ConfigError> {
        match (self.text(variable), self.text(other)) {
            (Some(value), None) => Err(ConfigError::Invalid {
                variable,
                value,
                wanted: format!("{other} beside it"),
            }),
            (value, _) => Ok(value),
        }
    }

    pub(super) fn word<T: Copy>(
        &self,
        variable: &'static str,
        words: &Words<T>,
    ) -> Result<Option<T>, ConfigError> {
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

    /// Reads a registry URL. An error shows the value without user info, which may be a password.
    pub(super) fn registry_url(&self, variable: &'static str) -> Result<Option<RegistryUrl>, ConfigError> {
        let url = self.text(variable).map(|value| {
            value.parse().map_err(|_| ConfigError::Invalid {
                variable,
                value: redact(&value),
                wanted: WANTED_URL.to_owned(),
            })
        });
        url.transpose()
    }

    /// Reads a namespace by the rules of
    /// [PutMetricData](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html);
    /// CloudWatch silently drops metrics that violate them.
    pub(super) fn metrics_namespace(&self, variable: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.text(variable) else {
            return Ok(None);
        };
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/# ".contains(&byte);
        if value.len() <= 255 && value.bytes().all(is_allowed) && !value.starts_with("AWS/") {
            return Ok(Some(value));
        }
        Err(ConfigError::Invalid {
            variable,
            value,
            wanted: "at most 255 letters, digits, blanks and . - _ / #, without the prefix AWS/".to_owned(),
        })
    }

    pub(super) fn parsed<T: FromStr>(
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

    /// Reads a number of uploads. Java's connector accepts the name in upper and in lower case.
    pub(super) fn upload_count(
        &self,
        upper: &'static str,
        lower: &'static str,
    ) -> Result<Option<NonZeroUsize>, ConfigError> {
        let (upper, lower) = (self.number(upper, 1)?, self.number(lower, 1)?);
        Ok(upper.or(lower).and_then(NonZeroUsize::new))
    }

    pub(super) fn throttle(&self) -> Result<ThrottleLimits, ConfigError> {
        let defaults = ThrottleLimits::default();
        let milliseconds = |variable, least: u32, default: Duration| {
            let number = self.number(variable, least)?;
            Ok::<_, ConfigError>(number.map_or(default, |ms| Duration::from_millis(ms.into())))
        };
        Ok(ThrottleLimits {
            initial_delay: milliseconds("throttle_initial_delay_ms", 0, defaults.initial_delay)?,
            max_delay: milliseconds("throttle_max_delay_ms", 1, defaults.max_delay)?,
            decrease_factor: self
                .fraction("throttle_decrease_factor")?
                .unwrap_or(defaults.decrease_factor),
            increase: milliseconds("throttle_increase_ms", 1, defaults.increase)?,
        })
    }

    pub(super) fn fraction(&self, variable: &'static str) -> Result<Option<f64>, ConfigError> {
        const WANTED: &str = "a number from 0.001 to 1";
        let fraction: Option<f64> = self.parsed(variable, WANTED)?;
        match fraction {
            Some(fraction) if !(0.001..=1.0).contains(&fraction) => Err(ConfigError::Invalid {
                variable,
                value: fraction.to_string(),
                wanted: WANTED.to_owned(),
            }),
            fraction => Ok(fraction),
        }
    }

    /// Reads a decimal number of at least `least`.
    pub(super) fn number<T: Copy + FromStr + PartialOrd + Display>(
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
