//! Lookup of a message by its `@type`, for the two enums over all messages.

use crate::error::{Fault, Rule, quoted_name};
use crate::json::{Json, Object};

/// Object of a message and its name.
pub(super) fn named<'j, 'a>(json: &'j Json<'a>) -> Result<(&'j Object<'a>, String), Fault> {
    let object = json.as_object()?;
    Ok((object, quoted_name(&object.type_name()?)))
}

pub(super) fn unknown(wanted: &'static str, found: &str) -> Fault {
    Fault::from(Rule::Unknown {
        wanted,
        found: found.to_owned(),
    })
    .at_key("@type")
}

/// Implements what both enums do for each variant.
macro_rules! by_name {
    ($enum:ident, $wanted:literal; $($variant:ident($message:ident)),* $(,)?) => {
        impl $enum {
            /// `@type` of the message.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $message::NAME,)*
                }
            }

            fn from_object(name: &str, object: &Object<'_>) -> Result<Self, Fault> {
                match name {
                    $($message::NAME => $message::from_object(object).map(Self::$variant),)*
                    other => Err(unknown($wanted, other)),
                }
            }
        }

        $(impl From<$message> for $enum {
            fn from(message: $message) -> Self {
                Self::$variant(message)
            }
        })*
    };
}

pub(super) use by_name;
