//! Alerts: the health of the federation read, judged by declared rules, kept, and told in the change feed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    AppError, Gateway,
    link::GATEWAY,
    query::{AlertFilter, Page},
    view::{AlertView, EventKind, Paged, PlatformView},
};
use crate::{
    domain::{
        alert::{EXPIRY_DAYS, Firing, Reading, Watch},
        id,
    },
    store::{
        Connection, StoreError,
        alerts::{self, Alert},
        audit,
        events::{CaseEvent, Words},
        keys, links,
    },
};

impl Gateway {
    /// Reads the health of everything, judges it, and keeps what began and what ended; answers whether anything did. Blocks.
    pub fn watch_health(&self) -> Result<bool, StoreError> {
        let now = self.now();
        let readings = self.store().read(|c| self.readings(c, now))?;
        let firing = self.0.alert_rules.judge(&readings);
        let known = self.store().read(alerts::firing)?;
        if known.iter().all(|alert| firing.get(&(alert.watch, alert.platform.clone())) == Some(&(alert.severity, alert.value)))
            && known.len() == firing.len()
        {
            return Ok(false);
        }
        self.store().transaction(|c| self.keep_alerts(c, firing, now))
    }

    fn keep_alerts(&self, c: &mut Connection<'_>, mut firing: Firing, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut events = Vec::new();
        let mut ended = Vec::new();
        for alert in alerts::lock_firing(c)? {
            match firing.remove(&(alert.watch, alert.platform.clone())) {
                Some((severity, value)) => alerts::update(c, &alert.id, severity, value)?,
                None => {
                    events.push(event(&alert, EventKind::AlertResolved, now));
                    ended.push(alert.id);
                }
            }
        }
        let begun: Vec<Alert> = firing
            .into_iter()
            .map(|((watch, platform), (severity, value))| Alert {
                seq: 0,
                id: id::new_id(now),
                watch,
                platform,
                severity,
                value,
                fired_at: now,
                resolved_at: None,
            })
            .collect();
        events.extend(begun.iter().map(|alert| event(alert, EventKind::AlertFired, now)));
        alerts::resolve(c, &ended, now)?;
        alerts::fire(c, &begun)?;
        self.append_events(c, &events)?;
        Ok(!events.is_empty())
    }

    fn readings(&self, c: &mut Connection<'_>, now: DateTime<Utc>) -> Result<Vec<Reading>, StoreError> {
        let mut readings = Vec::new();
        for platform in self.platform_views(c)? {
            let (sent_to, pulled) = self
                .federation()
                .platform(&platform.id)
                .map_or((false, false), |known| (known.takes_messages(), platform.last_pulled_at.is_some()));
            readings.extend(of_platform(&platform, sent_to || pulled, now));
        }
        for key in keys::list(c)?.into_iter().filter(|key| key.revoked_at.is_none()) {
            if let Some(ends) = key.expires_at.filter(|ends| *ends > now - TimeDelta::days(EXPIRY_DAYS)) {
                let platform = key.platform.unwrap_or_default();
                readings.push(Reading { watch: Watch::KeyExpiring, platform, value: days_past(ends, now) });
            }
        }
        let waiting = links::oldest_waiting(c)?;
        readings.push(own(Watch::LinkerStalled, waiting.map_or(0, |at| (now - at).num_minutes())));
        let signed = audit::checkpoint(c, None, self.audit_verifier().name())?;
        let behind = signed.filter(|signed| audit::size(c).is_ok_and(|size| size > signed.size));
        readings.push(own(Watch::NotaryBehind, behind.map_or(0, |signed| (now - signed.at).num_minutes())));
        Ok(readings)
    }

    /// Alerts, newest first.
    pub async fn alerts(&self, filter: AlertFilter, page: Page) -> Result<Paged<AlertView>, AppError> {
        let (page, limit) = super::queries::store_page(&page)?;
        let filter =
            alerts::AlertFilter { firing: filter.firing, severity: filter.severity, watch: filter.watch, platform: filter.platform };
        self.read(move |_, c| {
            let (found, next_cursor) = super::queries::cut(alerts::list(c, &filter, page)?, limit, |alert| (alert.seq, 0));
            Ok(Paged { items: found.into_iter().map(AlertView::from).collect(), next_cursor })
        })
        .await
    }
}

fn of_platform(platform: &PlatformView, takes_part: bool, now: DateTime<Utc>) -> Vec<Reading> {
    let minutes = |since: Option<DateTime<Utc>>| since.map_or(0, |at| (now - at).num_minutes());
    let health = &platform.health;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let reading = |watch, value| Reading { watch, platform: platform.id.clone(), value };
    let last = [health.last_success_at, platform.last_pulled_at, platform.last_delivered_at].into_iter().flatten().max();
    // Who has nothing to get and is not asked is not silent.
    let is_owed = health.oldest_waiting_at.is_some() || platform.last_pulled_at.is_some();
    let mut readings = vec![
        reading(Watch::Silence, if takes_part && is_owed { minutes(last) } else { 0 }),
        reading(Watch::Lag, minutes(health.oldest_waiting_at)),
        reading(Watch::DeadLetters, count(platform.deliveries_dead)),
        reading(Watch::CircuitOpen, i64::from(health.circuit_open_until.is_some_and(|until| until > now))),
        reading(Watch::ContractViolations, count(platform.records_quarantined)),
    ];
    readings.extend(health.certificate_ends_at.map(|ends| reading(Watch::CertificateExpiring, days_past(ends, now))));
    readings
}

fn own(watch: Watch, value: i64) -> Reading {
    Reading { watch, platform: String::new(), value }
}

/// Days past the thirtieth before the end.
fn days_past(ends: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    EXPIRY_DAYS - (ends - now).num_days()
}

fn event(alert: &Alert, kind: EventKind, now: DateTime<Utc>) -> CaseEvent {
    let platform = (!alert.platform.is_empty()).then_some(&alert.platform);
    CaseEvent {
        seq: 0,
        id: id::new_id(now),
        case_id: alert.id.clone(),
        kind: kind.as_str().to_owned(),
        source: GATEWAY.to_owned(),
        status: None,
        data: json!({ "platform": platform, "watch": alert.watch, "severity": alert.severity }),
        words: Words::default(),
        at: now,
    }
}
