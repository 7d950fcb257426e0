//! Requests in the platforms' own formats. The platform's adapter authenticates, reads and answers them.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    post, web,
};

use super::{
    auth,
    body::RawBody,
    finish::Verbatim,
    problem::{Problem, Reply},
};
use crate::{
    adapter,
    app::{Gateway, code::Code},
};

/// Take a platform's webhook
///
/// In the platform's own format; its adapter checks the signature and answers as the platform expects.
#[utoipa::path(
    tag = "callbacks",
    operation_id = "postCallback",
    security(()),
    params(("platform" = String, Path, description = "The platform")),
    request_body(content = String, content_type = "application/octet-stream", description = "In the platform's own format"),
    responses((status = "2XX", description = "In the platform's own format"), (status = "4XX", description = "In the platform's own format, or a problem")),
)]
#[post("/callbacks/{platform}")]
pub async fn post_callback(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    platform: web::Path<String>,
    body: RawBody,
) -> Reply<HttpResponse> {
    pass_on(&gateway, &request, &platform, body).await
}

/// Answer a platform's verification
#[utoipa::path(
    tag = "callbacks",
    operation_id = "getCallback",
    security(()),
    params(("platform" = String, Path, description = "The platform")),
    responses((status = "2XX", description = "In the platform's own format"), (status = "4XX", description = "In the platform's own format, or a problem")),
)]
#[get("/callbacks/{platform}")]
pub async fn get_callback(gateway: web::Data<Gateway>, request: HttpRequest, platform: web::Path<String>) -> Reply<HttpResponse> {
    pass_on(&gateway, &request, &platform, RawBody(web::Bytes::new())).await
}

/// Take a WeChat message
///
/// From an official account's server, plain or in safe mode; answered within its five seconds.
#[utoipa::path(
    tag = "callbacks",
    operation_id = "postWechatMessage",
    security(()),
    params(
        ("platform" = String, Path, description = "The platform"),
        ("signature" = Option<String>, Query, description = "SHA-1 over token, timestamp and nonce"),
        ("msg_signature" = Option<String>, Query, description = "The same with the encrypted message, in safe mode"),
        ("timestamp" = String, Query, description = "Seconds since 1970"),
        ("nonce" = String, Query, description = "Used once"),
    ),
    request_body(content = String, content_type = "text/xml", description = "The message, as WeChat sends it"),
    responses((status = 200, description = "Empty, or a passive reply", body = String, content_type = "text/xml"), (status = "4XX", description = "The signature is wrong")),
)]
#[post("/wechat/{platform}")]
pub async fn post_wechat_message(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    platform: web::Path<String>,
    body: RawBody,
) -> Reply<HttpResponse> {
    pass_on(&gateway, &request, &platform, body).await
}

/// Answer WeChat's verification
#[utoipa::path(
    tag = "callbacks",
    operation_id = "verifyWechat",
    security(()),
    params(
        ("platform" = String, Path, description = "The platform"),
        ("signature" = String, Query, description = "SHA-1 over token, timestamp and nonce"),
        ("timestamp" = String, Query, description = "Seconds since 1970"),
        ("nonce" = String, Query, description = "Used once"),
        ("echostr" = String, Query, description = "What to answer"),
    ),
    responses((status = 200, description = "`echostr`", body = String, content_type = "text/plain"), (status = "4XX", description = "The signature is wrong")),
)]
#[get("/wechat/{platform}")]
pub async fn verify_wechat(gateway: web::Data<Gateway>, request: HttpRequest, platform: web::Path<String>) -> Reply<HttpResponse> {
    pass_on(&gateway, &request, &platform, RawBody(web::Bytes::new())).await
}

async fn pass_on(gateway: &Gateway, request: &HttpRequest, platform: &str, body: RawBody) -> Reply<HttpResponse> {
    let peer = request.peer_addr();
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let request = adapter::Request {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers: headers.collect(),
        body: body.0.to_vec(),
    };
    match gateway.callback(platform, &request).await.map_err(Problem::from) {
        Ok(answer) => respond(answer),
        Err(problem) if problem.code() == Code::InvalidSignature => Err(auth::refused(gateway, peer, problem)),
        Err(problem) => Err(problem),
    }
}

fn respond(answer: adapter::Response) -> Reply<HttpResponse> {
    let status = StatusCode::from_u16(answer.status).map_err(Problem::internal)?;
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Problem::internal)?;
        response.insert_header((name, HeaderValue::from_str(&value).map_err(Problem::internal)?));
    }
    let mut response = response.body(answer.body);
    response.extensions_mut().insert(Verbatim);
    Ok(response)
}
