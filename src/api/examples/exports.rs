//! Examples of exports.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DELIVERY, at, value};
use crate::app::{
    export::Format,
    view::{AuditEntry, ExportManifest, ExportView, ModelReference},
};

pub(super) fn response_to(operation: &str) -> Option<Value> {
    Some(match operation {
        "exportDuplicates" | "exportCases" | "exportDeadlines" | "exportIndicators" => json!("…"),
        "getExport" => {
            let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
            let manifest = ExportManifest {
                id: DELIVERY.into(),
                list: "duplicates".into(),
                format: Format::Csv,
                query: BTreeMap::from([("division".to_owned(), "430000".to_owned())]),
                columns: vec!["decision".into(), "probability".into()],
                rows: 12,
                complete: true,
                bytes: 4096,
                sha256: digest.into(),
                model: ModelReference { name: "onecase-1".into(), digest: digest.into() },
                made_by: "审计处 (01955000-0f10-7c5d-a6e4-1b2c3d4e5f60)".into(),
                made_at: at("2026-03-02T02:00:00Z"),
            };
            let leaf = AuditEntry {
                index: 41,
                entry: format!("{{\"at\":\"2026-03-02T02:00:00.000Z\",\"action\":\"export.made\",\"subject\":\"{DELIVERY}\"}}"),
                leaf_hash: "Y6dFYm9VvyVgkZ8ffc1vL4+UXmv5LBzRyXGvAjNFtbk=".into(),
            };
            value(&ExportView { statement: value(&manifest).to_string(), manifest, leaf: Some(leaf) })
        }
        _ => return None,
    })
}
