//! What Prometheus scrapes: how this node answers, and how the federation stands. Labels are bounded: declared platforms, routes of the
//! program, words of closed lists. Nothing of a case, a filing or a person.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{AppError, Gateway, view::PlatformView};
use crate::store::{StoreError, alerts, audit, cases, changes, deadlines, deliveries, links, reviews};

/// Seconds; the marks of pages and of indicators are among them.
const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Every metric begins so.
const PREFIX: &str = "onecase";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// The pattern of the address, e.g. `/v1/cases/{id}`.
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PlatformLabels {
    platform: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPlatform {
    platform: String,
    /// A state or a class of errors.
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertLabels {
    watch: String,
    severity: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: String,
}

/// What a node counts of itself.
pub(super) struct NodeMetrics {
    requests: Family<RequestLabels, Histogram>,
}

impl Default for NodeMetrics {
    fn default() -> Self {
        Self { requests: Family::new_with_constructor(|| Histogram::new(BUCKETS)) }
    }
}

impl Gateway {
    /// Counts a request that was answered. `route` is the pattern of its address, which no caller can choose.
    pub fn note_request(&self, route: &str, method: &str, status: u16, took: Duration) {
        let labels = RequestLabels { route: route.to_owned(), method: method.to_owned(), status };
        self.0.metrics.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Everything in the text format of `OpenMetrics` 1.0.
    pub async fn metrics(&self) -> Result<String, AppError> {
        self.read(|gateway, c| {
            let mut registry = Registry::with_prefix(PREFIX);
            registry.register_with_unit(
                "http_request_duration",
                "How long requests took",
                Unit::Seconds,
                gateway.0.metrics.requests.clone(),
            );
            of_platforms(&mut registry, &gateway.platform_views(c)?);
            of_the_whole(&mut registry, gateway, c)?;
            let mut text = String::new();
            encode(&mut text, &registry).map_err(|source| StoreError::Corrupt { what: "metric", source: Box::new(source) })?;
            Ok(text)
        })
        .await
    }
}

fn of_platforms(registry: &mut Registry, platforms: &[PlatformView]) {
    let mut gauge = |name: &str, help: &str, read: &dyn Fn(&PlatformView) -> Option<i64>| {
        let family = Family::<PlatformLabels, Gauge>::default();
        for platform in platforms {
            if let Some(value) = read(platform) {
                family.get_or_create(&PlatformLabels { platform: platform.id.clone() }).set(value);
            }
        }
        registry.register(name, help, family);
    };
    let count = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
    gauge("platform_submissions", "Filings registered so far", &|p| count(p.submissions));
    gauge("platform_duplicates", "Filings linked to a case that was there", &|p| count(p.duplicates));
    gauge("platform_open_cases", "Cases in hand and not answered", &|p| count(p.open_cases));
    gauge("platform_quarantined_records", "Records that did not map or were refused, and wait", &|p| count(p.records_quarantined));
    gauge("platform_received_last_hour", "Filings of the last hour", &|p| count(p.health.received_last_hour));
    gauge("platform_delivered_last_hour", "Messages taken in the last hour", &|p| count(p.health.delivered_last_hour));
    gauge("platform_last_success_timestamp_seconds", "When an exchange last went well", &|p| {
        p.health.last_success_at.map(|at| at.timestamp())
    });
    gauge("platform_oldest_waiting_timestamp_seconds", "Since when the oldest message waits", &|p| {
        p.health.oldest_waiting_at.map(|at| at.timestamp())
    });
    gauge("platform_circuit_open_until_timestamp_seconds", "Until when nothing is sent but a probe", &|p| {
        p.health.circuit_open_until.map(|at| at.timestamp())
    });
    gauge("platform_certificate_ends_timestamp_seconds", "When the certificate shown to it ends", &|p| {
        p.health.certificate_ends_at.map(|at| at.timestamp())
    });
    let errors = Family::<OfPlatform, Gauge>::default();
    for platform in platforms {
        for error in &platform.errors {
            let labels = OfPlatform { platform: platform.id.clone(), kind: error.code.clone() };
            errors.get_or_create(&labels).set(i64::try_from(error.count).unwrap_or(i64::MAX));
        }
    }
    registry.register("platform_errors", "What went wrong so far, by class", errors);
}

fn of_the_whole(registry: &mut Registry, gateway: &Gateway, c: &mut crate::store::Connection<'_>) -> Result<(), StoreError> {
    let by_state = Family::<OfPlatform, Gauge>::default();
    for (platform, _, state, count) in deliveries::counts(c)? {
        by_state.get_or_create(&OfPlatform { platform, kind: state.as_str().to_owned() }).inc_by(count);
    }
    registry.register("deliveries", "Messages by platform and state", by_state);
    let by_status = Family::<StatusLabels, Gauge>::default();
    for (status, count) in cases::counts_by_status(c)? {
        by_status.get_or_create(&StatusLabels { status: status.as_str().to_owned() }).set(count);
    }
    registry.register("cases", "Cases by status", by_status);
    let firing = Family::<AlertLabels, Gauge>::default();
    for alert in alerts::firing(c)? {
        let labels = AlertLabels { watch: alert.watch.as_str().to_owned(), severity: alert.severity.as_str().to_owned() };
        firing.get_or_create(&labels).inc();
    }
    registry.register("alerts_firing", "Alerts that fire", firing);
    let mut gauge = |name: &str, help: &str, value: i64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    gauge("unlinked_submissions", "Filings that wait to be linked", links::backlog(c)?);
    gauge("open_reviews", "Possible duplicates that wait for a person", reviews::count_open(c, None)?);
    gauge("overdue_duties", "Duties past their time", deadlines::count_due(c, gateway.now(), chrono::TimeDelta::zero())?.0);
    gauge("change_feed_position", "Newest position of the change feed", changes::head(c)?);
    gauge("audit_leaves", "Leaves of the audit log", i64::try_from(audit::size(c)?).unwrap_or(i64::MAX));
    Ok(())
}
