//! Observation of JSON samples.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::shape::{Members, Sampler, Shape};

/// Maximum depth of the observation; values below are JSON text.
const MAX_DEPTH: usize = 8;

/// Observes the members of `json`; `false`, with nothing observed, if it is not a JSON object.
pub(super) fn observe_object(json: &str, members: &mut Members, sampler: &mut Sampler) -> bool {
    observe_members(json, members, 1, sampler).is_some()
}

fn observe_members(json: &str, members: &mut Members, depth: usize, sampler: &mut Sampler) -> Option<()> {
    // Text after the object is ignored.
    let found = serde_json::Deserializer::from_str(json)
        .deserialize_map(AllMembers)
        .ok()?;
    members.begin();
    for (key, value) in found {
        observe(value.get(), members.member(&key, sampler), depth + 1, sampler);
    }
    Some(())
}

/// Observes a value.
fn observe(json: &str, shape: &mut Shape, depth: usize, sampler: &mut Sampler) {
    match json.as_bytes().first() {
        Some(b'n') | None => {}
        Some(b't' | b'f') => shape.observe_bool(),
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(text) => shape.observe_text(&text, sampler),
            Err(_) => shape.observe_other(),
        },
        Some(b'{') if depth <= MAX_DEPTH => {
            if observe_members(json, shape.members(), depth, sampler).is_none() {
                shape.observe_other();
            }
        }
        Some(b'[') if depth <= MAX_DEPTH => {
            let items = Items {
                item: shape.item(),
                depth: depth + 1,
                sampler,
            };
            if serde_json::Deserializer::from_str(json)
                .deserialize_seq(items)
                .is_err()
            {
                shape.observe_other();
            }
        }
        Some(b'{' | b'[') => shape.observe_other(),
        Some(_) => shape.observe_number(json),
    }
}

struct AllMembers;

impl<'de> Visitor<'de> for AllMembers {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

struct Items<'a> {
    item: &'a mut Shape,
    /// Depth of an item.
    depth: usize,
    sampler: &'a mut Sampler,
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            observe(item.get(), self.item, self.depth, self.sampler);
        }
        Ok(())
    }
}
