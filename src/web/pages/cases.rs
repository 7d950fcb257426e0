//! `/cases` and `/cases/{code}`.

use askama::Template;

use super::{Names, reviews::Refusal};
use crate::{
    app::{
        Looked,
        view::{
            CaseView, Decision, DeliveryDetail, EventKind, EventView, MatchView, Paged, RulingAction, RulingView, SubmissionView,
            SupervisionView,
        },
    },
    domain::{
        case::CaseStatus,
        submission::{Channel, Kind},
        supervision::SupervisionState,
    },
    web::{
        page::{Page, address},
        texts::Lang,
    },
};

const KINDS: [Kind; 3] = [Kind::Request, Kind::Suggestion, Kind::Accusation];

#[derive(Template)]
#[template(path = "cases.html")]
struct ListView<'a> {
    p: &'a Page,
    list: &'a Paged<CaseView>,
    names: &'a Names,
    statuses: &'static [CaseStatus],
    kinds: &'static [Kind],
    channels: &'static [Channel],
}

impl ListView<'_> {
    /// The list without the figure it is narrowed to.
    fn without_figure(&self) -> String {
        self.p.with_all(&[("counted", ""), ("from", ""), ("until", "")])
    }
}

pub fn list(p: &Page, list: &Paged<CaseView>, names: &Names) -> askama::Result<String> {
    ListView { p, list, names, statuses: &CaseStatus::ALL, kinds: &KINDS, channels: &Channel::ALL }.render()
}

/// One case with all that belongs to it.
#[derive(Clone, Debug)]
pub struct CaseDetail {
    pub case: CaseView,
    pub names: Names,
    /// Oldest first.
    pub events: Vec<EventView>,
    /// Oldest first.
    pub submissions: Vec<SubmissionView>,
    pub matches: Vec<MatchView>,
    pub deliveries: Vec<DeliveryDetail>,
    /// What people decided about it, first to last.
    pub rulings: Vec<RulingView>,
    /// What its bodies were reminded of or called to account for, newest first.
    pub supervisions: Vec<SupervisionView>,
    /// Connected bodies that a case may go to, by id with their names; only where an objection is to be decided.
    pub bodies: Vec<(String, String)>,
    /// Who saw its filings in clear, newest first.
    pub looks: Vec<Looked>,
    /// Why the order just given was not carried out.
    pub refused: Option<Refusal>,
}

#[derive(Template)]
#[template(path = "case.html")]
struct DetailView<'a> {
    p: &'a Page,
    data: &'a CaseDetail,
    names: &'a Names,
}

impl DetailView<'_> {
    /// The evidence that brought a filing into this case; the first filing has none.
    fn evidence_of(&self, submission: &str) -> Option<&MatchView> {
        self.data.matches.iter().find(|found| found.submission == submission && found.compared_with.is_some())
    }

    fn evidence_address(&self, found: &MatchView) -> String {
        let with = found.compared_with.as_deref().unwrap_or_default();
        address(&format!("/duplicates/{}", found.submission), &[("with", with)])
    }

    /// The evidence between the filings of this case, with the later and the earlier.
    fn within(&self) -> Vec<(&MatchView, &SubmissionView, &SubmissionView)> {
        let found = self.data.matches.iter();
        found.filter_map(|found| Some((found, self.filing(&found.submission)?, self.filing(found.compared_with.as_deref()?)?))).collect()
    }

    fn event_class(&self, event: &EventView) -> &'static str {
        match event.kind {
            EventKind::CaseRegistered => "registered",
            EventKind::SubmissionLinked => "linked",
            EventKind::SubmissionRevised | EventKind::SubmissionWithdrawn | EventKind::SubmissionErased => "revised",
            EventKind::CaseRouted => "routed",
            EventKind::StatusChanged => "status",
            EventKind::Replied => "replied",
            EventKind::ObjectionDecided => "routed",
            EventKind::ReviewRequested => "status",
            EventKind::ReferralConflict | EventKind::ReferralDecided => "ruled",
            EventKind::Supervised
            | EventKind::SupervisionAnswered
            | EventKind::ProposalDecided
            | EventKind::WarningRaised
            | EventKind::WarningClosed => "revised",
            EventKind::CaseRated => "rated",
            EventKind::CasesMerged | EventKind::CaseSplit | EventKind::CasesKeptApart | EventKind::CasesReleased => "ruled",
            EventKind::AlertFired | EventKind::AlertResolved => "status",
        }
    }

    /// True if any of the filings still holds personal data.
    fn can_erase(&self) -> bool {
        self.data.submissions.iter().any(|filing| !filing.erased)
    }

    /// The reason written before, where an order was refused.
    fn reason(&self) -> &str {
        self.data.refused.as_ref().map_or("", |refusal| &refusal.reason)
    }

    /// Cases that the newest ruling about them keeps apart from this one.
    fn apart(&self) -> Vec<&str> {
        let mut apart: Vec<&str> = Vec::new();
        for ruling in &self.data.rulings {
            let other = if ruling.case == self.data.case.id { ruling.other_case.as_str() } else { ruling.case.as_str() };
            apart.retain(|known| *known != other);
            if matches!(ruling.action, RulingAction::KeepApart | RulingAction::Split) {
                apart.push(other);
            }
        }
        apart
    }

    fn filing(&self, id: &str) -> Option<&SubmissionView> {
        self.data.submissions.iter().find(|filing| filing.id == id)
    }
}

pub fn detail(p: &Page, data: &CaseDetail) -> askama::Result<String> {
    DetailView { p, data, names: &data.names }.render()
}
