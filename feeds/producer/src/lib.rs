//! Online orders, made up and sent to a Kafka topic.
//!
//! The generator of the article "Simplify Streaming Ingestion on AWS – Part 2 MSK and Athena", in Rust: the same
//! fields, value ranges and spelling, but seeded, so that whoever reads the topic can be told exactly what must be in
//! it. This crate uses none of the connector's code but the tokens of MSK, which brokers check: a mistake there cannot hide
//! behind the same mistake here.
//!
//! ```
//! use chrono::DateTime;
//! use producer::{ItemsAs, OrderGenerator, Summary, encode_value};
//!
//! let start = DateTime::from_timestamp_millis(1_678_752_000_000).unwrap().naive_utc();
//! let orders: Vec<_> = OrderGenerator::seeded(42, start).take(3).collect();
//! let value = encode_value(&orders[0], ItemsAs::JsonString);
//! assert!(value.starts_with(br#"{"order_id": ""#));
//! assert_eq!(orders.iter().collect::<Summary>().orders, 3);
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`order`] | [`Order`], its items and how a user id is spelled |
//! | [`generate`] | [`OrderGenerator`]: a seed and a start time in, orders out |
//! | [`encode`] | record key and value, byte for byte as Python's `json.dumps` writes them |
//! | [`summary`] | [`Summary`]: what the orders add up to, to check an answer against |
//! | [`publish`](mod@publish) | [`publish()`]: orders as records, at a pace |
//! | [`send`] | [`Sender`]: records into a topic, with an account of every delivery report |
//! | [`topic`] | [`create_topic`] |
//! | [`auth`] | [`Auth`]: how to log in to the brokers |
//! | [`lambda`] | the Lambda function around it all |

pub mod auth;
pub mod encode;
pub mod generate;
pub mod lambda;
pub mod order;
pub mod publish;
pub mod send;
pub mod summary;
pub mod topic;

pub use auth::Auth;
pub use encode::{ItemsAs, encode_key, encode_value};
pub use generate::OrderGenerator;
pub use order::{Order, OrderItem};
pub use publish::{Pace, Partitioning, PublishConfig, publish};
pub use send::{ClientSettings, Compression, Progress, SendConfig, SendError, Sender};
pub use summary::{ProductTotal, Summary};
pub use topic::{CreateTopicError, create_topic};
