//! What a matter comes to: its name, its size, its trend.

use chrono::TimeDelta;
use onecase::{
    app::{
        Gateway,
        query::{MatterFilter, MatterOrder, Page},
        view::MatterView,
    },
    domain::matter::Trend,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    gateway::{LI, TestClock, WANG, eventually, federation, file, filing, link_all, noise, start, view},
    http::TestServer,
    stores::on_both_stores,
};

/// More people with valid identity numbers.
const OTHERS: [(&str, &str); 4] =
    [("赵丽颖", "330106197505053456"), ("孙大圣", "510104196803034567"), ("周杰", "110105198807072345"), ("吴敏", "430103199001011234")];

fn at(mut filing: Value, submitted_at: &str, division: &str) -> Value {
    filing["submitted_at"] = json!(submitted_at);
    filing["division"] = json!(division);
    filing
}

fn dust(source_id: &str, person: (&str, &str)) -> Value {
    let content = format!("我叫{}，金桂苑门口的水泥搅拌站整天冒粉尘，窗户都不敢开，请查处水泥搅拌站。", person.0);
    filing(source_id, person, "金桂苑水泥搅拌站粉尘污染", &content)
}

/// A matter of six people that began last week, and one of two people of long ago.
async fn file_two_matters(gateway: &Gateway) {
    for (at_, person) in OTHERS.iter().chain(&[WANG, LI]).enumerate() {
        let platform = if at_ % 2 == 0 { "hunan" } else { "mobile" };
        file(gateway, platform, at(dust(&format!("D-{at_}"), *person), "2026-02-27T09:30:00+08:00", "430102")).await;
    }
    for (source_id, person) in [("N-1", WANG), ("N-2", LI)] {
        file(gateway, "wechat", at(noise(source_id, person), "2025-03-01T09:30:00+08:00", "510100")).await;
    }
    link_all(gateway);
}

async fn matters(gateway: &Gateway, filter: MatterFilter) -> Vec<MatterView> {
    gateway.matters(filter, Page::default()).await.unwrap().items
}

fn cases(found: &[MatterView]) -> Vec<u64> {
    found.iter().map(|matter| matter.cases).collect()
}

on_both_stores! {
    async fn a_matter_has_a_name_a_size_and_a_trend(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(), &clock);
        file_two_matters(&gateway).await;
        let unsummarised = matters(&gateway, MatterFilter::default()).await;
        assert_eq!(cases(&unsummarised), [6, 2]);
        assert!(unsummarised.iter().all(|matter| matter.name.is_none() && matter.flow.is_none()));

        assert_eq!(gateway.summarise_matters().unwrap(), 2);
        let found = matters(&gateway, MatterFilter::default()).await;
        let name = found[0].name.as_deref().unwrap();
        assert!(name.contains("水泥搅拌站") && !OTHERS.iter().any(|(person, _)| name.contains(person)), "{name}");
        let flow = found[0].flow.clone().unwrap();
        assert_eq!((flow.submissions, flow.platforms, flow.trend, flow.recent, flow.before, flow.ratio), (6, 2, Trend::Rising, 6, 0, None));
        assert_eq!(flow.weeks, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6]);
        let old = found[1].flow.clone().unwrap();
        assert_eq!((old.submissions, old.trend, old.weeks.iter().sum::<u32>()), (2, Trend::Steady, 0));
        assert_eq!(gateway.matter(&found[0].id).await.unwrap().as_ref(), Some(&found[0]));

        // Another filing of a person known makes no case, yet the matter grows; not before the summary is a minute old.
        file(&gateway, "wechat", dust("D-9", WANG)).await;
        link_all(&gateway);
        assert_eq!(gateway.summarise_matters().unwrap(), 0);
        clock.advance(TimeDelta::minutes(2));
        assert!(gateway.summarise_matters().unwrap() >= 1);
        let flow = matters(&gateway, MatterFilter::default()).await[0].flow.clone().unwrap();
        assert_eq!((flow.submissions, flow.platforms), (7, 3));

        // Weeks go by without a word.
        clock.advance(TimeDelta::minutes(2));
        gateway.summarise_matters().unwrap();
        clock.advance(TimeDelta::weeks(4));
        assert_eq!(gateway.summarise_matters().unwrap(), 1, "only the matter whose weeks move");
        let flow = matters(&gateway, MatterFilter::default()).await[0].flow.clone().unwrap();
        assert_eq!((flow.trend, flow.recent, flow.before, flow.ratio), (Trend::Falling, 0, 7, Some(0.0)));
    }

    async fn matters_are_found_by_place_time_trend_and_size(store: TestStore) {
        let gateway = start(&store, federation(), &TestClock::new());
        file_two_matters(&gateway).await;
        gateway.summarise_matters().unwrap();
        let year_ago = Some("2025-06-01T00:00:00Z".parse().unwrap());
        for (filter, expected) in [
            (MatterFilter { division: Some("430000".into()), ..MatterFilter::default() }, vec![6]),
            (MatterFilter { division: Some("510100".into()), ..MatterFilter::default() }, vec![2]),
            (MatterFilter { division: Some("110000".into()), ..MatterFilter::default() }, vec![]),
            (MatterFilter { trend: Some(Trend::Rising), ..MatterFilter::default() }, vec![6]),
            (MatterFilter { min_cases: Some(3), ..MatterFilter::default() }, vec![6]),
            (MatterFilter { filed_from: year_ago, ..MatterFilter::default() }, vec![6]),
            (MatterFilter { filed_until: year_ago, ..MatterFilter::default() }, vec![2]),
            (MatterFilter { category: Some("城乡建设".into()), ..MatterFilter::default() }, vec![]),
            (MatterFilter { order: MatterOrder::Growth, ..MatterFilter::default() }, vec![6, 2]),
            (MatterFilter { order: MatterOrder::Updated, ..MatterFilter::default() }, vec![2, 6]),
        ] {
            assert_eq!(cases(&matters(&gateway, filter.clone()).await), expected, "{filter:?}");
        }
        for order in MatterOrder::ALL {
            let filter = MatterFilter { order, ..MatterFilter::default() };
            let whole = matters(&gateway, filter.clone()).await;
            let first = gateway.matters(filter.clone(), Page { limit: 1, after: None }).await.unwrap();
            let second = gateway.matters(filter, Page { limit: 1, after: first.next_cursor }).await.unwrap();
            assert_eq!([first.items, second.items].concat(), whole, "{order:?}");
            assert_eq!(second.next_cursor, None);
        }
    }

    async fn matters_are_served(store: TestStore) {
        let server = TestServer::start(store).await;
        let submitted_at = server.gateway.now().to_rfc3339();
        let mut last = String::new();
        for (at_, person) in OTHERS.iter().enumerate().chain(std::iter::once((4, &LI))) {
            last = file(&server.gateway, "mobile", at(dust(&format!("D-{at_}"), *person), &submitted_at, "430102")).await.id;
        }
        for (source_id, person) in [("N-1", WANG), ("N-2", LI)] {
            last = file(&server.gateway, "hunan", noise(source_id, person)).await.id;
        }
        eventually("linked", async || view(&server.gateway, &last).await.case).await;
        server.gateway.summarise_matters().unwrap();
        let key = server.monitor_key();
        let found = server.get("/v1/matters?sort=growth&trend=rising&min_cases=2&division=430100", &key).await;
        let matter = &found.assert_status(200).body["items"][0];
        assert!(matter["name"].as_str().unwrap().contains("搅拌站"), "{matter}");
        let id = matter["id"].as_str().unwrap();
        assert_eq!(server.get(&format!("/v1/matters/{id}"), &key).await.body, *matter);
        server.get("/v1/matters/GXNONE", &key).await.assert_problem("not_found");
        for wrong in ["division=999999", "trend=up", "sort=name", "min_cases=x"] {
            server.get(&format!("/v1/matters?{wrong}"), &key).await.assert_problem("invalid_query");
        }
        let page = server.get("/v1/matters?limit=1", &key).await;
        let cursor = page.body["next_cursor"].as_str().unwrap();
        server.get(&format!("/v1/matters?limit=1&cursor={cursor}"), &key).await.assert_status(200);
        server.get(&format!("/v1/matters?sort=growth&cursor={cursor}"), &key).await.assert_problem("invalid_cursor");
        let page = server.request(Method::GET, "/matters?lang=en&trend=rising&sort=growth").header("Accept", "text/html").send().await.unwrap();
        let html = page.text().await.unwrap();
        assert!(html.contains("搅拌站") && html.contains("oldest first: 0 0 0 0 0 0 0 0 0 0 0 5"), "{html}");
        server.stop().await;
    }
}
