//! Refusals: stable codes, the place of everything wrong, nothing repeated.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Bench, Clock, Seen, answer};

impl Bench {
    async fn raw(&self, media_type: &str, body: impl Into<reqwest::Body>) -> Result<Answer, String> {
        answer(self.request(Method::POST, "/v1/submissions", &self.key).header("Content-Type", media_type).body(body)).await
    }

    pub(super) async fn malformed(&self) -> Seen {
        self.raw("application/json", "{\"source_id\": ").await?.problem(400, "malformed_json")?;
        self.raw("application/json", &b"{\"a\": \"\xff\"}"[..]).await?.problem(400, "invalid_utf8")
    }

    pub(super) async fn media_type(&self) -> Seen {
        self.raw("text/plain", "{}").await?.problem(415, "unsupported_media_type")
    }

    pub(super) async fn violations(&self) -> Seen {
        let mut filing = self.filing("wrong");
        filing["colour"] = json!("red");
        filing["division"] = json!("999999");
        filing["submitted_at"] = json!("2026-03-01T09:30:00");
        filing["petitioners"][0]["id_document"] = json!({ "type": "resident_id", "number": "110105194912310021" });
        let refused = self.post("/v1/submissions", &filing).await?;
        refused.problem(422, "invalid_submission")?;
        wants(
            &refused,
            &[
                ("unknown_member", "/colour"),
                ("unknown_division", "/division"),
                ("invalid_resident_id_check_digit", "/petitioners/0/id_document/number"),
                ("time_without_offset", "/submitted_at"),
            ],
        )?;
        if refused.body.to_string().contains("110105194912310021") { Err("a refused value is repeated".to_owned()) } else { Ok(()) }
    }

    pub(super) async fn duplicate_member(&self) -> Seen {
        let text = self.filing("member").to_string().replacen('{', "{\"kind\":\"request\",", 1);
        let refused = self.raw("application/json", text).await?;
        refused.problem(422, "invalid_submission")?;
        wants(&refused, &[("duplicate_member", "/kind")])
    }

    pub(super) async fn nul(&self) -> Seen {
        let mut filing = self.filing("nul");
        filing["subject"] = json!("a\0b");
        let refused = self.post("/v1/submissions", &filing).await?;
        refused.problem(422, "invalid_submission")?;
        wants(&refused, &[("forbidden_character", "/subject")])
    }

    pub(super) async fn clock(&self) -> Seen {
        let mut filing = self.filing("early");
        filing["submitted_at"] = json!(Clock::system().now() + TimeDelta::hours(2));
        let refused = self.post("/v1/submissions", &filing).await?;
        refused.problem(422, "invalid_submission")?;
        let named = refused.body["violations"].as_array().into_iter().flatten().any(|v| v["pointer"] == "/submitted_at");
        if named { Ok(()) } else { Err("no violation names /submitted_at".to_owned()) }
    }

    pub(super) async fn too_large(&self) -> Seen {
        let mut filing = self.filing("large");
        filing["extensions"] = json!({ "padding": "x".repeat(600 * 1024) });
        self.post("/v1/submissions", &filing).await?.problem(413, "payload_too_large")
    }

    pub(super) async fn unknown_parameter(&self) -> Seen {
        self.get("/v1/submissions?colour=red").await?.problem(400, "invalid_query")?;
        self.get("/v1/submissions?limit=0").await?.problem(400, "invalid_query")
    }
}

/// Each of these codes stands at its pointer.
pub(super) fn wants(refused: &Answer, wanted: &[(&str, &str)]) -> Seen {
    let found = |code: &str, pointer: &str| {
        let mut violations = refused.body["violations"].as_array().into_iter().flatten();
        violations.any(|violation: &Value| violation["code"] == code && violation["pointer"] == pointer)
    };
    match wanted.iter().find(|(code, pointer)| !found(code, pointer)) {
        None => Ok(()),
        Some((code, pointer)) => Err(format!("no violation `{code}` at {pointer}")),
    }
}
