//! What was found, for people and for programs.

use serde::Serialize;

use super::Found;

#[derive(Debug, Serialize)]
pub struct Report {
    /// What was driven: `api` or `receiver`.
    pub what: String,
    pub url: String,
    pub results: Vec<Checked>,
}

#[derive(Debug, Serialize)]
pub struct Checked {
    /// Stable, for programs.
    pub name: &'static str,
    /// What must hold.
    pub title: &'static str,
    pub outcome: Outcome,
    /// Why it failed or was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Report {
    pub fn note(&mut self, name: &'static str, title: &'static str, found: impl Into<Found>) {
        let (outcome, detail) = match found.into() {
            Found::Passed => (Outcome::Passed, None),
            Found::Skipped(why) => (Outcome::Skipped, Some(why.to_owned())),
            Found::Failed(why) => (Outcome::Failed, Some(why)),
        };
        self.results.push(Checked { name, title, outcome, detail });
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.results.iter().filter(|checked| checked.outcome == outcome).count()
    }

    pub fn failed(&self) -> usize {
        self.count(Outcome::Failed)
    }

    fn summary(&self) -> String {
        let [passed, failed, skipped] = [Outcome::Passed, Outcome::Failed, Outcome::Skipped].map(|outcome| self.count(outcome));
        format!("{passed} passed, {failed} failed, {skipped} left out")
    }

    /// A line a check, and the sum.
    pub fn text(&self) -> String {
        let lines = self.results.iter().map(|checked| {
            let mark = match checked.outcome {
                Outcome::Passed => "passed ",
                Outcome::Failed => "FAILED ",
                Outcome::Skipped => "skipped",
            };
            let detail = checked.detail.as_deref().map(|why| format!("\n          {why}")).unwrap_or_default();
            format!("{mark}  {}{detail}\n", checked.title)
        });
        format!("{}{}\n", lines.collect::<String>(), self.summary())
    }

    /// A test case a check, as JUnit's readers expect.
    pub fn junit(&self) -> String {
        let cases = self.results.iter().map(|checked| {
            let name = format!("<testcase classname=\"conformance.{}\" name=\"{}\"", self.what, checked.name);
            let detail = escape(checked.detail.as_deref().unwrap_or_default());
            match checked.outcome {
                Outcome::Passed => format!("  {name}/>\n"),
                Outcome::Failed => format!("  {name}><failure message=\"{}\">{detail}</failure></testcase>\n", escape(checked.title)),
                Outcome::Skipped => format!("  {name}><skipped message=\"{detail}\"/></testcase>\n"),
            }
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{} at {}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n{}</testsuite>\n",
            self.what,
            escape(&self.url),
            self.results.len(),
            self.failed(),
            self.count(Outcome::Skipped),
            cases.collect::<String>()
        )
    }

    pub fn markdown(&self) -> String {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let rows = self.results.iter().map(|checked| {
            let outcome = match checked.outcome {
                Outcome::Passed => "passed",
                Outcome::Failed => "**failed**",
                Outcome::Skipped => "left out",
            };
            format!(
                "| `{}` | {} | {outcome} | {} |\n",
                checked.name,
                cell(checked.title),
                cell(checked.detail.as_deref().unwrap_or_default())
            )
        });
        format!(
            "# Conformance: {} at {}\n\n{}.\n\n| check | what must hold | outcome | why |\n| --- | --- | --- | --- |\n{}",
            self.what,
            self.url,
            self.summary(),
            rows.collect::<String>()
        )
    }
}

/// For XML, which takes no control characters either.
fn escape(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    quick_xml::escape::escape(text.as_str()).into_owned()
}
