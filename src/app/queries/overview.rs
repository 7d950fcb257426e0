//! The federation as a whole: platforms, bodies, counts, readiness.

use std::{collections::HashMap, sync::atomic::Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    app::{
        AppError, FederatedPlatform, Gateway,
        tidy::PARKED,
        view::{
            DecisionCount, DeliveryCount, OrganizationView, Overview, ParkedUpdateView, PlatformErrorView, PlatformHealth, PlatformState,
            PlatformView, Readiness, ReadinessCheck, StatusCount, SubmissionCount,
        },
    },
    domain::division,
    matching,
    net::validity,
    store::{
        Connection, Page, StoreError, audit, cases, deadlines,
        deliveries::{self, DeliveryState},
        events, links, matters, outbox,
        platforms::{self, PlatformState as StoredState},
        quarantine, reconciliations, submissions,
    },
};

/// A pending message or pull that is older than this makes its platform lag.
const LAG: TimeDelta = TimeDelta::minutes(5);
/// How far back throughput is counted.
const LATELY: TimeDelta = TimeDelta::hours(1);
/// Days further back that differ are history.
const COMPARED: TimeDelta = TimeDelta::days(31);
/// A linker that failed so often in a row does not come right by itself.
const LINKER_FAILURES: u32 = 3;

/// Counts that platforms are shown with, by platform.
#[derive(Default)]
struct Counts {
    submissions: HashMap<String, u64>,
    duplicates: HashMap<String, u64>,
    open_cases: HashMap<String, u64>,
    pending: HashMap<String, u64>,
    dead: HashMap<String, u64>,
    quarantined: HashMap<String, u64>,
    received: HashMap<String, DateTime<Utc>>,
    pulled: HashMap<String, DateTime<Utc>>,
    delivered: HashMap<String, DateTime<Utc>>,
    states: HashMap<String, StoredState>,
    received_lately: HashMap<String, i64>,
    outboxes: HashMap<String, outbox::Outbox>,
    errors: HashMap<String, Vec<PlatformErrorView>>,
    reconciled: HashMap<String, DateTime<Utc>>,
    differing: HashMap<String, u64>,
}

impl Counts {
    fn read(c: &mut Connection<'_>, platforms: &[&str], now: DateTime<Utc>) -> Result<Self, StoreError> {
        let mut counts = Self::default();
        for (platform, _, count) in submissions::counts(c)? {
            *counts.submissions.entry(platform).or_default() += unsigned(count);
        }
        for (platform, decision, count) in links::counts(c)? {
            if decision == matching::Decision::Duplicate {
                counts.duplicates.insert(platform, unsigned(count));
            }
        }
        counts.open_cases = cases::open_by_platform(c)?.into_iter().map(|(platform, count)| (platform, unsigned(count))).collect();
        for (platform, _, state, count) in deliveries::counts(c)? {
            match state {
                DeliveryState::Pending | DeliveryState::Leased => *counts.pending.entry(platform).or_default() += unsigned(count),
                DeliveryState::Dead => *counts.dead.entry(platform).or_default() += unsigned(count),
                DeliveryState::Delivered | DeliveryState::Skipped => {}
            }
        }
        counts.quarantined = quarantine::counts(c)?.into_iter().map(|(platform, count)| (platform, unsigned(count))).collect();
        counts.received_lately = submissions::received_since(c, platforms, now - LATELY)?;
        counts.outboxes = outbox::of(c, platforms, now - LATELY)?;
        counts.received = submissions::last_received(c, platforms)?;
        counts.pulled = platforms::last_pulled(c)?;
        counts.delivered = deliveries::last_delivered(c, platforms)?;
        counts.reconciled = reconciliations::last_checked(c)?;
        let differing = reconciliations::differing(c, (now - COMPARED).date_naive())?;
        counts.differing = differing.into_iter().map(|(platform, days)| (platform, unsigned(days))).collect();
        counts.states = platforms::states(c)?.into_iter().map(|state| (state.platform.clone(), state)).collect();
        for error in platforms::errors(c)? {
            let view = PlatformErrorView { code: error.code, count: unsigned(error.count), message: error.message, last_at: error.last_at };
            counts.errors.entry(error.platform).or_default().push(view);
        }
        Ok(counts)
    }

    fn view(&self, federated: &FederatedPlatform, now: DateTime<Utc>) -> PlatformView {
        let platform = &federated.platform;
        let id = &platform.id;
        let count = |counts: &HashMap<String, u64>| counts.get(id).copied().unwrap_or_default();
        let last = |times: &HashMap<String, DateTime<Utc>>| times.get(id).copied();
        let state = self.states.get(id);
        let failing = state.is_some_and(|state| state.consecutive_failures > 0);
        let (received, pulled, delivered) = (last(&self.received), last(&self.pulled), last(&self.delivered));
        let pending = count(&self.pending);
        let differing = count(&self.differing);
        let lagging =
            differing > 0 || pulled.is_some_and(|at| now - at > LAG) || (pending > 0 && delivered.is_some_and(|at| now - at > LAG));
        PlatformView {
            id: id.clone(),
            name: platform.name.clone(),
            kind: platform.kind,
            division: platform.division.clone(),
            state: match (failing, lagging) {
                (true, _) => PlatformState::Failing,
                (false, true) => PlatformState::Lagging,
                (false, false) if received.or(pulled).or(delivered).is_none() => PlatformState::Idle,
                (false, false) => PlatformState::Healthy,
            },
            last_received_at: received,
            last_pulled_at: pulled,
            last_delivered_at: delivered,
            last_error: state.filter(|_| failing).and_then(|state| state.last_error.clone()),
            submissions: count(&self.submissions),
            duplicates: count(&self.duplicates),
            open_cases: count(&self.open_cases),
            deliveries_pending: pending,
            deliveries_dead: count(&self.dead),
            records_quarantined: count(&self.quarantined),
            health: self.health(federated),
            last_reconciled_at: last(&self.reconciled),
            ledger_days_differing: differing,
            errors: self.errors.get(id).cloned().unwrap_or_default(),
        }
    }

    fn health(&self, federated: &FederatedPlatform) -> PlatformHealth {
        let id = &federated.platform.id;
        let outbox = self.outboxes.get(id).copied().unwrap_or_default();
        let state = self.states.get(id);
        PlatformHealth {
            last_success_at: state.and_then(|state| state.last_success_at),
            oldest_waiting_at: outbox.oldest_waiting_at,
            received_last_hour: self.received_lately.get(id).copied().map(unsigned).unwrap_or_default(),
            delivered_last_hour: unsigned(outbox.delivered),
            circuit_open_until: state.and_then(|state| state.circuit_open_until),
            certificate_ends_at: federated.tls.as_ref().and_then(|tls| tls.certificate.as_deref()).and_then(validity::ends_at),
        }
    }
}

/// What is due within this time is due soon.
const SOON: TimeDelta = TimeDelta::days(7);

impl Gateway {
    /// Every declared platform and how it is doing.
    pub async fn platforms(&self) -> Result<Vec<PlatformView>, AppError> {
        self.read(Self::platform_views).await
    }

    pub(in crate::app) fn platform_views(&self, c: &mut Connection<'_>) -> Result<Vec<PlatformView>, StoreError> {
        let declared: Vec<&str> = self.federation().platforms().map(|platform| platform.platform.id.as_str()).collect();
        let now = self.now();
        let counts = Counts::read(c, &declared, now)?;
        Ok(self.federation().platforms().map(|platform| counts.view(platform, now)).collect())
    }

    pub async fn platform(&self, id: &str) -> Result<Option<PlatformView>, AppError> {
        Ok(self.platforms().await?.into_iter().find(|platform| platform.id == id))
    }

    /// A platform's reports that wait for a receipt, the one that has waited longest first.
    pub async fn parked_updates(&self, platform: &str) -> Result<Vec<ParkedUpdateView>, AppError> {
        let platform = platform.to_owned();
        let parked = self.read(move |gateway, c| events::parked(c, gateway.store().sealer(), &platform, Page::MAX_LIMIT)).await?;
        let view = |parked: events::Parked| ParkedUpdateView {
            update_id: parked.update_id,
            receipt: parked.receipt,
            status: parked.update.status,
            occurred_at: parked.update.occurred_at,
            received_at: parked.received_at,
            expires_at: parked.received_at + PARKED,
        };
        Ok(parked.into_iter().map(view).collect())
    }

    /// The directory of bodies.
    pub fn organizations(&self) -> Vec<OrganizationView> {
        let view = |body: &crate::domain::organization::Organization| OrganizationView {
            id: body.id.clone(),
            name: body.name.clone(),
            division_name: division::full_name(&body.division),
            level: division::level(&body.division),
            division: body.division.clone(),
            parent: body.parent.clone(),
            connected: body.platform.is_some(),
            platform: body.platform.clone(),
            categories: body.categories.clone(),
        };
        self.federation().directory().iter().map(view).collect()
    }

    /// Counts over everything.
    pub async fn overview(&self) -> Result<Overview, AppError> {
        let now = self.now();
        self.read(move |_, c| {
            let count = |count: i64| unsigned(count);
            let (overdue, due_soon) = deadlines::count_due(c, now, SOON)?;
            Ok(Overview {
                submissions: submissions::counts(c)?
                    .into_iter()
                    .map(|(platform, channel, n)| {
                        let channel = serde_json::from_value(channel.into())
                            .map_err(|source| StoreError::Corrupt { what: "channel", source: Box::new(source) })?;
                        Ok(SubmissionCount { platform, channel, count: count(n) })
                    })
                    .collect::<Result<_, StoreError>>()?,
                decisions: links::counts_by_decision(c)?
                    .into_iter()
                    .map(|(decision, n)| DecisionCount { decision: decision.into(), count: count(n) })
                    .collect(),
                cases: cases::counts_by_status(c)?.into_iter().map(|(status, n)| StatusCount { status, count: count(n) }).collect(),
                matters: count(matters::count(c)?),
                gaps: count(cases::count_gaps(c)?),
                overdue: count(overdue),
                due_soon: count(due_soon),
                deliveries: deliveries::counts(c)?
                    .into_iter()
                    .map(|(platform, kind, state, n)| DeliveryCount { platform, kind, state: state.into(), count: count(n) })
                    .collect(),
                unlinked: count(links::backlog(c)?),
                updates_parked: count(events::count_parked(c)?),
                audit_leaves: audit::size(c)?,
            })
        })
        .await
    }

    /// Whether this node can do its work now.
    pub async fn ready(&self) -> Readiness {
        let backlog = self.read(|_, c| links::backlog(c)).await;
        let store = ReadinessCheck {
            name: "store".into(),
            ok: backlog.is_ok(),
            detail: backlog.as_ref().err().map(|_| "the database does not answer".to_owned()),
        };
        let intake = ReadinessCheck {
            name: "intake".into(),
            ok: self.0.intake.capacity() > 0,
            detail: (self.0.intake.capacity() == 0).then(|| "the intake queue is full".to_owned()),
        };
        // One failure may be a lease that was lost; what fails again and again waits for somebody.
        let failures = self.0.linker_failures.load(Ordering::Relaxed);
        let linker = ReadinessCheck {
            name: "linker".into(),
            ok: failures < LINKER_FAILURES,
            detail: (failures >= LINKER_FAILURES).then(|| format!("linking failed {failures} times in a row; the log says why")),
        };
        let checks = vec![store, intake, linker];
        Readiness { ready: checks.iter().all(|check| check.ok), checks }
    }
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
