//! What came of it, compared with the truth.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    client::Client,
    load::Taken,
    proof,
    run::End,
    world::{HOTLINE, World},
};
use crate::{
    app::view::{Decision, DeliveryState, Overview, SubmissionView},
    cli::Failure,
    domain::{
        case::CaseStatus,
        message::MessageKind,
        submission::{Channel, Kind},
    },
    simulate::{NoticeKind, Received, Simulation, scenario::Scenario},
};

/// Everything that is known at the end.
struct Known<'a> {
    scenario: &'a Scenario,
    run: &'a End,
    overview: Overview,
    submissions: HashMap<(String, String), SubmissionView>,
    received: BTreeMap<String, Received>,
    cases: usize,
    gaps: usize,
    /// Body by case.
    bodies: HashMap<String, String>,
    /// Matter by case; a case that shares with none is its own.
    matters: HashMap<String, String>,
}

/// One thing that must hold, and what was seen.
struct Expectation {
    held: bool,
    text: String,
}

fn expect(held: bool, text: impl Into<String>) -> Expectation {
    Expectation { held, text: text.into() }
}

/// Prints the summary; true if every expectation held.
pub async fn print(simulation: &Simulation, scenario: &Scenario, world: &World, client: &Client, run: &End) -> Result<bool, Failure> {
    let cases = client.cases().await?;
    let end = Known {
        scenario,
        run,
        overview: client.overview().await?,
        submissions: client.submissions().await?.into_iter().map(|s| ((s.platform.clone(), s.source_id.clone()), s)).collect(),
        received: simulation.platforms().map(|platform| (platform.id.clone(), platform.received())).collect(),
        gaps: client.gaps().await?.len(),
        bodies: cases.iter().filter_map(|case| Some((case.id.clone(), case.organization.as_ref()?.name.clone()))).collect(),
        matters: cases.iter().map(|case| (case.id.clone(), case.matter.clone().unwrap_or_else(|| case.id.clone()))).collect(),
        cases: cases.len(),
    };
    end.print_figures();
    let mut expectations = vec![expect(run.settled, "everything came to rest")];
    expectations.extend(end.filings());
    expectations.extend(end.linking());
    expectations.extend(end.forwards());
    expectations.extend(end.round_trips());
    expectations.extend(end.taken());
    expectations.push(proven("the audit log verifies", proof::verify(world)?));
    expectations.push(proven("a replay of the log gives the same cases", proof::replay(world)?));
    println!();
    for expectation in &expectations {
        println!("{} {}", if expectation.held { "ok     " } else { "NOT OK " }, expectation.text);
    }
    Ok(expectations.iter().all(|expectation| expectation.held))
}

fn proven(what: &str, outcome: Result<String, String>) -> Expectation {
    match outcome {
        Ok(line) => expect(true, format!("{what}: {line}")),
        Err(line) => expect(false, format!("{what}: {line}")),
    }
}

impl Known<'_> {
    fn submission(&self, platform: &str, source_id: &str) -> Option<&SubmissionView> {
        self.submissions.get(&(platform.to_owned(), source_id.to_owned()))
    }

    fn print_figures(&self) {
        let overview = &self.overview;
        let (mut platforms, mut channels) = (BTreeMap::<&str, u64>::new(), BTreeMap::<&str, u64>::new());
        for counted in &overview.submissions {
            *platforms.entry(&counted.platform).or_default() += counted.count;
            *channels.entry(counted.channel.as_str()).or_default() += counted.count;
        }
        let decisions = |wanted: Decision| overview.decisions.iter().find(|d| d.decision == wanted).map_or(0, |d| d.count);
        let delivered = |kind: MessageKind| -> u64 {
            overview.deliveries.iter().filter(|d| d.kind == kind && d.state == DeliveryState::Delivered).map(|d| d.count).sum()
        };
        println!("submissions        {:>5}   {}", self.submissions.len(), joined(&platforms));
        println!("  by channel               {}", joined(&channels));
        println!("cases              {:>5}   a perfect clerk would make {}", self.cases, self.scenario.cases());
        println!("duplicates         {:>5}   linked to a case that was there already", decisions(Decision::Duplicate));
        println!("possible duplicates{:>5}   wait for a person", decisions(Decision::PossibleDuplicate));
        println!("related            {:>5}   in {} shared matters", decisions(Decision::Related), overview.matters);
        let (right, found, true_pairs) = self.matter_pairs();
        println!("  pairs of cases           {right} of {found} formed are right, of {true_pairs} that share a matter");
        println!(
            "forwards           {:>5}   detours because the competent body is not connected or accused: {}",
            delivered(MessageKind::CaseForwarded),
            self.gaps
        );
        println!(
            "back to sources    {:>5}   registered {}, duplicate {}, status {}, reply {}",
            delivered(MessageKind::SubmissionRegistered)
                + delivered(MessageKind::DuplicateRegistered)
                + delivered(MessageKind::CaseStatus)
                + delivered(MessageKind::CaseReply),
            delivered(MessageKind::SubmissionRegistered),
            delivered(MessageKind::DuplicateRegistered),
            delivered(MessageKind::CaseStatus),
            delivered(MessageKind::CaseReply)
        );
        let (mut faulted, mut again, mut doubled) = (0, 0, 0);
        for received in self.received.values() {
            faulted += received.faulted;
            doubled += received.sent.doubled;
            again += received.forwards.iter().map(|f| f.times - 1).chain(received.notices.iter().map(|n| n.times - 1)).sum::<u32>();
        }
        println!("faults met         {faulted:>5}   messages that arrived twice and counted once: {again}; webhooks sent twice: {doubled}");
        println!("audit log          {:>5}   leaves", overview.audit_leaves);
        if let Some(deaths) = &self.run.deaths {
            println!("gateway killed     {deaths}");
        }
    }

    /// Pairs of cases put into one matter: right ones, all formed, all there are.
    fn matter_pairs(&self) -> (usize, usize, usize) {
        let mut placed = BTreeMap::<&str, (&str, &str)>::new();
        for filing in &self.scenario.filings {
            let submission = self.submissions.get(&(filing.platform.clone(), filing.source_id.clone()));
            let Some(case) = submission.and_then(|s| s.case.as_ref()) else { continue };
            let Some(matter) = self.matters.get(&case.id) else { continue };
            placed.insert(&case.id, (matter, &filing.truth.matter));
        }
        let placed: Vec<_> = placed.into_values().collect();
        let (mut right, mut formed, mut all) = (0, 0, 0);
        for (at, (matter, truth)) in placed.iter().enumerate() {
            for (other_matter, other_truth) in &placed[at + 1..] {
                let (together, same) = (matter == other_matter, truth == other_truth);
                right += usize::from(together && same);
                formed += usize::from(together);
                all += usize::from(same);
            }
        }
        (right, formed, all)
    }

    fn filings(&self) -> Vec<Expectation> {
        let filed = self.scenario.filings.len();
        let found = self.scenario.filings.iter().filter(|f| self.submission(&f.platform, &f.source_id).is_some()).count();
        let simulated: Vec<_> = self.submissions.values().filter(|s| s.platform != HOTLINE).collect();
        let linked = simulated.iter().filter(|s| s.case.is_some()).count();
        vec![
            expect(
                found == filed && simulated.len() == filed,
                format!("each of {filed} filings is registered, and once: {found} found, {} in all", simulated.len()),
            ),
            expect(linked == filed, format!("each belongs to a case: {linked}")),
        ]
    }

    /// What was answered with 2xx is there, under the number it was answered with, and in a case.
    fn taken(&self) -> Option<Expectation> {
        let taken = &self.run.taken;
        let is_there = |taken: &&Taken| {
            let submission = self.submission(HOTLINE, &taken.source_id);
            submission.is_some_and(|submission| submission.id == taken.id && submission.case.is_some())
        };
        let found = taken.iter().filter(is_there).count();
        let all = self.submissions.values().filter(|s| s.platform == HOTLINE).count();
        let text =
            format!("each of {} filings answered with 2xx over the API is there, and once: {found} found, {all} in all", taken.len());
        (!taken.is_empty()).then(|| expect(found == taken.len() && all == found, text))
    }

    fn linking(&self) -> Vec<Expectation> {
        let case_of =
            |platform: &str, source_id: &str| self.submission(platform, source_id).and_then(|s| s.case.as_ref()).map(|c| c.id.clone());
        let (mut by_truth, mut by_case) = (BTreeMap::<&str, Vec<String>>::new(), BTreeMap::<String, BTreeSet<&str>>::new());
        for filing in &self.scenario.filings {
            let Some(case) = case_of(&filing.platform, &filing.source_id) else { continue };
            by_truth.entry(&filing.truth.case).or_default().push(case.clone());
            by_case.entry(case).or_default().insert(&filing.truth.case);
        }
        let repeats: usize = by_truth.values().map(|cases| cases.len() - 1).sum();
        let missed: usize = by_truth.values().map(|cases| cases.iter().collect::<BTreeSet<_>>().len() - 1).sum();
        let wrong: Vec<_> = by_case.values().filter(|truths| truths.len() > 1).collect();
        let possible: u64 = self.overview.decisions.iter().filter(|d| d.decision == Decision::PossibleDuplicate).map(|d| d.count).sum();
        vec![
            expect(
                wrong.is_empty(),
                format!("nobody is silenced: {} cases hold the matters of different people or different matters", wrong.len()),
            ),
            expect(
                missed as u64 <= possible && missed * 20 <= repeats,
                format!(
                    "repeated filings are recognised: {} of {repeats}; {missed} not linked, {possible} wait for a person",
                    repeats - missed
                ),
            ),
        ]
    }

    fn forwards(&self) -> Vec<Expectation> {
        let mut times = HashMap::<&str, usize>::new();
        for forward in self.received.values().flat_map(|received| &received.forwards) {
            *times.entry(&forward.case).or_default() += 1;
        }
        let once = times.values().filter(|count| **count == 1).count();
        let accused = self.scenario.filings.iter().filter(|filing| filing.kind == Kind::Accusation);
        let reached = accused
            .filter(|filing| {
                let case = self.submission(&filing.platform, &filing.source_id).and_then(|s| s.case.as_ref());
                let body = case.and_then(|case| self.bodies.get(&case.id));
                filing.respondent.is_some() && body == filing.respondent.as_ref()
            })
            .count();
        vec![
            expect(
                once == self.bodies.len() && times.len() == once,
                format!("each of {} cases with a body is forwarded, and once: {once}", self.bodies.len()),
            ),
            expect(reached == 0, format!("accusations that reached the accused: {reached}")),
        ]
    }

    fn round_trips(&self) -> Vec<Expectation> {
        let mut told = BTreeMap::<Told, (usize, usize)>::new();
        for filing in &self.scenario.filings {
            let Some(submission) = self.submission(&filing.platform, &filing.source_id) else { continue };
            let Some(case) = &submission.case else { continue };
            let Some(received) = self.received.get(&filing.platform) else { continue };
            let account = filing.persons.iter().find_map(|person| person.account.as_deref());
            // WeChat answers OpenIDs, and an anonymous filing's is known to nobody but WeChat: there the case must do.
            let about_it = |about: &str| about == filing.source_id || account.map_or(filing.channel == Channel::Wechat, |own| own == about);
            let has =
                |kinds: &[NoticeKind]| received.notices.iter().any(|n| kinds.contains(&n.kind) && n.case == case.id && about_it(&n.about));
            let first = if submission.decision == Some(Decision::Duplicate) { NoticeKind::Duplicate } else { NoticeKind::Registered };
            let answered = case.status == CaseStatus::Answered;
            for (what, due, seen) in [
                (Told::Registered, true, has(&[first])),
                (Told::Status, case.organization.is_some(), has(&[NoticeKind::Status, NoticeKind::Reply, NoticeKind::Duplicate])),
                (Told::Reply, answered, has(&[NoticeKind::Reply])),
            ] {
                let entry = told.entry(what).or_default();
                entry.0 += usize::from(due);
                entry.1 += usize::from(due && seen);
            }
        }
        let mut expectations: Vec<Expectation> = told
            .into_iter()
            .map(|(what, (due, seen))| {
                expect(due == seen, format!("{} back on the platform they used: {seen} of {due} filings", what.text()))
            })
            .collect();
        let dead: u64 = self.overview.deliveries.iter().filter(|d| d.state == DeliveryState::Dead).map(|d| d.count).sum();
        let refused: u32 = self.received.values().map(|received| received.refused).sum();
        expectations.push(expect(dead == 0, format!("messages given up: {dead}")));
        expectations.push(expect(
            refused <= 10,
            format!("requests that platforms refused for signature, time or token: {refused} (the access token was ended once on purpose)"),
        ));
        expectations
    }
}

/// What a source platform is told of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Registered,
    Status,
    Reply,
}

impl Told {
    const fn text(self) -> &'static str {
        match self {
            Self::Registered => "registered or duplicate",
            Self::Status => "status",
            Self::Reply => "written answer",
        }
    }
}

fn joined(counts: &BTreeMap<&str, u64>) -> String {
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(" · ")
}
