//! The directory of bodies (机构) and the choice of the competent one.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::division;

/// A petition office or functional department.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,62}$")]
    pub id: String,
    pub name: String,
    /// GB/T 2260 code of the territory it answers for.
    pub division: String,
    /// The body above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The platform it works on; a body without one is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Category paths it is competent for, by prefix (`城乡建设` covers `城乡建设/安全生产`). Empty: a petition office, competent for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
}

/// What routing looks at.
#[derive(Clone, Copy, Debug)]
pub struct RoutingRequest<'a> {
    pub division: &'a str,
    pub category: Option<&'a str>,
    /// Name of the accused body, on an accusation.
    pub accused: Option<&'a str>,
}

/// Where a case goes and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The body whose hands the case is put in; always connected.
    pub responsible: String,
    /// The competent body, where it is not the responsible one.
    pub gap: Option<RoutingGap>,
}

/// Why a case made a detour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingGap {
    pub competent: String,
    pub reason: GapReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The competent body has no connected platform.
    NotConnected,
    /// The competent body is the accused (信访工作条例, articles 30 and 46(5)).
    Accused,
}

impl GapReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::Accused => "accused",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("organization {0} is declared twice")]
    Twice(String),
    #[error("organization {id} names the parent {parent}, which is not in the directory")]
    UnknownParent { id: String, parent: String },
    #[error("organization {id} has the division {division}, which GB/T 2260 does not list")]
    UnknownDivision { id: String, division: String },
    #[error("the superiors of organization {0} form a circle")]
    Circle(String),
}

/// No connected body, up to the top, may take the case.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no connected body is competent for division {division}")]
pub struct NoRoute {
    pub division: String,
}

/// Every body, by id and by division; checked once when made.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    organizations: HashMap<String, Organization>,
    by_division: HashMap<String, Vec<String>>,
}

impl Directory {
    pub fn new(list: Vec<Organization>) -> Result<Self, DirectoryError> {
        let mut directory = Self::default();
        for organization in list {
            if !division::is_known(&organization.division) {
                return Err(DirectoryError::UnknownDivision { id: organization.id, division: organization.division });
            }
            directory.by_division.entry(organization.division.clone()).or_default().push(organization.id.clone());
            if let Some(twice) = directory.organizations.insert(organization.id.clone(), organization) {
                return Err(DirectoryError::Twice(twice.id));
            }
        }
        for organization in directory.organizations.values() {
            directory.check_superiors(organization)?;
        }
        Ok(directory)
    }

    fn check_superiors(&self, organization: &Organization) -> Result<(), DirectoryError> {
        let mut seen = HashSet::from([organization.id.as_str()]);
        let mut at = organization;
        while let Some(parent) = &at.parent {
            if !seen.insert(parent) {
                return Err(DirectoryError::Circle(organization.id.clone()));
            }
            at = self
                .organizations
                .get(parent)
                .ok_or_else(|| DirectoryError::UnknownParent { id: at.id.clone(), parent: parent.clone() })?;
        }
        Ok(())
    }

    pub fn get(&self, id: &str) -> Option<&Organization> {
        self.organizations.get(id)
    }

    pub fn len(&self) -> usize {
        self.organizations.len()
    }

    pub fn is_empty(&self) -> bool {
        self.organizations.is_empty()
    }

    /// All bodies, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Organization> {
        let mut all: Vec<_> = self.organizations.values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all.into_iter()
    }

    /// Puts a case in the hands of the competent body, or of its nearest connected superior.
    ///
    /// Where the accused body is the competent one or stands above it, the case goes above the accused.
    pub fn route(&self, request: RoutingRequest<'_>) -> Result<Route, NoRoute> {
        let no_route = || NoRoute { division: request.division.to_owned() };
        let competent = self.competent(request).ok_or_else(no_route)?;
        let chain: Vec<&Organization> = std::iter::successors(Some(competent), |o| self.superior(o)).collect();
        let accused = chain.iter().rposition(|o| is_accused(o, request.accused));
        let eligible = accused.map_or(0, |position| position + 1);
        let (position, responsible) = chain.iter().enumerate().skip(eligible).find(|(_, o)| o.platform.is_some()).ok_or_else(no_route)?;
        let reason = if accused.is_some() { GapReason::Accused } else { GapReason::NotConnected };
        let gap = (position > 0).then(|| RoutingGap { competent: competent.id.clone(), reason });
        Ok(Route { responsible: responsible.id.clone(), gap })
    }

    /// The body with the longest matching category in the nearest enclosing division; petition offices match with length 0.
    fn competent(&self, request: RoutingRequest<'_>) -> Option<&Organization> {
        let mut at = Some(request.division.to_owned());
        while let Some(code) = at {
            let best = self
                .by_division
                .get(&code)
                .into_iter()
                .flatten()
                .filter_map(|id| self.organizations.get(id))
                .filter_map(|o| Some((category_fit(o, request.category)?, o)))
                .max_by(|(a, x), (b, y)| a.cmp(b).then_with(|| y.id.cmp(&x.id)));
            if let Some((_, organization)) = best {
                return Some(organization);
            }
            at = division::parent(&code);
        }
        None
    }

    /// The petition office of the nearest enclosing division that has one (属地责任).
    pub fn territorial(&self, division: &str) -> Option<&Organization> {
        let is_office = |organization: &&Organization| organization.categories.is_empty();
        let above = std::iter::successors(Some(division.to_owned()), |code| division::parent(code));
        above.into_iter().find_map(|code| {
            let offices = self.by_division.get(&code).into_iter().flatten().filter_map(|id| self.organizations.get(id));
            offices.filter(is_office).min_by(|a, b| a.id.cmp(&b.id))
        })
    }

    /// The divisions inside that of an office for which others answer; those inside them are left out.
    pub fn exempt(&self, office: &Organization) -> Vec<&str> {
        let inside = |code: &str| code != office.division && division::contains(&office.division, code);
        let has_office = |code: &str| self.territorial(code).is_some_and(|other| other.division == code);
        let mut found: Vec<&str> = self.by_division.keys().map(String::as_str).filter(|code| inside(code) && has_office(code)).collect();
        found.sort_by_key(|code| (division::prefix(code).len(), *code));
        let mut outermost: Vec<&str> = Vec::new();
        for code in found {
            if !outermost.iter().any(|outer| division::contains(outer, code)) {
                outermost.push(code);
            }
        }
        outermost
    }

    fn superior(&self, organization: &Organization) -> Option<&Organization> {
        self.organizations.get(organization.parent.as_deref()?)
    }
}

/// Length of the longest category prefix that fits, `None` if the body is not competent.
fn category_fit(organization: &Organization, category: Option<&str>) -> Option<usize> {
    if organization.categories.is_empty() {
        return Some(0);
    }
    let category = category?;
    organization
        .categories
        .iter()
        .filter(|own| category == own.as_str() || category.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('/')))
        .map(String::len)
        .max()
}

fn is_accused(organization: &Organization, accused: Option<&str>) -> bool {
    accused.is_some_and(|name| {
        let name = name.trim();
        !name.is_empty() && (organization.name == name || organization.name.ends_with(name) || name.ends_with(&organization.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(
        id: &str,
        name: &str,
        division: &str,
        parent: Option<&str>,
        platform: Option<&str>,
        categories: &[&str],
    ) -> Organization {
        Organization {
            id: id.into(),
            name: name.into(),
            division: division.into(),
            parent: parent.map(Into::into),
            platform: platform.map(Into::into),
            categories: categories.iter().map(|c| (*c).to_owned()).collect(),
        }
    }

    fn directory() -> Directory {
        Directory::new(vec![
            organization("nation", "国家信访局", "000000", None, Some("national"), &[]),
            organization("hunan", "湖南省信访局", "430000", Some("nation"), Some("hunan"), &[]),
            organization("changsha", "长沙市信访局", "430100", Some("hunan"), None, &[]),
            organization("changsha-housing", "长沙市住房和城乡建设局", "430100", Some("changsha"), Some("hunan"), &["城乡建设"]),
            organization("furong", "芙蓉区信访局", "430102", Some("changsha"), None, &[]),
        ])
        .expect("a sound directory")
    }

    fn check(division: &str, category: Option<&str>, accused: Option<&str>, responsible: &str, gap: Option<(&str, GapReason)>) {
        let route = directory().route(RoutingRequest { division, category, accused }).expect("a route");
        assert_eq!(route.responsible, responsible);
        assert_eq!(route.gap.map(|g| (g.competent, g.reason)), gap.map(|(c, r)| (c.to_owned(), r)));
    }

    #[test]
    fn a_case_goes_to_the_competent_body_or_its_nearest_connected_superior() {
        check("430100", Some("城乡建设/安全生产"), None, "changsha-housing", None);
        check("430100", Some("城乡建设规划"), None, "hunan", Some(("changsha", GapReason::NotConnected)));
        check("430102", None, None, "hunan", Some(("furong", GapReason::NotConnected)));
        check("430102001", None, None, "hunan", Some(("furong", GapReason::NotConnected)));
        check("110105", None, None, "nation", None);
    }

    #[test]
    fn an_accusation_never_reaches_the_accused() {
        check("430100", Some("城乡建设"), Some("长沙市住房和城乡建设局"), "hunan", Some(("changsha-housing", GapReason::Accused)));
        check("430000", None, Some("湖南省信访局"), "nation", Some(("hunan", GapReason::Accused)));
        check("430100", None, Some("湖南省信访局"), "nation", Some(("changsha", GapReason::Accused)));
        let nowhere = directory().route(RoutingRequest { division: "110105", category: None, accused: Some("国家信访局") });
        assert_eq!(nowhere, Err(NoRoute { division: "110105".into() }));
    }

    #[test]
    fn an_unsound_directory_is_refused() {
        let circle = vec![organization("a", "甲", "430000", Some("b"), None, &[]), organization("b", "乙", "430000", Some("a"), None, &[])];
        assert!(matches!(Directory::new(circle), Err(DirectoryError::Circle(_))));
        let orphan = vec![organization("a", "甲", "430000", Some("z"), None, &[])];
        assert!(matches!(Directory::new(orphan), Err(DirectoryError::UnknownParent { .. })));
    }
}
