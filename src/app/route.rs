//! Putting cases into the hands of the competent body, when they come and when the directory has grown.

use serde_json::json;

use super::{Federation, Gateway, link::GATEWAY, messages::Messenger, view::EventKind};
use crate::{
    audit::{Entry, sha256},
    domain::{
        case::CaseStatus,
        division, id,
        organization::{GapReason, NoRoute, RoutingGap, RoutingRequest},
        submission::Kind,
    },
    store::{
        Connection, StoreError, audit,
        cases::{self, Case},
        coverage, deliveries,
        events::{CaseEvent, Words},
        submissions::{self, Registered},
    },
};

/// Cases looked at in one transaction.
const CHUNK: i64 = 200;

/// Gives the case its body by the directory; answers the detour it made, if any. The case stays as it is without a route.
pub(super) fn put_into_hands(federation: &Federation, case: &mut Case, founding: &Registered) -> Result<Option<RoutingGap>, NoRoute> {
    let submission = &founding.submission;
    let home = federation.platform(&founding.platform).map(|p| p.platform.division.as_str());
    let accused = match submission.kind {
        Kind::Accusation => submission.respondent.as_ref().and_then(|r| r.organization.as_deref().or(r.name.as_deref())),
        Kind::Request | Kind::Suggestion => None,
    };
    let route = federation.directory().route(RoutingRequest {
        division: submission.division.as_deref().or(home).unwrap_or(division::NATION),
        category: submission.category.as_deref(),
        accused,
    })?;
    case.platform = federation.directory().get(&route.responsible).and_then(|body| body.platform.clone());
    case.organization = Some(route.responsible);
    case.status = CaseStatus::Routed;
    Ok(route.gap)
}

impl Gateway {
    /// Routes the cases that no connected body was competent for when they came, after the directory has grown. Blocks;
    /// answers how many have a body now.
    pub fn route_waiting(&self) -> Result<usize, StoreError> {
        let (mut routed, mut after) = (0, 0);
        loop {
            let waiting = self.store().read(|c| cases::without_body(c, after, CHUNK))?;
            let Some(last) = waiting.last() else { break };
            after = last.founding_seq;
            routed += self.store().transaction(|c| self.route_chunk(c, &waiting))?;
        }
        if routed > 0 {
            self.0.owed.send_modify(|count| *count += 1);
        }
        Ok(routed)
    }

    /// Counts what a body that is not connected costs.
    fn count_detour(&self, c: &mut Connection<'_>, gap: Option<&RoutingGap>) -> Result<(), StoreError> {
        let gap = gap.filter(|gap| gap.reason == GapReason::NotConnected);
        let body = gap.and_then(|gap| self.federation().directory().get(&gap.competent));
        let detours = body.map(|body| ((body.id.clone(), body.division.clone()), 1)).into_iter().collect();
        coverage::add(c, &detours)
    }

    fn route_chunk(&self, c: &mut Connection<'_>, waiting: &[Case]) -> Result<usize, StoreError> {
        let now = self.now();
        let sealer = self.store().sealer();
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now };
        let (mut routed, mut owed, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
        for waiting in waiting {
            let Some(mut case) = cases::lock(c, &waiting.id)?.filter(|case| case.organization.is_none()) else { continue };
            let Some(founding) = submissions::find_many(c, sealer, &[case.founding_seq])?.pop() else { continue };
            let version = case.version;
            let Ok(gap) = put_into_hands(self.federation(), &mut case, &founding) else { continue };
            case.version += 1;
            case.updated_at = now;
            cases::replace(c, &case, version)?;
            cases::close_gap(c, &case, gap.as_ref())?;
            self.count_detour(c, gap.as_ref())?;
            let organization = case.organization.as_deref().map(|id| self.federation().organization_reference(id));
            let data = json!({ "organization": organization, "gap": gap.map(|gap| gap.reason) });
            leaves.push(Entry {
                at: now,
                action: "case.routed",
                subject: case.id.clone(),
                actor: GATEWAY.to_owned(),
                digest: sha256(data.to_string().as_bytes()),
            });
            routed.push(CaseEvent {
                seq: 0,
                id: id::new_id(now),
                case_id: case.id.clone(),
                kind: EventKind::CaseRouted.as_str().to_owned(),
                source: GATEWAY.to_owned(),
                status: Some(case.status),
                data,
                words: Words::default(),
                at: now,
            });
            owed.extend(messenger.forward(&case, &founding, None));
        }
        self.append_events(c, &routed)?;
        deliveries::enqueue(c, sealer, &owed)?;
        audit::append(c, &leaves)?;
        Ok(routed.len())
    }
}
