//! Clusters of a connector, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::KafkaError;
use crate::seam::Broker;

/// Default cluster, for tables that name none, and named clusters.
#[derive(Clone)]
pub struct Clusters {
    default: Arc<dyn Broker>,
    named: BTreeMap<String, Arc<dyn Broker>>,
}

impl Clusters {
    pub fn new(default: Arc<dyn Broker>, named: BTreeMap<String, Arc<dyn Broker>>) -> Self {
        Self { default, named }
    }

    /// Cluster called `name`, or the default.
    ///
    /// # Errors
    /// [`KafkaError::UnknownCluster`] if no cluster has this name.
    pub fn get(&self, name: Option<&str>) -> Result<&Arc<dyn Broker>, KafkaError> {
        let Some(name) = name else {
            return Ok(&self.default);
        };
        self.named.get(name).ok_or_else(|| KafkaError::UnknownCluster {
            name: name.to_owned(),
            known: self.named.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}

/// A single cluster.
impl<B: Broker + 'static> From<Arc<B>> for Clusters {
    fn from(default: Arc<B>) -> Self {
        Self::new(default, BTreeMap::new())
    }
}
