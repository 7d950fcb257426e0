//! `onecase link`: finds duplicates and shared matters in a file, with no server and no database.

mod matters;
mod possible;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::corpus::{AdaptedRows, CorpusError, FlatRow, Problems, RowReader};
use crate::adapter::Adapter;
use crate::matching::{FederationKey, Fingerprint, Fingerprinter, Linker, Model};
use matters::Matters;
use possible::Possible;

/// Rows read before the first is linked, to learn which terms are common.
const WARM_UP_ROWS: usize = 20_000;
const BATCH_ROWS: usize = 4_096;
/// Batches read while one is linked.
const BATCHES_AHEAD: usize = 2;

/// Link the submissions of one or more files; a later file continues the log of the one before.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read the files through this adapter folder instead of as flat columns
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    /// CSV, NDJSON or Parquet with the flat columns
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Where to write `id,case,matter,probability`; standard output if absent
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Where to write possible duplicates as `id,earlier,probability`
    #[arg(long, value_name = "FILE")]
    pub possible: Option<PathBuf>,
    /// Where to write matters of two cases or more as `matter,size,cases,name`; reads the files a second time
    #[arg(long, value_name = "FILE")]
    pub matters: Option<PathBuf>,
    /// A match model in place of the compiled-in one
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// Print a summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// No progress on standard error
    #[arg(long)]
    pub quiet: bool,
}

/// What a run found, for the summary.
#[derive(Debug, Default, serde::Serialize)]
pub struct Summary {
    pub rows: u64,
    pub cases: u64,
    pub duplicates: u64,
    pub possible_duplicates: u64,
    pub matters: u64,
    pub seconds: f64,
    pub index_bytes: u64,
    pub model: String,
    /// Field to number of rows in which it did not parse or check.
    pub problems: std::collections::BTreeMap<String, u64>,
}

/// A key for one run: tokens never leave the process.
pub fn run_key() -> FederationKey {
    FederationKey::from_bytes(*blake3::hash(b"onecase file linkage").as_bytes())
}

pub fn load_model(path: Option<&PathBuf>) -> Result<Model, CorpusError> {
    match path {
        None => Ok(Model::default()),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| CorpusError::File { path: path.clone(), source })?;
            Ok(Model::from_toml(&text)?)
        }
    }
}

pub fn run(args: &Args) -> Result<ExitCode, CorpusError> {
    let started = Instant::now();
    let model = load_model(args.model.as_ref())?;
    let mut reader = MultiReader::open(&args.files, args.adapter.as_deref(), args.quiet)?;
    let mut sink = Sink::create(args.output.as_ref(), args.possible.as_deref(), args.json)?;
    let mut run = Run::new(model);
    run.matters = args.matters.as_ref().map(|_| Matters::default());
    let printer = Fingerprinter::new(&run_key());
    std::thread::scope(|scope| {
        let (sender, batches) = sync_channel(BATCHES_AHEAD);
        let reader = &mut reader;
        scope.spawn(move || read(reader, &printer, &sender));
        batches.into_iter().try_for_each(|batch| run.link(&batch?, &mut sink))
    })?;
    reader.finish();
    sink.finish()?;
    if let (Some(path), Some(matters)) = (&args.matters, &run.matters) {
        matters.write(path, &run.ids, &args.files, args.adapter.as_deref())?;
    }
    let mut summary = run.summary(started.elapsed().as_secs_f64());
    if reader.malformed() > 0 {
        summary.problems.insert("row".to_owned(), reader.malformed());
    }
    if args.json {
        println!("{}", serde_json::to_string(&summary).unwrap_or_default());
    } else if !args.quiet {
        eprintln!(
            "{} rows, {} cases, {} duplicates, {} possible duplicates, {} matters in {:.1} s",
            summary.rows, summary.cases, summary.duplicates, summary.possible_duplicates, summary.matters, summary.seconds
        );
        for (field, count) in &summary.problems {
            eprintln!("  {field}: {count} rows did not check and weigh little or nothing");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Rows of the log, read and fingerprinted.
pub struct Batch {
    ids: Ids,
    prints: Vec<Fingerprint>,
    problems: Problems,
}

impl Batch {
    /// Fingerprints rows in order, on all cores.
    pub fn new(printer: &Fingerprinter, rows: &[FlatRow]) -> Self {
        let (prints, problems) = fingerprints(printer, rows);
        let mut ids = Ids::default();
        rows.iter().for_each(|row| ids.push(row.id()));
        Self { ids, prints, problems }
    }
}

/// Reads to the end, a few batches ahead of who links them. The first batch is large: terms are learned from it.
fn read(reader: &mut MultiReader, printer: &Fingerprinter, sender: &SyncSender<Result<Batch, CorpusError>>) {
    let mut rows = Vec::with_capacity(WARM_UP_ROWS);
    let mut size = WARM_UP_ROWS;
    loop {
        rows.clear();
        let more = reader.fill(&mut rows, size);
        let ended = !matches!(more, Ok(true));
        // Who links has gone away if it failed, and wants no more.
        if sender.send(more.map(|_| Batch::new(printer, &rows))).is_err() || ended {
            break;
        }
        size = BATCH_ROWS;
    }
}

/// The state of a run: ids in order of the log, and the linker.
pub struct Run {
    linker: Linker,
    ids: Ids,
    problems: Problems,
    summary: Summary,
    /// Kept only where asked for.
    matters: Option<Matters>,
}

impl Run {
    pub fn new(model: Model) -> Self {
        let summary = Summary { model: format!("{} {}", model.name(), model.version()), ..Summary::default() };
        Self { linker: Linker::new(model), ids: Ids::default(), problems: Problems::default(), summary, matters: None }
    }

    /// Links rows in order. Terms of the first batch are counted before its first row is decided.
    pub fn link(&mut self, batch: &Batch, sink: &mut Sink) -> Result<(), CorpusError> {
        self.problems.add(&batch.problems);
        self.ids.append(&batch.ids);
        if self.linker.is_empty() {
            for print in &batch.prints {
                self.linker.learn(print);
            }
            self.linker.settle();
        }
        for placement in self.linker.place_all(self.summary.rows, &batch.prints) {
            let seq = self.summary.rows;
            let case = placement.case.unwrap_or(seq);
            let matter = placement.matter.unwrap_or(case);
            if let Some(matters) = &mut self.matters {
                matters.push(matter, placement.case.is_none());
            }
            let probability = match placement.best() {
                Some((_, probability, _)) if placement.case.is_some() => probability,
                Some((_, _, probability)) if placement.matter.is_some() => probability,
                _ => 1.0,
            };
            self.summary.rows += 1;
            self.summary.cases += u64::from(placement.case.is_none());
            self.summary.duplicates += u64::from(placement.case.is_some());
            self.summary.matters += u64::from(placement.case.is_none() && placement.matter.is_none());
            self.summary.possible_duplicates += u64::from(placement.case.is_none() && placement.is_possible());
            sink.write(self.ids.get(seq), self.ids.get(case), self.ids.get(matter), probability)?;
            if let Some(possible) = &mut sink.possible {
                for (earlier, probability) in self.linker.possible(&placement) {
                    possible.write(self.ids.get(seq), self.ids.get(earlier), probability)?;
                }
            }
        }
        Ok(())
    }

    fn summary(mut self, seconds: f64) -> Summary {
        self.summary.seconds = seconds;
        self.summary.index_bytes = self.linker.memory_bytes() as u64;
        self.summary.problems = self.problems.counts().iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
        self.summary
    }
}

/// Fingerprints of rows in order, on all cores.
pub fn fingerprints(printer: &Fingerprinter, rows: &[FlatRow]) -> (Vec<Fingerprint>, Problems) {
    let parts: Vec<(Vec<Fingerprint>, Problems)> = rows
        .par_chunks(256)
        .map(|chunk| {
            let mut problems = Problems::default();
            let prints = chunk.iter().map(|row| printer.fingerprint(&row.record(&mut problems))).collect();
            (prints, problems)
        })
        .collect();
    let mut prints = Vec::with_capacity(rows.len());
    let mut problems = Problems::default();
    for (part, found) in parts {
        prints.extend(part);
        problems.add(&found);
    }
    (prints, problems)
}

/// All ids in one string with offsets: eight bytes a row beside the text.
#[derive(Default)]
struct Ids {
    text: String,
    ends: Vec<usize>,
}

impl Ids {
    fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(self.text.len());
    }

    fn append(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| start + end));
    }

    fn get(&self, row: u64) -> &str {
        let at = row as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }
}

/// The rows of one file.
enum Rows {
    Flat(Box<RowReader>),
    Adapted(AdaptedRows),
}

impl Rows {
    fn open(path: &Path, adapter: Option<&Arc<Adapter>>) -> Result<Self, CorpusError> {
        match adapter {
            Some(adapter) => Ok(Self::Adapted(AdaptedRows::open(Arc::clone(adapter), path)?)),
            None => Ok(Self::Flat(Box::new(RowReader::open(path)?))),
        }
    }

    fn next_row(&mut self) -> Result<Option<FlatRow>, CorpusError> {
        match self {
            Self::Flat(rows) => rows.next_row(),
            Self::Adapted(rows) => rows.next_row(),
        }
    }

    fn malformed(&self) -> u64 {
        match self {
            Self::Flat(rows) => rows.malformed(),
            Self::Adapted(_) => 0,
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Flat(rows) => rows.bytes_read(),
            Self::Adapted(rows) => rows.bytes_read(),
        }
    }
}

/// Several files as one stream of rows, with progress by bytes.
pub struct MultiReader {
    adapter: Option<Arc<Adapter>>,
    paths: std::collections::VecDeque<PathBuf>,
    current: Option<Rows>,
    before: u64,
    malformed: u64,
    progress: ProgressBar,
}

impl MultiReader {
    /// Flat files, or files in the form of the adapter in a folder.
    pub fn open(files: &[PathBuf], adapter: Option<&Path>, quiet: bool) -> Result<Self, CorpusError> {
        let adapter = adapter.map(Adapter::load).transpose()?.map(Arc::new);
        let mut total = 0;
        for path in files {
            let meta = std::fs::metadata(path).map_err(|source| CorpusError::File { path: path.clone(), source })?;
            total += meta.len();
        }
        let progress = if quiet { ProgressBar::hidden() } else { ProgressBar::new(total) };
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta} {msg}") {
            progress.set_style(style);
        }
        Ok(Self { adapter, paths: files.iter().cloned().collect(), current: None, before: 0, malformed: 0, progress })
    }

    /// Appends up to `size` rows; `false` at the end of the last file.
    pub fn fill(&mut self, rows: &mut Vec<FlatRow>, size: usize) -> Result<bool, CorpusError> {
        while rows.len() < size {
            let reader = match &mut self.current {
                Some(reader) => reader,
                None => match self.paths.pop_front() {
                    Some(path) => self.current.insert(Rows::open(&path, self.adapter.as_ref())?),
                    None => return Ok(false),
                },
            };
            match reader.next_row()? {
                Some(row) => rows.push(row),
                None => {
                    self.malformed += reader.malformed();
                    self.before += reader.bytes_read();
                    self.current = None;
                }
            }
        }
        let now = self.before + self.current.as_ref().map_or(0, Rows::bytes_read);
        self.progress.set_position(now);
        Ok(true)
    }

    /// Lines of the files read so far that were no row at all.
    pub const fn malformed(&self) -> u64 {
        self.malformed
    }

    pub fn finish(&self) {
        self.progress.finish_and_clear();
    }
}

/// Where links go.
pub struct Sink {
    links: Option<csv::Writer<Box<dyn std::io::Write + Send>>>,
    possible: Option<Possible>,
}

impl Sink {
    fn create(output: Option<&PathBuf>, possible: Option<&Path>, json: bool) -> Result<Self, CorpusError> {
        let possible = possible.map(Possible::create).transpose()?;
        let target: Box<dyn std::io::Write + Send> = match output {
            Some(path) => Box::new(std::fs::File::create(path).map_err(|source| CorpusError::File { path: path.clone(), source })?),
            None if json => return Ok(Self { links: None, possible }),
            None => Box::new(std::io::stdout()),
        };
        let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(target);
        writer.write_record(["id", "case", "matter", "probability"])?;
        Ok(Self { links: Some(writer), possible })
    }

    fn write(&mut self, id: &str, case: &str, matter: &str, probability: f64) -> Result<(), CorpusError> {
        if let Some(writer) = &mut self.links {
            writer.write_record([id, case, matter, &format!("{probability:.4}")])?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), CorpusError> {
        if let Some(mut writer) = self.links {
            writer.flush()?;
        }
        self.possible.map_or(Ok(()), Possible::finish)
    }
}
