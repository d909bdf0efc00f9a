//! Orders and the ranges of their values.

use std::ops::RangeInclusive;

use chrono::NaiveDateTime;
use uuid::Uuid;

/// Number of items of an order.
pub const ITEMS_PER_ORDER: RangeInclusive<usize> = 1..=4;
/// Ids of the products.
pub const PRODUCT_IDS: RangeInclusive<i32> = 1..=9999;
/// Quantity of an item.
pub const QUANTITIES: RangeInclusive<i32> = 1..=10;
/// Numbers of the users, which [`user_id`] converts to ids.
pub const USER_NUMBERS: RangeInclusive<u16> = 1..=1000;
/// Format of `ordered_at` for `strftime`. For Java, and so for a topic schema: `yyyy-MM-dd HH:mm:ss.SSS`.
pub const ORDERED_AT_FORMAT: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// One order of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Version 4 UUID, written in lower case with hyphens.
    pub order_id: Uuid,
    /// Time in UTC, whole milliseconds; written without a zone ([`ORDERED_AT_FORMAT`]).
    pub ordered_at: NaiveDateTime,
    /// Id of the user, see [`user_id`].
    pub user_id: String,
    /// One to four items; the same product may occur twice.
    pub items: Vec<OrderItem>,
}

/// Item of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OrderItem {
    pub product_id: i32,
    pub quantity: i32,
}

/// Converts a user number to an id as the article does: Python's `hex(number)`, each decimal digit `d`
/// replaced by the letter `d` places after `a`, then reversed.
///
/// Python's `hex` writes the prefix `0x`, whose zero is a digit, too, so every id ends in `xa`: 1000 is
/// `0x3e8`, in letters `axdei`, reversed `iedxa`. The digits 0 to 5 and the hex digits a to f become the same
/// letters, so that the thousand numbers give 410 ids.
pub fn user_id(number: u16) -> String {
    format!("{number:#x}")
        .chars()
        .rev()
        .map(digit_to_letter)
        .collect()
}

fn digit_to_letter(c: char) -> char {
    match c {
        '0'..='9' => char::from(c as u8 - b'0' + b'a'),
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_user_ids_as_python_does() {
        let spelled = [1, 9, 10, 15, 16, 255, 256, 999, 1000].map(user_id);
        assert_eq!(
            spelled,
            [
                "bxa", "jxa", "axa", "fxa", "abxa", "ffxa", "aabxa", "hedxa", "iedxa"
            ]
        );
    }

    #[test]
    fn a_thousand_users_share_410_ids() {
        let ids: std::collections::BTreeSet<_> = USER_NUMBERS.map(user_id).collect();
        assert_eq!(ids.len(), 410);
    }

    #[test]
    fn user_ids_have_no_digits() {
        assert!(
            USER_NUMBERS
                .map(user_id)
                .all(|id| id.chars().all(|c| c.is_ascii_lowercase()) && id.ends_with("xa"))
        );
    }
}
