//! Columns of tables as the crate carries them, and parts of carriers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Result;
use crate::registry::Kernel;
use crate::types::{Type, entries_field, item_field, row_fields};
use crate::zone;

/// A table's column of an Arrow type as the carrier of its type; the column itself where it is that already.
pub(crate) fn adopted(column: Expr, from: &DataType, ty: &Type) -> Expr {
    if *from == ty.arrow() {
        return column;
    }
    let signature = Signature::any(1, Volatility::Immutable);
    let adopt = Adopt {
        ty: ty.clone(),
        signature,
    };
    Expr::ScalarFunction(ScalarFunction::new_udf(
        Arc::new(ScalarUDF::new_from_impl(adopt)),
        vec![column],
    ))
}

/// The column of a table below [`adopted`].
pub(crate) fn adopted_column(call: &ScalarFunction) -> Option<&Expr> {
    call.func.inner().downcast_ref::<Adopt>()?;
    call.args.first()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Adopt {
    ty: Type,
    signature: Signature,
}

impl ScalarUDFImpl for Adopt {
    fn name(&self) -> &str {
        "adopt"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> datafusion::common::Result<DataType> {
        Ok(self.ty.arrow())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> datafusion::common::Result<FieldRef> {
        Ok(Arc::new(Field::new("adopt", self.ty.arrow(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> datafusion::common::Result<ColumnarValue> {
        let column = args.args[0].to_array(args.number_rows)?;
        Ok(ColumnarValue::Array(adopt(&column, &self.ty)?))
    }
}

fn adopt(array: &ArrayRef, ty: &Type) -> Result<ArrayRef> {
    Ok(match (array.data_type(), ty) {
        (DataType::Timestamp(_, Some(name)), Type::TimestampTz(_)) => {
            let DataType::Struct(fields) = ty.arrow() else {
                unreachable!("zoned types are structs")
            };
            let zone = zone::parse(name)?;
            let instants = cast(array, &DataType::Timestamp(unit_of(fields[0].data_type()), None))?;
            let zones = Int32Array::from(vec![zone; array.len()]);
            Arc::new(StructArray::new(
                fields,
                vec![instants, Arc::new(zones)],
                array.nulls().cloned(),
            ))
        }
        (DataType::List(_), Type::Array(item)) => {
            let list = array.as_list::<i32>();
            let items = adopt(list.values(), item)?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(arrow::array::ListArray::try_new(
                item_field(item),
                offsets,
                items,
                nulls,
            )?)
        }
        (DataType::Map(..), Type::Map(key, value)) => {
            let map = array.as_map();
            let field = entries_field(key, value);
            let DataType::Struct(fields) = field.data_type() else {
                unreachable!("entries are structs")
            };
            let columns = vec![adopt(map.keys(), key)?, adopt(map.values(), value)?];
            let entries = StructArray::try_new(fields.clone(), columns, None)?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(arrow::array::MapArray::try_new(
                Arc::clone(&field),
                offsets,
                entries,
                nulls,
                false,
            )?)
        }
        (DataType::Struct(_), Type::Row(fields)) => {
            let row = array.as_struct();
            let columns = row
                .columns()
                .iter()
                .zip(fields.iter())
                .map(|(column, field)| adopt(column, &field.ty));
            let columns = columns.collect::<Result<_>>()?;
            let nulls = row.nulls().cloned();
            Arc::new(StructArray::try_new_with_length(
                row_fields(fields),
                columns,
                nulls,
                row.len(),
            )?)
        }
        // The same values in another of Arrow's layouts.
        _ => cast(array, &ty.arrow())?,
    })
}

fn unit_of(data_type: &DataType) -> TimeUnit {
    if let DataType::Timestamp(unit, _) = data_type {
        *unit
    } else {
        TimeUnit::Millisecond
    }
}

/// The field of a row in a place.
pub(crate) fn field(place: usize) -> Kernel {
    Arc::new(move |_, columns| row_column(columns[0].as_struct(), place))
}

/// The fields of rows as columns.
pub(crate) fn row_columns(rows: &StructArray) -> Result<Vec<ArrayRef>> {
    (0..rows.num_columns())
        .map(|place| row_column(rows, place))
        .collect()
}

/// A field of a row that is NULL is NULL, too.
fn row_column(rows: &StructArray, place: usize) -> Result<ArrayRef> {
    let column = rows.column(place);
    let Some(nulls) = rows.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(Arc::clone(column));
    };
    let mask = arrow::array::BooleanArray::new(!nulls.inner(), None);
    Ok(arrow::compute::nullif(column, &mask)?)
}
