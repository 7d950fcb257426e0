//! `onecase evaluate`: how well matching does where the truth is known. Every subcommand prints one JSON object.

mod measure;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use super::corpus::{CorpusError, RowReader};
use super::link::{fingerprints, run_key};
use crate::matching::{Fingerprinter, deduplicate};
use measure::{Formed, Quality, Ranked, Reviewed};

/// Measure matching against known truth.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// The person part of the model alone, trained by EM on the file itself
    Persons {
        /// CSV with the flat columns and a column of truth
        file: PathBuf,
        /// Column whose equal values are one person
        #[arg(long)]
        truth: String,
        /// Probability from which two records are one person
        #[arg(long, default_value_t = 0.3)]
        threshold: f64,
    },
    /// Links written by `onecase link` against a column of truth of the file that was linked
    Links {
        /// CSV that was linked, with columns `id` and truth
        file: PathBuf,
        /// What `onecase link` wrote
        links: PathBuf,
        /// Column whose equal values are one case, or one matter
        #[arg(long)]
        truth: String,
        /// Column of the links to compare: case or matter
        #[arg(long, default_value = "case")]
        column: String,
        /// What `onecase link --possible` wrote: adds recall with reviews, and how many there are
        #[arg(long)]
        possible: Option<PathBuf>,
    },
    /// Links written by `onecase link` against labelled pairs
    Pairs {
        /// What `onecase link` wrote
        links: PathBuf,
        /// CSV of labelled pairs
        pairs: PathBuf,
        /// Column with the id of one row
        #[arg(long, default_value = "id_a")]
        a: String,
        /// Column with the id of the other
        #[arg(long, default_value = "id_b")]
        b: String,
        /// Column that is 1 where the two are one
        #[arg(long, default_value = "label")]
        label: String,
    },
    /// Labelled matters against the ranking of `onecase neighbours --all` and the matters `onecase link` formed
    Matters {
        /// What `onecase link` wrote
        links: PathBuf,
        /// What `onecase neighbours --all` wrote
        neighbours: PathBuf,
        /// CSV of members and near misses
        labels: PathBuf,
        /// Column with the name of the labelled matter
        #[arg(long, default_value = "matter")]
        matter: String,
        /// Column with the id of a row
        #[arg(long, default_value = "id")]
        id: String,
        /// Column that is 1 for a member, 0 for a near miss of any of the matters
        #[arg(long, default_value = "label")]
        label: String,
    },
    /// What `onecase neighbours` wrote against pairs of a later row and its original
    Ranking {
        /// CSV that was ranked; its order says what is earlier
        file: PathBuf,
        /// What `onecase neighbours` wrote
        neighbours: PathBuf,
        /// CSV of pairs
        pairs: PathBuf,
        /// Column with the id of the later row
        #[arg(long, default_value = "child")]
        child: String,
        /// Column with the id of its original
        #[arg(long, default_value = "parent")]
        parent: String,
    },
}

/// How well groups agree with the truth.
#[derive(Debug, Serialize)]
struct Grouped {
    rows: usize,
    #[serde(flatten)]
    quality: Quality,
    #[serde(flatten)]
    reviewed: Option<Reviewed>,
}

#[derive(Debug, Serialize)]
struct Deduped {
    rows: usize,
    #[serde(flatten)]
    quality: Quality,
    /// From reading the file to the groups.
    seconds: f64,
    /// What the best of some thresholds gives: a threshold can be chosen where some truth is known.
    best: Option<AtThreshold>,
}

#[derive(Debug, Serialize)]
struct AtThreshold {
    threshold: f64,
    #[serde(flatten)]
    quality: Quality,
}

#[derive(Debug, Serialize)]
struct PairsFound {
    pairs: usize,
    positive: usize,
    /// Pairs of rows that the links do not hold; they count as not found.
    missing: usize,
    same_case: Quality,
    same_case_or_matter: Quality,
}

#[derive(Debug, Serialize)]
struct MattersFound {
    near_misses: usize,
    matters: Vec<MatterFound>,
}

#[derive(Debug, Serialize)]
struct MatterFound {
    matter: String,
    members: usize,
    r_precision: Option<f64>,
    #[serde(flatten)]
    formed: Option<Formed>,
}

pub fn run(args: Args) -> Result<ExitCode, CorpusError> {
    match args.what {
        What::Persons { file, truth, threshold } => print(&persons(&file, &truth, threshold)?),
        What::Links { file, links, truth, column, possible } => print(&linked(&file, &links, &truth, &column, possible.as_deref())?),
        What::Pairs { links, pairs, a, b, label } => print(&labelled_pairs(&links, &pairs, [&a, &b, &label])?),
        What::Matters { links, neighbours, labels, matter, id, label } => {
            print(&labelled_matters(&links, &neighbours, &labels, [&matter, &id, &label])?)
        }
        What::Ranking { file, neighbours, pairs, child, parent } => {
            let order = columns(&file, ["id"])?.into_iter().zip(0..).map(|([id], at)| (id, at)).collect();
            let pairs: Vec<_> = columns(&pairs, [&child, &parent])?.into_iter().map(|[child, parent]| (child, parent)).collect();
            print(&measure::ranking(&pairs, &order, &ranked(&neighbours)?))
        }
    }
}

fn print(found: &impl Serialize) -> Result<ExitCode, CorpusError> {
    println!("{}", serde_json::to_string(found).map_err(std::io::Error::from)?);
    Ok(ExitCode::SUCCESS)
}

/// Thresholds of which the best is told beside the one asked for.
const THRESHOLDS: [f64; 7] = [0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99];

fn persons(file: &Path, truth: &str, threshold: f64) -> Result<Deduped, CorpusError> {
    let truth = columns(file, [truth])?;
    let started = Instant::now();
    let mut reader = RowReader::open(file)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    let (prints, _) = fingerprints(&Fingerprinter::new(&run_key()), &rows);
    let found = deduplicate(&prints);
    let clusters = found.clusters(threshold);
    let seconds = started.elapsed().as_secs_f64();
    let quality = |threshold: f64| measure::quality(&found.clusters(threshold), &truth);
    let all = THRESHOLDS.map(|threshold| AtThreshold { threshold, quality: quality(threshold) });
    let best = all.into_iter().max_by(|a, b| a.quality.f1.total_cmp(&b.quality.f1));
    Ok(Deduped { rows: rows.len(), quality: measure::quality(&clusters, &truth), seconds, best })
}

fn linked(file: &Path, links: &Path, truth: &str, column: &str, possible: Option<&Path>) -> Result<Grouped, CorpusError> {
    let mut known: HashMap<String, String> = columns(file, ["id", truth])?.into_iter().map(|[id, truth]| (id, truth)).collect();
    let mut at = HashMap::new();
    let (mut found, mut actual) = (Vec::new(), Vec::new());
    for [id, group] in columns(links, ["id", column])? {
        let truth = known.remove(&id).ok_or_else(|| CorpusError::Usage(format!("{} has no row {id:?}, or two", file.display())))?;
        at.insert(id, found.len());
        found.push(group);
        actual.push(truth);
    }
    let row = |id: &String| at.get(id).copied().ok_or_else(|| CorpusError::Usage(format!("{} has no row {id:?}", links.display())));
    let reviewed = match possible {
        Some(possible) => {
            let rows = columns(possible, ["id", "earlier"])?;
            let pairs = rows.iter().map(|[id, earlier]| Ok((row(id)?, row(earlier)?))).collect::<Result<Vec<_>, CorpusError>>()?;
            Some(measure::reviewed(&found, &actual, &pairs))
        }
        None => None,
    };
    Ok(Grouped { rows: found.len(), quality: measure::quality(&found, &actual), reviewed })
}

fn labelled_pairs(links: &Path, pairs: &Path, names: [&str; 3]) -> Result<PairsFound, CorpusError> {
    let place: HashMap<String, (String, String)> =
        columns(links, ["id", "case", "matter"])?.into_iter().map(|[id, case, matter]| (id, (case, matter))).collect();
    let (mut cases, mut either, mut missing) = (Vec::new(), Vec::new(), 0);
    for [a, b, label] in columns(pairs, names)? {
        let truth = is_one(&label, pairs)?;
        let places = place.get(&a).zip(place.get(&b));
        missing += usize::from(places.is_none());
        let same_case = places.is_some_and(|(a, b)| a.0 == b.0);
        cases.push((truth, same_case));
        either.push((truth, same_case || places.is_some_and(|(a, b)| a.1 == b.1)));
    }
    Ok(PairsFound {
        pairs: cases.len(),
        positive: cases.iter().filter(|(truth, _)| *truth).count(),
        missing,
        same_case: measure::labelled(&cases),
        same_case_or_matter: measure::labelled(&either),
    })
}

fn labelled_matters(links: &Path, neighbours: &Path, labels: &Path, names: [&str; 3]) -> Result<MattersFound, CorpusError> {
    let matter: HashMap<String, String> = columns(links, ["id", "matter"])?.into_iter().map(|[id, matter]| (id, matter)).collect();
    let ranked = ranked(neighbours)?;
    let depth = ranked.values().map(Vec::len).max().unwrap_or_default();
    let (mut labelled, mut near_misses): (BTreeMap<String, Vec<String>>, _) = (BTreeMap::new(), Vec::new());
    for [name, id, label] in columns(labels, names)? {
        if is_one(&label, labels)? { labelled.entry(name).or_default().push(id) } else { near_misses.push(id) }
    }
    let mut found = Vec::with_capacity(labelled.len());
    for (name, members) in labelled {
        if members.len() > depth + 1 {
            let text = format!("{} ranks {depth} rows, {name} has {} members; rank more (--top)", neighbours.display(), members.len());
            return Err(CorpusError::Usage(text));
        }
        found.push(MatterFound {
            members: members.len(),
            r_precision: measure::r_precision(&members, &ranked),
            formed: measure::formed(&members, &near_misses, &matter),
            matter: name,
        });
    }
    Ok(MattersFound { near_misses: near_misses.len(), matters: found })
}

fn is_one(label: &str, path: &Path) -> Result<bool, CorpusError> {
    match label {
        "1" => Ok(true),
        "0" => Ok(false),
        other => Err(CorpusError::Usage(format!("{}: a label is 1 or 0, not {other:?}", path.display()))),
    }
}

/// What `onecase neighbours` wrote; its rows stand in the order of ranks.
fn ranked(neighbours: &Path) -> Result<Ranked, CorpusError> {
    let mut ranked = Ranked::new();
    for [id, neighbour] in columns(neighbours, ["id", "neighbour"])? {
        ranked.entry(id).or_default().push(neighbour);
    }
    Ok(ranked)
}

/// Some columns of a CSV file, row by row.
fn columns<const N: usize>(file: &Path, names: [&str; N]) -> Result<Vec<[String; N]>, CorpusError> {
    let failed = |source| CorpusError::Csv { path: file.to_owned(), source };
    let mut reader = csv::Reader::from_path(file).map_err(failed)?;
    let headers = reader.headers().map_err(failed)?.clone();
    let mut at = [0; N];
    for (at, name) in at.iter_mut().zip(names) {
        let found = headers.iter().position(|header| header.trim_start_matches('\u{feff}') == name);
        *at = found.ok_or_else(|| CorpusError::Usage(format!("{} has no column {name}", file.display())))?;
    }
    let row = |record: csv::StringRecord| at.map(|at| record.get(at).unwrap_or_default().to_owned());
    reader.records().map(|record| record.map(row).map_err(failed)).collect()
}
