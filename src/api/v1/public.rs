//! What anybody may ask: progress by a petitioner's code, and guidance before filing.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
    web,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        params::Params,
        problem::{Problem, Reply},
        responses::Open,
    },
    app::{Gateway, code::Code, network, view::PublicProgress},
    domain::{division, guidance::GuidanceEntry, submission::Channel},
};

/// How long platforms may keep guidance without asking, seconds.
const FRESH: u32 = 3_600;

/// Follow a case's progress
///
/// For petitioners: process, manner and result, the next statutory day, and what can be done now; nothing that was written, nobody's
/// name. The code is given to the platforms that filed, as `query_code`. Who asks many is answered 429 for a while.
#[utoipa::path(
    tag = "public",
    operation_id = "getPublicCase",
    security(()),
    params(("code" = String, Path, description = "The petitioner's code", example = "LJ7K2M9QX4TB3C-8F3K2MQZ")),
    responses((status = 200, description = "How far the case has come", body = PublicProgress), Open),
)]
#[get("/v1/public/cases/{code}")]
pub async fn get_public_case(gateway: web::Data<Gateway>, request: HttpRequest, code: web::Path<String>) -> Reply<HttpResponse> {
    let origin = request.peer_addr().map(|peer| network(peer.ip()).to_string()).unwrap_or_default();
    let progress = gateway.public_progress(&code, &origin).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(progress))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct GuidanceQuery {
    /// GB/T 2260 code; the nation unless said otherwise.
    #[param(example = "430102")]
    division: Option<String>,
    channel: Option<Channel>,
}

/// Read what people are told before they file
///
/// The text of the nearest division that has one, for the channel or for all, in Chinese and English. Keep it with its entity tag, and
/// ask with `If-None-Match`.
#[utoipa::path(
    tag = "public",
    operation_id = "getGuidance",
    security(()),
    params(GuidanceQuery, ("If-None-Match" = Option<String>, Header, description = "The entity tag of the text one has")),
    responses(
        (status = 200, description = "The text", body = GuidanceEntry, headers(("ETag" = String, description = "This text's tag"))),
        (status = 304, description = "Unchanged"),
        Open,
    ),
)]
#[get("/v1/guidance")]
pub async fn get_guidance(gateway: web::Data<Gateway>, request: HttpRequest, query: Params<GuidanceQuery>) -> Reply<HttpResponse> {
    let GuidanceQuery { division, channel } = query.0;
    let division = division.unwrap_or_else(|| division::NATION.to_owned());
    if !division::is_known(&division) {
        return Err(Problem::new(Code::InvalidQuery, "`division` cannot be used: expected a code of GB/T 2260."));
    }
    let entry = gateway.guidance(&division, channel).ok_or_else(|| Problem::of(Code::NotFound))?;
    let text = serde_json::to_string(entry).unwrap_or_default();
    let tag = format!("\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..16]);
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, format!("public, max-age={FRESH}")));
    Ok(if known { response.finish() } else { response.content_type("application/json").body(text) })
}
