//! A schema as the sum of its parts: its own keywords, the schemas that it refers to, and those in `allOf`.

use super::super::json::Json;
use super::super::warning::Warning;
use super::references::Reference;

/// Maximum number of schemas that are examined, references followed: a few that name each other twice expand without
/// end.
pub(super) const MAX_SCHEMAS: usize = 10_000;
/// Maximum number of schemas within, or named by, each other that make one type: they are followed by recursion.
const MAX_NESTED: usize = 300;
/// Maximum number of warnings about one document.
const MAX_WARNINGS: usize = 100;

/// Schema with the document that its references are resolved in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    document: &'a Json,
    pub(super) schema: &'a Json,
}

impl<'a> Place<'a> {
    pub(super) fn of_document(document: &'a Json) -> Self {
        Self {
            document,
            schema: document,
        }
    }

    /// Another schema of the same document.
    pub(super) fn at(self, schema: &'a Json) -> Self {
        Self { schema, ..self }
    }
}

/// Part of a schema; a value meets all of them.
#[derive(Debug, Clone)]
pub(super) enum Part<'a> {
    /// Keywords of the schema itself.
    Own(Place<'a>),
    /// Alternatives of which a value meets one, without null.
    Choice(Vec<Place<'a>>),
}

/// Reads a document.
pub(super) struct Reader<'a> {
    document: &'a Json,
    /// Other schemas of the registry, by their names.
    others: &'a [(String, Json)],
    /// Schemas reached by reference on the way from the top, so that none is followed in a circle.
    pub(super) followed: Vec<&'a Json>,
    left: usize,
    nested: usize,
    warnings: Vec<Warning>,
    absent: Vec<String>,
    /// While above zero, warnings are dropped.
    pub(super) silent: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a Json, others: &'a [(String, Json)]) -> Self {
        Self {
            document,
            others,
            followed: vec![document],
            left: MAX_SCHEMAS,
            nested: 0,
            warnings: Vec::new(),
            absent: Vec::new(),
            silent: 0,
        }
    }

    pub(super) fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }

    /// Names in references that match no schema.
    pub(super) fn into_absent(self) -> Vec<String> {
        self.absent
    }

    /// Each warning once, however often its place is reached.
    pub(super) fn warn(&mut self, path: &str, text: impl Into<String>) {
        let warning = Warning {
            path: path.to_owned(),
            text: text.into(),
            changes_column: false,
        };
        if self.silent == 0 && self.warnings.len() < MAX_WARNINGS && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Whether one more schema may be looked at.
    pub(super) fn may_go_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    /// Calls `look` one level deeper; `None` if that is too deep.
    pub(super) fn further_in<T>(&mut self, look: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.nested >= MAX_NESTED || !self.may_go_on() {
            return None;
        }
        self.nested += 1;
        let seen = look(self);
        self.nested -= 1;
        seen
    }

    /// The parts of the schemas at `places`, all of which hold; `None` if they lead back to where they are named.
    pub(super) fn parts(&mut self, places: &[Place<'a>], path: &str) -> Option<Vec<Part<'a>>> {
        let mut parts = Vec::new();
        let before = self.followed.len();
        for place in places {
            self.further_in(|reader| reader.gather(*place, path, before, &mut parts))?;
        }
        Some(parts)
    }

    /// Appends the parts of `place`. `before` is the number of schemas followed when the parts were requested.
    fn gather(
        &mut self,
        place: Place<'a>,
        path: &str,
        before: usize,
        parts: &mut Vec<Part<'a>>,
    ) -> Option<()> {
        let Json::Object(members) = place.schema else {
            return Some(());
        };
        let own = Part::Own(place);
        let begin = parts.len();
        // Where its own properties stand among those it refers to.
        let mut own_at = None;
        for (key, value) in members {
            match (key.as_str(), value) {
                ("properties", _) => own_at = own_at.or(Some(parts.len())),
                ("$ref", Json::Text(reference)) => self.follow(place, reference, path, before, parts)?,
                ("allOf", Json::Array(all)) => {
                    for schema in all {
                        self.further_in(|reader| reader.gather(place.at(schema), path, before, parts))?;
                    }
                }
                ("anyOf" | "oneOf", Json::Array(choices)) => {
                    let others = choices.iter().filter(|choice| !is_null(choice));
                    let others: Vec<_> = others.map(|choice| place.at(choice)).collect();
                    match others.as_slice() {
                        [] => {}
                        [only] => self.further_in(|reader| reader.gather(*only, path, before, parts))?,
                        _ => parts.push(Part::Choice(others)),
                    }
                }
                _ => {}
            }
        }
        parts.insert(own_at.unwrap_or(begin), own);
        Some(())
    }

    fn follow(
        &mut self,
        place: Place<'a>,
        text: &'a str,
        path: &str,
        before: usize,
        parts: &mut Vec<Part<'a>>,
    ) -> Option<()> {
        let Some(target) = self.target(place, text) else {
            self.warn(path, format!("$ref `{text}` matches no schema"));
            return Some(());
        };
        let is_target = |followed: &&Json| std::ptr::eq(*followed, target.schema);
        match self.followed.iter().position(is_target) {
            // Two of one schema's parts may be the same.
            Some(at) if at >= before => return Some(()),
            Some(_) => {
                self.warn(
                    path,
                    format!("$ref `{text}` leads back to itself: shown as JSON text"),
                );
                return None;
            }
            None => {}
        }
        self.followed.push(target.schema);
        self.further_in(|reader| reader.gather(target, path, before, parts))
    }

    fn target(&mut self, place: Place<'a>, text: &'a str) -> Option<Place<'a>> {
        let reference = Reference::new(text);
        let named = reference
            .named_part(place.document)
            .or_else(|| {
                reference
                    .named_part(self.document)
                    .filter(|_| !reference.name.is_empty())
            })
            .or_else(|| {
                let is_named = |(name, _): &&(String, Json)| name == reference.name;
                self.others.iter().find(is_named).map(|(_, other)| other)
            });
        let Some(named) = named else {
            if !self.absent.iter().any(|absent| absent == reference.name) {
                self.absent.push(reference.name.to_owned());
            }
            return None;
        };
        // A definition with a name of its own is a document to its references, but tools write those of the whole.
        let (document, schema) = match reference.within(named) {
            Some(schema) if std::ptr::eq(named, place.document) => (place.document, schema),
            Some(schema) if definition_of(place.document, named) => (place.document, schema),
            Some(schema) => (named, schema),
            None => return None,
        };
        Some(Place { document, schema })
    }
}

/// Whether `schema` is one of the document's definitions.
fn definition_of(document: &Json, schema: &Json) -> bool {
    ["$defs", "definitions"]
        .into_iter()
        .any(|key| match document.get(key) {
            Some(Json::Object(members)) => members.iter().any(|(_, known)| std::ptr::eq(known, schema)),
            _ => false,
        })
}

/// Whether a choice is null, and nothing else.
fn is_null(schema: &Json) -> bool {
    let is_null_word = |json: &Json| json.as_text() == Some("null");
    match schema.get("type") {
        Some(Json::Array(words)) => !words.is_empty() && words.iter().all(is_null_word),
        Some(word) => is_null_word(word),
        None => match schema {
            Json::Object(members) => members
                .iter()
                .any(|(key, value)| key == "const" && *value == Json::Null),
            _ => false,
        },
    }
}
