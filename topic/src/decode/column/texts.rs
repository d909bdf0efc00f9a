//! Texts and bytes.

use arrow::array::{ArrayData, ArrayRef, make_array};
use arrow::buffer::Buffer;
use arrow::datatypes::DataType;

use crate::decode::column::capacity::next_capacity;
use crate::decode::column::ends::Ends;
use crate::decode::column::repeated::repeated;
use crate::decode::scalar::Scalar;

/// Values of a Utf8 or a Binary column.
#[derive(Debug)]
pub struct Texts {
    data_type: DataType,
    /// Data of all values; UTF-8 in a Utf8 column.
    data: Vec<u8>,
    ends: Ends,
}

impl Texts {
    pub(super) fn new(data_type: &DataType) -> Self {
        Self {
            data_type: data_type.clone(),
            data: Vec::new(),
            ends: Ends::new(),
        }
    }

    pub(super) fn data_type(&self) -> DataType {
        self.data_type.clone()
    }

    /// Appends `scalar` converted to the type, or NULL; returns whether it could be converted.
    #[inline]
    pub(super) fn push(&mut self, scalar: &Scalar<'_>) -> bool {
        match (&self.data_type, scalar) {
            // What nearly all values of such columns are.
            (DataType::Utf8, Scalar::Text(text)) => self.push_bytes(Some(text.as_bytes())),
            (DataType::Utf8, _) => self.push_bytes(scalar.to_varchar().as_deref().map(str::as_bytes)),
            _ => self.push_bytes(scalar.to_varbinary().as_deref()),
        }
    }

    fn push_bytes(&mut self, value: Option<&[u8]>) -> bool {
        self.data.extend_from_slice(value.unwrap_or_default());
        self.ends.push(self.data.len(), value.is_some())
    }

    /// Whether `bytes` more can be appended.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.data.len() + bytes <= i32::MAX as usize
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.data.len() + self.ends.bytes()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.data.truncate(self.ends.last());
    }

    pub(super) fn repeated(&self, start: usize) -> Vec<usize> {
        repeated(start..self.len(), |at| &self.data[self.ends.range(at)])
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let (len, (offsets, nulls)) = (self.len(), self.ends.take());
        let next = Vec::with_capacity(next_capacity(self.data.len()));
        let bytes = std::mem::replace(&mut self.data, next);
        let data = ArrayData::builder(self.data_type.clone())
            .len(len)
            .add_buffer(offsets.into_inner().into_inner())
            .add_buffer(Buffer::from_vec(bytes))
            .nulls(nulls);
        make_array(
            data.build()
                .expect("offsets are ends of the values pushed, and text is UTF-8"),
        )
    }
}
