//! Sending of a file's rows to a topic.

use std::time::Duration;

use producer::{SendError, Sender};

use super::file::{RowFile, RowFileError};
use super::key::KeyField;

/// Interval at which progress is shown.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Total of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub records: u64,
    /// Size in bytes of keys and values.
    pub bytes: u64,
    pub elapsed: Duration,
}

/// Reason why not all rows were sent.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A row cannot be read or has no key; the rows before it are in the topic.
    #[error("{source}; the {sent} rows before it are sent")]
    File { source: RowFileError, sent: u64 },
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Sends each row, and waits until all are acknowledged. Calls `shown` with each row, and with the progress a few times
/// a second.
///
/// # Errors
/// Unless every row was sent. Rows before the error stay in the topic.
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

/// Event while a file is sent.
#[derive(Debug)]
pub enum Shown<'a> {
    /// Row that was just sent.
    Row(&'a [u8]),
    /// Number of rows sent so far.
    Progress(u64),
}
