//! Deterministic generator of orders from a seed and a start time.

use chrono::{NaiveDateTime, SubsecRound, TimeDelta};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::order::{ITEMS_PER_ORDER, Order, OrderItem, PRODUCT_IDS, QUANTITIES, USER_NUMBERS, user_id};

/// Time between orders: a hundred a second, the article's rate.
pub const ORDER_INTERVAL: TimeDelta = TimeDelta::milliseconds(10);

/// Endless sequence of orders, determined by its seed and start time.
///
/// It uses no clock and no other randomness: equal arguments give equal orders on every machine, so a reader
/// of the topic can run the generator again and know each row. It ends only at the end of the calendar.
#[derive(Debug, Clone)]
pub struct OrderGenerator {
    rng: ChaCha8Rng,
    next_ordered_at: Option<NaiveDateTime>,
}

impl OrderGenerator {
    /// Orders from `start` (UTC; fractions of a millisecond are dropped), each [`ORDER_INTERVAL`] after the
    /// previous one.
    pub fn seeded(seed: u64, start: NaiveDateTime) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            next_ordered_at: Some(start.trunc_subsecs(3)),
        }
    }

    fn item(&mut self) -> OrderItem {
        OrderItem {
            product_id: self.rng.random_range(PRODUCT_IDS),
            quantity: self.rng.random_range(QUANTITIES),
        }
    }
}

impl Iterator for OrderGenerator {
    type Item = Order;

    fn next(&mut self) -> Option<Order> {
        let ordered_at = self.next_ordered_at?;
        self.next_ordered_at = ordered_at.checked_add_signed(ORDER_INTERVAL);
        // The draws below are in a fixed order: moving one changes the data of every seed.
        let order_id = uuid::Builder::from_random_bytes(self.rng.random()).into_uuid();
        let user_id = user_id(self.rng.random_range(USER_NUMBERS));
        let item_count = self.rng.random_range(ITEMS_PER_ORDER);
        let items = (0..item_count).map(|_| self.item()).collect();
        Some(Order {
            order_id,
            ordered_at,
            user_id,
            items,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::NaiveDate;
    use proptest::prelude::*;
    use uuid::{Variant, Version};

    use super::*;

    fn start() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2023, 3, 14)
            .unwrap()
            .and_hms_milli_opt(1, 2, 3, 40)
            .unwrap()
    }

    fn orders(seed: u64, count: usize) -> Vec<Order> {
        OrderGenerator::seeded(seed, start()).take(count).collect()
    }

    /// Pins the data of a seed: if this fails, recorded seeds give other data.
    #[test]
    fn seed_42_always_gives_this_order() {
        let order = &orders(42, 1)[0];
        assert_eq!(order.order_id.to_string(), "a1b588c6-8c08-42f9-b0d8-9e5b1401840d");
        assert_eq!(order.user_id, "fhcxa");
        assert_eq!(order.ordered_at, start());
        let items: Vec<_> = order
            .items
            .iter()
            .map(|item| (item.product_id, item.quantity))
            .collect();
        assert_eq!(items, [(8253, 3), (5365, 6), (3786, 10), (5851, 10)]);
    }

    #[test]
    fn another_seed_gives_other_orders() {
        let ids = |seed| {
            orders(seed, 100)
                .into_iter()
                .map(|o| o.order_id)
                .collect::<BTreeSet<_>>()
        };
        assert!(ids(1).is_disjoint(&ids(2)));
    }

    #[test]
    fn takes_ten_milliseconds_an_order() {
        let last = orders(7, 101).pop().unwrap();
        assert_eq!(last.ordered_at - start(), TimeDelta::seconds(1));
    }

    #[test]
    fn drops_what_is_finer_than_a_millisecond() {
        let fine = start() + TimeDelta::nanoseconds(999_999);
        assert_eq!(
            OrderGenerator::seeded(7, fine).next().unwrap().ordered_at,
            start()
        );
    }

    #[test]
    fn ends_with_the_calendar() {
        assert_eq!(OrderGenerator::seeded(7, NaiveDateTime::MAX).count(), 1);
    }

    #[test]
    fn reaches_both_ends_of_every_range() {
        let orders = orders(3, 100_000);
        let items = || orders.iter().flat_map(|o| &o.items);
        let seen = |values: &mut dyn Iterator<Item = i32>| {
            let values: BTreeSet<i32> = values.collect();
            *values.first().unwrap()..=*values.last().unwrap()
        };
        assert_eq!(seen(&mut items().map(|i| i.product_id)), PRODUCT_IDS);
        assert_eq!(seen(&mut items().map(|i| i.quantity)), QUANTITIES);
        assert_eq!(seen(&mut orders.iter().map(|o| o.items.len() as i32)), 1..=4);
        let users: BTreeSet<&str> = orders.iter().map(|o| o.user_id.as_str()).collect();
        assert_eq!(users.len(), 410);
    }

    proptest! {
        #[test]
        fn equal_seeds_give_equal_orders(seed: u64) {
            prop_assert_eq!(orders(seed, 20), orders(seed, 20));
        }

        #[test]
        fn values_stay_in_range(seed: u64) {
            for order in orders(seed, 50) {
                prop_assert_eq!(order.order_id.get_version(), Some(Version::Random));
                prop_assert_eq!(order.order_id.get_variant(), Variant::RFC4122);
                prop_assert!(ITEMS_PER_ORDER.contains(&order.items.len()));
                for item in order.items {
                    prop_assert!(PRODUCT_IDS.contains(&item.product_id) && QUANTITIES.contains(&item.quantity));
                }
            }
        }
    }
}
