//! What Tab can complete at a place of a statement: commands, keywords, functions, and names of catalogs, schemas, tables
//! and columns.

use std::sync::Arc;

use super::settings::Settings;
use super::sql_text::{Kind, Piece, pieces};
use crate::current::CurrentSchema;
use crate::keywords::{KEYWORDS, is_keyword};

/// Names in lower case. Calls may wait for a short while, and list nothing if they fail.
pub(super) trait Lookup {
    fn current(&self) -> CurrentSchema;
    fn catalogs(&self) -> Arc<Vec<String>>;
    fn schemas(&self, catalog: &str) -> Arc<Vec<String>>;
    fn tables(&self, catalog: &str, schema: &str) -> Arc<Vec<String>>;
    fn columns(&self, catalog: &str, schema: &str, table: &str) -> Arc<Vec<String>>;
}

/// Texts that can replace what stands from a place on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suggestions {
    pub(super) start: usize,
    pub(super) texts: Vec<String>,
}

/// Commands without their arguments.
const COMMANDS: [&str; 21] = [
    "\\?", "\\d", "\\df", "\\dn", "\\dt", "\\e", "\\g", "\\gx", "\\help", "\\i", "\\l", "\\o", "\\p", "\\q",
    "\\r", "\\reset", "\\set", "\\timing", "\\watch", "\\x", "\\quit",
];

/// Words after which a table is named.
const BEFORE_TABLES: [&str; 7] = ["from", "join", "table", "describe", "desc", "in", "use"];

/// What can stand at the end of `before`, which is the beginning of `text`.
pub(super) fn suggestions(before: &str, text: &str, lookup: &dyn Lookup) -> Suggestions {
    let all: Vec<Piece<'_>> = pieces(before).collect();
    let none = Suggestions {
        start: before.len(),
        texts: Vec::new(),
    };
    match all.last() {
        Some(last) if last.kind == Kind::Command => return command(last, lookup),
        Some(Piece {
            kind: Kind::Text { closed: false },
            ..
        }) => return none,
        Some(Piece {
            kind: Kind::Comment { closed: false },
            ..
        }) => return none,
        _ => {}
    }
    let begin = all.iter().rposition(|piece| piece.kind == Kind::Semicolon);
    let all = &all[begin.map_or(0, |at| at + 1)..];
    // The name that is being typed: parts with points between, and nothing else.
    let path_start = all
        .iter()
        .rposition(|piece| !is_path(piece))
        .map_or(0, |at| at + 1);
    let (earlier, path) = all.split_at(path_start);
    let (parts, typed, start) = split_path(path, before.len());
    let statement = &text[earlier.first().or(path.first()).map_or(0, |piece| piece.start)..];
    let word = earlier.iter().rfind(|piece| piece.counts());
    let place = Place { lookup, statement };
    let names = match parts.as_slice() {
        [] if word.is_some_and(|word| BEFORE_TABLES.iter().any(|before| word.is_word(before))) => {
            place.tables_and_above()
        }
        [] => {
            let written = &before[start..];
            let upper = written.contains(char::is_uppercase) && !written.contains(char::is_lowercase);
            return place.anything(&typed, start, upper);
        }
        parts => place.inside(parts),
    };
    let names = names.iter().filter(|name| begins(name, &typed));
    Suggestions {
        start,
        texts: sorted(names.map(|name| quoted(name)).collect()),
    }
}

/// A name as a statement has it: in double quotes where it needs them.
pub(super) fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match begins && name.chars().all(is_plain) && !is_keyword(name) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

fn is_path(piece: &Piece<'_>) -> bool {
    matches!(piece.kind, Kind::Word | Kind::Name { .. }) || piece.text == "."
}

/// The parts that are complete, the beginning of the last one without its quote, and where that stands.
fn split_path(path: &[Piece<'_>], end: usize) -> (Vec<String>, String, usize) {
    let mut parts = Vec::new();
    let mut last: Option<&Piece<'_>> = None;
    for piece in path {
        if piece.text == "." {
            parts.extend(last.take().map(|part| unquoted(part.text)));
        } else {
            last = Some(piece);
        }
    }
    let typed = last.map(|last| unquoted(last.text)).unwrap_or_default();
    (parts, typed, last.map_or(end, |last| last.start))
}

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '`']).to_lowercase()
}

fn begins(name: &str, typed: &str) -> bool {
    name.to_lowercase().starts_with(typed)
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

struct Place<'a> {
    lookup: &'a dyn Lookup,
    /// The statement, also after the place.
    statement: &'a str,
}

/// Table that a statement reads.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    /// Outermost first.
    name: Vec<String>,
    alias: Option<String>,
}

impl Place<'_> {
    fn tables_and_above(&self) -> Vec<String> {
        let current = self.lookup.current();
        let mut names = self.lookup.catalogs().to_vec();
        names.extend(self.lookup.schemas(&current.catalog).iter().cloned());
        if let Some(schema) = &current.schema {
            names.extend(self.lookup.tables(&current.catalog, schema).iter().cloned());
        }
        names
    }

    /// Columns of the statement's tables, functions and keywords.
    fn anything(&self, typed: &str, start: usize, upper: bool) -> Suggestions {
        let mut texts = Vec::new();
        for source in sources(self.statement) {
            texts.extend(source.alias.iter().filter(|alias| begins(alias, typed)).cloned());
            let columns = self.columns(&source.name);
            texts.extend(
                columns
                    .iter()
                    .filter(|name| begins(name, typed))
                    .map(|name| quoted(name)),
            );
        }
        // Everything else would be hundreds of words.
        if !typed.is_empty() {
            let functions = trino_sql::all_functions()
                .into_iter()
                .map(|function| function.name.to_lowercase());
            let functions = functions.filter(|name| begins(name, typed) && !is_keyword(name));
            texts.extend(functions.map(|name| format!("{name}(")));
            let keywords = KEYWORDS.iter().filter(|word| begins(word, typed));
            texts.extend(keywords.map(|word| {
                if upper {
                    (*word).to_owned()
                } else {
                    word.to_lowercase()
                }
            }));
        }
        Suggestions {
            start,
            texts: sorted(texts),
        }
    }

    /// What is inside of a catalog, a schema, a table or its alias.
    fn inside(&self, parts: &[String]) -> Vec<String> {
        let current = self.lookup.current();
        match parts {
            [one] => {
                let found = sources(self.statement).into_iter().find(|source| {
                    source.alias.as_ref() == Some(one)
                        || source.alias.is_none() && source.name.last() == Some(one)
                });
                if let Some(source) = found {
                    return self.columns(&source.name).to_vec();
                }
                if self.lookup.catalogs().contains(one) {
                    return self.lookup.schemas(one).to_vec();
                }
                self.lookup.tables(&current.catalog, one).to_vec()
            }
            [catalog, schema] if self.lookup.catalogs().contains(catalog) => {
                self.lookup.tables(catalog, schema).to_vec()
            }
            name => self.columns(name).to_vec(),
        }
    }

    fn columns(&self, table: &[String]) -> Arc<Vec<String>> {
        let current = self.lookup.current();
        match table {
            [table] => match &current.schema {
                Some(schema) => self.lookup.columns(&current.catalog, schema, table),
                None => Arc::default(),
            },
            [schema, table] => self.lookup.columns(&current.catalog, schema, table),
            [catalog, schema, table] => self.lookup.columns(catalog, schema, table),
            _ => Arc::default(),
        }
    }
}

/// The tables after FROM and JOIN, of the first statement of a text.
fn sources(statement: &str) -> Vec<Source> {
    let pieces = pieces(statement).take_while(|piece| piece.kind != Kind::Semicolon);
    let pieces: Vec<_> = pieces.filter(Piece::counts).collect();
    let mut sources = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let named = pieces[at].is_word("from") || pieces[at].is_word("join");
        at += 1;
        let mut more = named;
        while more {
            let (source, after) = source(&pieces, at);
            // A comma continues the list of FROM.
            more = source.is_some() && pieces.get(after).is_some_and(|piece| piece.text == ",");
            at = if more { after + 1 } else { after };
            sources.extend(source);
        }
    }
    sources
}

/// The table at a place, and the place after it.
fn source(pieces: &[Piece<'_>], mut at: usize) -> (Option<Source>, usize) {
    let mut name = Vec::new();
    loop {
        match pieces.get(at).filter(|piece| is_name(piece)) {
            Some(part) => name.push(unquoted(part.text)),
            // Nothing, or a name that ends with a point: it is being typed.
            None => return (None, at),
        }
        at += 1;
        if pieces.get(at).is_none_or(|piece| piece.text != ".") {
            break;
        }
        at += 1;
    }
    at += usize::from(pieces.get(at).is_some_and(|piece| piece.is_word("as")));
    let alias = pieces
        .get(at)
        .filter(|piece| is_name(piece))
        .map(|piece| unquoted(piece.text));
    at += usize::from(alias.is_some());
    (Some(Source { name, alias }), at)
}

fn is_name(piece: &Piece<'_>) -> bool {
    match piece.kind {
        Kind::Word => !is_keyword(piece.text),
        Kind::Name { .. } => true,
        _ => false,
    }
}

/// A command, or the name, switch or setting after it.
fn command(piece: &Piece<'_>, lookup: &dyn Lookup) -> Suggestions {
    let Some((name, argument)) = piece.text.split_once(' ') else {
        let found = COMMANDS.iter().filter(|name| name.starts_with(piece.text));
        return Suggestions {
            start: piece.start,
            texts: sorted(found.map(|name| (*name).to_owned()).collect()),
        };
    };
    let start = piece.start + name.len() + 1;
    let names = match name {
        "\\d" | "\\dt" => {
            let statement = format!("DESCRIBE {argument}");
            let mut inner = suggestions(&statement, &statement, lookup);
            inner.start = start + (inner.start - "DESCRIBE ".len());
            return inner;
        }
        "\\x" | "\\timing" => vec!["on", "off"],
        "\\set" => Settings::NAMES.to_vec(),
        _ => Vec::new(),
    };
    let found = names.into_iter().filter(|name| name.starts_with(argument));
    Suggestions {
        start,
        texts: found.map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catalogs `lake` and `msk`, a few schemas and tables.
    struct Fake(Option<&'static str>);

    fn names(names: &[&str]) -> Arc<Vec<String>> {
        Arc::new(names.iter().map(|name| (*name).to_owned()).collect())
    }

    impl Lookup for Fake {
        fn current(&self) -> CurrentSchema {
            CurrentSchema {
                catalog: "msk".to_owned(),
                schema: self.0.map(str::to_owned),
            }
        }

        fn catalogs(&self) -> Arc<Vec<String>> {
            names(&["lake", "msk"])
        }

        fn schemas(&self, catalog: &str) -> Arc<Vec<String>> {
            names(if catalog == "msk" {
                &["customer", "my-events"]
            } else {
                &["shop"]
            })
        }

        fn tables(&self, catalog: &str, schema: &str) -> Arc<Vec<String>> {
            names(match (catalog, schema) {
                ("msk", "customer") => &["orders", "orders.v1", "users"],
                ("lake", "shop") => &["prices"],
                _ => &[],
            })
        }

        fn columns(&self, catalog: &str, schema: &str, table: &str) -> Arc<Vec<String>> {
            names(match (catalog, schema, table) {
                ("msk", "customer", "orders") => &["order_id", "user_id", "items", "group"],
                ("msk", "customer", "users") => &["user_id", "name"],
                _ => &[],
            })
        }
    }

    /// Completes at `|`.
    fn completed(text: &str, schema: Option<&'static str>) -> (String, Vec<String>) {
        let (before, after) = text.split_once('|').unwrap();
        let found = suggestions(before, &format!("{before}{after}"), &Fake(schema));
        (before[found.start..].to_owned(), found.texts)
    }

    #[test]
    fn names_are_completed_where_they_belong() {
        for (text, typed, wanted) in [
            (
                "SELECT * FROM |",
                "",
                &["customer", "lake", "\"my-events\"", "msk"][..],
            ),
            ("SELECT * FROM cu|", "cu", &["customer"]),
            ("SELECT * FROM \"my|", "\"my", &["\"my-events\""]),
            ("SELECT * FROM msk.|", "", &["\"my-events\"", "customer"]),
            ("SELECT * FROM msk.customer.o|", "o", &["\"orders.v1\"", "orders"]),
            ("SELECT * FROM customer.u|", "u", &["users"]),
            ("SELECT 1 FROM a JOIN lake.shop.|", "", &["prices"]),
            ("SELECT o.u| FROM msk.customer.orders AS o", "u", &["user_id"]),
            (
                "SELECT orders.| FROM customer.orders",
                "",
                &["\"group\"", "items", "order_id", "user_id"],
            ),
            (
                "SELECT * FROM customer.orders o, customer.users x WHERE x.n|",
                "n",
                &["name"],
            ),
            (
                "SELECT 1; SELECT us| FROM customer.orders; SELECT 2",
                "us",
                &["use", "user_id", "using"],
            ),
            ("DESCRIBE customer.|", "", &["\"orders.v1\"", "orders", "users"]),
            ("USE cu|", "cu", &["customer"]),
            ("SELECT 'cu|", "", &[]),
            ("SELECT 1 -- FROM cu|", "", &[]),
        ] {
            let (at, mut found) = completed(text, None);
            found.sort();
            let mut wanted: Vec<_> = wanted.iter().map(|text| (*text).to_owned()).collect();
            wanted.sort();
            assert_eq!((at.as_str(), found), (typed, wanted), "{text}");
        }
    }

    #[test]
    fn tables_of_the_current_schema_need_no_schema() {
        let (_, found) = completed("SELECT * FROM u|", Some("customer"));
        assert_eq!(found, ["users"]);
        let (_, found) = completed("SELECT or| FROM orders", Some("customer"));
        assert_eq!(found, ["or", "order", "order_id", "ordinality"]);
    }

    #[test]
    fn keywords_have_the_case_that_is_typed_and_functions_their_parenthesis() {
        assert_eq!(completed("SEL|", None).1, ["SELECT"]);
        assert_eq!(completed("sel|", None).1, ["select"]);
        assert!(
            completed("select approx_dis|", None)
                .1
                .contains(&"approx_distinct(".to_owned())
        );
        assert_eq!(completed("|", None).1, Vec::<String>::new());
    }

    #[test]
    fn commands_are_completed_with_what_they_take() {
        assert_eq!(completed("\\ti|", None).1, ["\\timing"]);
        assert_eq!(
            completed("\\d cu|", None),
            ("cu".to_owned(), vec!["customer".to_owned()])
        );
        assert_eq!(
            completed("\\d customer.us|", None),
            ("us".to_owned(), vec!["users".to_owned()])
        );
        assert_eq!(completed("\\x |", None).1, ["on", "off"]);
        assert_eq!(
            completed("\\set ro|", None),
            ("ro".to_owned(), vec!["rows".to_owned()])
        );
    }
}
