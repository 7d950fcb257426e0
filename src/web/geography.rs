//! The map and the yearly report.

use actix_web::{
    Responder,
    web::{self, ServiceConfig},
};
use chrono::Datelike;
use tokio::try_join;

use super::{
    filters,
    page::{Section, address},
    pages::{
        failure::Failure,
        map::{self, MapData},
        reports,
    },
    visit::{Answer, Visit},
};
use crate::{
    app::query::IndicatorQuery,
    domain::{
        division::{self, Level},
        indicator::{Dimension, local_day},
    },
};

/// The cities of the Xinjiang corps, which are told apart from the region's on the national map.
const CORPS: &str = super::charts::tiles::CORPS;

pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/map", web::get().to(show_map))
        .route("/reports", web::get().to(this_year))
        .route("/reports/{year}", web::get().to(year_report));
}

async fn show_map(visit: Visit) -> impl Responder {
    visit
        .read(Section::Map, async |visit, page| {
            let gateway = &visit.gateway;
            let shown = filters::word(page, "show")?.unwrap_or_default();
            let query = IndicatorQuery { by: Some(Dimension::Division), ..filters::indicators(page)? };
            let national = division::level(&query.area) == Level::Nation;
            let of_corps = IndicatorQuery { area: CORPS.to_owned(), by: None, ..query.clone() };
            let cells = async { if national { Ok(None) } else { gateway.cells(&query.area).await.map(Some) } };
            let corps = async { if national { gateway.indicators(of_corps).await.map(|found| Some(found.total)) } else { Ok(None) } };
            let (figures, corps, cells) = try_join!(gateway.indicators(query.clone()), corps, cells)?;
            Ok(map::show(page, &MapData { figures, corps, cells, shown })?.into())
        })
        .await
}

/// The year asked for, or this one.
async fn this_year(visit: Visit) -> impl Responder {
    visit
        .read(Section::Reports, async |visit, page| {
            let year = filters::text(page, "year").unwrap_or_else(|| local_day(visit.gateway.now()).year().to_string());
            let year: i32 = year.parse().map_err(|_| Failure::BadRequest("year".to_owned()))?;
            let area = filters::text(page, "area").unwrap_or_default();
            let kept: &[(&str, &str)] = if area.is_empty() { &[] } else { &[("area", area.as_str())] };
            Ok(Answer::SeeOther(address(&format!("/reports/{year}"), kept)))
        })
        .await
}

async fn year_report(visit: Visit) -> impl Responder {
    visit
        .read(Section::Reports, async |visit, page| {
            let year = visit.named("year").parse().map_err(|_| Failure::NotFound)?;
            let area = filters::text(page, "area").unwrap_or_else(|| division::NATION.to_owned());
            if area.len() != 6 || !division::is_known(&area) {
                return Err(Failure::BadRequest("area".to_owned()).into());
            }
            let report = visit.gateway.year_report(year, area).await?;
            let report = report.ok_or(Failure::NotFound)?;
            let bodies = visit.gateway.federation().directory().iter().map(|body| (body.id.clone(), body.name.clone())).collect();
            Ok(reports::show(page, &report, &visit.names(), &bodies)?.into())
        })
        .await
}
