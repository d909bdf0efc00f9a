//! Decoding of a record batch's flatbuffer and body into arrays.
//!
//! Arrow's own reader trusts lengths, offsets and null counts and panics where they are wrong, so this one
//! checks each against the body before it slices, then has Arrow validate the array (offsets, UTF-8,
//! children).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, NullArray, RecordBatch, RecordBatchOptions, StructArray, make_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc;
use flatbuffers::VectorIter;

use super::framing::arrow;
use crate::error::{Rule, quoted_name};

/// Reads all columns of `schema`, whose types have been checked.
pub(super) fn read_batch(
    batch: ipc::RecordBatch<'_>,
    body: &[u8],
    schema: SchemaRef,
) -> Result<RecordBatch, Rule> {
    if batch.compression().is_some() {
        return Err(arrow(
            "its body is compressed, which this protocol does not allow",
        ));
    }
    if batch
        .variadicBufferCounts()
        .is_some_and(|counts| !counts.is_empty())
    {
        return Err(arrow("it has variadic buffers, which only view types use"));
    }
    let mut reader = BodyReader::new(batch, body)?;
    let rows = reader.rows(batch.length())?;
    let columns = schema
        .fields()
        .iter()
        .map(|field| reader.column(field))
        .collect::<Result<Vec<_>, _>>()?;
    reader.finish()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(|error| invalid(&error))
}

/// Reader of field nodes and buffers, both in depth-first order of the schema.
struct BodyReader<'a> {
    nodes: VectorIter<'a, ipc::FieldNode>,
    buffers: VectorIter<'a, ipc::Buffer>,
    body: Buffer,
    /// Bytes of the body that no buffer has claimed. In a valid batch each byte belongs to one buffer at
    /// most; one that points many buffers at the same bytes could make the reader copy them repeatedly for
    /// alignment.
    unclaimed: usize,
}

impl<'a> BodyReader<'a> {
    fn new(batch: ipc::RecordBatch<'a>, body: &[u8]) -> Result<Self, Rule> {
        let nodes = batch.nodes().ok_or_else(|| arrow("it has no field nodes"))?;
        let buffers = batch.buffers().ok_or_else(|| arrow("it has no buffers"))?;
        Ok(Self {
            nodes: nodes.iter(),
            buffers: buffers.iter(),
            body: Buffer::from(body),
            unclaimed: body.len(),
        })
    }

    fn finish(mut self) -> Result<(), Rule> {
        match (self.nodes.next(), self.buffers.next()) {
            (None, None) => Ok(()),
            _ => Err(arrow(
                "it has more field nodes or buffers than the schema has columns for",
            )),
        }
    }

    fn column(&mut self, field: &Field) -> Result<ArrayRef, Rule> {
        self.array(field.data_type()).map_err(|rule| match rule {
            Rule::Arrow(text) => arrow(format!("column `{}`: {text}", quoted_name(field.name()))),
            other => other,
        })
    }

    fn array(&mut self, data_type: &DataType) -> Result<ArrayRef, Rule> {
        let (rows, nulls) = self.node()?;
        match data_type {
            DataType::Null => Ok(Arc::new(NullArray::new(rows))),
            DataType::Struct(fields) => self.structs(fields, rows, nulls),
            DataType::List(child) | DataType::Map(child, _) => self.lists(data_type, child, rows, nulls),
            DataType::FixedSizeList(child, _) => self.fixed_size_lists(data_type, child, rows, nulls),
            DataType::Utf8 | DataType::Binary => self.bytes(data_type, rows, nulls),
            DataType::Boolean => self.values(data_type, rows, nulls, rows.div_ceil(8)),
            DataType::FixedSizeBinary(width) => self.values(
                data_type,
                rows,
                nulls,
                rows.saturating_mul(usize::try_from(*width).unwrap_or_default()),
            ),
            _ => {
                let width = data_type
                    .primitive_width()
                    .ok_or_else(|| arrow("its type is not allowed in a block"))?;
                self.values(data_type, rows, nulls, rows.saturating_mul(width))
            }
        }
    }

    /// Reads an array that has one buffer besides the validity bitmap.
    fn values(
        &mut self,
        data_type: &DataType,
        rows: usize,
        nulls: usize,
        bytes: usize,
    ) -> Result<ArrayRef, Rule> {
        let validity = self.validity(rows, nulls)?;
        let values = self.buffer_of(bytes)?;
        build(
            ArrayData::builder(data_type.clone())
                .len(rows)
                .nulls(validity)
                .add_buffer(values),
        )
    }

    fn bytes(&mut self, data_type: &DataType, rows: usize, nulls: usize) -> Result<ArrayRef, Rule> {
        let validity = self.validity(rows, nulls)?;
        let (offsets, bytes) = (self.offsets(rows)?, self.buffer()?);
        build(
            ArrayData::builder(data_type.clone())
                .len(rows)
                .nulls(validity)
                .buffers(vec![offsets, bytes]),
        )
    }

    fn lists(
        &mut self,
        data_type: &DataType,
        child: &Field,
        rows: usize,
        nulls: usize,
    ) -> Result<ArrayRef, Rule> {
        let validity = self.validity(rows, nulls)?;
        let offsets = self.offsets(rows)?;
        let items = self.column(child)?.to_data();
        if matches!(data_type, DataType::Map(..)) && items.null_count() > 0 {
            return Err(arrow("entries of its maps are null, which is not allowed"));
        }
        let lists = ArrayData::builder(data_type.clone()).len(rows).nulls(validity);
        build(lists.add_buffer(offsets).add_child_data(items))
    }

    fn fixed_size_lists(
        &mut self,
        data_type: &DataType,
        child: &Field,
        rows: usize,
        nulls: usize,
    ) -> Result<ArrayRef, Rule> {
        let validity = self.validity(rows, nulls)?;
        let items = self.column(child)?.to_data();
        build(
            ArrayData::builder(data_type.clone())
                .len(rows)
                .nulls(validity)
                .add_child_data(items),
        )
    }

    fn structs(&mut self, fields: &Fields, rows: usize, nulls: usize) -> Result<ArrayRef, Rule> {
        let validity = self.validity(rows, nulls)?;
        let columns = fields
            .iter()
            .map(|field| self.column(field))
            .collect::<Result<Vec<_>, _>>()?;
        let array = StructArray::try_new_with_length(fields.clone(), columns, validity, rows)
            .map_err(|error| invalid(&error))?;
        Ok(Arc::new(array))
    }

    /// Row and null counts of the next array, as its field node claims.
    fn node(&mut self) -> Result<(usize, usize), Rule> {
        let node = self.nodes.next().ok_or_else(|| arrow("it has no field node"))?;
        let rows = self.rows(node.length())?;
        let nulls = usize::try_from(node.null_count())
            .ok()
            .filter(|nulls| *nulls <= rows);
        let nulls = nulls.ok_or_else(|| {
            arrow(format!(
                "{} of its {rows} rows are claimed null",
                node.null_count()
            ))
        })?;
        Ok((rows, nulls))
    }

    /// Row count, checked against the size of the body: every array that is not of zero width takes at least
    /// a bit a row.
    fn rows(&self, claimed: i64) -> Result<usize, Rule> {
        let room = self.body.len().saturating_mul(8);
        let rows = usize::try_from(claimed).ok().filter(|rows| *rows <= room);
        rows.ok_or_else(|| {
            arrow(format!(
                "it claims {claimed} rows in a body of {} bytes",
                self.body.len()
            ))
        })
    }

    /// Next buffer as validity bitmap; `None` if all rows are valid. It may be empty if there are no nulls.
    fn validity(&mut self, rows: usize, nulls: usize) -> Result<Option<NullBuffer>, Rule> {
        let bits = self.buffer()?;
        if nulls == 0 {
            return Ok(None);
        }
        if bits.len() < rows.div_ceil(8) {
            return Err(arrow(format!(
                "its validity of {} bytes is short of {rows} rows",
                bits.len()
            )));
        }
        let validity = NullBuffer::new(BooleanBuffer::new(bits, 0, rows));
        match validity.null_count() {
            found if found == nulls => Ok(Some(validity)),
            found => Err(arrow(format!(
                "{nulls} of its rows are claimed null, found {found}"
            ))),
        }
    }

    /// Next buffer as offsets of `rows` rows; it may be empty if there are none.
    fn offsets(&mut self, rows: usize) -> Result<Buffer, Rule> {
        let bytes = size_of::<i32>() * (rows + 1);
        if rows > 0 {
            return self.buffer_of(bytes);
        }
        let offsets = self.buffer()?;
        let used = if offsets.len() < bytes { 0 } else { bytes };
        Ok(offsets.slice_with_length(0, used))
    }

    /// Next buffer, truncated to the bytes its rows use: Arrow panics on a length that is not a multiple of
    /// an offset's.
    fn buffer_of(&mut self, bytes: usize) -> Result<Buffer, Rule> {
        let buffer = self.buffer()?;
        if buffer.len() < bytes {
            return Err(arrow(format!(
                "its buffer of {} bytes is short of the {bytes} its rows use",
                buffer.len()
            )));
        }
        Ok(buffer.slice_with_length(0, bytes))
    }

    fn buffer(&mut self) -> Result<Buffer, Rule> {
        let buffer = self
            .buffers
            .next()
            .ok_or_else(|| arrow("it has too few buffers"))?;
        let (offset, length) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
        let inside = |(offset, length): (usize, usize)| {
            offset
                .checked_add(length)
                .is_some_and(|end| end <= self.body.len())
                .then_some((offset, length))
        };
        let (offset, length) = offset.ok().zip(length.ok()).and_then(inside).ok_or_else(|| {
            let (offset, length, body) = (buffer.offset(), buffer.length(), self.body.len());
            arrow(format!(
                "its buffer of {length} bytes at {offset} is outside the body of {body} bytes"
            ))
        })?;
        self.unclaimed = self
            .unclaimed
            .checked_sub(length)
            .ok_or_else(|| arrow("its buffers overlap"))?;
        Ok(self.body.slice_with_length(offset, length))
    }
}

/// Validates and builds the array; copies buffers that are not aligned.
fn build(builder: arrow::array::ArrayDataBuilder) -> Result<ArrayRef, Rule> {
    Ok(make_array(
        builder
            .align_buffers(true)
            .build()
            .map_err(|error| invalid(&error))?,
    ))
}

fn invalid(error: &ArrowError) -> Rule {
    arrow(error.to_string())
}
