//! One request for a page: who asks, in which language, and how the answer is dressed.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    body::SizedStream,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::TryStreamExt;
use std::future::{Ready, ready};

use super::{
    page::{Page, Section, Theme},
    pages::{
        Names,
        failure::{self, Failure},
    },
    texts::Lang,
};
use crate::{
    app::{
        AppError, Gateway,
        export::{ExportError, Exported},
        network,
    },
    domain::platform::Scope,
};

/// Remembers the language that was chosen.
const LANGUAGE_COOKIE: &str = "lang";
/// Remembers the colours that were chosen.
const THEME_COOKIE: &str = "theme";
/// In seconds.
const YEAR: u32 = 365 * 24 * 60 * 60;
const MAX_PARAMETERS: usize = 32;
/// Who is at the machine itself and needs no key.
const LOCAL_ACTOR: &str = "local";
/// Everything a page refers to is its own; nothing runs in it but the one script of ours, nothing frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Set by proxies; a request with one of them does not come from this machine, whatever its peer address says.
const FORWARDING: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// What a handler is called with. Extracting it never fails: a refusal is a page too.
pub struct Visit {
    pub gateway: Gateway,
    pub query: Vec<(String, String)>,
    request: HttpRequest,
    lang: Lang,
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(gateway) = request.app_data::<web::Data<Gateway>>() else {
            return ready(Err(actix_web::error::ErrorInternalServerError("the pages are mounted without a gateway")));
        };
        let mut query =
            web::Query::<Vec<(String, String)>>::from_query(request.query_string()).map(web::Query::into_inner).unwrap_or_default();
        query.truncate(MAX_PARAMETERS);
        let asked = query.iter().find(|(name, _)| name == "lang").map(|(_, value)| value.as_str());
        let lang = Lang::choose(asked, cookie(request, LANGUAGE_COOKIE), text_header(request, header::ACCEPT_LANGUAGE.as_str()));
        ready(Ok(Self { gateway: gateway.get_ref().clone(), query, request: request.clone(), lang }))
    }
}

/// Why there is no page: shown to the person, or first of all logged.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    App(AppError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Template(#[from] askama::Error),
}

impl From<AppError> for PageError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Position => Self::Failure(Failure::BadRequest("cursor".to_owned())),
            AppError::Store(_) | AppError::TooManyFollowers => Self::App(error),
        }
    }
}

/// What a handler answers with.
pub enum Answer {
    Html(String),
    /// The page with what was wrong on it, and its status.
    Again(u16, String),
    SeeOther(String),
    File(Box<Exported>),
    /// The data alone, as JSON.
    Json(u16, String),
}

impl From<String> for Answer {
    fn from(html: String) -> Self {
        Self::Html(html)
    }
}

impl Visit {
    /// Answers a reader with what `make` makes of the page's frame.
    pub async fn read(self, section: Section, make: impl AsyncFnOnce(&Self, &Page) -> Result<Answer, PageError>) -> HttpResponse {
        self.answer(section, Scope::Monitor, make).await
    }

    /// Lets an administrator change something, if one of our own pages asked for it.
    pub async fn change(self, section: Section, make: impl AsyncFnOnce(&Self, &Page) -> Result<Answer, PageError>) -> HttpResponse {
        if !self.is_from_own_page() {
            return self.refuse(&self.frame(Some(section)), &Failure::Forbidden);
        }
        self.answer(section, Scope::Administer, make).await
    }

    /// Answers anybody.
    pub async fn open(self, make: impl AsyncFnOnce(&Self, &Page) -> Result<Answer, PageError>) -> HttpResponse {
        let page = self.frame(None);
        let outcome = make(&self, &page).await;
        self.finish(&page, outcome)
    }

    /// Names of the federation's platforms.
    pub fn names(&self) -> Names {
        Names::of_federation(self.gateway.federation())
    }

    /// The network the request comes from.
    pub fn origin(&self) -> String {
        self.request.peer_addr().map(|peer| network(peer.ip()).to_string()).unwrap_or_default()
    }

    /// True if a program asks, for the data alone.
    pub fn wants_json(&self) -> bool {
        let accepts = text_header(&self.request, header::ACCEPT.as_str()).unwrap_or_default();
        accepts.contains("application/json") && !accepts.contains("text/html")
    }

    async fn answer(
        self,
        section: Section,
        scope: Scope,
        make: impl AsyncFnOnce(&Self, &Page) -> Result<Answer, PageError>,
    ) -> HttpResponse {
        let page = self.frame(Some(section));
        let outcome = match self.check(scope).await {
            Ok(()) => make(&self, &page).await,
            Err(error) => Err(error),
        };
        self.finish(&page, outcome)
    }

    fn finish(&self, page: &Page, outcome: Result<Answer, PageError>) -> HttpResponse {
        match outcome {
            Ok(Answer::Html(html)) => self.dress(StatusCode::OK, html),
            Ok(Answer::Again(status, html)) => self.dress(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), html),
            Ok(Answer::Json(status, json)) => HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST))
                .content_type("application/json")
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .body(json),
            Ok(Answer::File(exported)) => download(*exported),
            Ok(Answer::SeeOther(address)) => HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish(),
            Err(PageError::Failure(failure)) => self.refuse(page, &failure),
            Err(error) => {
                // The route, not the address: an address may name a case.
                tracing::error!(route = self.request.match_pattern(), error = chain(&error), "page could not be made");
                self.refuse(page, &Failure::Unavailable)
            }
        }
    }

    /// Whether who asks may read pages, for what is not one; else why not.
    pub async fn may_read(self) -> Result<Gateway, HttpResponse> {
        match self.check(Scope::Monitor).await {
            Ok(()) => Ok(self.gateway),
            Err(PageError::Failure(failure)) => Err(self.refuse(&self.frame(None), &failure)),
            Err(_) => Err(self.refuse(&self.frame(None), &Failure::Unavailable)),
        }
    }

    pub fn missing(self) -> HttpResponse {
        self.refuse(&self.frame(None), &Failure::NotFound)
    }

    /// A value of the path.
    pub fn named(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    fn frame(&self, section: Option<Section>) -> Page {
        let asked = self.query.iter().find(|(name, _)| name == "theme").map(|(_, value)| value.as_str());
        let theme = asked.or_else(|| cookie(&self.request, THEME_COOKIE)).and_then(Theme::parse);
        Page::new(self.lang, section, self.gateway.now(), self.request.path(), self.query.clone()).themed(theme)
    }

    /// People at this machine may read and administer; everybody else shows an API key that may, as the password of basic
    /// authentication (any name).
    async fn check(&self, scope: Scope) -> Result<(), PageError> {
        if self.is_local() {
            return Ok(());
        }
        let Some(key) = self.key() else { return Err(Failure::Unauthorized.into()) };
        match self.gateway.authenticate(&key).await? {
            None => Err(Failure::Unauthorized.into()),
            Some(credential) if credential.platform.is_none() && credential.division.is_none() && credential.scopes.contains(&scope) => {
                Ok(())
            }
            Some(_) => Err(Failure::NotAllowed.into()),
        }
    }

    /// Who asks, for what is recorded.
    pub async fn actor(&self) -> Result<String, PageError> {
        let Some(key) = self.key() else { return Ok(LOCAL_ACTOR.to_owned()) };
        let credential = self.gateway.authenticate(&key).await?;
        Ok(credential.map_or_else(|| LOCAL_ACTOR.to_owned(), |credential| credential.actor()))
    }

    fn key(&self) -> Option<String> {
        let shown = text_header(&self.request, header::AUTHORIZATION.as_str())?;
        // Prometheus and other programs show it as they do to the API.
        if let Some(key) = shown.strip_prefix("Bearer ") {
            return Some(key.to_owned());
        }
        let basic = shown.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(basic.trim()).ok()?).ok()?;
        decoded.split_once(':').map(|(_, key)| key.to_owned())
    }

    /// Peer, host and path all on this machine. The host is looked at because another site's name may be made to point here.
    fn is_local(&self) -> bool {
        let peer = self.request.peer_addr().is_some_and(|address| address.ip().is_loopback());
        let forwarded = FORWARDING.iter().any(|name| self.request.headers().contains_key(*name));
        peer && !forwarded && text_header(&self.request, header::HOST.as_str()).is_some_and(is_local_host)
    }

    /// True if the browser says that a page of this site sent the form.
    fn is_from_own_page(&self) -> bool {
        match text_header(&self.request, "sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => {
                let origin = text_header(&self.request, header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
                let host = text_header(&self.request, header::HOST.as_str());
                origin.is_some_and(|(_, authority)| Some(authority) == host)
            }
        }
    }

    fn refuse(&self, page: &Page, failure: &Failure) -> HttpResponse {
        let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let html = failure::render(page, failure).unwrap_or_else(|_| failure.to_string());
        let mut response = self.dress(status, html);
        if *failure == Failure::Unauthorized {
            let challenge = header::HeaderValue::from_static("Basic realm=\"Onecase\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn dress(&self, status: StatusCode, html: String) -> HttpResponse {
        let mut response = HttpResponse::build(status);
        response
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_LANGUAGE, self.lang.tag()))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::REFERRER_POLICY, "same-origin"))
            // Cases are on it: neither a proxy nor a shared browser keeps it.
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if self.query.iter().any(|(name, _)| name == "lang") {
            let cookie = format!("{LANGUAGE_COOKIE}={}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax", self.lang.tag());
            response.append_header((header::SET_COOKIE, cookie));
        }
        if let Some((_, theme)) = self.query.iter().find(|(name, _)| name == "theme") {
            let theme = Theme::parse(theme).map_or("", |_| theme.as_str());
            let cookie = format!("{THEME_COOKIE}={theme}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax");
            response.append_header((header::SET_COOKIE, cookie));
        }
        response.body(html)
    }
}

/// A file, with its digest and where its manifest is.
fn download(exported: Exported) -> HttpResponse {
    let (bytes, disposition) = (exported.manifest.bytes, format!("attachment; filename=\"{}\"", exported.file_name()));
    HttpResponse::Ok()
        .content_type(exported.manifest.format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::LINK, format!("</v1/exports/{}>; rel=\"describedby\"", exported.manifest.id)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(header::ContentEncoding::Identity)
        .body(SizedStream::new(bytes, Box::pin(exported.into_chunks().map_ok(web::Bytes::from))))
}

fn cookie<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let cookies = text_header(request, header::COOKIE.as_str())?;
    cookies.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

fn text_header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn is_local_host(host: &str) -> bool {
    let has_port = |name: &str, port: &str| port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']'));
    let name = host.rsplit_once(':').filter(|(name, port)| has_port(name, port)).map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An error and what caused it, as one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for (host, local) in [
            ("localhost", true),
            ("LOCALHOST:8311", true),
            ("127.0.0.1:8311", true),
            ("[::1]:8311", true),
            ("rebound.example:8311", false),
            ("127.0.0.1.example", false),
            ("10.0.0.1:80", false),
            ("", false),
        ] {
            assert_eq!(is_local_host(host), local, "{host}");
        }
    }
}
