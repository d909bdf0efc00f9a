//! Values that calls carry.

mod encryption_key;
mod identity;
mod spill_location;
mod split;
mod table_name;

pub use encryption_key::EncryptionKey;
pub use identity::FederatedIdentity;
pub use spill_location::SpillLocation;
pub use split::Split;
pub use table_name::TableName;
