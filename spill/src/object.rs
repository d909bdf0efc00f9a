//! Encoding of one block as the bytes of one object. The layout is in the crate's documentation.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use protocol::{EncryptionKey, IpcFraming, SpillLocation, decode_batch, encode_batches};

use crate::{BlockCipher, SpillError};

/// Encodes the rows of `parts`, in order, as one object; encrypts it if there is a cipher.
pub(crate) fn encode_object(
    schema: &SchemaRef,
    parts: Vec<RecordBatch>,
    cipher: Option<&BlockCipher>,
) -> Result<Bytes, SpillError> {
    let message = encode_batches(schema, parts, IpcFraming::Legacy)?;
    Ok(match cipher {
        Some(cipher) => cipher.encrypt(message)?.into(),
        None => message.into(),
    })
}

/// Decodes the rows of an object; decrypts it first if there is a key. `location` is for the errors.
pub(crate) fn decode_object(
    object: Bytes,
    schema: SchemaRef,
    key: Option<&EncryptionKey>,
    location: &SpillLocation,
) -> Result<RecordBatch, SpillError> {
    let undecryptable = |source| SpillError::Decrypt {
        location: location.clone(),
        source,
    };
    let undecodable = |source| SpillError::Decode {
        location: location.clone(),
        source: Box::new(source),
    };
    let message = match key.map(BlockCipher::new).transpose()? {
        Some(cipher) => cipher.decrypt(object.into()).map_err(undecryptable)?.into(),
        None => object,
    };
    decode_batch(&message, schema).map_err(undecodable)
}
