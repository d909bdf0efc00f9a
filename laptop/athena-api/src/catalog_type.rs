//! Types of tables' columns, as data catalogs write them.

/// Type in the spelling of [Hive and Glue](https://docs.aws.amazon.com/athena/latest/ug/data-types.html), from Trino's.
///
/// | Trino | data catalog |
/// | --- | --- |
/// | `integer`, `real`, `varbinary` | `int`, `float`, `binary` |
/// | `timestamp(3)`, `time(3)`, with a zone or without | without the digits |
/// | `array(T)` | `array<T>` |
/// | `map(K, V)` | `map<K,V>` |
/// | `row(a T, b U)` | `struct<a:T,b:U>`; a field without a name has its place, `field0` |
/// | others | the same |
pub(crate) fn catalog_type(sql_type: &str) -> String {
    let Some((name, inner)) = sql_type.split_once('(') else {
        return match sql_type {
            "integer" => "int",
            "real" => "float",
            "varbinary" => "binary",
            other => other,
        }
        .to_owned();
    };
    let inside = |inner: &str| inner.strip_suffix(')').unwrap_or(inner).to_owned();
    match name {
        "array" => format!("array<{}>", catalog_type(&inside(inner))),
        "map" => {
            let inner = inside(inner);
            let types: Vec<String> = parts(&inner).into_iter().map(catalog_type).collect();
            format!("map<{}>", types.join(","))
        }
        "row" => {
            let inner = inside(inner);
            let fields = parts(&inner)
                .into_iter()
                .enumerate()
                .map(|(place, field)| struct_field(place, field));
            format!("struct<{}>", fields.collect::<Vec<_>>().join(","))
        }
        "time" | "timestamp" => {
            let rest = inner.split_once(')').map_or("", |(_, rest)| rest);
            format!("{name}{rest}")
        }
        _ => sql_type.to_owned(),
    }
}

/// `name type`, `"a name" type`, or a type alone.
fn struct_field(place: usize, field: &str) -> String {
    if let Some(quoted) = field.strip_prefix('"') {
        let mut end = 0;
        while let Some(quote) = quoted[end..].find('"') {
            end += quote;
            if !quoted[end + 1..].starts_with('"') {
                let name = quoted[..end].replace("\"\"", "\"");
                return format!("{name}:{}", catalog_type(quoted[end + 1..].trim_start()));
            }
            end += 2;
        }
    }
    let is_name = |word: &str| !word.contains('(') && !matches!(word, "interval" | "timestamp" | "time");
    match field.split_once(' ') {
        Some((name, sql_type)) if is_name(name) => format!("{name}:{}", catalog_type(sql_type)),
        _ => format!("field{place}:{}", catalog_type(field)),
    }
}

/// Parts between commas, except those inside of parentheses and quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_hive_writes_them() {
        let cases = [
            ("integer", "int"),
            ("real", "float"),
            ("varbinary", "binary"),
            ("varchar", "varchar"),
            ("varchar(7)", "varchar(7)"),
            ("decimal(12,2)", "decimal(12,2)"),
            ("timestamp(3)", "timestamp"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("array(integer)", "array<int>"),
            ("map(varchar, array(real))", "map<varchar,array<float>>"),
            (
                "row(a integer, b row(c decimal(3,1)))",
                "struct<a:int,b:struct<c:decimal(3,1)>>",
            ),
            (
                "row(\"a \"\",(b\" integer, c timestamp(3) with time zone)",
                "struct<a \",(b:int,c:timestamp with time zone>",
            ),
            (
                "row(integer, varchar, decimal(3,1))",
                "struct<field0:int,field1:varchar,field2:decimal(3,1)>",
            ),
        ];
        for (sql_type, wanted) in cases {
            assert_eq!(catalog_type(sql_type), wanted);
        }
    }

    #[test]
    fn what_is_not_a_type_ends() {
        for text in [
            "",
            "(",
            "row(",
            "row(\"",
            "row(\"a",
            "array(",
            "map(,)",
            "row(\"\"\")",
        ] {
            let _ = catalog_type(text);
        }
    }
}
