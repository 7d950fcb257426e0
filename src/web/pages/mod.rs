//! One file a page: what it shows, and the template that shows it.

pub mod alerts;
pub mod cases;
pub mod conflicts;
pub mod coverage;
pub mod deadlines;
pub mod deliveries;
pub mod duplicates;
pub mod endpoints;
pub mod failure;
pub mod indicators;
pub mod looks;
pub mod map;
pub mod matters;
pub mod overview;
pub mod platforms;
pub mod public;
pub mod reports;
pub mod reviews;
pub mod rulings;
pub mod supervisions;
pub mod warnings;

use std::collections::BTreeMap;

use crate::app::Federation;

/// Names of the platforms by id.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    pub fn new(platforms: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(platforms.into_iter().collect())
    }

    /// Those of a federation.
    pub fn of_federation(federation: &Federation) -> Self {
        Self::new(federation.platforms().map(|declared| (declared.platform.id.clone(), declared.platform.name.clone())))
    }

    /// The platform's name, or its id where it is no longer declared.
    pub fn of<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }

    /// Ids and names, for a choice.
    pub fn choices(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(id, name)| (id.clone(), name.clone()))
    }
}
