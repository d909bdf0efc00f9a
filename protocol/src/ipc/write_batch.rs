//! Encoding of batches as metadata and body of one record batch.
//!
//! Arrow's own writer takes one batch, so parts would have to be concatenated first: copied twice, and in
//! memory three times. Here each buffer is copied once, to its place in the message, and then freed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanBufferBuilder, RecordBatch};
use arrow::buffer::{BooleanBuffer, Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, ToByteSlice};
use arrow::error::ArrowError;
use arrow::ipc;
use arrow::ipc::writer::{EncodedData, write_message};
use flatbuffers::FlatBufferBuilder;

use super::framing::{ALIGNMENT_BYTES, IpcFraming};

/// Writes rows, in order, as one message. Each part has the columns that `columns` describes, with types that
/// blocks can carry.
pub(super) fn write_batches(
    parts: Vec<RecordBatch>,
    columns: usize,
    framing: IpcFraming,
) -> Result<Vec<u8>, ArrowError> {
    let rows = parts.iter().map(RecordBatch::num_rows).sum();
    let mut body = Body::default();
    for column in 0..columns {
        let arrays: Vec<_> = parts.iter().map(|part| part.column(column).clone()).collect();
        body.add(&arrays)?;
    }
    // From here on the body is the only owner of each buffer.
    drop(parts);
    let head = EncodedData {
        ipc_message: body.metadata(rows, framing),
        arrow_data: Vec::new(),
    };
    let mut message = Vec::with_capacity(LONGEST_PREFIX_BYTES + head.ipc_message.len() + body.bytes());
    write_message(&mut message, head, &framing.write_options()?)?;
    body.write_to(&mut message);
    Ok(message)
}

/// Room for continuation marker, length and padding.
const LONGEST_PREFIX_BYTES: usize = 16;

/// Field nodes and buffers, both in depth-first order of the columns.
#[derive(Default)]
struct Body {
    nodes: Vec<ipc::FieldNode>,
    buffers: Vec<Pieces>,
}

impl Body {
    /// Adds one column, given as the arrays of each part, all of one type.
    fn add(&mut self, arrays: &[ArrayRef]) -> Result<(), ArrowError> {
        let Some(first) = arrays.first() else {
            return Ok(());
        };
        let rows: usize = arrays.iter().map(Array::len).sum();
        if first.data_type() == &DataType::Null {
            self.nodes.push(node(rows, rows));
            return Ok(());
        }
        let nulls = arrays.iter().map(Array::null_count).sum();
        self.nodes.push(node(rows, nulls));
        self.buffers.push(validity(arrays, nulls));
        match first.data_type() {
            DataType::Boolean => {
                let bits = arrays.iter().map(|array| array.as_boolean().values().clone());
                self.buffers.push(Pieces::Bits(bits.collect()));
            }
            DataType::Utf8 => {
                let parts_of = |array: &ArrayRef| {
                    let texts = array.as_string::<i32>();
                    (texts.offsets().clone(), texts.values().clone())
                };
                let texts = self.add_offsets(arrays, parts_of, Buffer::slice_with_length)?;
                self.buffers.push(Pieces::Bytes(texts));
            }
            DataType::Binary => {
                let parts_of = |array: &ArrayRef| {
                    let values = array.as_binary::<i32>();
                    (values.offsets().clone(), values.values().clone())
                };
                let values = self.add_offsets(arrays, parts_of, Buffer::slice_with_length)?;
                self.buffers.push(Pieces::Bytes(values));
            }
            DataType::List(_) => {
                let parts_of = |array: &ArrayRef| {
                    let lists = array.as_list::<i32>();
                    (lists.offsets().clone(), lists.values().clone())
                };
                let items = self.add_offsets(arrays, parts_of, slice)?;
                self.add(&items)?;
            }
            DataType::Map(..) => {
                let parts_of = |array: &ArrayRef| {
                    let maps = array.as_map();
                    let entries: ArrayRef = Arc::new(maps.entries().clone());
                    (maps.offsets().clone(), entries)
                };
                let entries = self.add_offsets(arrays, parts_of, slice)?;
                self.add(&entries)?;
            }
            DataType::FixedSizeList(..) => {
                let items = arrays
                    .iter()
                    .map(|array| array.as_fixed_size_list().values().clone());
                self.add(&items.collect::<Vec<_>>())?;
            }
            DataType::Struct(fields) => {
                for field in 0..fields.len() {
                    let children = arrays.iter().map(|array| array.as_struct().column(field).clone());
                    self.add(&children.collect::<Vec<_>>())?;
                }
            }
            other => {
                let width = fixed_width(other)?;
                let values = arrays.iter().map(|array| fixed_width_values(array, width));
                self.buffers.push(Pieces::Bytes(values.collect()));
            }
        }
        Ok(())
    }

    /// Adds the offsets of each array; returns the slices of its values that they span, which follow.
    fn add_offsets<V>(
        &mut self,
        arrays: &[ArrayRef],
        parts_of: impl Fn(&ArrayRef) -> (OffsetBuffer<i32>, V),
        slice: impl Fn(&V, usize, usize) -> V,
    ) -> Result<Vec<V>, ArrowError> {
        let (offsets, values): (Vec<_>, Vec<_>) = arrays.iter().map(parts_of).unzip();
        let spanned = offsets.iter().zip(&values).map(|(offsets, values)| {
            let (start, length) = span(offsets);
            slice(values, start, length)
        });
        let spanned = spanned.collect();
        self.buffers.push(Pieces::offsets(offsets)?);
        Ok(spanned)
    }

    /// Length of the body: every buffer with its padding.
    fn bytes(&self) -> usize {
        self.buffers
            .iter()
            .map(|pieces| pieces.bytes().next_multiple_of(ALIGNMENT_BYTES))
            .sum()
    }

    /// Flatbuffer `Message`.
    fn metadata(&self, rows: usize, framing: IpcFraming) -> Vec<u8> {
        let mut offset = 0;
        let places = self.buffers.iter().map(|pieces| {
            let place = ipc::Buffer::new(offset as i64, pieces.bytes() as i64);
            offset += pieces.bytes().next_multiple_of(ALIGNMENT_BYTES);
            place
        });
        let places: Vec<_> = places.collect();
        let mut builder = FlatBufferBuilder::new();
        let buffers = builder.create_vector(&places);
        let nodes = builder.create_vector(&self.nodes);
        let mut batch = ipc::RecordBatchBuilder::new(&mut builder);
        batch.add_length(rows as i64);
        batch.add_nodes(nodes);
        batch.add_buffers(buffers);
        let batch = batch.finish().as_union_value();
        let mut message = ipc::MessageBuilder::new(&mut builder);
        message.add_version(framing.metadata_version());
        message.add_header_type(ipc::MessageHeader::RecordBatch);
        message.add_bodyLength(self.bytes() as i64);
        message.add_header(batch);
        let message = message.finish();
        builder.finish(message, None);
        builder.finished_data().to_vec()
    }

    /// Appends to a message whose length is a multiple of the alignment.
    fn write_to(self, message: &mut Vec<u8>) {
        for pieces in self.buffers {
            pieces.write_to(message);
            message.resize(message.len().next_multiple_of(ALIGNMENT_BYTES), 0);
        }
    }
}

/// Pieces that are written as one buffer, in order.
enum Pieces {
    Bits(Vec<BooleanBuffer>),
    /// Offsets, each beginning anywhere; written as one buffer they begin with 0 and continue from piece to
    /// piece.
    Offsets(Vec<OffsetBuffer<i32>>),
    Bytes(Vec<Buffer>),
}

impl Pieces {
    /// Fails if together they span more than an `i32` offset can address.
    fn offsets(pieces: Vec<OffsetBuffer<i32>>) -> Result<Self, ArrowError> {
        let spanned = pieces.iter().map(|offsets| span(offsets).1).sum();
        match i32::try_from(spanned) {
            Ok(_) => Ok(Self::Offsets(pieces)),
            Err(_) => Err(ArrowError::OffsetOverflowError(spanned)),
        }
    }

    /// Length without padding.
    fn bytes(&self) -> usize {
        match self {
            Self::Bits(pieces) => pieces.iter().map(BooleanBuffer::len).sum::<usize>().div_ceil(8),
            Self::Offsets(pieces) => {
                let rows: usize = pieces.iter().map(|offsets| offsets.len() - 1).sum();
                size_of::<i32>() * (rows + 1)
            }
            Self::Bytes(pieces) => pieces.iter().map(Buffer::len).sum(),
        }
    }

    fn write_to(self, message: &mut Vec<u8>) {
        match self {
            Self::Bits(pieces) => {
                let mut bits = BooleanBufferBuilder::new(pieces.iter().map(BooleanBuffer::len).sum());
                for piece in pieces {
                    bits.append_buffer(&piece);
                }
                message.extend_from_slice(bits.as_slice());
            }
            Self::Offsets(pieces) => {
                let mut end = 0;
                message.extend_from_slice(&i32::to_le_bytes(end));
                for piece in pieces {
                    let shift = end - piece[0];
                    let ends: Vec<i32> = piece[1..].iter().map(|offset| offset + shift).collect();
                    message.extend_from_slice(ends.to_byte_slice());
                    end = ends.last().copied().unwrap_or(end);
                }
            }
            Self::Bytes(pieces) => {
                for piece in pieces {
                    message.extend_from_slice(&piece);
                }
            }
        }
    }
}

fn node(rows: usize, nulls: usize) -> ipc::FieldNode {
    ipc::FieldNode::new(rows as i64, nulls as i64)
}

/// Validity bitmap; empty where nothing is NULL, which the [format
/// allows](https://arrow.apache.org/docs/format/Columnar.html#validity-bitmaps).
fn validity(arrays: &[ArrayRef], nulls: usize) -> Pieces {
    let bits = |array: &ArrayRef| match array.nulls() {
        Some(validity) => validity.inner().clone(),
        None => BooleanBuffer::new_set(array.len()),
    };
    match nulls {
        0 => Pieces::Bytes(Vec::new()),
        _ => Pieces::Bits(arrays.iter().map(bits).collect()),
    }
}

fn slice(array: &ArrayRef, start: usize, length: usize) -> ArrayRef {
    array.slice(start, length)
}

/// Position of the first value, and the length of all.
fn span(offsets: &OffsetBuffer<i32>) -> (usize, usize) {
    let (start, end) = (offsets[0], offsets[offsets.len() - 1]);
    // Offsets are not negative and do not descend.
    (start as usize, (end - start) as usize)
}

fn fixed_width(data_type: &DataType) -> Result<usize, ArrowError> {
    let width = match data_type {
        DataType::FixedSizeBinary(width) => usize::try_from(*width).ok(),
        other => other.primitive_width(),
    };
    width.ok_or_else(|| ArrowError::NotYetImplemented(format!("{data_type} in a block")))
}

fn fixed_width_values(array: &ArrayRef, width: usize) -> Buffer {
    let data = array.to_data();
    data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width)
}
