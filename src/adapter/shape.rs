//! The shape of what a mapping makes: a tree of expressions in the form of the result.
//!
//! A text in the manifest is an expression, any other scalar stands for itself. In an object, `$if` says when it is there at
//! all. In a list, `{$each: list, $as: name, $make: shape}` makes one item for each member of a list. What an expression
//! leaves absent (null or an absent optional, and inbound also blank text) is left out, and so is an object or list with
//! nothing in it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{
    error::{ManifestFault, Problem},
    expression::{Engine, Expression, Scope},
};

/// Items one `$each` may make.
const MAX_ITEMS: usize = 1_000;

pub(super) enum Shape {
    Constant(Json),
    Expression(Expression),
    Object { condition: Option<Expression>, members: Vec<(String, Self)> },
    List(Vec<Item>),
}

pub(super) enum Item {
    One(Shape),
    Each { list: Expression, name: String, shape: Box<Shape> },
}

/// What counts as absent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// Blank text is no value: platforms send `""` for what they do not know.
    Absent,
    /// Blank text is a value.
    Kept,
}

/// A field that could not be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FieldProblem {
    pub pointer: String,
    pub expression: Option<String>,
    pub problem: Problem,
}

impl Shape {
    pub fn compile(engine: &Engine, json: &Json, pointer: &str, variables: &[&str]) -> Result<Self, ManifestFault> {
        Ok(match json {
            Json::String(source) => Self::Expression(engine.compile(source, pointer, variables)?),
            Json::Object(members) => Self::object(engine, members, pointer, variables)?,
            Json::Array(items) => {
                let compiled: Result<Vec<Item>, ManifestFault> =
                    items.iter().enumerate().map(|(at, item)| Item::compile(engine, item, &format!("{pointer}/{at}"), variables)).collect();
                Self::List(compiled?)
            }
            constant => Self::Constant(constant.clone()),
        })
    }

    fn object(engine: &Engine, json: &Map<String, Json>, pointer: &str, variables: &[&str]) -> Result<Self, ManifestFault> {
        let mut condition = None;
        let mut members = Vec::new();
        for (name, value) in json {
            let at = format!("{pointer}/{}", escape(name));
            match (name.as_str(), value) {
                ("$if", Json::String(source)) => condition = Some(engine.compile(source, &at, variables)?),
                (special, _) if special.starts_with('$') => return Err(ManifestFault::new(at, "this has no meaning here")),
                _ => members.push((name.clone(), Self::compile(engine, value, &at, variables)?)),
            }
        }
        Ok(Self::Object { condition, members })
    }

    /// Which expression makes which field, for reports. Fields made by `$each` are not told apart.
    pub fn expressions(&self, pointer: &str, out: &mut BTreeMap<String, String>) {
        match self {
            Self::Constant(_) => {}
            Self::Expression(expression) => {
                out.insert(pointer.to_owned(), expression.source.clone());
            }
            Self::Object { members, .. } => {
                members.iter().for_each(|(name, shape)| shape.expressions(&format!("{pointer}/{}", escape(name)), out));
            }
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    if let Item::One(shape) = item {
                        shape.expressions(&format!("{pointer}/{at}"), out);
                    }
                }
            }
        }
    }

    /// Makes the value; `None` if it is absent.
    pub fn make<'a>(&'a self, engine: &Engine, scope: &mut Scope<'a>, blank: Blank) -> Result<Option<Json>, FieldProblem> {
        self.make_at(engine, scope, blank, "")
    }

    fn make_at<'a>(&'a self, engine: &Engine, scope: &mut Scope<'a>, blank: Blank, pointer: &str) -> Result<Option<Json>, FieldProblem> {
        match self {
            Self::Constant(json) => Ok(Some(json.clone())),
            Self::Expression(expression) => {
                let value = evaluate(engine, expression, scope, pointer)?;
                Ok(value.and_then(|value| if blank == Blank::Absent { without_blanks(value) } else { Some(value) }))
            }
            Self::Object { condition, members } => {
                if let Some(condition) = condition
                    && evaluate(engine, condition, scope, &format!("{pointer}/$if"))? != Some(Json::Bool(true))
                {
                    return Ok(None);
                }
                let mut object = Map::new();
                for (name, shape) in members {
                    if let Some(value) = shape.make_at(engine, scope, blank, &format!("{pointer}/{}", escape(name)))? {
                        object.insert(name.clone(), value);
                    }
                }
                Ok((!object.is_empty()).then_some(Json::Object(object)))
            }
            Self::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    item.make(engine, scope, blank, pointer, &mut list)?;
                }
                Ok((!list.is_empty()).then_some(Json::Array(list)))
            }
        }
    }
}

impl Item {
    fn compile(engine: &Engine, json: &Json, pointer: &str, variables: &[&str]) -> Result<Self, ManifestFault> {
        let Some(each) = json.get("$each") else {
            return Ok(Self::One(Shape::compile(engine, json, pointer, variables)?));
        };
        let (Json::String(list), Some(Json::String(name)), Some(shape), Some(3)) =
            (each, json.get("$as"), json.get("$make"), json.as_object().map(Map::len))
        else {
            return Err(ManifestFault::new(pointer, "a list over another has exactly $each, $as and $make"));
        };
        let list = engine.compile(list, &format!("{pointer}/$each"), variables)?;
        let inner: Vec<&str> = variables.iter().copied().chain([name.as_str()]).collect();
        let shape = Box::new(Shape::compile(engine, shape, &format!("{pointer}/$make"), &inner)?);
        Ok(Self::Each { list, name: name.clone(), shape })
    }

    fn make<'a>(
        &'a self,
        engine: &Engine,
        scope: &mut Scope<'a>,
        blank: Blank,
        pointer: &str,
        out: &mut Vec<Json>,
    ) -> Result<(), FieldProblem> {
        match self {
            Self::One(shape) => {
                let at = format!("{pointer}/{}", out.len());
                out.extend(shape.make_at(engine, scope, blank, &at)?);
            }
            Self::Each { list, name, shape } => {
                let fault = |why: &str| FieldProblem {
                    pointer: pointer.to_owned(),
                    expression: Some(list.source.clone()),
                    problem: Problem::Failed(why.to_owned()),
                };
                let members = match evaluate(engine, list, scope, pointer)? {
                    None => Vec::new(),
                    Some(Json::Array(members)) => members,
                    Some(_) => return Err(fault("$each needs a list")),
                };
                if members.len() > MAX_ITEMS {
                    return Err(fault("the list has more than a thousand members"));
                }
                for member in &members {
                    scope.push(name, member);
                    let at = format!("{pointer}/{}", out.len());
                    let made = shape.make_at(engine, scope, blank, &at);
                    scope.pop();
                    out.extend(made?);
                }
            }
        }
        Ok(())
    }
}

fn evaluate(engine: &Engine, expression: &Expression, scope: &Scope, pointer: &str) -> Result<Option<Json>, FieldProblem> {
    engine.evaluate(expression, scope).map_err(|problem| FieldProblem {
        pointer: pointer.to_owned(),
        expression: Some(expression.source.clone()),
        problem,
    })
}

fn without_blanks(json: Json) -> Option<Json> {
    match json {
        Json::String(text) if text.trim().is_empty() => None,
        Json::Object(members) => {
            let kept: Map<String, Json> = members.into_iter().filter_map(|(k, v)| Some((k, without_blanks(v)?))).collect();
            (!kept.is_empty()).then_some(Json::Object(kept))
        }
        Json::Array(items) => {
            let kept: Vec<Json> = items.into_iter().filter_map(without_blanks).collect();
            (!kept.is_empty()).then_some(Json::Array(kept))
        }
        other => Some(other),
    }
}

/// A member name as a JSON Pointer token (RFC 6901).
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::adapter::functions::Vocabulary;

    fn check(shape: &Json, blank: Blank, expected: Result<Option<Json>, &str>) {
        let engine = Engine::new(Arc::new(Vocabulary::default()));
        let record = json!({"name": "张三", "blank": " ", "people": [{"n": "李四"}, {"n": ""}, {"n": "王五"}], "code": 7});
        let compiled = Shape::compile(&engine, shape, "/fields", &["record"]).expect("compiles");
        let mut scope = Scope::default().with("record", &record);
        let made = compiled.make(&engine, &mut scope, blank).map_err(|p| p.pointer);
        assert_eq!(made, expected.map_err(str::to_owned), "{shape}");
    }

    #[test]
    fn shapes_are_filled() {
        check(&json!({"a": "record.name", "n": 1, "t": true}), Blank::Absent, Ok(Some(json!({"a": "张三", "n": 1, "t": true}))));
        check(&json!({"a": "record.blank", "b": "record.?no"}), Blank::Absent, Ok(None));
        check(&json!({"a": "record.blank"}), Blank::Kept, Ok(Some(json!({"a": " "}))));
        check(&json!({"a": {"$if": "present(record.?no)", "b": 1}, "c": 2}), Blank::Absent, Ok(Some(json!({"c": 2}))));
        let list = json!([{"who": "record.name"}, {"$each": "record.people", "$as": "p", "$make": {"who": "p.n"}}]);
        check(&list, Blank::Absent, Ok(Some(json!([{"who": "张三"}, {"who": "李四"}, {"who": "王五"}]))));
    }

    #[test]
    fn faults_name_the_field() {
        check(&json!({"a": {"b/c": ["record.name", {"d": "record.no"}]}}), Blank::Absent, Err("/a/b~1c/1/d"));
        check(&json!([{"$each": "record.code", "$as": "p", "$make": "p"}]), Blank::Absent, Err(""));
        check(&json!([{"$each": "record.people", "$as": "p", "$make": {"x": "p.z"}}]), Blank::Absent, Err("/0/x"));
    }
}
