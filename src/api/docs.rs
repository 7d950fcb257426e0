//! The contract for people: Swagger UI from the binary itself, and the page every problem's `type` points to.

use std::fmt::Write;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION},
    web,
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{openapi, problem::CODES_PAGE, responses::is_violation};
use crate::app::code::Code;

/// The OpenAPI document as it is sent, made once for all workers.
#[derive(Clone, Debug)]
pub struct Contract {
    text: String,
    tag: String,
}

impl Contract {
    pub fn new() -> Self {
        let text = openapi::document().to_string();
        let tag = format!("\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..16]);
        Self { text, tag }
    }
}

impl Default for Contract {
    fn default() -> Self {
        Self::new()
    }
}

pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/openapi.json", web::get().to(contract))
        .route(CODES_PAGE, web::get().to(codes_page))
        .route("/docs", web::get().to(|| async { HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish() }))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").validator_url("none").try_it_out_enabled(true)));
}

async fn contract(request: HttpRequest, contract: web::Data<Contract>) -> HttpResponse {
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == contract.tag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, contract.tag.clone())).insert_header((CACHE_CONTROL, "no-cache"));
    if known { response.finish() } else { response.content_type("application/json").body(contract.text.clone()) }
}

async fn codes_page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(render())
}

fn render() -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Onecase: error codes</title>\n<style>\nbody { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }\n\
         table { border-collapse: collapse; width: 100% }\nth, td { text-align: left; vertical-align: top; padding: .4rem .8rem; border-bottom: 1px solid #ccc }\n\
         tr:target { background: #fff3c4 }\ncode { white-space: nowrap }\n</style>\n</head>\n<body>\n<h1>Error codes</h1>\n\
         <p>A refusal is a problem (RFC 9457) with one of the codes of the first table. What is wrong with a body is listed in \
         its <code>violations</code>, each with a JSON Pointer and one of the codes of the second.</p>\n",
    );
    for (heading, violations) in [("Problems", false), ("Violations", true)] {
        let _ = write!(
            page,
            "<h2>{heading}</h2>\n<table>\n<thead><tr><th>Code</th><th>Status</th><th>What it means</th><th>What to do</th></tr></thead>\n<tbody>\n"
        );
        for code in Code::ALL.iter().filter(|code| is_violation(**code) == violations) {
            let (status, title, advice) = (code.status(), escape(code.title()), escape(code.advice()));
            let _ = writeln!(page, "<tr id=\"{code}\"><td><code>{code}</code></td><td>{status}</td><td>{title}</td><td>{advice}</td></tr>");
        }
        page.push_str("</tbody>\n</table>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// Our own words, with their back-quoted parts as code.
fn escape(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts: Vec<String> = escaped
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect();
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_place_on_the_page() {
        let page = render();
        for code in Code::ALL {
            assert_eq!(page.matches(&format!("<tr id=\"{code}\">")).count(), 1, "{code}");
        }
        assert!(!page.contains('`'));
    }
}
