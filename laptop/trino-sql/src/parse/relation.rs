//! Relations and windows.

use super::Parser;
use crate::ast::*;
use crate::error::{Result, err};

impl Parser<'_> {
    pub(super) fn relation(&mut self) -> Result<Relation> {
        let at = self.at();
        let mut left = self.sampled_relation()?;
        loop {
            let kind = if self.accept(&["cross", "join"]) {
                JoinKind::Cross
            } else if let Some(kind) = self.join_kind()? {
                kind
            } else if self.accept(&["natural"]) {
                let kind = self.join_kind()?.ok_or_else(|| self.unexpected())?;
                let right = self.sampled_relation()?;
                left = join(kind, left, right, JoinOn::Natural);
                left.at = at;
                continue;
            } else {
                return Ok(left);
            };
            if kind == JoinKind::Cross {
                let right = self.sampled_relation()?;
                left = join(kind, left, right, JoinOn::None);
            } else {
                let right = self.deeper(Self::relation_before_criteria)?;
                let on = if self.accept(&["on"]) {
                    JoinOn::On(self.expression()?)
                } else {
                    self.expect(&["using"])?;
                    JoinOn::Using(self.idents()?)
                };
                left = join(kind, left, right, on);
            }
            left.at = at;
        }
    }

    /// The right side of a join; `a JOIN b JOIN c ON … ON …` nests to the right.
    fn relation_before_criteria(&mut self) -> Result<Relation> {
        let at = self.at();
        let mut left = self.sampled_relation()?;
        while !self.is_word(0, "on") && !self.is_word(0, "using") {
            let Some(kind) = self.join_kind()? else { break };
            let right = self.deeper(Self::relation_before_criteria)?;
            let on = if self.accept(&["on"]) {
                JoinOn::On(self.expression()?)
            } else {
                self.expect(&["using"])?;
                JoinOn::Using(self.idents()?)
            };
            left = join(kind, left, right, on);
            left.at = at;
        }
        Ok(left)
    }

    fn join_kind(&mut self) -> Result<Option<JoinKind>> {
        let kind = if self.is_word(0, "join") || self.accept(&["inner"]) {
            JoinKind::Inner
        } else if self.accept(&["left"]) {
            JoinKind::Left
        } else if self.accept(&["right"]) {
            JoinKind::Right
        } else if self.accept(&["full"]) {
            JoinKind::Full
        } else {
            return Ok(None);
        };
        if !matches!(kind, JoinKind::Inner) {
            self.accept(&["outer"]);
        }
        self.expect(&["join"])?;
        Ok(Some(kind))
    }

    fn sampled_relation(&mut self) -> Result<Relation> {
        let relation = self.aliased_relation()?;
        let at = self.at();
        if self.is_word(0, "tablesample") && self.is_ident(1) && self.is_symbol(2, "(") {
            return Err(err!(NotSupported, "TABLESAMPLE is not supported").at(at));
        }
        if self.is_word(0, "match_recognize") && self.is_symbol(1, "(") {
            return Err(err!(NotSupported, "MATCH_RECOGNIZE is not supported").at(at));
        }
        Ok(relation)
    }

    fn aliased_relation(&mut self) -> Result<Relation> {
        let at = self.at();
        let primary = self.relation_primary()?;
        if self.is_word(0, "match_recognize") && self.is_symbol(1, "(") {
            return Err(err!(NotSupported, "MATCH_RECOGNIZE is not supported").at(self.at()));
        }
        let Some(name) = self.alias()? else {
            return Ok(primary);
        };
        let columns = if self.is_symbol(0, "(") {
            Some(self.idents()?)
        } else {
            None
        };
        Ok(Relation {
            kind: RelationKind::Alias {
                relation: Box::new(primary),
                name,
                columns,
            },
            at,
        })
    }

    fn relation_primary(&mut self) -> Result<Relation> {
        let at = self.at();
        let kind = if self.accept(&["unnest"]) {
            let exprs = self.in_parentheses(|p| p.comma_separated(Self::expression))?;
            RelationKind::Unnest {
                exprs,
                ordinality: self.accept(&["with", "ordinality"]),
            }
        } else if self.is_word(0, "lateral") && self.is_symbol(1, "(") {
            self.advance();
            RelationKind::Lateral(Box::new(self.in_parentheses(Self::query)?))
        } else if self.is_symbol(0, "(") {
            return self.deeper(Self::parenthesized_relation);
        } else {
            RelationKind::Table(self.qualified_name()?)
        };
        Ok(Relation { kind, at })
    }

    /// `(query)` or `(relation)`: what begins like a query may turn out to be a relation, as in `((SELECT 1) JOIN …)`.
    fn parenthesized_relation(&mut self) -> Result<Relation> {
        let (at, start, depth) = (self.at(), self.next, self.depth);
        let query = self.in_parentheses(Self::query);
        let failed = match query {
            Ok(query) => {
                return Ok(Relation {
                    kind: RelationKind::Subquery(Box::new(query)),
                    at,
                });
            }
            Err(error) => (self.next, error),
        };
        (self.next, self.depth) = (start, depth);
        self.in_parentheses(Self::relation).map_err(|error| {
            // Whichever reading came further knows better what is wrong.
            if self.next > failed.0 { error } else { failed.1 }
        })
    }

    pub(super) fn window(&mut self) -> Result<Window> {
        if self.is_symbol(0, "(") {
            self.in_parentheses(Self::window_spec)
                .map(|spec| Window::Spec(Box::new(spec)))
        } else {
            self.ident().map(Window::Named)
        }
    }

    pub(super) fn window_spec(&mut self) -> Result<WindowSpec> {
        let clause = ["partition", "rows", "range", "groups"]
            .iter()
            .any(|word| self.is_word(0, word) && !self.is_symbol(1, ")"));
        let base = if self.is_ident(0) && !clause {
            Some(self.ident()?)
        } else {
            None
        };
        let mut partition_by = Vec::new();
        if self.accept(&["partition", "by"]) {
            partition_by = self.comma_separated(Self::expression)?;
        }
        let order_by = self.order_by()?;
        let unit = if self.accept(&["rows"]) {
            Some(FrameUnit::Rows)
        } else if self.accept(&["range"]) {
            Some(FrameUnit::Range)
        } else if self.accept(&["groups"]) {
            Some(FrameUnit::Groups)
        } else {
            None
        };
        let mut frame = None;
        if let Some(unit) = unit {
            let (start, end);
            if self.accept(&["between"]) {
                start = self.bound()?;
                self.expect(&["and"])?;
                end = self.bound()?;
            } else {
                start = self.bound()?;
                end = Bound::CurrentRow;
            }
            frame = Some(Frame { unit, start, end });
        }
        Ok(WindowSpec {
            base,
            partition_by,
            order_by,
            frame,
        })
    }

    fn bound(&mut self) -> Result<Bound> {
        if self.accept(&["unbounded", "preceding"]) {
            return Ok(Bound::UnboundedPreceding);
        }
        if self.accept(&["unbounded", "following"]) {
            return Ok(Bound::UnboundedFollowing);
        }
        if self.accept(&["current", "row"]) {
            return Ok(Bound::CurrentRow);
        }
        let distance = self.expression()?;
        if self.accept(&["preceding"]) {
            return Ok(Bound::Preceding(distance));
        }
        self.expect(&["following"])?;
        Ok(Bound::Following(distance))
    }
}

fn join(kind: JoinKind, left: Relation, right: Relation, on: JoinOn) -> Relation {
    let at = left.at;
    Relation {
        kind: RelationKind::Join {
            kind,
            left: Box::new(left),
            right: Box::new(right),
            on,
        },
        at,
    }
}
