//! Flight SQL: Arrow batches of a SQL engine over gRPC, for ADBC, JDBC and clients in Rust
//! ([specification](https://arrow.apache.org/docs/format/FlightSql.html)).
//!
//! [`Server`] serves any [`Engine`]. It knows no other crate of the workspace.
//!
//! | module | content |
//! | --- | --- |
//! | `engine` | the seam: [`Engine`], what it is asked for and what it answers |
//! | `server`, `limits` | [`Server`]: listening and TLS; what clients can make it hold |
//! | `guard` | what every request must have: a token, no `Origin` |
//! | `login` | [`Token`], and the login of a user and a password for it |
//! | `service` | the calls of Flight, each taken apart once |
//! | `statements` | statements, prepared statements and their parameters |
//! | `places` | how many statements run at once, and the queue of the others |
//! | `reads` | results that wait to be read, or are read, and their cancellation |
//! | `handles` | what clients hold a handle of: bounded in number and in time |
//! | `literals` | rows of parameters as SQL |
//! | `catalog`, `info` | catalogs, schemas, tables; what the server can do, and its types |
//! | `status`, `wire` | errors as gRPC carries them; messages and schemas |

mod catalog;
mod engine;
mod guard;
mod handles;
mod info;
mod limits;
mod literals;
mod login;
mod places;
mod reads;
mod server;
mod service;
mod statements;
mod status;
mod wire;

pub use engine::{Context, Description, Engine, EngineError, ErrorKind, Info, Rows, column_metadata};
pub use limits::Limits;
pub use login::{InvalidToken, Token};
pub use server::{Options, Server, StartError};
