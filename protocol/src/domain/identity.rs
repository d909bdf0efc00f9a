//! Identity of the caller who runs the query.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Fault;
use crate::json::{FromJson, Json, Object};
use crate::version::SerdeVersion;

/// Caller on whose behalf Athena invokes the connector
/// (`com.amazonaws.athena.connector.lambda.security.FederatedIdentity`).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FederatedIdentity {
    /// AWS account id.
    pub account: Option<String>,
    pub arn: Option<String>,
    /// Principal tags.
    pub tags: BTreeMap<String, String>,
    /// IAM groups.
    pub groups: Vec<String>,
    /// Settings of this request. May hold a session token under `fas_token`, so `Debug` shows keys only.
    pub config_options: BTreeMap<String, String>,
}

/// Value of the retired fields `id` and `principal`, which no reader uses.
const RETIRED: &str = "UNKNOWN";

impl FederatedIdentity {
    pub(crate) fn to_json(&self, version: SerdeVersion) -> Json<'_> {
        if version == SerdeVersion::V1 {
            return Object::new()
                .with("arn", self.arn.as_ref())
                .with("account", self.account.as_ref())
                .with("principalTags", &self.tags)
                .with("iamGroups", &self.groups)
                .with("configOptions", &self.config_options)
                .into();
        }
        Object::new()
            .with("id", RETIRED)
            .with("principal", RETIRED)
            .with("account", self.account.as_ref())
            .with("arn", self.arn.as_ref())
            .with("tags", &self.tags)
            .with("groups", &self.groups)
            .with("configOptions", &self.config_options)
            .into()
    }
}

impl fmt::Debug for FederatedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederatedIdentity")
            .field("account", &self.account)
            .field("arn", &self.arn)
            .field("tags", &self.tags)
            .field("groups", &self.groups)
            .field("config_options", &self.config_options.keys())
            .finish()
    }
}

impl FromJson for FederatedIdentity {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        Ok(Self {
            account: object.optional("account")?,
            arn: object.optional("arn")?,
            tags: object.or_default(object.first_of(["tags", "principalTags"]))?,
            groups: object.or_default(object.first_of(["groups", "iamGroups"]))?,
            config_options: object.or_default("configOptions")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_config_option_values() {
        let config_options = BTreeMap::from([("fas_token".to_owned(), "hush".to_owned())]);
        let shown = format!(
            "{:?}",
            FederatedIdentity {
                config_options,
                ..Default::default()
            }
        );
        assert!(shown.contains("fas_token") && !shown.contains("hush"), "{shown}");
    }
}
