//! A vendor's client that files without a pause and keeps what it was answered: whatever was answered with 2xx must be there.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::client::Client;
use crate::{cli::Failure, simulate::Filing};

/// Requests at a time.
const CONNECTIONS: usize = 8;
/// How long one filing is offered again.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// A filing that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub source_id: String,
    /// The number it was answered with.
    pub id: String,
}

/// Files until told to stop.
pub struct Load {
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<Vec<Taken>, String>>,
}

impl Load {
    /// `texts` are told again and again by people with numbers of their own; `rate` a second, by all connections together.
    pub fn start(client: &Arc<Client>, texts: &Arc<Vec<Filing>>, rate: f64) -> Self {
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        #[allow(clippy::cast_precision_loss, reason = "a handful of connections")]
        let pause = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
        for connection in 0..CONNECTIONS {
            tasks.spawn(file(Arc::clone(client), Arc::clone(texts), connection, pause, stop.subscribe()));
        }
        Self { stop, tasks }
    }

    /// Ends the filing; everything that was taken.
    ///
    /// # Errors
    /// If something was refused, or never taken.
    pub async fn finish(mut self) -> Result<Vec<Taken>, Failure> {
        self.stop.send_replace(true);
        let mut all = Vec::new();
        while let Some(taken) = self.tasks.join_next().await {
            all.extend(taken??);
        }
        Ok(all)
    }
}

async fn file(
    client: Arc<Client>,
    texts: Arc<Vec<Filing>>,
    connection: usize,
    pause: Duration,
    stop: watch::Receiver<bool>,
) -> Result<Vec<Taken>, String> {
    let mut taken = Vec::new();
    let mut number = connection;
    while !*stop.borrow() {
        let Some(text) = texts.get(number % texts.len().max(1)) else { break };
        let source_id = format!("LOAD-{number}");
        let id = offer(&client, &source_id, &body(text, &source_id, number)).await?;
        taken.push(Taken { source_id, id });
        number += CONNECTIONS;
        sleep(pause).await;
    }
    Ok(taken)
}

/// Offers one filing until it is taken, as a careful client does: the same body under the same key.
async fn offer(client: &Client, source_id: &str, body: &Value) -> Result<String, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match client.file(source_id, body).await {
            Ok((200..=299, answer)) => {
                let id = answer["id"].as_str().ok_or("a filing was taken without a number")?;
                return Ok(id.to_owned());
            }
            // Not now: the gateway is away, overloaded, or still at work on the same filing.
            Ok((409 | 429 | 500..=599, _)) | Err(_) if Instant::now() < deadline => sleep(PAUSE).await,
            Ok((status, answer)) => return Err(format!("{source_id} was answered {status}: {answer}")),
            Err(error) => return Err(format!("{source_id} was not taken within a minute: {error}")),
        }
    }
}

fn body(filing: &Filing, source_id: &str, number: usize) -> Value {
    json!({
        "source_id": source_id,
        "channel": "phone",
        "kind": filing.kind,
        "submitted_at": filing.submitted_at,
        "petitioners": [{ "name": format!("来电人{number}"), "phone": format!("199{number:08}") }],
        "subject": filing.subject,
        "content": filing.content,
        "division": filing.division,
        "place": filing.place,
    })
}
