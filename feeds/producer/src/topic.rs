//! Creation of the topic.

use std::error::Error;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::time::Duration;

use msk_iam::IamToken;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::bindings as sys;
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaRespErr;

use crate::auth::{CLIENT, lifetime_ms};
use crate::publish::{PublishConfig, client_config};

/// Time limit for brokers to create a topic.
const CREATE_TIMEOUT: Duration = Duration::from_secs(30);
/// Leaves the number of replicas to the broker's default.
const BROKER_DEFAULT: TopicReplication<'static> = TopicReplication::Fixed(-1);

/// Creates the topic of `config` with this many partitions; `false` if a topic of that name exists, whatever
/// its partitions.
pub async fn create_topic(config: &PublishConfig, partitions: i32) -> Result<bool, CreateTopicError> {
    create(config, partitions)
        .await
        .map_err(|error| CreateTopicError {
            topic: config.topic.clone(),
            reason: error.to_string(),
        })
}

async fn create(config: &PublishConfig, partitions: i32) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let tokens = config.tokens().await?;
    let admin: AdminClient<DefaultClientContext> = client_config(config).create()?;
    if let Some(tokens) = tokens {
        log_in(&admin, &tokens.sign().await?)?;
    }
    let options = AdminOptions::new()
        .operation_timeout(Some(CREATE_TIMEOUT))
        .request_timeout(Some(CREATE_TIMEOUT));
    let topic = NewTopic::new(&config.topic, partitions, BROKER_DEFAULT);
    let results = admin.create_topics([&topic], &options).await?;
    match results.into_iter().next() {
        Some(Ok(_)) => Ok(true),
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
        Some(Err((_, code))) => Err(code.to_string().into()),
        None => Err("the broker's response contains no topic".into()),
    }
}

/// Sets the client's token. An admin client does not request one: `rdkafka` handles that event of consumers
/// and producers only. One token outlives the call.
#[expect(
    unsafe_code,
    reason = "a call of librdkafka that the rdkafka crate makes for other clients only"
)]
fn log_in(
    admin: &AdminClient<DefaultClientContext>,
    token: &IamToken,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let lifetime_ms = lifetime_ms(token).map_err(|error| error.to_string())?;
    let (token, principal) = (CString::new(token.expose())?, CString::new(CLIENT)?);
    let mut reason = [0 as c_char; 512];
    // SAFETY: the client is live; the texts end with a zero and are copied; there are no extensions; the
    // buffer has the length that is passed, and what is written into it ends with a zero.
    let code = unsafe {
        sys::rd_kafka_oauthbearer_set_token(
            admin.inner().native_ptr(),
            token.as_ptr(),
            lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            reason.as_mut_ptr(),
            reason.len(),
        )
    };
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    // SAFETY: see above; if nothing was written it is all zeros.
    let reason = unsafe { CStr::from_ptr(reason.as_ptr()) };
    Err(reason.to_string_lossy().into_owned().into())
}

/// Error of a topic that could not be created.
#[derive(Debug, thiserror::Error)]
#[error("cannot create topic {topic}: {reason}")]
pub struct CreateTopicError {
    topic: String,
    reason: String,
}
