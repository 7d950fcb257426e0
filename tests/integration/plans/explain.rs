//! What the databases say of statements.

use std::collections::BTreeSet;

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query, sql_types::Text,
};

use super::statement::Statements;

/// Tables that stay small: they grow with the platforms, bodies, keys, endpoints, rules or what is owed now, not with what was filed.
const SMALL: [&str; 20] = [
    "alerts",
    "api_keys",
    "checkpoint_signatures",
    "checkpoints",
    "data_keys",
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
/// Rows that a statement may come upon: the change feed is read 5,000 entries at a time, whatever is wanted of them.
const MOST_ROWS: u64 = 5_500;

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

/// As many times more than there are, so that the plans are those of a store of a million cases.
const GROWTH: u64 = 1_000;

#[derive(QueryableByName)]
struct Statistic {
    #[diesel(sql_type = Text)]
    idx: String,
    #[diesel(sql_type = Text)]
    stat: String,
}

/// Tells the planner of a store that has grown: more rows, and more of each value that many rows share.
fn grow(connection: &mut SqliteConnection) {
    let found: Vec<Statistic> = sql_query("SELECT idx, stat FROM sqlite_stat1 WHERE idx IS NOT NULL").load(connection).unwrap();
    for Statistic { idx, stat } in found {
        let grown = stat.split(' ').enumerate().map(|(at, number)| match number.parse::<u64>() {
            Ok(rows) if at == 0 || rows > 20 => (rows * GROWTH).to_string(),
            _ => number.to_owned(),
        });
        let grown = grown.collect::<Vec<_>>().join(" ");
        connection.batch_execute(&format!("UPDATE sqlite_stat1 SET stat = '{grown}' WHERE idx = '{idx}'")).unwrap();
    }
    connection.batch_execute("DROP TABLE IF EXISTS sqlite_stat4; ANALYZE sqlite_schema;").unwrap();
}

fn on_sqlite(connection: &mut SqliteConnection, statements: &Statements) -> Vec<String> {
    connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    grow(connection);
    let explain = |sql: String| {
        // What can never hold is not looked for.
        if sql.contains("(1=0)") {
            return None;
        }
        let found: Vec<Detail> =
            sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let plan: Vec<String> = found.into_iter().map(|row| row.detail).collect();
        // What comes in the order of an index ends with the page.
        let ends = sql.contains(" LIMIT ") && !plan.iter().any(|line| line.contains("TEMP B-TREE"));
        let scans = plan.iter().filter(|line| !(ends && line.contains("USING INDEX")));
        let mut scanned = scans.filter_map(|line| line.strip_prefix("SCAN ")?.split(' ').next());
        scanned.any(grows).then(|| format!("{sql}\n  {}", plan.join("\n  ")))
    };
    statements.whole().filter_map(explain).collect()
}

/// True for the name of a table that grows; what else is scanned are lists of values and what was found before.
fn grows(name: &str) -> bool {
    let is_table = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    // `sqlite_master` holds the schema.
    is_table && !name.starts_with("sqlite_") && !SMALL.contains(&name)
}

fn on_postgres(connection: &mut PgConnection, statements: &Statements) -> Vec<String> {
    // The tables are small here: what has an index is to be found by it all the same.
    connection.batch_execute("SET enable_seqscan = off; SET jit = off;").unwrap();
    let mut explain = |sql: String| {
        let analyze = if sql.starts_with("SELECT") { "ANALYZE, TIMING OFF, SUMMARY OFF, " } else { "" };
        let found: Vec<Line> =
            sql_query(format!("EXPLAIN ({analyze}COSTS OFF) {sql}")).load(connection).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let plan: Vec<String> = found.into_iter().map(|row| row.line).collect();
        let scanned = plan.iter().filter_map(|line| line.split("Seq Scan on ").nth(1)?.split([' ', ')']).next());
        let scanned: BTreeSet<&str> = scanned.filter(|name| grows(name)).collect();
        let rows = rows_read(&plan);
        (!scanned.is_empty() || rows > MOST_ROWS).then(|| format!("{sql}\n  ({rows} rows)\n  {}", plan.join("\n  ")))
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
