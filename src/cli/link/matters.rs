//! Matters of a run with their sizes and names. Names need words, so the files are read a second time; only the words of a
//! bounded sample are held.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::super::corpus::{CorpusError, FlatRow};
use super::{Ids, MultiReader};
use crate::app::{Background, MAX_BACKGROUND, Member, matter_name};

/// Matters that get a name: the largest.
const NAMED: usize = 2_000;
/// Filings of each that are read for it.
const SAMPLE: usize = 12;
const BATCH_ROWS: usize = 4_096;

/// Where every row went: eight bytes a row.
#[derive(Default)]
pub struct Matters {
    /// Row that founded the matter, and whether the row founded a case.
    rows: Vec<(u32, bool)>,
}

#[derive(Default)]
struct Size {
    rows: u64,
    cases: u64,
    /// Rows that founded the first cases.
    sample: Vec<usize>,
}

impl Matters {
    pub fn push(&mut self, matter: u64, founds_case: bool) {
        self.rows.push((u32::try_from(matter).unwrap_or(u32::MAX), founds_case));
    }

    /// Writes `matter,size,cases,name` of every matter of two cases or more, the largest first; a matter is named by its first row.
    pub fn write(&self, path: &Path, ids: &Ids, files: &[PathBuf], adapter: Option<&Path>) -> Result<(), CorpusError> {
        let sizes = self.sizes();
        let names = self.names(&sizes[..sizes.len().min(NAMED)], files, adapter)?;
        let file = std::fs::File::create(path).map_err(|source| CorpusError::File { path: path.to_owned(), source })?;
        let mut writer = csv::Writer::from_writer(std::io::BufWriter::new(file));
        writer.write_record(["matter", "size", "cases", "name"])?;
        for (matter, size) in &sizes {
            let name = names.get(matter).map_or("", String::as_str);
            writer.write_record([ids.get(u64::from(*matter)), &size.rows.to_string(), &size.cases.to_string(), name])?;
        }
        Ok(writer.flush()?)
    }

    fn sizes(&self) -> Vec<(u32, Size)> {
        let mut sizes: HashMap<u32, Size> = HashMap::new();
        for (row, (matter, founds_case)) in self.rows.iter().enumerate() {
            let size = sizes.entry(*matter).or_default();
            size.rows += 1;
            if *founds_case {
                size.cases += 1;
                if size.sample.len() < SAMPLE {
                    size.sample.push(row);
                }
            }
        }
        let mut sizes: Vec<(u32, Size)> = sizes.into_iter().filter(|(_, size)| size.cases > 1).collect();
        sizes.sort_unstable_by(|a, b| b.1.rows.cmp(&a.1.rows).then(a.0.cmp(&b.0)));
        sizes
    }

    fn names(&self, sizes: &[(u32, Size)], files: &[PathBuf], adapter: Option<&Path>) -> Result<BTreeMap<u32, String>, CorpusError> {
        let wanted: HashMap<usize, u32> = sizes.iter().flat_map(|(matter, size)| size.sample.iter().map(|row| (*row, *matter))).collect();
        let every = (self.rows.len() / MAX_BACKGROUND).max(1);
        let mut members: HashMap<u32, Vec<Member>> = HashMap::new();
        let mut background: Vec<(u64, String)> = Vec::new();
        let mut reader = MultiReader::open(files, adapter, true)?;
        let (mut rows, mut at) = (Vec::new(), 0);
        loop {
            rows.clear();
            let more = reader.fill(&mut rows, BATCH_ROWS)?;
            for row in &rows {
                if let Some(matter) = wanted.get(&at) {
                    members.entry(*matter).or_default().push(member(row));
                }
                if at % every == 0
                    && background.len() < MAX_BACKGROUND
                    && let Some((matter, _)) = self.rows.get(at)
                {
                    background.push((u64::from(*matter), words(row)));
                }
                at += 1;
            }
            if !more {
                break;
            }
        }
        let background = Background::new(background);
        let named = |(matter, members): (&u32, &Vec<Member>)| {
            Some((*matter, matter_name(members, &background, |other| other == u64::from(*matter))?))
        };
        Ok(members.par_iter().filter_map(named).collect())
    }
}

fn words(row: &FlatRow) -> String {
    format!("{}\n{}", row.subject(), row.content())
}

fn member(row: &FlatRow) -> Member {
    let hidden = [row.name(), row.id_number(), row.phone(), row.account()].map(str::to_owned).to_vec();
    Member { text: words(row), hidden }
}
