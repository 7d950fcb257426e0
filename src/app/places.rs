//! Cases by where they are: for maps, and for others' geographic systems.

use std::collections::BTreeMap;

use super::{
    AppError, Gateway,
    query::{Page, PlaceFilter},
    view::{CellCount, Cells, Paged, PlacedCase},
};
use crate::{
    domain::{
        division::{self, prefix},
        message::OrganizationReference,
        spot::Spot,
    },
    store::{
        cases::{self, Case},
        places,
    },
};

/// Most cases on one page of a map's list.
pub const MAX_PLACES: u32 = 1_000;
/// More cases than this are not counted.
const MAX_COUNTED: i64 = 10_000;
/// Cells read of a division, those with most cases.
const MAX_CELLS: i64 = 20_000;
/// Cells drawn along the longer side of a map.
const ACROSS: i32 = 64;

impl Gateway {
    /// Width of the cells that places are told in, degrees.
    pub fn map_grid(&self) -> f64 {
        f64::from(self.0.map.grid) / 1_000.0
    }

    /// Cases with their places, from south to north, each row from west to east.
    pub async fn placed_cases(&self, filter: PlaceFilter, page: Page) -> Result<Paged<PlacedCase>, AppError> {
        let limit = page.limit.clamp(1, MAX_PLACES);
        let (position, _) = super::queries::store_page(&page)?;
        let Some(filter) = self.narrowed(filter) else { return Ok(Paged { items: Vec::new(), next_cursor: None }) };
        self.read(move |gateway, c| {
            let found = places::list(c, &filter, position.after, i64::from(limit) + 1)?;
            let (found, next_cursor) = super::queries::cut(found, limit as usize, places::position);
            Ok(Paged { items: found.into_iter().filter_map(|case| gateway.placed(case)).collect(), next_cursor })
        })
        .await
    }

    /// How many cases there are with such places; `None`: more than are counted.
    pub async fn count_placed(&self, filter: PlaceFilter) -> Result<Option<u64>, AppError> {
        let Some(filter) = self.narrowed(filter) else { return Ok(Some(0)) };
        self.read(move |_, c| places::count(c, &filter, MAX_COUNTED)).await
    }

    /// One case with its place; `None` if there is none such, it has none, or it was made part of another.
    pub async fn placed_case(&self, id: &str) -> Result<Option<PlacedCase>, AppError> {
        let id = id.to_owned();
        self.read(move |gateway, c| {
            Ok(cases::find(c, &id)?.filter(|case| case.merged_into.is_none()).and_then(|case| gateway.placed(case)))
        })
        .await
    }

    /// The filter as the store takes it; `None` if a body is named that answers for nothing.
    fn narrowed(&self, filter: PlaceFilter) -> Option<places::PlaceFilter> {
        let digits = |code: &str| Some(prefix(code).to_owned()).filter(|prefix| !prefix.is_empty());
        let mut narrowed = places::PlaceFilter {
            latitudes: filter.bounds.map(|bounds| bounds.latitudes(self.0.map.grid)),
            longitudes: filter.bounds.map(|bounds| bounds.longitudes(self.0.map.grid)),
            registered_from: filter.registered_from,
            registered_until: filter.registered_until,
            status: filter.status,
            kind: filter.kind,
            category: filter.category,
            organization: filter.resolving_body,
            division_prefix: filter.division.as_deref().and_then(digits),
            without: Vec::new(),
        };
        if let Some(body) = filter.territorial_body {
            let directory = self.federation().directory();
            let office = directory.get(&body).filter(|office| directory.territorial(&office.division).map(|own| &own.id) == Some(&body))?;
            let own = digits(&office.division);
            narrowed.without = directory.exempt(office).into_iter().filter_map(digits).collect();
            narrowed.division_prefix = match (narrowed.division_prefix.take(), own) {
                (Some(asked), Some(own)) if asked.starts_with(&own) => Some(asked),
                (Some(asked), Some(own)) if !own.starts_with(&asked) => return None,
                (Some(asked), None) => Some(asked),
                (_, own) => own,
            };
        }
        Some(narrowed)
    }

    fn placed(&self, case: Case) -> Option<PlacedCase> {
        let (longitude, latitude) = case.spot?.coarse(self.0.map.grid).middle(self.0.map.grid);
        let directory = self.federation().directory();
        let territorial = directory.territorial(case.division.as_deref().unwrap_or(division::NATION));
        Some(PlacedCase {
            longitude,
            latitude,
            resolving_body: case.organization.as_deref().map(|id| self.federation().organization_reference(id)),
            territorial_body: territorial.map(|office| OrganizationReference { id: office.id.clone(), name: office.name.clone() }),
            submissions: u64::try_from(case.submission_count).unwrap_or_default(),
            id: case.id,
            status: case.status,
            kind: case.kind,
            division: case.division,
            category: case.category,
            registered_at: case.created_at,
            updated_at: case.updated_at,
        })
    }

    /// How many cases lie where in a division, in cells wide enough that at most some thousands are drawn.
    pub async fn cells(&self, area: &str) -> Result<Cells, AppError> {
        let (province, digits) = (division::province(area), prefix(area).to_owned());
        let grid = self.0.map.grid;
        let found = self.read(move |_, c| places::cells(c, &province, &digits, MAX_CELLS)).await?;
        let span = |along: fn(&Spot) -> i32| {
            let values = found.iter().map(|(spot, _)| along(spot));
            values.clone().max().zip(values.min()).map_or(0, |(most, least)| most - least)
        };
        let longest = span(|spot| spot.latitude).max(span(|spot| spot.longitude));
        let width = (longest / ACROSS / grid + 1) * grid;
        let mut gathered: BTreeMap<Spot, u64> = BTreeMap::new();
        for (spot, count) in &found {
            *gathered.entry(spot.coarse(width)).or_default() += u64::try_from(*count).unwrap_or_default();
        }
        let cell = |(spot, cases): (Spot, u64)| {
            let (longitude, latitude) = spot.middle(width);
            CellCount { longitude, latitude, cases }
        };
        Ok(Cells { width: f64::from(width) / 1_000.0, cells: gathered.into_iter().map(cell).collect() })
    }
}
