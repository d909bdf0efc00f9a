//! Pages of lists: the token is the key of the last item before the page.

use crate::error::ApiError;

/// Part of a list, and the token of the next one.
pub(crate) type Page<T> = (Vec<T>, Option<String>);

/// Items after the token's, at most `wanted`, or `limit` if the request states no number.
pub(crate) fn page<T>(
    mut items: Vec<T>,
    key: impl Fn(&T) -> &str,
    token: Option<&str>,
    wanted: Option<i64>,
    limit: usize,
) -> Result<Page<T>, ApiError> {
    let start = match token {
        None => 0,
        Some(token) => match items.iter().position(|item| key(item) == token) {
            Some(last) => last + 1,
            None => return Err(ApiError::invalid("Invalid NextToken")),
        },
    };
    let mut rest = items.split_off(start);
    let size = match wanted {
        None | Some(0) => limit,
        Some(wanted) => usize::try_from(wanted)
            .ok()
            .filter(|wanted| *wanted <= limit)
            .ok_or_else(|| ApiError::invalid(format!("MaxResults: wanted 1 to {limit}, found {wanted}")))?,
    };
    let more = rest.len() > size;
    rest.truncate(size);
    let next = rest.last().filter(|_| more).map(|last| key(last).to_owned());
    Ok((rest, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let list = || vec!["a", "b", "c", "d", "e"];
        let get = |token: Option<&str>| page(list(), |item| item, token, Some(2), 50).unwrap();
        assert_eq!(get(None), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(get(Some("b")), (vec!["c", "d"], Some("d".to_owned())));
        assert_eq!(get(Some("d")), (vec!["e"], None));
        assert_eq!(get(Some("e")), (vec![], None));
        assert!(page(list(), |item| item, Some("x"), None, 50).is_err());
        assert!(page(list(), |item| item, None, Some(51), 50).is_err());
        assert!(page(list(), |item| item, None, Some(-1), 50).is_err());
        assert_eq!(page(list(), |item| item, None, None, 3).unwrap().0.len(), 3);
    }
}
