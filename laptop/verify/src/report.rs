//! Findings, notes and counts of a verification.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

/// Rule of the protocol, or a promise about rows, that a connector breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A call that Athena makes fails.
    CallFails,
    /// A response that the Java SDK's reader rejects: order or names of keys, types of values.
    ResponseForm,
    /// Arrow bytes that the Java SDK's reader rejects.
    ArrowForm,
    /// A response larger than Lambda's limit.
    ResponseSize,
    /// A ping without a usable version, or that does not echo the request.
    Ping,
    /// A capability that Athena does not know.
    Capability,
    /// Names that are listed twice or not at all, or cannot be looked up in lower case.
    Names,
    /// Pages that never end, are longer than asked for, or differ from the whole list.
    Paging,
    /// Columns of types that Athena does not know, or of equal names.
    Columns,
    /// A table that does not exist is not an error.
    UnknownTable,
    /// A layout without a partition, or without the partition columns.
    Layout,
    /// Equal splits: Athena reads them once.
    EqualSplits,
    /// Spill locations that are shared, or are not directories.
    SpillLocation,
    /// Keys of splits that are shared or unusable.
    SpillKey,
    /// Rows that were not spilled although the request leaves no room, or blocks beyond the limit.
    BlockSize,
    /// A list of blocks that does not belong to the split, or blocks that cannot be read.
    SpilledBlocks,
    /// Columns of rows that are not the requested ones.
    WrongColumns,
    /// Spilled rows that differ from inline rows.
    SpilledRows,
    /// Rows with fewer or reordered columns that differ from whole rows.
    ProjectedRows,
    /// Rows that a predicate keeps and the connector does not return.
    PredicateLosesRows,
    /// Rows for a predicate that are not in the table, or more often than in the table.
    PredicateAddsRows,
    /// Rows that a limit needs and the connector does not return.
    LimitLosesRows,
    /// Rows in an older version of the protocol that differ from the newest.
    VersionRows,
}

impl Rule {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::CallFails => "call-fails",
            Self::ResponseForm => "response-form",
            Self::ArrowForm => "arrow-form",
            Self::ResponseSize => "response-size",
            Self::Ping => "ping",
            Self::Capability => "capability",
            Self::Names => "names",
            Self::Paging => "paging",
            Self::Columns => "columns",
            Self::UnknownTable => "unknown-table",
            Self::Layout => "layout",
            Self::EqualSplits => "equal-splits",
            Self::SpillLocation => "spill-location",
            Self::SpillKey => "spill-key",
            Self::BlockSize => "block-size",
            Self::SpilledBlocks => "spilled-blocks",
            Self::WrongColumns => "wrong-columns",
            Self::SpilledRows => "spilled-rows",
            Self::ProjectedRows => "projected-rows",
            Self::PredicateLosesRows => "predicate-loses-rows",
            Self::PredicateAddsRows => "predicate-adds-rows",
            Self::LimitLosesRows => "limit-loses-rows",
            Self::VersionRows => "version-rows",
        }
    }
}

/// Broken rule, once for each subject and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    /// Table, or call if it is about no table.
    pub subject: String,
    pub text: String,
    /// How often it was found.
    pub times: usize,
}

/// Outcome of a verification.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// What was not checked, and why.
    pub notes: Vec<String>,
    /// Number of calls by name.
    pub calls: BTreeMap<&'static str, usize>,
    /// Number of comparisons of rows.
    pub comparisons: usize,
    pub tables: usize,
    /// Rows of all tables, each counted once.
    pub rows: usize,
    /// Version of the protocol that the connector reports.
    pub version: Option<u32>,
}

impl Report {
    pub(crate) fn find(&mut self, rule: Rule, subject: impl Into<String>, text: impl Into<String>) {
        let (subject, text) = (subject.into(), text.into());
        let same = |finding: &&mut Finding| {
            finding.rule == rule && finding.subject == subject && finding.text == text
        };
        match self.findings.iter_mut().find(same) {
            Some(finding) => finding.times += 1,
            None => self.findings.push(Finding {
                rule,
                subject,
                text,
                times: 1,
            }),
        }
    }

    pub(crate) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Lines for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        for finding in &self.findings {
            let _ = write!(
                text,
                "{:<21} {}: {}",
                finding.rule.name(),
                finding.subject,
                finding.text
            );
            let _ = match finding.times {
                1 => writeln!(text),
                times => writeln!(text, " ({times} times)"),
            };
        }
        for note in &self.notes {
            let _ = writeln!(text, "{:<21} {note}", "not checked");
        }
        let calls: usize = self.calls.values().sum();
        let _ = writeln!(
            text,
            "{} in {calls} calls, {} tables, {} rows, {} comparisons of rows",
            match self.findings.len() {
                0 => "nothing found".to_owned(),
                1 => "1 finding".to_owned(),
                count => format!("{count} findings"),
            },
            self.tables,
            self.rows,
            self.comparisons
        );
        text
    }

    /// Report as one JSON object.
    pub fn to_json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            json!({
                "rule": finding.rule.name(),
                "subject": finding.subject,
                "text": finding.text,
                "times": finding.times,
            })
        });
        json!({
            "findings": findings.collect::<Vec<_>>(),
            "not_checked": self.notes,
            "calls": self.calls,
            "tables": self.tables,
            "rows": self.rows,
            "comparisons": self.comparisons,
            "version": self.version,
        })
    }
}
