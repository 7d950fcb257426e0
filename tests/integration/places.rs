//! Cases by place: coarse, narrowed, page by page; and as OGC API Features.

use onecase::{
    app::{
        Gateway,
        query::{Page, PlaceFilter},
        view::PlacedCase,
    },
    domain::spot::Bounds,
};
use serde_json::{Value, json};

use crate::support::{
    gateway::{LI, TestClock, WANG, federation, file, filing, link_all, start, view},
    http::{Answer, TestServer},
    stores::{TestStore, on_both_stores},
};

fn at(source_id: &str, place: (f64, f64), division: &str, text: &str) -> Value {
    let mut filing = filing(source_id, if source_id.len().is_multiple_of(2) { WANG } else { LI }, text, text);
    filing["location"] = json!({ "type": "Point", "coordinates": [place.0, place.1] });
    filing["division"] = json!(division);
    filing
}

/// Some cases about different things, in Changsha, Zhuzhou and Guangzhou, and one without a place.
async fn some(gateway: &Gateway) {
    for (source, place, division, text) in [
        ("A-1", (112.9831, 28.1951), "430102", "韶山北路的路灯坏了一个月，晚上漆黑一片"),
        ("A-22", (112.9897, 28.1999), "430102", "宏达纺织厂拖欠工人工资半年"),
        ("A-3", (113.1312, 27.8271), "430202", "荷塘区垃圾站臭气熏天，居民无法开窗"),
        ("A-44", (113.2644, 23.1291), "440103", "荔湾区老旧小区加装电梯审批迟迟没有结果"),
    ] {
        file(gateway, "hunan", at(source, place, division, text)).await;
    }
    file(gateway, "hunan", filing("A-5", LI, "村口公路年久失修", "村口公路年久失修，坑洼不平，雨天无法通行")).await;
    link_all(gateway);
}

async fn found(gateway: &Gateway, filter: PlaceFilter, limit: u32) -> Vec<PlacedCase> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = gateway.placed_cases(filter.clone(), Page { limit, after }).await.unwrap();
        all.extend(page.items);
        after = page.next_cursor;
        if after.is_none() {
            return all;
        }
    }
}

on_both_stores! {
    async fn cases_are_found_by_place_and_told_no_finer_than_a_cell(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        some(&gateway).await;
        let all = found(&gateway, PlaceFilter::default(), 100).await;
        assert_eq!(all.iter().map(|case| (case.longitude, case.latitude)).collect::<Vec<_>>(),
            [(113.265, 23.125), (113.135, 27.825), (112.985, 28.195), (112.985, 28.195)]);
        for limit in [1, 3] {
            assert_eq!(found(&gateway, PlaceFilter::default(), limit).await, all, "{limit} a page");
        }
        let bounds = |west, south, east, north| PlaceFilter { bounds: Some(Bounds { west, south, east, north }), ..PlaceFilter::default() };
        for (filter, expected) in [
            (bounds(112.0, 28.0, 114.0, 29.0), 2),
            (bounds(112.98, 28.19, 112.99, 28.20), 2),
            (bounds(112.986, 28.19, 112.99, 28.20), 0),
            (bounds(113.0, 20.0, 114.0, 30.0), 2),
            (bounds(170.0, -90.0, 113.0, 90.0), 2),
            (PlaceFilter { division: Some("430000".into()), ..PlaceFilter::default() }, 3),
            (PlaceFilter { division: Some("000000".into()), ..PlaceFilter::default() }, 4),
            (PlaceFilter { resolving_body: Some("hunan-office".into()), ..PlaceFilter::default() }, 2),
            (PlaceFilter { territorial_body: Some("changsha-office".into()), ..PlaceFilter::default() }, 2),
            (PlaceFilter { territorial_body: Some("hunan-office".into()), ..PlaceFilter::default() }, 0),
            (PlaceFilter { territorial_body: Some("nation".into()), ..PlaceFilter::default() }, 1),
            (PlaceFilter { territorial_body: Some("nobody".into()), ..PlaceFilter::default() }, 0),
            (PlaceFilter { division: Some("440000".into()), territorial_body: Some("changsha-office".into()), ..PlaceFilter::default() }, 0),
            (PlaceFilter { registered_until: Some(gateway.now()), ..PlaceFilter::default() }, 0),
        ] {
            assert_eq!(found(&gateway, filter.clone(), 100).await.len(), expected, "{filter:?}");
        }
        assert!(all.iter().all(|case| {
            let expected = match case.division.as_deref() {
                Some("440103") => "nation",
                Some("430202") => "zhuzhou-office",
                _ => "changsha-office",
            };
            case.territorial_body.as_ref().is_some_and(|body| body.id == expected)
        }));
        let cells = gateway.cells("430000").await.unwrap();
        assert_eq!(cells.cells.iter().map(|cell| cell.cases).sum::<u64>(), 3);
        assert_eq!(gateway.cells("430100").await.unwrap().cells.len(), 1);
    }
}

#[actix_web::test]
async fn features_are_geojson_without_anything_personal() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let first = file(&test.gateway, "hunan", at("A-1", (112.9831, 28.1951), "430102", "韶山北路的路灯坏了一个月")).await.id;
    file(&test.gateway, "hunan", at("A-22", (113.1312, 27.8271), "430202", "荷塘区垃圾站臭气熏天")).await;
    test.gateway.wait_linked(&first, std::time::Duration::from_secs(30)).await.unwrap();
    let case = view(&test.gateway, &first).await.case.unwrap().id;
    let monitor = test.monitor_key();
    let get = async |path: String| test.get(&path, &monitor).await;
    test.get("/ogc", &test.platform_key("hunan")).await.assert_problem("forbidden");
    Answer::of(test.request(reqwest::Method::GET, "/ogc/")).await.assert_problem("unauthenticated");
    for path in ["/ogc", "/ogc/", "/ogc/conformance", "/ogc/collections", "/ogc/collections/cases"] {
        get(path.to_owned()).await.assert_status(200);
    }
    let items = crate::support::gateway::eventually("both linked", || async {
        Some(get("/ogc/collections/cases/items?limit=1".to_owned()).await).filter(|items| items.body["links"][2]["rel"] == "next")
    })
    .await;
    assert_eq!(items.headers["content-type"], "application/geo+json");
    assert_eq!(items.body["features"][0]["properties"]["division"], "430202");
    let next = items.body["links"][2]["href"].as_str().unwrap().split_once("/ogc").unwrap().1.to_owned();
    let second = get(format!("/ogc{next}")).await;
    assert_eq!(second.body["features"][0]["id"], case);
    assert!(!second.text.contains("28.1951") && !second.text.contains(WANG.0) && !second.text.contains("路灯"));
    let one = get(format!("/ogc/collections/cases/items/{case}")).await;
    assert_eq!(
        (&one.body["geometry"]["coordinates"], &one.body["properties"]["territorial_body"]),
        (&json!([112.985, 28.195]), &json!("furong-office"))
    );
    for (query, expected) in [
        ("bbox=112,28,113,29", 1),
        ("bbox=1,2,3,4", 0),
        ("datetime=2020-01-01T00:00:00Z/..", 2),
        ("datetime=../2020-01-01T00:00:00Z", 0),
        ("resolving_body=hunan-office&status=routed", 2),
        ("territorial_body=furong-office", 1),
    ] {
        let answer = get(format!("/ogc/collections/cases/items?{query}")).await;
        assert_eq!(
            (&answer.body["numberReturned"], &answer.body["numberMatched"]),
            (&json!(expected), &json!(expected)),
            "{query}: {}",
            answer.text
        );
    }
    for query in ["bbox=1,2,3", "bbox=a", "datetime=now", "limit=0", "colour=red", "division=999999", "cursor=x"] {
        get(format!("/ogc/collections/cases/items?{query}")).await.assert_status(400);
    }
    get("/ogc/collections/cases/items/LJ000000000000".to_owned()).await.assert_problem("not_found");
    test.stop().await;
}
