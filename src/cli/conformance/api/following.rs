//! Reading: pages, entity tags, the change feed.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Seen, answer, same};

/// Pages read before a list counts as endless.
const MAX_PAGES: usize = 200;

impl Bench {
    pub(super) async fn pages(&self) -> Seen {
        for number in 0..3 {
            self.post("/v1/submissions", &self.filing(&format!("page-{number}"))).await?.expect(&[202])?;
        }
        let (mut seen, mut cursor) = (HashSet::new(), None::<String>);
        for _ in 0..MAX_PAGES {
            let at = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.get(&format!("/v1/submissions?limit=2{at}")).await?.expect(&[200])?;
            let items = page.body["items"].as_array().ok_or("the page has no items")?;
            if items.len() > 2 {
                return Err(format!("a page of at most 2 has {}", items.len()));
            }
            for item in items {
                if !seen.insert(item["id"].to_string()) {
                    return Err("a filing is on two pages".to_owned());
                }
            }
            match page.body["next_cursor"].as_str() {
                None if seen.len() >= 3 => return Ok(()),
                None => return Err(format!("the list ends after {} filings", seen.len())),
                Some(next) if page.header("link").contains("rel=\"next\"") => cursor = Some(next.to_owned()),
                Some(_) => return Err("there is no Link to the next page".to_owned()),
            }
        }
        Ok(())
    }

    pub(super) async fn foreign_cursor(&self) -> Seen {
        self.get("/v1/submissions?cursor=AAAAAAAAAAAA").await?.problem(400, "invalid_cursor")
    }

    pub(super) async fn entity_tag(&self) -> Seen {
        let case = self.linked(&self.filing("tag")).await?["case"]["id"].as_str().unwrap_or_default().to_owned();
        // Something may just be happening to it.
        for _ in 0..20 {
            let first = self.get(&format!("/v1/cases/{case}")).await?.expect(&[200])?;
            let tag = first.header("etag").to_owned();
            if tag.is_empty() {
                return Err("the case has no ETag".to_owned());
            }
            let again = answer(self.request(Method::GET, &format!("/v1/cases/{case}"), &self.key).header("If-None-Match", &tag)).await?;
            if again.status == 304 {
                return Ok(());
            }
        }
        Err("`If-None-Match` is never answered 304".to_owned())
    }

    pub(super) async fn changes(&self) -> Seen {
        let start = self.get("/v1/changes?start=latest").await?.expect(&[200])?.text("/next_cursor")?;
        let case = self.linked(&self.filing("change")).await?["case"]["id"].clone();
        let page = self.get(&format!("/v1/changes?cursor={start}")).await?.expect(&[200])?;
        let of_case = |event: &&Value| event["subject"] == case;
        let event = page.body["items"].as_array().into_iter().flatten().find(of_case).ok_or("the new case is not in the feed")?;
        same("specversion", &event["specversion"], &json!("1.0"))?;
        let next = page.text("/next_cursor")?;
        let rest = self.get(&format!("/v1/changes?cursor={next}")).await?.expect(&[200])?;
        let twice = rest.body["items"].as_array().into_iter().flatten().any(|later| later["id"] == event["id"]);
        if twice { Err("an event comes again behind its cursor".to_owned()) } else { Ok(()) }
    }

    pub(super) async fn waits_for_change(&self) -> Seen {
        let start = self.get("/v1/changes?start=latest").await?.expect(&[200])?.text("/next_cursor")?;
        let filing = self.filing("wait-change");
        let path = format!("/v1/changes?wait=30&cursor={start}");
        let (page, filed) = tokio::join!(self.get(&path), self.post("/v1/submissions", &filing));
        filed?.expect(&[202])?;
        let page = page?.expect(&[200])?;
        if page.body["items"].as_array().is_some_and(|items| !items.is_empty()) { Ok(()) } else { Err("the answer is empty".to_owned()) }
    }
}
