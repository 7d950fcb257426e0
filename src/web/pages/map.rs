//! `/map`: the provinces as tiles, and where the cases of a division lie.

use askama::Template;
use serde::Serialize;

use crate::{
    app::view::{Cells, IndicatorFigures, Indicators, Rate},
    domain::division::{self, Level},
    web::{
        charts::{
            points::{self, Points},
            tiles::{self, CORPS, SHADES, TILES, Tile, shades},
        },
        page::{Page, address},
    },
};

/// What tiles are shaded by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    #[default]
    Cases,
    Submissions,
    TimelyAcceptance,
    OnTimeCompletion,
    Satisfaction,
    RatingParticipation,
    OnlineShare,
    DuplicateShare,
}

impl Shown {
    pub const ALL: [Self; 8] = [
        Self::Cases,
        Self::Submissions,
        Self::TimelyAcceptance,
        Self::OnTimeCompletion,
        Self::Satisfaction,
        Self::RatingParticipation,
        Self::OnlineShare,
        Self::DuplicateShare,
    ];

    /// The text that names it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Cases => "indicators.cases",
            Self::Submissions => "indicators.submissions",
            Self::TimelyAcceptance => "indicators.timely_acceptance",
            Self::OnTimeCompletion => "indicators.on_time_completion",
            Self::Satisfaction => "indicators.satisfaction",
            Self::RatingParticipation => "indicators.rating_participation",
            Self::OnlineShare => "indicators.online_share",
            Self::DuplicateShare => "indicators.duplicate_share",
        }
    }

    fn of(self, figures: &IndicatorFigures) -> Figure {
        match self {
            Self::Cases => Figure::Count(figures.cases),
            Self::Submissions => Figure::Count(figures.submissions),
            Self::TimelyAcceptance => Figure::Rate(figures.timely_acceptance),
            Self::OnTimeCompletion => Figure::Rate(figures.on_time_completion),
            Self::Satisfaction => Figure::Rate(figures.satisfaction),
            Self::RatingParticipation => Figure::Rate(figures.rating_participation),
            Self::OnlineShare => Figure::Rate(figures.online_share),
            Self::DuplicateShare => Figure::Rate(figures.duplicate_share),
        }
    }
}

enum Figure {
    Count(u64),
    Rate(Rate),
}

impl Figure {
    #[allow(clippy::cast_precision_loss, reason = "the shade of a tile")]
    fn value(&self) -> Option<f64> {
        match self {
            Self::Count(0) => None,
            Self::Count(count) => Some(*count as f64),
            Self::Rate(rate) => rate.value,
        }
    }

    fn text(&self, p: &Page) -> String {
        match self {
            Self::Count(count) => p.count(count),
            Self::Rate(rate) => p.share(&rate.numerator, &rate.denominator),
        }
    }
}

/// What stands on the page.
#[derive(Clone, Debug)]
pub struct MapData {
    /// Of the area by the divisions inside it.
    pub figures: Indicators,
    /// Of the cities of the Xinjiang corps; on the national map.
    pub corps: Option<IndicatorFigures>,
    /// Where cases lie; of a province or a part of one.
    pub cells: Option<Cells>,
    pub shown: Shown,
}

#[derive(Template)]
#[template(path = "map.html")]
struct View<'a> {
    p: &'a Page,
    data: &'a MapData,
    drawn: Option<Points>,
    all: &'static [Shown],
}

/// A tile as it is drawn.
struct Drawn {
    tile: Tile,
    name: String,
    text: String,
    shade: usize,
    address: String,
}

impl View<'_> {
    fn is_national(&self) -> bool {
        division::level(&self.data.figures.area) == Level::Nation
    }

    fn figures(&self, code: &str) -> IndicatorFigures {
        if code == CORPS {
            return self.data.corps.clone().unwrap_or_default();
        }
        self.data.figures.by.iter().find(|group| group.value == code).map(|group| group.figures.clone()).unwrap_or_default()
    }

    fn tiles(&self) -> Vec<Drawn> {
        let figures: Vec<Figure> = TILES.iter().map(|tile| self.data.shown.of(&self.figures(tile.code))).collect();
        let shades = shades(&figures.iter().map(Figure::value).collect::<Vec<_>>());
        let drawn = |((tile, figure), shade): ((&Tile, &Figure), usize)| Drawn {
            tile: *tile,
            name: self.short_name(tile.code),
            text: figure.text(self.p),
            shade,
            address: self.inside(tile.code),
        };
        TILES.iter().zip(&figures).zip(shades).map(drawn).collect()
    }

    /// Two or three characters that everybody knows a province by.
    fn short_name(&self, code: &str) -> String {
        if code == CORPS {
            return self.p.t("map.corps").to_owned();
        }
        let name = division::name(code).unwrap_or(code);
        let length = if name.starts_with("内蒙古") || name.starts_with("黑龙江") { 3 } else { 2 };
        name.chars().take(length).collect()
    }

    fn name(&self, code: &str) -> String {
        if code == CORPS { self.p.t("map.corps_name").to_owned() } else { self.p.division(code) }
    }

    /// The divisions inside the area, with what is shown of them.
    fn rows(&self) -> Vec<(String, String, String, String)> {
        let row = |code: &str, figures: &IndicatorFigures| {
            (self.name(code), self.inside(code), self.data.shown.of(figures).text(self.p), self.cases(code))
        };
        let mut rows: Vec<_> = self.data.figures.by.iter().map(|group| row(&group.value, &group.figures)).collect();
        rows.extend(self.data.corps.as_ref().map(|figures| row(CORPS, figures)));
        rows
    }

    /// The same map of a division inside.
    fn inside(&self, code: &str) -> String {
        let shown = self.p.wire(&self.data.shown);
        let (from, until) = (self.data.figures.from.to_string(), self.data.figures.until.to_string());
        address("/map", &[("area", code), ("show", &shown), ("from", &from), ("until", &until)])
    }

    /// The map of the area around this one.
    fn outside(&self) -> Option<String> {
        division::parent(&self.data.figures.area).map(|code| self.inside(&code))
    }

    fn cases(&self, code: &str) -> String {
        let (from, until) = (self.data.figures.from.to_string(), self.data.figures.until.to_string());
        address("/cases", &[("counted", "cases"), ("from", &from), ("until", &until), ("division", code)])
    }

    fn side(&self) -> u32 {
        tiles::SIDE
    }

    fn half(&self) -> u32 {
        tiles::SIDE / 2
    }

    fn box_of_tiles(&self) -> String {
        format!("-2 -2 {} {}", tiles::COLUMNS * 56, tiles::ROWS * 56)
    }

    fn shades(&self) -> std::ops::RangeInclusive<usize> {
        1..=SHADES
    }

    fn width(&self) -> f64 {
        points::WIDTH
    }
}

pub fn show(p: &Page, data: &MapData) -> askama::Result<String> {
    let drawn = data.cells.as_ref().and_then(Points::new);
    View { p, data, drawn, all: &Shown::ALL }.render()
}
