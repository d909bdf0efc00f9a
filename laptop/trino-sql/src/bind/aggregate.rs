//! Aggregates of a SELECT, and what they are in DataFusion.

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::{AggregateUDF, Expr};

use super::Binder;
use crate::accumulate::{Gather, OrderKey};
use crate::error::Result;
use crate::key::group_key;
use crate::registry::Fold;
use crate::scalar;
use crate::typed::Typed;
use crate::types::Type;
use crate::value::Value;

/// Aggregates of one SELECT, gathered while its expressions are bound.
#[derive(Default)]
pub(super) struct Aggregates {
    pub calls: RefCell<Vec<(Arc<str>, AggregateCall)>>,
    /// Columns that `grouping(…)` becomes.
    pub groupings: RefCell<Vec<(Arc<str>, Vec<Typed>)>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct AggregateCall {
    pub name: &'static str,
    /// None for count, which is DataFusion's.
    pub fold: Option<FoldOf>,
    pub args: Vec<Typed>,
    pub distinct: bool,
    pub order: Vec<(Typed, OrderKey)>,
    pub filter: Option<Typed>,
    pub ty: Type,
}

#[derive(Clone)]
pub(super) struct FoldOf(pub Fold);

/// The name and the arguments tell which it is.
impl PartialEq for FoldOf {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for FoldOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("fold")
    }
}

/// The function, its arguments, its filter, and whether DataFusion makes its input distinct.
type Lowered = (Arc<AggregateUDF>, Vec<Expr>, Option<Box<Expr>>, bool);

impl AggregateCall {
    pub(super) fn map<E>(self, f: &mut dyn FnMut(Typed) -> Result<Typed, E>) -> Result<Self, E> {
        let args = self.args.into_iter().map(&mut *f).collect::<Result<_, E>>()?;
        let order = self
            .order
            .into_iter()
            .map(|(typed, key)| Ok((f(typed)?, key)))
            .collect::<Result<_, E>>()?;
        let filter = self.filter.map(&mut *f).transpose()?;
        Ok(Self {
            args,
            order,
            filter,
            ..self
        })
    }

    pub(super) fn lower(&self) -> Result<Lowered> {
        let filter = self.filter.as_ref().map(scalar::lower).transpose()?.map(Box::new);
        let mut args = self.args.iter().map(scalar::lower).collect::<Result<Vec<_>>>()?;
        let Some(FoldOf(fold)) = &self.fold else {
            if args.is_empty() {
                args.push(scalar::literal(&Value::Int(1), &Type::BigInt)?);
            } else if self.distinct {
                args = self
                    .args
                    .iter()
                    .map(|arg| scalar::lower(&group_key(arg)))
                    .collect::<Result<_>>()?;
            }
            return Ok((count_udaf(), args, filter, self.distinct));
        };
        for (key, _) in &self.order {
            args.push(scalar::lower(key)?);
        }
        let types: Vec<_> = self.args.iter().map(|arg| arg.ty.clone()).collect();
        let order: Vec<_> = self.order.iter().map(|(_, key)| key.clone()).collect();
        let gather = Gather {
            name: Gather::call_name(self.name, &types, &self.ty, self.distinct, &order),
            fold: fold.clone(),
            args: types,
            result: self.ty.clone(),
            distinct: self.distinct,
            order,
            signature: Gather::signature(),
        };
        Ok((Arc::new(AggregateUDF::new_from_impl(gather)), args, filter, false))
    }
}

impl Aggregates {
    pub(super) fn grouping(&self, binder: &Binder<'_>, exprs: Vec<Typed>) -> Typed {
        let column = binder.unique("grouping");
        let typed = Typed::column(&column, Type::Integer);
        self.groupings.borrow_mut().push((column, exprs));
        typed
    }
}
