//! An endpoint that receives events, as Standard Webhooks lays down.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Failure, Report, checks, client, new_report};
use crate::{
    app::{Clock, sign_webhook},
    domain::id,
};

/// How old or how far ahead a timestamp is that no receiver may take; the standard suggests five minutes.
const STALE: TimeDelta = TimeDelta::hours(2);

struct Bench {
    client: reqwest::Client,
    url: String,
    secret: String,
}

/// One call, before it is sent.
struct Call {
    id: String,
    at: DateTime<Utc>,
    signature: String,
    body: Vec<u8>,
}

pub(super) async fn drive(url: &str, secret: &str) -> Result<Report, Failure> {
    let bench = Bench { client: client()?, url: url.to_owned(), secret: secret.to_owned() };
    if sign_webhook(secret, "probe", bench.now(), b"").is_none() {
        return Err("the secret is not `whsec_` and base64".into());
    }
    bench.post(&bench.call(&event("onecase.webhook.test"))).await.map_err(|error| format!("nothing answers at {url}: {error}"))?;
    let mut report = new_report("receiver", url);
    checks! { report, bench,
        "takes_event" "an event that is signed is answered with 2xx" takes_event;
        "takes_again" "the same event again is answered with 2xx" takes_again;
        "takes_unknown_type" "an event of a type that is not known is answered with 2xx" takes_unknown_type;
        "takes_any_signature" "one of several signatures is enough, while a secret is being replaced" takes_any_signature;
        "refuses_unsigned" "a call without a signature is refused with 4xx" refuses_unsigned;
        "refuses_forged" "a call that is signed with another secret is refused with 4xx" refuses_forged;
        "refuses_changed" "a body that was changed after signing is refused with 4xx" refuses_changed;
        "refuses_other_id" "an id that was not signed is refused with 4xx" refuses_other_id;
        "refuses_old" "a call of two hours ago is refused with 4xx" refuses_old;
        "refuses_early" "a call two hours ahead is refused with 4xx" refuses_early;
    }
    Ok(report)
}

fn event(kind: &str) -> Value {
    let now = Clock::system().now();
    json!({
        "specversion": "1.0", "id": id::new_id(now), "source": "/gateway", "type": kind, "subject": "LJ7K2M9QX4TB3C", "time": now,
        "datacontenttype": "application/json", "data": { "href": "/v1/cases/LJ7K2M9QX4TB3C", "status": "answered" },
    })
}

impl Bench {
    fn now(&self) -> DateTime<Utc> {
        Clock::system().now()
    }

    fn call(&self, event: &Value) -> Call {
        self.call_at(event, self.now())
    }

    fn call_at(&self, event: &Value, at: DateTime<Utc>) -> Call {
        let (id, body) = (event["id"].as_str().unwrap_or_default().to_owned(), event.to_string().into_bytes());
        Call { signature: sign_webhook(&self.secret, &id, at, &body).unwrap_or_default(), id, at, body }
    }

    async fn post(&self, call: &Call) -> Result<u16, reqwest::Error> {
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/cloudevents+json")
            .header("webhook-id", &call.id)
            .header("webhook-timestamp", call.at.timestamp().to_string());
        let request = if call.signature.is_empty() { request } else { request.header("webhook-signature", &call.signature) };
        Ok(request.body(call.body.clone()).send().await?.status().as_u16())
    }

    async fn taken(&self, call: &Call) -> Result<(), String> {
        match self.post(call).await {
            Ok(200..=299) => Ok(()),
            Ok(status) => Err(format!("answered with {status}")),
            Err(error) => Err(error.without_url().to_string()),
        }
    }

    async fn refused(&self, call: &Call) -> Result<(), String> {
        match self.post(call).await {
            Ok(410) => Err("answered with 410, which ends an endpoint's service".to_owned()),
            Ok(400..=499) => Ok(()),
            Ok(status) => Err(format!("answered with {status}")),
            Err(error) => Err(error.without_url().to_string()),
        }
    }

    async fn takes_event(&self) -> Result<(), String> {
        self.taken(&self.call(&event("onecase.case.replied"))).await
    }

    async fn takes_again(&self) -> Result<(), String> {
        let event = event("onecase.case.status_changed");
        self.taken(&self.call(&event)).await?;
        self.taken(&self.call(&event)).await
    }

    async fn takes_unknown_type(&self) -> Result<(), String> {
        self.taken(&self.call(&event("onecase.case.invented"))).await
    }

    async fn takes_any_signature(&self) -> Result<(), String> {
        let mut call = self.call(&event("onecase.case.replied"));
        call.signature = format!("v1,bm90IG91cnMgYXQgYWxsLCBidXQgYmFzZTY0IGFsbCBvaw== {}", call.signature);
        self.taken(&call).await
    }

    async fn refuses_unsigned(&self) -> Result<(), String> {
        let mut call = self.call(&event("onecase.case.replied"));
        call.signature.clear();
        self.refused(&call).await
    }

    async fn refuses_forged(&self) -> Result<(), String> {
        let mut call = self.call(&event("onecase.case.replied"));
        // The key is "another secret, another secret".
        let other = "whsec_YW5vdGhlciBzZWNyZXQsIGFub3RoZXIgc2VjcmV0";
        call.signature = sign_webhook(other, &call.id, call.at, &call.body).unwrap_or_default();
        self.refused(&call).await
    }

    async fn refuses_changed(&self) -> Result<(), String> {
        let mut call = self.call(&event("onecase.case.replied"));
        call.body.push(b' ');
        self.refused(&call).await
    }

    async fn refuses_other_id(&self) -> Result<(), String> {
        let mut call = self.call(&event("onecase.case.replied"));
        call.id.push('0');
        self.refused(&call).await
    }

    async fn refuses_old(&self) -> Result<(), String> {
        self.refused(&self.call_at(&event("onecase.case.replied"), self.now() - STALE)).await
    }

    async fn refuses_early(&self) -> Result<(), String> {
        self.refused(&self.call_at(&event("onecase.case.replied"), self.now() + STALE)).await
    }
}
