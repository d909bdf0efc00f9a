//! Deployed stack of orders: it runs and registers what the demo does, and its producer creates its topic
//! itself.

use local::demo::{ARTICLE_QUERY, TOP_PRODUCTS_QUERY};
use local::stack::{DEFINITION, REGISTRY, TABLE};
use producer::lambda::{LambdaConfig, run};
use serde_json::Value;
use tests::broker::Broker;
use yaml_serde::Value as Yaml;

/// Property of a resource of the stack, which must be plain text.
fn text(resource: &str, property: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/orders-stack.yaml");
    let template = std::fs::read_to_string(path).expect("the template");
    let template: Yaml = yaml_serde::from_str(&template).expect("YAML");
    let value = &template["Resources"][resource]["Properties"][property];
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{resource} has {value:?} for {property}"))
        .to_owned()
}

#[test]
fn the_stacks_saved_queries_are_the_demos() {
    assert_eq!(text("ItemsQuery", "QueryString"), ARTICLE_QUERY);
    assert_eq!(text("TopProductsQuery", "QueryString"), TOP_PRODUCTS_QUERY);
}

#[test]
fn the_stack_registers_the_demos_table() {
    assert_eq!(text("Registry", "Name"), REGISTRY);
    assert!(text("Registry", "Description").contains("{AthenaFederationMSK}"));
    assert_eq!(text("OrdersSchema", "Name"), TABLE);
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(json(&text("OrdersSchema", "SchemaDefinition")), json(DEFINITION));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_producers_function_makes_its_topic_once() {
    let broker = Broker::start().await;
    let topic = format!("made-by-function-{}", uuid::Uuid::new_v4());
    let variables = [
        ("BOOTSTRAP_SERVERS", broker.bootstrap()),
        ("TOPIC_NAME", &topic),
        ("TOPIC_PARTITIONS", "3"),
        ("MAX_RUN_SEC", "1"),
    ];
    let config = LambdaConfig::from_vars(|name| {
        let variable = variables.iter().find(|(known, _)| *known == name);
        variable.map(|(_, value)| (*value).to_owned())
    });
    let config = config.expect("a configuration");
    let mut sent = 0;
    for _ in 0..2 {
        sent += run(&config).await.expect("orders").orders;
    }
    let found = [0, 1, 2].map(|partition| broker.offsets(&topic, partition).len() as u64);
    assert_eq!(found.iter().sum::<u64>(), sent);
    assert!(!found.contains(&0), "{found:?}");
}
