//! Open311 GeoReport v2: filed as a form, read as XML and JSON, nothing personal in between.

use onecase::domain::platform::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use super::filing;
use crate::support::{
    gateway::eventually,
    http::{Answer, TestServer},
    stores::{TestStore, on_both_stores},
};

const FEDERATION: &str = r#"
organizations = "organizations.toml"
[server]
listen = "127.0.0.1:0"
[[platforms]]
id = "hunan"
name = "湖南省网上信访平台"
kind = "provincial"
division = "430000"
[[platforms]]
id = "city"
name = "城市服务热线"
kind = "open311"
division = "430100"
"#;
const ORGANIZATIONS: &str = "[[organizations]]\nid = \"o\"\nname = \"湖南省信访局\"\ndivision = \"430000\"\nplatform = \"hunan\"\n";

async fn start(store: TestStore) -> TestServer {
    TestServer::start_with(store, FEDERATION, ORGANIZATIONS).await
}

async fn post(test: &TestServer, form: &[(&str, &str)]) -> Answer {
    Answer::of(test.request(Method::POST, "/open311/v2/requests.json").form(form)).await
}

async fn get(test: &TestServer, path: &str) -> Answer {
    Answer::of(test.request(Method::GET, &format!("/open311/v2/{path}"))).await
}

fn form<'f>(key: &'f str, code: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("api_key", key),
        ("service_code", code),
        ("address_string", "韶山北路88号"),
        ("description", "路灯不亮，张三家门口很黑"),
        ("last_name", "张"),
        ("first_name", "三"),
        ("phone", "13800000000"),
        ("attribute[division]", "430102"),
    ]
}

/// A GeoReport error list with this code, whose first description says this.
#[track_caller]
fn assert_error(answer: &Answer, code: u16, said: &str) {
    answer.assert_status(code);
    let first = &answer.body[0];
    assert_eq!(first["code"], code, "{}", answer.text);
    assert!(first["description"].as_str().unwrap().contains(said), "{}", answer.text);
}

on_both_stores! {
    async fn what_is_filed_is_a_filing_and_read_without_anything_personal(store: TestStore) {
        let test = start(store).await;
        let (city, hunan) = (test.platform_key("city"), test.platform_key("hunan"));
        let filed = post(&test, &form(&city, "request")).await;
        filed.assert_status(201);
        let id = filed.body[0]["service_request_id"].as_str().unwrap().to_owned();
        let own = eventually("linked", async || {
            let view = test.get(&format!("/v1/submissions/{id}"), &city).await.body;
            view["case"].is_object().then_some(view)
        })
        .await;
        assert_eq!(own["submission"]["petitioners"][0]["name"], "张三");
        assert_eq!(own["submission"]["place"], "韶山北路88号");

        let read = get(&test, &format!("requests/{id}.json?jurisdiction_id=city")).await;
        read.assert_status(200);
        let request = &read.body[0];
        assert_eq!((&request["status"], &request["service_code"]), (&json!("open"), &json!("request")));
        assert_eq!(request["address"], "湖南省长沙市芙蓉区");
        let xml = get(&test, "requests.xml?jurisdiction_id=city").await;
        assert!(xml.text.contains(&format!("<service_request_id>{id}</service_request_id>")), "{}", xml.text);
        assert!(xml.header("content-type").starts_with("text/xml"));
        for said in ["张三", "13800000000", "路灯", "韶山"] {
            assert!(!read.text.contains(said) && !xml.text.contains(said), "{said}");
        }
        let token = get(&test, &format!("tokens/{id}.json?api_key={city}")).await;
        assert_eq!(token.body, json!([{ "service_request_id": id, "token": id }]));

        // Accusations are not for readers without a key, and others' filings for nobody else.
        let accusation = post(&test, &form(&city, "accusation")).await.body[0]["service_request_id"].as_str().unwrap().to_owned();
        test.file(&hunan, &filing("H-1")).await;
        let ids = |answer: Answer| answer.body.as_array().unwrap().iter().map(|r| r["service_request_id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(get(&test, "requests.json?jurisdiction_id=city").await), [id.as_str()]);
        assert_eq!(ids(get(&test, &format!("requests.json?api_key={city}")).await), [accusation.as_str(), id.as_str()]);
        assert_eq!(ids(get(&test, &format!("requests.json?api_key={}", test.monitor_key())).await).len(), 3);
        assert_error(&get(&test, &format!("requests/{accusation}.json?jurisdiction_id=city")).await, 404, "not found");
        assert_error(&get(&test, &format!("requests/{id}.json?api_key={hunan}")).await, 404, "not found");
        assert_error(&get(&test, "requests.json?jurisdiction_id=hunan").await, 403, "api_key");
        assert_error(&get(&test, "requests.json").await, 403, "api_key");
        test.stop().await;
    }

    async fn lists_are_filtered_and_cut(store: TestStore) {
        let test = start(store).await;
        let city = test.platform_key("city");
        for _ in 0..3 {
            post(&test, &form(&city, "request")).await.assert_status(201);
        }
        post(&test, &form(&city, "suggestion")).await.assert_status(201);
        let count = async |query: &str| {
            let found = get(&test, &format!("requests.json?jurisdiction_id=city&{query}")).await;
            found.assert_status(200);
            found.body.as_array().unwrap().len()
        };
        for (query, expected) in [
            ("", 4),
            ("service_code=request", 3),
            ("service_code=request,suggestion", 4),
            ("status=closed", 0),
            ("status=open,closed", 4),
            ("page_size=3", 3),
            ("page_size=3&page=2", 1),
            ("end_date=2020-01-01T00:00:00Z", 0),
            ("start_date=2026-01-01T00:00:00%2B08:00", 4),
            ("service_request_id=nothing", 0),
        ] {
            assert_eq!(count(query).await, expected, "{query}");
        }
        test.stop().await;
    }
}

#[actix_web::test]
async fn refusals_are_in_the_protocols_own_form() {
    let test = start(TestStore::sqlite()).await;
    let city = test.platform_key("city");
    let handler = test.key("city", &[Scope::Handle]);
    for (form, code, said) in [
        (vec![("service_code", "request")], 403, "api_key"),
        (form("oc_wrong", "request"), 403, "unauthenticated"),
        (form(&handler, "request"), 403, "forbidden"),
        (form(&city, "pothole"), 404, "service_code"),
        (vec![("api_key", city.as_str()), ("service_code", "request"), ("description", "a")], 400, "address_string"),
        (vec![("api_key", city.as_str()), ("jurisdiction_id", "hunan")], 404, "jurisdiction_id"),
    ] {
        assert_error(&post(&test, &form).await, code, said);
    }
    let mut wrong = form(&city, "request");
    wrong.extend([("attribute[division]", "999999"), ("lat", "99"), ("long", "12")]);
    let refused = post(&test, &wrong).await;
    refused.assert_status(400);
    let said: Vec<&str> = refused.body.as_array().unwrap().iter().map(|e| e["description"].as_str().unwrap()).collect();
    assert!(said.len() >= 2 && said.iter().any(|said| said.starts_with("attribute[division]")), "{said:?}");
    let xml = get(&test, "requests.xml").await;
    assert!(xml.text.contains("<errors><error><code>403</code><description>"), "{}", xml.text);
    for (path, code) in [
        ("services.csv", 404),
        ("services.json?jurisdiction_id=nowhere", 404),
        ("services/pothole.json", 404),
        ("requests.json?jurisdiction_id=city&status=lost", 400),
        ("requests.json?jurisdiction_id=city&start_date=yesterday", 400),
        ("requests.json?jurisdiction_id=city&start_date=0000-01-01T00:00:00Z", 400),
        ("requests.json?jurisdiction_id=city&page=0", 400),
        ("requests.json?jurisdiction_id=city&service_code=accusation", 403),
        ("requests.json?jurisdiction_id=%ff", 400),
    ] {
        assert_eq!(get(&test, path).await.status, code, "{path}");
    }
    let json: Value = get(&test, "services/request.json").await.body;
    assert_eq!(json["attributes"][2]["code"], "division");
    let services = get(&test, "services.xml").await;
    assert!(services.text.contains("<service_code>request</service_code><service_name>申诉求决</service_name>"), "{}", services.text);
    assert!(get(&test, "discovery.xml").await.text.contains("<formats><format>text/xml</format>"));
    test.stop().await;
}
