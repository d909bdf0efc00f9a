//! Generator of online orders that are sent to a Kafka topic.
//!
//! The generator of the article "Simplify Streaming Ingestion on AWS – Part 2 MSK and Athena", in Rust: the
//! same fields, value ranges and formats, but seeded, so that the exact content of the topic is known. This
//! crate uses none of the connector's code except the tokens of MSK, which brokers check: a bug of the
//! connector cannot be hidden by the same bug here.
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
//! | module | content |
//! |---|---|
//! | [`order`] | [`Order`], its items and the format of user ids |
//! | [`generate`] | [`OrderGenerator`]: orders from a seed and a start time |
//! | [`encode`] | record key and value, byte for byte as Python's `json.dumps` writes them |
//! | [`summary`] | [`Summary`]: totals of the orders, to check a query's result |
//! | [`publish`](mod@publish) | [`publish()`]: sends orders at a pace |
//! | [`send`] | [`Sender`]: sends records to a topic and checks every delivery report |
//! | [`topic`] | [`create_topic`] |
//! | [`auth`] | [`Auth`]: authentication to the brokers |
//! | [`lambda`] | the Lambda function |

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
pub use send::{ClientSettings, Compression, Progress, SendConfig, SendError, Sender, bootstrap_servers};
pub use summary::{ProductTotal, Summary};
pub use topic::{CreateTopicError, create_topic};
