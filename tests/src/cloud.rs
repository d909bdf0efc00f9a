//! Function as its template configures it: the variables of a rendered stack, Lambda's own, and one endpoint
//! for all of AWS that records each call.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::iam::Call;
use crate::lambda::Lambda;
use crate::recorder::{Backends, Recorder};
use crate::sts::Sts;
use crate::world::World;

/// AWS stand-in of one test.
pub struct Cloud {
    pub world: World,
    recorder: Recorder,
}

impl Cloud {
    /// Starts an endpoint over the services of `world`.
    pub async fn start(world: World) -> Self {
        Self::with_secret_key(world, None).await
    }

    /// Starts an endpoint with the ARN of the key that encrypts secrets.
    pub async fn with_secret_key(world: World, secret_key: Option<String>) -> Self {
        Self::with(world, secret_key, None).await
    }

    /// Starts an endpoint with a Security Token Service beside it.
    pub async fn with_sts(world: World, sts: &Sts) -> Self {
        Self::with(world, None, Some(sts.endpoint_url())).await
    }

    async fn with(world: World, secret_key: Option<String>, sts: Option<String>) -> Self {
        let backends = Backends {
            sts,
            glue: world.glue.endpoint_url(),
            s3: world.s3_endpoint().to_owned(),
            others: world.athena_endpoint(),
            secret_key,
        };
        let recorder = Recorder::start(backends).await.expect("the endpoint starts");
        Self { world, recorder }
    }

    /// Starts a function's program with these variables, with those that Lambda adds (the role's
    /// credentials), and with the endpoint of AWS.
    pub async fn start_function(
        &self,
        program: &Path,
        environment: Vec<(String, String)>,
        timeout: Duration,
    ) -> Arc<Lambda> {
        let mut variables = environment;
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", embedded::s3::ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", embedded::s3::SECRET_ACCESS_KEY),
            ("AWS_ENDPOINT_URL", self.recorder.endpoint_url()),
        ] {
            variables.push((name.to_owned(), value.to_owned()));
        }
        let lambda = Lambda::start_program(program, 1, &variables, timeout).await;
        Arc::new(lambda.expect("the function starts"))
    }

    /// URL of all services of AWS, for `AWS_ENDPOINT_URL`.
    pub fn endpoint_url(&self) -> &str {
        self.recorder.endpoint_url()
    }

    /// Access keys with which requests to `service` were signed so far.
    pub fn signers(&self, service: &str) -> std::collections::BTreeSet<String> {
        self.recorder.signers(service)
    }

    /// Calls of the functions so far.
    ///
    /// # Errors
    /// If a call is unknown to the recorder.
    pub fn calls(&self) -> Result<Vec<Call>, String> {
        self.recorder.calls()
    }
}
