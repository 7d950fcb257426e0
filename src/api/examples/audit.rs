//! Examples of the audit log's operations.

use serde_json::{Value, json};

use super::{FILING, page, value, values::at};
use crate::app::view::{AuditEntry, ConsistencyProof, ErasureView, InclusionProof};

const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const CHECKPOINT: &str = "onecase\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} onecase x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

pub(super) fn response_to(operation: &str) -> Option<Value> {
    Some(match operation {
        "eraseSubmission" => value(&ErasureView {
            submission: FILING.into(),
            actor: "01955000-0f10-7c5d-a6e4-1b2c3d4e5f60".into(),
            reason: "信访人依法申请删除个人信息".into(),
            erased_at: at("2027-03-01T02:00:00Z"),
        }),
        "getCheckpoint" => json!(CHECKPOINT),
        "listAuditEntries" => page(AuditEntry {
            index: 41,
            entry: json!({
                "at": "2026-03-01T01:30:02.000Z",
                "action": "submission.registered",
                "subject": FILING,
                "actor": "hunan",
                "digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            })
            .to_string(),
            leaf_hash: HASH.into(),
        }),
        "getInclusionProof" => {
            value(&InclusionProof { index: 41, size: 42, leaf_hash: HASH.into(), root: HASH.into(), hashes: vec![HASH.into(); 3] })
        }
        "getConsistencyProof" => {
            value(&ConsistencyProof { from: 40, to: 42, from_root: HASH.into(), to_root: HASH.into(), hashes: vec![HASH.into(); 3] })
        }
        _ => return None,
    })
}
