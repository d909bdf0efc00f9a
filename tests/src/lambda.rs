//! Lambda on this machine: the Runtime API that a function polls and the Invoke API that callers use, with
//! the real binary between them as a process of its own. Limits are Lambda's: a response over 6 MB is an
//! error.

use std::collections::HashMap;
use std::io;
use std::path::{self, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

/// Limit of Lambda for the response to a synchronous invocation.
pub const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// Time limit of an invocation before the function counts as hung.
const INVOKE_LIMIT: Duration = Duration::from_secs(120);

/// Function under test: its endpoint and its containers, all removed when this is dropped.
pub struct Lambda {
    api: Arc<Api>,
    endpoint: String,
    containers: Vec<Child>,
    output: Output,
    server: tokio::task::JoinHandle<()>,
}

/// Outcome of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Response of the function.
    Success(Vec<u8>),
    /// Function error: the JSON with `errorType` and `errorMessage`.
    FunctionError(Vec<u8>),
}

impl Lambda {
    /// Starts `containers` processes of the workspace's binary `name` with exactly these variables beside
    /// Lambda's own.
    pub async fn start(name: &str, containers: usize, variables: &[(String, String)]) -> io::Result<Self> {
        Self::start_with_timeout(name, containers, variables, Duration::from_secs(60)).await
    }

    /// Starts a function with a timeout, from which the deadline of an invocation follows.
    pub async fn start_with_timeout(
        name: &str,
        containers: usize,
        variables: &[(String, String)],
        timeout: Duration,
    ) -> io::Result<Self> {
        Self::start_program(&binary(name)?, containers, variables, timeout).await
    }

    /// Starts a program at any path, which is also its working directory.
    pub async fn start_program(
        program: &path::Path,
        containers: usize,
        variables: &[(String, String)],
        timeout: Duration,
    ) -> io::Result<Self> {
        let (events, queue) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            events,
            queue: AsyncMutex::new(queue),
            waiting: Mutex::default(),
            trace_header: Mutex::default(),
            timeout,
            answered: AtomicUsize::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let routes = routes(Arc::clone(&api));
        let server = tokio::spawn(async move {
            // Ends with the test: an error here appears as a hung invocation.
            let _ = axum::serve(listener, routes).await;
        });
        let mut containers = (0..containers)
            .map(|_| container(program, &address.to_string(), variables))
            .collect::<io::Result<Vec<_>>>()?;
        let output = Output::default();
        for container in &mut containers {
            output.collect(container.stdout.take());
            output.collect(container.stderr.take());
        }
        Ok(Self {
            api,
            endpoint: format!("http://{address}"),
            containers,
            output,
            server,
        })
    }

    /// Endpoint of the Invoke API, for an SDK client or `athena-local --endpoint`.
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint
    }

    /// Process ids of the containers, for measurements.
    pub fn process_ids(&self) -> Vec<u32> {
        self.containers.iter().filter_map(Child::id).collect()
    }

    /// Output of the containers so far: the function's log, and all other output.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.bytes()).into_owned()
    }

    /// Number of records that the function reports to have read so far, by its log at level `info`.
    ///
    /// # Panics
    /// If the log lacks the closing line of an invocation.
    pub async fn records_read(&self) -> u64 {
        let answered = self.api.answered.load(Ordering::SeqCst);
        // The pipe may lag behind the response.
        for _ in 0..100 {
            let output = self.output();
            let lines = output
                .lines()
                .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            let closing: Vec<_> = lines
                .filter(|line| line["message"] == "answered" || line["message"] == "failed")
                .collect();
            if closing.len() >= answered {
                return closing.iter().filter_map(|line| line["records"].as_u64()).sum();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "the log has less than {answered} closing lines: {}",
            self.output()
        );
    }

    /// Sets the X-Ray header of further invocations.
    pub fn set_trace_header(&self, header: &str) {
        let trace_header = self.api.trace_header.lock();
        *trace_header.unwrap_or_else(PoisonError::into_inner) = Some(header.to_owned());
    }

    /// Invokes the function once.
    pub async fn invoke(&self, event: &[u8]) -> Outcome {
        self.api.invoke(Bytes::copy_from_slice(event)).await
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.server.abort();
        if std::thread::panicking() {
            eprintln!("the function's output:\n{}", self.output());
        }
    }
}

/// Output of processes, in the order in which it is read.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// Reads until the process has ended.
    fn collect(&self, stream: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(mut stream) = stream else { return };
        let output = self.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                output.bytes().extend_from_slice(&buffer[..count]);
            }
        });
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Event {
    id: String,
    body: Bytes,
}

struct Api {
    events: mpsc::UnboundedSender<Event>,
    queue: AsyncMutex<mpsc::UnboundedReceiver<Event>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    trace_header: Mutex<Option<String>>,
    timeout: Duration,
    /// Number of invocations that the function has answered.
    answered: AtomicUsize,
}

impl Api {
    fn trace_header(&self) -> Option<String> {
        let header = self.trace_header.lock();
        header.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn invoke(&self, body: Bytes) -> Outcome {
        let id = uuid::Uuid::new_v4().to_string();
        let (answer, answered) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), answer);
        if self.events.send(Event { id, body }).is_err() {
            return failure("Emulator.Stopped", "no container is left");
        }
        match tokio::time::timeout(INVOKE_LIMIT, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => failure("Emulator.Stopped", "the invocation was dropped"),
            Err(_) => failure("Sandbox.Timedout", "the function did not answer in time"),
        }
    }

    fn complete(&self, id: &str, outcome: Outcome) -> StatusCode {
        self.answered.fetch_add(1, Ordering::SeqCst);
        match self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id)
        {
            Some(waiter) => {
                // The caller may have stopped waiting.
                let _ = waiter.send(outcome);
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

fn routes(api: Arc<Api>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .layer(DefaultBodyLimit::max(64 << 20))
        .with_state(api)
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let Some(event) = api.queue.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now() + api.timeout;
    let deadline_ms = deadline
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set("lambda-runtime-aws-request-id", event.id);
    set("lambda-runtime-deadline-ms", deadline_ms.to_string());
    set(
        "lambda-runtime-invoked-function-arn",
        "arn:aws:lambda:us-east-1:123456789012:function:f".into(),
    );
    if let Some(header) = api.trace_header() {
        set("lambda-runtime-trace-id", header);
    }
    (headers, event.body).into_response()
}

async fn respond(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    if body.len() > MAX_RESPONSE_BYTES {
        let text = format!(
            "Response payload size ({} bytes) exceeded maximum allowed",
            body.len()
        );
        api.complete(&id, failure("Function.ResponseSizeTooLarge", &text));
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    api.complete(&id, Outcome::Success(body.to_vec()))
}

async fn fail(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.complete(&id, Outcome::FunctionError(body.to_vec()))
}

async fn init_error(body: Bytes) -> StatusCode {
    eprintln!("the function failed to start: {}", String::from_utf8_lossy(&body));
    StatusCode::ACCEPTED
}

async fn invoke(State(api): State<Arc<Api>>, Path(_name): Path<String>, body: Bytes) -> Response {
    match api.invoke(body).await {
        Outcome::Success(body) => body.into_response(),
        Outcome::FunctionError(body) => ([("x-amz-function-error", "Unhandled")], body).into_response(),
    }
}

fn failure(error_type: &str, message: &str) -> Outcome {
    let body = serde_json::json!({ "errorType": error_type, "errorMessage": message });
    Outcome::FunctionError(body.to_string().into_bytes())
}

fn container(program: &path::Path, runtime_api: &str, variables: &[(String, String)]) -> io::Result<Child> {
    let folder = program.parent().ok_or(io::ErrorKind::NotFound)?;
    started(program)
        .current_dir(folder)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0")
        .env("AWS_REGION", "us-east-1")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Command that starts a program: itself, or with the program that `TEST_EMULATOR` names if the functions are of another
/// architecture. They are called `bootstrap`; the workspace's other programs are this machine's.
fn started(program: &path::Path) -> Command {
    match std::env::var_os("TEST_EMULATOR") {
        Some(emulator) if program.ends_with("bootstrap") => {
            let mut command = Command::new(emulator);
            command.arg(program);
            command
        }
        _ => Command::new(program),
    }
}

/// Folder of bundles to test in place of the workspace's binaries, as `scripts/package` makes it: `TEST_BUNDLES`.
pub fn bundles() -> Option<PathBuf> {
    std::env::var_os("TEST_BUNDLES").map(PathBuf::from)
}

/// Function of a bundle that is tested in place of a binary.
fn bundled(name: &str) -> Option<PathBuf> {
    let function = match name {
        "bootstrap" => "connector",
        "producer-lambda" => "producer",
        _ => return None,
    };
    Some(bundles()?.join(function).join("bootstrap"))
}

/// Binary of the workspace as built by `cargo build`: beside this program, or one folder up if this is a
/// test.
///
/// # Errors
/// If it is not built.
pub fn binary(name: &str) -> io::Result<PathBuf> {
    if let Some(bundled) = bundled(name) {
        return Ok(bundled);
    }
    let this = std::env::current_exe()?;
    let mut paths = this.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    paths.find(|path| path.is_file()).ok_or_else(|| {
        let text = format!("{name} is not built: run `cargo build --workspace --bins` first");
        io::Error::new(io::ErrorKind::NotFound, text)
    })
}
