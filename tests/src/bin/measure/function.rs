//! Function that is measured, and the table that it reads.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tests::client::Client;
use tests::lambda::{Lambda, binary};
use tests::world::World;

/// Columns of the article.
pub(crate) const COLUMNS: &[(&str, &str, &str)] = &[
    ("order_id", "VARCHAR", ""),
    ("ordered_at", "TIMESTAMP", "yyyy-MM-dd HH:mm:ss.SSS"),
    ("user_id", "VARCHAR", ""),
    ("items", "VARCHAR", ""),
];

/// Program that Lambda would start, and additional settings.
pub(crate) struct Function {
    program: PathBuf,
    settings: Vec<(String, String)>,
}

impl Function {
    pub(crate) fn at(program: PathBuf) -> Self {
        let settings = Vec::new();
        Self { program, settings }
    }

    pub(crate) fn of_workspace() -> io::Result<Self> {
        binary("bootstrap").map(Self::at)
    }

    /// Adds settings of the form `name=value`.
    pub(crate) fn with_settings(mut self, settings: &[String]) -> io::Result<Self> {
        for setting in settings {
            let (name, text) = setting.split_once('=').ok_or(io::ErrorKind::InvalidInput)?;
            self.settings.push((name.to_owned(), text.to_owned()));
        }
        Ok(self)
    }

    /// Starts this number of processes.
    pub(crate) async fn start(
        &self,
        world: &World,
        containers: usize,
        settings: &[(&str, &str)],
    ) -> io::Result<(Arc<Lambda>, Client)> {
        let mut variables = world.variables();
        let settings = settings.iter();
        variables.extend(settings.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        variables.extend(self.settings.iter().cloned());
        let timeout = Duration::from_secs(900);
        let lambda = Lambda::start_program(&self.program, containers, &variables, timeout).await?;
        let lambda = Arc::new(lambda);
        let client = world.client(&lambda);
        Ok((lambda, client))
    }
}

/// Topic with one partition of the article's orders, registered as `orders`.
pub(crate) async fn orders(world: &World, count: usize) -> String {
    let topic = world.broker.create_topic("orders", 1).await;
    let start = "2023-03-14T00:00:00".parse().unwrap_or_default();
    let orders = producer::OrderGenerator::seeded(42, start).take(count);
    let values = orders.map(|order| Some(producer::encode_value(&order, producer::ItemsAs::JsonString)));
    world.broker.produce(&topic, 0, values);
    world.register_json("orders", &topic, COLUMNS);
    topic
}
