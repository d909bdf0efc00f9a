//! Partitions that satisfy a value set over a column that shows their numbers.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use protocol::{Constraints, ValueSet};
use topic::table::{DATA_FORMAT_KEY, MAPPING_KEY, SOURCE_KEY};
use topic::{DataFormat, NoHeaders, NoWriterSchemas, Record, RowDecoder, Source, WriterSchemas};

use crate::filter::Filter;

/// Value set over one column, tested on the values that the column would show for each partition.
///
/// Decoder and filter are those of the rows, so that every type and every kind of set has the same meaning.
pub(super) struct PartitionTest {
    /// The column, and the partition number.
    schema: SchemaRef,
    filter: Filter,
}

impl PartitionTest {
    /// `None` if the filter cannot compare the column with the set; ReadRecords reports that.
    pub(super) fn new(field: &Field, set: &ValueSet) -> Option<Self> {
        let metadata = [
            (MAPPING_KEY.to_owned(), String::new()),
            (SOURCE_KEY.to_owned(), Source::Partition.to_string()),
        ];
        let number = Field::new(NUMBER, DataType::Int32, true).with_metadata(metadata.into());
        let format = HashMap::from([(DATA_FORMAT_KEY.to_owned(), DataFormat::Raw.to_string())]);
        let schema = Schema::new_with_metadata(vec![field.clone(), number], format);
        let constraints = Constraints {
            summary: BTreeMap::from([(field.name().clone(), set.clone())]),
            ..Constraints::default()
        };
        let filter = Filter::try_new(&constraints, &schema).ok()?;
        Some(Self {
            schema: Arc::new(schema),
            filter,
        })
    }

    /// Partitions of `partitions` that satisfy the set, in order; all of them if that cannot be decided.
    pub(super) fn passed(&self, partitions: Vec<i32>) -> Vec<i32> {
        self.test(&partitions).unwrap_or(partitions)
    }

    fn test(&self, partitions: &[i32]) -> Option<Vec<i32>> {
        let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
        let mut decoder = RowDecoder::try_new(&self.schema, None, &writers).ok()?;
        for &partition in partitions {
            let record = Record {
                partition,
                offset: 0,
                timestamp: None,
                leader_epoch: None,
                key: None,
                value: None,
                headers: &NoHeaders,
            };
            decoder.append_null_value(&record, None).ok()?;
        }
        let passed = self.filter.apply(decoder.flush()).ok()?;
        Some(passed.column(1).as_primitive::<Int32Type>().values().to_vec())
    }
}

impl fmt::Debug for PartitionTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionTest")
            .field("column", self.schema.field(0))
            .finish_non_exhaustive()
    }
}

/// Not the name of any column of a table.
const NUMBER: &str = "";
