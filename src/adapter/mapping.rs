//! One record of a platform into one filing or update.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::Value as Json;

use super::{
    error::{ManifestFault, MappingError, Problem},
    exchange,
    expression::{Engine, Expression, Scope},
    manifest::{MappingManifest, Yields},
    shape::{Blank, FieldProblem, Shape, escape},
};
use crate::domain::{submission::Submission, update::CaseUpdate, withdrawal::Withdrawal};

/// Bytes of JSON one record may have.
pub const MAX_RECORD: usize = 256 << 10;

/// What all parts of an adapter share.
pub(super) struct Core {
    pub name: Arc<str>,
    pub engine: Engine,
    pub settings: Json,
}

impl Core {
    pub fn error(&self, place: &str, problem: FieldProblem) -> MappingError {
        MappingError {
            adapter: Arc::clone(&self.name),
            place: place.into(),
            field: problem.pointer,
            expression: problem.expression,
            problem: problem.problem,
        }
    }

    pub fn problem(&self, place: &str, problem: Problem) -> MappingError {
        self.error(place, FieldProblem { pointer: String::new(), expression: None, problem })
    }

    /// Evaluates an expression that is not part of a shape, named by its place in the manifest.
    pub fn value(&self, place: &str, field: &str, expression: &Expression, scope: &Scope) -> Result<Option<Json>, MappingError> {
        self.engine.evaluate(expression, scope).map_err(|problem| {
            self.error(place, FieldProblem { pointer: field.to_owned(), expression: Some(expression.source.clone()), problem })
        })
    }
}

/// What a record became.
#[derive(Clone, Debug, PartialEq)]
pub enum Inbound {
    Submission(Box<Submission>),
    Update(Box<CaseUpdate>),
    /// A filing that is no longer there.
    Withdrawal(Box<Withdrawal>),
}

/// A record that did not map: kept by the caller with its raw form until the mapping is mended, and then
/// given to [`super::Adapter::replay`]. Its print does not show the raw form.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct UnmappedRecord {
    /// The record's own number on its platform, where it could be read.
    pub source_ref: Option<String>,
    /// The mapping that failed, to replay it with; absent if no route led to one.
    pub mapping: Option<String>,
    /// The record as JSON; as received where it is not readable at all.
    pub raw: Vec<u8>,
    #[source]
    pub error: MappingError,
}

impl fmt::Debug for UnmappedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnmappedRecord")
            .field("source_ref", &self.source_ref)
            .field("raw_bytes", &self.raw.len())
            .field("error", &self.error)
            .finish()
    }
}

/// One bad record never blocks the rest.
pub type Mapped = Result<Inbound, Box<UnmappedRecord>>;

/// A mapping of the manifest, compiled.
pub(super) struct Mapping {
    pub name: String,
    pub yields: Yields,
    place: String,
    source_ref: Option<Expression>,
    lets: Vec<(String, Expression)>,
    fields: Shape,
}

impl Mapping {
    pub fn compile(engine: &Engine, name: &str, manifest: &MappingManifest) -> Result<Self, ManifestFault> {
        let pointer = format!("/mappings/{}", escape(name));
        let mut variables = vec!["record", "settings"];
        let source_ref =
            manifest.source_ref.as_ref().map(|source| engine.compile(source, &format!("{pointer}/source_ref"), &variables)).transpose()?;
        let mut lets = Vec::new();
        for (at, binding) in manifest.lets.iter().enumerate() {
            lets.push((binding.name.clone(), engine.compile(&binding.value, &format!("{pointer}/let/{at}/value"), &variables)?));
            variables.push(&binding.name);
        }
        let fields = Shape::compile(engine, &manifest.fields, &format!("{pointer}/fields"), &variables)?;
        Ok(Self { name: name.to_owned(), yields: manifest.yields, place: format!("mapping {name}"), source_ref, lets, fields })
    }

    /// Which expression makes which field, for reports.
    pub fn expressions(&self, prefix: &str, out: &mut BTreeMap<String, String>) {
        self.fields.expressions(prefix, out);
    }

    pub fn map(&self, core: &Core, record: &Json) -> Mapped {
        self.try_map(core, record).map_err(|error| {
            let scope = Scope::default().with("record", record).with("settings", &core.settings);
            let source_ref = self.source_ref.as_ref().and_then(|e| core.engine.evaluate(e, &scope).ok().flatten());
            Box::new(UnmappedRecord {
                source_ref: source_ref.map(|json| super::body::scalar(&json).chars().take(128).collect()),
                mapping: Some(self.name.clone()),
                raw: record.to_string().into_bytes(),
                error,
            })
        })
    }

    fn try_map(&self, core: &Core, record: &Json) -> Result<Inbound, MappingError> {
        if !fits(record, &mut MAX_RECORD.clone()) {
            return Err(core.problem(&self.place, Problem::RecordTooLarge { limit: MAX_RECORD }));
        }
        let mut scope = Scope::default().with("record", record).with("settings", &core.settings);
        for (name, expression) in &self.lets {
            let value = core.value(&self.place, &format!("let {name}"), expression, &scope)?;
            scope.push(name, &value.unwrap_or_default());
        }
        let made = self.fields.make(&core.engine, &mut scope, Blank::Absent).map_err(|problem| core.error(&self.place, problem))?;
        let made = made.unwrap_or_else(|| Json::Object(serde_json::Map::new()));
        let inbound = match self.yields {
            Yields::Submission => exchange::submission(&made).map(|s| Inbound::Submission(Box::new(s))),
            Yields::Update => exchange::update(&made).map(|u| Inbound::Update(Box::new(u))),
            Yields::Withdrawal => exchange::withdrawal(&made).map(|w| Inbound::Withdrawal(Box::new(w))),
        };
        inbound.map_err(|mut problem| {
            let mut expressions = BTreeMap::new();
            self.expressions("", &mut expressions);
            problem.expression = expressions.remove(&problem.pointer);
            core.error(&self.place, problem)
        })
    }
}

/// Counts what the value takes as JSON, roughly and never more, and stops when the room is used up.
fn fits(json: &Json, room: &mut usize) -> bool {
    let cost = match json {
        Json::String(text) => text.len() + 2,
        _ => 1,
    };
    let Some(left) = room.checked_sub(cost) else { return false };
    *room = left;
    match json {
        Json::Array(items) => items.iter().all(|item| fits(item, room)),
        Json::Object(members) => members.iter().all(|(key, value)| {
            *room = room.saturating_sub(key.len() + 4);
            *room > 0 && fits(value, room)
        }),
        _ => true,
    }
}
