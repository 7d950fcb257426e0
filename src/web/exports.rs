//! Lists as files, for people: the filters of the page, the form chosen.

use actix_web::{
    Responder,
    web::{self, ServiceConfig},
};

use super::{
    filters,
    page::{Page, Section},
    pages::failure::Failure,
    visit::{Answer, PageError, Visit},
};
use crate::app::export::{Export, ExportOrder, Format};

/// Mounts the downloads; before what has a name in the same place.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/duplicates/export", web::get().to(duplicates))
        .route("/cases/export", web::get().to(cases))
        .route("/deadlines/export", web::get().to(deadlines))
        .route("/indicators/export", web::get().to(indicators));
}

async fn duplicates(visit: Visit) -> impl Responder {
    visit
        .read(Section::Duplicates, async |visit, page| {
            let mut filter = filters::duplicates(page)?;
            filter.with_text = true;
            export(visit, page, Export::Duplicates(filter)).await
        })
        .await
}

async fn cases(visit: Visit) -> impl Responder {
    visit.read(Section::Cases, async |visit, page| export(visit, page, Export::Cases(filters::cases(page)?)).await).await
}

async fn deadlines(visit: Visit) -> impl Responder {
    visit.read(Section::Deadlines, async |visit, page| export(visit, page, Export::Deadlines(filters::deadlines(page)?)).await).await
}

async fn indicators(visit: Visit) -> impl Responder {
    visit.read(Section::Indicators, async |visit, page| export(visit, page, Export::Indicators(filters::indicators(page)?)).await).await
}

async fn export(visit: &Visit, page: &Page, export: Export) -> Result<Answer, PageError> {
    let format: Format = filters::word(page, "format")?.unwrap_or(Format::Csv);
    if !Format::ALL.contains(&format) {
        return Err(Failure::BadRequest("format".to_owned()).into());
    }
    let query = visit.query.iter().filter(|(name, value)| name != "lang" && !value.is_empty()).cloned().collect();
    let order = ExportOrder { export, format, bom: true, query, actor: visit.actor().await? };
    Ok(Answer::File(Box::new(visit.gateway.export(order).await?)))
}
