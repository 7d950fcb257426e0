//! No operation without its key: read off the contract, so that a new one is tested with no edit here.

use onecase::{api::openapi, domain::platform::Scope};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    http::{Answer, TestServer},
    stores::TestStore,
};

#[actix_web::test]
async fn every_operation_asks_for_a_key_and_for_its_scope() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let document = openapi::document();
    // Each key lacks what some operations need; none may do everything.
    let keys = Scope::ALL.map(|scope| (scope, test.key("mobile", &[scope])));
    let (mut open, mut guarded) = (Vec::new(), 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            if operation["security"] == json!([{}]) {
                open.push(id);
                continue;
            }
            guarded += 1;
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{id}", "nothing");
            let call = |key: Option<&str>| {
                let request = test
                    .request(method.clone(), &path)
                    .header("Content-Type", if id == "createSubmissions" { "application/x-ndjson" } else { "application/json" });
                let request = if method == Method::POST { request.body("{}") } else { request };
                Answer::of(match key {
                    Some(key) => request.header("X-API-Key", key),
                    None => request,
                })
            };
            call(None).await.assert_problem("unauthenticated");
            call(Some("oc_0000")).await.assert_problem("unauthenticated");
            let mut refused = 0;
            for (_, key) in &keys {
                let answer = call(Some(key)).await;
                if answer.status == 403 {
                    answer.assert_problem("forbidden");
                    refused += 1;
                } else {
                    assert_ne!(answer.status, 401, "{id}");
                    assert!(answer.status.as_u16() < 500, "{id}: {}", answer.text);
                }
            }
            assert!((1..keys.len()).contains(&refused), "{id} refuses {refused} of the scopes");
        }
    }
    open.sort();
    // Open311 takes its key as a form does and answers in its own form; its tests say who sees what.
    let (open311, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|id| id.starts_with("open311"));
    assert_eq!(open311.len(), 7, "{open311:?}");
    assert_eq!(
        open,
        ["getCallback", "getGuidance", "getHealth", "getPublicCase", "getReadiness", "postCallback", "postWechatMessage", "verifyWechat"]
    );
    assert!(guarded >= 20, "{guarded}");
    test.stop().await;
}

#[actix_web::test]
async fn a_key_of_the_bureau_cannot_file_and_a_revoked_one_opens_nothing() {
    let test = TestServer::start(TestStore::sqlite()).await;
    let bureau = test.key(None, &[Scope::Submit]);
    test.post("/v1/submissions", &bureau, &super::filing("A-1")).await.assert_problem("platform_key_required");
    test.get("/v1/cases", &bureau).await.assert_problem("platform_key_required");

    let made = test.gateway.create_key(Some("mobile"), &[Scope::Submit], "to be revoked").unwrap();
    test.get("/v1/cases", &made.secret).await.assert_status(200);
    assert!(test.gateway.store().transaction(|c| onecase::store::keys::revoke(c, &made.id, test.gateway.now())).unwrap());
    test.get("/v1/cases", &made.secret).await.assert_problem("unauthenticated");
    test.stop().await;
}
