//! A server that answers as it is told, well or badly, byte for byte.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What to answer.
pub enum Answer {
    /// These bytes, and the end.
    Bytes(Vec<u8>),
    /// These bytes, and then one more every so often, for ever.
    Drip(Vec<u8>, Duration),
    /// These bytes, and then this piece again and again, for ever.
    Endless(Vec<u8>, Vec<u8>),
}

/// A response with a status line, headers and a body of known length.
pub fn response(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Answer::Bytes(bytes)
}

pub fn json(body: &str) -> Answer {
    response("200 OK", "Content-Type: application/json\r\n", body)
}

/// The start line and headers of a request, and its body as text.
pub struct Seen {
    pub head: String,
    pub body: String,
}

impl Seen {
    /// The address asked for.
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let of = |line: &'_ str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.head.lines().find(|line| of(line)).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }
}

/// Runs until it is dropped.
pub struct WildServer {
    pub base: String,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl WildServer {
    pub async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, answer) = (Arc::clone(&requests), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
                tokio::spawn(async move {
                    if let Some((seen, stream)) = read(stream).await {
                        counted.fetch_add(1, Ordering::SeqCst);
                        // The other side may hang up: that is what it is tested for.
                        let _ = write(stream, answer(&seen)).await;
                    }
                });
            }
        });
        Self { base, requests, task }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for WildServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(mut stream: TcpStream) -> Option<(Seen, TcpStream)> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let mut seen = Seen { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: String::new() };
        let length: usize = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            seen.body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
            return Some((seen, stream));
        }
    }
}

async fn write(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Answer::Drip(bytes, pause) => {
            stream.write_all(&bytes).await?;
            loop {
                tokio::time::sleep(pause).await;
                stream.write_all(b" ").await?;
            }
        }
        Answer::Endless(bytes, piece) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(&piece).await?;
            }
        }
    }
}
