//! A case referred (交转) by more than one level (信访工作条例, article 24): there is never a second owner; the bodies' common superior
//! decides.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    case::CaseStatus,
    organization::{Directory, Organization},
};

/// What a platform says it did: it referred a case to a body. (`platform`, `referral_id`) is unique, so it may be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Referral {
    /// The platform's own number of this referral.
    #[schema(min_length = 1, max_length = 128)]
    pub referral_id: String,
    /// The body of the directory it was referred to.
    #[schema(min_length = 1, max_length = 63)]
    pub organization: String,
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub referred_at: DateTime<FixedOffset>,
}

impl Referral {
    /// SHA-256 of the canonical form, see [`super::submission::Submission::digest`].
    pub fn digest(&self) -> [u8; 32] {
        super::submission::canonical_digest(self)
    }
}

/// What a referral comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferralOutcome {
    /// The body has the case already.
    Held,
    /// The body that has it and has not accepted it yet passes it on to one below: that one has it now.
    Transferred,
    /// Another body has it. Nothing moves until the common superior has decided.
    Conflict,
}

impl ReferralOutcome {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Transferred => "transferred",
            Self::Conflict => "conflict",
        }
    }
}

/// What showed that a second body was given a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictSource {
    /// A platform told of its referral.
    Referral,
    /// A filing that its platform had referred to a body itself.
    Filing,
}

impl ConflictSource {
    pub const ALL: [Self; 2] = [Self::Referral, Self::Filing];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Referral => "referral",
            Self::Filing => "filing",
        }
    }
}

/// How a conflict stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictState {
    /// The common superior has not decided. The case stays where it was.
    Open,
    Decided,
}

impl ConflictState {
    pub const ALL: [Self; 2] = [Self::Open, Self::Decided];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided => "decided",
        }
    }
}

/// What becomes of a referral of a case that `holder` has in hand; `by_holder`: the holder's platform refers it.
pub fn judge(directory: &Directory, holder: Option<&str>, status: CaseStatus, by_holder: bool, to: &str) -> ReferralOutcome {
    let unaccepted = matches!(status, CaseStatus::Registered | CaseStatus::Routed);
    match holder {
        Some(holder) if holder == to => ReferralOutcome::Held,
        None if unaccepted => ReferralOutcome::Transferred,
        Some(holder) if by_holder && unaccepted && above(directory, to).any(|body| body.id == holder) => ReferralOutcome::Transferred,
        _ => ReferralOutcome::Conflict,
    }
}

/// The nearest body above both; where one of them is the highest, that one. `None`: nothing in the directory is above both.
pub fn common_superior<'a>(directory: &'a Directory, one: &str, other: &str) -> Option<&'a Organization> {
    let theirs: Vec<&Organization> = above(directory, other).collect();
    above(directory, one).find(|body| theirs.iter().any(|superior| superior.id == body.id)).or_else(|| {
        let highest =
            |id: &str, below: &str| directory.get(id).filter(|body| above(directory, below).any(|superior| superior.id == body.id));
        highest(one, other).or_else(|| highest(other, one))
    })
}

/// The bodies above one, nearest first.
fn above<'a>(directory: &'a Directory, id: &str) -> impl Iterator<Item = &'a Organization> {
    let superior = |body: &Organization| directory.get(body.parent.as_deref()?);
    std::iter::successors(directory.get(id).and_then(superior), move |body| superior(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        let body = |id: &str, division: &str, parent: Option<&str>| Organization {
            id: id.into(),
            name: id.into(),
            division: division.into(),
            parent: parent.map(Into::into),
            platform: None,
            categories: Vec::new(),
        };
        Directory::new(vec![
            body("nation", "000000", None),
            body("ministry", "000000", Some("nation")),
            body("hunan", "430000", Some("nation")),
            body("changsha", "430100", Some("hunan")),
            body("zhuzhou", "430200", Some("hunan")),
            body("furong", "430102", Some("changsha")),
            body("alone", "110000", None),
        ])
        .expect("a sound directory")
    }

    #[test]
    fn only_the_body_that_has_it_passes_it_down() {
        use CaseStatus::{Accepted, Registered, Routed};
        use ReferralOutcome::{Conflict, Held, Transferred};
        for (holder, status, by_holder, to, expected) in [
            (Some("hunan"), Routed, true, "hunan", Held),
            (Some("hunan"), Accepted, false, "hunan", Held),
            (Some("hunan"), Routed, true, "furong", Transferred),
            (Some("hunan"), Accepted, true, "furong", Conflict),
            (Some("hunan"), Routed, false, "furong", Conflict),
            (Some("changsha"), Routed, true, "zhuzhou", Conflict),
            (Some("changsha"), Routed, true, "hunan", Conflict),
            (None, Registered, false, "furong", Transferred),
            (Some("changsha"), Routed, true, "nobody", Conflict),
        ] {
            assert_eq!(judge(&directory(), holder, status, by_holder, to), expected, "{holder:?} {status} {by_holder} {to}");
        }
    }

    #[test]
    fn the_nearest_body_above_both_decides() {
        for (one, other, expected) in [
            ("changsha", "zhuzhou", Some("hunan")),
            ("furong", "zhuzhou", Some("hunan")),
            ("furong", "changsha", Some("hunan")),
            ("furong", "ministry", Some("nation")),
            ("nation", "furong", Some("nation")),
            ("furong", "nation", Some("nation")),
            ("furong", "alone", None),
            ("furong", "nobody", None),
        ] {
            let found = directory();
            assert_eq!(common_superior(&found, one, other).map(|body| body.id.as_str()), expected, "{one} {other}");
        }
    }
}
