//! A platform that is told of cases, through its adapter: forwards and their receipts, notices, the same message again, withdrawals,
//! and what it must refuse.

use std::time::Duration;

use serde_json::json;

use super::{Failure, Found, Report, checks, new_report};
use crate::{
    adapter::{AccessToken, Adapter, Asked, Outcome, Secrets},
    app::Clock,
    audit::hex,
    cli::adapter::call::Place,
    domain::{
        case::CaseStatus,
        id,
        message::{CaseSummary, Message, MessageKind, OrganizationReference, SubmissionReference},
        submission::{Channel, Submission},
        update::Reply,
    },
};

/// Pages of a list that are read.
const MAX_PAGES: usize = 3;

/// What a check answers: nothing, or what was seen instead.
type Seen = Result<Found, String>;

impl From<Seen> for Found {
    fn from(seen: Seen) -> Self {
        seen.unwrap_or_else(Self::Failed)
    }
}

pub(super) struct Bench {
    adapter: Adapter,
    place: Place,
    secrets: Secrets,
    token: Option<AccessToken>,
    /// A filing that the platform has, and whom it is from there.
    filing: Option<String>,
    account: Option<String>,
    /// Part of every number, so that runs do not meet.
    run: String,
}

/// What is driven.
pub(super) struct Driven {
    pub adapter: Adapter,
    pub place: Place,
    pub filing: Option<String>,
    pub account: Option<String>,
}

pub(super) async fn drive(url: &str, driven: Driven) -> Result<Report, Failure> {
    let secrets = Secrets::new(driven.place.secrets.clone());
    let token = driven.place.token(&driven.adapter, &secrets).await.map_err(|error| format!("no access token at {url}: {error}"))?;
    let Driven { adapter, place, filing, account } = driven;
    let bench = Bench { adapter, place, secrets, token, filing, account, run: hex(&rand::random::<[u8; 5]>()).to_uppercase() };
    let mut report = new_report("platform", url);
    checks! { report, bench,
        "pages" "its lists can be read page by page, every record maps, and a page asked for again is the same" pages;
        "forwarded" "a case that is forwarded is taken, and answered with a receipt" forwarded;
        "forwarded_again" "the same message again is taken, with the receipt of the first, and has no second effect" forwarded_again;
        "forwarded_other" "another case has another receipt" forwarded_other;
        "registered" "the notice that a filing is registered is taken" registered;
        "duplicate" "the notice that a filing repeats a case is taken" duplicate;
        "status" "a change of status is taken" status;
        "reply" "a written answer is taken" reply;
        "told_again" "a notice that comes again is taken" told_again;
        "revised" "a change of a filing is taken for a case it has, and so is its withdrawal" revised;
        "withdrawn" "the withdrawal of a case it has is taken, also twice" withdrawn;
        "unknown_filing" "a notice about a filing that it does not have is not taken" unknown_filing;
        "forged" "a message from somebody without our secrets is not taken" forged;
    }
    Ok(report)
}

impl Bench {
    fn case(&self, name: &str) -> String {
        format!("LJ{}{name}", self.run)
    }

    fn message(&self, kind: MessageKind, case: &str) -> Message {
        let now = Clock::system().now();
        Message {
            id: id::new_id(now),
            kind,
            created_at: now,
            case: CaseSummary {
                id: self.case(case),
                status: CaseStatus::Routed,
                organization: Some(OrganizationReference { id: "conformance".into(), name: "合规性测试单位".into() }),
                query_code: None,
            },
            submission: None,
            forwarded: None,
            reply: None,
            note: None,
        }
    }

    fn forward(&self, case: &str) -> Message {
        Message { forwarded: self.submission(case), ..self.message(MessageKind::CaseForwarded, case) }
    }

    fn submission(&self, case: &str) -> Option<Box<Submission>> {
        let filing = json!({
            "source_id": format!("C-{}-{case}", self.run), "channel": "web", "kind": "request", "submitted_at": Clock::system().now(),
            "petitioners": [{ "name": "张三", "phone": "13800000000" }],
            "subject": "合规性测试件", "content": "这是合规性测试，请勿办理。", "division": "430102", "category": "城乡建设",
        });
        serde_json::from_value(filing).ok().map(Box::new)
    }

    /// About one of the platform's own filings.
    fn notice(&self, kind: MessageKind, status: CaseStatus, source_id: &str) -> Message {
        let mut message = self.message(kind, "N");
        message.case.status = status;
        message.note = Some("合规性测试，请忽略。".to_owned());
        message.reply = (kind == MessageKind::CaseReply).then(|| Reply {
            content: "合规性测试的答复，请忽略。".into(),
            organization: Some("合规性测试单位".into()),
            replied_at: Clock::system().now().fixed_offset(),
        });
        message.submission = Some(SubmissionReference {
            id: id::new_id(message.created_at),
            source_id: source_id.to_owned(),
            channel: Channel::Web,
            account: self.account.clone(),
        });
        message
    }

    /// What became of a message; `None` where the adapter says that it is not sent.
    async fn send(&self, message: &Message) -> Result<Option<Outcome>, String> {
        self.send_as(message, &self.secrets).await
    }

    async fn send_as(&self, message: &Message, secrets: &Secrets) -> Result<Option<Outcome>, String> {
        let request = self.adapter.delivery(message, self.token.as_ref(), secrets, Clock::system().now());
        let Some(request) = request.map_err(|error| error.to_string())? else { return Ok(None) };
        self.pause().await;
        let response = self.place.send(request).await.map_err(|error| error.to_string())?;
        let outcome = self.adapter.delivery_outcome(&response, message.kind);
        let Outcome::Otherwise { .. } = outcome else { return Ok(Some(outcome)) };
        let other = self.adapter.delivery_otherwise(message, self.token.as_ref(), secrets, Clock::system().now());
        let Some(other) = other.map_err(|error| error.to_string())? else { return Ok(Some(outcome)) };
        let response = self.place.send(other).await.map_err(|error| error.to_string())?;
        Ok(Some(self.adapter.otherwise_outcome(&response, message.kind)))
    }

    /// A nonce is made of the request and the moment, to the millisecond: one sent again must not be taken for a replay.
    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }

    async fn taken(&self, message: &Message) -> Seen {
        Ok(match self.send(message).await? {
            None => NOT_SENT,
            Some(Outcome::Delivered { .. }) => Found::Passed,
            Some(other) => return Err(said(&other)),
        })
    }

    async fn noticed(&self, kind: MessageKind, status: CaseStatus) -> Seen {
        let Some(filing) = &self.filing else { return Ok(NO_FILING) };
        self.taken(&self.notice(kind, status, filing)).await
    }

    async fn pages(&self) -> Seen {
        for pull in self.adapter.pulls() {
            let mut cursor: Option<String> = None;
            for _ in 0..MAX_PAGES {
                let (page, next, more) = self.page(pull, cursor.as_deref()).await?;
                let (again, ..) = self.page(pull, cursor.as_deref()).await?;
                if page != again {
                    return Err(format!("{}: the same page, asked for again, is another", pull.name));
                }
                if !more {
                    break;
                }
                if next == cursor {
                    return Err(format!("{}: there is more, and the cursor stays", pull.name));
                }
                cursor = next;
            }
        }
        Ok(if self.adapter.pulls().is_empty() { Found::Skipped("the adapter reads no lists") } else { Found::Passed })
    }

    /// The records of a page as they came, the next cursor, and whether there is more.
    async fn page(
        &self,
        pull: &crate::adapter::Pull,
        cursor: Option<&str>,
    ) -> Result<(Vec<serde_json::Value>, Option<String>, bool), String> {
        let now = Clock::system().now();
        let request =
            self.adapter.pull_request(pull, cursor, self.token.as_ref(), &self.secrets, now).map_err(|error| error.to_string())?;
        self.pause().await;
        let response = self.place.send(request).await.map_err(|error| error.to_string())?;
        let asked = Asked { cursor, response: &response, base: &self.place.base_url, now };
        let page = self.adapter.pull_page(pull, &asked).map_err(|error| format!("{}: {error}", pull.name))?;
        if let Some(Err(unmapped)) = page.records.iter().find(|record| record.is_err()) {
            return Err(format!("{}: {}", pull.name, unmapped.error));
        }
        Ok((self.adapter.pull_records(pull, &asked), page.cursor, page.more))
    }

    async fn receipt(&self, message: &Message) -> Result<Option<String>, String> {
        match self.send(message).await? {
            None => Ok(None),
            Some(Outcome::Delivered { receipt: Some(receipt) }) => Ok(Some(receipt)),
            Some(Outcome::Delivered { receipt: None }) => Err("it was taken without a receipt".to_owned()),
            Some(other) => Err(said(&other)),
        }
    }

    async fn forwarded(&self) -> Seen {
        Ok(if self.receipt(&self.forward("A")).await?.is_some() { Found::Passed } else { NOT_SENT })
    }

    async fn forwarded_again(&self) -> Seen {
        let message = self.forward("B");
        let Some(first) = self.receipt(&message).await? else { return Ok(NOT_SENT) };
        match self.receipt(&message).await? {
            Some(second) if second == first => Ok(Found::Passed),
            _ => Err("the second receipt is another".to_owned()),
        }
    }

    async fn forwarded_other(&self) -> Seen {
        let (first, second) = (self.receipt(&self.forward("C")).await?, self.receipt(&self.forward("D")).await?);
        match (first, second) {
            (None, _) | (_, None) => Ok(NOT_SENT),
            (first, second) if first == second => Err("both have the same receipt".to_owned()),
            _ => Ok(Found::Passed),
        }
    }

    async fn registered(&self) -> Seen {
        self.noticed(MessageKind::SubmissionRegistered, CaseStatus::Routed).await
    }

    async fn duplicate(&self) -> Seen {
        self.noticed(MessageKind::DuplicateRegistered, CaseStatus::InProgress).await
    }

    async fn status(&self) -> Seen {
        self.noticed(MessageKind::CaseStatus, CaseStatus::Accepted).await
    }

    async fn reply(&self) -> Seen {
        self.noticed(MessageKind::CaseReply, CaseStatus::Answered).await
    }

    async fn told_again(&self) -> Seen {
        let Some(filing) = &self.filing else { return Ok(NO_FILING) };
        let message = self.notice(MessageKind::CaseStatus, CaseStatus::InProgress, filing);
        self.taken(&message).await?;
        self.taken(&message).await
    }

    async fn revised(&self) -> Seen {
        self.receipt(&self.forward("E")).await?;
        let changed = Message {
            note: Some("合规性测试：内容有改动。".into()),
            forwarded: self.submission("E"),
            ..self.message(MessageKind::CaseRevised, "E")
        };
        self.taken(&changed).await?;
        self.taken(&Message { note: Some("合规性测试：已撤回。".into()), ..self.message(MessageKind::CaseRevised, "E") }).await
    }

    async fn withdrawn(&self) -> Seen {
        self.receipt(&self.forward("F")).await?;
        let message =
            Message { note: Some("合规性测试：请终止办理。".into()), ..self.message(MessageKind::CaseWithdrawn, "F") };
        self.taken(&message).await?;
        self.taken(&message).await
    }

    async fn unknown_filing(&self) -> Seen {
        if self.filing.is_none() {
            return Ok(NO_FILING);
        }
        let message = self.notice(MessageKind::CaseStatus, CaseStatus::Accepted, &format!("C-{}-NOWHERE", self.run));
        Ok(match self.send(&message).await? {
            None => NOT_SENT,
            Some(Outcome::Delivered { .. }) => return Err("it was taken".to_owned()),
            Some(_) => Found::Passed,
        })
    }

    async fn forged(&self) -> Seen {
        if self.place.secrets.is_empty() {
            return Ok(Found::Skipped("the platform asks for no secrets"));
        }
        let forged = self.place.secrets.iter().map(|(name, secret)| (name.clone(), secret.chars().rev().chain("0".chars()).collect()));
        Ok(match self.send_as(&self.forward("G"), &Secrets::from_iter(forged)).await? {
            None => NOT_SENT,
            Some(Outcome::Delivered { .. }) => return Err("it was taken".to_owned()),
            Some(_) => Found::Passed,
        })
    }
}

const NOT_SENT: Found = Found::Skipped("the adapter says that the platform is not told of this");
const NO_FILING: Found = Found::Skipped("no --filing was named");

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { .. } => "it was taken".to_owned(),
        Outcome::Retry { reason, .. } => format!("not now: {reason}"),
        Outcome::TokenExpired => "it does not take the access token".to_owned(),
        Outcome::Rejected { code, reason } => format!("refused ({code}): {reason}"),
        Outcome::Otherwise { reason } => format!("not this way, and there is no other: {reason}"),
    }
}
