//! The 22 queries of the [specification](https://www.tpc.org/tpch/)'s clause 2.4 with its validation
//! parameters, in Athena's SQL.

use crate::table::Table;

/// Query of TPC-H.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Number from 1 to 22.
    pub number: u8,
    /// SQL over unqualified tables, without a semicolon.
    pub sql: &'static str,
    /// Columns of the result that ORDER BY names, from 0, in the order of the clause. Rows that are equal in
    /// them may come in any order.
    pub order_by: &'static [usize],
}

macro_rules! query {
    ($number:literal, $file:literal, $order_by:expr) => {
        Query {
            number: $number,
            sql: include_str!(concat!("../queries/", $file)).trim_ascii_end(),
            order_by: &$order_by,
        }
    };
}

/// All queries.
pub const QUERIES: [Query; 22] = [
    query!(1, "q01.sql", [0, 1]),
    query!(2, "q02.sql", [0, 2, 1, 3]),
    query!(3, "q03.sql", [1, 2]),
    query!(4, "q04.sql", [0]),
    query!(5, "q05.sql", [1]),
    query!(6, "q06.sql", []),
    query!(7, "q07.sql", [0, 1, 2]),
    query!(8, "q08.sql", [0]),
    query!(9, "q09.sql", [0, 1]),
    query!(10, "q10.sql", [2]),
    query!(11, "q11.sql", [1]),
    query!(12, "q12.sql", [0]),
    query!(13, "q13.sql", [1, 0]),
    query!(14, "q14.sql", []),
    query!(15, "q15.sql", [0]),
    query!(16, "q16.sql", [3, 0, 1, 2]),
    query!(17, "q17.sql", []),
    query!(18, "q18.sql", [4, 3]),
    query!(19, "q19.sql", []),
    query!(20, "q20.sql", [0]),
    query!(21, "q21.sql", [1, 0]),
    query!(22, "q22.sql", [0]),
];

impl Query {
    /// Query over other tables: `name` returns each table's full name, quoted where necessary.
    pub fn over(&self, name: impl Fn(Table) -> String) -> String {
        let mut sql = String::with_capacity(self.sql.len() * 2);
        let mut clause = "";
        let mut before = "";
        let mut rest = self.sql;
        while let Some((token, after)) = next_token(rest) {
            if CLAUSES.contains(&token) {
                clause = token;
            }
            match token.parse::<Table>() {
                Ok(table) if clause == "from" && matches!(before, "from" | "join" | ",") => {
                    sql.push_str(&name(table));
                }
                _ => sql.push_str(token),
            }
            if !token.starts_with(char::is_whitespace) {
                before = token;
            }
            rest = after;
        }
        sql
    }
}

/// Words that begin a clause: the list after `from` has tables, those after others have not.
const CLAUSES: [&str; 6] = ["select", "from", "where", "group", "order", "having"];

/// First token: a comment, a quoted text, a word, white space, or a single character. Sufficient for the
/// queries here: their words are in lower case, their texts hold no quotes.
fn next_token(sql: &str) -> Option<(&str, &str)> {
    let first = sql.chars().next()?;
    let end_of = |belongs: fn(char) -> bool| sql.find(|c| !belongs(c)).unwrap_or(sql.len());
    let end = if sql.starts_with("--") {
        end_of(|c| c != '\n')
    } else if first == '\'' {
        sql[1..].find('\'').map_or(sql.len(), |at| at + 2)
    } else if first.is_whitespace() {
        end_of(char::is_whitespace)
    } else if is_of_word(first) {
        end_of(is_of_word)
    } else {
        first.len_utf8()
    };
    Some(sql.split_at(end))
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_numbered_from_1_to_22() {
        for (at, query) in (1..).zip(&QUERIES) {
            assert_eq!(query.number, at);
            assert!(query.sql.starts_with("-- "), "query {at} begins with a comment");
            assert!(!query.sql.ends_with(';'));
        }
    }

    #[test]
    fn renames_tables_alone() {
        let query = Query {
            number: 1,
            sql: "-- from region\nselect nation, 'from part' from nation n1, part left outer join orders on true \
                  where nation in (select part from lineitem) group by x, nation",
            order_by: &[],
        };
        assert_eq!(
            query.over(|table| format!("t.{table}")),
            "-- from region\nselect nation, 'from part' from t.nation n1, t.part left outer join t.orders on true \
             where nation in (select part from t.lineitem) group by x, nation"
        );
    }

    #[test]
    fn renames_nothing_to_the_same_text() {
        for query in &QUERIES {
            assert_eq!(query.over(|table| table.to_string()), query.sql);
        }
    }

    /// The queries read 86 tables, counting repetitions: a table that is not renamed is missing.
    #[test]
    fn renames_every_table() {
        let marked: usize = QUERIES
            .iter()
            .map(|query| query.over(|table| format!("@{table}")).matches('@').count())
            .sum();
        assert_eq!(marked, 86);
    }
}
