//! Erasing personal data.

use actix_web::{post, web};

use crate::{
    api::{
        auth::{Administer, Caller},
        body::JsonBody,
        problem::Reply,
        responses::Reporting,
    },
    app::{
        Gateway,
        validate::{self, ErasureOrder},
        view::ErasureView,
    },
};

/// Erase a filing's personal data
///
/// For good: everything that the filing says and everybody on it, its revisions, and what of it has not been sent yet. Its number, its links,
/// its fingerprint and every decision stay, and the audit log has a leaf of it. What platforms were sent is theirs to erase: the event
/// `onecase.submission.erased` tells them. Sent again, it is answered as the first time.
#[utoipa::path(
    tag = "submissions",
    operation_id = "eraseSubmission",
    params(("id" = String, Path, description = "The gateway's number of the filing")),
    request_body(content = ErasureOrder, description = "Why"),
    responses((status = 200, description = "It is erased", body = ErasureView), Reporting),
)]
#[post("/v1/submissions/{id}/erasure")]
pub async fn erase_submission(
    caller: Caller<Administer>,
    gateway: web::Data<Gateway>,
    id: web::Path<String>,
    body: JsonBody,
) -> Reply<web::Json<ErasureView>> {
    let order = validate::erasure_order(&body.0, gateway.now())?;
    Ok(web::Json(gateway.erase(&id, &caller.actor(), &order.reason).await?))
}
