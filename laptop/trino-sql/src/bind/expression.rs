//! Expressions.

use std::sync::Arc;

use super::context::Context;
use super::windows::Windows;
use super::{Binder, closest, did_you_mean, type_name, unknown_column};
use crate::ast::*;
use crate::cast;
use crate::coerce::{can_coerce, common_type, is_same_carrier};
use crate::error::{Error, ErrorKind, Position, Result, bail, err};
use crate::functions;
use crate::number::parse_decimal;
use crate::registry::{self, Call as KernelCall, Kernel};
use crate::signature::{Argument, Bound, Signature};
use crate::temporal;
use crate::typed::{Applied, Node, Typed};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

/// Parameters and body of a lambda.
type Lambda = (Vec<(Arc<str>, Type)>, Typed);

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

    fn not_scalar(&self, what: &str) -> Error {
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
        if all.len() > 20 && all.iter().all(|item| matches!(item.node, Node::Literal(_))) {
            return Ok(self.binder.in_constants(value, all));
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

    fn unified(&self, exprs: &[Expr], what: &str) -> Result<Vec<Typed>> {
        self.binder.unify(self.all(exprs)?, what)
    }

    fn call(&self, call: &Call, at: Position) -> Result<Typed> {
        let name = call.name.text.to_lowercase();
        if call.over.is_some() {
            let Some(windows) = self.windows else {
                return Err(self.not_scalar(&name));
            };
            return windows.bind(self, call, &name);
        }
        if functions::aggregates().has(&name) || name == "count" {
            let Some(aggregates) = self.aggregates else {
                return Err(self.not_scalar(&name));
            };
            return aggregates.bind(self, call, &name);
        }
        if Windows::has(&name) {
            bail!(MissingOver, "Window function {name} requires an OVER clause");
        }
        if call.distinct
            || call.star
            || call.filter.is_some()
            || !call.order_by.is_empty()
            || call.ignore_nulls
        {
            bail!(
                SyntaxError,
                "{name} is not an aggregation function: no DISTINCT, FILTER, ORDER BY, IGNORE NULLS or *"
            );
        }
        let count = call.args.len();
        match name.as_str() {
            "coalesce" => {
                if count < 2 {
                    bail!(
                        SyntaxError,
                        "The 'coalesce' function must have at least two arguments"
                    );
                }
                let mut args = self.unified(&call.args, "COALESCE")?;
                let ty = args[0].ty.clone();
                let last = args.pop().map(Box::new);
                let branch = |arg: Typed| (not(Typed::boolean(Node::IsNull(Box::new(arg.clone())))), arg);
                Ok(Typed {
                    ty,
                    node: Node::Case(args.into_iter().map(branch).collect(), last),
                })
            }
            "nullif" => {
                if count != 2 {
                    bail!(SyntaxError, "Invalid number of arguments for 'nullif' function");
                }
                let (first, second) = (self.bind(&call.args[0])?, self.bind(&call.args[1])?);
                let equal = self.compare(Comparison::Equal, first.clone(), second)?;
                let null = Typed::literal(Value::Null, first.ty.clone());
                Ok(Typed {
                    ty: first.ty.clone(),
                    node: Node::Case(vec![(equal, null)], Some(Box::new(first))),
                })
            }
            "if" => {
                if !(2..=3).contains(&count) {
                    bail!(SyntaxError, "Invalid number of arguments for 'if' function");
                }
                let condition = self.boolean(&call.args[0], "IF condition")?;
                let mut results = self.unified(&call.args[1..], "IF")?;
                let otherwise = if count == 3 {
                    results.pop().map(Box::new)
                } else {
                    None
                };
                let then = results.swap_remove(0);
                Ok(Typed {
                    ty: then.ty.clone(),
                    node: Node::Case(vec![(condition, then)], otherwise),
                })
            }
            "try" => {
                if count != 1 {
                    bail!(SyntaxError, "The 'try' function must have exactly one argument");
                }
                let inner = self.bind(&call.args[0])?;
                Ok(Typed {
                    ty: inner.ty.clone(),
                    node: Node::Try(Box::new(inner)),
                })
            }
            "now" if count == 0 => self.binder.current("current_timestamp", None),
            "typeof" if count == 1 => {
                let ty = self.bind(&call.args[0])?.ty;
                Ok(Typed::literal(Value::Text(ty.to_string()), VARCHAR))
            }
            "concat" if count < 2 => bail!(
                InvalidFunctionArgument,
                "There must be two or more concatenation arguments"
            ),
            "format" if count < 2 => bail!(
                SyntaxError,
                "The 'format' function must have at least two arguments"
            ),
            _ => self.function(&name, &call.args, at),
        }
    }

    /// A scalar function, its lambdas typed by what its other arguments are.
    fn function(&self, name: &str, args: &[Expr], at: Position) -> Result<Typed> {
        let table = functions::scalars();
        if !table.has(name) || name.starts_with('$') {
            let known = table
                .names()
                .chain(functions::aggregates().names())
                .filter(|name| !name.starts_with('$'));
            let suggestion = did_you_mean(closest(name, known));
            return Err(err!(FunctionNotFound, "Function '{name}' not registered{suggestion}").at(at));
        }
        let bound_args = args
            .iter()
            .map(|arg| match &arg.kind {
                ExprKind::Lambda { .. } => Ok(None),
                _ => self.bind(arg).map(Some),
            })
            .collect::<Result<Vec<_>>>()?;
        let body_type = |arg: &Expr, params: &[Type]| {
            Ok(self
                .lambda(arg, params)?
                .map_or(Type::Unknown, |(_, body)| body.ty))
        };
        type BodyType<'b> = Box<dyn FnMut(&[Type]) -> Result<Type> + 'b>;
        let mut closures: Vec<BodyType<'_>> = args
            .iter()
            .zip(&bound_args)
            .filter(|(_, bound)| bound.is_none())
            .map(|(arg, _)| {
                let closure: BodyType<'_> = Box::new(move |params| body_type(arg, params));
                closure
            })
            .collect();
        let mut closures = closures.iter_mut();
        let mut arguments: Vec<Argument<'_>> = Vec::with_capacity(args.len());
        for bound in &bound_args {
            match (bound, bound.is_none().then(|| closures.next()).flatten()) {
                (Some(typed), _) => arguments.push(Argument::Value(&typed.ty)),
                (None, Some(closure)) => arguments.push(Argument::Lambda(closure.as_mut())),
                (None, None) => bail!(Internal, "a lambda without its type"),
            }
        }
        let (function, signature, bound) = table
            .resolve(name, &mut arguments)
            .map_err(|error| error.at(at))?;
        drop(arguments);
        let mut typed_args = Vec::with_capacity(args.len());
        for (place, (arg, typed)) in args.iter().zip(bound_args).enumerate() {
            typed_args.push(match typed {
                Some(typed) => self.binder.coerce(typed, &bound.args[place])?,
                None => self.final_lambda(arg, signature, &bound, place)?,
            });
        }
        Ok(self
            .binder
            .applied(function.name, &function.kernel, bound, typed_args))
    }

    fn final_lambda(&self, arg: &Expr, signature: &Signature, bound: &Bound, place: usize) -> Result<Typed> {
        let types = signature.lambda_types(place, bound);
        let Some((params, result)) = types else {
            bail!(Internal, "a lambda of unknown type")
        };
        let Some((params, body)) = self.lambda(arg, &params)? else {
            bail!(Internal, "not a lambda")
        };
        let body = Box::new(self.binder.coerce(body, &result)?);
        Ok(Typed {
            ty: Type::Function,
            node: Node::Lambda { params, body },
        })
    }

    /// Parameters and body of a lambda; None if it takes another number of parameters.
    fn lambda(&self, arg: &Expr, types: &[Type]) -> Result<Option<Lambda>> {
        let ExprKind::Lambda { params, body } = &arg.kind else {
            return Ok(None);
        };
        if params.len() != types.len() {
            return Err(err!(
                InvalidArguments,
                "Expected a lambda that takes {} argument(s) but got {}",
                types.len(),
                params.len()
            )
            .at(arg.at));
        }
        let named: Vec<_> = params
            .iter()
            .zip(types)
            .map(|(param, ty)| (param.text.clone(), self.binder.unique(&param.text), ty.clone()))
            .collect();
        let depth = self.params.borrow().len();
        self.params.borrow_mut().extend(named.iter().cloned());
        let body = self.bind(body);
        self.params.borrow_mut().truncate(depth);
        Ok(Some((
            named.into_iter().map(|(_, column, ty)| (column, ty)).collect(),
            body?,
        )))
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

impl Binder<'_> {
    /// A function of the table by its name.
    pub(super) fn apply(&self, name: &str, args: Vec<Typed>) -> Result<Typed> {
        let mut arguments: Vec<_> = args.iter().map(|arg| Argument::Value(&arg.ty)).collect();
        let (function, _, bound) = functions::scalars().resolve(name, &mut arguments)?;
        let args = args
            .into_iter()
            .zip(&bound.args)
            .map(|(arg, ty)| self.coerce(arg, ty))
            .collect::<Result<Vec<_>>>()?;
        Ok(self.applied(function.name, &function.kernel, bound, args))
    }

    fn applied(&self, name: &str, kernel: &Kernel, bound: Bound, args: Vec<Typed>) -> Typed {
        let volatile = matches!(name, "random" | "rand" | "uuid" | "shuffle");
        let applied = Applied {
            name: name.to_owned(),
            kernel: Arc::clone(kernel),
            args: bound.args,
            result: bound.result.clone(),
            volatile,
            total: false,
        };
        Typed {
            ty: bound.result,
            node: Node::Call(Arc::new(applied), args),
        }
    }

    fn constructed(
        &self,
        name: &str,
        ty: Type,
        args: Vec<Typed>,
        make: impl Fn(&KernelCall<'_>, &[Value]) -> Result<Value> + Send + Sync + 'static,
    ) -> Typed {
        let applied = Applied {
            name: name.to_owned(),
            kernel: registry::values_or_null(make),
            args: args.iter().map(|arg| arg.ty.clone()).collect(),
            result: ty.clone(),
            volatile: false,
            total: true,
        };
        Typed {
            ty,
            node: Node::Call(Arc::new(applied), args),
        }
    }

    /// `value IN (…)` of many constants.
    fn in_constants(&self, value: Typed, items: Vec<Typed>) -> Typed {
        let mut constants = Vec::with_capacity(items.len());
        let mut key = String::new();
        for item in items {
            if let Node::Literal(value) = item.node {
                key.push_str(&format!("{value:?},"));
                constants.push(value);
            }
        }
        let has_null = constants.iter().any(Value::is_null);
        let ty = value.ty.clone();
        let known: std::collections::HashSet<String> =
            constants.iter().map(|constant| format!("{constant:?}")).collect();
        let by_text = ty.is_native();
        let kernel = registry::values(move |_, args| {
            let found = if by_text {
                known.contains(&format!("{:?}", args[0]))
            } else {
                constants
                    .iter()
                    .any(|constant| crate::compare::equal(&args[0], constant) == Some(true))
            };
            Ok(if found || !has_null {
                Value::Boolean(found)
            } else {
                Value::Null
            })
        });
        let applied = Applied {
            name: format!("in({key})"),
            kernel,
            args: vec![ty],
            result: Type::Boolean,
            volatile: false,
            total: true,
        };
        Typed::boolean(Node::Call(Arc::new(applied), vec![value]))
    }

    /// The expression as a type that it becomes without a cast.
    pub(super) fn coerce(&self, typed: Typed, to: &Type) -> Result<Typed> {
        if typed.ty == *to {
            return Ok(typed);
        }
        if !can_coerce(&typed.ty, to) {
            bail!(TypeMismatch, "Cannot coerce {} to {to}", typed.ty);
        }
        self.cast(typed, to, false)
    }

    /// Casts of constants are made at once; one that fails is left to fail when the statement runs.
    pub(super) fn cast(&self, typed: Typed, to: &Type, safe: bool) -> Result<Typed> {
        let from = typed.ty.clone();
        if from == *to {
            return Ok(typed);
        }
        if !cast::is_cast(&from, to) {
            bail!(TypeMismatch, "Cannot cast {from} to {to}");
        }
        if is_same_carrier(&from, to) {
            return Ok(Typed {
                ty: to.clone(),
                node: typed.node,
            });
        }
        if let Node::Literal(value) = &typed.node {
            match cast::cast(value, &from, to) {
                Ok(value) => return Ok(Typed::literal(value, to.clone())),
                Err(_) if safe => return Ok(Typed::literal(Value::Null, to.clone())),
                Err(_) => {}
            }
        }
        let applied = Applied {
            name: if safe { "try_cast" } else { "cast" }.to_owned(),
            kernel: cast::kernel(&from, to, safe),
            args: vec![from],
            result: to.clone(),
            volatile: false,
            total: safe,
        };
        Ok(Typed {
            ty: to.clone(),
            node: Node::Call(Arc::new(applied), vec![typed]),
        })
    }

    /// Expressions as their common type.
    pub(super) fn unify(&self, typed: Vec<Typed>, what: &str) -> Result<Vec<Typed>> {
        let Some(first) = typed.first() else {
            return Ok(typed);
        };
        let mut ty = first.ty.clone();
        for other in &typed[1..] {
            ty = common_type(&ty, &other.ty).ok_or_else(|| {
                err!(
                    TypeMismatch,
                    "All {what} results must be the same type or coercible to a common type. Cannot find common type between {ty} and {}",
                    other.ty
                )
            })?;
        }
        typed.into_iter().map(|typed| self.coerce(typed, &ty)).collect()
    }

    fn current(&self, name: &str, precision: Option<u8>) -> Result<Typed> {
        let digits = precision.unwrap_or(3);
        if digits > 9 {
            bail!(NotSupported, "{name}({digits}): more than 9 digits of a second");
        }
        let (seconds, nanos) = (self.now.timestamp(), i64::from(self.now.timestamp_subsec_nanos()));
        let units = temporal::to_units(seconds, nanos, digits)?;
        Ok(match name {
            "current_date" => {
                Typed::literal(Value::Int(seconds.div_euclid(temporal::DAY_SECONDS)), Type::Date)
            }
            "current_timestamp" => {
                Typed::literal(Value::Zoned(units, crate::zone::utc()), Type::TimestampTz(digits))
            }
            "localtimestamp" => Typed::literal(Value::Int(units), Type::Timestamp(digits)),
            "localtime" => {
                let time = cast::cast(&Value::Int(units), &Type::Timestamp(digits), &Type::Time(digits))?;
                Typed::literal(time, Type::Time(digits))
            }
            "current_catalog" => string(&self.default_catalog),
            "current_schema" => string(&self.default_schema),
            _ => bail!(NotSupported, "{name}"),
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

fn string(text: &str) -> Typed {
    Typed::literal(
        Value::Text(text.to_owned()),
        Type::Varchar(Some(text.chars().count() as u32)),
    )
}

fn integer(digits: &str, negative: bool) -> Result<Typed> {
    let signed = if negative {
        format!("-{digits}")
    } else {
        digits.to_owned()
    };
    match signed.parse::<i64>() {
        Ok(value) if i32::try_from(value).is_ok() => Ok(Typed::literal(Value::Int(value), Type::Integer)),
        Ok(value) => Ok(Typed::literal(Value::Int(value), Type::BigInt)),
        Err(_) => bail!(SyntaxError, "Invalid numeric literal: {signed}"),
    }
}

fn decimal(digits: &str) -> Result<Typed> {
    match parse_decimal(digits) {
        Some((value, precision, scale)) => Ok(Typed::literal(
            Value::Decimal(value),
            Type::Decimal(precision, scale),
        )),
        None => bail!(InvalidLiteral, "'{digits}' is not a valid DECIMAL literal"),
    }
}

fn double(digits: &str) -> Result<Typed> {
    match digits.parse() {
        Ok(value) => Ok(Typed::literal(Value::Double(value), Type::Double)),
        Err(_) => bail!(SyntaxError, "Invalid numeric literal: {digits}"),
    }
}

/// `DATE '2023-03-14'`: some types follow from the text.
fn typed_literal(name: &TypeName, text: &str) -> Result<Typed> {
    match &name.kind {
        TypeNameKind::Plain(plain, numbers) if numbers.is_empty() => match plain.as_str() {
            "decimal" => return decimal(text.trim()),
            "char" => {
                let ty = Type::Char(text.chars().count() as u32);
                return Ok(Typed::literal(
                    cast::cast(&Value::Text(text.to_owned()), &VARCHAR, &ty)?,
                    ty,
                ));
            }
            "varchar" => return Ok(string(text)),
            _ => {}
        },
        TypeNameKind::DateTime {
            name: "timestamp",
            precision: None,
            zone: false,
        } => {
            let (value, ty) = temporal::timestamp_literal(text)?;
            return Ok(Typed::literal(value, ty));
        }
        TypeNameKind::DateTime {
            name: "time",
            precision: None,
            zone: false,
        } => {
            let Some((nanos, digits)) = temporal::parse_time(text) else {
                bail!(InvalidLiteral, "'{text}' is not a valid TIME literal");
            };
            return Ok(Typed::literal(Value::Int(nanos), Type::Time(digits.min(9))));
        }
        _ => {}
    }
    let ty = type_name::resolve(name)?;
    if ty == Type::Json {
        return Ok(Typed::literal(cast::json::parse(text)?, ty));
    }
    if !cast::is_cast(&VARCHAR, &ty) {
        bail!(InvalidLiteral, "No literal form for type {ty}");
    }
    match cast::cast(&Value::Text(text.to_owned()), &VARCHAR, &ty) {
        Ok(value) => Ok(Typed::literal(value, ty)),
        Err(_) => bail!(
            InvalidLiteral,
            "'{text}' is not a valid {} literal",
            ty.to_string().to_uppercase()
        ),
    }
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
