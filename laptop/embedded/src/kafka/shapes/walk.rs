//! The walk over a request's bytes that its [`Shape`] directs.

/// What a request consists of.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The first version with compact lengths and tagged fields.
    pub(super) flexible_from: i16,
    pub(super) fields: &'static [Versioned],
}

/// A field and the versions, both ends inclusive, that have it.
#[derive(Debug)]
pub(super) struct Versioned {
    pub(super) from: i16,
    pub(super) to: i16,
    pub(super) field: Field,
}

#[derive(Debug)]
pub(super) enum Field {
    /// So many bytes.
    Fixed(usize),
    String,
    Bytes,
    /// Structures, which end in tagged fields of their own.
    Array(&'static [Versioned]),
    /// Plain values.
    List(&'static Field),
}

/// Which rule a request breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("it ends in the middle of a field")]
    Truncated,
    #[error("it states a length of {length}")]
    Length { length: i64 },
    #[error("its arrays have more than {limit} elements")]
    TooManyElements { limit: usize },
    #[error("it has tagged field {tag}, which only brokers send")]
    TaggedField { tag: u32 },
}

impl Shape {
    /// Bytes after the last field are passed over, as Kafka does: librdkafka 2.12 leaves three of them behind when it
    /// asks for the metadata of all topics.
    pub(super) fn check(&self, body: &[u8], version: i16, max_elements: usize) -> Result<(), Malformed> {
        let flexible = version >= self.flexible_from;
        let mut walk = Walk {
            rest: body,
            version,
            flexible,
            elements: 0,
            max_elements,
        };
        walk.structure(self.fields)
    }
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    flexible: bool,
    elements: usize,
    max_elements: usize,
}

impl Walk<'_> {
    fn structure(&mut self, fields: &[Versioned]) -> Result<(), Malformed> {
        for Versioned { from, to, field } in fields {
            if (*from..=*to).contains(&self.version) {
                self.field(field)?;
            }
        }
        if self.flexible {
            self.tagged_fields()
        } else {
            Ok(())
        }
    }

    fn field(&mut self, field: &Field) -> Result<(), Malformed> {
        match field {
            Field::Fixed(bytes) => self.skip(*bytes),
            Field::String => self.string(),
            Field::Bytes => {
                let length = self.length()?;
                self.skip(length)
            }
            Field::Array(fields) => self.elements(|walk| walk.structure(fields)),
            Field::List(element) => self.elements(|walk| walk.field(element)),
        }
    }

    fn elements(&mut self, element: impl Fn(&mut Self) -> Result<(), Malformed>) -> Result<(), Malformed> {
        let count = self.length()?;
        self.elements = self.elements.saturating_add(count);
        if self.elements > self.max_elements {
            return Err(Malformed::TooManyElements {
                limit: self.max_elements,
            });
        }
        (0..count).try_for_each(|_| element(self))
    }

    /// The codec reads the tagged fields it knows without regard to their stated size, after which it and this walk
    /// would no longer look at the same bytes. It knows tags 0 and 1, of fetches by followers.
    fn tagged_fields(&mut self) -> Result<(), Malformed> {
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            if tag <= 1 {
                return Err(Malformed::TaggedField { tag });
            }
            let bytes = self.unsigned_varint()?;
            self.skip(bytes as usize)?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Malformed> {
        let length = if self.flexible {
            self.length()?
        } else {
            length(i16::from_be_bytes(self.take()?).into())?
        };
        self.skip(length)
    }

    /// Of bytes or arrays; nothing has length zero.
    fn length(&mut self) -> Result<usize, Malformed> {
        if self.flexible {
            return Ok((self.unsigned_varint()? as usize).saturating_sub(1));
        }
        length(i32::from_be_bytes(self.take()?).into())
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Malformed> {
        self.rest = self.rest.get(bytes..).ok_or(Malformed::Truncated)?;
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// At most five bytes; bits beyond the 32nd are ignored, as the codec ignores them.
    fn unsigned_varint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let [byte] = self.take()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Ok(value)
    }
}

/// -1 stands for nothing.
fn length(stated: i64) -> Result<usize, Malformed> {
    match stated {
        -1 => Ok(0),
        _ => usize::try_from(stated).map_err(|_| Malformed::Length { length: stated }),
    }
}
