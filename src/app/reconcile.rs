//! Reconciliation against running outside the system (体外循环): a platform's own ledger beside ours, day by day.
//!
//! Counts and digests are compared first; only for days that differ the numbers are asked for, and only what is missing is
//! pulled again, one record at a time, through the same door as everything else. It is done once a day by itself, and on demand.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc};

use super::{
    AppError, FederatedPlatform, Gateway, PullError,
    health::Fault,
    revise::Order,
    view::{Reconciliation, ReconciliationDay},
};
use crate::{
    adapter::{Adapter, Ledger, LedgerDay, Question},
    audit::{hex, sha256},
    store::{
        Store, StoreError, leases,
        reconciliations::{self, Reconciled},
    },
};

/// Days one comparison may span.
pub const MAX_DAYS: u64 = 31;
/// Pages of numbers of one day.
const MAX_PAGES: u64 = 200;
/// Our filings of one day that are compared.
const MAX_FILINGS: i64 = 1_000_000;
/// Records pulled again for one day; the next comparison goes on.
const MAX_RECOVERED: usize = 1_000;
/// Numbers that are kept and shown of each kind.
const MAX_SHOWN: usize = 100;
/// How long one node may take for a platform's daily comparison before another one does it.
const TURN: TimeDelta = TimeDelta::minutes(30);
/// Days that are shown.
const SHOWN_DAYS: i64 = 62;

#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error("the platform has no ledger, or no base_url")]
    NoLedger,
    #[error("the days must be in order, not in the future, and at most {MAX_DAYS}")]
    Days,
    #[error(transparent)]
    Pull(#[from] PullError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The ledger of a platform and what it is asked with.
struct Asking<'a> {
    platform: &'a Arc<FederatedPlatform>,
    adapter: &'a Adapter,
    ledger: &'a Ledger,
}

impl Gateway {
    /// What the comparisons with a platform's ledger found, newest day first.
    pub async fn reconciliation(&self, platform: &str) -> Result<Reconciliation, AppError> {
        let has_ledger = self.federation().platform(platform).is_some_and(|declared| declared.has_ledger());
        let id = platform.to_owned();
        let days = self.read(move |_, c| reconciliations::list(c, &id, SHOWN_DAYS)).await?;
        Ok(Reconciliation { has_ledger, days: days.into_iter().map(ReconciliationDay::from).collect() })
    }

    /// Compares the days from one to another, both included, and pulls what is missing. A day that the platform's ledger does
    /// not name has no filings there.
    pub async fn reconcile(&self, platform: &Arc<FederatedPlatform>, from: NaiveDate, until: NaiveDate) -> Result<(), ReconcileError> {
        let adapter = platform.adapter.as_deref().filter(|_| platform.base_url.is_some()).ok_or(ReconcileError::NoLedger)?;
        let ledger = adapter.ledger().ok_or(ReconcileError::NoLedger)?;
        let today = self.now().with_timezone(&ledger.zone).date_naive();
        let last = from.checked_add_days(Days::new(MAX_DAYS - 1)).ok_or(ReconcileError::Days)?;
        if until < from || until > last || until > today {
            return Err(ReconcileError::Days);
        }
        let asking = Asking { platform, adapter, ledger };
        let result = self.reconcile_days(&asking, from, until).await;
        let fault = match &result {
            Ok(0) => None,
            Ok(missing) => Some(Fault::new("ledger_differs", &format!("{missing} filings of the platform's ledger are not here"))),
            Err(ReconcileError::Pull(error)) => error.fault(),
            Err(_) => None,
        };
        if let Some(fault) = fault {
            self.count_fault(&platform.platform.id, fault).await?;
        }
        result.map(|_| ())
    }

    /// Compares the last days, as many as are configured and yesterday the last of them.
    pub async fn reconcile_lately(&self, platform: &Arc<FederatedPlatform>) -> Result<(), ReconcileError> {
        let ledger = platform.adapter.as_deref().and_then(Adapter::ledger).ok_or(ReconcileError::NoLedger)?;
        let yesterday = self.now().with_timezone(&ledger.zone).date_naive().pred_opt().ok_or(ReconcileError::Days)?;
        let days = self.0.reconciliation.days.clamp(1, MAX_DAYS);
        let from = yesterday.checked_sub_days(Days::new(days - 1)).ok_or(ReconcileError::Days)?;
        self.reconcile(platform, from, yesterday).await
    }

    /// [`Gateway::reconcile_lately`], if it is past the time of day for it and nobody has done it today; answers whether it was done.
    pub async fn reconcile_daily(&self, platform: &Arc<FederatedPlatform>) -> Result<bool, ReconcileError> {
        let Some(ledger) = platform.adapter.as_deref().and_then(Adapter::ledger).filter(|_| self.0.reconciliation.days > 0) else {
            return Ok(false);
        };
        let (now, zone) = (self.now(), ledger.zone);
        let today = now.with_timezone(&zone).date_naive();
        // A local time that a change of the clocks leaves out begins with the day.
        let due = zone.from_local_datetime(&today.and_time(self.0.reconciliation.at)).earliest().map_or(now, |due| due.to_utc());
        let Some(yesterday) = today.pred_opt().filter(|_| now >= due) else { return Ok(false) };
        let (id, node) = (platform.platform.id.clone(), self.0.node.clone());
        let mine = move |store: &Store| {
            store.transaction(|c| {
                if reconciliations::checked_at(c, &id, yesterday)?.is_some_and(|checked| checked >= due) {
                    return Ok::<_, StoreError>(false);
                }
                Ok(leases::acquire(c, &format!("reconcile:{id}"), &node, TURN, now)?.is_some())
            })
        };
        if !self.0.store.run(mine).await? {
            return Ok(false);
        }
        self.reconcile_lately(platform).await?;
        Ok(true)
    }

    /// Answers how many filings are still missing.
    async fn reconcile_days(&self, asking: &Asking<'_>, from: NaiveDate, until: NaiveDate) -> Result<usize, ReconcileError> {
        let mut missing = 0;
        let theirs = self.ask_days(asking, from, until).await?;
        for day in from.iter_days().take_while(|day| *day <= until) {
            let named = theirs.iter().find(|named| named.day == day).cloned();
            let day = self.reconcile_day(asking, named.unwrap_or(LedgerDay { day, count: 0, digest: None })).await?;
            missing += day.missing.len();
            let id = asking.platform.platform.id.clone();
            self.0.store.run(move |store| store.transaction(|c| reconciliations::keep(c, &id, &day))).await?;
        }
        Ok(missing)
    }

    async fn reconcile_day(&self, asking: &Asking<'_>, theirs: LedgerDay) -> Result<Reconciled, ReconcileError> {
        let ours = self.our_numbers(asking, theirs.day).await?;
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let mut found = Reconciled {
            day: theirs.day,
            their_count: i64::try_from(theirs.count).unwrap_or(i64::MAX),
            our_count: count(ours.len()),
            missing: Vec::new(),
            surplus: Vec::new(),
            recovered: 0,
            checked_at: self.now(),
        };
        if theirs.count == 0 && ours.is_empty() || theirs.digest.as_deref() == Some(&digest(&ours)) {
            return Ok(found);
        }
        let numbers = self.ask_numbers(asking, theirs.day).await?;
        let absent = self.absent(asking, numbers.difference(&ours).cloned().collect()).await?;
        let mut missing = Vec::new();
        for number in absent {
            if found.recovered < count(MAX_RECOVERED) && self.pull_again(asking, &number).await? {
                found.recovered += 1;
            } else {
                missing.push(number);
            }
        }
        found.our_count += found.recovered;
        found.missing = missing.into_iter().take(MAX_SHOWN).collect();
        found.surplus = ours.difference(&numbers).take(MAX_SHOWN).cloned().collect();
        Ok(found)
    }

    /// Our filings of the platform that were submitted on its day.
    async fn our_numbers(&self, asking: &Asking<'_>, day: NaiveDate) -> Result<BTreeSet<String>, ReconcileError> {
        let zone = asking.ledger.zone;
        let begins =
            |day: NaiveDate| -> Option<DateTime<Utc>> { Some(zone.from_local_datetime(&day.and_hms_opt(0, 0, 0)?).earliest()?.to_utc()) };
        let (Some(from), Some(until)) = (begins(day), day.succ_opt().and_then(begins)) else { return Err(ReconcileError::Days) };
        let id = asking.platform.platform.id.clone();
        let numbers = self.0.store.run(move |store| store.read(|c| reconciliations::source_ids(c, &id, from, until, MAX_FILINGS))).await?;
        Ok(numbers.into_iter().collect())
    }

    /// Those that are not registered at all: a filing may stand on another day with us.
    async fn absent(&self, asking: &Asking<'_>, numbers: Vec<String>) -> Result<Vec<String>, ReconcileError> {
        let (id, asked) = (asking.platform.platform.id.clone(), numbers.clone());
        let known = self.0.store.run(move |store| store.read(|c| reconciliations::registered(c, &id, &asked))).await?;
        let known: BTreeSet<String> = known.into_iter().collect();
        Ok(numbers.into_iter().filter(|number| !known.contains(number)).collect())
    }

    async fn ask_days(&self, asking: &Asking<'_>, from: NaiveDate, until: NaiveDate) -> Result<Vec<LedgerDay>, PullError> {
        let Asking { platform, adapter, ledger } = asking;
        let question = Question::Days { from, until };
        self.exchange(
            platform,
            |token| adapter.ledger_request(ledger, &question, token, &platform.secrets, self.now()),
            |response| adapter.ledger_days(ledger, response),
        )
        .await
    }

    async fn ask_numbers(&self, asking: &Asking<'_>, day: NaiveDate) -> Result<BTreeSet<String>, PullError> {
        let Asking { platform, adapter, ledger } = asking;
        let mut numbers = BTreeSet::new();
        for page in 0..MAX_PAGES {
            let question = Question::Numbers { day, page };
            let (more_numbers, more) = self
                .exchange(
                    platform,
                    |token| adapter.ledger_request(ledger, &question, token, &platform.secrets, self.now()),
                    |response| adapter.ledger_numbers(ledger, response),
                )
                .await?;
            let before = numbers.len();
            numbers.extend(more_numbers);
            // A page with nothing new is one that was there before.
            if !more || numbers.len() == before {
                break;
            }
        }
        Ok(numbers)
    }

    /// Pulls one record; `true` if it is registered now. One that does not map is in quarantine, and stays missing.
    async fn pull_again(&self, asking: &Asking<'_>, number: &str) -> Result<bool, PullError> {
        let Asking { platform, adapter, ledger } = asking;
        let question = Question::Record { number: number.to_owned() };
        let record = self
            .exchange(
                platform,
                |token| adapter.ledger_request(ledger, &question, token, &platform.secrets, self.now()),
                |response| adapter.ledger_record(ledger, response),
            )
            .await?;
        let received = self.receive(platform, vec![record], Order::Newest).await?;
        Ok(received.registered == 1)
    }
}

/// As [`LedgerDay::digest`] says.
fn digest(numbers: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for number in numbers {
        text.push_str(number);
        text.push('\n');
    }
    hex(&sha256(text.as_bytes()))
}
