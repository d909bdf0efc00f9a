//! Transport of requests to a connector: the seam and its two implementations.

#[cfg(feature = "test-util")]
pub mod conformance;
mod in_process;
mod lambda;
mod seam;

pub use in_process::InProcess;
pub use lambda::{LambdaInvoke, LambdaTarget};
pub use seam::{Invoke, InvokeError};
