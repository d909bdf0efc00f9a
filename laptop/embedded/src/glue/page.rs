//! Lists in pages of at most a hundred items.

use std::ops::RangeInclusive;

use super::error::GlueError;
use super::messages::PageRequest;

const MAX_RESULTS: RangeInclusive<i64> = 1..=100;
/// Page size of a request that specifies none.
const DEFAULT_MAX_RESULTS: usize = 25;

/// Position of an item in its list: registry and schema name, or another sort key.
pub(super) type Position = (String, String);

/// Page of `items`, which are in the order of their position, and the token of the next page, if there is
/// one.
///
/// A token names the last returned item, so that paging neither repeats nor skips what stays in the list,
/// whatever is created or deleted between two pages.
pub(super) fn page<T>(
    items: impl Iterator<Item = (Position, T)>,
    request: &PageRequest,
) -> Result<(Vec<T>, Option<String>), GlueError> {
    let page_size = page_size(request.max_results)?;
    let after = request.next_token.as_deref().map(read_token).transpose()?;
    let mut items = items
        .filter(|(position, _)| after.as_ref().is_none_or(|after| position > after))
        .peekable();
    let mut page = Vec::new();
    let mut last = None;
    while page.len() < page_size
        && let Some((position, item)) = items.next()
    {
        page.push(item);
        last = Some(position);
    }
    let next_token = last
        .filter(|_| items.peek().is_some())
        .map(|(first, second)| format!("{first}/{second}"));
    Ok((page, next_token))
}

fn page_size(max_results: Option<i64>) -> Result<usize, GlueError> {
    match max_results {
        None => Ok(DEFAULT_MAX_RESULTS),
        Some(n) if MAX_RESULTS.contains(&n) => Ok(n as usize),
        Some(n) => Err(GlueError::InvalidInput(format!(
            "Value '{n}' at 'maxResults' failed to satisfy constraint: Member must be between 1 and 100"
        ))),
    }
}

/// Position in a token: names have no slash.
fn read_token(token: &str) -> Result<Position, GlueError> {
    let (first, second) = token
        .split_once('/')
        .ok_or_else(|| GlueError::InvalidInput("NextToken is not valid".to_owned()))?;
    Ok((first.to_owned(), second.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(
        names: &[&str],
        max_results: impl Into<Option<i64>>,
        token: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>), GlueError> {
        let request = PageRequest {
            max_results: max_results.into(),
            next_token: token.map(str::to_owned),
        };
        let position = |name: &str| (name.to_owned(), String::new());
        page(
            names.iter().map(|name| (position(name), (*name).to_owned())),
            &request,
        )
    }

    #[test]
    fn a_full_last_page_has_no_token() {
        let (first, token) = page_of(&["a", "b", "c", "d"], 2, None).unwrap();
        assert_eq!(first, ["a", "b"]);
        let (second, token) = page_of(&["a", "b", "c", "d"], 2, token.as_deref()).unwrap();
        assert_eq!((second, token), (vec!["c".to_owned(), "d".to_owned()], None));
    }

    #[test]
    fn skips_nothing_when_items_come_and_go() {
        let (_, token) = page_of(&["a", "b", "c", "d"], 2, None).unwrap();
        // "b", the last returned item, was deleted; "aa" and "bb" are new.
        let (second, _) = page_of(&["a", "aa", "bb", "c", "d"], 9, token.as_deref()).unwrap();
        assert_eq!(second, ["bb", "c", "d"]);
    }

    #[test]
    fn an_empty_list_is_one_empty_page() {
        assert_eq!(page_of(&[], None, None).unwrap(), (vec![], None));
    }

    #[test]
    fn rejects_page_sizes_and_tokens_glue_would_not_take() {
        for n in [i64::MIN, -1, 0, 101] {
            let page = page_of(&[], n, None);
            assert!(matches!(page, Err(GlueError::InvalidInput(_))), "{n}");
        }
        let page = page_of(&[], None, Some("x"));
        assert!(matches!(page, Err(GlueError::InvalidInput(_))));
    }
}
