//! Platforms that call us in their own form.

use reqwest::Method;
use sha1::{Digest, Sha1};

use crate::support::{
    http::{Answer, TestServer},
    stores::TestStore,
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
id = "wechat"
name = "微信公众号"
kind = "wechat"
division = "430000"
adapter = "wechat"
[platforms.secrets]
token = { env = "TEST_TOKEN" }
app_id = { env = "TEST_APP" }
app_secret = { env = "TEST_SECRET" }
"#;

const ORGANIZATIONS: &str =
    "[[organizations]]\nid = \"hunan-office\"\nname = \"湖南省信访局\"\ndivision = \"430000\"\nplatform = \"hunan\"\n";

/// The query WeChat signs its requests with; secrets of test platforms are `test`.
fn signed(nonce: &str) -> String {
    let timestamp = chrono::Utc::now().timestamp().to_string();
    let mut parts = ["test", &timestamp, nonce];
    parts.sort_unstable();
    let signature = Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("signature={signature}&timestamp={timestamp}&nonce={nonce}")
}

#[actix_web::test]
async fn wechat_verifies_us_and_sends_messages() {
    let test = TestServer::start_with(TestStore::sqlite(), FEDERATION, ORGANIZATIONS).await;
    let verified = Answer::of(test.request(Method::GET, &format!("/wechat/wechat?{}&echostr=12345", signed("n1")))).await;
    verified.assert_status(200);
    assert_eq!(verified.text, "12345");

    let forged = Answer::of(
        test.request(Method::GET, &format!("/wechat/wechat?{}0&echostr=12345", signed("n2").replace("signature=", "signature=0"))),
    )
    .await;
    forged.assert_problem("invalid_signature").assert_status(401);

    let message = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oWx-1]]></FromUserName><CreateTime>1772328600</CreateTime>\
                   <MsgType><![CDATA[text]]></MsgType><Content><![CDATA[标题：楼道堆放杂物\n内容：三单元楼道长期堆放杂物，存在火灾隐患。\n姓名：张三\n\
                   身份证号：11010519491231002X\n手机号：13800000000\n所在地区：湖南省长沙市芙蓉区]]></Content><MsgId>6054768590064713728</MsgId></xml>";
    for _ in 0..3 {
        let post =
            test.request(Method::POST, &format!("/callbacks/wechat?{}", signed("n3"))).header("Content-Type", "text/xml").body(message);
        Answer::of(post).await.assert_status(200);
    }
    let filed = test.get("/v1/submissions?platform=wechat", &test.monitor_key()).await;
    assert_eq!(filed.body["items"].as_array().unwrap().len(), 1, "sent three times, filed once: {}", filed.text);
    assert_eq!(filed.body["items"][0]["channel"], "wechat");

    let put = Answer::of(test.request(Method::PUT, "/wechat/wechat")).await;
    put.assert_problem("method_not_allowed");
    let large = test.request(Method::POST, &format!("/wechat/wechat?{}", signed("n4"))).body("x".repeat(1_100_000));
    Answer::of(large).await.assert_problem("payload_too_large");
    test.stop().await;
}
