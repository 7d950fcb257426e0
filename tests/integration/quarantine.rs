//! What a platform sends and cannot be registered is kept, counted, and offered again once its adapter is mended.

use onecase::{
    adapter::{Adapter, Request, Secrets},
    app::{FederatedPlatform, Federation, Gateway},
    domain::{organization::Directory, platform::PlatformKind},
    store::{Page, quarantine},
};

use crate::support::{
    gateway::{TestClock, platform, start},
    stores::on_both_stores,
};

const MANIFEST: &str = include_str!("../../adapters/wechat/adapter.yaml");

fn federation(manifest: &str) -> Federation {
    let secrets = [("token", "test"), ("app_id", "wx1"), ("app_secret", "s")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let wechat = FederatedPlatform {
        adapter: Some(Adapter::from_manifest(manifest.as_bytes()).unwrap().into()),
        secrets: Secrets::new(secrets.into()),
        ..platform("wechat", PlatformKind::Wechat, "430000")
    };
    Federation::new(vec![wechat], Directory::default())
}

/// A text message in plain mode, under the signature of the vendor's documentation.
async fn send(gateway: &Gateway, number: &str, content: &str) {
    let query = "signature=f21891de399b4e33a1a93c9a7b8a8fffb5a443ff&timestamp=1410685589&nonce=test";
    let body = format!(
        "<xml><ToUserName>gh</ToUserName><FromUserName>o-1</FromUserName><CreateTime>1772330370</CreateTime><MsgType>text</MsgType>\
         <Content><![CDATA[{content}]]></Content><MsgId><![CDATA[{number}]]></MsgId></xml>"
    );
    let request =
        Request { method: "POST".into(), target: format!("/wechat/wechat?{query}"), headers: Vec::new(), body: body.into_bytes() };
    let response = gateway.callback("wechat", &request).await.unwrap();
    assert_eq!(response.status, 200, "WeChat would send it again and again");
}

async fn kept(gateway: &Gateway) -> u64 {
    gateway.platform("wechat").await.unwrap().unwrap().records_quarantined
}

async fn replay(gateway: &Gateway) -> (usize, usize) {
    let received = gateway.replay_quarantine(gateway.federation().platform("wechat").unwrap()).await.unwrap();
    (received.registered, received.quarantined)
}

on_both_stores! {
    async fn what_does_not_map_is_kept_until_the_adapter_is_mended(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, federation(MANIFEST), &clock);
        send(&gateway, "1", "标题：没有正文\n内容：").await;
        send(&gateway, "1", "标题：没有正文\n内容：").await;
        send(&gateway, "2", "内容：路灯不亮\n姓名：张三\n身份证号：110105194912310021").await;
        // PostgreSQL takes no U+0000 into a text, and one such record must not hold up what comes with it.
        send(&gateway, "3\0", "内容：路灯不亮\n姓名：张三").await;
        send(&gateway, "4", "内容：路灯不亮\n姓名：张三").await;
        assert_eq!(kept(&gateway).await, 3);
        let listed = gateway.store().read(|c| quarantine::list(c, Some("wechat"), Page::MAX_LIMIT)).unwrap();
        let mut numbers: Vec<_> = listed.iter().map(|entry| entry.source_ref.as_str()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, ["1", "2", "3"]);
        assert!(listed.iter().all(|entry| !entry.error.contains("张三") && !entry.error.contains("1101")), "{listed:?}");
        assert_eq!(replay(&gateway).await, (0, 3), "nothing was mended");
        assert_eq!(kept(&gateway).await, 3);

        let mended = MANIFEST
            .replace("form[?'标题'].orValue(shorten(form['内容'], 90))", "form[?'标题'].orValue('')")
            .replace("content: form['内容']", "content: record.Content");
        assert_ne!(mended, MANIFEST);
        let gateway = start(&store, federation(&mended), &clock);
        assert_eq!(replay(&gateway).await, (1, 2));
        assert_eq!(kept(&gateway).await, 2);
        assert_eq!(replay(&gateway).await, (0, 2));
    }
}
