//! One supervision: what it is about, the body's answer, and what became of a proposal.

use actix_web::{
    HttpResponse, Responder,
    web::{self, ServiceConfig},
};

use super::{
    decisions::{Fields, Stopped, field, ordered, signed},
    page::{Page, Section, address},
    pages::{
        failure::Failure,
        reviews::{Refusal, RefusalCause},
        supervisions,
    },
    visit::{PageError, Visit},
};
use crate::{
    app::{AdoptionVerdict, AppError, Gateway, SupervisionError, validate::SupervisionAnswer},
    domain::{access::Reach, platform::Scope},
};

/// Characters of an answer, as over HTTP.
const MAX_ANSWER: usize = 2_000;

/// The addresses.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/supervisions/{id}", web::get().to(supervision))
        .route("/supervisions/{id}/answer", web::post().to(answer))
        .route("/supervisions/{id}/adoption", web::post().to(adoption));
}

async fn supervision(visit: Visit) -> impl Responder {
    visit.read(Section::Supervisions, async |visit, page| Ok(drawn(visit, page, None).await?.into())).await
}

async fn drawn(visit: &Visit, page: &Page, refused: Option<&Refusal>) -> Result<String, PageError> {
    let found = visit.gateway.supervision_by_id(&Reach::default(), visit.named("id")).await?.ok_or(Failure::NotFound)?;
    Ok(supervisions::detail(page, &found, &visit.names(), refused)?)
}

impl From<SupervisionError> for Stopped {
    fn from(error: SupervisionError) -> Self {
        match error {
            SupervisionError::Unknown | SupervisionError::Ended | SupervisionError::NoProposal => Self::Refused(RefusalCause::Changed),
            SupervisionError::Store(error) => Self::Failed(AppError::from(error).into()),
        }
    }
}

/// Carries an order about a supervision out and shows what came of it.
async fn about(visit: Visit, written: &str, carry_out: impl AsyncFnOnce(&Gateway, &str) -> Result<(), Stopped>) -> HttpResponse {
    let id = visit.named("id").to_owned();
    let order = async |gateway: &Gateway| {
        carry_out(gateway, &id).await?;
        Ok(address(&format!("/supervisions/{id}"), &[]))
    };
    let again = async |visit: &Visit, page: &Page, refused| drawn(visit, page, Some(&refused)).await;
    ordered(visit, Section::Supervisions, written, order, again).await
}

async fn answer(visit: Visit, fields: Fields) -> HttpResponse {
    let content = field(&fields, "content").replace("\r\n", "\n");
    about(visit, &content, async |gateway, id| {
        let credential = gateway.authenticate(field(&fields, "key")).await?.ok_or(RefusalCause::Key)?;
        let platform = credential.platform.as_deref().filter(|_| credential.scopes.contains(&Scope::Handle));
        let platform = platform.ok_or(RefusalCause::NotAllowed)?;
        if content.is_empty() || content.chars().count() > MAX_ANSWER {
            return Err(RefusalCause::Reason.into());
        }
        gateway.answer_supervision(platform, id, SupervisionAnswer { content: content.clone() }).await?;
        Ok(())
    })
    .await
}

async fn adoption(visit: Visit, fields: Fields) -> HttpResponse {
    about(visit, field(&fields, "reason"), async |gateway, id| {
        let (actor, note) = signed(gateway, &fields).await?;
        let adopted = match field(&fields, "adopted") {
            "yes" => true,
            "no" => false,
            _ => return Err(RefusalCause::Choice.into()),
        };
        gateway.record_adoption(id, None, AdoptionVerdict { adopted, note, actor }).await?;
        Ok(())
    })
    .await
}
