//! The documents of OGC API Features (OGC 17-069r4).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::view::PlacedCase,
    domain::{case::CaseStatus, division, submission::Kind},
};

/// A link to another resource (RFC 8288).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OgcLink {
    #[schema(example = "https://onecase.example/ogc/collections")]
    pub href: String,
    #[schema(example = "data")]
    pub rel: String,
    #[serde(rename = "type")]
    #[schema(example = "application/json")]
    pub media_type: String,
    pub title: String,
}

/// The landing page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OgcLanding {
    pub title: String,
    pub description: String,
    pub links: Vec<OgcLink>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OgcConformance {
    pub conforms_to: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OgcCollections {
    pub links: Vec<OgcLink>,
    pub collections: Vec<OgcCollection>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OgcCollection {
    pub id: String,
    pub title: String,
    pub description: String,
    pub extent: OgcExtent,
    /// `feature`.
    pub item_type: String,
    pub crs: Vec<String>,
    pub links: Vec<OgcLink>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OgcExtent {
    pub spatial: OgcSpatialExtent,
    pub temporal: OgcTemporalExtent,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OgcSpatialExtent {
    /// West, south, east, north.
    pub bbox: Vec<[f64; 4]>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OgcTemporalExtent {
    /// Beginning and end; `null` is open.
    pub interval: Vec<[Option<DateTime<Utc>>; 2]>,
}

/// A page of features (RFC 7946).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseFeatures {
    /// `FeatureCollection`.
    #[serde(rename = "type")]
    pub kind: String,
    pub time_stamp: DateTime<Utc>,
    /// On all pages together; absent if there are more than 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_matched: Option<u64>,
    pub number_returned: u64,
    pub links: Vec<OgcLink>,
    pub features: Vec<CaseFeature>,
}

/// A case as a feature (RFC 7946).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaseFeature {
    /// `Feature`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The case code.
    pub id: String,
    pub geometry: CellMiddle,
    pub properties: CaseProperties,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<OgcLink>,
}

/// The middle of the cell a case lies in: nobody is told where exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CellMiddle {
    /// `Point`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Longitude, latitude (WGS 84).
    pub coordinates: [f64; 2],
}

/// What a case is; nothing about persons, nothing of what was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaseProperties {
    pub status: CaseStatus,
    pub kind: Kind,
    /// GB/T 2260.
    pub division: Option<String>,
    pub division_name: Option<String>,
    pub category: Option<String>,
    /// The body that must resolve it (化解责任).
    pub resolving_body: Option<String>,
    pub resolving_body_name: Option<String>,
    /// The petition office of the place (属地责任).
    pub territorial_body: Option<String>,
    pub territorial_body_name: Option<String>,
    /// Filings it gathers.
    pub submissions: u64,
    pub registered_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Width of the cell, degrees.
    pub cell_width: f64,
}

impl CaseFeature {
    pub(super) fn new(case: PlacedCase, cell_width: f64) -> Self {
        let names = |body: Option<crate::domain::message::OrganizationReference>| body.map(|body| (body.id, body.name)).unzip();
        let (resolving_body, resolving_body_name) = names(case.resolving_body);
        let (territorial_body, territorial_body_name) = names(case.territorial_body);
        Self {
            kind: "Feature".to_owned(),
            id: case.id,
            geometry: CellMiddle { kind: "Point".to_owned(), coordinates: [case.longitude, case.latitude] },
            properties: CaseProperties {
                status: case.status,
                kind: case.kind,
                division_name: case.division.as_deref().map(division::full_name).filter(|name| !name.is_empty()),
                division: case.division,
                category: case.category,
                resolving_body,
                resolving_body_name,
                territorial_body,
                territorial_body_name,
                submissions: case.submissions,
                registered_at: case.registered_at,
                updated_at: case.updated_at,
                cell_width,
            },
            links: Vec::new(),
        }
    }
}
