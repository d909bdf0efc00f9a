//! Recorder of AWS calls: one endpoint for every service, which records each call as IAM sees it and forwards
//! it to the service's stand-in.
//!
//! Action and resource of an operation are taken from AWS's [Service Authorization
//! Reference](https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html). An unknown
//! operation is an error of the test: it is refused, and [`Recorder::calls`] reports it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value as Json;

use crate::iam::Call;
use crate::template::{ACCOUNT, PARTITION, REGION};

/// Stand-ins by `http://host:port`.
#[derive(Debug, Clone)]
pub struct Backends {
    /// Schema registries of Glue.
    pub glue: String,
    pub s3: String,
    /// Athena, Secrets Manager, KMS, and the connections of Glue.
    pub others: String,
    /// ARN of the key that encrypts secrets, if it is not AWS's own.
    pub secret_key: Option<String>,
}

/// Running endpoint, stopped when dropped.
pub struct Recorder {
    address: String,
    proxy: Arc<Proxy>,
    server: tokio::task::JoinHandle<()>,
}

struct Proxy {
    backends: Backends,
    client: Client<HttpConnector, Full<Bytes>>,
    calls: Mutex<Vec<Result<Call, String>>>,
}

impl Recorder {
    pub async fn start(backends: Backends) -> io::Result<Self> {
        let proxy = Arc::new(Proxy {
            backends,
            client: Client::builder(TokioExecutor::new()).build_http(),
            calls: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let routes = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::max(64 << 20))
            .with_state(Arc::clone(&proxy));
        let server = tokio::spawn(async move {
            // Ends with the test: an error here appears as failing calls.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            // A host name without subdomains for buckets.
            address: format!("http://localhost:{port}"),
            proxy,
            server,
        })
    }

    /// URL for `AWS_ENDPOINT_URL`.
    pub fn endpoint_url(&self) -> &str {
        &self.address
    }

    /// Calls so far, in their order.
    ///
    /// # Errors
    /// If one was unknown.
    pub fn calls(&self) -> Result<Vec<Call>, String> {
        self.proxy.calls().iter().cloned().collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Proxy {
    fn calls(&self) -> MutexGuard<'_, Vec<Result<Call, String>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn forward(&self, backend: &str, request: Request<Full<Bytes>>) -> Response {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let Ok(uri) = format!("{backend}{path}").parse() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        parts.uri = uri;
        // Headers of the client's own connection.
        for name in [header::CONNECTION, header::EXPECT, header::TRANSFER_ENCODING] {
            parts.headers.remove(name);
        }
        match self.client.request(Request::from_parts(parts, body)).await {
            Ok(response) => response.map(Body::new),
            Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        }
    }
}

async fn answer(
    State(proxy): State<Arc<Proxy>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let service = signed_for(&headers);
    let call = match &*service {
        "s3" => s3(&method, &uri),
        "glue" => glue(&headers, &body),
        "athena" | "secretsmanager" | "kms" => other(&headers, &body, proxy.backends.secret_key.as_deref()),
        unknown => Err(format!("service `{unknown}` is not known")),
    };
    let is_of_registries = target(&headers).is_ok_and(|target| target != "AWSGlue.GetConnection");
    let backend = match &*service {
        "s3" => &proxy.backends.s3,
        "glue" if is_of_registries => &proxy.backends.glue,
        _ => &proxy.backends.others,
    };
    let call = call.map_err(|reason| format!("{method} {uri}: {reason}"));
    let is_known = call.is_ok();
    match call {
        Ok(calls) => proxy.calls().extend(calls.into_iter().map(Ok)),
        Err(reason) => proxy.calls().push(Err(reason)),
    }
    if !is_known {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    }
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    proxy.forward(backend, request).await
}

/// Service in the signature's scope, `Credential=id/date/region/service/aws4_request`.
fn signed_for(headers: &HeaderMap) -> String {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let credential = authorization.and_then(|text| text.split_once("Credential="));
    let scope = credential.and_then(|(_, rest)| rest.split(',').next());
    let service = scope.and_then(|scope| scope.rsplit('/').nth(1));
    service.unwrap_or_default().to_owned()
}

/// Calls of one request: more than one if several resources must allow it.
type Calls = Result<Vec<Call>, String>;

fn s3(method: &Method, uri: &Uri) -> Calls {
    let (bucket, key) = match uri.path().trim_start_matches('/').split_once('/') {
        Some((bucket, key)) if !key.is_empty() => (bucket, Some(key)),
        Some((bucket, _)) => (bucket, None),
        None => (uri.path().trim_start_matches('/'), None),
    };
    let parameters: Vec<_> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let parameter = |name: &str| {
        parameters
            .iter()
            .find(|(each, _)| *each == name)
            .map(|(_, value)| *value)
    };
    let arn = format!("arn:{PARTITION}:s3:::{}", decoded(bucket)?);
    let object = |action: &str, key: &str| Ok(vec![Call::new(action, format!("{arn}/{}", decoded(key)?))]);
    // `x-id` names the operation and has no effect.
    let is_plain = parameters.iter().all(|(name, _)| *name == "x-id");
    match (method.as_str(), key) {
        ("HEAD", None) if is_plain => Ok(vec![Call::new("s3:ListBucket", arn)]),
        ("GET", None) if parameter("list-type") == Some("2") => {
            let call = Call::new("s3:ListBucket", arn);
            Ok(vec![match parameter("prefix") {
                Some(prefix) => call.with("s3:prefix", decoded(prefix)?),
                None => call,
            }])
        }
        ("PUT", Some(key)) if is_plain => object("s3:PutObject", key),
        ("GET" | "HEAD", Some(key)) if is_plain => object("s3:GetObject", key),
        _ => Err("this operation of S3 is not known".into()),
    }
}

fn glue(headers: &HeaderMap, body: &[u8]) -> Calls {
    let (operation, request) = operation(headers, "AWSGlue", body)?;
    let arn = |resource: String| format!("arn:{PARTITION}:glue:{REGION}:{ACCOUNT}:{resource}");
    let name = |value: &Json| value.as_str().map(str::to_owned).ok_or("a name is missing");
    let registry = |id: &Json| Ok::<_, &str>(arn(format!("registry/{}", name(&id["RegistryName"])?)));
    let call = |resource: String| Call::new(format!("glue:{operation}"), resource);
    Ok(match &*operation {
        // All registries at once.
        "ListRegistries" => vec![call("*".into())],
        "GetRegistry" => vec![call(registry(&request["RegistryId"])?)],
        "ListSchemas" => vec![call(registry(&request["RegistryId"])?)],
        // A version's id does not contain its schema.
        "GetSchemaVersion" if request["SchemaVersionId"].is_string() => vec![call("*".into())],
        "GetSchema" | "GetSchemaVersion" => {
            let id = &request["SchemaId"];
            let schema = format!(
                "schema/{}/{}",
                name(&id["RegistryName"])?,
                name(&id["SchemaName"])?
            );
            vec![call(registry(id)?), call(arn(schema))]
        }
        "GetConnection" => vec![
            call(arn("catalog".into())),
            call(arn(format!("connection/{}", name(&request["Name"])?))),
        ],
        _ => return Err(format!("operation {operation} of Glue is not known")),
    })
}

fn other(headers: &HeaderMap, body: &[u8], secret_key: Option<&str>) -> Calls {
    let target = target(headers)?;
    let (prefix, _) = target.split_once('.').ok_or("the target has no operation")?;
    let (operation, request) = operation(headers, prefix, body)?;
    let name = |field: &str| request[field].as_str().ok_or(format!("{field} is missing"));
    let arn =
        |service: &str, resource: &str| format!("arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}");
    let given_or = |given: &str, made: String| {
        if given.starts_with("arn:") {
            given.to_owned()
        } else {
            made
        }
    };
    Ok(vec![match (prefix, &*operation) {
        // The request does not contain the workgroup of the query.
        ("AmazonAthena", "GetQueryExecution") => {
            Call::new("athena:GetQueryExecution", arn("athena", "workgroup/primary"))
        }
        ("secretsmanager", "GetSecretValue") => {
            let id = name("SecretId")?;
            // Secrets Manager appends a hyphen and six characters to a name.
            let made = arn("secretsmanager", &format!("secret:{id}-AbCd1x"));
            let mut calls = vec![Call::new("secretsmanager:GetSecretValue", given_or(id, made))];
            // Secrets Manager decrypts in the caller's name.
            calls.extend(secret_key.map(|key| {
                let via = format!("secretsmanager.{REGION}.amazonaws.com");
                Call::new("kms:Decrypt", key).with("kms:ViaService", via)
            }));
            return Ok(calls);
        }
        ("TrentService", "GenerateDataKey") => {
            let id = name("KeyId")?;
            Call::new(
                "kms:GenerateDataKey",
                given_or(id, arn("kms", &format!("key/{id}"))),
            )
        }
        ("TrentService", "GenerateRandom") => Call::new("kms:GenerateRandom", "*"),
        _ => return Err(format!("operation {target} is not known")),
    }])
}

fn target(headers: &HeaderMap) -> Result<String, String> {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    target.map(str::to_owned).ok_or("there is no X-Amz-Target".into())
}

fn operation(headers: &HeaderMap, prefix: &str, body: &[u8]) -> Result<(String, Json), String> {
    let target = target(headers)?;
    let operation = target
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('.'));
    let operation = operation.ok_or_else(|| format!("target {target} is not known"))?;
    let request =
        serde_json::from_slice(body).map_err(|reason| format!("the request is not JSON: {reason}"))?;
    Ok((operation.to_owned(), request))
}

/// Part of a URL, decoded.
fn decoded(text: &str) -> Result<String, String> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8();
    text.map(std::borrow::Cow::into_owned)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(calls: Calls) -> Result<Vec<String>, String> {
        Ok(calls?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn s3_goes_by_method_path_and_query() {
        for (method, uri, wanted) in [
            (Method::HEAD, "/b", "s3:ListBucket on arn:aws:s3:::b"),
            (Method::HEAD, "/b/", "s3:ListBucket on arn:aws:s3:::b"),
            (
                Method::GET,
                "/b/?list-type=2&prefix=a%2Fkafka.client.",
                "s3:ListBucket on arn:aws:s3:::b, s3:prefix `a/kafka.client.`",
            ),
            (
                Method::PUT,
                "/b/p/q%20r?x-id=PutObject",
                "s3:PutObject on arn:aws:s3:::b/p/q r",
            ),
            (Method::GET, "/b/k", "s3:GetObject on arn:aws:s3:::b/k"),
        ] {
            assert_eq!(
                texts(s3(&method, &uri.parse().unwrap())).unwrap(),
                [wanted],
                "{method} {uri}"
            );
        }
        for (method, uri) in [
            (Method::DELETE, "/b/k"),
            (Method::PUT, "/b"),
            (Method::GET, "/b?acl"),
            (Method::PUT, "/b/k?acl"),
        ] {
            s3(&method, &uri.parse().unwrap()).expect_err(uri);
        }
    }

    fn headers(target: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", target.parse().unwrap());
        headers
    }

    #[test]
    fn others_go_by_their_target_and_what_the_request_names() {
        let glue = |operation: &str, body: &str| {
            texts(glue(&headers(&format!("AWSGlue.{operation}")), body.as_bytes()))
        };
        let arn = |resource: &str| format!("arn:aws:glue:us-east-1:123456789012:{resource}");
        assert_eq!(
            glue("ListRegistries", "{}").unwrap(),
            ["glue:ListRegistries on *"]
        );
        let by_name = r#"{"SchemaId": {"RegistryName": "r", "SchemaName": "s"}}"#;
        assert_eq!(
            glue("GetSchemaVersion", by_name).unwrap(),
            ["registry/r", "schema/r/s"]
                .map(|resource| format!("glue:GetSchemaVersion on {}", arn(resource)))
        );
        let by_id = r#"{"SchemaVersionId": "2f"}"#;
        assert_eq!(
            glue("GetSchemaVersion", by_id).unwrap(),
            ["glue:GetSchemaVersion on *"]
        );
        glue("DeleteSchema", "{}").unwrap_err();
        glue("GetRegistry", "{}").unwrap_err();

        let other = |target: &str, body: &str| texts(other(&headers(target), body.as_bytes(), None));
        assert_eq!(
            other("secretsmanager.GetSecretValue", r#"{"SecretId": "s"}"#).unwrap(),
            [
                "secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-east-1:123456789012:secret:s-AbCd1x"
            ]
        );
        assert_eq!(
            other(
                "TrentService.GenerateDataKey",
                r#"{"KeyId": "arn:aws:kms:eu-west-1:1:key/k"}"#
            )
            .unwrap(),
            ["kms:GenerateDataKey on arn:aws:kms:eu-west-1:1:key/k"]
        );
        other("TrentService.Decrypt", "{}").unwrap_err();
    }

    #[test]
    fn the_signature_names_the_service() {
        let mut headers = HeaderMap::new();
        let signature = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/glue/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert(header::AUTHORIZATION, signature.parse().unwrap());
        assert_eq!(signed_for(&headers), "glue");
        assert_eq!(signed_for(&HeaderMap::new()), "");
    }
}
