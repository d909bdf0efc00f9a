//! Patterns and paths that are texts, compiled once for all rows of a thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::thread::LocalKey;

use crate::error::Result;

/// Most texts that are kept: patterns may be data, and then there is no end of them.
const MOST_KEPT: usize = 100;

/// Results of compiling, by text.
pub(crate) type Compiled<T> = RefCell<HashMap<String, Rc<T>>>;

/// The text compiled, from the ones kept if it is among them. A text that fails is not kept.
pub(crate) fn compiled<T: 'static>(
    kept: &'static LocalKey<Compiled<T>>,
    text: &str,
    compile: impl FnOnce(&str) -> Result<T>,
) -> Result<Rc<T>> {
    if let Some(known) = kept.with_borrow(|kept| kept.get(text).cloned()) {
        return Ok(known);
    }
    let new = Rc::new(compile(text)?);
    kept.with_borrow_mut(|kept| {
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(text.to_owned(), Rc::clone(&new));
    });
    Ok(new)
}
