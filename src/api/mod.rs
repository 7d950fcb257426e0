//! JSON over HTTP: thin handlers that authenticate, call one use case and answer with a type.
//!
//! Every refusal is a [`problem`]; [`finish`] sees to it that nothing else leaves. The contract is collected from the
//! handlers ([`openapi`]), committed under `openapi/` and compared by a test.

pub mod auth;
pub mod body;
pub mod callbacks;
pub mod docs;
pub mod etag;
pub mod examples;
pub mod finish;
pub mod health;
pub mod ndjson;
pub mod ogc;
pub mod open311;
pub mod openapi;
pub mod params;
pub mod prefer;
pub mod problem;
pub mod responses;
pub mod server;
pub mod tls;
pub mod trace;
pub mod v1;

mod convert;

use utoipa_actix_web::service_config::ServiceConfig;

/// Mounts every operation of the contract. Only `service` puts an operation into the document; `route` would leave it out.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(v1::configure)
        .configure(open311::configure)
        .configure(ogc::configure)
        .service(callbacks::post_callback)
        .service(callbacks::get_callback)
        .service(callbacks::post_wechat_message)
        .service(callbacks::verify_wechat)
        .service(health::get_health)
        .service(health::get_readiness);
}
