//! Aggregates as DataFusion's: one accumulator gathers a group's rows, and a [`Fold`] makes a value of them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use crate::compare::{order, same};
use crate::registry::{Call, Fold};
use crate::types::Type;
use crate::value::Value;

/// An aggregate function for one call.
#[derive(Clone)]
pub(crate) struct Gather {
    pub name: String,
    pub fold: Fold,
    /// The arguments; then, in the columns, the keys of ORDER BY.
    pub args: Vec<Type>,
    pub result: Type,
    pub distinct: bool,
    pub order: Vec<OrderKey>,
    pub signature: Signature,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OrderKey {
    pub ty: Type,
    pub descending: bool,
    pub nulls_first: bool,
}

impl Gather {
    pub(crate) fn signature() -> Signature {
        Signature::user_defined(Volatility::Immutable)
    }

    fn row_fields(&self) -> Fields {
        let types = self.args.iter().chain(self.order.iter().map(|key| &key.ty));
        types
            .enumerate()
            .map(|(i, ty)| Field::new(format!("f{i}"), ty.arrow(), true))
            .collect()
    }

    fn finish(&self, columns: Vec<ArrayRef>, rows: usize) -> crate::error::Result<ScalarValue> {
        let mut columns = columns;
        if rows > 0 && (!self.order.is_empty() || self.distinct) {
            let indices = self.arranged(&columns, rows)?;
            columns = columns
                .iter()
                .map(|column| take(column, &indices, None))
                .collect::<Result<_, _>>()?;
        }
        let rows = columns.first().map_or(rows, |column| column.len());
        columns.truncate(self.args.len());
        let call = Call {
            args: &self.args,
            result: &self.result,
            rows,
            lambdas: &[],
        };
        let value = (self.fold)(&call, &columns)?;
        Ok(ScalarValue::try_from_array(
            &Value::array(vec![value], &self.result),
            0,
        )?)
    }

    /// Rows in the order that is asked for, each once if they are to be distinct.
    fn arranged(&self, columns: &[ArrayRef], rows: usize) -> crate::error::Result<UInt32Array> {
        let mut indices: Vec<u32> = (0..rows as u32).collect();
        if self.distinct {
            let row = |i: u32| {
                let args = columns.iter().zip(&self.args);
                args.map(|(column, ty)| Value::read(column, i as usize, ty))
                    .collect::<Vec<_>>()
            };
            let mut kept: Vec<(u32, Vec<Value>)> = Vec::new();
            for i in indices {
                let values = row(i);
                if !kept
                    .iter()
                    .any(|(_, known)| known.iter().zip(&values).all(|(a, b)| same(a, b)))
                {
                    kept.push((i, values));
                }
            }
            indices = kept.into_iter().map(|(i, _)| i).collect();
        }
        let mut failed = None;
        let keys: Vec<Vec<Value>> = (0..rows)
            .map(|i| {
                let keys = columns[self.args.len()..].iter().zip(&self.order);
                keys.map(|(column, key)| Value::read(column, i, &key.ty))
                    .collect()
            })
            .collect();
        indices.sort_by(|a, b| {
            for ((a, b), key) in keys[*a as usize].iter().zip(&keys[*b as usize]).zip(&self.order) {
                let found = match (a.is_null(), b.is_null()) {
                    (true, true) => continue,
                    (true, false) if key.nulls_first => return std::cmp::Ordering::Less,
                    (true, false) => return std::cmp::Ordering::Greater,
                    (false, true) if key.nulls_first => return std::cmp::Ordering::Greater,
                    (false, true) => return std::cmp::Ordering::Less,
                    (false, false) => order(&key.ty, a, b).unwrap_or_else(|error| {
                        failed.get_or_insert(error);
                        std::cmp::Ordering::Equal
                    }),
                };
                let found = if key.descending { found.reverse() } else { found };
                if found.is_ne() {
                    return found;
                }
            }
            std::cmp::Ordering::Equal
        });
        failed.map_or(Ok(indices.into()), Err)
    }
}

impl std::fmt::Debug for Gather {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gather")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Gather {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.args == other.args
            && self.result == other.result
            && self.distinct == other.distinct
            && self.order == other.order
    }
}

impl Eq for Gather {}

impl Hash for Gather {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.args.hash(state);
        self.order.hash(state);
    }
}

impl AggregateUDFImpl for Gather {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> datafusion::common::Result<DataType> {
        Ok(self.result.arrow())
    }

    /// The binder has cast the arguments.
    fn coerce_types(&self, types: &[DataType]) -> datafusion::common::Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> datafusion::common::Result<Box<dyn Accumulator>> {
        Ok(Box::new(Gathered {
            gather: self.clone(),
            batches: Vec::new(),
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> datafusion::common::Result<Vec<FieldRef>> {
        let item = Field::new("item", DataType::Struct(self.row_fields()), true);
        Ok(vec![Arc::new(Field::new(
            format!("{}[rows]", args.name),
            DataType::List(Arc::new(item)),
            true,
        ))])
    }

    fn default_value(&self, _: &DataType) -> datafusion::common::Result<ScalarValue> {
        let columns = self
            .row_fields()
            .iter()
            .map(|field| new_empty_array(field.data_type()))
            .collect();
        Ok(self.finish(columns, 0)?)
    }
}

#[derive(Debug)]
struct Gathered {
    gather: Gather,
    /// A row of every batch is a struct of the columns.
    batches: Vec<StructArray>,
}

impl Gathered {
    fn rows(&self) -> datafusion::common::Result<StructArray> {
        if self.batches.is_empty() {
            return Ok(StructArray::new_null(self.gather.row_fields(), 0));
        }
        let batches: Vec<&dyn Array> = self.batches.iter().map(|batch| batch as &dyn Array).collect();
        Ok(concat(&batches)?.as_struct().clone())
    }
}

impl Accumulator for Gathered {
    fn update_batch(&mut self, values: &[ArrayRef]) -> datafusion::common::Result<()> {
        let fields = self.gather.row_fields();
        let rows = values.first().map_or(0, |column| column.len());
        // `count()` and the like have no columns: a row is then counted by the column that stands for it.
        let columns = values.iter().take(fields.len()).cloned().collect();
        if rows > 0 {
            self.batches
                .push(StructArray::try_new_with_length(fields, columns, None, rows)?);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> datafusion::common::Result<ScalarValue> {
        let rows = self.rows()?;
        Ok(self.gather.finish(rows.columns().to_vec(), rows.len())?)
    }

    fn size(&self) -> usize {
        size_of_val(self)
            + self
                .batches
                .iter()
                .map(|batch| batch.get_array_memory_size())
                .sum::<usize>()
    }

    fn state(&mut self) -> datafusion::common::Result<Vec<ScalarValue>> {
        let rows = self.rows()?;
        let item = Arc::new(Field::new("item", rows.data_type().clone(), true));
        let list = ListArray::new(
            item,
            OffsetBuffer::from_lengths([rows.len()]),
            Arc::new(rows),
            None,
        );
        Ok(vec![ScalarValue::List(Arc::new(list))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> datafusion::common::Result<()> {
        for state in states[0].as_list::<i32>().iter().flatten() {
            if !state.is_empty() {
                self.batches.push(state.as_struct().clone());
            }
        }
        Ok(())
    }

    /// Rows leave a window in the order in which they came.
    fn retract_batch(&mut self, values: &[ArrayRef]) -> datafusion::common::Result<()> {
        let mut left = values.first().map_or(0, |column| column.len());
        while let Some(first) = self.batches.first_mut() {
            if first.len() > left {
                *first = first.slice(left, first.len() - left);
                return Ok(());
            }
            left -= first.len();
            self.batches.remove(0);
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }
}
