//! Block size as the SDK counts it; the spill thresholds are compared with this number.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;

/// Size of a batch in bytes as the SDK counts it
/// (`com.amazonaws.athena.connector.lambda.data.Block#getSize`): bytes in use, without padding or capacity;
/// of a sliced column only the slice. Each column of `n` rows takes `ceil(n/8)` bytes of validity and its
/// data; a column without rows takes none.
pub fn block_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| array_bytes(column)).sum()
}

fn array_bytes(array: &dyn Array) -> usize {
    let rows = array.len();
    if rows == 0 {
        return 0;
    }
    let bits = rows.div_ceil(8);
    match array.data_type() {
        DataType::Null => 0,
        DataType::Boolean => 2 * bits,
        DataType::Utf8 => bits + offsets_bytes(rows) + spanned(array.as_string::<i32>().value_offsets()),
        DataType::Binary => bits + offsets_bytes(rows) + spanned(array.as_binary::<i32>().value_offsets()),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            bits + offsets_bytes(rows) + slice_bytes(list.values(), list.value_offsets())
        }
        DataType::Map(..) => {
            let map = array.as_map();
            bits + offsets_bytes(rows) + slice_bytes(map.entries(), map.value_offsets())
        }
        DataType::Struct(_) => {
            bits + array
                .as_struct()
                .columns()
                .iter()
                .map(|column| array_bytes(column))
                .sum::<usize>()
        }
        DataType::FixedSizeList(..) => bits + array_bytes(array.as_fixed_size_list().values()),
        DataType::FixedSizeBinary(width) => bits + rows * usize::try_from(*width).unwrap_or_default(),
        other => match other.primitive_width() {
            Some(width) => bits + rows * width,
            // Blocks cannot carry these types; encoding fails later.
            None => array.get_buffer_memory_size(),
        },
    }
}

fn offsets_bytes(rows: usize) -> usize {
    size_of::<i32>() * (rows + 1)
}

/// Number of items between the first offset and the last.
fn spanned(offsets: &[i32]) -> usize {
    match offsets {
        [first, .., last] => usize::try_from(last - first).unwrap_or_default(),
        _ => 0,
    }
}

fn slice_bytes(items: &dyn Array, offsets: &[i32]) -> usize {
    let start = offsets
        .first()
        .and_then(|start| usize::try_from(*start).ok())
        .unwrap_or_default();
    array_bytes(&*items.slice(start, spanned(offsets)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Decimal128Array, Int32Array, Int32Builder, ListArray, MapBuilder,
        StringArray, StringBuilder, StructArray,
    };
    use arrow::datatypes::{Field, Int32Type};

    use super::*;

    fn bytes(column: ArrayRef) -> usize {
        block_bytes(&RecordBatch::try_from_iter([("a", column)]).unwrap())
    }

    /// Ten rows of each type; the numbers are the SDK's.
    #[test]
    fn counts_as_the_sdk_does() {
        assert_eq!(bytes(Arc::new(Int32Array::from(vec![1; 10]))), 42);
        assert_eq!(bytes(Arc::new(BooleanArray::from(vec![true; 10]))), 4);
        assert_eq!(bytes(Arc::new(StringArray::from(vec!["abc"; 10]))), 76);
        assert_eq!(bytes(Arc::new(Decimal128Array::from(vec![1; 10]))), 162);
        assert_eq!(bytes(Arc::new(lists())), 129);
        let number: ArrayRef = Arc::new(Int32Array::from(vec![1; 10]));
        assert_eq!(
            bytes(Arc::new(StructArray::from(vec![(
                Arc::new(Field::new("n", DataType::Int32, true)),
                number
            )]))),
            44
        );
        let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
        for _ in 0..10 {
            map.keys().append_value("k");
            map.values().append_value(1);
            map.append(true).unwrap();
        }
        assert_eq!(bytes(Arc::new(map.finish())), 146);
    }

    #[test]
    fn counts_slices_by_their_slice() {
        assert_eq!(
            bytes(Arc::new(StringArray::from(vec!["abc"; 10]).slice(3, 2))),
            1 + 12 + 6
        );
        assert_eq!(bytes(Arc::new(lists().slice(3, 2))), 1 + 12 + 17);
    }

    #[test]
    fn counts_nothing_without_rows() {
        assert_eq!(bytes(Arc::new(StringArray::from(Vec::<&str>::new()))), 0);
    }

    fn lists() -> ListArray {
        ListArray::from_iter_primitive::<Int32Type, _, _>((0..10).map(|n| Some([Some(n), Some(n)])))
    }
}
