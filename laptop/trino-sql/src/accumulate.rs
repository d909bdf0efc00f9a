//! Aggregates as DataFusion's. A [`Fold`] that runs row by row keeps a state for each group; for any other, and where
//! rows must be put in order or told apart first, the rows of a group are gathered.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, StructArray, UInt32Array, new_empty_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use crate::compare::order;
use crate::key::bytes_of;
use crate::registry::{Call, Fold, Running, values_at};
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

    fn call(&self, rows: usize) -> Call<'_> {
        Call {
            args: &self.args,
            result: &self.result,
            rows,
            lambdas: &[],
        }
    }

    /// The fold, if it can run row by row here.
    fn running(&self) -> Option<Running> {
        match &self.fold {
            Fold::Running(running) if !self.distinct && self.order.is_empty() => Some(running.clone()),
            _ => None,
        }
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
        let rows = columns.first().map_or(rows, Array::len);
        columns.truncate(self.args.len());
        let value = self.fold.over(&self.call(rows), &columns)?;
        Ok(ScalarValue::try_from_array(
            &Value::array(vec![value], &self.result),
            0,
        )?)
    }

    /// Rows in the order that is asked for, each once if they are to be distinct.
    fn arranged(&self, columns: &[ArrayRef], rows: usize) -> crate::error::Result<UInt32Array> {
        let mut indices: Vec<u32> = (0..rows as u32).collect();
        if self.distinct {
            let mut seen = HashSet::new();
            indices.retain(|i| seen.insert(bytes_of(&values_at(&self.args, columns, *i as usize))));
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

impl Gather {
    /// Name by which DataFusion tells aggregates apart, with all that the arguments do not show.
    pub(crate) fn call_name(
        name: &str,
        args: &[Type],
        result: &Type,
        distinct: bool,
        order: &[OrderKey],
    ) -> String {
        let distinct = if distinct { " distinct" } else { "" };
        format!("{name}{distinct} {args:?} {order:?} {result:?}")
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
        Ok(match self.running() {
            Some(running) => Box::new(States::new(self, running)),
            None => Box::new(Gathered::new(self)),
        })
    }

    /// For frames that rows leave again.
    fn create_sliding_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> datafusion::common::Result<Box<dyn Accumulator>> {
        Ok(Box::new(Gathered::new(self)))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        self.running().is_some()
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> datafusion::common::Result<Box<dyn GroupsAccumulator>> {
        match self.running() {
            Some(running) => Ok(Box::new(States::new(self, running))),
            None => Err(crate::error::err!(Internal, "{} gathers rows", self.name).into()),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> datafusion::common::Result<Vec<FieldRef>> {
        if let Some(running) = self.running() {
            let state = (running.state)(&self.call(0)).arrow();
            return Ok(vec![Arc::new(Field::new(
                format!("{}[state]", args.name),
                state,
                true,
            ))]);
        }
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
    fn new(gather: &Gather) -> Self {
        Self {
            gather: gather.clone(),
            batches: Vec::new(),
        }
    }

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
        let rows = values.first().map_or(0, Array::len);
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
                .map(Array::get_array_memory_size)
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
        let mut left = values.first().map_or(0, Array::len);
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

/// A state for each group; the accumulator of a single one has its state in the first place.
#[derive(Debug)]
struct States {
    gather: Gather,
    running: Running,
    state_type: Type,
    states: Vec<Value>,
}

impl States {
    fn new(gather: &Gather, running: Running) -> Self {
        Self {
            gather: gather.clone(),
            state_type: (running.state)(&gather.call(0)),
            running,
            states: Vec::new(),
        }
    }

    fn step(
        &mut self,
        columns: &[ArrayRef],
        group_of: impl Fn(usize) -> usize,
        is_kept: impl Fn(usize) -> bool,
    ) -> crate::error::Result<()> {
        let rows = columns.first().map_or(0, Array::len);
        let call = self.gather.call(rows);
        let mut args = Vec::with_capacity(columns.len());
        for row in (0..rows).filter(|row| is_kept(*row)) {
            args.clear();
            let values = columns.iter().zip(&self.gather.args);
            args.extend(values.map(|(column, ty)| Value::read(column, row, ty)));
            (self.running.step)(&call, &mut self.states[group_of(row)], &args)?;
        }
        Ok(())
    }

    fn merge(&mut self, states: &ArrayRef, group_of: impl Fn(usize) -> usize) -> crate::error::Result<()> {
        let call = self.gather.call(states.len());
        for row in (0..states.len()).filter(|row| states.is_valid(*row)) {
            let (state, other) = (
                &mut self.states[group_of(row)],
                Value::read(states, row, &self.state_type),
            );
            if state.is_null() {
                *state = other;
            } else {
                (self.running.merge)(&call, state, other)?;
            }
        }
        Ok(())
    }

    fn finished(&self, states: Vec<Value>) -> crate::error::Result<ArrayRef> {
        let call = self.gather.call(0);
        let values = states
            .into_iter()
            .map(|state| (self.running.finish)(&call, state));
        Ok(Value::array(
            values.collect::<crate::error::Result<_>>()?,
            &self.gather.result,
        ))
    }

    fn memory_bytes(&self) -> usize {
        size_of_val(self) + self.states.capacity() * size_of::<Value>()
    }
}

impl Accumulator for States {
    fn update_batch(&mut self, values: &[ArrayRef]) -> datafusion::common::Result<()> {
        self.states.resize(1, Value::Null);
        Ok(self.step(values, |_| 0, |_| true)?)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> datafusion::common::Result<()> {
        self.states.resize(1, Value::Null);
        Ok(self.merge(&states[0], |_| 0)?)
    }

    /// Windows evaluate the state and go on.
    fn evaluate(&mut self) -> datafusion::common::Result<ScalarValue> {
        self.states.resize(1, Value::Null);
        ScalarValue::try_from_array(&self.finished(self.states.clone())?, 0)
    }

    fn state(&mut self) -> datafusion::common::Result<Vec<ScalarValue>> {
        self.states.resize(1, Value::Null);
        let state = Value::array(self.states.clone(), &self.state_type);
        Ok(vec![ScalarValue::try_from_array(&state, 0)?])
    }

    fn size(&self) -> usize {
        self.memory_bytes()
    }
}

impl GroupsAccumulator for States {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> datafusion::common::Result<()> {
        self.states.resize(groups, Value::Null);
        let is_kept = |row| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        Ok(self.step(values, |row| group_indices[row], is_kept)?)
    }

    fn merge_batch(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        groups: usize,
    ) -> datafusion::common::Result<()> {
        self.states.resize(groups, Value::Null);
        Ok(self.merge(&states[0], |row| group_indices[row])?)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> datafusion::common::Result<ArrayRef> {
        let states = emit_to.take_needed(&mut self.states);
        Ok(self.finished(states)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> datafusion::common::Result<Vec<ArrayRef>> {
        let states = emit_to.take_needed(&mut self.states);
        Ok(vec![Value::array(states, &self.state_type)])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> datafusion::common::Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, Array::len);
        let mut alone = Self::new(&self.gather, self.running.clone());
        alone.states.resize(rows, Value::Null);
        let is_kept = |row| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        alone.step(values, |row| row, is_kept)?;
        Ok(vec![Value::array(alone.states, &self.state_type)])
    }

    fn size(&self) -> usize {
        self.memory_bytes()
    }
}
