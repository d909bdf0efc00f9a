//! AND, OR, CASE and TRY, part by part.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{concat, filter_record_batch, interleave};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::expr::scalar_function;
use super::function::{Body, Leaves, Lower};
use crate::error::{Error, ErrorKind, Result};
use crate::typed::Typed;
use crate::types::Type;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Connective {
    And,
    Or,
    /// Conditions and results in turn, and the result if no condition holds.
    Case,
    Try,
}

/// AND, OR, CASE and TRY where evaluating all parts for all rows would fail.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Lazy {
    kind: Connective,
    parts: Vec<Body>,
    signature: Signature,
    return_type: DataType,
}

pub(super) fn lazy(kind: Connective, parts: &[&Typed], result: &Type, lower: Lower) -> Result<Expr> {
    let mut leaves = Leaves::default();
    let parts = parts
        .iter()
        .map(|part| leaves.replace((*part).clone(), lower))
        .collect::<Result<Vec<_>>>()?;
    let captured = leaves.captured(parts.iter().map(|part| (&[][..], part)));
    let bodies = parts
        .iter()
        .map(|part| Body::compile(Vec::new(), &captured, part, lower))
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
