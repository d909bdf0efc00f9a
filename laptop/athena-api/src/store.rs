//! Seam to the store of results.

use async_trait::async_trait;
use bytes::Bytes;

/// Objects in buckets, as in S3.
#[async_trait]
pub trait ResultStore: Send + Sync {
    /// Writes an object. The bucket is created if it does not exist.
    ///
    /// # Errors
    /// If the store refuses the object, with the reason.
    async fn put(&self, location: &Location, content: Bytes) -> Result<(), String>;

    /// Reads an object; `None` if it does not exist.
    async fn get(&self, location: &Location) -> Result<Option<Bytes>, String>;

    /// Deletes an object, if it exists.
    async fn delete(&self, location: &Location);
}

/// Bucket and key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    pub bucket: String,
    pub key: String,
}

impl Location {
    /// Takes `s3://bucket/key` apart; the key may be empty. `None` if the text is something else.
    pub fn parse(url: &str) -> Option<Self> {
        let (bucket, key) = match url.strip_prefix("s3://")?.split_once('/') {
            Some((bucket, key)) => (bucket, key),
            None => (url.strip_prefix("s3://")?, ""),
        };
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
        let valid = (3..=63).contains(&bucket.len()) && bucket.chars().all(is_name);
        valid.then(|| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// URL `s3://bucket/key`.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// Object beside this one, whose name is this one's with `suffix` after it.
    pub(crate) fn with_suffix(&self, suffix: &str) -> Self {
        Self {
            bucket: self.bucket.clone(),
            key: format!("{}{suffix}", self.key),
        }
    }

    /// Object of this name in the folder that the location is.
    pub(crate) fn join(&self, name: &str) -> Self {
        let separator = if self.key.is_empty() || self.key.ends_with('/') {
            ""
        } else {
            "/"
        };
        self.with_suffix(&format!("{separator}{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_buckets_and_keys() {
        let parse = |url| Location::parse(url).map(|found| (found.bucket, found.key));
        let found = |bucket: &str, key: &str| Some((bucket.to_owned(), key.to_owned()));
        assert_eq!(parse("s3://results"), found("results", ""));
        assert_eq!(parse("s3://results/a/b/"), found("results", "a/b/"));
        for other in [
            "results",
            "s3:/results",
            "s3://",
            "s3://x/",
            "s3://Results/",
            "http://results/",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn names_are_joined_with_one_slash() {
        let join = |url: &str| Location::parse(url).map(|found| found.join("id.csv").url());
        let found = |url: &str| Some(url.to_owned());
        assert_eq!(join("s3://results"), found("s3://results/id.csv"));
        assert_eq!(join("s3://results/"), found("s3://results/id.csv"));
        assert_eq!(join("s3://results/a"), found("s3://results/a/id.csv"));
        assert_eq!(join("s3://results/a/"), found("s3://results/a/id.csv"));
    }
}
