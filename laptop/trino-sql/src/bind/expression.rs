//! Expressions.

use std::sync::Arc;

use super::context::Context;
use super::literal::{decimal, double, integer, string, typed_literal};
use super::{closest, did_you_mean, type_name, unknown_column};
use crate::ast::*;
use crate::coerce::{can_coerce, common_type};
use crate::error::{Error, ErrorKind, Position, Result, bail, err};
use crate::functions;
use crate::temporal;
use crate::typed::{Applied, Node, Typed};
use crate::types::Type;
use crate::value::Value;

impl Context<'_> {
    pub(super) fn bind(&self, expr: &Expr) -> Result<Typed> {
        self.bind_kind(expr).map_err(|error| error.at(expr.at))
    }

    /// A condition.
    pub(super) fn boolean(&self, expr: &Expr, what: &str) -> Result<Typed> {
        let typed = self.bind(expr)?;
        if !can_coerce(&typed.ty, &Type::Boolean) {
            return Err(err!(
                TypeMismatch,
                "{what} must evaluate to a boolean: actual type {}",
                typed.ty
            )
            .at(expr.at));
        }
        self.binder.coerce(typed, &Type::Boolean)
    }

    fn all(&self, exprs: &[Expr]) -> Result<Vec<Typed>> {
        exprs.iter().map(|expr| self.bind(expr)).collect()
    }

    fn bind_kind(&self, expr: &Expr) -> Result<Typed> {
        Ok(match &expr.kind {
            ExprKind::Null => Typed::null(),
            ExprKind::Boolean(b) => Typed::literal(Value::Boolean(*b), Type::Boolean),
            ExprKind::String(text) => string(text),
            ExprKind::Binary(bytes) => Typed::literal(Value::Bytes(bytes.clone()), Type::Varbinary),
            ExprKind::Integer(digits) => integer(digits, false)?,
            ExprKind::Decimal(digits) => decimal(digits)?,
            ExprKind::Double(digits) => double(digits)?,
            ExprKind::Interval {
                text,
                negative,
                from,
                to,
            } => {
                let (value, ty) = temporal::interval_literal(text, *negative, from, to.as_deref())?;
                Typed::literal(value, ty)
            }
            ExprKind::Typed(ty, text) => typed_literal(ty, text)?,
            ExprKind::Column(name) => self.column(name)?,
            ExprKind::Field(base, name) => self.field(base, name, expr.at)?,
            ExprKind::Subscript(base, index) => self.subscript(base, index)?,
            ExprKind::Call(call) => self.call(call, expr.at)?,
            ExprKind::Cast {
                expr: inner,
                ty,
                safe,
            } => {
                let typed = self.bind(inner)?;
                let to = type_name::resolve(ty)?;
                self.binder.cast(typed, &to, *safe)?
            }
            ExprKind::Lambda { .. } => {
                bail!(TypeMismatch, "Lambda expression is not an argument of a function")
            }
            ExprKind::Arithmetic(..) | ExprKind::Concat(..) => self.chain(expr)?,
            ExprKind::Negate(inner) => match &inner.kind {
                ExprKind::Integer(digits) => integer(digits, true)?,
                ExprKind::Decimal(digits) => decimal(&format!("-{digits}"))?,
                ExprKind::Double(digits) => double(&format!("-{digits}"))?,
                _ => {
                    let typed = self.bind(inner)?;
                    let ty = typed.ty.clone();
                    let negated = self.binder.apply("$negate", vec![typed]);
                    negated.map_err(|_| err!(TypeMismatch, "Cannot negate {ty}"))?
                }
            },
            ExprKind::Compare(op, left, right) => {
                let (left, right) = (self.bind(left)?, self.bind(right)?);
                self.compare(*op, left, right)?
            }
            ExprKind::CompareAll { op, expr, all, query } => self.quantified(*op, expr, *all, query)?,
            ExprKind::Distinct { left, right, negated } => {
                let (left, right) = (self.bind(left)?, self.bind(right)?);
                let Some(ty) = common_type(&left.ty, &right.ty).filter(Type::is_comparable) else {
                    bail!(
                        TypeMismatch,
                        "Cannot apply operator: {} IS DISTINCT FROM {}",
                        left.ty,
                        right.ty
                    );
                };
                let (left, right) = (self.binder.coerce(left, &ty)?, self.binder.coerce(right, &ty)?);
                let distinct = Typed::boolean(Node::Distinct(Box::new(left), Box::new(right)));
                if *negated { not(distinct) } else { distinct }
            }
            ExprKind::And(terms) | ExprKind::Or(terms) => {
                let name = if matches!(expr.kind, ExprKind::And(_)) {
                    "AND"
                } else {
                    "OR"
                };
                let what = format!("Logical expression term of {name}");
                let terms = terms
                    .iter()
                    .map(|term| self.boolean(term, &what))
                    .collect::<Result<_>>()?;
                Typed::boolean(if name == "AND" {
                    Node::And(terms)
                } else {
                    Node::Or(terms)
                })
            }
            ExprKind::Not(inner) => not(self.boolean(inner, "Value of logical NOT expression")?),
            ExprKind::IsNull(inner) => Typed::boolean(Node::IsNull(Box::new(self.bind(inner)?))),
            ExprKind::Between {
                expr: inner,
                low,
                high,
            } => {
                let (value, low, high) = (self.bind(inner)?, self.bind(low)?, self.bind(high)?);
                let (ty, low_ty, high_ty) = (value.ty.clone(), low.ty.clone(), high.ty.clone());
                let mismatch = |_| {
                    err!(
                        TypeMismatch,
                        "Cannot check if {ty} is BETWEEN {low_ty} and {high_ty}"
                    )
                };
                // All three become one type.
                let common = common_type(&value.ty, &low.ty).and_then(|ty| common_type(&ty, &high.ty));
                let Some(common) = common else {
                    return Err(mismatch(()));
                };
                let value = self.binder.coerce(value, &common)?;
                let below = self
                    .compare(Comparison::GreaterOrEqual, value.clone(), low)
                    .map_err(|_| mismatch(()))?;
                let above = self
                    .compare(Comparison::LessOrEqual, value, high)
                    .map_err(|_| mismatch(()))?;
                Typed::boolean(Node::And(vec![below, above]))
            }
            ExprKind::InList(inner, list) => self.in_list(inner, list)?,
            ExprKind::InQuery(inner, query) => self.in_query(inner, query)?,
            ExprKind::Like {
                expr: inner,
                pattern,
                escape,
            } => {
                let mut args = vec![self.bind(inner)?, self.bind(pattern)?];
                if let Some(escape) = escape {
                    args.push(self.bind(escape)?);
                }
                for (arg, what) in args.iter().zip(["Left side", "Pattern", "Escape"]) {
                    if !matches!(arg.ty, Type::Varchar(_) | Type::Char(_) | Type::Unknown) {
                        bail!(
                            TypeMismatch,
                            "{what} of LIKE expression must evaluate to a varchar: {}",
                            arg.ty
                        );
                    }
                }
                self.binder.apply("$like", args)?
            }
            ExprKind::Exists(query) => self.exists(query)?,
            ExprKind::Subquery(query) => {
                let relation = self.binder.bind_query(query, self.scope)?;
                self.binder.single_value(relation)?
            }
            ExprKind::Case {
                operand,
                branches,
                otherwise,
            } => self.case(operand.as_deref(), branches, otherwise.as_deref())?,
            ExprKind::Array(items) => {
                let items = self.unified(items, "ARRAY")?;
                let item = items.first().map_or(Type::Unknown, |item| item.ty.clone());
                self.binder
                    .constructed("array", Type::array(item), items, |_, args| {
                        Ok(Value::Array(args.to_vec()))
                    })
            }
            ExprKind::Row(fields) => {
                let fields = self.all(fields)?;
                let ty = Type::row(fields.iter().map(|field| field.ty.clone()));
                self.binder
                    .constructed("row", ty, fields, |_, args| Ok(Value::Row(args.to_vec())))
            }
            ExprKind::AtTimeZone(inner, zone) => {
                let args = vec![self.bind(inner)?, self.bind(zone)?];
                let ty = args[0].ty.clone();
                let moved = self.binder.apply("at_timezone", args);
                moved.map_err(|_| {
                    err!(
                        TypeMismatch,
                        "Type of value must be a time or timestamp with or without time zone (actual {ty})"
                    )
                })?
            }
            ExprKind::Extract(field, inner) => {
                let name = match field.text.to_lowercase().as_str() {
                    "year" => "year",
                    "quarter" => "quarter",
                    "month" => "month",
                    "week" => "week",
                    "day" | "day_of_month" => "day",
                    "day_of_week" | "dow" => "day_of_week",
                    "day_of_year" | "doy" => "day_of_year",
                    "year_of_week" | "yow" => "year_of_week",
                    "hour" => "hour",
                    "minute" => "minute",
                    "second" => "second",
                    "timezone_hour" => "timezone_hour",
                    "timezone_minute" => "timezone_minute",
                    _ => bail!(
                        SyntaxError,
                        "Invalid EXTRACT field: {}",
                        field.text.to_uppercase()
                    ),
                };
                let typed = self.bind(inner)?;
                let ty = typed.ty.clone();
                let found = self.binder.apply(name, vec![typed]);
                found.map_err(|_| {
                    err!(
                        TypeMismatch,
                        "Cannot extract {} from {ty}",
                        field.text.to_uppercase()
                    )
                })?
            }
            ExprKind::Grouping(exprs) => {
                let exprs = self.all(exprs)?;
                match self.aggregates {
                    Some(aggregates) => aggregates.grouping(self.binder, exprs),
                    None => return Err(self.not_scalar("grouping")),
                }
            }
            ExprKind::Current(name, precision) => self.binder.current(name, *precision)?,
            ExprKind::Json(call) => self.json(call)?,
        })
    }

    /// Operators that associate to the left, without recursion: chains may be of any length.
    fn chain(&self, expr: &Expr) -> Result<Typed> {
        let (mut links, mut first) = (Vec::new(), expr);
        while let ExprKind::Arithmetic(_, left, right) | ExprKind::Concat(left, right) = &first.kind {
            links.push((first, right));
            first = left;
        }
        let mut typed = self.bind(first)?;
        for (link, right) in links.into_iter().rev() {
            let args = vec![typed, self.bind(right)?];
            let bound = match &link.kind {
                ExprKind::Arithmetic(op, ..) => {
                    self.operator(arithmetic_name(*op), arithmetic_symbol(*op), args)
                }
                _ => self.binder.apply("concat", args),
            };
            typed = bound.map_err(|error| error.at(link.at))?;
        }
        Ok(typed)
    }

    pub(super) fn not_scalar(&self, what: &str) -> Error {
        err!(
            ExpressionNotScalar,
            "{} clause cannot contain aggregations, window functions or grouping operations: [{what}]",
            self.clause
        )
    }

    fn column(&self, name: &Ident) -> Result<Typed> {
        let params = self.params.borrow();
        if let Some((_, column, ty)) = params
            .iter()
            .rev()
            .find(|(param, ..)| super::is_same_name(param, &name.text))
        {
            return Ok(Typed::column(column, ty.clone()));
        }
        let mut outputs = self.outputs.iter().filter(|(output, _)| {
            output
                .as_deref()
                .is_some_and(|output| super::is_same_name(output, &name.text))
        });
        match (outputs.next(), outputs.next()) {
            (Some((_, first)), Some((_, second))) if first != second => {
                return Err(err!(AmbiguousName, "Column '{}' is ambiguous", name.text).at(name.at));
            }
            (Some((_, output)), _) => return Ok(output.clone()),
            _ => {}
        }
        match self.scope.resolve(&[], &name.text, name.at)? {
            Some((field, depth)) => Ok(found(field, depth)),
            None => Err(unknown_column(self.scope, &name.text, &name.text, name.at)),
        }
    }

    /// `a.b.c`: as much of it as names a column, then fields of rows.
    fn field(&self, base: &Expr, name: &Ident, at: Position) -> Result<Typed> {
        if let Some(parts) = dotted_parts(base, name) {
            let is_param = self
                .params
                .borrow()
                .iter()
                .any(|(param, ..)| super::is_same_name(param, parts[0]));
            if !is_param {
                for end in (2..=parts.len()).rev() {
                    if let Some((column, depth)) =
                        self.scope.resolve(&parts[..end - 1], parts[end - 1], at)?
                    {
                        return parts[end..]
                            .iter()
                            .try_fold(found(column, depth), |row, name| named_field(row, name));
                    }
                }
                if self.scope.resolve(&[], parts[0], at)?.is_none() {
                    let shown = parts.join(".");
                    return Err(unknown_column(self.scope, parts[parts.len() - 1], &shown, at));
                }
            }
        }
        let row = self.bind(base)?;
        if !matches!(row.ty, Type::Row(_)) {
            let shown = if let ExprKind::Column(name) = &base.kind {
                name.text.as_str()
            } else {
                ""
            };
            bail!(TypeMismatch, "Expression {shown} is not of type ROW");
        }
        named_field(row, &name.text)
    }

    fn subscript(&self, base: &Expr, index: &Expr) -> Result<Typed> {
        let (value, at) = (self.bind(base)?, self.bind(index)?);
        if let Type::Row(fields) = &value.ty {
            let Node::Literal(Value::Int(place)) = at.node else {
                return Err(err!(
                    InvalidFunctionArgument,
                    "Subscript expression on ROW requires a constant index"
                )
                .at(index.at));
            };
            return match usize::try_from(place - 1) {
                Ok(zero_based) if zero_based < fields.len() => Ok(field(value, zero_based)),
                _ => {
                    let most = fields.len();
                    Err(err!(
                        InvalidFunctionArgument,
                        "Subscript index out of bounds: {place}, max value is {most}"
                    )
                    .at(index.at))
                }
            };
        }
        let (of, by) = (value.ty.clone(), at.ty.clone());
        let found = self.binder.apply("$subscript", vec![value, at]);
        found.map_err(|_| err!(TypeMismatch, "Cannot use {by} for subscript of {of}"))
    }

    pub(super) fn compare(&self, op: Comparison, left: Typed, right: Typed) -> Result<Typed> {
        let allowed = |ty: &Type| match op {
            Comparison::Equal | Comparison::NotEqual => ty.is_comparable(),
            _ => ty.is_orderable(),
        };
        let Some(ty) = common_type(&left.ty, &right.ty).filter(allowed) else {
            let symbol = comparison_symbol(op);
            bail!(
                TypeMismatch,
                "Cannot apply operator: {} {symbol} {}",
                left.ty,
                right.ty
            );
        };
        let (left, right) = (self.binder.coerce(left, &ty)?, self.binder.coerce(right, &ty)?);
        Ok(Typed::boolean(Node::Compare(op, Box::new(left), Box::new(right))))
    }

    fn in_list(&self, value: &Expr, list: &[Expr]) -> Result<Typed> {
        let mut all = vec![self.bind(value)?];
        all.extend(self.all(list)?);
        let ty = all
            .iter()
            .skip(1)
            .try_fold(all[0].ty.clone(), |ty, item| common_type(&ty, &item.ty).ok_or(ty));
        let ty = ty.map_err(|_| {
            err!(
                TypeMismatch,
                "IN value and list items must be the same type or coercible to a common type"
            )
            .at(list[0].at)
        })?;
        let mut all = all
            .into_iter()
            .map(|typed| self.binder.coerce(typed, &ty))
            .collect::<Result<Vec<_>>>()?;
        let value = all.remove(0);
        let constants = all.iter().map(|item| match &item.node {
            Node::Literal(value) => Some(value.clone()),
            _ => None,
        });
        if let Some(constants) = constants.collect() {
            return Ok(Typed::boolean(Node::OneOf(Box::new(value), constants)));
        }
        let equal = |item| {
            Typed::boolean(Node::Compare(
                Comparison::Equal,
                Box::new(value.clone()),
                Box::new(item),
            ))
        };
        Ok(Typed::boolean(Node::Or(all.into_iter().map(equal).collect())))
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        branches: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
    ) -> Result<Typed> {
        let operand = operand.map(|operand| self.bind(operand)).transpose()?;
        let mut conditions = Vec::with_capacity(branches.len());
        for (when, _) in branches {
            conditions.push(match &operand {
                Some(operand) => {
                    let when_typed = self.bind(when)?;
                    self.compare(Comparison::Equal, operand.clone(), when_typed)
                        .map_err(|error| error.at(when.at))?
                }
                None => self.boolean(when, "CASE WHEN clause")?,
            });
        }
        let results: Vec<_> = branches.iter().map(|(_, then)| then).chain(otherwise).collect();
        let bound = results
            .iter()
            .map(|result| self.bind(result))
            .collect::<Result<Vec<_>>>()?;
        let mut bound = self
            .binder
            .unify(bound, "CASE")
            .map_err(|error| error.at(results[0].at))?;
        let otherwise = otherwise.and_then(|_| bound.pop()).map(Box::new);
        let ty = bound[0].ty.clone();
        Ok(Typed {
            ty,
            node: Node::Case(conditions.into_iter().zip(bound).collect(), otherwise),
        })
    }

    pub(super) fn unified(&self, exprs: &[Expr], what: &str) -> Result<Vec<Typed>> {
        self.binder.unify(self.all(exprs)?, what)
    }

    fn operator(&self, name: &str, symbol: &str, args: Vec<Typed>) -> Result<Typed> {
        let (left, right) = (args[0].ty.clone(), args[1].ty.clone());
        self.binder.apply(name, args).map_err(|error| match error.kind {
            ErrorKind::FunctionNotFound => {
                err!(TypeMismatch, "Cannot apply operator: {left} {symbol} {right}")
            }
            _ => error,
        })
    }
}

fn found(field: super::Field, depth: usize) -> Typed {
    let node = if depth == 0 {
        Node::Column(field.column)
    } else {
        Node::Outer(field.column)
    };
    Typed { ty: field.ty, node }
}

pub(super) fn not(typed: Typed) -> Typed {
    Typed::boolean(Node::Not(Box::new(typed)))
}

/// A field of a row by its place.
pub(super) fn field(row: Typed, place: usize) -> Typed {
    let Type::Row(fields) = &row.ty else { return row };
    let ty = fields[place].ty.clone();
    let applied = Applied {
        name: format!("field{place}"),
        kernel: functions::column::field(place),
        args: vec![row.ty.clone()],
        result: ty.clone(),
        volatile: false,
        total: true,
    };
    Typed {
        ty,
        node: Node::Call(Arc::new(applied), vec![row]),
    }
}

fn named_field(row: Typed, name: &str) -> Result<Typed> {
    let Type::Row(fields) = &row.ty else {
        bail!(TypeMismatch, "Expression is not of type ROW: {}", row.ty);
    };
    let mut places = (0..fields.len()).filter(|place| {
        fields[*place]
            .name
            .as_deref()
            .is_some_and(|known| super::is_same_name(known, name))
    });
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(field(row, place)),
        (None, _) => {
            let known = fields.iter().filter_map(|field| field.name.as_deref());
            bail!(
                ColumnNotFound,
                "Column '{name}' cannot be resolved{}",
                did_you_mean(closest(name, known))
            )
        }
        _ => bail!(AmbiguousName, "Ambiguous row field reference: {name}"),
    }
}

pub(super) fn dotted_parts<'e>(base: &'e Expr, name: &'e Ident) -> Option<Vec<&'e str>> {
    let mut parts = match &base.kind {
        ExprKind::Column(first) => vec![first.text.as_str()],
        ExprKind::Field(base, name) => dotted_parts(base, name)?,
        _ => return None,
    };
    parts.push(&name.text);
    Some(parts)
}

fn arithmetic_name(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "$add",
        Arithmetic::Subtract => "$subtract",
        Arithmetic::Multiply => "$multiply",
        Arithmetic::Divide => "$divide",
        Arithmetic::Modulus => "$modulus",
    }
}

fn arithmetic_symbol(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
        Arithmetic::Modulus => "%",
    }
}

fn comparison_symbol(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}
