//! Many filings in one request: NDJSON streamed in, one result a line streamed out.
//!
//! Lines are taken as they arrive, a bounded number is in work at once, and results leave in the order of the lines;
//! when the caller reads slowly, the gateway reads slowly. A bad line never stops the rest.

use std::{convert::Infallible, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{CONTENT_ENCODING, HeaderValue},
    post, web,
};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::ndjson::{Line, Lines};
use crate::{
    api::{
        auth::{Caller, Submit},
        body::{BODY_TIMEOUT, expect_media_type},
        problem::{Problem, ProblemBody, Reply},
        responses::FilingMany,
    },
    app::{Gateway, SubmitError, code::Code, validate},
};

pub const MEDIA_TYPE: &str = "application/x-ndjson";

/// Lines in work at once: enough to fill a group commit, far below the intake's queue.
const IN_WORK: usize = 64;

/// More belong into another request, so that a broken connection costs little.
pub const MAX_LINES: u64 = 100_000;

/// How often a line is tried again while the intake is full, and the pauses between: doubled from the first to the longest.
const OVERLOAD_RETRIES: u32 = 300;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What became of one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    /// From 1; blank lines count and have no result.
    pub line: u64,
    /// What the filing would have been answered with on its own.
    #[schema(example = 202)]
    pub status: u16,
    /// The gateway's number of the filing, if it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProblemBody>)]
    pub problem: Option<ProblemBody>,
}

impl BatchResult {
    fn refused(line: u64, problem: Problem) -> Self {
        let body = problem.into_body();
        Self { line, status: body.status, id: None, problem: Some(body) }
    }
}

/// Send many filings
///
/// One filing in exchange format v1 a line, one result a line, in order and while the request is still being sent.
/// A bad line is answered with its problem and never stops the rest. Lines sent again are answered with the first result.
#[utoipa::path(
    tag = "submissions",
    operation_id = "createSubmissions",
    request_body(content = String, content_type = "application/x-ndjson", description = "A filing a line; each up to 512 KiB, up to 100,000 lines"),
    responses((status = 200, description = "A `BatchResult` a line", body = BatchResult, content_type = "application/x-ndjson"), FilingMany),
)]
#[post("/v1/submissions/batch")]
pub async fn create_submissions(
    caller: Caller<Submit>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    payload: web::Payload,
) -> Reply<impl Responder> {
    let platform = caller.platform()?.to_owned();
    expect_media_type(&request, |essence| matches!(essence, MEDIA_TYPE | "application/ndjson" | "application/jsonl"), MEDIA_TYPE)?;
    let results = results(Lines::new(payload, validate::MAX_BYTES, BODY_TIMEOUT), gateway, platform);
    let lines =
        results.map(|result| Ok::<_, Infallible>(web::Bytes::from(format!("{}\n", serde_json::to_string(&result).unwrap_or_default()))));
    let mut response = HttpResponse::Ok();
    response.content_type(MEDIA_TYPE);
    // Compressed, results would wait in the encoder's buffer.
    response.insert_header((CONTENT_ENCODING, HeaderValue::from_static("identity")));
    Ok(response.streaming(lines))
}

fn results<S>(lines: Lines<S>, gateway: web::Data<Gateway>, platform: String) -> impl Stream<Item = BatchResult>
where
    S: Stream<Item = Result<web::Bytes, actix_web::error::PayloadError>> + Unpin,
{
    stream::unfold(Some((lines, 0_u64)), |state| async move {
        let (mut lines, number) = state?;
        let line = lines.next().await?;
        let number = number + 1;
        // Past its end the stream is not asked again.
        let last = matches!(line, Line::Broken | Line::TimedOut) || number > MAX_LINES;
        Some(((number, line), (!last).then_some((lines, number))))
    })
    .filter(|(_, line)| std::future::ready(!matches!(line, Line::Blank)))
    .map(move |(number, line)| {
        let (gateway, platform) = (gateway.clone(), platform.clone());
        async move { file(&gateway, &platform, number, line).await }
    })
    .buffered(IN_WORK)
}

async fn file(gateway: &Gateway, platform: &str, number: u64, line: Line) -> BatchResult {
    let refused = |problem| BatchResult::refused(number, problem);
    if number > MAX_LINES {
        return refused(Problem::new(
            Code::PayloadTooLarge,
            format!("At most {MAX_LINES} lines are taken; send the rest, from this line on, in another request."),
        ));
    }
    let text = match line {
        Line::Text(text) => text,
        Line::TooLong => {
            return refused(Problem::new(
                Code::PayloadTooLarge,
                format!("At most {} bytes are taken a line; shorten the filing.", validate::MAX_BYTES),
            ));
        }
        Line::TimedOut => {
            return refused(Problem::new(
                Code::RequestTimeout,
                "Nothing more arrived; send the rest, from this line on, in another request.",
            ));
        }
        Line::Broken | Line::Blank => {
            return refused(Problem::new(
                Code::InvalidRequest,
                "The body broke off; send the rest, from this line on, in another request.",
            ));
        }
    };
    match submit(gateway, platform, &text).await {
        Ok(id) => BatchResult { line: number, status: 202, id: Some(id), problem: None },
        Err(problem) => {
            if let Some(cause) = problem.cause() {
                tracing::error!(error = %cause, line = number, "a line of a batch failed");
            }
            refused(problem)
        }
    }
}

async fn submit(gateway: &Gateway, platform: &str, text: &[u8]) -> Reply<String> {
    let submission = validate::submission(text, gateway.now())?;
    let mut pause = FIRST_PAUSE;
    for _ in 0..OVERLOAD_RETRIES {
        match gateway.submit(platform, submission.clone(), None).await {
            Ok(registered) => return Ok(registered.id),
            // The connection is the queue: waiting here makes the caller wait.
            Err(SubmitError::Overloaded { .. }) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::of(Code::Overloaded).retry_after(Duration::from_secs(1)))
}
