//! Rows of a file as records of a topic.

use std::time::Duration;

use producer::{SendError, Sender};

use super::file::{RowFile, RowFileError};
use super::key::KeyField;

/// How often whoever watches hears how far it has come.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub records: u64,
    /// Of keys and values.
    pub bytes: u64,
    pub elapsed: Duration,
}

/// Why not all rows are records.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The rows before are in the topic.
    #[error("{source}; the {sent} rows before it are sent")]
    File { source: RowFileError, sent: u64 },
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Sends each row, and waits until all are acknowledged. `shown` hears of each row, and a few times a second of what was sent.
///
/// # Errors
/// Anything short of all rows is an error; those before it stay in the topic.
pub async fn load(
    mut file: RowFile,
    key: Option<&KeyField>,
    sender: &mut Sender,
    mut shown: impl FnMut(Shown<'_>),
) -> Result<Loaded, LoadError> {
    let mut next_progress = PROGRESS_INTERVAL;
    let mut fault = None;
    while let Some(row) = file.next() {
        let row = row.and_then(|row| {
            let key = key.map(|key| key.key(&row.json)).transpose();
            let key = key.map_err(|reason| file.error(Some(row.place), reason))?;
            Ok((key, row.json))
        });
        let (key, json) = match row {
            Ok(row) => row,
            Err(error) => {
                fault = Some(error);
                break;
            }
        };
        if sender.has_failed() {
            break;
        }
        sender.send(key.as_deref(), &json, None).await?;
        shown(Shown::Row(&json));
        if sender.elapsed() >= next_progress {
            next_progress = sender.elapsed() + PROGRESS_INTERVAL;
            shown(Shown::Progress(sender.progress().sent));
        }
    }
    let sent = sender
        .finish(|progress| shown(Shown::Progress(progress.delivered)))
        .await?;
    if let Some(source) = fault {
        let sent = sent.sent;
        return Err(LoadError::File { source, sent });
    }
    Ok(Loaded {
        records: sent.sent,
        bytes: sent.sent_bytes,
        elapsed: sent.elapsed,
    })
}

/// What whoever watches a file being sent is shown.
#[derive(Debug)]
pub enum Shown<'a> {
    /// The row that was sent just now.
    Row(&'a [u8]),
    /// How many were sent so far.
    Progress(u64),
}
