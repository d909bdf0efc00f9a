//! Random expressions, held to rules that are stated here once more and not taken from the crate.

#![expect(clippy::unwrap_used, reason = "a test: a panic is how it fails")]

use chrono::Utc;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionConfig;
use proptest::prelude::*;
use trino_sql::{Error, Query, Session, Value, Views, session_state};

/// All rows of the answer.
fn rows(sql: &str) -> Result<Vec<Vec<Value>>, Error> {
    thread_local! {
        static ENGINE: (tokio::runtime::Runtime, SessionState) = (
            tokio::runtime::Builder::new_current_thread().build().unwrap(),
            session_state(SessionConfig::new().with_target_partitions(1)),
        );
    }
    ENGINE.with(|(runtime, state)| runtime.block_on(answer(sql, state)))
}

async fn answer(sql: &str, state: &SessionState) -> Result<Vec<Vec<Value>>, Error> {
    let session = Session {
        state,
        views: &Views::default(),
        now: Utc::now(),
    };
    let query = Query::bind(sql, &session).await?;
    let plan = query.physical_plan(state).await?;
    let batches = collect(plan, state.task_ctx()).await?;
    let mut rows = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let columns = batch.columns().iter().zip(&query.columns);
            rows.push(
                columns
                    .map(|(array, column)| Value::read(array, row, &column.ty))
                    .collect(),
            );
        }
    }
    Ok(rows)
}

fn value(sql: &str) -> Result<Value, Error> {
    Ok(rows(sql)?.swap_remove(0).swap_remove(0))
}

/// Arithmetic of INTEGER.
#[derive(Debug, Clone)]
enum Number {
    Literal(u32),
    Null,
    Negated(Box<Number>),
    Binary(char, Box<Number>, Box<Number>),
}

#[derive(Debug, Clone)]
enum Truth {
    Literal(Option<bool>),
    Compared(&'static str, Number, Number),
    Distinct(bool, Number, Number),
    IsNull(bool, Number),
    Between(bool, Number, Number, Number),
    In(bool, Number, Vec<Number>),
    Not(Box<Truth>),
    And(Box<Truth>, Box<Truth>),
    Or(Box<Truth>, Box<Truth>),
}

/// Overflow or division by zero.
struct Failed;

impl Number {
    /// Precedence: a sum 0, a product 1, a sign 2, all else 3.
    fn level(&self) -> u8 {
        match self {
            Self::Binary('+' | '-', ..) => 0,
            Self::Binary(..) => 1,
            Self::Negated(_) => 2,
            _ => 3,
        }
    }

    /// Text with the fewest parentheses.
    fn text(&self, least: u8) -> String {
        let text = match self {
            Self::Literal(digits) => digits.to_string(),
            Self::Null => "CAST(NULL AS INTEGER)".to_owned(),
            // Two signs without a space would begin a comment.
            Self::Negated(inner) => format!("- {}", inner.text(2)),
            Self::Binary(op, a, b) => {
                let level = self.level();
                format!("{} {op} {}", a.text(level), b.text(level + 1))
            }
        };
        if self.level() < least {
            format!("({text})")
        } else {
            text
        }
    }

    fn value(&self) -> Result<Option<i32>, Failed> {
        Ok(match self {
            Self::Literal(digits) => Some(*digits as i32),
            Self::Null => None,
            Self::Negated(inner) => inner
                .value()?
                .map(|v| v.checked_neg().ok_or(Failed))
                .transpose()?,
            Self::Binary(op, a, b) => {
                let (Some(a), Some(b)) = (a.value()?, b.value()?) else {
                    return Ok(None);
                };
                let result = match op {
                    '+' => a.checked_add(b),
                    '-' => a.checked_sub(b),
                    '*' => a.checked_mul(b),
                    '/' => a.checked_div(b),
                    // The remainder of the least number by -1 is 0, not an overflow.
                    _ => (b != 0).then(|| a.wrapping_rem(b)),
                };
                Some(result.ok_or(Failed)?)
            }
        })
    }
}

impl Truth {
    /// OR 0, AND 1, NOT 2, a predicate 3, a literal 4.
    fn level(&self) -> u8 {
        match self {
            Self::Or(..) => 0,
            Self::And(..) => 1,
            Self::Not(_) => 2,
            Self::Literal(_) => 4,
            _ => 3,
        }
    }

    fn text(&self, least: u8) -> String {
        let not = |negated: &bool| if *negated { "NOT " } else { "" };
        let text = match self {
            Self::Literal(None) => "CAST(NULL AS BOOLEAN)".to_owned(),
            Self::Literal(Some(b)) => b.to_string(),
            Self::Compared(op, a, b) => format!("{} {op} {}", a.text(0), b.text(0)),
            Self::Distinct(negated, a, b) => {
                format!("{} IS {}DISTINCT FROM {}", a.text(0), not(negated), b.text(0))
            }
            Self::IsNull(negated, a) => format!("{} IS {}NULL", a.text(0), not(negated)),
            Self::Between(negated, a, low, high) => {
                format!(
                    "{} {}BETWEEN {} AND {}",
                    a.text(0),
                    not(negated),
                    low.text(0),
                    high.text(0)
                )
            }
            Self::In(negated, a, items) => {
                let items: Vec<_> = items.iter().map(|item| item.text(0)).collect();
                format!("{} {}IN ({})", a.text(0), not(negated), items.join(", "))
            }
            Self::Not(inner) => format!("NOT {}", inner.text(2)),
            Self::And(a, b) => format!("{} AND {}", a.text(1), b.text(1)),
            Self::Or(a, b) => format!("{} OR {}", a.text(0), b.text(0)),
        };
        if self.level() < least {
            format!("({text})")
        } else {
            text
        }
    }

    /// Value of the condition, unless one of its numbers fails.
    fn value(&self) -> Result<Option<bool>, Failed> {
        let negated = |negated: &bool, value: Option<bool>| value.map(|value| value != *negated);
        Ok(match self {
            Self::Literal(b) => *b,
            Self::Compared(op, a, b) => {
                let (a, b) = (a.value()?, b.value()?);
                a.zip(b).map(|(a, b)| match *op {
                    "=" => a == b,
                    "<>" => a != b,
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    _ => a >= b,
                })
            }
            Self::Distinct(not, a, b) => Some((a.value()? != b.value()?) != *not),
            Self::IsNull(not, a) => Some(a.value()?.is_none() != *not),
            Self::Between(not, a, low, high) => {
                let (a, low, high) = (a.value()?, low.value()?, high.value()?);
                let above = a.zip(low).map(|(a, low)| a >= low);
                let below = a.zip(high).map(|(a, high)| a <= high);
                negated(not, both(above, below))
            }
            Self::In(not, a, items) => {
                let a = a.value()?;
                let mut found = Some(false);
                for item in items {
                    found = either(found, a.zip(item.value()?).map(|(a, item)| a == item));
                }
                negated(not, found)
            }
            Self::Not(inner) => inner.value()?.map(|b| !b),
            Self::And(a, b) => both(a.value()?, b.value()?),
            Self::Or(a, b) => either(a.value()?, b.value()?),
        })
    }
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    both(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither)
}

fn numbers() -> impl Strategy<Value = Number> {
    let leaf = prop_oneof![
        8 => (0_u32..12).prop_map(Number::Literal),
        1 => Just(Number::Literal(i32::MAX as u32)),
        1 => Just(Number::Null),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|a| Number::Negated(Box::new(a))),
            5 => (prop::sample::select(vec!['+', '-', '*', '/', '%']), inner.clone(), inner)
                .prop_map(|(op, a, b)| Number::Binary(op, Box::new(a), Box::new(b))),
        ]
    })
}

fn truths() -> impl Strategy<Value = Truth> {
    let op = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        1 => any::<Option<bool>>().prop_map(Truth::Literal),
        3 => (op, numbers(), numbers()).prop_map(|(op, a, b)| Truth::Compared(op, a, b)),
        1 => (any::<bool>(), numbers(), numbers()).prop_map(|(not, a, b)| Truth::Distinct(not, a, b)),
        1 => (any::<bool>(), numbers()).prop_map(|(not, a)| Truth::IsNull(not, a)),
        1 => (any::<bool>(), numbers(), numbers(), numbers())
            .prop_map(|(not, a, low, high)| Truth::Between(not, a, low, high)),
        1 => (any::<bool>(), numbers(), prop::collection::vec(numbers(), 1..4))
            .prop_map(|(not, a, items)| Truth::In(not, a, items)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| Truth::Not(Box::new(a))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Truth::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Truth::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn fails_as_numbers_do(error: &Error) -> bool {
    matches!(
        error.kind.name(),
        "NUMERIC_VALUE_OUT_OF_RANGE" | "DIVISION_BY_ZERO"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn arithmetic_binds_and_overflows_as_its_rules_say(number in numbers()) {
        let sql = format!("SELECT {}", number.text(0));
        match (number.value(), value(&sql)) {
            (Ok(wanted), Ok(found)) => {
                prop_assert_eq!(found, wanted.map_or(Value::Null, |v| Value::Int(v.into())), "{}", sql);
            }
            (Err(Failed), Err(error)) => prop_assert!(fails_as_numbers_do(&error), "{}: {}", sql, error),
            (_, found) => prop_assert!(false, "{}: {:?}", sql, found),
        }
    }

    /// Where a number fails, the answer is that error, or what the other side of AND and OR decides.
    #[test]
    fn conditions_have_three_values(truth in truths()) {
        let sql = format!("SELECT {}", truth.text(0));
        match (truth.value(), value(&sql)) {
            (Ok(wanted), Ok(found)) => {
                prop_assert_eq!(found, wanted.map_or(Value::Null, Value::Boolean), "{}", sql);
            }
            (Err(Failed), Err(error)) => prop_assert!(fails_as_numbers_do(&error), "{}: {}", sql, error),
            (Err(Failed), Ok(_)) => {}
            (Ok(_), Err(error)) => prop_assert!(false, "{}: {}", sql, error),
        }
    }

    /// <https://trino.io/docs/current/functions/decimal.html#binary-arithmetic-decimal-operators>
    #[test]
    fn decimals_have_the_precision_and_scale_of_the_operator((p, s) in sizes(), (q, t) in sizes()) {
        let sql = ["+", "-", "*", "/", "%"].map(|op| {
            format!("typeof(CAST(NULL AS decimal({p},{s})) {op} CAST(NULL AS decimal({q},{t})))")
        });
        let sum = (38.min(1 + s.max(t) + (p - s).max(q - t)), s.max(t));
        let wanted = [
            Some(sum),
            Some(sum),
            (s + t <= 38).then(|| (38.min(p + q), s + t)),
            Some((38.min(p + t + (t - s).max(0)), s.max(t))),
            Some(((p - s).min(q - t) + s.max(t), s.max(t))),
        ];
        for (sql, wanted) in sql.iter().zip(wanted) {
            let found = value(&format!("SELECT {sql}"));
            match wanted {
                Some((precision, scale)) if scale <= precision => {
                    prop_assert_eq!(found?, Value::Text(format!("decimal({precision},{scale})")), "{}", sql);
                }
                _ => prop_assert!(found.is_err(), "{}: {:?}", sql, found),
            }
        }
    }

    #[test]
    fn grouping_takes_not_distinct_doubles_together(picked in prop::collection::vec(0_usize..5, 1..12)) {
        let spelled = ["0e0", "-0e0", "nan()", "1e0", "CAST(NULL AS DOUBLE)"];
        // Both zeros are one group.
        let groups: std::collections::BTreeSet<_> = picked.iter().map(|i| if *i == 1 { 0 } else { *i }).collect();
        let values: Vec<_> = picked.iter().map(|i| spelled[*i]).collect();
        let values = values.join(", ");
        for sql in [
            format!("SELECT count(*) FROM (SELECT x FROM (VALUES {values}) t(x) GROUP BY x)"),
            format!("SELECT count(*) FROM (SELECT DISTINCT x FROM (VALUES {values}) t(x))"),
            format!("SELECT count(*) FROM (SELECT DISTINCT ARRAY[x] FROM (VALUES {values}) t(x))"),
            format!("SELECT count(*) FROM (VALUES {values} INTERSECT VALUES {values})"),
            format!("SELECT count(*) FROM (VALUES {values} UNION VALUES {values})"),
        ] {
            prop_assert_eq!(value(&sql)?, Value::Int(groups.len() as i64), "{}", sql);
        }
        let empty = format!("SELECT count(*) FROM (VALUES {values} EXCEPT ALL VALUES {values})");
        prop_assert_eq!(value(&empty)?, Value::Int(0), "{}", empty);
    }
}

fn sizes() -> impl Strategy<Value = (i32, i32)> {
    (1_i32..=38).prop_flat_map(|precision| (Just(precision), 0..=precision))
}

/// DataFusion takes expressions of one name for one. The types of a cast and the bodies of lambdas are not among the
/// arguments that it sees.
#[test]
fn calls_of_the_same_columns_are_told_apart() {
    let from = "FROM (VALUES ('abc', ARRAY[1], 1), ('def', ARRAY[2], 2)) t(x, a, n)";
    for (calls, wanted) in [
        ("CAST(x AS VARCHAR(1)), CAST(x AS VARCHAR(2))", "a ab d de"),
        (
            "length(CAST(CAST(x AS CHAR(4)) AS VARCHAR)), length(CAST(CAST(x AS CHAR(5)) AS VARCHAR))",
            "4 5 4 5",
        ),
        ("CAST(n AS DOUBLE), CAST(n AS VARCHAR)", "1.0 1 2.0 2"),
        (
            "reduce(a, 0, (s, e) -> s + e, s -> s), reduce(a, 1, (s, e) -> s + e, s -> s)",
            "1 2 2 3",
        ),
        (
            "array_join(transform(a, e -> e + 1), ''), array_join(transform(a, e -> e + 2), '')",
            "2 3 3 4",
        ),
    ] {
        for sql in [
            format!("SELECT {calls} {from} ORDER BY n"),
            format!("SELECT * FROM (SELECT {calls} {from} ORDER BY n LIMIT 2)"),
        ] {
            let texts = rows(&sql)
                .unwrap()
                .into_iter()
                .flatten()
                .map(|value| match value {
                    Value::Text(text) => text,
                    Value::Double(double) => format!("{double:?}"),
                    Value::Int(int) => int.to_string(),
                    other => format!("{other:?}"),
                });
            let found: Vec<_> = texts.collect();
            assert_eq!(found.join(" "), wanted, "{sql}");
        }
    }
}

/// Expressions are nested as deep as chains of operators are long.
#[test]
fn statements_may_be_long() {
    let joined = |term: &dyn Fn(usize) -> String, count: usize, with: &str| {
        (0..count).map(term).collect::<Vec<_>>().join(with)
    };
    let from = "FROM (VALUES 1, 599, 7999, 9999) t(x)";
    for (sql, wanted) in [
        (
            format!(
                "SELECT count(*) {from} WHERE {}",
                joined(&|i| format!("x = {i}"), 600, " OR ")
            ),
            2,
        ),
        (
            format!(
                "SELECT count(*) {from} WHERE {}",
                joined(&|i| format!("x <> {i}"), 600, " AND ")
            ),
            2,
        ),
        (
            format!("SELECT {}", joined(&|i| i.to_string(), 600, " + ")),
            179_700,
        ),
        (
            format!("SELECT sum({}) {from}", joined(&|_| "x".to_owned(), 600, " + ")),
            600 * 18_598,
        ),
        (
            format!(
                "SELECT count(*) {from} WHERE x IN ({})",
                joined(&|i| i.to_string(), 8_000, ", ")
            ),
            3,
        ),
        (
            format!("SELECT length({})", joined(&|_| "'a'".to_owned(), 600, " || ")),
            600,
        ),
    ] {
        assert_eq!(value(&sql).unwrap(), Value::Int(wanted), "{}", &sql[..60]);
    }
}

#[test]
fn statements_may_not_be_deep() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("trim(", "'a'", ")"),
        ("extract(year FROM ", "now()", ")"),
        ("a[", "1", "]"),
    ] {
        let sql = format!(
            "SELECT {}{inner}{} FROM (VALUES 1) t(a)",
            open.repeat(300),
            close.repeat(300)
        );
        assert_eq!(value(&sql).unwrap_err().kind.name(), "NOT_SUPPORTED", "{open}");
    }
}

#[test]
fn an_error_shows_its_line_and_what_was_meant() {
    let sql = "SELECT order_id\nFROM (VALUES 1) t(order_id)\nWHERE order_ids > 0";
    let error = value(sql).unwrap_err();
    assert_eq!(
        error.render(sql),
        "COLUMN_NOT_FOUND: line 3:7: Column 'order_ids' cannot be resolved; did you mean 'order_id'?\n  \
         WHERE order_ids > 0\n        ^"
    );
    let error = value("SELECT concatt('a', 'b')").unwrap_err();
    assert!(error.message.contains("did you mean 'concat'?"), "{error}");
}

#[test]
fn a_zone_does_not_tell_groups_apart() {
    let zoned =
        "(VALUES TIMESTAMP '2023-03-14 00:00:00 UTC', TIMESTAMP '2023-03-14 09:00:00 Asia/Seoul', NULL) t(x)";
    let counts = rows(&format!("SELECT count(*) FROM {zoned} GROUP BY x ORDER BY 1")).unwrap();
    assert_eq!(counts, [[Value::Int(1)], [Value::Int(2)]]);
    let distinct = value(&format!("SELECT count(DISTINCT x) FROM {zoned}")).unwrap();
    assert_eq!(distinct, Value::Int(1));
}

#[test]
fn a_subquery_answers_with_null_where_it_is_open() {
    for (condition, wanted) in [
        ("1 IN (SELECT y FROM u)", Value::Boolean(true)),
        ("3 IN (SELECT y FROM u)", Value::Null),
        ("3 NOT IN (SELECT y FROM u)", Value::Null),
        (
            "3 IN (SELECT y FROM u WHERE y IS NOT NULL)",
            Value::Boolean(false),
        ),
        ("CAST(NULL AS INTEGER) IN (SELECT y FROM u)", Value::Null),
        (
            "CAST(NULL AS INTEGER) IN (SELECT y FROM u WHERE FALSE)",
            Value::Boolean(false),
        ),
        ("3 > ALL (SELECT y FROM u)", Value::Null),
        ("1 > ALL (SELECT y FROM u)", Value::Boolean(false)),
        ("3 > ANY (SELECT y FROM u)", Value::Boolean(true)),
        ("0 > ANY (SELECT y FROM u)", Value::Null),
        ("0 > ALL (SELECT y FROM u WHERE FALSE)", Value::Boolean(true)),
        ("1 = ALL (SELECT y FROM u WHERE y = 1)", Value::Boolean(true)),
        ("1 <> ANY (SELECT y FROM u)", Value::Boolean(true)),
        ("EXISTS (SELECT y FROM u WHERE y > 5)", Value::Boolean(false)),
    ] {
        let sql = format!("WITH u(y) AS (VALUES 1, 2, NULL) SELECT {condition}");
        assert_eq!(value(&sql).unwrap(), wanted, "{sql}");
    }
    let kept = "WITH u(y) AS (VALUES 1, NULL) SELECT count(*) FROM (VALUES 1, 3) t(x) WHERE ";
    for (condition, wanted) in [
        ("x IN (SELECT y FROM u)", 1),
        ("x NOT IN (SELECT y FROM u)", 0),
        ("NOT (x IN (SELECT y FROM u)) OR x > 5", 0),
        ("x NOT IN (SELECT y FROM u WHERE y IS NOT NULL)", 1),
        ("x = (SELECT max(y) FROM u)", 1),
    ] {
        let sql = format!("{kept}{condition}");
        assert_eq!(value(&sql).unwrap(), Value::Int(wanted), "{sql}");
    }
    // An aggregate has a row for x = 2, too, and no subquery may forget it or number rows of other x.
    for (subquery, wanted) in [
        (
            "(SELECT count(*) FROM u WHERE y = x)",
            Some([Value::Int(1), Value::Int(0)]),
        ),
        (
            "(SELECT y FROM u WHERE y = x)",
            Some([Value::Int(1), Value::Null]),
        ),
        (
            "x - 2 IN (SELECT count(*) FROM u WHERE y = x)",
            Some([Value::Boolean(false), Value::Boolean(true)]),
        ),
        (
            "EXISTS (SELECT count(*) FROM u WHERE y = x)",
            Some([Value::Boolean(true), Value::Boolean(true)]),
        ),
        (
            "(SELECT max(c) FROM (SELECT count(*) AS c FROM u WHERE y = x))",
            None,
        ),
        (
            "(SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY y) AS n FROM u WHERE y = x))",
            None,
        ),
    ] {
        let sql =
            format!("WITH u(y) AS (VALUES 0, 1) SELECT {subquery} FROM (VALUES 1, 2) t(x) ORDER BY t.x");
        match (wanted, rows(&sql)) {
            (Some([one, two]), Ok(found)) => assert_eq!(found, [[one], [two]], "{sql}"),
            // Refused is as good as answered.
            (None, Err(_)) => {}
            (_, found) => panic!("{sql}: {found:?}"),
        }
    }
    let error = value("SELECT (SELECT y FROM (VALUES 1, 2) u(y))").unwrap_err();
    assert_eq!(error.kind.name(), "SUBQUERY_MULTIPLE_ROWS");
}
