//! Places in which expressions stand.

use std::cell::RefCell;
use std::sync::Arc;

use super::aggregate::Aggregates;
use super::windows::Windows;
use super::{Binder, Scope};
use crate::typed::Typed;
use crate::types::Type;

/// Place in which an expression stands, with what it may contain there.
pub(super) struct Context<'c> {
    pub binder: &'c Binder<'c>,
    pub scope: Scope<'c>,
    /// Name of the clause in messages.
    pub clause: &'static str,
    /// Gathers aggregates; None where there may be none.
    pub aggregates: Option<&'c Aggregates>,
    /// Gathers window functions; None where there may be none.
    pub windows: Option<&'c Windows<'c>>,
    /// Columns of the answer, which ORDER BY sees before all others.
    pub outputs: &'c [(Option<String>, Typed)],
    /// Parameters of the lambdas around, innermost last.
    pub params: RefCell<Vec<(String, Arc<str>, Type)>>,
}

impl<'c> Context<'c> {
    /// A place without aggregates and window functions.
    pub(super) fn scalar(binder: &'c Binder<'c>, scope: Scope<'c>, clause: &'static str) -> Self {
        let params = RefCell::default();
        Self {
            binder,
            scope,
            clause,
            aggregates: None,
            windows: None,
            outputs: &[],
            params,
        }
    }
}
