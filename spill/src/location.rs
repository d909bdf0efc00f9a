//! Spill locations of splits and blocks.

use protocol::SpillLocation;
use uuid::Uuid;

/// Directory for one split: `prefix/query_id/<UUID>`.
///
/// A prefix that contains the query id does not get another segment of it: `prefix/<UUID>`. Slashes in the
/// prefix are kept. Call it once for each split: blocks are numbered from 0 within a location, so two splits
/// in one would overwrite each other.
pub fn split_location(bucket: &str, prefix: &str, query_id: &str) -> SpillLocation {
    let split_id = Uuid::new_v4();
    let key = if prefix.contains(query_id) {
        format!("{prefix}/{split_id}")
    } else {
        format!("{prefix}/{query_id}/{split_id}")
    };
    SpillLocation {
        bucket: bucket.to_owned(),
        key,
        directory: true,
    }
}

/// Object of block `number` (from 0) in a split's directory: `key.number`.
pub fn block_location(directory: &SpillLocation, number: usize) -> SpillLocation {
    SpillLocation {
        bucket: directory.bucket.clone(),
        key: format!("{}.{number}", directory.key),
        directory: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_location_is_prefix_query_id_and_a_uuid() {
        let location = split_location("bkt", "athena-federation-spill", "8f0c-query");
        let id = location
            .key
            .strip_prefix("athena-federation-spill/8f0c-query/")
            .unwrap();
        assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 4);
        assert_eq!((location.bucket.as_str(), location.directory), ("bkt", true));
    }

    #[test]
    fn prefix_with_the_query_id_gets_no_other_segment_of_it() {
        for prefix in ["spill/8f0c", "spill/8f0c/part", "my-8f0c-spill"] {
            let location = split_location("bkt", prefix, "8f0c");
            let id = location
                .key
                .strip_prefix(prefix)
                .unwrap()
                .strip_prefix('/')
                .unwrap();
            assert!(Uuid::parse_str(id).is_ok(), "{}", location.key);
        }
    }

    #[test]
    fn slashes_of_the_prefix_stay() {
        assert!(split_location("bkt", "/a//b/", "q").key.starts_with("/a//b//q/"));
        assert!(split_location("bkt", "", "q").key.starts_with("/q/"));
    }

    #[test]
    fn no_two_splits_share_a_location() {
        assert_ne!(split_location("bkt", "p", "q"), split_location("bkt", "p", "q"));
    }

    #[test]
    fn blocks_are_numbered_objects_beside_each_other() {
        let directory = SpillLocation {
            bucket: "bkt".into(),
            key: "p/q/id".into(),
            directory: true,
        };
        let object = |key: &str| SpillLocation {
            bucket: "bkt".into(),
            key: key.into(),
            directory: false,
        };
        assert_eq!(block_location(&directory, 0), object("p/q/id.0"));
        assert_eq!(block_location(&directory, 10), object("p/q/id.10"));
    }
}
