use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use protocol::{EncodeError, SpillLocation, WireError};
use tokio::task::JoinError;

/// Error of writing rows as blocks, or of reading a block. The cause is the error's source, and not part of
/// its text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpillError {
    /// The rows do not fit into the response, and the split has no spill location.
    #[error("the result does not fit into the response and the split has no spill location")]
    NoDirectory,

    /// Like [`Self::NoDirectory`], but the location is an object: blocks cannot be numbered under it.
    #[error("the split's spill location {location} is an object, wanted a directory")]
    NotADirectory { location: SpillLocation },

    /// Rows of a schema without columns; see the crate's documentation.
    #[error("the requested schema has no columns, and a block without columns cannot carry {rows} rows")]
    NoColumns { rows: usize },

    #[error("a batch of {found} columns was written, wanted the table schema's {wanted}")]
    ColumnCount { wanted: usize, found: usize },

    #[error(
        "column {index} of a batch is \"{found_name}\" of type {found}, wanted \"{wanted_name}\" of type {wanted}"
    )]
    Column {
        index: usize,
        wanted_name: String,
        wanted: DataType,
        found_name: String,
        found: DataType,
    },

    /// An earlier write failed, or its future was dropped before its end: the result would be incomplete.
    #[error("an earlier write of this split failed or was abandoned, so its rows are incomplete")]
    Incomplete,

    #[error(transparent)]
    Store(#[from] StoreError),

    #[error(transparent)]
    Cipher(#[from] CipherError),

    /// An object that does not decrypt: another key, or changed bytes.
    #[error("cannot decrypt {location}")]
    Decrypt {
        location: SpillLocation,
        source: CipherError,
    },

    #[error("cannot encode a block")]
    Encode(#[from] EncodeError),

    #[error("cannot decode {location}")]
    Decode {
        location: SpillLocation,
        source: Box<WireError>,
    },

    #[error("cannot join batches into a block")]
    Join(#[from] ArrowError),

    #[error("the task that stores a block did not finish")]
    Task(#[from] JoinError),
}

/// Error of storing or reading an object. The reason is the store's own text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("object does not exist: {location}")]
    NotFound { location: SpillLocation },

    #[error("cannot put {bytes} bytes to {location}: {reason}")]
    Put {
        location: SpillLocation,
        bytes: usize,
        reason: String,
    },

    #[error("cannot get {location}: {reason}")]
    Get { location: SpillLocation, reason: String },

    /// S3's response for a bucket that does not exist, and for one of another account
    /// ([HeadBucket](https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html)).
    #[error("spill bucket \"{bucket}\" does not exist or access is denied: {reason}")]
    NoBucket { bucket: String, reason: String },

    /// The check of the bucket itself failed.
    #[error("cannot check spill bucket \"{bucket}\": {reason}")]
    CheckBucket { bucket: String, reason: String },

    #[error("{location} is larger than the {max_bytes} bytes a block may have")]
    TooLarge {
        location: SpillLocation,
        max_bytes: usize,
    },
}

/// Reason why a key is invalid or bytes do not decrypt. Contains nothing of the key or the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    #[error("an encryption key has {found_bytes} bytes, wanted 16, 24 or 32")]
    KeyLength { found_bytes: usize },

    #[error("an encryption nonce has {found_bytes} bytes, wanted 12")]
    NonceLength { found_bytes: usize },

    #[error("{plaintext_bytes} bytes are too many for one AES-GCM message")]
    TooLong { plaintext_bytes: usize },

    #[error("the block is not what was encrypted under this key and nonce")]
    NotAuthentic,
}
