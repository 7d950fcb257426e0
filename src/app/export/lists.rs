//! Which columns each list has as a file, and its rows.

use super::table::{
    Cell, Column,
    Kind::{Flag, Integer, Number, Text, Time},
};
use crate::{
    app::view::{CaseDeadlineView, CaseView, DuplicateSide, DuplicateView, IndicatorFigures, Indicators, Rate},
    domain::{division, masking::mask},
};

const DECIDED: usize = 20;
/// The columns of the duplicate report: the decision, the later filing, the earlier one, and the words of both where asked for.
pub(super) const DUPLICATES_WITH_TEXT: &[Column] = &[
    ("decision", Text),
    ("probability", Number),
    ("weight", Number),
    ("person_probability", Number),
    ("matter_probability", Number),
    ("rule", Text),
    ("case", Text),
    ("submission", Text),
    ("platform", Text),
    ("source_id", Text),
    ("channel", Text),
    ("submitted_at", Time),
    ("other_submission", Text),
    ("other_platform", Text),
    ("other_source_id", Text),
    ("other_channel", Text),
    ("other_submitted_at", Time),
    ("model", Text),
    ("decided_by", Text),
    ("decided_at", Time),
    ("subject", Text),
    ("content", Text),
    ("place", Text),
    ("other_subject", Text),
    ("other_content", Text),
    ("other_place", Text),
];
pub(super) const DUPLICATES: &[Column] = DUPLICATES_WITH_TEXT.split_at(DECIDED).0;

pub(super) fn duplicate(view: &DuplicateView, with_text: bool) -> Vec<Cell> {
    let decided = &view.decided;
    let evidence = decided.evidence.as_ref();
    let mut cells = vec![
        decided.decision.as_str().into(),
        evidence.map(|evidence| evidence.probability).into(),
        evidence.map(|evidence| evidence.weight).into(),
        evidence.map(|evidence| evidence.person.probability).into(),
        evidence.map(|evidence| evidence.matter.probability).into(),
        evidence.map(|evidence| evidence.rule.clone()).into(),
        decided.case.clone().into(),
    ];
    for side in [&view.submission, &view.compared_with] {
        cells.extend([
            side.id.clone().into(),
            side.platform.clone().into(),
            side.source_id.clone().into(),
            side.channel.as_str().into(),
            side.submitted_at.into(),
        ]);
    }
    cells.extend([
        decided.model.as_ref().map(|model| format!("{} {}", model.name, model.digest)).into(),
        decided.decided_by.as_str().into(),
        decided.decided_at.into(),
    ]);
    if with_text {
        cells.extend([&view.submission, &view.compared_with].into_iter().flat_map(words));
    }
    cells
}

/// What was written, covered as on the pages.
fn words(side: &DuplicateSide) -> [Cell; 3] {
    let text = side.text.as_ref();
    [
        text.map(|text| mask(&text.subject)).into(),
        text.map(|text| mask(&text.content)).into(),
        text.and_then(|text| text.place.as_deref()).map(mask).into(),
    ]
}

pub(super) const CASES: &[Column] = &[
    ("case", Text),
    ("status", Text),
    ("kind", Text),
    ("division", Text),
    ("division_name", Text),
    ("category", Text),
    ("organization", Text),
    ("organization_name", Text),
    ("platform", Text),
    ("platforms", Text),
    ("submissions", Integer),
    ("matter", Text),
    ("created_at", Time),
    ("updated_at", Time),
];

pub(super) fn case(view: &CaseView) -> Vec<Cell> {
    vec![
        view.id.clone().into(),
        view.status.as_str().into(),
        view.kind.as_str().into(),
        view.division.clone().into(),
        view.division.as_deref().map(division::full_name).into(),
        view.category.clone().into(),
        view.organization.as_ref().map(|body| body.id.clone()).into(),
        view.organization.as_ref().map(|body| body.name.clone()).into(),
        view.platform.clone().into(),
        view.platforms.join(" ").into(),
        view.submissions.into(),
        view.matter.clone().into(),
        view.created_at.into(),
        view.updated_at.into(),
    ]
}

pub(super) const DEADLINES: &[Column] = &[
    ("case", Text),
    ("clock", Text),
    ("state", Text),
    ("started_at", Time),
    ("due_at", Time),
    ("ended_at", Time),
    ("extended", Flag),
    ("kind", Text),
    ("organization", Text),
    ("organization_name", Text),
    ("platform", Text),
    ("division", Text),
    ("division_name", Text),
];

pub(super) fn deadline(view: &CaseDeadlineView) -> Vec<Cell> {
    vec![
        view.case.clone().into(),
        view.deadline.clock.as_str().into(),
        view.deadline.state.as_str().into(),
        view.deadline.started_at.into(),
        view.deadline.due_at.into(),
        view.deadline.ended_at.into(),
        view.deadline.extended.into(),
        view.kind.as_str().into(),
        view.organization.as_ref().map(|body| body.id.clone()).into(),
        view.organization.as_ref().map(|body| body.name.clone()).into(),
        view.platform.clone().into(),
        view.division.clone().into(),
        view.division.as_deref().map(division::full_name).into(),
    ]
}

pub(super) const INDICATORS: &[Column] = &[
    ("group", Text),
    ("submissions", Integer),
    ("cases", Integer),
    ("answered", Integer),
    ("accept_met", Integer),
    ("accept_due", Integer),
    ("timely_acceptance", Number),
    ("answer_met", Integer),
    ("answer_due", Integer),
    ("on_time_completion", Number),
    ("satisfied", Integer),
    ("rated", Integer),
    ("satisfaction", Number),
    ("rating_participation", Number),
    ("online", Integer),
    ("online_share", Number),
    ("duplicates", Integer),
    ("duplicate_share", Number),
    ("reminders", Integer),
    ("return_calls", Integer),
    ("supervisions", Integer),
    ("proposals", Integer),
    ("supervision_answers", Integer),
    ("adopted", Integer),
];

/// The whole first, without a group.
pub(super) fn indicators(view: &Indicators) -> Vec<Vec<Cell>> {
    let groups = view.by.iter().map(|group| figures(Some(&group.value), &group.figures));
    std::iter::once(figures(None, &view.total)).chain(groups).collect()
}

fn figures(group: Option<&str>, figures: &IndicatorFigures) -> Vec<Cell> {
    let of = |rate: &Rate| -> [Cell; 3] { [rate.numerator.into(), rate.denominator.into(), rate.value.into()] };
    let share = |rate: &Rate| -> [Cell; 2] { [rate.numerator.into(), rate.value.into()] };
    let mut cells = vec![group.into(), figures.submissions.into(), figures.cases.into(), figures.answered.into()];
    cells.extend(of(&figures.timely_acceptance));
    cells.extend(of(&figures.on_time_completion));
    cells.extend(of(&figures.satisfaction));
    cells.push(figures.rating_participation.value.into());
    cells.extend(share(&figures.online_share));
    cells.extend(share(&figures.duplicate_share));
    let called = &figures.supervision;
    let proposals = called.adopted.denominator;
    cells.extend([called.reminders, called.return_calls, called.supervisions, proposals].map(Cell::from));
    cells.extend([called.answered.numerator, called.adopted.numerator].map(Cell::from));
    cells
}
