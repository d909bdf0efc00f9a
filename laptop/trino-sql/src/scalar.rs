//! Typed expressions as DataFusion's: columns, literals, native comparisons, and the crate's functions.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array,
};
use arrow::compute::{concat, filter_record_batch, interleave, take};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr::{Exists, InSubquery, ScalarFunction};
use datafusion::logical_expr::{
    BinaryExpr, Case, ColumnarValue, Expr, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Subquery, Volatility,
};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};

use crate::ast::Comparison;
use crate::compare;
use crate::error::{Error, ErrorKind, Result, err};
use crate::registry::{Apply, Call};
use crate::typed::{Applied, Node, Typed};
use crate::types::Type;
use crate::value::Value;

/// The expression as DataFusion evaluates it.
pub(crate) fn lower(typed: &Typed) -> Result<Expr> {
    Ok(match &typed.node {
        Node::Column(name) => column(name),
        Node::Outer(name) => {
            let field = Arc::new(Field::new(name.as_ref(), typed.ty.arrow(), true));
            Expr::OuterReferenceColumn(field, Column::from_name(name.as_ref()))
        }
        Node::Literal(value) => literal(value, &typed.ty)?,
        Node::Call(applied, args) => call(applied, args)?,
        Node::Lambda { .. } => return Err(err!(Internal, "a lambda outside of a call")),
        Node::Compare(op, a, b) if a.ty.is_native() => {
            let op = match op {
                Comparison::Equal => Operator::Eq,
                Comparison::NotEqual => Operator::NotEq,
                Comparison::Less => Operator::Lt,
                Comparison::LessOrEqual => Operator::LtEq,
                Comparison::Greater => Operator::Gt,
                Comparison::GreaterOrEqual => Operator::GtEq,
            };
            binary(lower(a)?, op, lower(b)?)
        }
        Node::Compare(op, a, b) => {
            let (op, ty) = (*op, a.ty.clone());
            let kernel = crate::registry::values(move |_, args| {
                Ok(compare::compare(op, &ty, &args[0], &args[1])?.map_or(Value::Null, Value::Boolean))
            });
            own(format!("{op:?}"), kernel, &[a, b], Type::Boolean)?
        }
        Node::Distinct(a, b) if a.ty.is_native() => binary(lower(a)?, Operator::IsDistinctFrom, lower(b)?),
        Node::Distinct(a, b) => {
            let kernel = crate::registry::values_or_null(|_, args| {
                Ok(Value::Boolean(!compare::same(&args[0], &args[1])))
            });
            own("distinct".to_owned(), kernel, &[a, b], Type::Boolean)?
        }
        Node::And(items) => connective(items, Connective::And)?,
        Node::Or(items) => connective(items, Connective::Or)?,
        Node::Not(inner) => Expr::Not(Box::new(lower(inner)?)),
        Node::IsNull(inner) => Expr::IsNull(Box::new(lower(inner)?)),
        Node::Case(branches, otherwise) => {
            // DataFusion turns a CASE of booleans into AND and OR, which would evaluate what must not be.
            if typed.ty == Type::Boolean && !typed.is_total() {
                let mut parts: Vec<_> = branches.iter().flat_map(|(when, then)| [when, then]).collect();
                parts.extend(otherwise.as_deref());
                return lazy(Connective::Case, &parts, &typed.ty);
            }
            let branches = branches
                .iter()
                .map(|(when, then)| Ok((Box::new(lower(when)?), Box::new(lower(then)?))))
                .collect::<Result<_>>()?;
            let otherwise = match otherwise {
                Some(otherwise) => lower(otherwise)?,
                None => literal(&Value::Null, &typed.ty)?,
            };
            Expr::Case(Case::new(None, branches, Some(Box::new(otherwise))))
        }
        Node::Try(inner) if inner.is_total() => lower(inner)?,
        Node::Try(inner) => lazy(Connective::Try, &[inner], &typed.ty)?,
        Node::Exists(plan) => Expr::Exists(Exists::new(subquery(plan), false)),
        Node::In(inner, plan) => {
            Expr::InSubquery(InSubquery::new(Box::new(lower(inner)?), subquery(plan), false))
        }
        Node::Scalar(plan) => Expr::ScalarSubquery(subquery(plan)),
    })
}

pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

pub(crate) fn literal(value: &Value, ty: &Type) -> Result<Expr> {
    let array = Value::array(vec![value.clone()], ty);
    Ok(Expr::Literal(ScalarValue::try_from_array(&array, 0)?, None))
}

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

fn subquery(plan: &Arc<LogicalPlan>) -> Subquery {
    Subquery {
        outer_ref_columns: plan.all_out_ref_exprs(),
        subquery: Arc::clone(plan),
        spans: datafusion::common::Spans::new(),
    }
}

fn own(name: String, kernel: crate::registry::Kernel, args: &[&Typed], result: Type) -> Result<Expr> {
    let types = args.iter().map(|arg| arg.ty.clone()).collect();
    let applied = Applied {
        name,
        kernel,
        args: types,
        result,
        volatile: false,
        total: true,
    };
    call(
        &Arc::new(applied),
        &args.iter().map(|arg| (*arg).clone()).collect::<Vec<_>>(),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Connective {
    And,
    Or,
    /// Conditions and results in turn, and the result if no condition holds.
    Case,
    Try,
}

/// AND or OR. DataFusion evaluates both sides for all rows, and Trino the right one only where the left one leaves the
/// answer open: where the right one may fail, the connective is evaluated by this crate. Terms that cannot fail stand
/// beside it once more for the sake of what a table can filter by itself.
fn connective(items: &[Typed], kind: Connective) -> Result<Expr> {
    let op = if kind == Connective::And {
        Operator::And
    } else {
        Operator::Or
    };
    if items.iter().skip(1).all(Typed::is_total) {
        return balanced(items.iter().map(lower).collect::<Result<_>>()?, op);
    }
    let whole = lazy(kind, &items.iter().collect::<Vec<_>>(), &Type::Boolean)?;
    if kind == Connective::Or {
        return Ok(whole);
    }
    let mut terms = items
        .iter()
        .filter(|item| item.is_total())
        .map(lower)
        .collect::<Result<Vec<_>>>()?;
    terms.push(whole);
    balanced(terms, op)
}

/// A tree as deep as the logarithm of the number of terms.
fn balanced(mut terms: Vec<Expr>, op: Operator) -> Result<Expr> {
    while terms.len() > 1 {
        let mut pairs = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => binary(left, op, right),
                None => left,
            });
        }
        terms = pairs;
    }
    terms
        .pop()
        .ok_or_else(|| err!(Internal, "a connective without terms"))
}

/// Calls nested in first arguments deeper than this become one function, whose steps run one after the other: DataFusion
/// recurses into arguments.
const DEEPEST_CHAIN: usize = 32;

/// A call of a chain, with all of its arguments.
type Link<'t> = (&'t Arc<Applied>, &'t [Typed]);

/// The calls of a chain `f(g(h(a, b), c), d)`, the innermost first, and its first argument.
fn chain<'t>(applied: &'t Arc<Applied>, args: &'t [Typed]) -> (Vec<Link<'t>>, Option<&'t Typed>) {
    let (mut links, mut first) = (vec![(applied, args)], args.first());
    while let Some(Typed {
        node: Node::Call(applied, args),
        ..
    }) = first
        && !applied.volatile
        && !args.iter().any(|arg| matches!(arg.node, Node::Lambda { .. }))
    {
        links.push((applied, args));
        first = args.first();
    }
    links.reverse();
    (links, first)
}

/// A chain as one function of all its arguments.
fn flattened(links: &[Link<'_>], first: &Typed) -> Result<Expr> {
    let mut args = vec![first.clone()];
    let mut steps = Vec::with_capacity(links.len());
    for (applied, operands) in links {
        let start = args.len();
        args.extend(operands[1..].iter().cloned());
        steps.push((Arc::clone(applied), start..args.len()));
    }
    let last = Arc::clone(links[links.len() - 1].0);
    let names: Vec<_> = links
        .iter()
        .map(|(applied, args)| format!("{}/{}", applied.name, args.len()))
        .collect();
    let chained = Applied {
        name: names.join(","),
        args: args.iter().map(|arg| arg.ty.clone()).collect(),
        result: last.result.clone(),
        volatile: false,
        total: links.iter().all(|(applied, _)| applied.total),
        kernel: Arc::new(move |call, columns| {
            let mut value = Arc::clone(&columns[0]);
            for (applied, operands) in &steps {
                let mut own = vec![value];
                own.extend(columns[operands.clone()].iter().cloned());
                let step = Call {
                    args: &applied.args,
                    result: &applied.result,
                    rows: call.rows,
                    lambdas: &[],
                };
                value = (applied.kernel)(&step, &own)?;
            }
            Ok(value)
        }),
    };
    call(&Arc::new(chained), &args)
}

fn call(applied: &Arc<Applied>, args: &[Typed]) -> Result<Expr> {
    let (links, first) = chain(applied, args);
    if links.len() > DEEPEST_CHAIN
        && let Some(first) = first
    {
        return flattened(&links, first);
    }
    let (mut exprs, mut lambdas, mut leaves) = (Vec::new(), Vec::new(), Leaves::default());
    for arg in args {
        match &arg.node {
            Node::Lambda { params, body } => {
                let body = leaves.replace(body.as_ref().clone())?;
                exprs.push(literal(&Value::Null, &Type::Unknown)?);
                lambdas.push(Some((params.clone(), body)));
            }
            _ => {
                exprs.push(lower(arg)?);
                lambdas.push(None);
            }
        }
    }
    if lambdas.iter().all(Option::is_none) {
        lambdas.clear();
    }
    let captured = leaves.captured(
        lambdas
            .iter()
            .flatten()
            .map(|(params, body)| (params.as_slice(), body)),
    );
    let lambdas = lambdas
        .into_iter()
        .map(|lambda| {
            lambda
                .map(|(params, body)| Body::compile(params, &captured, &body))
                .transpose()
        })
        .collect::<Result<Vec<_>>>()?;
    exprs.extend(captured.iter().map(|leaf| leaf.expr.clone()));
    let volatility = if applied.volatile {
        Volatility::Volatile
    } else {
        Volatility::Immutable
    };
    let bodies: Vec<_> = lambdas
        .iter()
        .flatten()
        .map(|body| format!("{:?} -> {}", body.params, body.logical.schema_name()))
        .collect();
    let function = OwnFunction {
        name: format!(
            "{} {:?} {bodies:?} {:?}",
            applied.name, applied.args, applied.result
        ),
        applied: Arc::clone(applied),
        lambdas,
        signature: Signature::user_defined(volatility),
        return_type: applied.result.arrow(),
    };
    Ok(scalar_function(function, exprs))
}

fn scalar_function(function: impl ScalarUDFImpl + 'static, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(
        Arc::new(ScalarUDF::new_from_impl(function)),
        args,
    ))
}

/// Inputs that DataFusion gives to an expression which the crate evaluates itself: columns and subqueries.
#[derive(Default)]
struct Leaves {
    subqueries: Vec<Leaf>,
}

#[derive(Clone)]
struct Leaf {
    name: Arc<str>,
    ty: Type,
    expr: Expr,
}

impl Leaves {
    /// Subqueries and outer columns become columns of their own.
    fn replace(&mut self, typed: Typed) -> Result<Typed> {
        match typed.node {
            Node::Exists(_) | Node::In(..) | Node::Scalar(_) | Node::Outer(_) => {
                let name: Arc<str> = match &typed.node {
                    Node::Outer(name) => Arc::clone(name),
                    _ => format!("subquery{}", self.subqueries.len()).into(),
                };
                let expr = lower(&typed)?;
                self.subqueries.push(Leaf {
                    name: Arc::clone(&name),
                    ty: typed.ty.clone(),
                    expr,
                });
                Ok(Typed::column(&name, typed.ty))
            }
            _ => typed.map_children(&mut |child| self.replace(child)),
        }
    }

    /// The columns that bodies read beside their parameters.
    fn captured<'a>(&self, bodies: impl Iterator<Item = (&'a [(Arc<str>, Type)], &'a Typed)>) -> Vec<Leaf> {
        let mut captured: Vec<Leaf> = Vec::new();
        for (params, body) in bodies {
            let read = body.columns();
            let mut types = Vec::new();
            collect_types(body, &mut types);
            for (name, ty) in types {
                let known = captured.iter().any(|leaf| leaf.name == name);
                if known || params.iter().any(|(param, _)| *param == name) || !read.contains(&name) {
                    continue;
                }
                let leaf = self.subqueries.iter().find(|leaf| leaf.name == name).cloned();
                captured.push(leaf.unwrap_or_else(|| Leaf {
                    expr: column(&name),
                    name,
                    ty,
                }));
            }
        }
        captured
    }
}

fn collect_types(typed: &Typed, types: &mut Vec<(Arc<str>, Type)>) {
    if let Node::Column(name) = &typed.node
        && !types.iter().any(|(known, _)| known == name)
    {
        types.push((Arc::clone(name), typed.ty.clone()));
    }
    typed
        .children()
        .into_iter()
        .for_each(|child| collect_types(child, types));
}

/// An expression compiled to be evaluated inside of a function.
#[derive(Debug)]
struct Body {
    params: Vec<Type>,
    result: Type,
    /// Parameters, then what is captured.
    schema: SchemaRef,
    expr: Arc<dyn PhysicalExpr>,
    logical: Expr,
}

impl Body {
    fn compile(params: Vec<(Arc<str>, Type)>, captured: &[Leaf], body: &Typed) -> Result<Self> {
        let fields = params
            .iter()
            .map(|(name, ty)| Field::new(name.as_ref(), ty.arrow(), true));
        let captured = captured
            .iter()
            .map(|leaf| Field::new(leaf.name.as_ref(), leaf.ty.arrow(), true));
        let schema = Arc::new(Schema::new(fields.chain(captured).collect::<Vec<_>>()));
        let logical = lower(body)?;
        let df_schema = DFSchema::try_from(Arc::clone(&schema))?;
        let expr = create_physical_expr(&logical, &df_schema, &ExecutionProps::new(), &Default::default())?;
        let params = params.into_iter().map(|(_, ty)| ty).collect();
        Ok(Self {
            params,
            result: body.ty.clone(),
            schema,
            expr,
            logical,
        })
    }

    fn evaluate(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<ArrayRef> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        self.evaluate_batch(&batch)
    }

    fn evaluate_batch(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        Ok(self.expr.evaluate(batch)?.into_array(batch.num_rows())?)
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema && self.logical == other.logical
    }
}

impl Eq for Body {}

impl Hash for Body {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.logical.hash(state);
    }
}

/// A function of the crate, for one call.
#[derive(Debug)]
struct OwnFunction {
    /// Unique name: with all that the arguments do not show, types and lambdas.
    name: String,
    applied: Arc<Applied>,
    /// Lambdas by the place of the argument; empty if none of the arguments is one.
    lambdas: Vec<Option<Body>>,
    signature: Signature,
    return_type: DataType,
}

impl PartialEq for OwnFunction {
    fn eq(&self, other: &Self) -> bool {
        self.applied == other.applied && self.lambdas == other.lambdas && !self.applied.volatile
    }
}

impl Eq for OwnFunction {}

impl Hash for OwnFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.applied.name.hash(state);
        self.applied.args.hash(state);
        self.applied.result.hash(state);
        self.lambdas.hash(state);
    }
}

struct Captured<'a> {
    body: &'a Body,
    columns: &'a [ArrayRef],
}

impl Apply for Captured<'_> {
    fn params(&self) -> &[Type] {
        &self.body.params
    }

    fn body(&self) -> &Type {
        &self.body.result
    }

    fn apply(&self, mut params: Vec<ArrayRef>, call_rows: &UInt32Array) -> Result<ArrayRef> {
        for column in self.columns {
            params.push(take(column, call_rows, None)?);
        }
        self.body.evaluate(params, call_rows.len())
    }
}

impl ScalarUDFImpl for OwnFunction {
    /// DataFusion's elimination of common subexpressions takes calls for one that have equal names, arguments and hashes.
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> datafusion::common::Result<DataType> {
        Ok(self.return_type.clone())
    }

    /// The binder has cast the arguments.
    fn coerce_types(&self, types: &[DataType]) -> datafusion::common::Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> datafusion::common::Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), self.return_type.clone(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> datafusion::common::Result<ColumnarValue> {
        let constant = !self.applied.volatile
            && args
                .args
                .iter()
                .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let columns = args
            .args
            .into_iter()
            .map(|arg| arg.into_array(rows))
            .collect::<datafusion::common::Result<Vec<_>>>()?;
        let (own, captured) = columns.split_at(self.applied.args.len());
        for (column, ty) in own.iter().zip(&self.applied.args) {
            if !column.data_type().equals_datatype(&ty.arrow()) {
                return Err(err!(
                    Internal,
                    "{}: {} is not {ty}",
                    self.applied.name,
                    column.data_type()
                )
                .into());
            }
        }
        let lambdas: Vec<_> = self
            .lambdas
            .iter()
            .map(|body| {
                body.as_ref().map(|body| Captured {
                    body,
                    columns: captured,
                })
            })
            .collect();
        let lambdas: Vec<_> = lambdas
            .iter()
            .map(|lambda| lambda.as_ref().map(|l| l as &dyn Apply))
            .collect();
        let call = Call {
            args: &self.applied.args,
            result: &self.applied.result,
            rows,
            lambdas: &lambdas,
        };
        let result = (self.applied.kernel)(&call, own)?;
        if constant && result.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// AND, OR, CASE and TRY where evaluating all parts for all rows would fail.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Lazy {
    kind: Connective,
    parts: Vec<Body>,
    signature: Signature,
    return_type: DataType,
}

fn lazy(kind: Connective, parts: &[&Typed], result: &Type) -> Result<Expr> {
    let mut leaves = Leaves::default();
    let parts = parts
        .iter()
        .map(|part| leaves.replace((*part).clone()))
        .collect::<Result<Vec<_>>>()?;
    let captured = leaves.captured(parts.iter().map(|part| (&[][..], part)));
    let bodies = parts
        .iter()
        .map(|part| Body::compile(Vec::new(), &captured, part))
        .collect::<Result<_>>()?;
    let volatile = parts.iter().any(Typed::is_volatile);
    let function = Lazy {
        kind,
        parts: bodies,
        signature: Signature::user_defined(if volatile {
            Volatility::Volatile
        } else {
            Volatility::Immutable
        }),
        return_type: result.arrow(),
    };
    Ok(scalar_function(
        function,
        captured.into_iter().map(|leaf| leaf.expr).collect(),
    ))
}

impl ScalarUDFImpl for Lazy {
    fn name(&self) -> &str {
        match self.kind {
            Connective::And => "and",
            Connective::Or => "or",
            Connective::Case => "case",
            Connective::Try => "try",
        }
    }

    /// Name with the expression: two expressions of the same columns are not the same.
    fn schema_name(&self, _: &[Expr]) -> datafusion::common::Result<String> {
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.logical.schema_name().to_string())
            .collect();
        Ok(format!("{}({})", self.name(), parts.join(", ")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> datafusion::common::Result<DataType> {
        Ok(self.return_type.clone())
    }

    /// The binder has cast the arguments.
    fn coerce_types(&self, types: &[DataType]) -> datafusion::common::Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> datafusion::common::Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), self.return_type.clone(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> datafusion::common::Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = args
            .args
            .into_iter()
            .map(|arg| arg.into_array(rows))
            .collect::<datafusion::common::Result<Vec<_>>>()?;
        let schema = Arc::clone(&self.parts[0].schema);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        let result = match self.kind {
            Connective::And => self.decide(&batch, false),
            Connective::Or => self.decide(&batch, true),
            Connective::Case => self.choose(&batch),
            Connective::Try => self.attempt(&batch),
        };
        Ok(ColumnarValue::Array(result?))
    }
}

impl Lazy {
    /// AND and OR: a row is decided by the first part that is `deciding`; otherwise it is NULL if a part is.
    fn decide(&self, batch: &RecordBatch, deciding: bool) -> Result<ArrayRef> {
        let mut results: Vec<Option<bool>> = vec![Some(!deciding); batch.num_rows()];
        let mut open: Vec<usize> = (0..batch.num_rows()).collect();
        for part in &self.parts {
            let found = part.evaluate_batch(&rows_of(batch, &open)?)?;
            let found = found.as_boolean();
            let mut left = Vec::with_capacity(open.len());
            for (i, row) in open.into_iter().enumerate() {
                if found.is_null(i) {
                    results[row] = None;
                    left.push(row);
                } else if found.value(i) == deciding {
                    results[row] = Some(deciding);
                } else {
                    left.push(row);
                }
            }
            open = left;
        }
        Ok(Arc::new(BooleanArray::from(results)))
    }

    fn choose(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let mut arrays = vec![new_null_array(&self.return_type, 1)];
        let mut places = vec![(0, 0); batch.num_rows()];
        let mut open: Vec<usize> = (0..batch.num_rows()).collect();
        for pair in self.parts.chunks(2) {
            let mut chosen = Vec::new();
            if let [when, _] = pair {
                let holds = when.evaluate_batch(&rows_of(batch, &open)?)?;
                let holds = holds.as_boolean();
                let mut left = Vec::new();
                for (i, row) in open.into_iter().enumerate() {
                    if holds.is_valid(i) && holds.value(i) {
                        chosen.push(row);
                    } else {
                        left.push(row);
                    }
                }
                open = left;
            } else {
                std::mem::swap(&mut chosen, &mut open);
            }
            let then = &pair[pair.len() - 1];
            let values = then.evaluate_batch(&rows_of(batch, &chosen)?)?;
            chosen
                .into_iter()
                .enumerate()
                .for_each(|(i, row)| places[row] = (arrays.len(), i));
            arrays.push(values);
        }
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        Ok(interleave(&arrays, &places)?)
    }

    /// All rows at once; if that fails, each half, down to the row that does.
    fn attempt(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        match self.parts[0].evaluate_batch(batch) {
            Ok(values) => Ok(values),
            Err(error) if !is_caught(&error) => Err(error),
            Err(_) if batch.num_rows() <= 1 => Ok(new_null_array(&self.return_type, batch.num_rows())),
            Err(_) => {
                let half = batch.num_rows() / 2;
                let first = self.attempt(&batch.slice(0, half))?;
                let second = self.attempt(&batch.slice(half, batch.num_rows() - half))?;
                Ok(concat(&[&first, &second])?)
            }
        }
    }
}

/// The errors that TRY makes NULL.
fn is_caught(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::DivisionByZero
            | ErrorKind::InvalidCastArgument
            | ErrorKind::InvalidFunctionArgument
            | ErrorKind::NumericValueOutOfRange
            | ErrorKind::JsonValueResult
            | ErrorKind::JsonInputConversion
    )
}

fn rows_of(batch: &RecordBatch, rows: &[usize]) -> Result<RecordBatch> {
    if rows.len() == batch.num_rows() {
        return Ok(batch.clone());
    }
    let mut mask = vec![false; batch.num_rows()];
    rows.iter().for_each(|row| mask[*row] = true);
    Ok(filter_record_batch(batch, &BooleanArray::from(mask))?)
}
