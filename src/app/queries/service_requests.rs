//! Filings as a public service reports on them: what it is, where it stands, who has it; nothing of what was written.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{AppError, Gateway};
use crate::{
    domain::{case::CaseStatus, division, message::OrganizationReference, submission::Kind},
    store::{
        Connection, Page as StorePage, StoreError, cases, links,
        submissions::{self, Registered, SubmissionFilter},
    },
};

/// Filings that one query looks at; more than it may answer, since some fall out.
const MAX_SEEN: usize = 5_000;

/// Which filings are asked for, newest first.
#[derive(Clone, Debug)]
pub struct ServiceRequestFilter {
    /// Filed on this platform; all for those who watch.
    pub platform: Option<String>,
    /// Any of these; all if empty.
    pub kinds: Vec<Kind>,
    pub from: DateTime<Utc>,
    /// Exclusive.
    pub until: DateTime<Utc>,
    /// Only those that are over, or that are not.
    pub closed: Option<bool>,
    pub limit: usize,
}

/// A filing without what the petitioner said.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRequest {
    pub id: String,
    pub platform: String,
    pub kind: Kind,
    pub case: Option<String>,
    /// Absent until it is linked.
    pub status: Option<CaseStatus>,
    pub organization: Option<OrganizationReference>,
    /// The division's full name.
    pub place: Option<String>,
    pub requested_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ServiceRequest {
    pub fn is_closed(&self) -> bool {
        self.status
            .is_some_and(|status| matches!(status, CaseStatus::Answered | CaseStatus::Closed | CaseStatus::Refused | CaseStatus::Concluded))
    }
}

impl Gateway {
    /// The newest filings that fit; at most `limit`.
    pub async fn service_requests(&self, filter: ServiceRequestFilter) -> Result<Vec<ServiceRequest>, AppError> {
        self.read(move |gateway, c| {
            let asked = SubmissionFilter {
                platform: filter.platform.clone(),
                received_from: Some(filter.from),
                received_until: Some(filter.until),
                kind: match filter.kinds.as_slice() {
                    [only] => Some(*only),
                    _ => None,
                },
                ..SubmissionFilter::default()
            };
            let (mut found, mut seen, mut after) = (Vec::new(), 0, None);
            while found.len() < filter.limit && seen < MAX_SEEN {
                let rows = submissions::list(c, gateway.store().sealer(), &asked, StorePage::new(after, StorePage::MAX_LIMIT))?;
                let Some(last) = rows.last() else { break };
                after = Some((last.seq, 0));
                seen += rows.len();
                let wanted = |request: &ServiceRequest| {
                    (filter.kinds.is_empty() || filter.kinds.contains(&request.kind))
                        && filter.closed.is_none_or(|closed| closed == request.is_closed())
                };
                found.extend(requests(gateway, c, rows)?.into_iter().filter(wanted));
            }
            found.truncate(filter.limit);
            Ok(found)
        })
        .await
    }

    /// One filing by its id, on whatever platform.
    pub async fn service_request(&self, id: &str) -> Result<Option<ServiceRequest>, AppError> {
        let id = id.to_owned();
        self.read(move |gateway, c| {
            let found = submissions::find(c, gateway.store().sealer(), &id)?;
            Ok(requests(gateway, c, found.into_iter().collect())?.pop())
        })
        .await
    }
}

fn requests(gateway: &Gateway, c: &mut Connection<'_>, found: Vec<Registered>) -> Result<Vec<ServiceRequest>, StoreError> {
    let seqs: Vec<i64> = found.iter().map(|row| row.seq).collect();
    let linked: HashMap<i64, String> = links::find_many(c, &seqs)?.into_iter().map(|link| (link.submission_seq, link.case_id)).collect();
    let ids: Vec<String> = linked.values().cloned().collect();
    let cases: HashMap<String, cases::Case> = cases::find_many(c, &ids)?.into_iter().map(|case| (case.id.clone(), case)).collect();
    let request = |row: Registered| {
        let case = linked.get(&row.seq).and_then(|id| cases.get(id));
        let organization = case.and_then(|case| case.organization.as_deref());
        ServiceRequest {
            id: row.id,
            platform: row.platform,
            kind: row.submission.kind,
            case: case.map(|case| case.id.clone()),
            status: case.map(|case| case.status),
            organization: organization.map(|id| gateway.federation().organization_reference(id)),
            place: row.submission.division.as_deref().map(division::full_name),
            requested_at: row.received_at,
            updated_at: case.map_or(row.received_at, |case| case.updated_at.max(row.received_at)),
        }
    };
    Ok(found.into_iter().map(request).collect())
}
