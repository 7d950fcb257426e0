//! Filing: durable, once, whatever is sent again.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Seen, answer, same};

impl Bench {
    pub(super) async fn filed(&self) -> Seen {
        let receipt = self.post("/v1/submissions", &self.filing("filed")).await?.expect(&[202])?;
        receipt.text("/id")?;
        same("state", &receipt.body["state"], &json!("registered"))
    }

    pub(super) async fn read_back(&self) -> Seen {
        let filing = self.filing("read-back");
        let id = self.post("/v1/submissions", &filing).await?.expect(&[202])?.text("/id")?;
        let view = self.get(&format!("/v1/submissions/{id}")).await?.expect(&[200])?;
        for member in ["subject", "content", "petitioners", "division", "source_id"] {
            same(member, &view.body["submission"][member], &filing[member])?;
        }
        let list = self.get(&format!("/v1/submissions?source_id={}", self.number("read-back"))).await?.expect(&[200])?;
        same("the list", &list.body["items"][0]["id"], &json!(id))
    }

    pub(super) async fn filed_again(&self) -> Seen {
        let filing = self.filing("again");
        let first = self.post("/v1/submissions", &filing).await?.expect(&[202])?;
        let second = self.post("/v1/submissions", &filing).await?.expect(&[200, 202])?;
        same("the second number", &second.body["id"], &first.body["id"])
    }

    pub(super) async fn source_id_conflict(&self) -> Seen {
        let mut filing = self.filing("conflict");
        let first = self.post("/v1/submissions", &filing).await?.expect(&[202])?;
        filing["content"] = json!("换了内容。");
        let refused = self.post("/v1/submissions", &filing).await?;
        refused.problem(409, "source_id_conflict")?;
        same("existing", &refused.body["existing"], &first.body["id"])
    }

    pub(super) async fn idempotency_key(&self) -> Seen {
        let key = self.number("key");
        let send = async |filing: &Value| {
            answer(self.request(Method::POST, "/v1/submissions", &self.key).header("Idempotency-Key", &key).json(filing)).await
        };
        let (one, other) = (self.filing("key-1"), self.filing("key-2"));
        let first = send(&one).await?.expect(&[202])?;
        same("the repeated number", &send(&one).await?.expect(&[200, 202])?.body["id"], &first.body["id"])?;
        send(&other).await?.problem(422, "idempotency_key_reused")
    }

    pub(super) async fn waits(&self) -> Seen {
        let filing = self.filing("waits");
        let send =
            async || answer(self.request(Method::POST, "/v1/submissions", &self.key).header("Prefer", "wait=30").json(&filing)).await;
        let first = send().await?.expect(&[201])?;
        first.text("/case/id")?;
        let second = send().await?.expect(&[200])?;
        same("the case", &second.body["case"]["id"], &first.body["case"]["id"])
    }

    pub(super) async fn anonymous(&self) -> Seen {
        let mut filing = self.filing("anonymous");
        filing["anonymous"] = json!(true);
        filing["petitioners"] = json!([]);
        self.post("/v1/submissions", &filing).await?.expect(&[202]).map(|_| ())
    }

    pub(super) async fn batch(&self) -> Seen {
        let lines = [self.filing("line-1").to_string(), "{\"source_id\":".to_owned(), self.filing("line-3").to_string()];
        let request = self.request(Method::POST, "/v1/submissions/batch", &self.key).header("Content-Type", "application/x-ndjson");
        let results = answer(request.body(lines.join("\n"))).await?.expect(&[200])?;
        let statuses: Vec<&Value> = results.body.as_array().into_iter().flatten().map(|result| &result["status"]).collect();
        if statuses == [&json!(202), &json!(400), &json!(202)] { Ok(()) } else { Err(format!("the lines were answered {statuses:?}")) }
    }

    pub(super) async fn duplicate(&self) -> Seen {
        let one = self.filing("twice-1");
        let mut other = one.clone();
        other["source_id"] = json!(self.number("twice-2"));
        let first = self.linked(&one).await?;
        let second = self.linked(&other).await?;
        same("the second filing's case", &second["case"]["id"], &first["case"]["id"])?;
        same("the second filing's decision", &second["decision"], &json!("duplicate"))?;
        if first["id"] == second["id"] { Err("the second filing has no number of its own".to_owned()) } else { Ok(()) }
    }
}
