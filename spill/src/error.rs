use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use protocol::{EncodeError, SpillLocation, WireError};
use tokio::task::JoinError;

/// Why rows could not be turned into blocks, or a block into rows. The cause is the error's source, not in its text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpillError {
    /// The rows do not fit into the response, and the split names no place to spill to.
    #[error("the result does not fit into the response and the split has no spill location")]
    NoDirectory,

    /// As [`Self::NoDirectory`], but the location is an object's: blocks cannot be numbered under it.
    #[error("the split's spill location {location} is an object, wanted a directory")]
    NotADirectory { location: SpillLocation },

    /// Rows of a schema without columns, see the crate's documentation.
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

    /// An earlier write failed, or its future was dropped half way: what is here is not the whole result.
    #[error("an earlier write of this split failed or was abandoned, so its rows are incomplete")]
    Incomplete,

    #[error(transparent)]
    Store(#[from] StoreError),

    #[error(transparent)]
    Cipher(#[from] CipherError),

    /// An object that does not decrypt: another key, or not the bytes that were written.
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

    #[error("the task that stores a block did not end")]
    Task(#[from] JoinError),
}

/// Why an object could not be put or got. The reason is the store's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("there is no object {location}")]
    NotFound { location: SpillLocation },

    #[error("cannot put {bytes} bytes to {location}: {reason}")]
    Put {
        location: SpillLocation,
        bytes: usize,
        reason: String,
    },

    #[error("cannot get {location}: {reason}")]
    Get { location: SpillLocation, reason: String },

    /// What S3 says of a name that nobody has, and of another account's bucket too.
    #[error("spill bucket \"{bucket}\" is not there, or not this function's to use: {reason}")]
    NoBucket { bucket: String, reason: String },

    /// It could not be found out whether there is the bucket.
    #[error("cannot check spill bucket \"{bucket}\": {reason}")]
    CheckBucket { bucket: String, reason: String },

    #[error("{location} is larger than the {max_bytes} bytes a block may have")]
    TooLarge {
        location: SpillLocation,
        max_bytes: usize,
    },
}

/// Why a key is unusable or bytes do not open under it. Says nothing about the key or the bytes.
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
