//! `ListObjectsV2`: keys in order, page by page, those with a delimiter after the prefix grouped.

use std::collections::BTreeMap;
use std::ops::Bound;

use s3s::dto::{CommonPrefix, ListObjectsV2Input, ListObjectsV2Output, Object};

use super::stored_object::StoredObject;

/// S3's limit, which is also its default.
const MAX_KEYS: i32 = 1000;

/// Lists one page. Its token is the last key or common prefix it returned.
pub(super) fn list(
    objects: &BTreeMap<String, StoredObject>,
    input: ListObjectsV2Input,
) -> ListObjectsV2Output {
    let max_keys = input.max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS);
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input
        .delimiter
        .as_deref()
        .filter(|delimiter| !delimiter.is_empty());
    let after = input
        .continuation_token
        .as_deref()
        .or(input.start_after.as_deref());

    let mut contents = Vec::new();
    let mut common_prefixes: Vec<CommonPrefix> = Vec::new();
    let mut last: Option<&str> = None;
    let mut is_truncated = false;
    // A page of size zero is not truncated: otherwise a client would page forever.
    for (key, object) in from(objects, prefix, after).take_while(|_| max_keys > 0) {
        let rolled_up = delimiter.and_then(|delimiter| common_prefix(key, prefix, delimiter));
        if let Some(common) = rolled_up
            && (last == Some(common) || after.is_some_and(|after| after.starts_with(common)))
        {
            continue;
        }
        if contents.len() + common_prefixes.len() == max_keys as usize {
            is_truncated = true;
            break;
        }
        match rolled_up {
            Some(common) => {
                common_prefixes.push(CommonPrefix {
                    prefix: Some(common.to_owned()),
                });
                last = Some(common);
            }
            None => {
                contents.push(entry(key, object));
                last = Some(key);
            }
        }
    }
    let next_continuation_token = last.filter(|_| is_truncated).map(str::to_owned);
    let key_count = Some((contents.len() + common_prefixes.len()) as i32);
    ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(prefix.to_owned()),
        max_keys: Some(max_keys),
        key_count,
        is_truncated: Some(is_truncated),
        next_continuation_token,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        continuation_token: input.continuation_token,
        delimiter: input.delimiter,
        start_after: input.start_after,
        ..Default::default()
    }
}

/// Objects under `prefix` whose key is greater than `after`.
fn from<'a>(
    objects: &'a BTreeMap<String, StoredObject>,
    prefix: &'a str,
    after: Option<&'a str>,
) -> impl Iterator<Item = (&'a String, &'a StoredObject)> {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    objects
        .range::<str, _>((start, Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
}

/// Key up to and including the first delimiter after `prefix`, if there is one.
fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let rest = &key[prefix.len()..];
    let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
    Some(&key[..end])
}

fn entry(key: &str, object: &StoredObject) -> Object {
    Object {
        key: Some(key.to_owned()),
        size: Some(object.body.len() as i64),
        e_tag: Some(object.e_tag.clone()),
        last_modified: Some(object.modified.into()),
        ..Default::default()
    }
}
