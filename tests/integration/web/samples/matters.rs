//! Three matters: one that grows, one that ends, one not summarised yet.

use onecase::{
    app::view::{MatterFlow, MatterView, Paged},
    domain::matter::Trend,
};

use super::ago;

pub fn matters() -> Paged<MatterView> {
    let flow = |weeks: [u32; 12], trend, (before, recent)| MatterFlow {
        submissions: 140,
        platforms: 3,
        first_filed_at: ago(40_000),
        last_filed_at: ago(90),
        weeks: weeks.to_vec(),
        weeks_until: ago(0),
        trend,
        recent,
        before,
        ratio: Some(recent as f64 / before as f64),
    };
    let matter = |end: &str, cases, division: &str, category: Option<&str>| MatterView {
        id: format!("GX7K2M9QX4{end}"),
        name: category.map(|_| "金桂苑 · 水泥搅拌站 <b>".to_owned()),
        cases,
        flow: match cases {
            118 => Some(flow([0, 0, 1, 2, 2, 4, 3, 5, 9, 14, 22, 31], Trend::Rising, (14, 76))),
            41 => Some(flow([0, 0, 0, 0, 9, 9, 8, 2, 1, 0, 0, 0], Trend::Falling, (28, 1))),
            _ => None,
        },
        division: Some(division.into()),
        category: category.map(Into::into),
        created_at: ago(40_000),
        updated_at: ago(90),
    };
    Paged {
        items: vec![
            matter("a1f3", 118, "430100", Some("城乡建设/房屋交付/延期交房")),
            matter("a1f2", 41, "430102", Some("城乡建设/施工管理/夜间施工")),
            matter("a1f4", 2, "430181", None),
        ],
        next_cursor: None,
    }
}
