//! `\e`: a text in the user's editor.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use super::terminal::Error;

/// Edits a text, or the content of a file in its place.
///
/// # Errors
/// If the editor cannot be started or fails, or the file cannot be read.
pub(super) fn edit(text: &str, path: Option<&Path>) -> Result<String, Error> {
    let edited = match path {
        Some(path) => {
            run(path)?;
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?
        }
        None => {
            let mut file = tempfile::Builder::new().suffix(".sql").tempfile()?;
            writeln!(file, "{text}")?;
            run(file.path())?;
            // By name: editors replace files.
            let mut edited = String::new();
            match std::fs::File::open(file.path()) {
                Ok(mut replaced) => replaced.read_to_string(&mut edited)?,
                Err(_) => {
                    file.seek(SeekFrom::Start(0))?;
                    file.read_to_string(&mut edited)?
                }
            };
            edited
        }
    };
    Ok(edited.trim().to_owned())
}

/// The variables hold a command with arguments, which a shell splits, as in git.
fn run(path: &Path) -> Result<(), Error> {
    let chosen = |name| {
        std::env::var(name)
            .ok()
            .filter(|editor| !editor.trim().is_empty())
    };
    let editor = chosen("VISUAL")
        .or_else(|| chosen("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned());
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(path)
        .status()
        .map_err(|error| format!("cannot start the editor {editor:?}: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("the editor {editor:?} failed: {status}").into()),
    }
}
