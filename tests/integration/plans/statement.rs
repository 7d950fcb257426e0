//! Statements as the store reports them, and as a database can explain them.

use std::collections::{BTreeMap, BTreeSet};

/// Values of one statement that are explained; a plan may depend on them.
const VARIANTS: usize = 4;

/// The statements seen, with some of the values they came with.
#[derive(Default)]
pub struct Statements(BTreeMap<String, BTreeSet<String>>);

impl Statements {
    /// `SELECT … -- binds: […]`.
    pub fn note(&mut self, reported: &str) {
        let (sql, binds) = reported.rsplit_once(" -- binds: ").unwrap_or((reported, "[]"));
        let is_explained = ["SELECT", "WITH", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb));
        if !is_explained || sql.contains("pg_advisory") {
            return;
        }
        let variants = self.0.entry(sql.to_owned()).or_default();
        if variants.len() < VARIANTS {
            variants.insert(binds.to_owned());
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each with its values written into it.
    pub fn whole(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(sql, variants)| variants.iter().map(move |binds| filled(sql, &values(binds))))
    }
}

/// Puts values in the places of parameters: `?` or `$1`, not inside quotes.
fn filled(sql: &str, values: &[String]) -> String {
    let (mut text, mut next) = (String::with_capacity(sql.len()), values.iter());
    let mut quote = None;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '?') => {
                text.push_str(next.next().unwrap_or_else(|| panic!("too few values: {sql}")));
                continue;
            }
            (None, '$') if chars.peek().is_some_and(char::is_ascii_digit) => {
                let mut number = String::new();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                text.push_str(&values[number.parse::<usize>().unwrap() - 1]);
                continue;
            }
            _ => {}
        }
        text.push(c);
    }
    text
}

/// The values of `[1, "x", None, 2026-03-01T00:00:00, [1, 2]]` as literals of SQL.
fn values(binds: &str) -> Vec<String> {
    let inner = binds.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_else(|| panic!("no list: {binds}"));
    parts(inner).iter().map(|part| literal(part)).collect()
}

/// Splits at commas that are not inside quotes or brackets.
fn parts(list: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted, mut escaped) = (Vec::new(), String::new(), 0_usize, false, false);
    for c in list.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '(' if !quoted => depth += 1,
            ']' | ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    let last = part.trim().to_owned();
    parts.extend(Some(last).filter(|last| !last.is_empty()));
    parts
}

fn literal(value: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    if let Some(inner) = value.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        return literal(inner);
    }
    if let Some(list) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return quoted(&format!("{{{list}}}"));
    }
    match value {
        "None" => "NULL".to_owned(),
        "true" | "false" => value.to_owned(),
        _ if value.starts_with('"') => quoted(&serde_json::from_str::<String>(value).unwrap_or_default()),
        _ if value.parse::<f64>().is_ok() => value.to_owned(),
        // A time as SQLite keeps it, and PostgreSQL reads it.
        _ => quoted(&value.replacen('T', " ", 1)),
    }
}

#[test]
fn statements_are_written_out() {
    let mut statements = Statements::default();
    statements.note(
        "SELECT a FROM b WHERE c LIKE ? ESCAPE '\\' AND d = ? AND e < ? AND f IN (?, ?) -- binds: [\"x, '%\", Some(5), 2026-03-01T00:00:00.5, \"?\", None]",
    );
    statements.note("SELECT $2, $1 FROM b WHERE c = ANY($3) -- binds: [1, true, [\"a\", \"b\"]]");
    statements.note("INSERT INTO b VALUES (?) -- binds: [1]");
    statements.note("SELECT 1");
    let whole: Vec<String> = statements.whole().collect();
    assert_eq!(
        whole,
        [
            "SELECT true, 1 FROM b WHERE c = ANY('{\"a\", \"b\"}')",
            "SELECT 1",
            "SELECT a FROM b WHERE c LIKE 'x, ''%' ESCAPE '\\' AND d = 5 AND e < '2026-03-01 00:00:00.5' AND f IN ('?', NULL)",
        ]
    );
}
