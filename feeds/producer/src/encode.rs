//! Encoding of record key and value, byte for byte as Python's `json.dumps` writes them: one space after each
//! comma and colon.

use std::str::FromStr;

use uuid::fmt::Hyphenated;

use crate::order::{ORDERED_AT_FORMAT, Order, OrderItem};

/// Form of an order's items in a record's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ItemsAs {
    /// `"items": "[{\"product_id\": …}]"`: text that holds JSON, as in the article, whose connector reads an
    /// array in a varchar column as the empty string.
    #[default]
    JsonString,
    /// `"items": [{"product_id": …}]`.
    Array,
}

impl FromStr for ItemsAs {
    type Err = UnknownItemsAs;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "string" => Ok(Self::JsonString),
            "array" => Ok(Self::Array),
            _ => Err(UnknownItemsAs(text.to_owned())),
        }
    }
}

/// Error of a text that is neither `string` nor `array`.
#[derive(Debug, thiserror::Error)]
#[error("form of items: wanted string or array, found {0:?}")]
pub struct UnknownItemsAs(String);

/// Record key: `{"order_id": "…"}`.
pub fn encode_key(order: &Order) -> Vec<u8> {
    let mut json = String::with_capacity(64);
    push_order_id(&mut json, order);
    json.push('}');
    json.into_bytes()
}

/// Record value: an object of `order_id`, `ordered_at`, `user_id` and `items`, in this order.
pub fn encode_value(order: &Order, items_as: ItemsAs) -> Vec<u8> {
    // Written by hand: a serializer with Python's separators takes five times as long in an unoptimised
    // build, and only the quotes inside the items' text and a caller's user id need escaping.
    let mut json = String::with_capacity(384);
    push_order_id(&mut json, order);
    json.push_str(r#", "ordered_at": ""#);
    json.push_str(&order.ordered_at.format(ORDERED_AT_FORMAT).to_string());
    json.push_str(r#"", "user_id": "#);
    json.push_str(&serde_json::Value::from(order.user_id.as_str()).to_string());
    json.push_str(r#", "items": "#);
    match items_as {
        ItemsAs::Array => push_items(&mut json, &order.items, "\""),
        ItemsAs::JsonString => {
            json.push('"');
            push_items(&mut json, &order.items, "\\\"");
            json.push('"');
        }
    }
    json.push('}');
    json.into_bytes()
}

/// Appends the opening brace and the first field.
fn push_order_id(json: &mut String, order: &Order) {
    json.push_str(r#"{"order_id": ""#);
    json.push_str(
        order
            .order_id
            .hyphenated()
            .encode_lower(&mut [0; Hyphenated::LENGTH]),
    );
    json.push('"');
}

/// Appends the array of items, with its keys between `quote`s.
fn push_items(json: &mut String, items: &[OrderItem], quote: &str) {
    json.push('[');
    for (i, item) in items.iter().enumerate() {
        json.push_str(if i == 0 { "{" } else { ", {" });
        push_field(json, quote, "product_id", item.product_id);
        json.push_str(", ");
        push_field(json, quote, "quantity", item.quantity);
        json.push('}');
    }
    json.push(']');
}

fn push_field(json: &mut String, quote: &str, name: &str, value: i32) {
    json.push_str(quote);
    json.push_str(name);
    json.push_str(quote);
    json.push_str(": ");
    json.push_str(&value.to_string());
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::OrderGenerator;

    fn order() -> Order {
        let day = NaiveDate::from_ymd_opt(2023, 3, 14).unwrap();
        Order {
            order_id: "11111111-2222-4333-8444-555555555555".parse().unwrap(),
            ordered_at: day.and_hms_milli_opt(1, 2, 3, 40).unwrap(),
            user_id: "iedxa".into(),
            items: vec![
                OrderItem {
                    product_id: 1,
                    quantity: 2,
                },
                OrderItem {
                    product_id: 9999,
                    quantity: 10,
                },
            ],
        }
    }

    // The three texts below were printed by Python 3's json.dumps.

    #[test]
    fn key_is_what_python_writes() {
        let python = r#"{"order_id": "11111111-2222-4333-8444-555555555555"}"#;
        assert_eq!(String::from_utf8(encode_key(&order())).unwrap(), python);
    }

    #[test]
    fn value_with_items_as_text_is_what_python_writes() {
        let python = r#"{"order_id": "11111111-2222-4333-8444-555555555555", "ordered_at": "2023-03-14 01:02:03.040", "user_id": "iedxa", "items": "[{\"product_id\": 1, \"quantity\": 2}, {\"product_id\": 9999, \"quantity\": 10}]"}"#;
        assert_eq!(
            String::from_utf8(encode_value(&order(), ItemsAs::JsonString)).unwrap(),
            python
        );
    }

    #[test]
    fn value_with_items_as_array_is_what_python_writes() {
        let python = r#"{"order_id": "11111111-2222-4333-8444-555555555555", "ordered_at": "2023-03-14 01:02:03.040", "user_id": "iedxa", "items": [{"product_id": 1, "quantity": 2}, {"product_id": 9999, "quantity": 10}]}"#;
        assert_eq!(
            String::from_utf8(encode_value(&order(), ItemsAs::Array)).unwrap(),
            python
        );
    }

    #[test]
    fn escapes_a_user_id_of_the_callers_own() {
        let order = Order {
            user_id: "a\"\\\n".into(),
            ..order()
        };
        let value: serde_json::Value = serde_json::from_slice(&encode_value(&order, ItemsAs::Array)).unwrap();
        assert_eq!(value["user_id"], "a\"\\\n");
    }

    #[test]
    fn milliseconds_always_have_three_digits() {
        let mut order = order();
        order.ordered_at = NaiveDate::from_ymd_opt(2023, 3, 14)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap();
        let value: serde_json::Value = serde_json::from_slice(&encode_value(&order, ItemsAs::Array)).unwrap();
        assert_eq!(value["ordered_at"], "2023-03-14 00:00:00.000");
    }

    #[test]
    fn reads_its_own_names_and_no_others() {
        assert_eq!("string".parse::<ItemsAs>().unwrap(), ItemsAs::JsonString);
        assert_eq!("array".parse::<ItemsAs>().unwrap(), ItemsAs::Array);
        assert!(
            "String"
                .parse::<ItemsAs>()
                .unwrap_err()
                .to_string()
                .contains("found \"String\"")
        );
    }

    proptest! {
        #[test]
        fn both_forms_hold_the_same_items(seed: u64) {
            let start = order().ordered_at;
            for order in OrderGenerator::seeded(seed, start).take(10) {
                let read = |items_as| -> serde_json::Value {
                    serde_json::from_slice(&encode_value(&order, items_as)).unwrap()
                };
                let (text, array) = (read(ItemsAs::JsonString), read(ItemsAs::Array));
                let from_text: serde_json::Value = serde_json::from_str(text["items"].as_str().unwrap()).unwrap();
                prop_assert_eq!(&from_text, &array["items"]);
                prop_assert_eq!(&array["items"], &json!(order.items));
                prop_assert_eq!(&array["order_id"], &json!(order.order_id.to_string()));
                prop_assert_eq!(&array["user_id"], &json!(order.user_id));
            }
        }
    }
}
