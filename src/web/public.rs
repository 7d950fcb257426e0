//! The page for petitioners: no key, no navigation, nothing personal.

use actix_web::{
    Responder,
    web::{self, ServiceConfig},
};

use super::{
    filters,
    page::address,
    pages::public::{self, Refused},
    visit::{Answer, Visit},
};
use crate::{app::PublicError, domain::division};

pub fn configure(config: &mut ServiceConfig) {
    config.route("/public", web::get().to(ask)).route("/public/cases/{code}", web::get().to(case));
}

async fn ask(visit: Visit) -> impl Responder {
    visit
        .open(async |visit, page| match filters::text(page, "code") {
            Some(code) => Ok(Answer::SeeOther(address(&format!("/public/cases/{}", code.to_ascii_uppercase()), &[]))),
            None => Ok(public::ask(page, None, visit.gateway.guidance(division::NATION, None))?.into()),
        })
        .await
}

async fn case(visit: Visit) -> impl Responder {
    visit
        .open(async |visit, page| {
            let refused = match visit.gateway.public_progress(visit.named("code"), &visit.origin()).await {
                Ok(progress) if visit.wants_json() => return Ok(Answer::Json(200, serde_json::to_string(&progress).unwrap_or_default())),
                Ok(progress) => return Ok(public::show(page, &progress)?.into()),
                Err(PublicError::App(error)) => return Err(error.into()),
                Err(PublicError::Unknown) => Refused::Unknown,
                Err(PublicError::TooMany { .. }) => Refused::TooMany,
            };
            if visit.wants_json() {
                return Ok(Answer::Json(refused.status(), "null".to_owned()));
            }
            Ok(Answer::Again(refused.status(), public::ask(page, Some(refused), None)?))
        })
        .await
}
