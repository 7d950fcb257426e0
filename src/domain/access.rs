//! Who may do what, and about which part of the federation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{division, platform::Scope};

/// What somebody is here for; each role is a fixed set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Connects a platform: files, and reads what became of it.
    Vendor,
    /// Works for a body on its platform: reports status and reply.
    Handler,
    /// Watches a division, or the federation.
    Monitor,
    /// Decides what may be a duplicate, and as the superior of bodies that disagree.
    Reviewer,
    /// Reads what was decided, by whom and why, and the audit log; changes nothing.
    Auditor,
    /// Keeps the gateway going: accounts, keys, dead deliveries.
    Administrator,
}

impl Role {
    pub const ALL: [Self; 6] = [Self::Vendor, Self::Handler, Self::Monitor, Self::Reviewer, Self::Auditor, Self::Administrator];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Handler => "handler",
            Self::Monitor => "monitor",
            Self::Reviewer => "reviewer",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Vendor => &[Scope::Submit],
            Self::Handler => &[Scope::Handle],
            Self::Monitor => &[Scope::Monitor],
            Self::Reviewer => &[Scope::Monitor, Scope::Review],
            Self::Auditor => &[Scope::Monitor, Scope::Audit],
            Self::Administrator => &[Scope::Monitor, Scope::Audit, Scope::Administer],
        }
    }

    /// What the role is held over.
    pub const fn held_over(self) -> HeldOver {
        match self {
            Self::Vendor | Self::Handler => HeldOver::Platform,
            Self::Monitor | Self::Reviewer | Self::Auditor => HeldOver::Division,
            Self::Administrator => HeldOver::Federation,
        }
    }
}

/// What a role is confined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldOver {
    /// One platform, always.
    Platform,
    /// One division, or the whole federation.
    Division,
    /// Always the whole federation.
    Federation,
}

/// A platform or a division that does not go with what somebody is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfinementError {
    #[error("what files or handles needs a platform, and no division")]
    NeedsPlatform,
    #[error("who watches the federation belongs to no platform; a division may confine what is seen")]
    NoPlatform,
    #[error("who administers is confined by nothing")]
    Unconfined,
    #[error("a division is a GB/T 2260 code in force, and not that of the whole country")]
    UnknownDivision,
}

impl Role {
    /// Whether the role can be held so.
    ///
    /// # Errors
    /// Which of the two does not go with it.
    pub fn check(self, platform: Option<&str>, division: Option<&str>) -> Result<(), ConfinementError> {
        check_division(division)?;
        match (self.held_over(), platform, division) {
            (HeldOver::Platform, Some(_), None) | (HeldOver::Division, None, _) | (HeldOver::Federation, None, None) => Ok(()),
            (HeldOver::Platform, ..) => Err(ConfinementError::NeedsPlatform),
            (HeldOver::Division, ..) => Err(ConfinementError::NoPlatform),
            (HeldOver::Federation, ..) => Err(ConfinementError::Unconfined),
        }
    }
}

/// Whether somebody with these scopes can be confined to a division: only those who watch are.
///
/// # Errors
/// Why not.
pub fn check_scopes(scopes: &[Scope], division: Option<&str>) -> Result<(), ConfinementError> {
    check_division(division)?;
    match division {
        Some(_) if scopes.iter().any(|scope| matches!(scope, Scope::Submit | Scope::Handle)) => Err(ConfinementError::NeedsPlatform),
        Some(_) if scopes.contains(&Scope::Administer) => Err(ConfinementError::Unconfined),
        _ => Ok(()),
    }
}

fn check_division(division: Option<&str>) -> Result<(), ConfinementError> {
    match division {
        Some(code) if code == division::NATION || !division::is_known(code) => Err(ConfinementError::UnknownDivision),
        _ => Ok(()),
    }
}

/// What somebody may see of the federation: the affairs of one platform, what lies in one division, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    pub platform: Option<String>,
    /// GB/T 2260.
    pub division: Option<String>,
}

impl Reach {
    /// True if a division is the one that confines, or lies in it.
    pub fn covers(&self, division: &str) -> bool {
        self.division.as_deref().is_none_or(|own| division::contains(own, division))
    }
}

/// Asked about another division than one's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only what lies in the division {own} may be asked for")]
pub struct OutsideDivision {
    pub own: String,
}

/// The division to ask about, where `own` confines what may be seen: what was asked for if it lies inside, one's own if nothing or
/// something wider was.
///
/// # Errors
/// If what was asked for lies elsewhere.
pub fn within(own: Option<&str>, asked: Option<String>) -> Result<Option<String>, OutsideDivision> {
    let Some(own) = own else { return Ok(asked) };
    match asked {
        Some(asked) if division::contains(own, &asked) => Ok(Some(asked)),
        Some(asked) if !division::contains(&asked, own) => Err(OutsideDivision { own: own.to_owned() }),
        _ => Ok(Some(own.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_never_goes_beyond_ones_own() {
        for (own, asked, expected) in [
            (None, None, Some(None)),
            (None, Some("430100"), Some(Some("430100"))),
            (Some("430000"), None, Some(Some("430000"))),
            (Some("430000"), Some("000000"), Some(Some("430000"))),
            (Some("430000"), Some("430102"), Some(Some("430102"))),
            (Some("430100"), Some("430000"), Some(Some("430100"))),
            (Some("430000"), Some("440000"), None),
            (Some("430100"), Some("430200"), None),
            (Some("430102"), Some("430102001"), Some(Some("430102001"))),
        ] {
            let found = within(own, asked.map(str::to_owned));
            assert_eq!(found.ok(), expected.map(|found| found.map(str::to_owned)), "{own:?} {asked:?}");
        }
    }

    #[test]
    fn a_role_is_held_over_what_it_is_about() {
        for (role, platform, division, expected) in [
            (Role::Vendor, Some("hunan"), None, Ok(())),
            (Role::Vendor, None, None, Err(ConfinementError::NeedsPlatform)),
            (Role::Handler, Some("hunan"), Some("430000"), Err(ConfinementError::NeedsPlatform)),
            (Role::Monitor, None, None, Ok(())),
            (Role::Reviewer, None, Some("430000"), Ok(())),
            (Role::Auditor, Some("hunan"), None, Err(ConfinementError::NoPlatform)),
            (Role::Auditor, None, Some("999999"), Err(ConfinementError::UnknownDivision)),
            (Role::Monitor, None, Some("000000"), Err(ConfinementError::UnknownDivision)),
            (Role::Administrator, None, None, Ok(())),
            (Role::Administrator, None, Some("430000"), Err(ConfinementError::Unconfined)),
        ] {
            assert_eq!(role.check(platform, division), expected, "{role:?} {platform:?} {division:?}");
        }
    }
}
