//! People decide on the pages: with their key, about what they have seen, and with a reason.

use onecase::domain::platform::Scope;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, LOCATION},
};

use crate::support::{
    gateway::{WANG, eventually, file, noise, noise_reworded, view},
    http::TestServer,
    stores::on_both_stores,
};

struct Desk<'t> {
    server: &'t TestServer,
    key: String,
}

impl Desk<'_> {
    async fn page(&self, address: &str) -> String {
        let response = self.server.request(Method::GET, address).header(ACCEPT, "text/html").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        response.text().await.unwrap()
    }

    /// Sends a form; its status, where it leads, and the page it answers with.
    async fn order(&self, address: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let response = self.server.request(Method::POST, address).header(ACCEPT, "text/html").form(fields).send().await.unwrap();
        let leads = response.headers().get(LOCATION).map_or("", |value| value.to_str().unwrap()).to_owned();
        (response.status(), leads, response.text().await.unwrap())
    }

    async fn version(&self, case: &str) -> String {
        self.server.gateway.case(case).await.unwrap().unwrap().version.to_string()
    }
}

/// The value of a hidden field.
fn hidden(html: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    html.split(&start).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no field {name}")).to_owned()
}

on_both_stores! {
    async fn a_possible_duplicate_is_decided_on_its_page(store: TestStore) {
        let server = TestServer::start(store).await;
        let review = server.possible_duplicate().await;
        let (older, younger) = (review.case.id, review.other.id);
        let (second, first) = (review.evidence.submission, review.evidence.compared_with);
        let desk = Desk { server: &server, key: server.key(None, &[Scope::Review]) };

        let queue = desk.page("/reviews").await;
        assert!(queue.contains(&older) && queue.contains(&younger) && queue.contains("待认定"));
        let address = format!("/reviews/{}?with={}", second.id, first.id);
        let review = desk.page(&address).await;
        for shown in ["证据瀑布", "两件文字完全相同", "是同一人的同一事项"] {
            assert!(review.contains(shown), "{shown}");
        }
        assert!(!review.contains(WANG.0) && !review.contains(WANG.1));
        let (version, other_version) = (hidden(&review, "version"), hidden(&review, "other_version"));
        let fields = |key: &str, reason: &str, version: &str| {
            ["decision", "case", "version", "other", "other_version", "reason", "key"]
                .into_iter()
                .zip(["merge", &older, version, &younger, &other_version, reason, key].map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let send = async |fields: Vec<(&'static str, String)>| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            desk.order(&address, &fields).await
        };
        let (status, _, html) = send(fields("oc_wrong", "电话核实", &version)).await;
        assert!(status == StatusCode::FORBIDDEN && html.contains("密钥无效") && html.contains("电话核实") && !html.contains("oc_wrong"));
        assert_eq!(send(fields(&server.monitor_key(), "电话核实", &version)).await.0, StatusCode::FORBIDDEN);
        assert_eq!(send(fields(&desk.key, " ", &version)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let (status, _, html) = send(fields(&desk.key, "电话核实", "0")).await;
        assert!(status == StatusCode::CONFLICT && html.contains("有了变动"), "{status}");
        assert_eq!(desk.version(&older).await, version, "nothing was decided");

        let (status, leads, _) = send(fields(&desk.key, "电话核实", &version)).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let done = desk.page(&leads).await;
        assert!(done.contains("并案") && done.contains("电话核实") && done.contains("test (") && done.contains("无需告知任何平台"));
        assert!(!desk.page("/reviews").await.contains(&younger));
        // Who is late sees how it stands.
        let (status, leads, _) = send(fields(&desk.key, "电话核实", &version)).await;
        assert_eq!((status, leads.as_str()), (StatusCode::SEE_OTHER, format!("/cases/{older}?changed=1").as_str()));
        assert!(desk.page(&leads).await.contains("已由他人认定"));
        server.stop().await;
    }

    async fn filings_are_split_off_on_the_page_of_their_case_and_that_is_taken_back(store: TestStore) {
        let server = TestServer::start(store).await;
        let first = file(&server.gateway, "hunan", noise("A-1", WANG)).await;
        let second = file(&server.gateway, "mobile", noise_reworded("M-1", WANG)).await;
        let case = eventually("linked", async || view(&server.gateway, &second.id).await.case).await.id;
        let desk = Desk { server: &server, key: server.key(None, &[Scope::Review]) };
        let page = desk.page(&format!("/cases/{case}")).await;
        assert!(page.contains("拆分来件") && page.contains(&second.id) && !page.contains(&format!("type=\"checkbox\" name=\"submission\" value=\"{}\"", first.id)));
        let version = hidden(&page, "version");
        let address = format!("/cases/{case}/split");
        let nothing = desk.order(&address, &[("version", &version), ("reason", "另一栋楼"), ("key", &desk.key)]).await;
        assert!(nothing.0 == StatusCode::UNPROCESSABLE_ENTITY && nothing.2.contains("另一栋楼"));
        let split = [("version", version.as_str()), ("submission", &second.id), ("reason", "另一栋楼"), ("key", &desk.key)];
        let (status, leads, _) = desk.order(&address, &split).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert!(desk.page(&leads).await.contains("另立事项"));
        let new = view(&server.gateway, &second.id).await.case.unwrap().id;
        assert_ne!(new, case);

        let page = desk.page(&format!("/cases/{case}")).await;
        assert!(page.contains("人工拆分") && page.contains(&format!("value=\"{new}\"")));
        let version = desk.version(&case).await;
        let release = [("version", version.as_str()), ("other", &new), ("reason", "看错了"), ("key", &desk.key)];
        let (status, leads, _) = desk.order(&format!("/cases/{case}/release"), &release).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert!(desk.page(&leads).await.contains("已撤销"));
        server.stop().await;
    }
}
