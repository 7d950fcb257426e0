//! Connectors over real sockets against servers that behave well and badly.

mod authentication;
mod folder;
mod hostile;
mod manual;
mod paging;
mod reconciling;
mod revisions;

use onecase::{
    adapter::{Adapter, Secrets},
    app::{FederatedPlatform, Federation, Gateway, view::PlatformErrorView},
    domain::{organization::Directory, platform::PlatformKind},
};

use crate::support::gateway::platform;

/// A platform whose records are in exchange format but for what `pull` says about how they are read.
pub fn manifest(pull: &str) -> String {
    format!(
        r#"
schema: onecase/adapter/v1
name: plain
version: 1.0.0
title: A list of filings
platform_kind: provincial
mappings:
  filing:
    yields: submission
    source_ref: record.id
    fields:
      source_id: string(record.id)
      channel: "'web'"
      kind: "'request'"
      submitted_at: "'2026-03-01T09:30:00+08:00'"
      anonymous: true
      subject: record.?s.orValue('路灯')
      content: record.?c.orValue('路灯不亮')
pulls:
  - name: filings
    mapping: filing
    interval_seconds: 1
{pull}
"#
    )
}

pub fn federation(manifest: &str, base: &str) -> Federation {
    let plain = FederatedPlatform {
        adapter: Some(Adapter::from_manifest(manifest.as_bytes()).unwrap().into()),
        base_url: Some(base.to_owned()),
        secrets: Secrets::default(),
        ..platform("plain", PlatformKind::Provincial, "430000")
    };
    Federation::new(vec![plain], Directory::default())
}

/// Pulls until there is no more; the numbers that are registered afterwards, sorted.
pub async fn pull_all(gateway: &Gateway) -> Vec<String> {
    let platform = gateway.federation().platform("plain").unwrap().clone();
    for _ in 0..20 {
        if !gateway.pull(&platform, "filings").await.unwrap().more {
            return registered(gateway).await;
        }
    }
    panic!("there is always more");
}

pub async fn registered(gateway: &Gateway) -> Vec<String> {
    let page = onecase::app::query::Page { limit: 200, after: None };
    let mut ids: Vec<String> =
        gateway.submissions(Default::default(), page).await.unwrap().items.into_iter().map(|filing| filing.source_id).collect();
    ids.sort_by_key(|id| (id.len(), id.clone()));
    ids
}

pub async fn errors(gateway: &Gateway) -> Vec<PlatformErrorView> {
    gateway.platform("plain").await.unwrap().unwrap().errors
}
