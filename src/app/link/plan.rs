//! What a batch of decisions writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Decided, LinkError, signed};
use crate::{
    app::{Gateway, coverage::detours, messages::Messenger, refer::Sign, route::put_into_hands, view::EventKind},
    audit::{Entry, sha256},
    domain::{case::CaseStatus, id, organization::GapReason, referral::ConflictSource, spot::Spot, update::Reply},
    matching::Decision,
    store::{
        Connection, StoreError, audit,
        cases::{self, Case, RoutingGap},
        coverage,
        deliveries::{self, NewDelivery},
        events::{self, CaseEvent, Words},
        links::{self, Link},
        matches::{self, Match},
        matters, referrals,
        submissions::{self, Reference, Registered},
    },
};

/// The source name of the gateway's own events.
pub(in crate::app) const GATEWAY: &str = "gateway";

pub(in crate::app) struct Plan<'a> {
    gateway: &'a Gateway,
    messenger: Messenger<'a>,
    now: DateTime<Utc>,
    /// Cases touched, by founding position.
    pub cases: BTreeMap<i64, Touched>,
    /// Cases that joined matters in this batch, by the matter's founding position.
    pub joined: BTreeMap<i64, i32>,
    pub links: Vec<Link>,
    pub matches: Vec<Match>,
    pub events: Vec<CaseEvent>,
    pub gaps: Vec<RoutingGap>,
    /// Filings that their platform referred to another body than the one that has the case.
    pub referred: Vec<Referred>,
    pub deliveries: Vec<NewDelivery>,
    pub audit: Vec<Entry>,
}

pub(in crate::app) struct Touched {
    pub case: Case,
    /// Version in the store; `None` for a case of this batch.
    pub stored_version: Option<i64>,
}

/// A filing that its platform referred to a body itself.
pub(in crate::app) struct Referred {
    case: Case,
    to: String,
    platform: String,
    filing: String,
}

/// Ids and platforms of filings, by their position.
pub(in crate::app) type Names = HashMap<i64, Reference>;
/// Finds the newest answer to a case, which whoever files it again is told.
pub(in crate::app) type Standing<'a> = &'a mut dyn FnMut(&str) -> Result<Option<Reply>, StoreError>;

impl Touched {
    /// The matter of a stored case that changed.
    fn grown_matter(&self) -> Option<String> {
        let changed = self.stored_version.is_some_and(|version| version != self.case.version);
        self.case.matter_id.clone().filter(|_| changed)
    }
}

/// Writes everything a batch decides, in one go; answers how many messages it owes.
pub(super) fn write(gateway: &Gateway, connection: &mut Connection<'_>, batch: &[Decided]) -> Result<usize, LinkError> {
    let cases = known_cases(connection, batch)?;
    let others: Vec<i64> =
        batch.iter().flat_map(|d| d.outcome.matches.iter().map(|m| signed(m.seq))).collect::<BTreeSet<_>>().into_iter().collect();
    let names = submissions::references(connection, &others)?;
    let mut standing = |case: &str| events::latest_reply(connection, gateway.store().sealer(), case, EventKind::Replied.as_str());
    plan(gateway, batch, cases, names, &mut standing)?.store(connection)
}

/// What a batch of decisions comes to, by the cases and filings they point at.
pub(in crate::app) fn plan<'a>(
    gateway: &'a Gateway,
    batch: &[Decided],
    cases: BTreeMap<i64, Touched>,
    mut names: Names,
    standing: Standing<'_>,
) -> Result<Plan<'a>, LinkError> {
    let now = gateway.now();
    let mut plan = Plan {
        gateway,
        messenger: Messenger { federation: gateway.federation(), query_key: &gateway.0.secrets.query_code, now },
        now,
        cases,
        joined: BTreeMap::new(),
        links: Vec::with_capacity(batch.len()),
        matches: Vec::new(),
        events: Vec::new(),
        gaps: Vec::new(),
        referred: Vec::new(),
        deliveries: Vec::new(),
        audit: Vec::with_capacity(batch.len()),
    };
    names.extend(batch.iter().map(|d| (d.entry.seq, d.entry.reference())));
    for decided in batch {
        let case = plan.place(decided, standing)?;
        plan.record(decided, &case, &names);
    }
    Ok(plan)
}

/// The stored cases that decisions of the batch point at.
fn known_cases(connection: &mut Connection<'_>, batch: &[Decided]) -> Result<BTreeMap<i64, Touched>, LinkError> {
    let pointed: BTreeSet<i64> = batch
        .iter()
        .flat_map(|d| d.outcome.case.into_iter().chain(d.outcome.matter).chain(d.outcome.matches.iter().map(|m| m.case)))
        .map(signed)
        .collect();
    let found = cases::lock_by_founding(connection, &pointed.into_iter().collect::<Vec<_>>())?;
    Ok(found.into_iter().map(|case| (case.founding_seq, Touched { stored_version: Some(case.version), case })).collect())
}

impl Plan<'_> {
    /// Joins the submission to its case or founds one; answers the case's founding position.
    fn place(&mut self, decided: &Decided, standing: Standing<'_>) -> Result<i64, LinkError> {
        match decided.outcome.case {
            Some(case) => self.join(&decided.entry, case, standing),
            None => self.found(decided),
        }
    }

    fn join(&mut self, entry: &Registered, founding: u64, standing: Standing<'_>) -> Result<i64, LinkError> {
        let now = self.now;
        let key = signed(founding);
        let touched = self.cases.get_mut(&key).ok_or(LinkError::UnknownCase { seq: entry.seq, case: founding })?;
        let case = &mut touched.case;
        case.submission_count += 1;
        case.version += 1;
        case.updated_at = now;
        let case = case.clone();
        self.event(
            &case.id,
            EventKind::SubmissionLinked,
            None,
            json!({ "submission": entry.id, "platform": entry.platform, "decision": Decision::Duplicate }),
        );
        self.deliveries.extend(self.messenger.duplicate(&case, entry));
        self.note_referral(entry, &case);
        if touched_has_answer(case.status)
            && let Some(reply) = standing(&case.id)?
        {
            self.deliveries.extend(self.messenger.reply(&case, entry, "standing", &reply));
        }
        Ok(key)
    }

    fn found(&mut self, decided: &Decided) -> Result<i64, LinkError> {
        let entry = &decided.entry;
        let submission = &entry.submission;
        let mut case = Case {
            id: id::case_code(&self.gateway.0.secrets.case_code, &entry.id),
            founding_seq: entry.seq,
            kind: submission.kind,
            status: CaseStatus::Registered,
            division: submission.division.clone(),
            province: entry.province.clone(),
            category: submission.category.clone(),
            organization: None,
            platform: None,
            receipt: None,
            matter_id: None,
            merged_into: None,
            spot: submission.location.as_ref().map(|point| Spot::of(point, self.gateway.0.map.grid)),
            submission_count: 1,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        let relation = closest(decided);
        self.event(
            &case.id,
            EventKind::CaseRegistered,
            Some(CaseStatus::Registered),
            json!({ "submission": entry.id, "platform": entry.platform, "decision": relation }),
        );
        self.route(&mut case, entry);
        if let Some(matter) = decided.outcome.matter.map(signed).filter(|matter| *matter != entry.seq) {
            self.join_matter(&mut case, matter);
        }
        self.deliveries.extend(self.messenger.forward(&case, entry, None));
        self.deliveries.extend(self.messenger.registered(&case, entry));
        self.note_referral(entry, &case);
        self.cases.insert(entry.seq, Touched { case, stored_version: None });
        Ok(entry.seq)
    }

    /// Puts the case into the competent body's hands, or its nearest connected superior's, and notes the gap.
    fn route(&mut self, case: &mut Case, entry: &Registered) {
        let gap = match put_into_hands(self.gateway.federation(), case, entry) {
            Ok(None) => {
                self.routed(case, None);
                return;
            }
            Ok(Some(gap)) => (Some(gap.competent), Some(gap.reason)),
            Err(_) => (None, None),
        };
        self.gaps.push(RoutingGap {
            founding_seq: case.founding_seq,
            case_id: case.id.clone(),
            competent: gap.0,
            responsible: case.organization.clone(),
            reason: gap.1,
            province: case.province.clone(),
            at: self.now,
        });
        self.routed(case, gap.1);
    }

    /// A filing that its platform referred to another body than the one that has the case.
    fn note_referral(&mut self, entry: &Registered, case: &Case) {
        let to = entry.submission.referred_to.as_deref();
        let to = to.filter(|to| case.organization.as_deref().is_some_and(|holder| holder != *to));
        let to = to.filter(|to| !self.referred.iter().any(|known| known.case.id == case.id && known.to == *to));
        if let Some(to) = to.filter(|to| self.gateway.federation().directory().get(to).is_some()) {
            let (platform, filing) = (entry.platform.clone(), entry.id.clone());
            self.referred.push(Referred { case: case.clone(), to: to.to_owned(), platform, filing });
        }
    }

    /// Records each second referral that is not known yet, with what it makes the gateway write and owe.
    fn find_conflicts(&mut self, connection: &mut Connection<'_>) -> Result<(), LinkError> {
        for referred in std::mem::take(&mut self.referred) {
            if referrals::open_about(connection, self.gateway.store().sealer(), &referred.case.id, &referred.to)?.is_some() {
                continue;
            }
            let sign = Sign { source: ConflictSource::Filing, platform: &referred.platform, reference: &referred.filing };
            let recorded = self.gateway.conflict(&referred.case, &referred.to, &sign);
            referrals::insert(connection, &recorded.conflict)?;
            self.events.push(recorded.event);
            self.deliveries.extend(recorded.owed);
        }
        Ok(())
    }

    fn routed(&mut self, case: &Case, gap: Option<GapReason>) {
        if let Some(organization) = &case.organization {
            let organization = self.gateway.federation().organization_reference(organization);
            self.event(&case.id, EventKind::CaseRouted, Some(CaseStatus::Routed), json!({ "organization": organization, "gap": gap }));
        }
    }

    /// Counts a new case into the matter that an earlier case founded.
    fn join_matter(&mut self, case: &mut Case, founding: i64) {
        let Some(founder) = self.cases.get_mut(&founding) else { return };
        let matter_id = matter_code(&founder.case.id);
        let first = founder.case.matter_id.is_none();
        if first {
            founder.case.matter_id = Some(matter_id.clone());
            founder.case.version += 1;
            founder.case.updated_at = self.now;
        }
        case.matter_id = Some(founder.case.matter_id.clone().unwrap_or(matter_id));
        *self.joined.entry(founding).or_default() += if first { 2 } else { 1 };
    }

    /// Keeps the link, its evidence and its leaf in the audit log.
    fn record(&mut self, decided: &Decided, founding: &i64, names: &Names) {
        let entry = &decided.entry;
        let Some(case_id) = self.cases.get(founding).map(|touched| touched.case.id.clone()) else { return };
        let decision = closest(decided);
        self.links.push(Link {
            submission_seq: entry.seq,
            submission_id: entry.id.clone(),
            platform: entry.platform.clone(),
            case_id: case_id.clone(),
            decision,
            decided_case: *founding,
            decided_matter: decided.outcome.matter.map(signed),
            linked_at: self.now,
        });
        let model = &self.gateway.0.model;
        for found in &decided.outcome.matches {
            let (Some(other), Some(other_case)) = (names.get(&signed(found.seq)), self.cases.get(&signed(found.case))) else {
                continue;
            };
            self.matches.push(Match {
                submission_seq: entry.seq,
                other_seq: signed(found.seq),
                submission_id: entry.id.clone(),
                other_id: other.id.clone(),
                platform: entry.platform.clone(),
                other_platform: other.platform.clone(),
                channel: entry.submission.channel,
                other_channel: other.channel,
                division: entry.submission.division.clone(),
                case_id: other_case.case.id.clone(),
                decision: found.decision,
                probability: found.evidence.probability,
                weight: found.evidence.weight,
                rule: found.evidence.rule.clone(),
                evidence: serde_json::to_value(&found.evidence).unwrap_or_default(),
                model_name: model.name().to_owned(),
                model_digest: model.digest().to_owned(),
                decided_by: "linker".to_owned(),
                decided_at: self.now,
                settled_by: None,
            });
        }
        let outcome = serde_json::to_vec(&(&case_id, decision, &decided.outcome, model.digest())).unwrap_or_default();
        self.audit.push(Entry {
            at: self.now,
            action: "submission.linked",
            subject: entry.id.clone(),
            actor: GATEWAY.to_owned(),
            digest: sha256(&outcome),
        });
    }

    fn event(&mut self, case_id: &str, kind: EventKind, status: Option<CaseStatus>, data: serde_json::Value) {
        self.events.push(CaseEvent {
            seq: 0,
            id: id::new_id(self.now),
            case_id: case_id.to_owned(),
            kind: kind.as_str().to_owned(),
            source: GATEWAY.to_owned(),
            status,
            data,
            words: Words::default(),
            at: self.now,
        });
    }

    fn store(mut self, connection: &mut Connection<'_>) -> Result<usize, LinkError> {
        self.find_conflicts(connection)?;
        let sealer = self.gateway.store().sealer();
        let new: Vec<Case> = self.cases.values().filter(|t| t.stored_version.is_none()).map(|t| t.case.clone()).collect();
        cases::insert(connection, &new)?;
        for touched in self.cases.values() {
            if let Some(version) = touched.stored_version.filter(|version| *version != touched.case.version)
                && !cases::replace(connection, &touched.case, version)?
            {
                // Somebody changed the case since it was read; the batch is rolled back and decided anew.
                return Err(StoreError::LeaseLost("case version".to_owned()).into());
            }
        }
        for (founding, count) in &self.joined {
            if let Some(founder) = self.cases.get(founding) {
                matters::grow(connection, &matter_code(&founder.case.id), *founding, *count, self.now)?;
            }
        }
        let grown: BTreeSet<String> = self.cases.values().filter_map(Touched::grown_matter).collect();
        matters::touch(connection, &grown.into_iter().collect::<Vec<_>>(), self.now)?;
        links::insert(connection, &self.links)?;
        matches::insert(connection, &self.matches)?;
        self.gateway.append_events(connection, &self.events)?;
        cases::insert_gaps(connection, &self.gaps)?;
        coverage::add(connection, &detours(self.gateway.federation().directory(), &self.gaps))?;
        deliveries::enqueue(connection, sealer, &self.deliveries)?;
        audit::append(connection, &self.audit)?;
        Ok(self.deliveries.len())
    }
}

/// The closest relation the submission has to an earlier one.
fn closest(decided: &Decided) -> Decision {
    if decided.outcome.case.is_some() {
        return Decision::Duplicate;
    }
    decided.outcome.matches.iter().map(|m| m.decision).min().unwrap_or(Decision::Distinct)
}

/// The matter that a case founds is named after it.
pub(in crate::app) fn matter_code(case_id: &str) -> String {
    format!("GX{}", case_id.trim_start_matches("LJ"))
}

fn touched_has_answer(status: CaseStatus) -> bool {
    matches!(
        status,
        CaseStatus::Answered | CaseStatus::Closed | CaseStatus::UnderReview | CaseStatus::UnderReReview | CaseStatus::Concluded
    )
}
