//! Each page is drawn in both languages, well formed, without a word that is not in the table and without an uncovered number.

use std::path::Path;

use onecase::{
    app::view::{
        CaseDeadlineView, CaseView, CoverageView, DeliveryView, DuplicateView, MatterView, ReferralConflictView, ReviewQueue,
        SupervisionView, WarningView,
    },
    domain::{deadline::DeadlineState, indicator::Dimension, referral::ConflictState},
    web::{
        assets,
        page::{Page, Section},
        pages::{
            cases, conflicts, coverage, deadlines, deliveries, duplicates,
            failure::{self, Failure},
            indicators, map, matters,
            overview::{self, Glance},
            platforms, reports,
            reviews::{self, Refusal, RefusalCause},
            rulings, supervisions, warnings,
        },
        texts::Lang,
    },
};

use super::samples;

fn page(lang: Lang, section: Section, path: &str, query: &[(&str, &str)]) -> Page {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Page::new(lang, Some(section), samples::now(), path, query)
}

/// The maps and the yearly report.
fn maps_and_reports(lang: Lang) -> Vec<(&'static str, askama::Result<String>)> {
    let names = samples::names();
    let frame = |section, path| page(lang, section, path, &[]);
    vec![
        ("map", map::show(&frame(Section::Map, "/map"), &samples::indicators::map())),
        ("map-province", map::show(&frame(Section::Map, "/map"), &samples::indicators::province())),
        ("map-empty", map::show(&frame(Section::Map, "/map"), &samples::indicators::empty_province())),
        ("report", {
            let (report, bodies) = samples::indicators::report();
            reports::show(&frame(Section::Reports, "/reports/2026"), &report, &names, &bodies)
        }),
    ]
}

/// Every page there is, with data and without.
fn all(lang: Lang) -> Vec<(&'static str, String)> {
    let names = samples::names();
    let frame = |section, path| page(lang, section, path, &[]);
    let mut drawn = vec![
        ("overview", overview::render(&frame(Section::Overview, "/"), &samples::overview())),
        ("overview-empty", overview::render(&frame(Section::Overview, "/"), &Glance::default())),
        ("platforms", platforms::list(&frame(Section::Platforms, "/platforms"), &samples::platforms())),
        ("platforms-empty", platforms::list(&frame(Section::Platforms, "/platforms"), &[])),
        ("platform", platforms::detail(&frame(Section::Platforms, "/platforms/letters"), &samples::platform_detail())),
        ("cases", {
            let list = onecase::app::view::Paged { items: samples::cases(), next_cursor: Some("x".into()) };
            cases::list(&page(lang, Section::Cases, "/cases", &[("status", "answered")]), &list, &names)
        }),
        ("cases-empty", {
            let filtered = page(lang, Section::Cases, "/cases", &[("division", "430100")]);
            cases::list(&filtered, &samples::nothing::<CaseView>(), &names)
        }),
        ("case", cases::detail(&frame(Section::Cases, "/cases/LJ7K2M9QX4TB3C"), &samples::case_detail())),
        (
            "deadlines",
            deadlines::list(&frame(Section::Deadlines, "/deadlines"), &samples::deadlines::list(), DeadlineState::Overdue, &names),
        ),
        (
            "deadlines-empty",
            deadlines::list(
                &frame(Section::Deadlines, "/deadlines"),
                &samples::nothing::<CaseDeadlineView>(),
                DeadlineState::Running,
                &names,
            ),
        ),
        (
            "duplicates",
            duplicates::list(&frame(Section::Duplicates, "/duplicates"), &samples::duplicates(), &samples::duplicate_counts(), &names),
        ),
        (
            "duplicates-empty",
            duplicates::list(&frame(Section::Duplicates, "/duplicates"), &samples::nothing::<DuplicateView>(), &Default::default(), &names),
        ),
        (
            "duplicate",
            duplicates::detail(&frame(Section::Duplicates, "/duplicates/x"), &samples::duplicate(), &samples::duplicates().items, &names),
        ),
        ("reviews", reviews::queue(&frame(Section::Reviews, "/reviews"), &samples::reviews(), &names)),
        ("reviews-empty", reviews::queue(&frame(Section::Reviews, "/reviews"), &ReviewQueue { items: Vec::new(), open: 0 }, &names)),
        ("review", reviews::detail(&frame(Section::Reviews, "/reviews/x"), &samples::review(), &names, None)),
        ("review-refused", {
            let refused = Refusal { cause: RefusalCause::Changed, reason: "同一小区同一工地".into() };
            reviews::detail(&frame(Section::Reviews, "/reviews/x"), &samples::review(), &names, Some(&refused))
        }),
        ("ruling", rulings::detail(&frame(Section::Reviews, "/cases/x/rulings/y"), &samples::ruling_detail())),
        ("matters", matters::list(&frame(Section::Matters, "/matters"), &samples::matters())),
        ("matters-empty", matters::list(&frame(Section::Matters, "/matters"), &samples::nothing::<MatterView>())),
        ("indicators", {
            let (figures, bodies) = samples::indicators::figures();
            indicators::show(&frame(Section::Indicators, "/indicators"), &figures, Some(Dimension::Division), &names, &bodies)
        }),
        ("indicators-empty", {
            let (nothing, bodies) = samples::indicators::nothing();
            indicators::show(&frame(Section::Indicators, "/indicators"), &nothing, Some(Dimension::Organization), &names, &bodies)
        }),
        ("deliveries", deliveries::list(&frame(Section::Deliveries, "/deliveries"), &samples::delivery_list(), &names)),
        ("deliveries-empty", deliveries::list(&frame(Section::Deliveries, "/deliveries"), &samples::nothing::<DeliveryView>(), &names)),
        ("failure", failure::render(&frame(Section::Cases, "/cases/x"), &Failure::NotFound)),
    ];
    drawn.extend(maps_and_reports(lang));
    drawn.into_iter().chain(oversight(lang)).map(|(name, html)| (name, html.unwrap())).collect()
}

/// Those of supervision, double referrals, early warnings and coverage.
fn oversight(lang: Lang) -> Vec<(&'static str, askama::Result<String>)> {
    let names = samples::names();
    let frame = |section, path| page(lang, section, path, &[]);
    vec![
        ("supervisions", supervisions::list(&frame(Section::Supervisions, "/supervisions"), &samples::oversight::supervisions(), &names)),
        ("supervision", {
            let open = &samples::oversight::supervisions().items[0];
            supervisions::detail(&frame(Section::Supervisions, "/supervisions/x"), open, &names, None)
        }),
        ("supervision-proposal", {
            let list = samples::oversight::supervisions().items;
            let proposal = list.iter().find(|item| item.adoption.is_some()).unwrap();
            let refused = Refusal { cause: RefusalCause::Choice, reason: "已约谈".into() };
            supervisions::detail(&frame(Section::Supervisions, "/supervisions/x"), proposal, &names, Some(&refused))
        }),
        (
            "supervisions-empty",
            supervisions::list(&frame(Section::Supervisions, "/supervisions"), &samples::nothing::<SupervisionView>(), &names),
        ),
        ("conflicts", conflicts::list(&frame(Section::Conflicts, "/referral-conflicts"), &samples::oversight::conflicts(), &names)),
        (
            "conflicts-empty",
            conflicts::list(&frame(Section::Conflicts, "/referral-conflicts"), &samples::nothing::<ReferralConflictView>(), &names),
        ),
        ("conflict", {
            let refused = Refusal { cause: RefusalCause::Changed, reason: "先受理者办理".into() };
            let open = samples::oversight::conflict(ConflictState::Open);
            conflicts::detail(&frame(Section::Conflicts, "/referral-conflicts/x"), &open, &names, Some(&refused))
        }),
        ("conflict-decided", {
            let decided = samples::oversight::conflict(ConflictState::Decided);
            conflicts::detail(&frame(Section::Conflicts, "/referral-conflicts/x"), &decided, &names, None)
        }),
        ("warnings", {
            let frame = frame(Section::Warnings, "/warnings");
            warnings::list(&frame, &samples::oversight::warnings(), &samples::oversight::trends())
        }),
        ("warnings-empty", {
            let frame = frame(Section::Warnings, "/warnings");
            warnings::list(&frame, &samples::nothing::<WarningView>(), &samples::oversight::no_trends())
        }),
        ("warning", {
            let refused = Refusal { cause: RefusalCause::Key, reason: "会商".into() };
            warnings::detail(&frame(Section::Warnings, "/warnings/x"), &samples::oversight::warnings().items[1], Some(&refused))
        }),
        ("coverage", coverage::show(&frame(Section::Coverage, "/coverage"), &samples::oversight::coverage())),
        ("coverage-empty", {
            let nothing = CoverageView { area: "110000".into(), ..samples::oversight::no_coverage() };
            coverage::show(&page(lang, Section::Coverage, "/coverage", &[("area", "110000")]), &nothing)
        }),
        ("detours", {
            let office = samples::oversight::coverage().gaps.remove(0).organization;
            coverage::detours(&frame(Section::Coverage, "/coverage/furong-office"), &office, &samples::oversight::detours())
        }),
    ]
}

/// Elements open and close in order; attributes are quoted.
fn check_nesting(name: &str, html: &str) {
    const VOID: [&str; 7] = ["meta", "link", "input", "img", "br", "hr", "!doctype"];
    const SHAPES: [&str; 3] = ["path", "rect", "line"];
    let mut open: Vec<&str> = Vec::new();
    for tag in html.split('<').skip(1) {
        let (inside, _) = tag.split_once('>').unwrap_or_else(|| panic!("{name}: <{tag} is not closed"));
        let element = inside.split_whitespace().next().unwrap_or("").trim_end_matches('/');
        if let Some(element) = element.strip_prefix('/') {
            assert_eq!(open.pop(), Some(element), "{name}: </{element}> closes another element");
        } else if !(VOID.contains(&element) || SHAPES.contains(&element) && inside.ends_with('/')) {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{name}: {open:?} stay open");
}

/// The one script that pages refer to.
fn own_script() -> String {
    format!("<script src=\"{}\" defer></script>", assets::LIVE.address())
}

#[test]
fn pages_are_well_formed_and_hold_one_script_and_no_style_of_their_own() {
    for lang in [Lang::Zh, Lang::En] {
        for (name, html) in all(lang) {
            check_nesting(name, &html);
            let html = html.replacen(&own_script(), "", 1);
            for forbidden in ["<script", "style=\"", " onclick", "javascript:"] {
                assert!(!html.contains(forbidden), "{name} contains {forbidden}");
            }
            assert_eq!(html.matches("<h1").count(), 1, "{name} has one main heading");
            assert!(html.contains(assets::STYLE.address()), "{name} refers to the style sheet of this build");
        }
    }
}

#[test]
fn names_and_numbers_are_covered() {
    for (name, html) in all(Lang::Zh) {
        for secret in ["13812341234", "王小明", "84512345"] {
            assert!(!html.contains(secret), "{name} shows {secret}");
        }
    }
    let html = duplicates::detail(&page(Lang::Zh, Section::Duplicates, "/", &[]), &samples::duplicate(), &[], &samples::names()).unwrap();
    assert!(html.contains("138****1234") && html.contains("王**"));
}

#[test]
fn markup_in_data_stays_text() {
    let mut duplicate = samples::duplicate();
    duplicate.submission.text.as_mut().unwrap().content = "<script>alert(1)</script>".into();
    duplicate.submission.source_id = "\"><b>".into();
    let html = duplicates::detail(&page(Lang::Zh, Section::Duplicates, "/", &[]), &duplicate, &[], &samples::names()).unwrap();
    let html = html.replacen(&own_script(), "", 1);
    assert!(!html.contains("<script") && !html.contains("<b>"));
}

/// The evidence page whole: what auditors rely on.
#[test]
fn the_evidence_is_shown_bit_by_bit() {
    let html = duplicates::detail(&page(Lang::Zh, Section::Duplicates, "/", &[]), &samples::duplicate(), &[], &samples::names()).unwrap();
    let start = html.find("<tbody>").unwrap();
    let end = html.find("</tbody>").unwrap();
    insta::assert_snapshot!(&html[start..end]);
}

/// Leaves the pages where a browser can open them: `target/tmp/pages/LANGUAGE/NAME.html`.
#[test]
fn pages_are_left_for_a_look() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    for asset in [&assets::STYLE, &assets::ICON] {
        let place = directory.join(asset.address().trim_start_matches('/'));
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, asset.body).unwrap();
    }
    for lang in [Lang::Zh, Lang::En] {
        let place = directory.join(lang.tag());
        std::fs::create_dir_all(&place).unwrap();
        for (name, html) in all(lang) {
            std::fs::write(place.join(format!("{name}.html")), html).unwrap();
        }
    }
}
