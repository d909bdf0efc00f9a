//! Keys of ORDER BY.

use datafusion::logical_expr::expr::Sort;

use crate::error::{Result, bail};
use crate::scalar;
use crate::typed::Typed;
use crate::types::Type;

#[derive(Debug, Clone)]
pub(super) struct SortKey {
    pub typed: Typed,
    pub descending: bool,
    pub nulls_first: bool,
}

impl SortKey {
    pub(super) fn lower(&self) -> Result<Sort> {
        if !self.typed.ty.is_orderable() && self.typed.ty != Type::Unknown {
            bail!(
                TypeMismatch,
                "Type {} is not orderable, and therefore cannot be used in ORDER BY",
                self.typed.ty
            );
        }
        Ok(Sort::new(
            scalar::lower(&crate::key::sort_key(&self.typed))?,
            !self.descending,
            self.nulls_first,
        ))
    }
}
