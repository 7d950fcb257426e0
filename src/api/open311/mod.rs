//! Open311 GeoReport v2: city services' own protocol, for those that speak it already.
//!
//! A service is a kind of filing, a jurisdiction a platform, a request a filing; the key is the platform's. Answers say what a
//! filing is and where it stands, never what was written or by whom. Platforms of the kind `open311` are public, as their
//! protocol is: their requests may be read without a key, accusations excepted.

mod document;
mod form;

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use self::{
    document::{Form, Refusal, answer},
    form::{Fields, field, fields},
};
use super::{
    auth::{self, Needed},
    body::{RawBody, expect_media_type},
    problem::Problem,
};
use crate::{
    app::{Gateway, ServiceRequest, ServiceRequestFilter},
    domain::{
        case::CaseStatus,
        id,
        platform::{PlatformKind, Scope},
        submission::Kind,
    },
};

/// A query answers this many days, or this many requests, whichever is less (GeoReport v2, "GET Service Requests").
const MAX_DAYS: i64 = 90;
const MAX_REQUESTS: usize = 1_000;
const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";
const READ: Needed = Needed { scopes: &[Scope::Submit, Scope::Handle, Scope::Monitor], whole: true };
const FILE: Needed = Needed { scopes: &[Scope::Submit], whole: true };
/// What readers without a key may see: an accusation's very existence can harm.
const PUBLIC: [Kind; 2] = [Kind::Request, Kind::Suggestion];

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(discover)
        .service(list_services)
        .service(get_service_definition)
        .service(post_request)
        .service(list_requests)
        .service(get_request)
        .service(get_request_by_token);
}

type Found = Result<(StatusCode, &'static str, Value), Refusal>;

/// Writes what was found, or why nothing was, in the form asked for.
fn respond(form: &str, found: impl FnOnce(Form) -> Found) -> HttpResponse {
    let Some(form) = Form::parse(form) else {
        return Refusal::missing("only .xml and .json are offered").respond(Form::Xml);
    };
    written(form, found(form))
}

fn written(form: Form, found: Found) -> HttpResponse {
    match found {
        Ok((status, root, content)) => answer(form, status, root, &content),
        Err(refusal) => refusal.respond(form),
    }
}

/// Discover the Open311 service
///
/// Where it is, what it speaks, and how to get a key.
#[utoipa::path(
    tag = "open311",
    operation_id = "open311Discovery",
    security(()),
    params(("format" = inline(Form), Path, description = "The form of the answer")),
    responses((status = 200, description = "The service", content((String = "text/xml"), (Value = "application/json"))), (status = "4XX", description = "Errors, in GeoReport's form")),
)]
#[get("/open311/v2/discovery.{format}")]
pub async fn discover(request: HttpRequest, form: web::Path<String>) -> HttpResponse {
    let host = request.connection_info();
    let url = format!("{}://{}/open311/v2", host.scheme(), host.host());
    let content = json!({
        "changeset": "2026-01-01T00:00:00Z",
        "contact": "The gateway's operator gives out keys.",
        "key_service": "The gateway's operator gives out keys: onecase key create --scopes submit",
        "endpoints": [{
            "specification": SPECIFICATION,
            "url": url,
            "changeset": "2026-01-01T00:00:00Z",
            "type": "production",
            "formats": ["text/xml", "application/json"],
        }],
    });
    respond(&form, |_| Ok((StatusCode::OK, "discovery", content)))
}

/// List the services of Open311
///
/// The kinds of filings.
#[utoipa::path(
    tag = "open311",
    operation_id = "open311Services",
    security(()),
    params(("format" = inline(Form), Path, description = "The form of the answer"), ("jurisdiction_id" = Option<String>, Query, description = "A platform")),
    responses((status = 200, description = "The services", content((String = "text/xml"), (Value = "application/json"))), (status = "4XX", description = "Errors, in GeoReport's form")),
)]
#[get("/open311/v2/services.{format}")]
pub async fn list_services(gateway: web::Data<Gateway>, request: HttpRequest, form: web::Path<String>) -> HttpResponse {
    respond(&form, |_| {
        known_jurisdiction(&gateway, &fields(request.query_string().as_bytes())?)?;
        let services = SERVICES.iter().map(|(kind, name, description)| {
            json!({
                "service_code": kind, "service_name": name, "description": description,
                "metadata": true, "type": "realtime", "keywords": name, "group": "信访",
            })
        });
        Ok((StatusCode::OK, "services", services.collect()))
    })
}

/// Read what a service of Open311 asks for
///
/// The attributes of a filing beyond what every request carries.
#[utoipa::path(
    tag = "open311",
    operation_id = "open311ServiceDefinition",
    security(()),
    params(
        ("code" = String, Path, description = "The service"),
        ("format" = inline(Form), Path, description = "The form of the answer"),
        ("jurisdiction_id" = Option<String>, Query, description = "A platform"),
    ),
    responses((status = 200, description = "The definition", content((String = "text/xml"), (Value = "application/json"))), (status = "4XX", description = "Errors, in GeoReport's form")),
)]
#[get("/open311/v2/services/{code}.{format}")]
pub async fn get_service_definition(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (code, form) = path.into_inner();
    respond(&form, |_| {
        known_jurisdiction(&gateway, &fields(request.query_string().as_bytes())?)?;
        if form::kind(&code).is_none() {
            return Err(Refusal::missing("service_code was not found"));
        }
        let attributes = ATTRIBUTES.iter().enumerate().map(|(index, (code, description, hint))| {
            json!({
                "variable": true, "code": code, "datatype": "string", "required": false,
                "datatype_description": hint, "order": index + 1, "description": description,
            })
        });
        Ok((StatusCode::OK, "service_definition", json!({ "service_code": code, "attributes": attributes.collect::<Vec<_>>() })))
    })
}

/// File over Open311
///
/// A form becomes a filing of the key's platform. `attribute[subject]`, `attribute[category]` and `attribute[division]` say more;
/// `source_id`, an addition of ours, names the filing, so that it can be sent again.
#[utoipa::path(
    tag = "open311",
    operation_id = "open311PostRequest",
    security(()),
    params(("format" = inline(Form), Path, description = "The form of the answer")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form, with `api_key`"),
    responses((status = 201, description = "The filing's number", content((String = "text/xml"), (Value = "application/json"))), (status = "4XX", description = "Errors, in GeoReport's form")),
)]
#[post("/open311/v2/requests.{format}")]
pub async fn post_request(gateway: web::Data<Gateway>, request: HttpRequest, form: web::Path<String>, body: RawBody) -> HttpResponse {
    let Some(form) = Form::parse(&form) else {
        return Refusal::missing("only .xml and .json are offered").respond(Form::Xml);
    };
    written(form, file(&gateway, &request, &body.0).await)
}

async fn file(gateway: &Gateway, request: &HttpRequest, body: &[u8]) -> Found {
    let expected = "application/x-www-form-urlencoded";
    expect_media_type(request, |essence| essence == expected, expected)?;
    let mut form = fields(request.query_string().as_bytes())?;
    form.extend(fields(body)?);
    let key = field(&form, "api_key").or_else(|| auth::key(request)).ok_or_else(|| Refusal::key("api_key was not provided"))?;
    let credential = auth::authenticate_key(gateway, request, key, FILE).await?;
    let platform = credential.platform.ok_or_else(|| Refusal::key("the api_key belongs to no platform"))?;
    if field(&form, "jurisdiction_id").is_some_and(|jurisdiction| jurisdiction != platform) {
        return Err(Refusal::missing("jurisdiction_id is not the one of the api_key"));
    }
    let made = id::new_id(gateway.now());
    let submission = form::submission(&form, field(&form, "source_id").unwrap_or(&made), gateway.now())?;
    let registered = gateway.submit(&platform, submission, None).await.map_err(Problem::from)?;
    let content = json!([{
        "service_request_id": registered.id,
        "service_notice": "已登记。办理情况可凭此编号查询。",
        "account_id": field(&form, "account_id"),
    }]);
    Ok((StatusCode::CREATED, "service_requests", content))
}

/// List the requests of Open311
///
/// Newest first, at most 90 days or 1,000 of them; of the key's platform, or without a key of a jurisdiction that is public.
#[utoipa::path(
    tag = "open311",
    operation_id = "open311Requests",
    security(()),
    params(
        ("format" = inline(Form), Path, description = "The form of the answer"),
        ("api_key" = Option<String>, Query, description = "A key of the gateway; headers do as well"),
        ("jurisdiction_id" = Option<String>, Query, description = "A platform"),
        ("service_request_id" = Option<String>, Query, description = "Only these, separated by commas; nothing else counts then"),
        ("service_code" = Option<String>, Query, description = "Only these services, separated by commas"),
        ("start_date" = Option<String>, Query, description = "Filed at this time or later"),
        ("end_date" = Option<String>, Query, description = "Filed before this time"),
        ("status" = Option<String>, Query, description = "`open`, `closed` or both"),
        ("page" = Option<u32>, Query, description = "Which page; 1 is the first", minimum = 1),
        ("page_size" = Option<u32>, Query, description = "How many a page has", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "The requests", content((String = "text/xml"), (Value = "application/json"))), (status = "4XX", description = "Errors, in GeoReport's form")),
)]
#[get("/open311/v2/requests.{format}")]
pub async fn list_requests(gateway: web::Data<Gateway>, request: HttpRequest, form: web::Path<String>) -> HttpResponse {
    let Some(form) = Form::parse(&form) else {
        return Refusal::missing("only .xml and .json are offered").respond(Form::Xml);
    };
    written(form, find(&gateway, &request, None).await)
}

/// Read a request of Open311
///
/// What it is and where it stands.
#[utoipa::path(
    tag = "open311",
    operation_id = "open311Request",
    security(()),
    params(
        ("id" = String, Path, description = "The filing"),
        ("format" = inline(Form), Path, description = "The form of the answer"),
        ("api_key" = Option<String>, Query, description = "A key of the gateway; headers do as well"),
        ("jurisdiction_id" = Option<String>, Query, description = "A platform"),
    ),
    responses((status = 200, description = "The request", content((String = "text/xml"), (Value = "application/json"))), (status = "4XX", description = "Errors, in GeoReport's form")),
)]
#[get("/open311/v2/requests/{id}.{format}")]
pub async fn get_request(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (id, form) = path.into_inner();
    let Some(form) = Form::parse(&form) else {
        return Refusal::missing("only .xml and .json are offered").respond(Form::Xml);
    };
    written(form, find(&gateway, &request, Some(&id)).await)
}

/// Read a request's number by its token
///
/// Numbers are given at once here, so a token is the number itself.
#[utoipa::path(
    tag = "open311",
    operation_id = "open311Token",
    security(()),
    params(
        ("token" = String, Path, description = "The token"),
        ("format" = inline(Form), Path, description = "The form of the answer"),
        ("api_key" = Option<String>, Query, description = "A key of the gateway; headers do as well"),
        ("jurisdiction_id" = Option<String>, Query, description = "A platform"),
    ),
    responses((status = 200, description = "The number", content((String = "text/xml"), (Value = "application/json"))), (status = "4XX", description = "Errors, in GeoReport's form")),
)]
#[get("/open311/v2/tokens/{token}.{format}")]
pub async fn get_request_by_token(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (token, form) = path.into_inner();
    let Some(form) = Form::parse(&form) else {
        return Refusal::missing("only .xml and .json are offered").respond(Form::Xml);
    };
    let found = find(&gateway, &request, Some(&token)).await;
    let number = |(status, root, _)| (status, root, json!([{ "service_request_id": token, "token": token }]));
    written(form, found.map(number))
}

/// What a caller may read.
struct Reader {
    /// `None`: all.
    platform: Option<String>,
    public: bool,
}

impl Reader {
    async fn of(gateway: &Gateway, request: &HttpRequest, query: &Fields) -> Result<Self, Refusal> {
        known_jurisdiction(gateway, query)?;
        let jurisdiction = field(query, "jurisdiction_id").map(str::to_owned);
        let Some(key) = field(query, "api_key").or_else(|| auth::key(request)) else {
            let public = jurisdiction.filter(|id| is_public(gateway, id));
            let refused = || Refusal::key("api_key was not provided, and the jurisdiction_id is not one whose requests are public");
            return Ok(Self { platform: Some(public.ok_or_else(refused)?), public: true });
        };
        let credential = auth::authenticate_key(gateway, request, key, READ).await?;
        if credential.scopes.contains(&Scope::Monitor) {
            return Ok(Self { platform: jurisdiction, public: false });
        }
        let own = credential.platform.ok_or_else(|| Refusal::key("the api_key belongs to no platform"))?;
        if jurisdiction.is_some_and(|asked| asked != own) {
            return Err(Refusal::missing("jurisdiction_id is not the one of the api_key"));
        }
        Ok(Self { platform: Some(own), public: false })
    }

    fn sees(&self, request: &ServiceRequest) -> bool {
        self.platform.as_ref().is_none_or(|own| *own == request.platform) && (!self.public || PUBLIC.contains(&request.kind))
    }
}

fn is_public(gateway: &Gateway, platform: &str) -> bool {
    gateway.federation().platform(platform).is_some_and(|found| found.platform.kind == PlatformKind::Open311)
}

fn known_jurisdiction(gateway: &Gateway, query: &Fields) -> Result<(), Refusal> {
    match field(query, "jurisdiction_id") {
        Some(id) if gateway.federation().platform(id).is_none() => Err(Refusal::missing("jurisdiction_id was not found")),
        _ => Ok(()),
    }
}

/// The requests that are asked for, or one by its number.
async fn find(gateway: &Gateway, request: &HttpRequest, id: Option<&str>) -> Found {
    let query = fields(request.query_string().as_bytes())?;
    let reader = Reader::of(gateway, request, &query).await?;
    let mut found = Vec::new();
    match id.or_else(|| field(&query, "service_request_id")) {
        Some(ids) => {
            for id in ids.split(',').map(str::trim).take(MAX_REQUESTS) {
                found.extend(gateway.service_request(id).await.map_err(Problem::from)?.filter(|found| reader.sees(found)));
            }
            if found.is_empty() && id.is_some() {
                return Err(Refusal::missing("service_request_id was not found"));
            }
        }
        None => {
            let (page, size) = page(&query)?;
            let mut filter = filter(&query, &reader, gateway.now())?;
            filter.limit = (page * size).min(MAX_REQUESTS);
            found = gateway.service_requests(filter).await.map_err(Problem::from)?;
            found = found.into_iter().skip((page - 1) * size).take(size).collect();
        }
    }
    Ok((StatusCode::OK, "service_requests", found.iter().map(view).collect()))
}

fn page(query: &Fields) -> Result<(usize, usize), Refusal> {
    let number = |name: &str, default: usize| match field(query, name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (1..=MAX_REQUESTS).contains(number))
            .ok_or_else(|| Refusal::bad(format!("{name} is not a number from 1 to {MAX_REQUESTS}"))),
    };
    Ok((number("page", 1)?, number("page_size", MAX_REQUESTS)?))
}

fn filter(query: &Fields, reader: &Reader, now: DateTime<Utc>) -> Result<ServiceRequestFilter, Refusal> {
    let until = time(query, "end_date")?.unwrap_or(now);
    let from = time(query, "start_date")?.unwrap_or(until - TimeDelta::days(MAX_DAYS)).max(until - TimeDelta::days(MAX_DAYS));
    let codes = field(query, "service_code").into_iter().flat_map(|codes| codes.split(',')).map(str::trim);
    let asked = codes.map(form::kind).collect::<Option<Vec<_>>>().ok_or_else(|| Refusal::missing("service_code was not found"))?;
    let kinds = match (reader.public, asked.is_empty()) {
        (false, _) => asked,
        (true, true) => PUBLIC.to_vec(),
        (true, false) => asked.into_iter().filter(|kind| PUBLIC.contains(kind)).collect(),
    };
    if reader.public && kinds.is_empty() {
        return Err(Refusal::key("an api_key is needed for this service"));
    }
    let mut closed = None;
    if let Some(statuses) = field(query, "status") {
        let parsed = statuses.split(',').map(|status| match status.trim() {
            "open" => Some(false),
            "closed" => Some(true),
            _ => None,
        });
        let parsed = parsed.collect::<Option<Vec<_>>>().ok_or_else(|| Refusal::bad("status is neither open nor closed"))?;
        closed = parsed.first().copied().filter(|first| parsed.iter().all(|status| status == first));
    }
    Ok(ServiceRequestFilter { platform: reader.platform.clone(), kinds, from, until, closed, limit: MAX_REQUESTS })
}

/// A time as clients write it, where an unescaped `+` has become a space.
fn time(query: &Fields, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let parse = |text: &str| DateTime::parse_from_rfc3339(&text.replace(' ', "+")).map(|time| time.to_utc());
    field(query, name)
        .map(|text| parse(text).map_err(|_| Refusal::bad(format!("{name} is not a time such as 2026-03-01T09:30:00+08:00"))))
        .transpose()
        // Outside these years neither store nor arithmetic is at home.
        .and_then(|time| match time {
            Some(time) if !(1970..=9000).contains(&chrono::Datelike::year(&time)) => Err(Refusal::bad(format!("{name} is out of range"))),
            other => Ok(other),
        })
}

fn view(request: &ServiceRequest) -> Value {
    let service = SERVICES.iter().find(|(kind, ..)| *kind == request.kind);
    let at = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({
        "service_request_id": request.id,
        "status": if request.is_closed() { "closed" } else { "open" },
        "status_notes": request.status.map(CaseStatus::as_str),
        "service_name": service.map(|(_, name, _)| *name),
        "service_code": request.kind.as_str(),
        "description": null,
        "agency_responsible": request.organization.as_ref().map(|body| body.name.clone()),
        "service_notice": request.case.as_ref().map(|case| format!("信访事项编号 {case}")),
        "requested_datetime": at(request.requested_at),
        "updated_datetime": at(request.updated_at),
        "expected_datetime": null,
        "address": request.place,
        "address_id": null,
        "zipcode": null,
        "lat": null,
        "long": null,
        "media_url": null,
    })
}

/// Kinds of filings, as services.
const SERVICES: [(Kind, &str, &str); 3] = [
    (Kind::Request, "申诉求决", "就自身权益请求处理"),
    (Kind::Suggestion, "建议意见", "对工作提出建议或意见"),
    (Kind::Accusation, "检举控告", "检举或控告违纪违法行为"),
];

/// What a filing can say beyond GeoReport's own members.
const ATTRIBUTES: [(&str, &str, &str); 3] = [
    ("subject", "标题", "不超过500字"),
    ("category", "问题分类", "至多三级，以“/”分隔，如：城乡建设/安全生产/事故处理"),
    ("division", "问题所在行政区划", "GB/T 2260 代码，如：430102"),
];
