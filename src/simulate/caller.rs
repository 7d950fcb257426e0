//! The client with which a simulated platform calls the gateway: HTTP/1.1 without TLS, one request a connection.
//! It shares no code with the gateway's own client, so that a fault of one does not hide in the other.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

/// How long an answer may take; WeChat waits five seconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so many attempts a platform gives up. WeChat does after three; here nothing may be lost by a slow start.
const ATTEMPTS: u32 = 200;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const MAX_ANSWER: u64 = 1 << 20;

/// A request to the gateway, below its base address.
pub(super) struct Call {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub(super) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the gateway's address is not http://host:port")]
    Address,
    #[error("the gateway does not answer in time")]
    Time,
    #[error("the gateway cannot be reached")]
    Connection(#[from] std::io::Error),
    #[error("the gateway's answer is not HTTP")]
    Answer,
}

/// Where the gateway is; platforms wait until it is known.
#[derive(Clone)]
pub(super) struct Gateway {
    sender: Arc<watch::Sender<Option<String>>>,
}

impl Gateway {
    pub fn new(address: Option<String>) -> Self {
        Self { sender: Arc::new(watch::Sender::new(address)) }
    }

    pub fn set(&self, address: String) {
        self.sender.send_replace(Some(address));
    }

    async fn address(&self) -> Result<String, CallError> {
        let mut receiver = self.sender.subscribe();
        let address = receiver.wait_for(Option::is_some).await.map_err(|_| CallError::Address)?;
        address.clone().ok_or(CallError::Address)
    }

    pub async fn call(&self, call: &Call) -> Result<Answer, CallError> {
        let address = self.address().await?;
        timeout(PATIENCE, exchange(&address, call)).await.map_err(|_| CallError::Time)?
    }

    /// Calls until the gateway answers 2xx, a bounded number of times. `call` is made anew for each attempt, as a signature over
    /// the time must be. Gives the attempts it took, and the answer if there was one.
    pub async fn insist(&self, mut call: impl FnMut() -> Call) -> (u32, Option<Answer>) {
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=ATTEMPTS {
            if let Ok(answer) = self.call(&call()).await
                && (200..300).contains(&answer.status)
            {
                return (attempt, Some(answer));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        (ATTEMPTS, None)
    }
}

async fn exchange(address: &str, call: &Call) -> Result<Answer, CallError> {
    let authority = address.strip_prefix("http://").ok_or(CallError::Address)?;
    let (host, prefix) = authority.split_once('/').map_or((authority, String::new()), |(host, path)| (host, format!("/{path}")));
    let prefix = prefix.trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await?;
    let mut head = format!(
        "{} {prefix}{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n",
        call.method,
        call.target,
        call.body.len()
    );
    for (name, value) in &call.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&call.body).await?;
    let mut bytes = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut bytes).await?;
    parse(&bytes).ok_or(CallError::Answer)
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let chunked = lines.any(|line| line.to_ascii_lowercase().replace(' ', "") == "transfer-encoding:chunked");
    let body = bytes.get(end + 4..)?;
    Some(Answer { status, body: if chunked { unchunk(body)? } else { body.to_vec() } })
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(bytes.get(..end)?).ok()?.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        out.extend_from_slice(bytes.get(end + 2..end + 2 + size)?);
        bytes = bytes.get(end + 2 + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let plain = parse(b"HTTP/1.1 202 Accepted\r\nX: y\r\n\r\nbody").expect("an answer");
        assert_eq!((plain.status, plain.body.as_slice()), (202, b"body".as_slice()));
        let chunked =
            parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").expect("an answer");
        assert_eq!(chunked.body, b"abcde");
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
