//! Functions as rows of a table: a name, signatures, a kernel.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, StringArray, UInt32Array,
};
use arrow::datatypes::{Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};

use crate::error::{Result, err};
use crate::signature::{Argument, Bound, Signature};
use crate::types::Type;
use crate::value::Value;

/// One row of the table: a function, or an aggregate.
pub(crate) struct Function<K> {
    pub name: &'static str,
    /// What [`Signature::parse`] has read.
    pub texts: Vec<&'static str>,
    pub signatures: Vec<Signature>,
    pub kernel: K,
}

/// Rows of a column each, all of one length, to the result's.
pub(crate) type Kernel = Arc<dyn Fn(&Call<'_>, &[ArrayRef]) -> Result<ArrayRef> + Send + Sync>;

/// Computation of an aggregate over the rows of a group.
#[derive(Clone)]
pub(crate) enum Fold {
    /// All rows at once.
    Rows(RowsFold),
    /// Row by row.
    Running(Running),
}

/// The columns are of one length, which may be 0.
pub(crate) type RowsFold = Arc<dyn Fn(&Call<'_>, &[ArrayRef]) -> Result<Value> + Send + Sync>;

type Step = dyn Fn(&Call<'_>, &mut Value, &[Value]) -> Result<()> + Send + Sync;
type Merge = dyn Fn(&Call<'_>, &mut Value, Value) -> Result<()> + Send + Sync;
type Finish = dyn Fn(&Call<'_>, Value) -> Result<Value> + Send + Sync;

/// An aggregate whose state does not grow with the rows. The state is NULL before the first row.
#[derive(Clone)]
pub(crate) struct Running {
    /// Type of the state.
    pub state: Arc<dyn Fn(&Call<'_>) -> Type + Send + Sync>,
    pub step: Arc<Step>,
    /// Takes in the state of later rows, which is not NULL.
    pub merge: Arc<Merge>,
    pub finish: Arc<Finish>,
}

impl Fold {
    pub(crate) fn over(&self, call: &Call<'_>, columns: &[ArrayRef]) -> Result<Value> {
        let running = match self {
            Self::Rows(fold) => return fold(call, columns),
            Self::Running(running) => running,
        };
        let mut state = Value::Null;
        for row in 0..call.rows {
            (running.step)(call, &mut state, &values_at(call.args, columns, row))?;
        }
        (running.finish)(call, state)
    }
}

/// The values of a row.
pub(crate) fn values_at(types: &[Type], columns: &[ArrayRef], row: usize) -> Vec<Value> {
    let columns = columns.iter().zip(types);
    columns.map(|(column, ty)| Value::read(column, row, ty)).collect()
}

pub(crate) type Scalar = Function<Kernel>;
pub(crate) type Aggregate = Function<Fold>;

/// The call that a kernel works for.
pub(crate) struct Call<'a> {
    /// Types of the arguments after coercion.
    pub args: &'a [Type],
    pub result: &'a Type,
    pub rows: usize,
    /// Lambdas by the place of the argument.
    pub lambdas: &'a [Option<&'a dyn Apply>],
}

/// A lambda at run time.
pub(crate) trait Apply {
    /// Types of the parameters, and of the body.
    fn params(&self) -> &[Type];
    fn body(&self) -> &Type;
    /// The body for rows of parameters, each of which belongs to a row of the call.
    fn apply(&self, params: Vec<ArrayRef>, call_rows: &UInt32Array) -> Result<ArrayRef>;
}

impl Call<'_> {
    /// The lambda in a place.
    pub(crate) fn lambda(&self, place: usize) -> Result<&dyn Apply> {
        let lambda = self.lambdas.get(place).copied().flatten();
        lambda.ok_or_else(|| err!(Internal, "argument {place} is not a lambda"))
    }

    /// A lambda for one row.
    pub(crate) fn apply_one(&self, place: usize, row: usize, params: Vec<Value>) -> Result<Value> {
        let lambda = self.lambda(place)?;
        let columns = params
            .into_iter()
            .zip(lambda.params())
            .map(|(value, ty)| Value::array(vec![value], ty));
        let result = lambda.apply(columns.collect(), &UInt32Array::from(vec![row as u32]))?;
        Ok(Value::read(&result, 0, lambda.body()))
    }
}

pub(crate) fn function<K>(name: &'static str, signatures: &[&'static str], kernel: K) -> Function<K> {
    Function {
        name,
        texts: signatures.to_vec(),
        signatures: signatures.iter().map(|text| Signature::parse(text)).collect(),
        kernel,
    }
}

/// A kernel of single values. NULL in an argument makes the result NULL.
pub(crate) fn values(f: impl Fn(&Call<'_>, &[Value]) -> Result<Value> + Send + Sync + 'static) -> Kernel {
    rows(move |call, _, args| {
        if args.iter().any(Value::is_null) {
            Ok(Value::Null)
        } else {
            f(call, args)
        }
    })
}

/// A kernel of single values that is called with NULLs, too.
pub(crate) fn values_or_null(
    f: impl Fn(&Call<'_>, &[Value]) -> Result<Value> + Send + Sync + 'static,
) -> Kernel {
    rows(move |call, _, args| f(call, args))
}

/// A kernel of single values that also gets the row's number, for lambdas. Lambdas are [`Value::Null`] among the arguments.
pub(crate) fn rows(
    f: impl Fn(&Call<'_>, usize, &[Value]) -> Result<Value> + Send + Sync + 'static,
) -> Kernel {
    Arc::new(move |call, columns| {
        let mut args = Vec::with_capacity(columns.len());
        let mut results = Vec::with_capacity(call.rows);
        for row in 0..call.rows {
            args.clear();
            args.extend(
                columns
                    .iter()
                    .zip(call.args)
                    .map(|(column, ty)| Value::read(column, row, ty)),
            );
            results.push(f(call, row, &args)?);
        }
        Ok(Value::array(results, call.result))
    })
}

/// Rust type of an argument.
pub(crate) trait Arg {
    type Of<'a>;
    type Column: 'static;
    fn get(column: &Self::Column, row: usize) -> Self::Of<'_>;
    fn column(array: &ArrayRef) -> &Self::Column;
}

macro_rules! primitive_args {
    ($($native:ty: $array:ty, $arrow:ty;)*) => {$(
        impl Arg for $native {
            type Of<'a> = $native;
            type Column = $array;
            fn get(column: &$array, row: usize) -> $native {
                column.value(row)
            }
            fn column(array: &ArrayRef) -> &$array {
                array.as_primitive::<$arrow>()
            }
        }
        impl Give for $native {
            fn array(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
                Ok(Arc::new(values.collect::<Result<$array>>()?))
            }
        }
    )*};
}

primitive_args! {
    i8: Int8Array, Int8Type;
    i16: Int16Array, Int16Type;
    i32: Int32Array, Int32Type;
    i64: Int64Array, Int64Type;
    f32: Float32Array, Float32Type;
    f64: Float64Array, Float64Type;
}

impl Arg for str {
    type Of<'a> = &'a str;
    type Column = StringArray;
    fn get(column: &StringArray, row: usize) -> &str {
        column.value(row)
    }
    fn column(array: &ArrayRef) -> &StringArray {
        array.as_string()
    }
}

impl Arg for [u8] {
    type Of<'a> = &'a [u8];
    type Column = BinaryArray;
    fn get(column: &BinaryArray, row: usize) -> &[u8] {
        column.value(row)
    }
    fn column(array: &ArrayRef) -> &BinaryArray {
        array.as_binary()
    }
}

impl Arg for bool {
    type Of<'a> = bool;
    type Column = BooleanArray;
    fn get(column: &BooleanArray, row: usize) -> bool {
        column.value(row)
    }
    fn column(array: &ArrayRef) -> &BooleanArray {
        array.as_boolean()
    }
}

/// Rust type of a result; `Option` of it for a function that may give NULL.
pub(crate) trait Give: Sized {
    fn array(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef>;
}

impl Give for String {
    fn array(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
        Ok(Arc::new(values.collect::<Result<StringArray>>()?))
    }
}

impl Give for Vec<u8> {
    fn array(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
        Ok(Arc::new(values.collect::<Result<BinaryArray>>()?))
    }
}

impl Give for bool {
    fn array(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
        Ok(Arc::new(values.collect::<Result<BooleanArray>>()?))
    }
}

impl<T: Give> Give for Option<T> {
    fn array(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
        T::array(values.map(|value| value.map(Option::flatten)))
    }
}

macro_rules! typed_kernels {
    ($($name:ident($($arg:ident $column:ident $place:literal),*);)*) => {$(
        /// A kernel over columns of Rust types, by signature: `each1::<str, _>(|text| Ok(…))`. NULL in an argument
        /// makes the result NULL.
        pub(crate) fn $name<$($arg: Arg + ?Sized + 'static,)* R: Give + 'static>(
            f: impl for<'a> Fn($($arg::Of<'a>),*) -> Result<R> + Send + Sync + 'static,
        ) -> Kernel {
            Arc::new(move |call, columns| {
                $(let $column = $arg::column(&columns[$place]);)*
                R::array((0..call.rows).map(|row| {
                    if columns.iter().any(|column| column.is_null(row)) {
                        return Ok(None);
                    }
                    f($($arg::get($column, row)),*).map(Some)
                }))
            })
        }
    )*};
}

typed_kernels! {
    each1(A a 0);
    each2(A a 0, B b 1);
    each3(A a 0, B b 1, C c 2);
    each4(A a 0, B b 1, C c 2, D d 3);
}

/// Functions by name.
pub(crate) struct Table<K: 'static> {
    by_name: HashMap<&'static str, Vec<&'static Function<K>>>,
    groups: Vec<(&'static str, Vec<&'static Function<K>>)>,
}

impl<K> Table<K> {
    /// Families of functions, each with the name of its group.
    pub(crate) fn new(families: Vec<(&'static str, Vec<Function<K>>)>) -> Self {
        let mut table = Self {
            by_name: HashMap::new(),
            groups: Vec::new(),
        };
        for (group, functions) in families {
            let functions: Vec<&'static _> = functions
                .into_iter()
                .map(|function| &*Box::leak(Box::new(function)))
                .collect();
            for function in &functions {
                table.by_name.entry(function.name).or_default().push(function);
            }
            table.groups.push((group, functions));
        }
        table
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.by_name.keys().copied()
    }

    /// All functions, by the groups they were registered in.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&'static str, &'static Function<K>)> {
        let groups = self.groups.iter();
        groups.flat_map(|(group, functions)| functions.iter().map(|function| (*group, *function)))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The function that a call means, by Trino's order: what fits as it is, then what fits by coercion and is more
    /// specific than all others that do.
    pub(crate) fn resolve(
        &self,
        name: &str,
        arguments: &mut [Argument<'_>],
    ) -> Result<(&'static Function<K>, &'static Signature, Bound)> {
        let functions = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let rows: Vec<_> = functions
            .iter()
            .flat_map(|f| f.signatures.iter().map(|s| (*f, s)))
            .collect();
        for generic in [false, true] {
            for (function, signature) in rows.iter().filter(|(_, s)| s.is_generic() == generic) {
                if let Some(bound) = signature.bind(arguments, false)? {
                    return Ok((function, signature, bound));
                }
            }
        }
        let mut fitting = Vec::new();
        for (function, signature) in &rows {
            if let Some(bound) = signature.bind(arguments, true)? {
                fitting.push((*function, *signature, bound));
            }
        }
        if fitting.len() > 1 {
            let specific = fitting.iter().filter(|(_, _, mine)| {
                fitting.iter().all(|(_, other, theirs)| {
                    let mut args: Vec<_> = mine.args.iter().map(Argument::Value).collect();
                    mine == theirs || matches!(other.bind(&mut args, true), Ok(Some(_)))
                })
            });
            let mut specific: Vec<_> = specific.cloned().collect();
            if specific.len() != 1 {
                let untouched = |(_, _, bound): &&(_, _, Bound)| {
                    bound
                        .args
                        .iter()
                        .zip(arguments.iter())
                        .all(|(wanted, argument)| match argument {
                            Argument::Value(found) => *found == wanted || **found == Type::Unknown,
                            Argument::Lambda(_) => true,
                        })
                };
                specific = fitting.iter().filter(untouched).cloned().collect();
            }
            if specific
                .windows(2)
                .all(|pair| pair[0].2.result == pair[1].2.result)
            {
                specific.truncate(1);
            }
            fitting = specific;
        }
        if fitting.len() == 1
            && let Some(found) = fitting.pop()
        {
            return Ok(found);
        }
        let given: Vec<_> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Value(ty) => ty.to_string(),
                Argument::Lambda(_) => Type::Function.to_string(),
            })
            .collect();
        let given = given.join(", ");
        if rows.is_empty() {
            return Err(err!(FunctionNotFound, "Function '{name}' not registered"));
        }
        let wanted: Vec<_> = rows
            .iter()
            .map(|(f, s)| format!("{}{}", f.name, s.text))
            .collect();
        Err(err!(
            FunctionNotFound,
            "Unexpected parameters ({given}) for function {name}. Expected: {}",
            wanted.join(", ")
        ))
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

impl<K> fmt::Debug for Function<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
