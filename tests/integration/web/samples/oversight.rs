//! Supervisions, referral conflicts and coverage to draw.

use onecase::{
    app::view::{
        AdoptionView, CoverageCount, CoverageDivision, CoverageGap, CoverageLevel, CoverageView, GapView, Paged, ReferralConflictView,
        SupervisionView, TrendView, Trends, WarningSubject, WarningView,
    },
    domain::{
        division::Level,
        organization::GapReason,
        referral::{ConflictSource, ConflictState},
        supervision::{SupervisionKind, SupervisionState},
        warning::WarningState,
    },
};

use super::{ago, body, case};

fn adoption() -> AdoptionView {
    AdoptionView {
        adopted: true, note: "已约谈主要负责人，联系电话13812341234。".into(), actor: "值班员".into(), recorded_at: ago(60)
    }
}

pub fn supervisions() -> Paged<SupervisionView> {
    let item = |(kind, state): (SupervisionKind, SupervisionState)| SupervisionView {
        id: "01958a3c-7b1e-7000-8000-00000000c001".into(),
        case: case().id,
        rule: "accept-over".into(),
        title: "逾期未受理".into(),
        title_en: "acceptance overdue".into(),
        kind,
        state,
        organization: case().organization,
        platform: Some("hunan".into()),
        division: case().division,
        follows: (state == SupervisionState::Open).then(|| "01958a3c-7b1e-7000-8000-00000000c000".into()),
        raised_at: ago(4_000),
        due_at: ago(-3_000),
        ended_at: (state != SupervisionState::Open).then(|| ago(200)),
        answer: (state == SupervisionState::Answered).then(|| "已联系信访人，电话13812341234，正在核查。".into()),
        adoption: (kind == SupervisionKind::Accountability).then(adoption),
    };
    let states = SupervisionState::ALL.into_iter().cycle();
    Paged { items: SupervisionKind::ALL.into_iter().zip(states).map(item).collect(), next_cursor: Some("x".into()) }
}

pub fn conflict(state: ConflictState) -> ReferralConflictView {
    let decided = state == ConflictState::Decided;
    ReferralConflictView {
        id: "01958a3c-7b1e-7000-8000-00000000d001".into(),
        case: case().id,
        state,
        source: ConflictSource::Referral,
        platform: "hunan".into(),
        reference: "JZ-2026-0031".into(),
        holder: body("furong-housing", "芙蓉区住房和城乡建设局"),
        other: body("changsha-office", "长沙市信访局"),
        superior: Some(body("hunan-office", "湖南省信访局")),
        superior_platform: Some("hunan".into()),
        division: case().division,
        recorded_at: ago(5_000),
        keeper: decided.then(|| body("furong-housing", "芙蓉区住房和城乡建设局")),
        actor: decided.then(|| "01955000-0f10-7c5d-a6e4-1b2c3d4e5f60".into()),
        reason: decided.then(|| "该单位已受理在先".into()),
        decided_at: decided.then(|| ago(100)),
    }
}

pub fn conflicts() -> Paged<ReferralConflictView> {
    Paged { items: ConflictState::ALL.map(conflict).into(), next_cursor: None }
}

pub fn coverage() -> CoverageView {
    let count = |organizations: u64, connected: u64| CoverageCount {
        organizations,
        connected,
        share: Some(f64::from(u32::try_from(connected).unwrap()) / f64::from(u32::try_from(organizations).unwrap())),
    };
    let levels =
        |city, county| vec![CoverageLevel { level: Level::City, count: city }, CoverageLevel { level: Level::County, count: county }];
    let division =
        |code: &str, name: &str, levels| CoverageDivision { division: code.into(), name: name.into(), count: count(20, 11), levels };
    CoverageView {
        area: "430000".into(),
        total: count(1_340, 612),
        levels: levels(count(340, 212), count(1_000, 400)),
        divisions: vec![
            division("430100", "湖南省长沙市", levels(count(10, 9), count(10, 2))),
            division("430200", "湖南省株洲市", vec![CoverageLevel { level: Level::County, count: count(20, 11) }]),
        ],
        gaps: vec![CoverageGap {
            organization: body("furong-office", "芙蓉区信访局"),
            division: "430102".into(),
            level: Level::County,
            superior: Some(body("changsha-office", "长沙市信访局")),
            cases: 317,
        }],
    }
}

/// Of an area without a body.
pub fn no_coverage() -> CoverageView {
    let total = CoverageCount { organizations: 0, connected: 0, share: None };
    CoverageView { area: String::new(), total, levels: Vec::new(), divisions: Vec::new(), gaps: Vec::new() }
}

pub fn warnings() -> Paged<WarningView> {
    let item = |(state, matter): (WarningState, bool)| WarningView {
        id: "01958a3c-7b1e-7000-8000-00000000e001".into(),
        rule: "matter-rises".into(),
        title: "共性问题上升".into(),
        title_en: "a shared matter rises".into(),
        subject: if matter { WarningSubject::Matter } else { WarningSubject::Category },
        matter: matter.then(|| "GX7K2M9QX4TB3C".into()),
        matter_name: matter.then(|| "滨江路 夜间施工".into()),
        area: Some("430100".into()),
        category: Some("城乡建设".into()),
        case: case().id,
        cases: 24,
        before: 9,
        places: 3,
        state,
        raised_at: ago(4_000),
        counted_from: ago(20_000).date_naive(),
        counted_at: ago(3),
        closed_at: (state == WarningState::Closed).then(|| ago(10)),
        acknowledged_at: (state == WarningState::Acknowledged).then(|| ago(20)),
        acknowledged_by: (state == WarningState::Acknowledged).then(|| "01955000-0f10-7c5d-a6e4-1b2c3d4e5f60".into()),
        note: (state == WarningState::Acknowledged).then(|| "已请属地会商，联系人13812341234。".into()),
    };
    Paged { items: WarningState::ALL.into_iter().zip([true, false, true]).map(item).collect(), next_cursor: None }
}

pub fn trends() -> Trends {
    let day = |minutes| ago(minutes).date_naive();
    let trend = |category: &str, cases, before| TrendView { category: category.into(), cases, before };
    Trends {
        area: "430100".into(), from: day(20_000), until: day(0), items: vec![trend("城乡建设", 317, 204), trend("劳动社保", 40, 61)]
    }
}

pub fn no_trends() -> Trends {
    Trends { items: Vec::new(), ..trends() }
}

pub fn detours() -> Paged<GapView> {
    let gap = GapView {
        case: case().id,
        division: case().division,
        category: case().category,
        competent: Some(body("furong-office", "芙蓉区信访局")),
        responsible: Some(body("changsha-office", "长沙市信访局")),
        reason: Some(GapReason::NotConnected),
        recorded_at: ago(900),
    };
    Paged { items: vec![gap], next_cursor: None }
}
