//! `/live`: tells pages that something has changed, by server-sent events. What has is not said: a page asks for itself again, with its
//! own filter and under the same key.

use std::{convert::Infallible, time::Duration};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING},
    web::Bytes,
};
use futures_util::stream;
use tokio::time::Instant;

use super::visit::Visit;
use crate::app::{Follower, Gateway};

/// Between looks at what there is.
const LOOK: Duration = Duration::from_secs(2);
/// A stream says that it lives this often; proxies close what is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after this and the page takes it up again: a revoked key does not read on for ever.
const LIFE: Duration = Duration::from_secs(600);

struct Follow {
    gateway: Gateway,
    _place: Follower,
    known: Option<i64>,
    said: Instant,
    ends: Instant,
}

pub(super) async fn follow(visit: Visit) -> HttpResponse {
    let gateway = match visit.may_read().await {
        Ok(gateway) => gateway,
        Err(refused) => return refused,
    };
    let Ok(place) = gateway.follow_changes() else { return HttpResponse::ServiceUnavailable().finish() };
    let now = Instant::now();
    let follow = Follow { gateway, _place: place, known: None, said: now - HEARTBEAT, ends: now + LIFE };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // Compressing would hold events back.
        .insert_header((CONTENT_ENCODING, "identity"))
        .streaming(stream::unfold(follow, next))
}

async fn next(mut follow: Follow) -> Option<(Result<Bytes, Infallible>, Follow)> {
    while !follow.gateway.is_ending() && Instant::now() < follow.ends {
        // A store that does not answer now is asked again.
        let mark = follow.gateway.change_mark().await.ok().or(follow.known);
        if follow.known.is_none() {
            follow.known = mark;
        } else if mark != follow.known {
            follow.known = mark;
            follow.said = Instant::now();
            return Some((Ok(Bytes::from_static(b"event: changed\ndata:\n\n")), follow));
        }
        if follow.said.elapsed() >= HEARTBEAT {
            follow.said = Instant::now();
            return Some((Ok(Bytes::from_static(b": alive\n\n")), follow));
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}

/// `/metrics`, in the text format of `OpenMetrics`.
pub(super) async fn metrics(visit: Visit) -> HttpResponse {
    let gateway = match visit.may_read().await {
        Ok(gateway) => gateway,
        Err(refused) => return refused,
    };
    match gateway.metrics().await {
        Ok(text) => HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics cannot be read");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}
