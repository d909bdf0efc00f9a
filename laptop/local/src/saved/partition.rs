//! Values in the names of folders: `column=value`, as Hive writes them.

/// Folder of the rows whose value is NULL.
pub(super) const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// A value in a path, as Hive escapes it.
pub(super) fn escaped(text: &str) -> String {
    let mut path = String::new();
    for c in text.chars() {
        let is_special = c.is_ascii_control() || "\"#%'*/:=?\\{[]^\u{7f}".contains(c);
        match is_special {
            true => path.push_str(&format!("%{:02X}", u32::from(c))),
            false => path.push(c),
        }
    }
    path
}

/// The text of a value in a path.
pub(super) fn unescaped(path: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), path.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        let code = match first {
            b'%' => more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()),
            _ => None,
        };
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_comes_back_from_its_path(text in ".*") {
            let path = escaped(&text);
            prop_assert!(!path.contains('/') && !path.contains('='));
            prop_assert_eq!(unescaped(&path), text);
        }
    }
}
