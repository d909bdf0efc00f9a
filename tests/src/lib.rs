//! Parts of the suite: a broker, registries, a bucket and a connector, each the real part or its stand-in.

pub mod apache_kafka;
pub mod athena_clients;
pub mod broker;
pub mod certificates;
pub mod client;
pub mod cloud;
pub mod confluent_writer;
pub mod doctor;
pub mod gated_store;
pub mod iam;
pub mod kafka_front;
pub mod lambda;
pub mod program;
pub mod recorder;
pub mod soak;
pub mod sts;
pub mod template;
pub mod world;
