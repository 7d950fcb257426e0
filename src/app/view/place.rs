//! Cases on a map, without anything personal.

use chrono::{DateTime, Utc};

use crate::domain::{case::CaseStatus, message::OrganizationReference, submission::Kind};

/// A case where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedCase {
    /// The case code.
    pub id: String,
    /// The middle of the cell it lies in, degrees (WGS 84).
    pub longitude: f64,
    pub latitude: f64,
    pub status: CaseStatus,
    pub kind: Kind,
    pub division: Option<String>,
    pub category: Option<String>,
    /// The body that must resolve it (化解责任).
    pub resolving_body: Option<OrganizationReference>,
    /// The petition office of the place (属地责任).
    pub territorial_body: Option<OrganizationReference>,
    pub submissions: u64,
    pub registered_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// How many cases lie in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellCount {
    /// Its middle, degrees (WGS 84).
    pub longitude: f64,
    pub latitude: f64,
    pub cases: u64,
}

/// The cells of a division.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells {
    /// Width of a cell, degrees.
    pub width: f64,
    pub cells: Vec<CellCount>,
}
