//! The review queue: what waits for a person's decision.

use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::duplicates::Include;
use crate::{
    api::{
        auth::{Caller, ReadReviews},
        params::{self, Params},
        problem::Reply,
        responses::Listing,
    },
    app::{Gateway, view::ReviewQueue},
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ReviewQuery {
    #[param(inline)]
    include: Option<Include>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// List what waits for a decision
///
/// Possible duplicates, the most valuable decision first: probability times the work two bodies do while it waits, and
/// what a person's look saves over the better guess. Decide with `merge` or `keep-apart` on the case, and ask again. With `include=text` it
/// is recorded that the key read the words of these cases.
#[utoipa::path(
    tag = "cases",
    operation_id = "listReviews",
    params(ReviewQuery),
    responses((status = 200, description = "The queue", body = ReviewQueue), Listing),
)]
#[get("/v1/reviews")]
pub async fn list_reviews(
    caller: Caller<ReadReviews>,
    gateway: web::Data<Gateway>,
    query: Params<ReviewQuery>,
) -> Reply<web::Json<ReviewQueue>> {
    let page = params::page("reviews", query.0.limit, None)?;
    let with_text = query.0.include == Some(Include::Text);
    let queue = gateway.reviews(page.limit as usize, with_text, caller.division().division).await?;
    let read = queue.items.iter().flat_map(|review| review.evidence.cases_with_text()).collect();
    gateway.note_reading(&caller.actor(), "GET /v1/reviews?include=text", read).await?;
    Ok(web::Json(queue))
}
