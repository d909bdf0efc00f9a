//! Availability zone of the function, from
//! [Lambda's metadata endpoint](https://docs.aws.amazon.com/lambda/latest/dg/configuration-metadata-endpoint.html).

use std::time::Duration;

use http_body_util::Full;
use hyper::{Request, header};
use serde::Deserialize;

use crate::http::{HttpClient, body};
use spill::causes;

/// The endpoint is within the execution environment.
const TIMEOUT: Duration = Duration::from_secs(1);
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const PATH: &str = "2026-01-15/metadata/execution-environment";

#[derive(Deserialize)]
struct Environment {
    #[serde(rename = "AvailabilityZoneID")]
    availability_zone_id: String,
}

/// Id of the zone, such as `use1-az1`; `None`, with a warning, if the endpoint does not return it.
pub(crate) async fn availability_zone_id() -> Option<String> {
    let var = |name| std::env::var(name).ok();
    let (Some(api), Some(token)) = (var("AWS_LAMBDA_METADATA_API"), var("AWS_LAMBDA_METADATA_TOKEN")) else {
        tracing::warn!("client_rack is `auto`, but there is no metadata endpoint: leaders are read from");
        return None;
    };
    let zone = tokio::time::timeout(TIMEOUT, ask(&api, &token)).await;
    let zone = zone.unwrap_or_else(|_| Err(format!("no answer within {TIMEOUT:?}")));
    match zone {
        Ok(zone) => Some(zone),
        Err(reason) => {
            tracing::warn!(
                reason,
                "the function's availability zone is not known: leaders are read from"
            );
            None
        }
    }
}

async fn ask(api: &str, token: &str) -> Result<String, String> {
    let request = Request::get(format!("http://{api}/{PATH}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::default())
        .map_err(|error| error.to_string())?;
    let client = HttpClient::new(false).map_err(|error| error.to_string())?;
    let response = client.request(request).await.map_err(|error| causes(&error))?;
    let status = response.status();
    let body = body(response, MAX_ANSWER_BYTES).await?;
    if !status.is_success() {
        return Err(status.to_string());
    }
    let environment: Environment = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    Ok(environment.availability_zone_id)
}
