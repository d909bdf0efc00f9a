//! Collection and output of findings.

use std::fmt::Write as _;

use serde::Serialize;

use crate::finding::{Check, Finding, Status};

/// All findings, in the order of the checks.
pub struct Report<'a> {
    findings: Vec<Finding>,
    show: Box<dyn FnMut(&Finding) + 'a>,
}

/// Number of checks by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    pub ok: usize,
    pub warning: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl<'a> Report<'a> {
    /// Creates a report that passes each finding to `show` at once.
    pub fn new(show: impl FnMut(&Finding) + 'a) -> Self {
        Self {
            findings: Vec::new(),
            show: Box::new(show),
        }
    }

    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for finding in &self.findings {
            *match finding.status {
                Status::Ok => &mut counts.ok,
                Status::Warning => &mut counts.warning,
                Status::Failed => &mut counts.failed,
                Status::Skipped => &mut counts.skipped,
            } += 1;
        }
        counts
    }

    /// Report as `{"findings": […], "counts": {…}}`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "findings": self.findings, "counts": self.counts() })
    }

    /// Part of the report about `subject`.
    pub(crate) fn about<'r>(&'r mut self, subject: impl Into<String>) -> About<'r, 'a> {
        About {
            report: self,
            subject: subject.into(),
        }
    }

    fn add(&mut self, finding: Finding) {
        (self.show)(&finding);
        self.findings.push(finding);
    }
}

/// Count with its noun, such as `1 schema`, `2 schemas`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// Part of a report about one subject.
pub(crate) struct About<'r, 'a> {
    report: &'r mut Report<'a>,
    subject: String,
}

impl About<'_, '_> {
    pub(crate) fn ok(&mut self, check: Check, found: impl Into<String>) {
        self.add(check, Status::Ok, found.into(), None);
    }

    pub(crate) fn warn(&mut self, check: Check, found: impl Into<String>, fix: impl Into<String>) {
        self.add(check, Status::Warning, found.into(), Some(fix.into()));
    }

    pub(crate) fn fail(&mut self, check: Check, found: impl Into<String>, fix: impl Into<String>) {
        self.add(check, Status::Failed, found.into(), Some(fix.into()));
    }

    /// Adds a skipped check; `because` is a clause without its conjunction.
    pub(crate) fn skip(&mut self, check: Check, because: &str) {
        self.add(check, Status::Skipped, format!("because {because}"), None);
    }

    /// Skips each of `checks`.
    pub(crate) fn skip_all(&mut self, checks: &[Check], because: &str) {
        for check in checks {
            self.skip(*check, because);
        }
    }

    fn add(&mut self, check: Check, status: Status, found: String, fix: Option<String>) {
        let subject = self.subject.clone();
        self.report.add(Finding {
            subject,
            check,
            status,
            found,
            fix,
        });
    }
}

impl Counts {
    /// Whether no check failed.
    pub fn is_healthy(self) -> bool {
        self.failed == 0
    }

    /// Counts such as `7 ok, 1 warning, 0 failed, 2 skipped`.
    pub fn to_text(self) -> String {
        let Self {
            ok,
            warning,
            failed,
            skipped,
        } = self;
        let warnings = counted(warning, "warning", "warnings");
        format!("{ok} ok, {warnings}, {failed} failed, {skipped} skipped")
    }
}

/// Findings as an aligned list, with a heading for each subject.
#[derive(Debug, Default)]
pub struct TextList {
    subject: Option<String>,
}

/// Maximum length of a line, in characters, unless a word is longer.
const WIDTH: usize = 120;
const STATUS_WIDTH: usize = 7;
const CHECK_WIDTH: usize = 12;
/// Column at which the text of a finding begins.
const INDENT: usize = 2 + STATUS_WIDTH + 2 + CHECK_WIDTH + 2;

impl TextList {
    /// Lines of `finding`, preceded by a heading if its subject differs from that of the last.
    pub fn lines(&mut self, finding: &Finding) -> String {
        let mut text = String::new();
        if self.subject.as_ref() != Some(&finding.subject) {
            let gap = if self.subject.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}{}", finding.subject);
            self.subject = Some(finding.subject.clone());
        }
        let (status, check) = (finding.status, finding.check);
        let _ = write!(text, "  {status:STATUS_WIDTH$}  {check:CHECK_WIDTH$}  ");
        text.push_str(&hanging(&finding.found, INDENT));
        if let Some(fix) = &finding.fix {
            let _ = write!(text, "{:INDENT$}fix: ", "");
            text.push_str(&hanging(fix, INDENT + "fix: ".len()));
        }
        text
    }
}

/// `text` in lines that end before [`WIDTH`], all but the first indented.
fn hanging(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            let _ = write!(lines, "\n{:indent$}", "");
            column = indent;
        } else if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: &str, status: Status, found: &str, fix: Option<&str>) -> Finding {
        Finding {
            subject: subject.into(),
            check: Check::Topic,
            status,
            found: found.into(),
            fix: fix.map(Into::into),
        }
    }

    #[test]
    fn a_subject_is_named_once_and_what_follows_is_aligned() {
        let mut list = TextList::default();
        let findings = [
            finding("table a.b", Status::Ok, "1 partition", None),
            finding("table a.b", Status::Failed, "gone", Some("make it")),
            finding("table a.c", Status::Skipped, "because", None),
        ];
        let text: String = findings.iter().map(|finding| list.lines(finding)).collect();
        let wanted = "\
table a.b
  ok       topic         1 partition
  failed   topic         gone
                         fix: make it

table a.c
  skipped  topic         because
";
        assert_eq!(text, wanted);
    }

    #[test]
    fn long_phrases_go_on_under_themselves() {
        let found = "word ".repeat(60);
        let text = TextList::default().lines(&finding("s", Status::Ok, &found, Some(&found)));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.matches("word").count(), 120);
        let behind_the_first = text.lines().skip(2).take(2);
        assert!(
            behind_the_first
                .into_iter()
                .all(|line| line.starts_with(&" ".repeat(INDENT)))
        );
    }

    #[test]
    fn no_word_is_cut() {
        let long = "x".repeat(300);
        assert!(
            TextList::default()
                .lines(&finding("s", Status::Ok, &long, None))
                .contains(&long)
        );
    }

    #[test]
    fn a_report_is_healthy_unless_something_failed() {
        let mut shown = 0;
        let mut report = Report::new(|_| shown += 1);
        let mut about = report.about("s");
        about.ok(Check::Topic, "there");
        about.warn(Check::Read, "odd", "look");
        about.skip(Check::Decode, "of it");
        assert!(report.counts().is_healthy());
        report.about("s").fail(Check::Topic, "gone", "make it");
        assert!(!report.counts().is_healthy());
        assert_eq!(report.counts().to_text(), "1 ok, 1 warning, 1 failed, 1 skipped");
        drop(report);
        assert_eq!(shown, 4);
    }

    #[test]
    fn the_json_leaves_out_a_fix_that_there_is_not() {
        let mut report = Report::new(|_| {});
        report.about("table a.b").ok(Check::QueryStatus, "told");
        report.about("table a.b").fail(Check::Read, "denied", "allow it");
        let wanted = serde_json::json!({
            "findings": [
                { "subject": "table a.b", "check": "query_status", "status": "ok", "found": "told" },
                { "subject": "table a.b", "check": "read", "status": "failed", "found": "denied", "fix": "allow it" },
            ],
            "counts": { "ok": 1, "warning": 0, "failed": 1, "skipped": 0 },
        });
        assert_eq!(report.to_json(), wanted);
    }
}
