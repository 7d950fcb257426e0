//! What people write in many forms, and what that makes of two filings.

use super::tests::{Log, NOISE, NOISE_AGAIN, WAGES, petitioner, printer, record};
use super::{Decision, Evidence, Fingerprinter, Linker, Model, Person, Record, Role, Verdict};

/// The level one comparison reached between two persons of otherwise equal filings.
fn level(name: &str, a: Person<'_>, b: Person<'_>) -> Option<String> {
    let print = |person| printer().fingerprint(&record("a", vec![person], NOISE, 0));
    let evidence = Linker::new(Model::default()).explain(&print(a), &print(b));
    evidence.comparisons.into_iter().find(|c| c.name == name).map(|c| c.level)
}

#[test]
fn names_with_titles_and_masks_agree_in_their_surname() {
    let person = |name| Person { name: Some(name), phone: Some("13800000001"), ..Person::default() };
    for (a, b, want) in [
        ("王小明", "王先生", "surname agrees, no more is given"),
        ("王小明", "王某某", "surname agrees, no more is given"),
        ("王女士", "王**", "surname agrees, no more is given"),
        ("欧阳娜娜", "欧阳小姐", "surname agrees, no more is given"),
        ("王小明", "李先生", "different"),
        ("王小明先生", "王小明", "same"),
        ("王小明", "王　小明", "same"),
    ] {
        assert_eq!(level("name", person(a), person(b)).as_deref(), Some(want), "{a} {b}");
    }
}

#[test]
fn a_surname_alone_names_nobody() {
    let alone = Person { name: Some("王先生"), ..Person::default() };
    let mut log = Log::new();
    log.file(&record("wechat", vec![alone.clone()], NOISE, 0));
    assert_eq!(log.file(&record("province", vec![alone], NOISE, 1)).case, None);
}

#[test]
fn telephones_and_numbers_as_spoken() {
    let phone = |number| Person { phone: Some(number), ..Person::default() };
    for (a, b, want) in [
        ("13812345678", "幺三八幺二三四五六七八", "same"),
        ("13812345678", "+86 138-1234-5678", "same"),
        ("13812345678", "１３８１２３４５６７８", "same"),
        ("13812345678", "138****5678", "visible digits agree"),
        ("13812345678", "13987654321", "different"),
    ] {
        assert_eq!(level("phone", phone(a), phone(b)).as_deref(), Some(want), "{a} {b}");
    }
}

#[test]
fn another_door_is_another_address() {
    let person = |address| Person { name: Some("王小明"), address: Some(address), ..Person::default() };
    for (a, b, want) in [
        ("长沙市岳麓区麓山南路932号升华公寓3栋204室", "麓山南路932号升华公寓三号楼204", "same"),
        ("升华公寓3栋204室", "升华公寓5栋204室", "same street or estate, another door"),
        ("升华公寓3栋204室", "升华公寓3栋1104室", "same street or estate, another door"),
        ("升华公寓3栋204室", "和平里12号", "different"),
    ] {
        assert_eq!(level("address", person(a), person(b)).as_deref(), Some(want), "{a} {b}");
    }
}

#[test]
fn who_is_represented_counts_and_not_who_represents() {
    let lawyer = Person { role: Role::Representative, ..petitioner(2) };
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0), lawyer.clone()], NOISE, 0));
    let stranger = log.file(&record("province", vec![petitioner(1), lawyer.clone()], NOISE_AGAIN, 1));
    assert_eq!(stranger.case, None);
    let same = log.file(&record("mobile", vec![petitioner(1), lawyer.clone()], NOISE, 2));
    assert_eq!(same.case, Some(2));
    // Who filed as a petitioner once may speak for somebody the next time.
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(2)], NOISE, 0));
    assert_eq!(log.file(&record("province", vec![lawyer], NOISE_AGAIN, 1)).case, Some(1));
}

fn texts(a: (&str, &str), b: (&str, &str)) -> Evidence {
    let print = |text| printer().fingerprint(&record("a", vec![petitioner(0)], text, 0));
    Linker::new(Model::default()).explain(&print(a), &print(b))
}

#[test]
fn numbers_units_transcripts_and_cut_texts_change_nothing() {
    let long = "幸福路88号金桂苑小区东侧工地每天凌晨两点仍在打桩，噪音很大，居民无法休息。物业说管不了，社区也推给城管，打过三次热线都没有人来，\
                老人和小孩整夜睡不着，恳请有关部门到现场看一看，责令夜间停工并给出书面答复。";
    let cut: String = long.chars().take(60).collect();
    let transcript: String = NOISE.1.chars().filter(|c| c.is_alphanumeric()).collect();
    for (a, b) in [
        ((NOISE.0, NOISE.1), (NOISE.0, transcript.as_str())),
        ((NOISE.0, long), (NOISE.0, cut.as_str())),
        (("补偿款", "三号楼一千平米的房子只补偿三百二十块"), ("补偿款", "3栋1000平方米的房子只补偿320元")),
    ] {
        let evidence = texts(a, b);
        let text = evidence.comparisons.iter().find(|c| c.name == "text").unwrap();
        assert_eq!(text.level, "nearly the same words", "{b:?} {text:?}");
        assert_eq!(evidence.matter.verdict, Verdict::Yes, "{b:?}");
    }
}

#[test]
fn what_everybody_writes_weighs_nothing() {
    const FORM: &str = "尊敬的领导您好，感谢您百忙之中查看，恳请有关部门调查核实，尽快处理并给予答复，谢谢";
    let places = ["北湾", "东渡", "柳园", "松桥", "云坪", "白岭", "金塘", "石口", "双溪", "龙泉"];
    let mut linker = Linker::new(Model::default());
    let print = |n: usize, what: &str| {
        let text = format!("{FORM}。{}{}{what}", places[n % 10], places[n / 10 % 10]);
        printer().fingerprint(&Record { platform: "a", content: &text, ..Record::default() })
    };
    for n in 0..4_000 {
        linker.learn(&print(n, ["停水三天", "道路塌陷", "路灯不亮", "占道经营"][n % 4]));
    }
    linker.settle();
    let evidence = linker.explain(&print(3, "学校食堂饭菜变质"), &print(58, "拖欠工人工资"));
    let text = evidence.comparisons.iter().find(|c| c.name == "text").unwrap();
    assert!(text.weight < 0.0, "{text:?}");
}

#[test]
fn who_writes_about_everything_is_asked_for_more_and_who_repeats_is_not() {
    let mut log = Log::new();
    let first = log.file(&record("wechat", vec![petitioner(0)], NOISE, 0));
    assert!(first.matches.is_empty());
    let prior = |log: &mut Log| log.file(&record("wechat", vec![petitioner(0)], NOISE, 1)).matches[0].evidence.prior;
    let before = prior(&mut log);
    for n in 0..24 {
        log.file(&record("wechat", vec![petitioner(0)], WAGES, n));
    }
    assert!((prior(&mut log) - before).abs() < f64::EPSILON, "one matter more");
    for n in 0..24 {
        let words = |from: u32| (0..12).filter_map(|at| char::from_u32(0x4e00 + (n * 40 + from + at) * 17)).collect::<String>();
        log.file(&record("wechat", vec![petitioner(0)], (&words(0), &words(20)), i64::from(n)));
    }
    assert!(prior(&mut log) < before, "twenty-four matters more");
}

#[test]
fn the_same_person_is_offered_what_may_be_one_matter() {
    let mut log = Log::new();
    log.file(&record("wechat", vec![petitioner(0)], ("投诉", "请处理"), 0));
    let again = log.file(&record("province", vec![petitioner(0)], ("投诉", "请处理"), 1));
    assert!(again.matches.iter().any(|m| m.decision == Decision::PossibleDuplicate), "{again:?}");
}

#[test]
fn fingerprints_of_forms_round_trip() {
    let person =
        Person { name: Some("王先生"), phone: Some("13812345678"), address: Some("升华公寓3栋2单元204室"), ..Person::default() };
    let print = Fingerprinter::fingerprint(&printer(), &record("a", vec![person], NOISE, 0));
    assert_eq!(super::Fingerprint::decode(&print.encode()), Ok(print));
}
