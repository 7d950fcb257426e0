//! Where filings come from and what they are joined into: platforms on the left, the gateway in the middle, the outcome on the right.

use crate::app::view::PlatformView;

pub const WIDTH: f64 = 1200.0;
/// Left edge of each column and how wide a node is.
const COLUMNS: [f64; 3] = [230.0, 590.0, 930.0];
const NODE: f64 = 14.0;
const GAP: f64 = 18.0;
const TALL: f64 = 250.0;
/// More platforms than this and the smallest are left out of the picture; the list below it has them all.
const MOST: usize = 12;

#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    pub height: f64,
    pub sources: Vec<Node>,
    pub gateway: Node,
    /// New cases, then filings joined to a case.
    pub outcomes: [Node; 2],
    pub ribbons: Vec<Ribbon>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub id: String,
    pub name: String,
    pub count: u64,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    /// Where its words stand, half way down.
    pub middle: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ribbon {
    pub class: &'static str,
    pub path: String,
}

impl Flow {
    /// `None` while nothing was filed.
    pub fn new(platforms: &[PlatformView]) -> Option<Self> {
        let mut sources: Vec<&PlatformView> = platforms.iter().filter(|p| p.submissions > 0).collect();
        sources.sort_by(|a, b| b.submissions.cmp(&a.submissions).then_with(|| a.id.cmp(&b.id)));
        sources.truncate(MOST);
        let total: u64 = sources.iter().map(|p| p.submissions).sum();
        if total == 0 {
            return None;
        }
        let joined: u64 = sources.iter().map(|p| p.duplicates.min(p.submissions)).sum();
        let scale = TALL / size(total);
        let left_height = TALL + GAP * size(sources.len() as u64 - 1) + extra(&sources, scale);
        let height = left_height.max(TALL + GAP) + 8.0;

        let gateway = node("", "", total, 1, (height - TALL) / 2.0, scale);
        let outcomes_top = (height - TALL - GAP) / 2.0;
        let new_cases = node("", "", total - joined, 2, outcomes_top, scale);
        let joins = node("", "", joined, 2, outcomes_top + new_cases.height + GAP, scale);

        let mut ribbons = Vec::new();
        let mut nodes = Vec::new();
        let mut y = (height - left_height) / 2.0;
        let mut entry = gateway.y;
        for platform in sources {
            let source = node(&platform.id, &platform.name, platform.submissions, 0, y, scale);
            let thick = size(platform.submissions) * scale;
            let class = if platform.duplicates > 0 { "flow-in" } else { "flow-in flow-plain" };
            ribbons.push(ribbon(class, (source.x + NODE, source.y + (source.height - thick) / 2.0), (gateway.x, entry), thick));
            entry += thick;
            y += source.height + GAP;
            nodes.push(source);
        }
        let right = gateway.x + NODE;
        ribbons.push(ribbon("flow-new", (right, gateway.y), (new_cases.x, new_cases.y), size(total - joined) * scale));
        if joined > 0 {
            let from = gateway.y + size(total - joined) * scale;
            ribbons.push(ribbon("flow-joined", (right, from), (joins.x, joins.y), size(joined) * scale));
        }
        Some(Self { height: height.ceil(), sources: nodes, gateway, outcomes: [new_cases, joins], ribbons })
    }
}

#[allow(clippy::cast_precision_loss, reason = "heights in a picture")]
fn size(count: u64) -> f64 {
    count as f64
}

/// A node is at least this tall, so that its words do not run into its neighbour's.
const LEAST: f64 = 14.0;

/// How much taller the column gets by nodes that would be too small.
fn extra(sources: &[&PlatformView], scale: f64) -> f64 {
    sources.iter().map(|p| (LEAST - size(p.submissions) * scale).max(0.0)).sum()
}

fn node(id: &str, name: &str, count: u64, column: usize, y: f64, scale: f64) -> Node {
    let natural = size(count) * scale;
    let height = round(if column == 0 { natural.max(LEAST) } else { natural });
    let y = round(y);
    Node { id: id.to_owned(), name: name.to_owned(), count, x: COLUMNS[column], y, width: NODE, height, middle: round(y + height / 2.0) }
}

/// A band of even thickness between two points, leaving and arriving level.
fn ribbon(class: &'static str, (x0, y0): (f64, f64), (x1, y1): (f64, f64), thick: f64) -> Ribbon {
    let (y0, y1, thick, half) = (round(y0), round(y1), thick.max(1.0), round(f64::midpoint(x0, x1)));
    let (bottom0, bottom1) = (round(y0 + thick), round(y1 + thick));
    let path = format!("M{x0} {y0}C{half} {y0} {half} {y1} {x1} {y1}V{bottom1}C{half} {bottom1} {half} {bottom0} {x0} {bottom0}Z");
    Ribbon { class, path }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::view::PlatformState, domain::platform::PlatformKind};

    fn platform(id: &str, submissions: u64, duplicates: u64) -> PlatformView {
        PlatformView {
            id: id.into(),
            name: id.into(),
            kind: PlatformKind::Mobile,
            division: "000000".into(),
            state: PlatformState::Healthy,
            last_received_at: None,
            last_pulled_at: None,
            last_delivered_at: None,
            last_error: None,
            submissions,
            duplicates,
            open_cases: 0,
            deliveries_pending: 0,
            deliveries_dead: 0,
            records_quarantined: 0,
            health: crate::app::view::PlatformHealth::default(),
            last_reconciled_at: None,
            ledger_days_differing: 0,
            errors: Vec::new(),
        }
    }

    #[test]
    fn nothing_filed_draws_nothing() {
        assert_eq!(Flow::new(&[platform("a", 0, 0)]), None);
    }

    #[test]
    fn every_filing_arrives() {
        let flow = Flow::new(&[platform("small", 1, 0), platform("big", 299, 100), platform("none", 0, 0)]).unwrap();
        assert_eq!(flow.sources.iter().map(|n| n.id.as_str()).collect::<Vec<_>>(), ["big", "small"]);
        assert_eq!(flow.outcomes.clone().map(|n| n.count), [200, 100]);
        assert_eq!(flow.ribbons.len(), 4);
        assert!(flow.sources[1].height >= 14.0, "a small platform can still be read");
        let bottom = flow.sources[1].y + flow.sources[1].height;
        assert!(bottom <= flow.height, "{bottom} of {}", flow.height);
    }
}
