//! Examples of OGC API Features.

use serde_json::{Value, json};

use super::{CASE, at, value};
use crate::{
    api::ogc::{CaseFeature, CaseFeatures, CaseProperties, CellMiddle, OgcCollection, OgcConformance, OgcExtent, OgcLink},
    domain::{case::CaseStatus, submission::Kind},
};

fn link(rel: &str, path: &str) -> OgcLink {
    OgcLink {
        href: format!("https://onecase.example{path}"),
        rel: rel.into(),
        media_type: "application/geo+json".into(),
        title: "The cases".into(),
    }
}

fn feature() -> CaseFeature {
    CaseFeature {
        kind: "Feature".into(),
        id: CASE.into(),
        geometry: CellMiddle { kind: "Point".into(), coordinates: [112.985, 28.195] },
        properties: CaseProperties {
            status: CaseStatus::InProgress,
            kind: Kind::Request,
            division: Some("430102".into()),
            division_name: Some("湖南省长沙市芙蓉区".into()),
            category: Some("城乡建设/安全生产/事故处理".into()),
            resolving_body: Some("furong-housing".into()),
            resolving_body_name: Some("芙蓉区住房和城乡建设局".into()),
            territorial_body: Some("furong-office".into()),
            territorial_body_name: Some("芙蓉区信访局".into()),
            submissions: 2,
            registered_at: at("2026-03-01T01:30:02Z"),
            updated_at: at("2026-03-02T02:00:00Z"),
            cell_width: 0.01,
        },
        links: vec![link("self", "/ogc/collections/cases/items/LJ7K2M9QX4TB3C")],
    }
}

fn collection() -> OgcCollection {
    let spatial = crate::api::ogc::OgcSpatialExtent { bbox: vec![[73.0, 3.0, 136.0, 54.0]] };
    let temporal = crate::api::ogc::OgcTemporalExtent { interval: vec![[None, None]] };
    OgcCollection {
        id: "cases".into(),
        title: "Cases 信访事项".into(),
        description: "Canonical cases whose founding filing gives a point.".into(),
        extent: OgcExtent { spatial, temporal },
        item_type: "feature".into(),
        crs: vec!["http://www.opengis.net/def/crs/OGC/1.3/CRS84".into()],
        links: vec![link("items", "/ogc/collections/cases/items")],
    }
}

pub(super) fn response_to(operation: &str) -> Option<Value> {
    Some(match operation {
        "ogcLanding" => {
            json!({ "title": "Onecase 联件", "description": "Petition cases by place", "links": [link("data", "/ogc/collections")] })
        }
        "ogcConformance" => {
            value(&OgcConformance { conforms_to: vec!["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core".into()] })
        }
        "ogcCollections" => json!({ "links": [link("self", "/ogc/collections")], "collections": [value(&collection())] }),
        "ogcCollection" => value(&collection()),
        "ogcItem" => value(&feature()),
        "ogcItems" => value(&CaseFeatures {
            kind: "FeatureCollection".into(),
            time_stamp: at("2026-03-02T02:00:00Z"),
            number_matched: Some(1),
            number_returned: 1,
            links: vec![link("self", "/ogc/collections/cases/items")],
            features: vec![CaseFeature { links: Vec::new(), ..feature() }],
        }),
        _ => return None,
    })
}
