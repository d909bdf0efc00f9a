//! Expressions whose types and functions are decided.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;

use crate::ast::Comparison;
use crate::registry::Kernel;
use crate::types::Type;
use crate::value::Value;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Typed {
    pub ty: Type,
    pub node: Node,
}

/// Columns have names of their own all over a statement, so that a name means one column wherever it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Column(Arc<str>),
    /// Column of a query around this one.
    Outer(Arc<str>),
    Literal(Value),
    Call(Arc<Applied>, Vec<Typed>),
    Lambda {
        params: Vec<(Arc<str>, Type)>,
        body: Box<Typed>,
    },
    /// Both sides are of one type.
    Compare(Comparison, Box<Typed>, Box<Typed>),
    Distinct(Box<Typed>, Box<Typed>),
    /// `value IN (…)` of constants of its type.
    OneOf(Box<Typed>, Vec<Value>),
    And(Vec<Typed>),
    Or(Vec<Typed>),
    Not(Box<Typed>),
    IsNull(Box<Typed>),
    Case(Vec<(Typed, Typed)>, Option<Box<Typed>>),
    /// NULL if the expression fails with an error that TRY catches.
    Try(Box<Typed>),
    Exists(Arc<LogicalPlan>),
    In(Box<Typed>, Arc<LogicalPlan>),
    Scalar(Arc<LogicalPlan>),
}

/// A function with the types that one call of it works on.
#[derive(Clone)]
pub(crate) struct Applied {
    pub name: String,
    pub kernel: Kernel,
    pub args: Vec<Type>,
    pub result: Type,
    /// Gives another result each time, like `random()`.
    pub volatile: bool,
    /// Cannot fail, whatever the arguments.
    pub total: bool,
}

impl PartialEq for Applied {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.args == other.args && self.result == other.result
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

impl Typed {
    pub(crate) fn column(name: &Arc<str>, ty: Type) -> Self {
        Self {
            ty,
            node: Node::Column(Arc::clone(name)),
        }
    }

    pub(crate) fn literal(value: Value, ty: Type) -> Self {
        Self {
            ty,
            node: Node::Literal(value),
        }
    }

    pub(crate) fn null() -> Self {
        Self::literal(Value::Null, Type::Unknown)
    }

    pub(crate) fn boolean(node: Node) -> Self {
        Self {
            ty: Type::Boolean,
            node,
        }
    }

    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.node {
            Node::Column(_) | Node::Outer(_) | Node::Literal(_) | Node::Exists(_) | Node::Scalar(_) => {
                Vec::new()
            }
            Node::Call(_, args) | Node::And(args) | Node::Or(args) => args.iter().collect(),
            Node::Compare(_, a, b) | Node::Distinct(a, b) => vec![a, b],
            Node::Lambda { body: a, .. }
            | Node::Not(a)
            | Node::IsNull(a)
            | Node::Try(a)
            | Node::OneOf(a, _)
            | Node::In(a, _) => vec![a],
            Node::Case(branches, otherwise) => branches
                .iter()
                .flat_map(|(a, b)| [a, b])
                .chain(otherwise.as_deref())
                .collect(),
        }
    }

    /// Copy of the expression with its direct parts replaced.
    pub(crate) fn map_children<E>(self, f: &mut dyn FnMut(Self) -> Result<Self, E>) -> Result<Self, E> {
        let Self { ty, node } = self;
        let all = |items: Vec<Self>, f: &mut dyn FnMut(Self) -> Result<Self, E>| {
            items.into_iter().map(f).collect::<Result<Vec<_>, E>>()
        };
        let node = match node {
            Node::Column(_) | Node::Outer(_) | Node::Literal(_) | Node::Exists(_) | Node::Scalar(_) => node,
            Node::Call(applied, args) => Node::Call(applied, all(args, f)?),
            Node::And(items) => Node::And(all(items, f)?),
            Node::Or(items) => Node::Or(all(items, f)?),
            Node::Compare(op, a, b) => Node::Compare(op, Box::new(f(*a)?), Box::new(f(*b)?)),
            Node::Distinct(a, b) => Node::Distinct(Box::new(f(*a)?), Box::new(f(*b)?)),
            Node::OneOf(a, values) => Node::OneOf(Box::new(f(*a)?), values),
            Node::Lambda { params, body } => Node::Lambda {
                params,
                body: Box::new(f(*body)?),
            },
            Node::Not(a) => Node::Not(Box::new(f(*a)?)),
            Node::IsNull(a) => Node::IsNull(Box::new(f(*a)?)),
            Node::Try(a) => Node::Try(Box::new(f(*a)?)),
            Node::In(a, plan) => Node::In(Box::new(f(*a)?), plan),
            Node::Case(branches, otherwise) => Node::Case(
                branches
                    .into_iter()
                    .map(|(a, b)| Ok((f(a)?, f(b)?)))
                    .collect::<Result<_, E>>()?,
                otherwise.map(|a| f(*a).map(Box::new)).transpose()?,
            ),
        };
        Ok(Self { ty, node })
    }

    /// Columns that the expression reads, without the parameters of its lambdas.
    pub(crate) fn columns(&self) -> BTreeSet<Arc<str>> {
        let mut columns = BTreeSet::new();
        self.collect_columns(&mut columns);
        columns
    }

    fn collect_columns(&self, columns: &mut BTreeSet<Arc<str>>) {
        match &self.node {
            Node::Column(name) => {
                columns.insert(Arc::clone(name));
            }
            Node::Lambda { params, body } => {
                let mut inner = body.columns();
                params.iter().for_each(|(name, _)| {
                    inner.remove(name);
                });
                columns.extend(inner);
            }
            _ => self
                .children()
                .into_iter()
                .for_each(|child| child.collect_columns(columns)),
        }
    }

    /// Whether evaluating the expression cannot fail.
    pub(crate) fn is_total(&self) -> bool {
        let own = match &self.node {
            // A subquery is joined, whatever the expression does with its value.
            Node::Call(applied, _) => applied.total,
            Node::Compare(_, a, _) => {
                a.ty.is_native() || matches!(a.ty, Type::Real | Type::Double | Type::TimestampTz(_))
            }
            _ => true,
        };
        own && self.children().into_iter().all(Self::is_total)
    }

    /// Whether the expression reads columns of a query around its own.
    pub(crate) fn has_outer(&self) -> bool {
        matches!(self.node, Node::Outer(_)) || self.children().into_iter().any(Self::has_outer)
    }

    pub(crate) fn is_volatile(&self) -> bool {
        matches!(&self.node, Node::Call(applied, _) if applied.volatile)
            || self.children().into_iter().any(Self::is_volatile)
    }
}
