//! A function as its template sets it up: the variables of a rendered stack, Lambda's own, and one endpoint that is all of
//! AWS and notes each call.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::iam::Call;
use crate::lambda::Lambda;
use crate::recorder::{Backends, Recorder};
use crate::sts::Sts;
use crate::world::World;

/// What plays AWS for one test.
pub struct Cloud {
    pub world: World,
    recorder: Recorder,
}

impl Cloud {
    /// Of the services of `world`.
    pub async fn start(world: World) -> Self {
        Self::with_secret_key(world, None).await
    }

    /// The same, with the ARN of the key that secrets are encrypted with.
    pub async fn with_secret_key(world: World, secret_key: Option<String>) -> Self {
        Self::with(world, secret_key, None).await
    }

    /// The same, with the endpoint of a Security Token Service.
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

    /// Starts a function's program with these variables and with what Lambda adds to them: the role's credentials. And
    /// with what is different here: where AWS is.
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

    /// Where all of AWS is, for `AWS_ENDPOINT_URL`.
    pub fn endpoint_url(&self) -> &str {
        self.recorder.endpoint_url()
    }

    /// The access keys that requests to `service` were signed with so far.
    pub fn signers(&self, service: &str) -> std::collections::BTreeSet<String> {
        self.recorder.signers(service)
    }

    /// What the functions have asked of AWS so far.
    ///
    /// # Errors
    /// If there was a call that the recorder does not know.
    pub fn calls(&self) -> Result<Vec<Call>, String> {
        self.recorder.calls()
    }
}
