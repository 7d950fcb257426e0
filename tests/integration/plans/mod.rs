//! No page, list or worker scans a table that grows. Every statement that is sent while each page and each reading operation is asked for,
//! by the bureau and by a platform, is explained by its database: what somebody adds tomorrow is explained too.

mod explain;
mod statement;
mod walk;

use std::sync::{Arc, Mutex};

use onecase::domain::platform::Scope;

use crate::{
    support::{gateway::eventually, http::TestServer, stores::on_both_stores},
    year::{FEDERATION, ORGANIZATIONS, simulate},
};

use statement::Statements;
use walk::Walk;

/// Enough that reading all of a table shows.
const CASES: u32 = 600;

on_both_stores! {
    async fn nothing_scans_what_grows(store: TestStore) {
        let (status, summary) = simulate(&store, CASES, &chrono::Utc::now().to_rfc3339());
        assert_eq!(status, Some(0), "{summary}");
        let url = store.url.clone();

        let server = TestServer::start_with(store, FEDERATION, ORGANIZATIONS).await;
        let seen = Arc::new(Mutex::new(Statements::default()));
        let watching = Arc::clone(&seen);
        server.gateway.store().watch(move |statement| watching.lock().unwrap().note(statement));
        let bureau = server.key(None, &[Scope::Monitor, Scope::Review, Scope::Administer]);
        let platform = server.key("hunan", &[Scope::Submit, Scope::Handle]);
        // The workers' first look at a year, which leaves what the pages show.
        eventually("supervised", async || (!server.get("/v1/supervisions?state=answered", &bureau).await.body["items"].is_null()).then_some(())).await;
        let mut walk = Walk::new(&server);
        walk.pages().await;
        walk.operations(&bureau).await;
        walk.operations(&platform).await;
        assert!(walk.asked > 400, "the walk has become short: {} addresses", walk.asked);
        let refused = std::mem::take(&mut walk.refused);
        assert!(refused.is_empty(), "asked for in vain:\n{}", refused.join("\n"));

        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert!(seen.len() > 100, "the walk has become short: {} statements", seen.len());
        let wrong = explain::all(&url, &seen);
        server.stop().await;
        assert!(wrong.is_empty(), "{} statements scan what grows:\n\n{}", wrong.len(), wrong.join("\n\n"));
    }
}
