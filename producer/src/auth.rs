//! How to log in to the brokers.

use std::str::FromStr;

use rdkafka::ClientConfig;

/// A way to log in, under the names the connector's `auth_type` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Auth {
    /// `NO_AUTH`: plain TCP, nobody asks.
    #[default]
    NoAuth,
}

impl Auth {
    /// Writes the client properties this way needs.
    pub(crate) fn apply(self, config: &mut ClientConfig) {
        match self {
            Self::NoAuth => config.set("security.protocol", "plaintext"),
        };
    }
}

impl FromStr for Auth {
    type Err = UnknownAuth;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "NO_AUTH" => Ok(Self::NoAuth),
            _ => Err(UnknownAuth(text.to_owned())),
        }
    }
}

/// A name the producer does not know.
#[derive(Debug, thiserror::Error)]
#[error("auth type of the producer: wanted NO_AUTH, found {0:?}")]
pub struct UnknownAuth(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_auth_type_it_does_not_know() {
        assert_eq!("NO_AUTH".parse::<Auth>().unwrap(), Auth::NoAuth);
        assert!(
            "SCRAM"
                .parse::<Auth>()
                .unwrap_err()
                .to_string()
                .ends_with("found \"SCRAM\"")
        );
    }
}
