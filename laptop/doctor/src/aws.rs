//! Region and credentials of requests to AWS.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_s3::config::{Credentials, ProvideCredentials};

use crate::finding::Check;
use crate::limit::Limit;
use crate::report::Report;
use spill::causes;

/// Sources of the configuration, which the SDK's own configuration does not contain.
pub(crate) struct Origin {
    /// Whether the region is that of the command line or of the function.
    pub(crate) region_is_given: bool,
    /// Reads a variable of this process.
    pub(crate) variable: fn(&str) -> Option<String>,
}

/// Checks region and credentials; returns the reason if AWS cannot be used at all.
pub(crate) async fn check(
    aws: &SdkConfig,
    origin: &Origin,
    limit: Limit,
    report: &mut Report<'_>,
) -> Option<String> {
    let region = region(aws, origin, report);
    let credentials = credentials(aws, limit, report).await;
    region.or(credentials)
}

fn region(aws: &SdkConfig, origin: &Origin, report: &mut Report<'_>) -> Option<String> {
    let mut about = report.about("AWS");
    let Some(region) = aws.region() else {
        about.fail(
            Check::Region,
            "no region is set",
            "set AWS_REGION, or a region in the profile; Lambda sets its own for a function",
        );
        return Some("no region is configured".to_owned());
    };
    about.ok(
        Check::Region,
        format!("{region}, from {}", place(region.as_ref(), origin)),
    );
    None
}

/// Source of the region, in the SDK's order of precedence.
fn place(region: &str, origin: &Origin) -> &'static str {
    if origin.region_is_given {
        return "the command line";
    }
    let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let named = names
        .into_iter()
        .find(|name| (origin.variable)(name).as_deref() == Some(region));
    named.unwrap_or("the profile")
}

async fn credentials(aws: &SdkConfig, limit: Limit, report: &mut Report<'_>) -> Option<String> {
    let mut about = report.about("AWS");
    let obstacle = || Some("no AWS credentials were found".to_owned());
    let Some(provider) = aws.credentials_provider() else {
        about.fail(Check::Credentials, "no credentials found", NO_CREDENTIALS);
        return obstacle();
    };
    let reason = match limit.within(provider.provide_credentials()).await {
        Ok(Ok(credentials)) => {
            about.ok(Check::Credentials, description(&credentials, SystemTime::now()));
            return None;
        }
        Ok(Err(error)) => causes(&error),
        Err(late) => late.to_string(),
    };
    about.fail(Check::Credentials, reason, NO_CREDENTIALS);
    obstacle()
}

const NO_CREDENTIALS: &str = "log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a function has those of its role";

/// Description of the credentials, with only the end of the key's id.
fn description(credentials: &Credentials, now: SystemTime) -> String {
    let id = credentials.access_key_id();
    let tail: String = id.chars().skip(id.chars().count().saturating_sub(4)).collect();
    let kind = match (credentials.session_token(), credentials.expiry()) {
        (_, Some(expiry)) => {
            let left = expiry.duration_since(now).unwrap_or_default();
            format!("valid for {} minutes", left.as_secs() / 60)
        }
        (Some(_), None) => "temporary".to_owned(),
        (None, None) => "permanent".to_owned(),
    };
    format!("access key …{tail}, {kind}; the function has its role's, which may be allowed less or more")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_s3::config::SharedCredentialsProvider;

    use super::*;
    use crate::finding::{Finding, Status};

    const LIMIT: Limit = Limit(Duration::from_secs(5));

    fn origin(region_is_given: bool) -> Origin {
        Origin {
            region_is_given,
            variable: |name| (name == "AWS_DEFAULT_REGION").then(|| "eu-west-1".to_owned()),
        }
    }

    fn aws(region: Option<&'static str>, credentials: Option<Credentials>) -> SdkConfig {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(region.map(Region::new));
        match credentials {
            Some(credentials) => config.credentials_provider(SharedCredentialsProvider::new(credentials)),
            None => config,
        }
        .build()
    }

    async fn checked(aws: SdkConfig, region_is_given: bool) -> (Option<String>, Vec<Finding>) {
        let mut report = Report::new(|_| {});
        let obstacle = check(&aws, &origin(region_is_given), LIMIT, &mut report).await;
        (obstacle, report.findings().to_vec())
    }

    fn key(token: Option<&str>, expiry: Option<SystemTime>) -> Credentials {
        Credentials::new("AKIDEXAMPLE", "s3cret", token.map(Into::into), expiry, "test")
    }

    #[tokio::test]
    async fn says_from_where_the_region_is() {
        for (region, is_given, place) in [
            ("eu-west-1", false, "AWS_DEFAULT_REGION"),
            ("eu-west-1", true, "the command line"),
            ("eu-west-2", false, "the profile"),
        ] {
            let (obstacle, findings) = checked(aws(Some(region), Some(key(None, None))), is_given).await;
            assert_eq!(obstacle, None);
            assert_eq!(findings[0].found, format!("{region}, from {place}"));
        }
    }

    #[tokio::test]
    async fn shows_of_a_key_its_end_alone() {
        let hour = SystemTime::now() + Duration::from_secs(3_630);
        for (credentials, kind) in [
            (key(None, None), "permanent"),
            (key(Some("t0ken"), None), "temporary"),
            (key(Some("t0ken"), Some(hour)), "valid for 60 minutes"),
        ] {
            let (_, findings) = checked(aws(Some("eu-west-1"), Some(credentials)), false).await;
            let found = &findings[1].found;
            assert!(
                found.starts_with(&format!("access key …MPLE, {kind};")),
                "{found}"
            );
            for secret in ["AKIDEX", "s3cret", "t0ken"] {
                assert!(!found.contains(secret), "{found}");
            }
        }
    }

    #[tokio::test]
    async fn without_region_or_credentials_aws_cannot_be_asked() {
        let (obstacle, findings) = checked(aws(None, Some(key(None, None))), false).await;
        assert_eq!(obstacle.as_deref(), Some("no region is configured"));
        assert_eq!(
            [findings[0].status, findings[1].status],
            [Status::Failed, Status::Ok]
        );
        let (obstacle, findings) = checked(aws(Some("eu-west-1"), None), false).await;
        assert_eq!(obstacle.as_deref(), Some("no AWS credentials were found"));
        assert_eq!(
            [findings[0].status, findings[1].status],
            [Status::Ok, Status::Failed]
        );
    }
}
