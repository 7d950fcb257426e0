//! Reporting: the handler's status and reply, once, and only what the law lets follow.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Bench, Found, Seen, answer, refusing::wants, same};

const NO_KEY: Found = Found::Skipped("no --handler-key was given");

impl Bench {
    fn update(&self, name: &str, case: &str, status: &str) -> Value {
        json!({
            "update_id": self.number(name), "reference": { "case": case }, "status": status, "occurred_at": "2026-03-20T16:00:00+08:00",
        })
    }

    async fn report(&self, key: &str, update: &Value) -> Result<Answer, String> {
        answer(self.request(Method::POST, "/v1/updates", key).json(update)).await
    }

    async fn case(&self, name: &str) -> Result<String, String> {
        Ok(self.linked(&self.filing(name)).await?["case"]["id"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) async fn not_handler(&self) -> Seen {
        let case = self.case("not-ours").await?;
        let refused = self.report(&self.key, &self.update("not-ours", &case, "accepted")).await?;
        match refused.body["code"].as_str() {
            Some("not_handler" | "forbidden" | "not_found") => Ok(()),
            _ => Err(format!("answered {} with the code {}", refused.status, refused.body["code"])),
        }
    }

    pub(super) async fn routed(&self) -> Found {
        let Some(key) = self.handler_key.as_deref() else { return NO_KEY };
        let check = async {
            let start = answer(self.request(Method::GET, "/v1/changes?start=latest", key)).await?.expect(&[200])?.text("/next_cursor")?;
            let case = self.case("routed").await?;
            let feed = answer(self.request(Method::GET, &format!("/v1/changes?wait=10&cursor={start}"), key)).await?.expect(&[200])?;
            let mut events = feed.body["items"].as_array().into_iter().flatten();
            if !events.any(|event| event["subject"] == case.as_str()) {
                return Err("the case is not in the handler's feed".to_owned());
            }
            answer(self.request(Method::GET, &format!("/v1/cases/{case}"), key)).await?.expect(&[200])?;
            let filings = answer(self.request(Method::GET, &format!("/v1/cases/{case}/submissions"), key)).await?.expect(&[200])?;
            same("the number of the filing", &filings.body["items"][0]["source_id"], &json!(self.number("routed")))
        };
        check.await.into()
    }

    pub(super) async fn told(&self) -> Found {
        let Some(key) = self.handler_key.as_deref() else { return NO_KEY };
        let check = async {
            let case = self.case("told").await?;
            let mut again = self.filing("told");
            again["source_id"] = json!(self.number("told-again"));
            same("the case of the second filing", &self.linked(&again).await?["case"]["id"], &json!(case))?;
            let start = self.get("/v1/changes?start=latest").await?.expect(&[200])?.text("/next_cursor")?;
            self.report(key, &self.update("told-accepted", &case, "accepted")).await?.expect(&[200])?;
            let mut answered = self.update("told-answered", &case, "answered");
            answered["reply"] = json!({ "content": "已办理。", "organization": "试用信访局", "replied_at": "2026-03-20T16:00:00+08:00" });
            self.report(key, &answered).await?.expect(&[200])?;
            let feed = self.get(&format!("/v1/changes?cursor={start}")).await?.expect(&[200])?;
            let events = feed.body["items"].as_array().into_iter().flatten().filter(|event| event["subject"] == case.as_str());
            let kinds: Vec<&str> = events.filter_map(|event| event["type"].as_str()).collect();
            let wanted = ["onecase.case.status_changed", "onecase.case.status_changed", "onecase.case.replied"];
            if kinds == wanted { Ok(()) } else { Err(format!("the feed has {kinds:?}")) }
        };
        check.await.into()
    }

    pub(super) async fn reports(&self) -> Found {
        let Some(key) = self.handler_key.as_deref() else { return NO_KEY };
        let check = async {
            let case = self.case("reports").await?;
            self.report(key, &self.update("accepted", &case, "accepted")).await?.expect(&[200])?;
            let mut answered = self.update("answered", &case, "answered");
            answered["reply"] = json!({ "content": "已办理。", "organization": "试用信访局", "replied_at": "2026-03-20T16:00:00+08:00" });
            self.report(key, &answered).await?.expect(&[200])?;
            let view = self.get(&format!("/v1/cases/{case}")).await?.expect(&[200])?;
            same("status", &view.body["status"], &json!("answered"))?;
            same("the reply", &view.body["reply"]["content"], &json!("已办理。"))
        };
        check.await.into()
    }

    pub(super) async fn report_again(&self) -> Found {
        let Some(key) = self.handler_key.as_deref() else { return NO_KEY };
        let check = async {
            let case = self.case("again").await?;
            let accepted = self.update("again", &case, "accepted");
            let first = self.report(key, &accepted).await?.expect(&[200])?;
            let second = self.report(key, &accepted).await?.expect(&[200])?;
            same("the version", &second.body["version"], &first.body["version"])?;
            self.report(key, &self.update("again", &case, "in_progress")).await?.problem(409, "update_id_conflict")
        };
        check.await.into()
    }

    pub(super) async fn illegal_transition(&self) -> Found {
        let Some(key) = self.handler_key.as_deref() else { return NO_KEY };
        let check = async {
            let case = self.case("illegal").await?;
            let refused = self.report(key, &self.update("illegal", &case, "concluded")).await?;
            refused.problem(409, "illegal_transition")?;
            let allowed = refused.body["allowed"].as_array().is_some_and(|allowed| allowed.contains(&json!("accepted")));
            if allowed { Ok(()) } else { Err("`allowed` does not name accepted".to_owned()) }
        };
        check.await.into()
    }

    pub(super) async fn report_refused(&self) -> Found {
        let Some(key) = self.handler_key.as_deref() else { return NO_KEY };
        let check = async {
            let case = self.case("refused").await?;
            let mut refusal = self.update("no-reason", &case, "refused");
            refusal["colour"] = json!("red");
            let refused = self.report(key, &refusal).await?;
            refused.problem(422, "invalid_update")?;
            wants(&refused, &[("reason_missing", "/reason"), ("unknown_member", "/colour")])?;
            let answered = self.report(key, &self.update("no-reply", &case, "answered")).await?;
            wants(&answered, &[("reply_missing", "/reply")])
        };
        check.await.into()
    }
}
