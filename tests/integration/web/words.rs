//! Every word the pages ask for is in the table, and the table holds none that nobody asks for.

use std::collections::BTreeSet;

use onecase::{
    app::view::{AttemptOutcome, Decision, DeliveryState, EventKind},
    domain::{
        alert::{Severity, Watch},
        case::CaseStatus,
        deadline::Clock,
        indicator::Measure,
        rating::Satisfaction,
        referral::{ConflictSource, ConflictState},
        supervision::{SupervisionKind, SupervisionState},
        warning::WarningState,
    },
    matching::SHARED_LEVEL,
    web::texts::Lang,
};

use crate::support::files;

/// Groups that values of closed lists, models and rules are looked up in by their own names.
const GROUPS: [&str; 42] = [
    "endpoint_state",
    "public_step",
    "public_manner",
    "public_outcome",
    "public_action",
    "warning_state",
    "supervision_kind",
    "supervision_state",
    "conflict_state",
    "conflict_source",
    "division_level",
    "alert_state",
    "severity",
    "watch",
    "measure",
    "order",
    "trend",
    "matter_order",
    "ruling_action",
    "ruling_effect",
    "status",
    "clock",
    "dimension",
    "tier",
    "satisfaction",
    "deadline_state",
    "kind",
    "channel",
    "platform_kind",
    "platform_state",
    "decision",
    "decided_by",
    "event",
    "message",
    "delivery_state",
    "outcome",
    "gap",
    "comparison",
    "level",
    "question",
    "rule",
    "verdict",
];

#[test]
fn every_key_asked_for_is_there_and_every_key_there_is_asked_for() {
    let mut asked = BTreeSet::new();
    for path in files::below("src/web") {
        let wanted = path.extension().is_some_and(|e| e == "html" || e == "rs");
        let text = files::text(&path).unwrap();
        if !wanted {
            continue;
        }
        for literal in text.split('"').skip(1).step_by(2).chain(text.split('"').skip(2).step_by(2)) {
            if Lang::Zh.find(literal).is_some() {
                asked.insert(literal.to_owned());
            }
        }
        for call in ["p.t(\"", "p.fill(\"", "self.t(\"", "self.fill(\""] {
            for (at, _) in text.match_indices(call) {
                let key = text[at + call.len()..].split('"').next().unwrap();
                assert!(Lang::Zh.find(key).is_some(), "{}: no text for {key}", path.display());
            }
        }
    }
    let unused: Vec<&str> =
        Lang::Zh.keys().filter(|key| !asked.contains(*key) && !GROUPS.contains(&key.split('.').next().unwrap())).collect();
    assert!(unused.is_empty(), "nobody asks for {unused:?}");
}

/// Every value of a closed list has words, so that none is shown by its name on the wire.
#[test]
fn closed_lists_have_words() {
    let status = CaseStatus::ALL.map(|value| ("status", value.as_str()));
    let event = EventKind::ALL.map(|value| ("event", value.as_str()));
    let delivery = DeliveryState::ALL.map(|value| ("delivery_state", value.as_str()));
    let outcome = AttemptOutcome::ALL.map(|value| ("outcome", value.as_str()));
    let satisfaction = Satisfaction::ALL.map(|value| ("satisfaction", value.as_str()));
    let clock = Clock::ALL.map(|value| ("clock", value.as_str()));
    let decision = Decision::ALL.map(|value| ("decision", value.as_str()));
    let watch = Watch::ALL.map(|value| ("watch", value.as_str()));
    let severity = Severity::ALL.map(|value| ("severity", value.as_str()));
    let measure = Measure::ALL.map(|value| ("measure", value.as_str()));
    let all = measure.into_iter().chain(watch).chain(severity).chain(status).chain(event).chain(delivery).chain(outcome).chain(clock);
    let all = all.chain(satisfaction).chain(decision);
    let kind = SupervisionKind::ALL.map(|value| ("supervision_kind", value.as_str()));
    let state = SupervisionState::ALL.map(|value| ("supervision_state", value.as_str()));
    let conflict = ConflictState::ALL.map(|value| ("conflict_state", value.as_str()));
    let source = ConflictSource::ALL.map(|value| ("conflict_source", value.as_str()));
    let all =
        all.chain(kind).chain(state).chain(conflict).chain(source).chain(WarningState::ALL.map(|value| ("warning_state", value.as_str())));
    let missing: Vec<_> = all.filter(|(group, name)| Lang::Zh.find(&format!("{group}.{name}")).is_none()).collect();
    assert!(missing.is_empty(), "no words for {missing:?}");
}

/// What the default model compares and how well it can agree has words in both languages.
#[test]
fn the_default_model_has_words() {
    let Ok(text) = std::fs::read_to_string(files::root().join("models/default.toml")) else { panic!("no models/default.toml") };
    let model: toml::Table = toml::from_str(&text).unwrap();
    assert!(Lang::Zh.find(&format!("level.{SHARED_LEVEL}")).is_some(), "no word for a token that many share");
    for comparison in model["comparison"].as_array().unwrap() {
        let name = comparison["name"].as_str().unwrap();
        assert!(Lang::Zh.find(&format!("comparison.{name}")).is_some(), "no word for the comparison {name}");
        for level in comparison["levels"].as_array().unwrap() {
            let level = level["name"].as_str().unwrap();
            assert!(Lang::Zh.find(&format!("level.{level}")).is_some(), "no word for the level {level} of {name}");
        }
    }
}
