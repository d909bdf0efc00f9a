//! Settings of results, by options and by `\set`.

use std::num::ParseIntError;

use clap::Args;

use crate::output::OutputFormat;

/// How results are written.
#[derive(Debug, Clone, Args)]
pub(super) struct Settings {
    /// Output format: table, vertical, csv, csv-no-header, tsv, tsv-no-header, json (an object on each line),
    /// json-array, markdown, parquet or arrow (a stream of its IPC format).
    #[arg(long = "output", default_value = "table", value_name = "FORMAT")]
    pub(super) format: OutputFormat,
    /// Text of NULL [default: NULL in tables, nothing in csv, \N in tsv]. JSON has null.
    #[arg(long, value_name = "TEXT")]
    pub(super) null: Option<String>,
    /// Rows of a table to show; all are counted. 0 shows all [default: 40 on a terminal, otherwise all].
    #[arg(long, value_name = "COUNT")]
    pub(super) rows: Option<u64>,
    /// Do not report the number of rows, the time and what was read.
    #[arg(long = "quiet", short = 'q', action = clap::ArgAction::SetFalse)]
    pub(super) timing: bool,
    /// Whether tables are vertical.
    #[arg(skip)]
    pub(super) expanded: bool,
    /// Value of a `?` of the statements that have any, in their order: an SQL expression without columns, as 5 or
    /// 'open'; may be repeated.
    #[arg(long = "param", value_name = "VALUE", allow_hyphen_values = true)]
    pub(super) params: Vec<String>,
    /// Whether results on a terminal go through $PAGER.
    #[arg(skip)]
    pub(super) pager: bool,
    /// Go on with the next statement after an error. The exit code tells of it.
    #[arg(long, overrides_with = "stop_on_error")]
    pub(super) keep_going: bool,
    /// Stop at the first error: the default, for scripts that say so. The last of both options counts.
    #[arg(long, overrides_with = "keep_going")]
    pub(super) stop_on_error: bool,
}

impl Settings {
    /// Whether the next statement runs after an error.
    pub(super) fn goes_on(&self) -> bool {
        self.keep_going && !self.stop_on_error
    }

    /// Names that [`Self::set`] knows.
    pub(super) const NAMES: [&str; 7] = [
        "output",
        "null",
        "rows",
        "timing",
        "expanded",
        "pager",
        "keep-going",
    ];

    /// A line for each setting.
    pub(super) fn list(&self) -> String {
        let null = match &self.null {
            Some(null) => format!("'{null}'"),
            None => "default".to_owned(),
        };
        let rows = match self.rows {
            None => "default".to_owned(),
            Some(0) => "all".to_owned(),
            Some(rows) => rows.to_string(),
        };
        let switch = |on| if on { "on" } else { "off" };
        let values = [
            self.format.to_string(),
            null,
            rows,
            switch(self.timing).to_owned(),
            switch(self.expanded).to_owned(),
            switch(self.pager).to_owned(),
            switch(self.goes_on()).to_owned(),
        ];
        let lines = Self::NAMES.iter().zip(values);
        lines
            .map(|(name, value)| format!("{name:<10} {value}\n"))
            .collect()
    }

    /// Changes a setting. Without a value, a switch is turned, and others have their default.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        let switch = |current: bool| match value.map(str::to_ascii_lowercase).as_deref() {
            None => Ok(!current),
            Some("on" | "true" | "1") => Ok(true),
            Some("off" | "false" | "0") => Ok(false),
            Some(other) => Err(format!("{name}: wanted on or off, found {other:?}")),
        };
        match name {
            "output" => {
                self.format = match value {
                    Some(value) => value.parse::<OutputFormat>().map_err(|error| error.to_string())?,
                    None => OutputFormat::default(),
                };
            }
            "null" => self.null = value.map(|value| unquoted(value).to_owned()),
            "rows" => {
                self.rows = match value {
                    None => None,
                    Some("all") => Some(0),
                    Some(value) => {
                        let wanted =
                            |_: ParseIntError| format!("rows: wanted a number or all, found {value:?}");
                        Some(value.parse::<u64>().map_err(wanted)?)
                    }
                };
            }
            "timing" => self.timing = switch(self.timing)?,
            "expanded" => self.expanded = switch(self.expanded)?,
            "pager" => self.pager = switch(self.pager)?,
            "keep-going" => {
                self.keep_going = switch(self.goes_on())?;
                self.stop_on_error = false;
            }
            _ => {
                let names = Self::NAMES.join(", ");
                return Err(format!("unknown setting {name:?}: wanted {names}"));
            }
        }
        Ok(())
    }
}

/// The text between quotes, or the text itself.
fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    inner.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            format: OutputFormat::Table,
            null: None,
            rows: None,
            timing: true,
            expanded: false,
            params: Vec::new(),
            pager: false,
            keep_going: false,
            stop_on_error: false,
        }
    }

    #[test]
    fn settings_are_set_listed_and_reset() {
        let mut settings = settings();
        for (name, value) in [
            ("output", Some("csv-no-header")),
            ("null", Some("''")),
            ("rows", Some("100")),
            ("timing", None),
            ("expanded", Some("on")),
            ("keep-going", Some("ON")),
        ] {
            settings.set(name, value).unwrap();
        }
        assert_eq!(
            settings.list(),
            "output     csv-no-header\nnull       ''\nrows       100\ntiming     off\nexpanded   on\npager      off\nkeep-going on\n"
        );
        for name in ["output", "null", "rows"] {
            settings.set(name, None).unwrap();
        }
        assert!(
            settings
                .list()
                .starts_with("output     table\nnull       default\nrows       default\n")
        );
    }

    #[test]
    fn a_setting_that_is_not_understood_is_an_error() {
        for (name, value, wanted) in [
            ("colour", None, "unknown setting \"colour\": wanted output"),
            (
                "rows",
                Some("many"),
                "rows: wanted a number or all, found \"many\"",
            ),
            (
                "timing",
                Some("maybe"),
                "timing: wanted on or off, found \"maybe\"",
            ),
            ("output", Some("xml"), "output: wanted table"),
        ] {
            let error = settings().set(name, value).unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
