//! Creation and deletion of topics, through the admin client and by requesting their metadata.

use rdkafka::admin::{AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use crate::support::*;

fn create(kafka: &embedded::kafka::EmbeddedKafka, topic: &NewTopic<'_>) -> Result<(), RDKafkaErrorCode> {
    let results = block_on(admin(kafka).create_topics([topic], &AdminOptions::new())).unwrap();
    results
        .into_iter()
        .next()
        .unwrap()
        .map(drop)
        .map_err(|(_, code)| code)
}

fn partitions_of(kafka: &embedded::kafka::EmbeddedKafka, topic: &str) -> Result<usize, RDKafkaErrorCode> {
    let metadata = committed(kafka).fetch_metadata(Some(topic), PATIENCE).unwrap();
    let [topic] = metadata.topics() else {
        panic!("one topic")
    };
    topic
        .error()
        .map_or(Ok(topic.partitions().len()), |error| Err(error.into()))
}

fn topic_names(kafka: &embedded::kafka::EmbeddedKafka) -> Vec<String> {
    let metadata = committed(kafka).fetch_metadata(None, PATIENCE).unwrap();
    metadata
        .topics()
        .iter()
        .map(|topic| topic.name().to_owned())
        .collect()
}

#[test]
fn the_admin_client_makes_grows_and_deletes_topics() {
    let kafka = started();
    let topic = NewTopic::new("orders", 3, TopicReplication::Fixed(1)).set("retention.ms", "-1");
    assert_eq!(create(&kafka, &topic), Ok(()));
    assert_eq!(partitions_of(&kafka, "orders"), Ok(3));
    assert_eq!(create(&kafka, &topic), Err(RDKafkaErrorCode::TopicAlreadyExists));
    let grown =
        block_on(admin(&kafka).create_partitions(&[NewPartitions::new("orders", 5)], &AdminOptions::new()));
    assert_eq!(grown.unwrap(), [Ok("orders".to_owned())]);
    assert_eq!(partitions_of(&kafka, "orders"), Ok(5));
    let deleted =
        block_on(admin(&kafka).delete_topics(&["orders", "missing"], &AdminOptions::new())).unwrap();
    let missing = Err(("missing".to_owned(), RDKafkaErrorCode::UnknownTopicOrPartition));
    assert_eq!(deleted, [Ok("orders".to_owned()), missing]);
    assert_eq!(
        partitions_of(&kafka, "orders"),
        Err(RDKafkaErrorCode::UnknownTopicOrPartition)
    );
}

#[test]
fn a_topic_tells_what_it_is_set_to() {
    let kafka = started();
    let settings = [
        ("message.timestamp.type", "LogAppendTime"),
        ("retention.ms", "-1"),
    ];
    kafka.create_topic_with("orders", 1, &settings).unwrap();
    let wanted = [
        ResourceSpecifier::Topic("orders"),
        ResourceSpecifier::Topic("missing"),
    ];
    let told = block_on(admin(&kafka).describe_configs(&wanted, &AdminOptions::new())).unwrap();
    let [Ok(orders), Ok(missing)] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(missing.entries.is_empty());
    let told = |name| {
        let entry = orders.get(name).unwrap();
        (entry.value.as_deref(), entry.is_default)
    };
    assert_eq!(told("message.timestamp.type"), (Some("LogAppendTime"), false));
    assert_eq!(told("max.message.bytes"), (Some("1048588"), true));
}

#[test]
fn impossible_topics_are_refused() {
    let kafka = started();
    let topic =
        |name, partitions, replicas| NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
    for (topic, code) in [
        (topic("a b", 1, 1), RDKafkaErrorCode::InvalidTopic),
        (topic("orders", 0, 1), RDKafkaErrorCode::InvalidPartitions),
        (topic("orders", 1, 2), RDKafkaErrorCode::InvalidReplicationFactor),
        (
            topic("orders", 1, 1).set("no.such.setting", "1"),
            RDKafkaErrorCode::InvalidConfig,
        ),
    ] {
        assert_eq!(create(&kafka, &topic), Err(code));
    }
    assert_eq!(topic_names(&kafka), [""; 0]);
}

#[test]
fn asking_for_a_topic_creates_none() {
    let kafka = started();
    let consumer = consumer(&kafka, &[("allow.auto.create.topics", "true")]);
    consumer.fetch_metadata(Some("orders"), PATIENCE).unwrap();
    assert_eq!(topic_names(&kafka), [""; 0]);
}

#[test]
fn a_topic_made_anew_is_empty() {
    let kafka = started_with("orders", 1);
    fill(&kafka, "orders", 0, 10);
    block_on(admin(&kafka).delete_topics(&["orders"], &AdminOptions::new())).unwrap();
    kafka.create_topic("orders", 1).unwrap();
    assert_eq!(read_to_end(&committed(&kafka), "orders", 0, 0), Ok(vec![]));
    let error = read_to_end(&committed(&kafka), "orders", 0, 10).unwrap_err();
    assert!(error.to_string().to_lowercase().contains("offset"), "{error}");
}
