//! `onecase evaluate` on small files whose measures can be counted by hand.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

fn onecase(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_onecase")).current_dir(folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const ROWS: &str = "id,case\n1,a\n2,a\n3,a\n4,b\n";
const LINKS: &str = "id,case,matter,probability\n1,1,1,1\n2,1,1,0.99\n3,3,1,0.9\n4,4,4,1\n";

#[test]
fn links_pairs_matters_and_ranks_are_measured() {
    let folder = folder(&[
        ("rows.csv", ROWS),
        ("links.csv", LINKS),
        ("possible.csv", "id,earlier,probability\n3,2,0.6\n4,1,0.5\n"),
        ("pairs.csv", "x,y,same\n1,2,1\n1,3,1\n1,4,0\n1,9,1\n"),
        ("near.csv", "id,rank,neighbour,probability\n1,1,2,0.9\n1,2,4,0.8\n2,1,1,0.9\n2,2,3,0.8\n3,1,4,0.9\n3,2,2,0.8\n"),
        ("labels.csv", "matter,id,label\nm,1,1\nm,2,1\nm,3,1\n,4,0\n"),
        ("deep.csv", "matter,id,label\nm,1,1\nm,2,1\nm,3,1\nm,4,1\n"),
        ("originals.csv", "child,parent\n2,1\n3,2\n1,2\n"),
    ]);
    let third = 1.0 / 3.0;
    for (arguments, expected) in [
        (vec!["links", "rows.csv", "links.csv", "--truth", "case"], json!({ "rows": 4, "precision": 1.0, "recall": third, "f1": 0.5 })),
        (
            vec!["links", "rows.csv", "links.csv", "--truth", "case", "--possible", "possible.csv"],
            json!({
                "rows": 4, "precision": 1.0, "recall": third, "f1": 0.5,
                "recall_with_reviews": 1.0, "reviews": 2, "reviews_per_1000": 500.0,
            }),
        ),
        (
            vec!["pairs", "links.csv", "pairs.csv", "--a", "x", "--b", "y", "--label", "same"],
            json!({
                "pairs": 4, "positive": 3, "missing": 1,
                "same_case": { "precision": 1.0, "recall": third, "f1": 0.5 },
                "same_case_or_matter": { "precision": 1.0, "recall": 2.0 / 3.0, "f1": 0.8 },
            }),
        ),
        (
            vec!["matters", "links.csv", "near.csv", "labels.csv"],
            json!({ "near_misses": 1, "matters": [{
                "matter": "m", "members": 3, "r_precision": 2.0 / 3.0, "in_one": 3, "size": 3, "near_misses_inside": 0,
            }] }),
        ),
        (vec!["ranking", "rows.csv", "near.csv", "originals.csv"], json!({ "pairs": 2, "left_out": 1, "first": 0.5, "first_five": 1.0 })),
    ] {
        let (status, found, said) = onecase(folder.path(), &[&["evaluate"], &arguments[..]].concat());
        assert_eq!((status, &found), (Some(0), &expected), "{arguments:?}: {said}");
    }
    for (arguments, said) in [
        (vec!["links", "rows.csv", "links.csv", "--truth", "person"], "rows.csv has no column person"),
        (vec!["pairs", "links.csv", "near.csv", "--a", "id", "--b", "neighbour", "--label", "probability"], "a label is 1 or 0"),
        (vec!["matters", "links.csv", "near.csv", "deep.csv"], "rank more"),
        (vec!["links", "near.csv", "links.csv", "--truth", "rank"], "or two"),
        (vec!["links", "none.csv", "links.csv", "--truth", "case"], "none.csv"),
    ] {
        let (status, _, error) = onecase(folder.path(), &[&["evaluate"], &arguments[..]].concat());
        assert!(status == Some(2) && error.contains(said), "{arguments:?}: {status:?} {error}");
    }
}

#[test]
fn what_a_person_must_decide_is_written_apart() {
    // One person, and texts too short to carry a decision of the machine's.
    let rows = "id,name,id_number,division,submitted_at,subject,content
1,王小明,11010519491231002X,430102,2026-03-01 09:00:00,噪音,太吵
2,王小明,11010519491231002X,430102,2026-03-02 09:00:00,噪音,太吵
3,李建国,440524188001010014,430102,2026-03-02 09:00:00,噪音,太吵
";
    let folder = folder(&[("rows.csv", rows)]);
    let (status, found, said) = onecase(folder.path(), &["link", "rows.csv", "--json", "--quiet", "--possible", "possible.csv"]);
    assert_eq!(status, Some(0), "{said}");
    let possible = fs::read_to_string(folder.path().join("possible.csv")).unwrap();
    let rows: Vec<&str> = possible.lines().collect();
    assert_eq!((rows.len(), rows[0], &found["possible_duplicates"]), (2, "id,earlier,probability", &json!(1)), "{found} {possible}");
    assert!(rows[1].starts_with("2,1,"), "{possible}");
}

#[test]
fn persons_are_found_and_timed() {
    let people = ["王小明,430103199001011234", "李华,110105198807072345", "赵丽颖,330106197505053456", "孙大圣,510104196803034567"];
    let mut csv = "id,name,id_number,person\n".to_owned();
    for (at, person) in people.iter().cycle().take(16).enumerate() {
        csv += &format!("{at},{person},{}\n", at % people.len());
    }
    let folder = folder(&[("people.csv", &csv)]);
    let (status, found, said) = onecase(folder.path(), &["evaluate", "persons", "people.csv", "--truth", "person"]);
    assert_eq!((status, &found["rows"]), (Some(0), &json!(16)), "{said}");
    assert!(found["f1"].as_f64().is_some_and(|f1| (0.0..=1.0).contains(&f1)), "{found}");
    assert!(found["seconds"].as_f64().unwrap() > 0.0);
    assert!(found["best"]["f1"].as_f64() >= found["f1"].as_f64() && found["best"]["threshold"].is_number(), "{found}");
}

#[test]
fn matters_of_a_file_are_named() {
    let dust = |name: &str, words: &str| {
        format!("{name},430102,2026-03-01 09:00:00,金桂苑水泥搅拌站粉尘污染,{name}反映：金桂苑门口水泥搅拌站{words}")
    };
    let other = "王小明,430102,2026-03-01 09:00:00,宏达纺织厂拖欠工资,宏达纺织厂从去年九月起拖欠六十多名工人工资老板躲着不见";
    let rows = [
        dust("李雷", "整天冒粉尘，窗户不敢开"),
        dust("韩梅梅", "粉尘太大，窗户都不敢打开"),
        other.to_owned(),
        dust("赵丽颖", "粉尘污染，居民不敢开窗"),
    ];
    let numbered: Vec<String> = rows.iter().zip(1..).map(|(row, id)| format!("{id},{row}")).collect();
    let folder = folder(&[("rows.csv", &format!("id,name,division,submitted_at,subject,content\n{}\n", numbered.join("\n")))]);
    let (status, _, said) = onecase(folder.path(), &["link", "rows.csv", "--json", "--quiet", "--matters", "matters.csv"]);
    assert_eq!(status, Some(0), "{said}");
    let matters = fs::read_to_string(folder.path().join("matters.csv")).unwrap();
    let rows: Vec<&str> = matters.lines().collect();
    assert_eq!((rows.len(), rows[0]), (2, "matter,size,cases,name"), "{matters}");
    assert!(rows[1].starts_with("1,3,3,") && rows[1].contains("水泥搅拌站"), "{matters}");
}
