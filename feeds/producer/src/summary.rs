//! Totals of a set of orders: the model that a query's result is compared with.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::order::Order;

/// Totals over a set of orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Number of orders: rows of the table.
    pub orders: u64,
    /// Number of items of all orders: rows after unnesting.
    pub items: u64,
    /// Totals of each product that was ordered, by product id.
    pub products: BTreeMap<i32, ProductTotal>,
}

/// Totals of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProductTotal {
    /// Number of items with the product.
    pub items: u64,
    /// Sum of their quantities.
    pub quantity: u64,
}

impl Summary {
    /// Counts one more order.
    pub fn add(&mut self, order: &Order) {
        self.orders += 1;
        for item in &order.items {
            self.items += 1;
            let total = self.products.entry(item.product_id).or_default();
            total.items += 1;
            // Quantities are positive by construction; a negative one of another producer counts as zero.
            total.quantity += u64::try_from(item.quantity).unwrap_or(0);
        }
    }

    /// The `n` products with the largest quantity, largest first; equal ones by ascending product id.
    pub fn top_by_quantity(&self, n: usize) -> Vec<(i32, ProductTotal)> {
        self.top_by(n, |total| total.quantity)
    }

    /// The `n` products with the most items, most first; equal ones by ascending product id.
    pub fn top_by_items(&self, n: usize) -> Vec<(i32, ProductTotal)> {
        self.top_by(n, |total| total.items)
    }

    fn top_by(&self, n: usize, rank: impl Fn(&ProductTotal) -> u64) -> Vec<(i32, ProductTotal)> {
        let mut products: Vec<_> = self.products.iter().map(|(&id, &total)| (id, total)).collect();
        products.sort_by_key(|(id, total)| (Reverse(rank(total)), *id));
        products.truncate(n);
        products
    }
}

impl<'a> FromIterator<&'a Order> for Summary {
    fn from_iter<I: IntoIterator<Item = &'a Order>>(orders: I) -> Self {
        orders.into_iter().fold(Self::default(), |mut summary, order| {
            summary.add(order);
            summary
        })
    }
}

impl FromIterator<Order> for Summary {
    fn from_iter<I: IntoIterator<Item = Order>>(orders: I) -> Self {
        orders.into_iter().fold(Self::default(), |mut summary, order| {
            summary.add(&order);
            summary
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::{OrderGenerator, OrderItem};

    fn order(items: &[(i32, i32)]) -> Order {
        Order {
            order_id: Default::default(),
            ordered_at: NaiveDateTime::default(),
            user_id: "bxa".into(),
            items: items
                .iter()
                .map(|&(product_id, quantity)| OrderItem { product_id, quantity })
                .collect(),
        }
    }

    #[test]
    fn counts_a_product_twice_in_one_order() {
        let summary: Summary = [order(&[(5, 2), (5, 3), (6, 1)]), order(&[(6, 9)])]
            .iter()
            .collect();
        assert_eq!((summary.orders, summary.items), (2, 4));
        assert_eq!(
            summary.products[&5],
            ProductTotal {
                items: 2,
                quantity: 5
            }
        );
        assert_eq!(
            summary.products[&6],
            ProductTotal {
                items: 2,
                quantity: 10
            }
        );
    }

    #[test]
    fn equal_products_rank_by_id() {
        let summary: Summary = [order(&[(9, 4), (3, 4), (7, 5), (8, 1), (8, 1)])]
            .iter()
            .collect();
        let ids = |top: Vec<(i32, ProductTotal)>| top.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(ids(summary.top_by_quantity(3)), [7, 3, 9]);
        assert_eq!(ids(summary.top_by_items(2)), [8, 3]);
        assert_eq!(summary.top_by_items(100).len(), 4);
    }

    proptest! {
        #[test]
        fn products_add_up_to_the_items(seed: u64) {
            let orders: Vec<_> = OrderGenerator::seeded(seed, NaiveDateTime::default()).take(200).collect();
            let summary: Summary = orders.iter().collect();
            prop_assert_eq!(summary.products.values().map(|t| t.items).sum::<u64>(), summary.items);
            let quantity: i32 = orders.iter().flat_map(|o| &o.items).map(|i| i.quantity).sum();
            prop_assert_eq!(summary.products.values().map(|t| t.quantity).sum::<u64>(), quantity as u64);
            prop_assert_eq!(summary, orders.into_iter().collect::<Summary>());
        }
    }
}
