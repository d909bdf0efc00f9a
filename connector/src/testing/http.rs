//! Small HTTP server on the loopback interface, to test clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Server that gives its answers in turn, the last one repeatedly, and records its requests. Stops when
/// dropped.
pub(crate) struct HttpEndpoint {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    server: AbortHandle,
}

impl HttpEndpoint {
    /// Server with one answer to every request.
    pub(crate) async fn answering(status: u16, body: &str) -> Self {
        Self::scripted(&[(status, body)]).await
    }

    /// Server with these answers, each a status and a body.
    pub(crate) async fn scripted(answers: &[(u16, &str)]) -> Self {
        let answers: Vec<_> = answers
            .iter()
            .map(|(status, body)| answer(*status, body))
            .collect();
        let mut asked_before = 0;
        Self::answering_with(move |_| {
            let answer = answers[asked_before.min(answers.len() - 1)].clone();
            asked_before += 1;
            answer
        })
        .await
    }

    /// Server that answers with the status and body that `respond` returns for a request's head and body.
    pub(crate) async fn by(mut respond: impl FnMut(&str) -> (u16, String) + Send + 'static) -> Self {
        Self::answering_with(move |request| {
            let (status, body) = respond(request);
            answer(status, &body)
        })
        .await
    }

    /// Server with an answer for each path, a status and a body; others get 404 and `otherwise`.
    pub(crate) async fn routed(answers: &[(&str, u16, String)], otherwise: &str) -> Self {
        let answers: HashMap<_, _> = answers
            .iter()
            .map(|(path, status, body)| ((*path).to_owned(), answer(*status, body)))
            .collect();
        let otherwise = answer(404, otherwise);
        Self::answering_with(move |request| answers.get(path(request)).unwrap_or(&otherwise).clone()).await
    }

    async fn answering_with(mut respond: impl FnMut(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let asked = requests.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(request) = serve(stream, &mut respond).await {
                    asked.lock().unwrap().push(request);
                }
            }
        });
        Self {
            url,
            requests,
            server: server.abort_handle(),
        }
    }

    /// Requests so far, each with head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Paths of the requests so far, with their queries.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.requests()
            .iter()
            .map(|request| path(request).to_owned())
            .collect()
    }
}

impl Drop for HttpEndpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// URL that refuses connections.
pub(crate) async fn closed_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn answer(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// Reads one request, whose body has the length of its `content-length`, and closes the connection after the
/// answer.
async fn serve(mut stream: TcpStream, respond: &mut impl FnMut(&str) -> Vec<u8>) -> std::io::Result<String> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            break;
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    // A client that has read enough may close early.
    let _ = stream.write_all(&respond(&request)).await;
    Ok(request)
}

/// Path with its query.
fn path(request: &str) -> &str {
    request.split(' ').nth(1).unwrap_or_default()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}
