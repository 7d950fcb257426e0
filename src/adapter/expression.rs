//! CEL expressions: compiled once, evaluated under a budget of steps, results as JSON.
//!
//! The budget counts look-ups of variables, each by the size of what it brings, instead of time, so that the same record maps
//! the same way on a busy machine. What the budget cannot see, loops over what a loop binds, ends with the record's time: the
//! interpreter knows no interruption, so every loop is made to look up a name at each turn ([`watch`]) that nobody finds when the
//! time is over. What a turn does is in proportion to its record.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use cel::{
    Context, Env, ExecutionError, Value,
    common::{
        ast::{EntryExpr, Expr, IdedExpr},
        types::CelBool,
        value::{CowVal, Val},
    },
    context::VariableResolver,
    objects::{Key, Map, OptionalValue},
};
use serde_json::Value as Json;

use super::{
    error::{ManifestFault, Problem},
    functions::{self, Vocabulary},
    watch,
};

/// Bytes an expression may have.
const MAX_SOURCE: usize = 2_000;
/// Brackets within brackets.
const MAX_BRACKETS: usize = 40;
/// Operators in one expression: the interpreter descends once for each.
const MAX_OPERATORS: usize = 300;
/// Loops within loops.
const MAX_LOOPS: usize = 2;
/// Steps the look-ups of one record may cost.
const MAX_STEPS: u32 = 100_000;
/// How long one record may be worked on. Ordinary ones take less than a thousandth of it.
pub(super) const MAX_TIME: Duration = Duration::from_secs(2);
/// Nodes of a value, or so many bytes of its texts, that cost one step when it is looked up.
const NODES_A_STEP: usize = 16;
/// Bytes one result may have.
pub(super) const MAX_RESULT: usize = 1 << 20;

/// A compiled expression and its source, which errors quote.
pub(super) struct Expression {
    pub source: String,
    /// With a look at the time in every loop.
    program: IdedExpr,
}

/// The functions and tables of one adapter. Shared by all evaluations.
pub(super) struct Engine {
    env: Arc<Env>,
    root: Context<'static, 'static>,
}

impl Engine {
    pub fn new(vocabulary: Arc<Vocabulary>) -> Self {
        let mut env = Env::stdlib();
        // Fails only if a name is taken, which the tests would show.
        let _ = env.add_extension(cel::extensions::strings);
        let env = Arc::new(env);
        let mut root = Context::with_env(Arc::clone(&env));
        functions::register(&mut root, vocabulary);
        Self { env, root }
    }

    /// Compiles `source` for the place `pointer` of the manifest, where the named variables are known.
    pub fn compile(&self, source: &str, pointer: &str, variables: &[&str]) -> Result<Expression, ManifestFault> {
        let fault = |problem: String| ManifestFault { pointer: pointer.to_owned(), expression: Some(source.to_owned()), problem };
        bounded(source).map_err(&fault)?;
        let program = self.env.compile(source).map_err(|errors| fault(first_line(&errors.to_string())))?;
        let mut walk = Walk::default();
        walk.expression(program.expression(), 0);
        if walk.deepest > MAX_LOOPS {
            return Err(fault(format!("loops are nested more than {MAX_LOOPS} deep")));
        }
        if walk.unbounded_replace {
            return Err(fault("what `replace` puts in must be a fixed text".to_owned()));
        }
        let references = program.references();
        let known = |name: &&str| variables.contains(name) || walk.bound.iter().any(|b| b == name) || *name == "optional";
        if let Some(name) = references.variables().iter().find(|name| !known(name)) {
            return Err(fault(format!("`{name}` is not known here; known are {}", variables.join(", "))));
        }
        if let Some(name) = references.functions().iter().find(|name| !functions::is_known(name)) {
            return Err(fault(format!("there is no function `{name}`")));
        }
        let mut program = program.expression().clone();
        watch::every_loop(&mut program);
        Ok(Expression { source: source.to_owned(), program })
    }

    /// The value of an expression; `None` for null and for an absent optional.
    pub fn evaluate(&self, expression: &Expression, scope: &Scope) -> Result<Option<Json>, Problem> {
        if scope.is_late() {
            return Err(Problem::TooSlow { limit: scope.time });
        }
        let mut context = self.root.new_inner_scope();
        context.set_variable_resolver(scope);
        let value = context.resolve(&expression.program).map_err(|error| match () {
            () if scope.spent() => Problem::TooManySteps,
            () if scope.is_late() => Problem::TooSlow { limit: scope.time },
            () => Problem::Failed(describe(&error, &expression.source)),
        })?;
        let mut room = MAX_RESULT;
        to_json(&value, &mut room)
    }

    /// True only if the expression says so. A failing condition does not hold: it asks about members that are not there.
    pub fn holds(&self, expression: &Expression, scope: &Scope) -> bool {
        matches!(self.evaluate(expression, scope), Ok(Some(Json::Bool(true))))
    }
}

fn bounded(source: &str) -> Result<(), String> {
    if source.len() > MAX_SOURCE {
        return Err(format!("the expression has more than {MAX_SOURCE} bytes"));
    }
    let mut depth = 0_usize;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BRACKETS {
            return Err(format!("brackets are nested more than {MAX_BRACKETS} deep"));
        }
    }
    let operators = source.bytes().filter(|byte| b"+-*/%!?<>=&|.".contains(byte)).count();
    if operators > MAX_OPERATORS {
        return Err(format!("the expression has more than {MAX_OPERATORS} operators"));
    }
    Ok(())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// An execution error without the values it carries: a record's data must not reach a log.
fn describe(error: &ExecutionError, source: &str) -> String {
    match error {
        ExecutionError::NoSuchKey(key) if source.contains(key.as_str()) => format!("there is no member `{key}`"),
        ExecutionError::NoSuchKey(_) => "there is no such member".to_owned(),
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is not known for a value of this type"),
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::FunctionError { function, message } if functions::is_ours(function) => format!("{function}: {message}"),
        ExecutionError::FunctionError { function, .. } => format!("{function} failed"),
        ExecutionError::UnexpectedType { want, .. } => format!("a value has the wrong type, {want} was expected"),
        ExecutionError::InvalidArgumentCount { expected, actual } => format!("{actual} arguments where {expected} are needed"),
        ExecutionError::IndexOutOfBounds(_) => "the index is outside the list".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero".to_owned(),
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            format!("{operator} does not take {} and {}", left.type_of(), right.type_of())
        }
        ExecutionError::Overflow(operator, ..) => format!("overflow in {operator}"),
        ExecutionError::DuplicateKey(_) => "a member is given twice".to_owned(),
        ExecutionError::ValuesNotComparable(..) => "values of different types are compared".to_owned(),
        _ => "the expression cannot be evaluated on this record".to_owned(),
    }
}

/// The variables the evaluations of one record see, and the steps and the time they have left.
pub(super) struct Scope<'a> {
    variables: Vec<(&'a str, Box<dyn Val>, u32)>,
    steps: AtomicU32,
    begun: Instant,
    time: Duration,
    turn: CelBool,
    /// Look-ups cost one step each: for whole pages, whose expressions only pick parts.
    flat: bool,
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self { variables: Vec::new(), steps: AtomicU32::new(0), begun: Instant::now(), time: MAX_TIME, turn: true.into(), flat: false }
    }
}

impl<'a> Scope<'a> {
    pub fn flat() -> Self {
        Self { flat: true, ..Self::default() }
    }

    pub fn with(mut self, name: &'a str, value: &Json) -> Self {
        self.push(name, value);
        self
    }

    /// Binds a name; the latest binding of a name counts.
    pub fn push(&mut self, name: &'a str, json: &Json) {
        if let Ok(value) = Box::<dyn Val>::try_from(from_json(json)) {
            let cost = if self.flat { 0 } else { u32::try_from(weight(json) / NODES_A_STEP).unwrap_or(MAX_STEPS).min(MAX_STEPS) };
            self.variables.push((name, value, cost));
        }
    }

    pub fn pop(&mut self) {
        self.variables.pop();
    }

    fn is_late(&self) -> bool {
        self.begun.elapsed() > self.time
    }

    fn spent(&self) -> bool {
        self.steps.load(Ordering::Relaxed) > MAX_STEPS
    }
}

impl VariableResolver for Scope<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if variable == watch::TURN {
            return (!self.is_late()).then_some(CowVal::Borrowed(&self.turn));
        }
        if self.steps.fetch_add(1, Ordering::Relaxed) > MAX_STEPS {
            return None;
        }
        let (_, value, cost) = self.variables.iter().rev().find(|(name, ..)| *name == variable)?;
        self.steps.fetch_add(*cost, Ordering::Relaxed);
        Some(CowVal::Borrowed(value.as_ref()))
    }
}

/// Whole numbers become CEL integers, whatever their sign, so that `record.code == 0` holds.
pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Value::Int(i),
            (None, Some(u)) => Value::UInt(u),
            _ => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::String(Arc::new(s.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(from_json).collect())),
        Json::Object(members) => {
            let map: HashMap<Key, Value> = members.iter().map(|(k, v)| (Key::String(Arc::new(k.clone())), from_json(v))).collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}

fn weight(json: &Json) -> usize {
    1 + match json {
        Json::String(text) => text.len() / NODES_A_STEP,
        Json::Array(items) => items.iter().map(weight).sum(),
        Json::Object(members) => members.values().map(weight).sum(),
        _ => 0,
    }
}

/// `None` for null and absent; members of lists and maps that are absent are left out.
fn to_json(value: &Value, room: &mut usize) -> Result<Option<Json>, Problem> {
    let cost = match value {
        Value::String(s) => s.len() + 2,
        _ => 4,
    };
    *room = room.checked_sub(cost).ok_or(Problem::ResultTooLarge { limit: MAX_RESULT })?;
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(*i),
        Value::UInt(u) => Json::from(*u),
        Value::Float(f) => Json::from(*f),
        Value::String(s) => Json::String(s.to_string()),
        Value::Timestamp(t) => Json::String(t.to_rfc3339()),
        Value::List(items) => {
            Json::Array(items.iter().map(|item| to_json(item, room)).filter_map(Result::transpose).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => Json::Object(members(map, room)?),
        Value::Opaque(opaque) => match opaque.downcast_ref::<OptionalValue>().map(OptionalValue::value) {
            Some(Some(inner)) => return to_json(inner, room),
            Some(None) => return Ok(None),
            None => return Err(Problem::Failed("the result has a type that JSON does not".to_owned())),
        },
        _ => return Err(Problem::Failed("the result has a type that JSON does not".to_owned())),
    }))
}

fn members(map: &Map, room: &mut usize) -> Result<serde_json::Map<String, Json>, Problem> {
    let mut entries: Vec<(String, &Value)> = map.map.iter().map(|(key, value)| (key.to_string(), value)).collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut object = serde_json::Map::new();
    for (key, value) in entries {
        *room = room.checked_sub(key.len()).ok_or(Problem::ResultTooLarge { limit: MAX_RESULT })?;
        if let Some(value) = to_json(value, room)? {
            object.insert(key, value);
        }
    }
    Ok(object)
}

/// Finds the names an expression binds itself and how deep its loops go.
#[derive(Default)]
struct Walk {
    bound: Vec<String>,
    deepest: usize,
    /// `replace` could make a text of the product of two lengths.
    unbounded_replace: bool,
}

impl Walk {
    fn expression(&mut self, at: &IdedExpr, loops: usize) {
        match &at.expr {
            Expr::Call(call) => {
                let fixed = call.args.get(1).is_some_and(|put_in| matches!(put_in.expr, Expr::Literal(_)));
                self.unbounded_replace |= call.func_name == "replace" && !fixed;
                call.target.iter().for_each(|target| self.expression(target, loops));
                call.args.iter().for_each(|argument| self.expression(argument, loops));
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.expression(element, loops)),
            Expr::Select(select) => self.expression(&select.operand, loops),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr, loops)),
            Expr::Struct(fields) => fields.entries.iter().for_each(|entry| self.entry(&entry.expr, loops)),
            Expr::Comprehension(inner) => {
                self.bound.push(inner.iter_var.clone());
                self.bound.extend(inner.iter_var2.clone());
                self.bound.push(inner.accu_var.clone());
                self.deepest = self.deepest.max(loops + 1);
                self.expression(&inner.iter_range, loops);
                self.expression(&inner.accu_init, loops);
                for part in [&inner.loop_cond, &inner.loop_step, &inner.result] {
                    self.expression(part, loops + 1);
                }
            }
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        }
    }

    fn entry(&mut self, entry: &EntryExpr, loops: usize) {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key, loops);
                self.expression(&entry.value, loops);
            }
            EntryExpr::StructField(field) => self.expression(&field.value, loops),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn engine() -> Engine {
        Engine::new(Arc::new(Vocabulary::default()))
    }

    fn check(source: &str, expected: &Result<Option<Json>, Problem>) {
        let engine = engine();
        let record = json!({"n": 0, "big": 9_007_199_254_740_993_i64, "s": "张三", "none": null, "list": [1, 2], "deep": {"a": "x"}});
        let scope = Scope::default().with("record", &record);
        let expression = engine.compile(source, "/x", &["record"]).expect(source);
        assert_eq!(&engine.evaluate(&expression, &scope), expected, "{source}");
    }

    #[test]
    fn values_come_out_as_json() {
        check("record.n == 0", &Ok(Some(json!(true))));
        check("record.big", &Ok(Some(json!(9_007_199_254_740_993_i64))));
        check("record.?deep.?a", &Ok(Some(json!("x"))));
        check("record.?deep.?b", &Ok(None));
        check("record.?missing.orValue('z')", &Ok(Some(json!("z"))));
        check("record.none", &Ok(None));
        check("{'a': record.s, ?'b': record.?missing, 'c': null}", &Ok(Some(json!({"a": "张三"}))));
        check("record.list.map(x, x * 2)", &Ok(Some(json!([2, 4]))));
        check("' a '.trim() + ['b', 'c'].join('-')", &Ok(Some(json!("ab-c"))));
    }

    #[test]
    fn failures_name_members_but_not_values() {
        check("record.missing", &Err(Problem::Failed("there is no member `missing`".into())));
        check("{'k': 1}[record.s]", &Err(Problem::Failed("there is no such member".into())));
        check("record.s + 1", &Err(Problem::Failed("add does not take string and int".into())));
        check("int(record.s)", &Err(Problem::Failed("int failed".into())));
    }

    #[test]
    fn what_is_written_wrong_is_found_when_compiled() {
        let cases = [
            ("record.", "Syntax error"),
            ("recrod.a", "`recrod` is not known here"),
            ("lokup('a', 'b')", "there is no function `lokup`"),
            ("[1].map(a, [1].map(b, [1].map(c, c)))", "loops are nested"),
            ("record.s.replace('a', record.s)", "must be a fixed text"),
        ];
        for (source, problem) in cases {
            let fault = engine().compile(source, "/submission/x", &["record"]).err().map(|f| f.problem).unwrap_or_default();
            assert!(fault.contains(problem), "{source}: {fault}");
        }
    }

    #[test]
    fn what_would_run_away_is_refused_or_stopped() {
        let hostile = [
            "(".repeat(900) + "1" + &")".repeat(900),
            "!".repeat(1_900) + "true",
            "-".repeat(1_900) + "1",
            "1".to_owned() + &"+1".repeat(900),
            "[".repeat(1_000),
        ];
        for source in &hostile {
            assert!(engine().compile(source, "/x", &[]).is_err(), "{}", &source[..10]);
        }
        let long: Vec<u32> = (0..2_000).collect();
        let scope = Scope { time: MAX_TIME * 100, ..Scope::default().with("record", &json!({"l": long})) };
        let engine = engine();
        let expression = engine.compile("record.l.map(a, record.l.map(b, 1))", "/x", &["record"]).expect("compiles");
        assert_eq!(engine.evaluate(&expression, &scope), Err(Problem::TooManySteps));
    }

    /// A few look-ups, and work that grows with the square of the record.
    #[test]
    fn what_takes_too_long_is_ended() {
        let long: Vec<u32> = (0..60_000).collect();
        let record = json!({"l": long, "few": [1, 2]});
        for source in [
            "[record.l].map(l, l.map(a, l == l))",
            "[record.l].map(l, l.filter(a, l == l))",
            "[record.l].exists(l, l.all(a, l == l))",
            "{'a': [record.l].map(l, l.exists_one(a, l == l))}",
        ] {
            let engine = engine();
            let expression = engine.compile(source, "/x", &["record"]).expect(source);
            let limit = Duration::from_millis(100);
            let (begun, scope) = (Instant::now(), Scope { time: limit, ..Scope::default().with("record", &record) });
            assert_eq!(engine.evaluate(&expression, &scope), Err(Problem::TooSlow { limit }), "{source}");
            // Unwatched it would take minutes.
            assert!(begun.elapsed() < MAX_TIME, "{source} took {:?}", begun.elapsed());
            // Nothing more of the record is worked on.
            let next = engine.compile("record.few.map(a, a)", "/x", &["record"]).expect("compiles");
            assert_eq!(engine.evaluate(&next, &scope), Err(Problem::TooSlow { limit }));
        }
        check("record.list.filter(x, x > 1) + record.list.map(x, x > 1, x * 3)", &Ok(Some(json!([2, 6]))));
        check(
            "[record.list.all(x, x > 0), record.list.exists(x, x == 2), record.list.exists_one(x, x == 2)]",
            &Ok(Some(json!([true, true, true]))),
        );
    }
}
