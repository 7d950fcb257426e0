//! The audit log: what was recorded, and the proofs that nobody altered it.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Audit, Caller, Read},
        params::{self, Params},
        problem::{Problem, Reply},
        responses::{Listing, ReadingList},
    },
    app::{
        Gateway,
        code::Code,
        view::{AuditEntry, ConsistencyProof, InclusionProof, Paged},
    },
};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct CheckpointQuery {
    /// The checkpoint over exactly so many leaves instead of the newest.
    size: Option<u64>,
}

/// Read the signed checkpoint
///
/// A signed note (C2SP `tlog-checkpoint`): the log's name, how many leaves it has, their root, and the signatures of the log
/// and its witnesses. Keep it: whoever has an older one can prove that history was not rewritten since.
#[utoipa::path(
    tag = "audit",
    operation_id = "getCheckpoint",
    params(CheckpointQuery),
    responses((status = 200, description = "The signed note", body = String, content_type = "text/plain"), ReadingList),
)]
#[get("/v1/audit/checkpoint")]
pub async fn get_checkpoint(_caller: Caller<Read>, gateway: web::Data<Gateway>, query: Params<CheckpointQuery>) -> Reply<HttpResponse> {
    let note = gateway.checkpoint(query.0.size).await?.ok_or_else(|| Problem::of(Code::NotFound))?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(note))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// Only leaves about this submission, case or delivery.
    subject: Option<String>,
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the log's leaves
///
/// In the order they were recorded. They hold identifiers and digests, never personal data.
#[utoipa::path(
    tag = "audit",
    operation_id = "listAuditEntries",
    params(EntryQuery),
    responses((status = 200, description = "A page of leaves", body = Paged<AuditEntry>), Listing),
)]
#[get("/v1/audit/entries")]
pub async fn list_audit_entries(
    _caller: Caller<Audit>,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    query: Params<EntryQuery>,
) -> Reply<HttpResponse> {
    let query = query.0;
    let page = params::page("audit", query.limit, query.cursor.as_deref())?;
    Ok(params::paged(&request, "audit", gateway.audit_entries(query.subject, page).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InclusionQuery {
    /// Position of the leaf, beginning at 0.
    #[param(required = true, example = 0)]
    #[serde(default)]
    index: Option<u64>,
    /// Leaves of the tree; those of the newest checkpoint if absent.
    size: Option<u64>,
}

/// Prove that a leaf is in the log
///
/// The hashes that lead from the leaf to the tree's root (RFC 9162, section 2.1.3).
#[utoipa::path(
    tag = "audit",
    operation_id = "getInclusionProof",
    params(InclusionQuery),
    responses((status = 200, description = "The proof", body = InclusionProof), ReadingList),
)]
#[get("/v1/audit/proofs/inclusion")]
pub async fn get_inclusion_proof(
    _caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    query: Params<InclusionQuery>,
) -> Reply<web::Json<InclusionProof>> {
    gateway
        .inclusion_proof(params::given("index", query.0.index)?, query.0.size)
        .await?
        .map(web::Json)
        .ok_or_else(|| Problem::of(Code::NotFound))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// Leaves of the earlier tree, at least 1.
    #[param(required = true, minimum = 1, example = 1)]
    #[serde(default)]
    from: Option<u64>,
    /// Leaves of the later tree; those of the newest checkpoint if absent.
    to: Option<u64>,
}

/// Prove that the log only grew
///
/// The hashes that lead from the earlier tree's root to the later one's (RFC 9162, section 2.1.4).
#[utoipa::path(
    tag = "audit",
    operation_id = "getConsistencyProof",
    params(ConsistencyQuery),
    responses((status = 200, description = "The proof", body = ConsistencyProof), ReadingList),
)]
#[get("/v1/audit/proofs/consistency")]
pub async fn get_consistency_proof(
    _caller: Caller<Read>,
    gateway: web::Data<Gateway>,
    query: Params<ConsistencyQuery>,
) -> Reply<web::Json<ConsistencyProof>> {
    gateway
        .consistency_proof(params::given("from", query.0.from)?, query.0.to)
        .await?
        .map(web::Json)
        .ok_or_else(|| Problem::of(Code::NotFound))
}
