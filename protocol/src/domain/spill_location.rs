//! S3 locations of spilled blocks.

use std::fmt;

use crate::error::{Fault, Rule, quoted_name};
use crate::json::{FromJson, Json, Object};

/// S3 location, displayed as `s3://bucket/key`
/// (`com.amazonaws.athena.connector.lambda.domain.spill.S3SpillLocation`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpillLocation {
    pub bucket: String,
    /// Key prefix of a split's blocks (`directory`), or the key of one block.
    pub key: String,
    /// True in a split, false in the list of a response's spilled blocks.
    pub directory: bool,
}

const TYPE_NAME: &str = "S3SpillLocation";

impl SpillLocation {
    pub(crate) fn to_json(&self) -> Json<'_> {
        Object::typed(TYPE_NAME)
            .with("bucket", &self.bucket)
            .with("key", &self.key)
            .with("directory", self.directory)
            .into()
    }
}

impl fmt::Display for SpillLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromJson for SpillLocation {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        let found = object.type_name()?;
        if found != TYPE_NAME {
            let rule = Rule::Unknown {
                wanted: TYPE_NAME,
                found: quoted_name(&found),
            };
            return Err(Fault::from(rule).at_key("@type"));
        }
        Ok(Self {
            bucket: object.required("bucket")?,
            key: object.required("key")?,
            directory: object.required("directory")?,
        })
    }
}
