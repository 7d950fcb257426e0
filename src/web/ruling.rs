//! A person decides about two filings: one case, two cases, or taken apart again.

use actix_web::{Responder, web::Form};
use serde::Deserialize;

use super::{
    page::{Section, address},
    pages::{duplicates::Offer, failure::Failure},
    visit::{Answer, PageError, Visit},
};
use crate::app::{AppError, Decree, Gateway, RuleError, view::DuplicateView};

const MAX_ACTOR: usize = 60;
const MAX_REASON: usize = 500;

/// What the form on the evidence page sends.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    action: Action,
    /// The filing it was compared with.
    with: String,
    /// Of the case that was looked at.
    version: u64,
    actor: String,
    reason: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Merge,
    KeepApart,
    Split,
}

/// What can be decided about the two: nothing where the case is gone.
pub(super) async fn offer(gateway: &Gateway, duplicate: &DuplicateView) -> Result<Option<Offer>, AppError> {
    let (later, earlier) = (&duplicate.submission.case, &duplicate.compared_with.case);
    let case = gateway.case(earlier).await?;
    Ok(case.map(|case| Offer { version: case.version, together: later == earlier }))
}

pub(super) async fn rule(visit: Visit, form: Result<Form<Sent>, actix_web::Error>) -> impl Responder {
    visit
        .change(Section::Duplicates, async |visit, _| {
            let Ok(Form(sent)) = form else { return Err(Failure::BadRequest("action".to_owned()).into()) };
            let submission = visit.named("submission");
            let found = visit.gateway.submission_matches(submission, false).await?;
            let pair = found.into_iter().find(|view| view.compared_with.id == sent.with).ok_or(Failure::NotFound)?;
            let decree = Decree {
                actor: signed(visit, &required(&sent.actor, MAX_ACTOR, "actor")?),
                reason: required(&sent.reason, MAX_REASON, "reason")?,
                expected_version: Some(sent.version),
                other_version: None,
            };
            let (earlier, later) = (&pair.compared_with.case, &pair.submission.case);
            match sent.action {
                Action::Merge => visit.gateway.merge(earlier, later, decree).await,
                Action::KeepApart => visit.gateway.keep_apart(earlier, later, decree).await,
                Action::Split => visit.gateway.split(earlier, vec![submission.to_owned()], decree).await,
            }?;
            let back = address(&format!("/duplicates/{submission}"), &[("with", &sent.with), ("ruled", "1")]);
            Ok(Answer::SeeOther(back))
        })
        .await
}

/// The name given, with the key it was given under.
fn signed(visit: &Visit, actor: &str) -> String {
    visit.key_id().map_or_else(|| actor.to_owned(), |key| format!("{actor} ({key})"))
}

fn required(text: &str, most: usize, name: &str) -> Result<String, Failure> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= most;
    fits.then(|| text.to_owned()).ok_or_else(|| Failure::BadRequest(name.to_owned()))
}

impl From<RuleError> for PageError {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::UnknownCase => Failure::NotFound.into(),
            RuleError::Changed => Failure::Conflict("error.changed").into(),
            RuleError::SameCase => Failure::Conflict("error.same_case").into(),
            RuleError::KeptApart => Failure::Conflict("error.kept_apart").into(),
            RuleError::NotApart => Failure::Conflict("error.not_apart").into(),
            RuleError::BadSplit => Failure::Conflict("error.bad_split").into(),
            RuleError::Store(error) => Self::App(error.into()),
        }
    }
}
