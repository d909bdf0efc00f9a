//! Functions of the crate inside DataFusion's expressions.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};

use super::expr::{column, literal, scalar_function};
use crate::ast::Comparison;
use crate::error::{Result, err};
use crate::registry::{Apply, Call};
use crate::typed::{Applied, Node, Typed};
use crate::types::Type;
use crate::value::Value;

/// What a source of rows may conclude from a function that is true.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    Opaque,
    /// The first argument compares so with the second.
    Comparison(Comparison),
    /// The argument equals one of these.
    OneOf(Vec<Expr>),
}

/// Turns a typed expression into DataFusion's: what is below a function, or inside of a lambda.
pub(super) type Lower = fn(&Typed) -> Result<Expr>;

/// A call of a function with these arguments.
pub(super) fn call(applied: &Arc<Applied>, args: &[Typed], meaning: Meaning, lower: Lower) -> Result<Expr> {
    let (mut exprs, mut lambdas, mut leaves) = (Vec::new(), Vec::new(), Leaves::default());
    for arg in args {
        match &arg.node {
            Node::Lambda { params, body } => {
                let body = leaves.replace(body.as_ref().clone(), lower)?;
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
                .map(|(params, body)| Body::compile(params, &captured, &body, lower))
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
        meaning,
    };
    Ok(scalar_function(function, exprs))
}

/// Inputs that DataFusion gives to an expression which the crate evaluates itself: columns and subqueries.
#[derive(Default)]
pub(super) struct Leaves {
    subqueries: Vec<Leaf>,
}

#[derive(Clone)]
pub(super) struct Leaf {
    name: Arc<str>,
    ty: Type,
    pub(super) expr: Expr,
}

impl Leaves {
    /// Subqueries and outer columns become columns of their own.
    pub(super) fn replace(&mut self, typed: Typed, lower: Lower) -> Result<Typed> {
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
            _ => typed.map_children(&mut |child| self.replace(child, lower)),
        }
    }

    /// The columns that bodies read beside their parameters.
    pub(super) fn captured<'a>(
        &self,
        bodies: impl Iterator<Item = (&'a [(Arc<str>, Type)], &'a Typed)>,
    ) -> Vec<Leaf> {
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
pub(super) struct Body {
    params: Vec<Type>,
    result: Type,
    /// Parameters, then what is captured.
    pub(super) schema: SchemaRef,
    expr: Arc<dyn PhysicalExpr>,
    pub(super) logical: Expr,
}

impl Body {
    pub(super) fn compile(
        params: Vec<(Arc<str>, Type)>,
        captured: &[Leaf],
        body: &Typed,
        lower: Lower,
    ) -> Result<Self> {
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

    pub(super) fn evaluate_batch(&self, batch: &RecordBatch) -> Result<ArrayRef> {
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
pub(super) struct OwnFunction {
    /// Unique name: with all that the arguments do not show, types and lambdas.
    name: String,
    applied: Arc<Applied>,
    /// Lambdas by the place of the argument; empty if none of the arguments is one.
    lambdas: Vec<Option<Body>>,
    signature: Signature,
    return_type: DataType,
    pub(super) meaning: Meaning,
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
