//! OGC API Features, part 1 (OGC 17-069r4): cases as GeoJSON for geographic information systems.
//!
//! Only cases whose founding filing gives a point are features. The point is the middle of a grid cell, never what was filed.

#![allow(unused_qualifications, reason = "the macro that describes an operation repeats the types it is given")]

mod document;

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub use document::{
    CaseFeature, CaseFeatures, CaseProperties, CellMiddle, OgcCollection, OgcCollections, OgcConformance, OgcExtent, OgcLanding, OgcLink,
    OgcSpatialExtent, OgcTemporalExtent,
};

use super::{
    auth::{Caller, Monitor},
    params::{self, Params},
    problem::{Problem, Reply},
    responses::{Listing, Reading},
};
use crate::{
    app::{
        Gateway, MAX_PLACES,
        code::Code,
        query::{Page, PlaceFilter},
    },
    domain::{case::CaseStatus, division, spot::Bounds, submission::Kind},
};

const GEOJSON: &str = "application/geo+json";
const JSON: &str = "application/json";
const COLLECTION: &str = "cases";
const DEFAULT_LIMIT: u32 = 100;
/// More than this is a mistake; more than a page holds is answered with a page.
const MAX_ASKED: u32 = 10_000;
/// WGS 84, longitude first.
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const CONFORMANCE: [&str; 2] =
    ["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson"];
/// China, degrees.
const EXTENT: [f64; 4] = [73.0, 3.0, 136.0, 54.0];

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(get_landing)
        .service(get_conformance)
        .service(list_collections)
        .service(get_collection)
        .service(list_features)
        .service(get_feature)
        // The same page, as a folder is written.
        .route("/ogc/", web::get().to(landing));
}

/// Links are absolute: others keep them.
struct Links(String);

impl Links {
    fn of(request: &HttpRequest) -> Self {
        let connection = request.connection_info();
        Self(format!("{}://{}", connection.scheme(), connection.host()))
    }

    fn to(&self, rel: &str, path: &str, media_type: &str, title: &str) -> OgcLink {
        OgcLink { href: format!("{}{path}", self.0), rel: rel.to_owned(), media_type: media_type.to_owned(), title: title.to_owned() }
    }
}

/// Begin with OGC API Features
///
/// The landing page: links to the collections, the conformance classes and the API's description.
#[utoipa::path(
    tag = "ogc",
    operation_id = "ogcLanding",
    responses((status = 200, description = "The landing page", body = OgcLanding), Listing),
)]
#[get("/ogc")]
pub async fn get_landing(caller: Caller<Monitor>, request: HttpRequest) -> web::Json<OgcLanding> {
    landing(caller, request).await
}

async fn landing(_caller: Caller<Monitor>, request: HttpRequest) -> web::Json<OgcLanding> {
    let links = Links::of(&request);
    web::Json(OgcLanding {
        title: "Onecase 联件".to_owned(),
        description: "Petition cases by place: status, category, the body that resolves and the body of the place. Nothing personal; \
                      places are the middles of grid cells."
            .to_owned(),
        links: vec![
            links.to("self", "/ogc", JSON, "This document"),
            links.to("service-desc", "/openapi.json", "application/vnd.oai.openapi+json;version=3.1", "The description of the API"),
            links.to("service-doc", "/docs/", "text/html", "The documentation of the API"),
            links.to("conformance", "/ogc/conformance", JSON, "Conformance classes"),
            links.to("data", "/ogc/collections", JSON, "Collections"),
        ],
    })
}

/// List conformance classes
///
/// What of OGC API Features is implemented: the core, and GeoJSON.
#[utoipa::path(
    tag = "ogc",
    operation_id = "ogcConformance",
    responses((status = 200, description = "The classes", body = OgcConformance), Listing),
)]
#[get("/ogc/conformance")]
pub async fn get_conformance(_caller: Caller<Monitor>) -> web::Json<OgcConformance> {
    web::Json(OgcConformance { conforms_to: CONFORMANCE.map(str::to_owned).to_vec() })
}

fn cases(links: &Links) -> OgcCollection {
    OgcCollection {
        id: COLLECTION.to_owned(),
        title: "Cases 信访事项".to_owned(),
        description: "Canonical cases whose founding filing gives a point.".to_owned(),
        extent: OgcExtent {
            spatial: OgcSpatialExtent { bbox: vec![EXTENT] },
            temporal: OgcTemporalExtent { interval: vec![[None, None]] },
        },
        item_type: "feature".to_owned(),
        crs: vec![CRS84.to_owned()],
        links: vec![
            links.to("self", "/ogc/collections/cases", JSON, "This collection"),
            links.to("items", "/ogc/collections/cases/items", GEOJSON, "The cases"),
        ],
    }
}

/// List collections
///
/// There is one: the cases.
#[utoipa::path(
    tag = "ogc",
    operation_id = "ogcCollections",
    responses((status = 200, description = "The collections", body = OgcCollections), Listing),
)]
#[get("/ogc/collections")]
pub async fn list_collections(_caller: Caller<Monitor>, request: HttpRequest) -> web::Json<OgcCollections> {
    let links = Links::of(&request);
    let own = links.to("self", "/ogc/collections", JSON, "This document");
    web::Json(OgcCollections { links: vec![own], collections: vec![cases(&links)] })
}

/// Read the collection of cases
///
/// Its extent, its coordinate reference system and where its items are.
#[utoipa::path(
    tag = "ogc",
    operation_id = "ogcCollection",
    responses((status = 200, description = "The collection", body = OgcCollection), Listing),
)]
#[get("/ogc/collections/cases")]
pub async fn get_collection(_caller: Caller<Monitor>, request: HttpRequest) -> web::Json<OgcCollection> {
    web::Json(cases(&Links::of(&request)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct FeatureQuery {
    /// West, south, east, north in degrees; of six numbers the third and sixth are heights and do not count.
    #[param(example = "112.9,28.1,113.1,28.3")]
    bbox: Option<String>,
    /// When the case was registered: a time, or an interval whose open end is `..` (RFC 3339).
    #[param(example = "2026-01-01T00:00:00Z/..")]
    datetime: Option<String>,
    /// GB/T 2260 code: this division and all inside it.
    division: Option<String>,
    /// This category path and all below it.
    category: Option<String>,
    status: Option<CaseStatus>,
    kind: Option<Kind>,
    /// The body that must resolve it (化解责任).
    resolving_body: Option<String>,
    /// The petition office of the place (属地责任).
    territorial_body: Option<String>,
    /// More than 1,000 is answered with 1,000.
    #[param(minimum = 1, maximum = 10000, default = 100)]
    limit: Option<u32>,
    /// From the `next` link of the page before.
    #[param(min_length = 1, max_length = 512)]
    cursor: Option<String>,
}

/// List cases as features
///
/// GeoJSON, from south to north and from west to east. Follow the link `next` for more.
#[utoipa::path(
    tag = "ogc",
    operation_id = "ogcItems",
    params(FeatureQuery),
    responses((status = 200, description = "A page of features", body = CaseFeatures, content_type = "application/geo+json"), Listing),
)]
#[get("/ogc/collections/cases/items")]
pub async fn list_features(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<FeatureQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_ASKED).contains(&limit) {
        return Err(wrong("limit", &format!("a number from 1 to {MAX_ASKED}")));
    }
    let Page { after, .. } = params::page("ogc", None, query.cursor.as_deref())?;
    // More than the most is answered with the most, as the standard has it.
    let page = Page { limit: limit.min(MAX_PLACES), after };
    let filter = query.filter()?;
    let filter = PlaceFilter { division: caller.within(filter.division)?, ..filter };
    let matched = gateway.count_placed(filter.clone()).await?;
    let mut found = gateway.placed_cases(filter, page).await?;
    let links = Links::of(&request);
    let mut of_page = vec![
        links.to("self", &request.uri().to_string(), GEOJSON, "This page"),
        links.to("collection", "/ogc/collections/cases", JSON, "The collection"),
    ];
    if let Some(position) = found.next_cursor.take() {
        of_page.push(links.to("next", &params::next_address(&request, "ogc", &position), GEOJSON, "The next page"));
    }
    let width = gateway.map_grid();
    let features: Vec<CaseFeature> = found.items.into_iter().map(|case| CaseFeature::new(case, width)).collect();
    Ok(HttpResponse::Ok().content_type(GEOJSON).json(CaseFeatures {
        kind: "FeatureCollection".to_owned(),
        time_stamp: gateway.now(),
        number_matched: matched,
        number_returned: features.len() as u64,
        links: of_page,
        features,
    }))
}

impl FeatureQuery {
    fn filter(self) -> Reply<PlaceFilter> {
        let bounds =
            self.bbox.as_deref().map(|text| bounds(text).ok_or_else(|| wrong("bbox", "four or six numbers within the Earth's degrees")));
        let interval =
            self.datetime.as_deref().map(|text| interval(text).ok_or_else(|| wrong("datetime", "a time or an interval, RFC 3339")));
        let (registered_from, registered_until) = interval.transpose()?.unwrap_or_default();
        if self.division.as_deref().is_some_and(|code| !division::is_known(code)) {
            return Err(wrong("division", "a code of GB/T 2260"));
        }
        Ok(PlaceFilter {
            bounds: bounds.transpose()?,
            registered_from,
            registered_until,
            status: self.status,
            kind: self.kind,
            division: self.division,
            category: self.category,
            resolving_body: self.resolving_body,
            territorial_body: self.territorial_body,
        })
    }
}

fn wrong(name: &str, expected: &str) -> Problem {
    Problem::new(Code::InvalidQuery, format!("`{name}` cannot be used: expected {expected}."))
}

fn bounds(text: &str) -> Option<Bounds> {
    let numbers: Vec<f64> = text.split(',').map(|number| number.trim().parse().ok()).collect::<Option<_>>()?;
    let ([west, south, east, north] | [west, south, _, east, north, _]) = numbers[..] else { return None };
    let on_earth = [west, east].iter().all(|x| (-180.0..=180.0).contains(x)) && [south, north].iter().all(|y| (-90.0..=90.0).contains(y));
    (on_earth && south <= north).then_some(Bounds { west, south, east, north })
}

type Interval = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// From, and until, which is exclusive here and belongs to the interval there.
fn interval(text: &str) -> Option<Interval> {
    // An unescaped plus has become a space.
    let time = |text: &str| DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|time| time.to_utc());
    let end = |text: &str| if matches!(text, "" | "..") { Some(None) } else { time(text).map(Some) };
    let (from, until) = match text.split_once('/') {
        Some((from, until)) => (end(from)?, end(until)?),
        None => (Some(time(text)?), Some(time(text)?)),
    };
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        return None;
    }
    let after = until.map(|until| until.checked_add_signed(chrono::TimeDelta::milliseconds(1)));
    Some((from, after.flatten()))
}

/// Read a case as a feature
///
/// By its case code. A case without a place is not a feature.
#[utoipa::path(
    tag = "ogc",
    operation_id = "ogcItem",
    params(("id" = String, Path, description = "The case code")),
    responses((status = 200, description = "The feature", body = CaseFeature, content_type = "application/geo+json"), Reading),
)]
#[get("/ogc/collections/cases/items/{id}")]
pub async fn get_feature(
    caller: Caller<Monitor>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Reply<HttpResponse> {
    caller.sees_case(&gateway, &id).await?;
    let case = gateway.placed_case(&id).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    let links = Links::of(&request);
    let mut feature = CaseFeature::new(case, gateway.map_grid());
    feature.links = vec![
        links.to("self", request.path(), GEOJSON, "This case"),
        links.to("collection", "/ogc/collections/cases", JSON, "The collection"),
    ];
    Ok(HttpResponse::Ok().content_type(GEOJSON).json(feature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_has_four_numbers_or_six() {
        for (text, expected) in [
            ("112.9,28.1,113.1,28.3", Some((112.9, 28.3))),
            ("112.9,28.1,0,113.1,28.3,100", Some((112.9, 28.3))),
            ("170,-10,-170,10", Some((170.0, 10.0))),
            ("1,2,3", None),
            ("1,5,3,4", None),
            ("1,2,3,91", None),
            ("NaN,2,3,4", None),
            ("a,b,c,d", None),
            ("", None),
        ] {
            assert_eq!(bounds(text).map(|bounds| (bounds.west, bounds.north)), expected, "{text}");
        }
    }

    #[test]
    fn an_interval_may_be_open() {
        let at = |text: &str| Some(text.parse::<DateTime<Utc>>().expect("a time"));
        for (text, expected) in [
            ("2026-03-01T00:00:00Z", Some((at("2026-03-01T00:00:00Z"), at("2026-03-01T00:00:00.001Z")))),
            ("2026-03-01T08:00:00+08:00/..", Some((at("2026-03-01T00:00:00Z"), None))),
            ("../2026-03-01T00:00:00Z", Some((None, at("2026-03-01T00:00:00.001Z")))),
            ("../..", Some((None, None))),
            ("2026-03-02T00:00:00Z/2026-03-01T00:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(interval(text), expected, "{text}");
        }
    }
}
