//! What the databases say of statements.

use std::collections::BTreeSet;

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query, sql_types::Text,
};

use super::statement::Statements;

/// Tables that stay small: they grow with the platforms, bodies, keys, endpoints, rules or what is owed now, not with what was filed.
const SMALL: [&str; 19] = [
    "alerts",
    "api_keys",
    "checkpoint_signatures",
    "checkpoints",
    "dropped_files",
    "feed_positions",
    "gap_counts",
    "key_checks",
    "leases",
    "parked_updates",
    "platform_errors",
    "platform_states",
    "pull_cursors",
    "quarantine",
    "reconciliations",
    "tallies",
    "warnings",
    "webhook_events",
    "webhooks",
];
/// Rows that a statement may look at for what it shows.
const MOST_ROWS: u64 = 1_000;

#[derive(QueryableByName)]
struct Detail {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// Those that scan what grows, with their plans.
pub fn all(url: &str, statements: &Statements) -> Vec<String> {
    match url.strip_prefix("sqlite:") {
        Some(path) => on_sqlite(&mut SqliteConnection::establish(path).unwrap(), statements),
        None => on_postgres(&mut PgConnection::establish(url).unwrap(), statements),
    }
}

fn on_sqlite(connection: &mut SqliteConnection, statements: &Statements) -> Vec<String> {
    let explain = |sql: String| {
        let found: Vec<Detail> =
            sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let plan: Vec<String> = found.into_iter().map(|row| row.detail).collect();
        let scans = plan.iter().filter_map(|line| line.strip_prefix("SCAN ")?.split(' ').next());
        scans.into_iter().any(grows).then(|| format!("{sql}\n  {}", plan.join("\n  ")))
    };
    statements.whole().filter_map(explain).collect()
}

/// True for the name of a table that grows; what else is scanned are lists of values and what was found before.
fn grows(name: &str) -> bool {
    let is_table = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_table && !SMALL.contains(&name)
}

fn on_postgres(connection: &mut PgConnection, statements: &Statements) -> Vec<String> {
    // The tables are small here: what has an index is to be found by it all the same.
    connection.batch_execute("SET enable_seqscan = off; SET jit = off;").unwrap();
    let mut explain = |sql: String| {
        let analyze = if sql.starts_with("SELECT") { "ANALYZE, TIMING OFF, SUMMARY OFF, " } else { "" };
        let found: Vec<Line> =
            sql_query(format!("EXPLAIN ({analyze}COSTS OFF) {sql}")).load(connection).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let plan: Vec<String> = found.into_iter().map(|row| row.line).collect();
        let scans: BTreeSet<&str> =
            plan.iter().filter_map(|line| line.split("Seq Scan on ").nth(1)?.split([' ', ')']).next()).filter(|name| grows(name)).collect();
        let rows = rows_read(&plan);
        (!scans.is_empty() || rows > MOST_ROWS).then(|| format!("{sql}\n  ({rows} rows)\n  {}", plan.join("\n  ")))
    };
    statements.whole().filter_map(&mut explain).collect()
}

/// The rows that the scans of big tables in a plan came upon, whether they were wanted or not.
fn rows_read(plan: &[String]) -> u64 {
    let (mut rows, mut counts, mut loops) = (0, false, 1);
    for line in plan {
        let number = |before: &str| -> Option<u64> {
            let digits: String = line.split(before).nth(1)?.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        if line.contains("->") || !line.starts_with(' ') {
            let table = line.split(" on ").nth(1).and_then(|rest| rest.split([' ', ')']).next());
            counts = line.contains("Scan") && table.is_some_and(grows) && !line.contains("Bitmap Index");
            loops = number("loops=").unwrap_or(1);
        }
        if counts {
            rows += number("actual rows=").or_else(|| number("Rows Removed by Filter: ")).unwrap_or_default() * loops;
        }
    }
    rows
}
