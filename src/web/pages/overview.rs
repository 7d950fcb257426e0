//! `/`: the federation at a glance.

use askama::Template;

use super::Names;
use crate::{
    app::view::{self, CaseView, Decision, DeliveryState, GapView, PlatformView},
    domain::{case::CaseStatus, submission::Channel},
    web::{charts::flow::Flow, page::Page},
};

/// What stands on the page.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    pub overview: view::Overview,
    pub platforms: Vec<PlatformView>,
    /// The cases that changed last, few.
    pub cases: Vec<CaseView>,
    /// The latest detours, few.
    pub gaps: Vec<GapView>,
}

/// The figures at the top.
struct Totals {
    submissions: u64,
    unlinked: u64,
    cases: u64,
    duplicates: u64,
    possible: u64,
    matters: u64,
    overdue: u64,
    due_soon: u64,
    pending: u64,
    dead: u64,
}

impl Totals {
    fn new(overview: &view::Overview) -> Self {
        let decided = |decision: Decision| overview.decisions.iter().filter(|c| c.decision == decision).map(|c| c.count).sum();
        let owed = |states: &[DeliveryState]| overview.deliveries.iter().filter(|c| states.contains(&c.state)).map(|c| c.count).sum();
        Self {
            submissions: overview.submissions.iter().map(|c| c.count).sum(),
            unlinked: overview.unlinked,
            cases: overview.cases.iter().map(|c| c.count).sum(),
            duplicates: decided(Decision::Duplicate),
            possible: decided(Decision::PossibleDuplicate),
            matters: overview.matters,
            overdue: overview.overdue,
            due_soon: overview.due_soon,
            pending: owed(&[DeliveryState::Pending, DeliveryState::Sending]),
            dead: owed(&[DeliveryState::Dead]),
        }
    }
}

/// A count with its share of the longest, for a bar of at most 100.
struct Counted<T> {
    what: T,
    count: u64,
    bar: u64,
}

fn counted<T: PartialEq + Copy>(all: &[T], count: impl Fn(T) -> u64) -> Vec<Counted<T>> {
    let counts: Vec<(T, u64)> = all.iter().map(|what| (*what, count(*what))).filter(|(_, count)| *count > 0).collect();
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(1);
    // A bar that stands for something is never invisible.
    counts.into_iter().map(|(what, count)| Counted { what, count, bar: (count * 100 / most).max(1) }).collect()
}

#[derive(Template)]
#[template(path = "overview.html")]
struct View<'a> {
    p: &'a Page,
    data: &'a Glance,
    totals: Totals,
    channels: Vec<Counted<Channel>>,
    statuses: Vec<Counted<CaseStatus>>,
    names: Names,
    flow: Option<Flow>,
}

pub fn render(p: &Page, data: &Glance) -> askama::Result<String> {
    let overview = &data.overview;
    let mut channels =
        counted(&Channel::ALL, |channel| overview.submissions.iter().filter(|c| c.channel == channel).map(|c| c.count).sum());
    channels.sort_by_key(|counted| std::cmp::Reverse(counted.count));
    let statuses = counted(&CaseStatus::ALL, |status| overview.cases.iter().filter(|c| c.status == status).map(|c| c.count).sum());
    let (names, flow) = (Names::new(data.platforms.iter().map(|p| (p.id.clone(), p.name.clone()))), Flow::new(&data.platforms));
    View { p, data, totals: Totals::new(overview), channels, statuses, names, flow }.render()
}
