//! The pages over real sockets: what is filed is shown, the address narrows it, and nobody reads from elsewhere without a key.

use onecase::domain::platform::Scope;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE, WWW_AUTHENTICATE},
};

use crate::support::{
    files,
    gateway::{LI, WANG, eventually, file, noise, noise_reworded, view},
    http::TestServer,
    stores::{TestStore, on_both_stores},
};

fn browse(server: &TestServer, address: &str) -> RequestBuilder {
    server.request(Method::GET, address).header("accept", "text/html,application/xhtml+xml")
}

/// As from another machine: a proxy says so.
fn from_elsewhere(server: &TestServer, address: &str) -> RequestBuilder {
    browse(server, address).header("x-forwarded-for", "203.0.113.9")
}

async fn html(request: RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.unwrap()
}

fn header(response: &Response, name: reqwest::header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

on_both_stores! {
    async fn what_is_filed_is_shown(store: TestStore) {
        let server = TestServer::start(store).await;
        file(&server.gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&server.gateway, "mobile", noise_reworded("M-1", WANG)).await;
        file(&server.gateway, "mobile", noise("M-2", LI)).await;
        let third = file(&server.gateway, "hunan", noise("A-2", LI)).await;
        let linked = eventually("linked", async || view(&server.gateway, &third.id).await.case).await;
        let case = view(&server.gateway, &second.id).await.case.unwrap().id;

        let overview = html(browse(&server, "/")).await;
        assert!(overview.contains("联网总览") && overview.contains(&case) && overview.contains("手机信访"));
        let detail = html(browse(&server, &format!("/cases/{case}"))).await;
        for shown in ["登记立项", "并入来件", "A-1", "M-1", "湖南省长沙市芙蓉区", "主管机构未接入"] {
            assert!(detail.contains(shown), "{shown}");
        }
        let evidence = html(browse(&server, &format!("/duplicates/{}", second.id))).await;
        for shown in ["证据瀑布", "证件号码", "<mark>", "幸福路88号金桂苑"] {
            assert!(evidence.contains(shown), "{shown}");
        }
        assert!(!evidence.contains("王小明") && !evidence.contains("11010519491231002X"));
        assert!(html(browse(&server, "/duplicates?decision=duplicate")).await.contains(&case));
        assert!(html(browse(&server, "/duplicates?platform=hunan&other=mobile")).await.contains("M-1"));
        assert!(!html(browse(&server, "/duplicates?platform=hunan&other=other")).await.contains("M-1"));
        assert!(html(browse(&server, "/matters")).await.contains("/cases?matter="));
        // The platforms here have no adapter: nothing can be sent to them.
        assert!(html(browse(&server, "/deliveries")).await.contains("没有符合条件的投递"));
        assert!(html(browse(&server, "/platforms/hunan")).await.contains(&linked.id));

        assert!(html(browse(&server, "/cases?division=430000")).await.contains(&case));
        assert!(!html(browse(&server, "/cases?division=110000")).await.contains(&case));
        let jump = browse(&server, &format!("/cases?code={}", case.to_lowercase())).send().await.unwrap();
        assert_eq!((jump.status(), header(&jump, LOCATION)), (StatusCode::SEE_OTHER, format!("/cases/{case}").as_str()));
        server.stop().await;
    }

    async fn from_elsewhere_a_key_is_needed(store: TestStore) {
        let server = TestServer::start(store).await;
        let refused = from_elsewhere(&server, "/").send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        assert!(header(&refused, WWW_AUTHENTICATE).starts_with("Basic"));
        let with_key = |key: &str| from_elsewhere(&server, "/cases").basic_auth("anyone", Some(key)).send();
        assert_eq!(with_key("oc_0000").await.unwrap().status(), StatusCode::UNAUTHORIZED);
        assert_eq!(with_key(&server.platform_key("hunan")).await.unwrap().status(), StatusCode::FORBIDDEN);
        assert_eq!(with_key(&server.monitor_key()).await.unwrap().status(), StatusCode::OK);

        // Another site whose name was made to point here.
        let rebound = browse(&server, "/").header("host", "rebound.example").send().await.unwrap();
        assert_eq!(rebound.status(), StatusCode::UNAUTHORIZED);

        let requeue = |key: &str, site: &'static str| {
            let request = server.request(Method::POST, "/deliveries/none/requeue").header("x-forwarded-for", "203.0.113.9");
            request.header("sec-fetch-site", site).basic_auth("anyone", Some(key)).send()
        };
        let administer = server.key(None, &[Scope::Monitor, Scope::Administer]);
        assert_eq!(requeue(&administer, "cross-site").await.unwrap().status(), StatusCode::FORBIDDEN);
        assert_eq!(requeue(&server.monitor_key(), "same-origin").await.unwrap().status(), StatusCode::FORBIDDEN);
        assert_eq!(requeue(&administer, "same-origin").await.unwrap().status(), StatusCode::NOT_FOUND);
        server.stop().await;
    }
}

/// The paths that a source file mounts.
fn mounted(text: &str) -> Vec<String> {
    text.split(".route(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

#[actix_web::test]
async fn pages_are_dressed_for_a_browser() {
    let server = TestServer::start(TestStore::sqlite()).await;
    let english = browse(&server, "/?lang=en").send().await.unwrap();
    assert_eq!((header(&english, CONTENT_LANGUAGE), header(&english, CACHE_CONTROL)), ("en", "no-store"));
    assert!(header(&english, CONTENT_SECURITY_POLICY).starts_with("default-src 'none'; style-src 'self'"));
    assert!(header(&english, SET_COOKIE).starts_with("lang=en; Path=/;"));
    let kept = browse(&server, "/platforms").header("cookie", "a=b; lang=en").send().await.unwrap();
    assert_eq!(header(&kept, CONTENT_LANGUAGE), "en");
    let preferred = browse(&server, "/platforms").header("accept-language", "en-GB,en;q=0.8").send().await.unwrap();
    assert_eq!(header(&preferred, CONTENT_LANGUAGE), "en");

    let style = server.request(Method::GET, onecase::web::assets::STYLE.address()).send().await.unwrap();
    assert_eq!((style.status(), header(&style, CACHE_CONTROL)), (StatusCode::OK, "public, max-age=31536000, immutable"));

    for (address, status, words) in [
        ("/nowhere", StatusCode::NOT_FOUND, "没有找到"),
        ("/cases/LJ0", StatusCode::NOT_FOUND, "没有找到"),
        ("/duplicates/none", StatusCode::NOT_FOUND, "没有找到"),
        ("/cases?status=lost", StatusCode::BAD_REQUEST, "status"),
        ("/cases?cursor=made-up", StatusCode::BAD_REQUEST, "cursor"),
    ] {
        let response = browse(&server, address).send().await.unwrap();
        assert_eq!(response.status(), status, "{address}");
        let text = response.text().await.unwrap();
        assert!(text.contains(words) && text.contains("<h1"), "{address}: {text}");
    }
    // Every address names what it takes to whoever comes with something else.
    for (address, methods) in onecase::web::ADDRESSES.iter().copied().chain([("/docs/", "GET, HEAD"), ("/docs/errors", "GET, HEAD")]) {
        let answer = server.request(Method::DELETE, &address.replace(['{', '}'], "")).send().await.unwrap();
        assert_eq!((answer.status(), header(&answer, ALLOW)), (StatusCode::METHOD_NOT_ALLOWED, methods), "{address}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let mounted: Vec<_> = files::rust_sources("src/web").into_iter().flat_map(|(_, text)| mounted(&text)).collect();
    assert!(mounted.len() >= 20, "{mounted:?}");
    for path in mounted {
        assert!(onecase::web::ADDRESSES.iter().any(|(address, _)| *address == path), "ADDRESSES does not name {path}");
    }
    // A program is told so in its own way.
    let program = server.request(Method::GET, "/nowhere").header("accept", "application/json").send().await.unwrap();
    assert_eq!(program.headers()["content-type"], "application/problem+json");
    server.stop().await;
}
