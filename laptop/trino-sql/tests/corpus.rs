//! Statements with the answers that Trino gave: `tests/corpus/README.md` has the rules of comparing.
//!
//! `cargo test -p trino-sql --test corpus -- --nocapture` prints the table; `CORPUS_GROUP=json` in front runs one group,
//! and lists what is not equal. No answer may be wrong or lax, and no group may have fewer equal cases than
//! `tests/corpus/reached.txt` has for it; `CORPUS_REACHED=write` in front writes it anew.

#![expect(clippy::unwrap_used, reason = "a test: a panic is how it fails")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::Utc;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionConfig;
use serde_json::Value as Json;
use trino_sql::{Error, ErrorKind, Query, Session, Type, Value, Views, session_state};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Trino's answer, or a refusal with Trino's name of the error.
    Equal,
    /// Refused, as Trino does, with another name.
    OtherError,
    Missing,
    Wrong,
    Lax,
}

struct Case {
    group: String,
    sql: String,
    ordered: bool,
    expected: Json,
}

struct Answer {
    columns: Vec<(String, Type)>,
    rows: Vec<Vec<Value>>,
}

#[test]
fn answers_as_trino_does() {
    let only = std::env::var("CORPUS_GROUP").ok();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let state = session_state(SessionConfig::new().with_target_partitions(2));
    let mut groups: BTreeMap<String, BTreeMap<Outcome, usize>> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    std::panic::set_hook(Box::new(|_| {}));
    for case in cases() {
        if only
            .as_ref()
            .is_some_and(|only| !case.group.starts_with(only.as_str()))
        {
            continue;
        }
        let answer = catch_unwind(AssertUnwindSafe(|| runtime.block_on(answer(&case.sql, &state))));
        let answer = answer.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or_default();
            Err(Error {
                kind: ErrorKind::Internal,
                message: format!("panic: {text}"),
                position: None,
            })
        });
        let (outcome, why) = judge(&case, &answer);
        *groups
            .entry(case.group.clone())
            .or_default()
            .entry(outcome)
            .or_default() += 1;
        if outcome == Outcome::Missing
            && let Err(error) = &answer
        {
            *reasons.entry(reason(error)).or_default() += 1;
        }
        if outcome != Outcome::Equal && (only.is_some() || outcome >= Outcome::Wrong) {
            println!("{outcome:?} [{}] {}\n    {why}", case.group, case.sql);
        }
    }
    let _ = std::panic::take_hook();
    print_table(&groups);
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!("\nmissing, by the error given:");
    reasons
        .iter()
        .for_each(|(reason, count)| println!("{count:5} {reason}"));
    if only.is_none() {
        hold(&groups);
    }
}

/// Equal answers that each group has reached.
fn hold(groups: &BTreeMap<String, BTreeMap<Outcome, usize>>) {
    let of = |outcomes: &BTreeMap<Outcome, usize>, outcome| outcomes.get(&outcome).copied().unwrap_or(0);
    let equal = |outcomes: &BTreeMap<Outcome, usize>| {
        of(outcomes, Outcome::Equal) + of(outcomes, Outcome::OtherError)
    };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/reached.txt");
    if std::env::var("CORPUS_REACHED").is_ok_and(|what| what == "write") {
        let lines: Vec<_> = groups
            .iter()
            .map(|(group, outcomes)| format!("{group} {}\n", equal(outcomes)))
            .collect();
        std::fs::write(path, lines.concat()).unwrap();
    }
    let reached = std::fs::read_to_string(path).unwrap();
    let fallen: Vec<_> = reached
        .lines()
        .filter_map(|line| {
            let (group, floor) = line.split_once(' ').unwrap();
            let found = groups.get(group).map_or(0, &equal);
            (found < floor.parse().unwrap()).then(|| format!("{group}: {found} equal, {floor} before"))
        })
        .collect();
    assert!(fallen.is_empty(), "{fallen:?}");
    let all = |outcome| {
        groups
            .values()
            .map(|outcomes| of(outcomes, outcome))
            .sum::<usize>()
    };
    assert_eq!(all(Outcome::Wrong), 0, "answers that differ without an error");
    assert_eq!(all(Outcome::Lax), 0, "answers where Trino refuses");
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/cases.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let case = |line: &str| {
        let mut case: Json = serde_json::from_str(line).unwrap();
        Case {
            group: case["group"].as_str().unwrap().to_owned(),
            sql: case["sql"].as_str().unwrap().to_owned(),
            ordered: case["ordered"].as_bool().unwrap(),
            expected: case["expected"].take(),
        }
    };
    text.lines().map(case).collect()
}

async fn answer(sql: &str, state: &SessionState) -> Result<Answer, Error> {
    let query = Query::bind(
        sql,
        &Session {
            state,
            views: &Views::default(),
            now: Utc::now(),
        },
    )
    .await?;
    let plan = query.physical_plan(state).await?;
    let batches = collect(plan, state.task_ctx()).await?;
    let mut rows = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let columns = batch.columns().iter().zip(&query.columns);
            rows.push(
                columns
                    .map(|(column, output)| Value::read(column, row, &output.ty))
                    .collect(),
            );
        }
    }
    Ok(Answer {
        columns: query
            .columns
            .into_iter()
            .map(|column| (column.name, column.ty))
            .collect(),
        rows,
    })
}

fn judge(case: &Case, answer: &Result<Answer, Error>) -> (Outcome, String) {
    let wanted_error = case.expected["error"].as_str();
    let answer = match (answer, wanted_error) {
        (Err(error), Some(wanted)) if error.kind.name() == wanted => return (Outcome::Equal, String::new()),
        (Err(error), Some(wanted)) => return (Outcome::OtherError, format!("wanted {wanted}: {error}")),
        (Err(error), None) => return (Outcome::Missing, error.to_string()),
        (Ok(_), Some(wanted)) => return (Outcome::Lax, format!("wanted {wanted}")),
        (Ok(answer), None) => answer,
    };
    let wanted: Vec<_> = case.expected["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| {
            format!(
                "{} {}",
                column["name"].as_str().unwrap(),
                column["type"].as_str().unwrap()
            )
        })
        .collect();
    let found: Vec<_> = answer
        .columns
        .iter()
        .map(|(name, ty)| format!("{name} {ty}"))
        .collect();
    if wanted != found {
        return (
            Outcome::Wrong,
            format!("columns: wanted {wanted:?}, found {found:?}"),
        );
    }
    let mut wanted: Vec<Json> = case.expected["rows"].as_array().unwrap().clone();
    let mut found: Vec<Json> = answer
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .zip(&answer.columns)
                .map(|(value, (_, ty))| spelled(value, ty))
                .collect()
        })
        .collect();
    for row in &mut wanted {
        for (value, (_, ty)) in row.as_array_mut().unwrap().iter_mut().zip(&answer.columns) {
            normalize(value, ty);
        }
    }
    for row in &mut found {
        for (value, (_, ty)) in row.as_array_mut().unwrap().iter_mut().zip(&answer.columns) {
            normalize(value, ty);
        }
    }
    if !case.ordered {
        wanted.sort_by_key(ToString::to_string);
        found.sort_by_key(ToString::to_string);
    }
    if wanted == found {
        return (Outcome::Equal, String::new());
    }
    (
        Outcome::Wrong,
        format!("wanted {} found {}", Json::Array(wanted), Json::Array(found)),
    )
}

/// A value in the spelling of Trino's JSON.
fn spelled(value: &Value, ty: &Type) -> Json {
    match (value, ty) {
        (Value::Null, _) => Json::Null,
        (Value::Boolean(b), _) => Json::Bool(*b),
        (Value::Int(int), Type::TinyInt | Type::SmallInt | Type::Integer | Type::BigInt) => Json::from(*int),
        (Value::Double(double), _) => float(*double),
        (Value::Real(real), _) => float(f64::from(*real)),
        (Value::Bytes(bytes), Type::Varbinary) => {
            use base64::Engine;
            Json::from(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        (Value::Array(items), Type::Array(item)) => items.iter().map(|value| spelled(value, item)).collect(),
        (Value::Map(entries), Type::Map(key, item)) => {
            let entry = |(k, v): &(Value, Value)| {
                let key = match spelled(k, key) {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                (key, spelled(v, item))
            };
            Json::Object(entries.iter().map(entry).collect())
        }
        (Value::Row(values), Type::Row(fields)) => values
            .iter()
            .zip(fields.iter())
            .map(|(value, field)| spelled(value, &field.ty))
            .collect(),
        (value, ty) => value.text(ty).map_or(Json::Null, Json::String),
    }
}

fn float(value: f64) -> Json {
    match value {
        value if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        value => Json::from(value),
    }
}

/// Rounds doubles to 14 digits and reals to 6, and parses JSON.
fn normalize(value: &mut Json, ty: &Type) {
    match (&mut *value, ty) {
        (Json::Number(number), Type::Double | Type::Real) => {
            let digits = if *ty == Type::Real { 5 } else { 13 };
            let rounded = format!("{:.*e}", digits, number.as_f64().unwrap());
            *value = Json::String(rounded.replace("-0.", "0.").replace("e-0", "e0"));
        }
        (Json::String(text), Type::Json) => {
            if let Ok(parsed) = serde_json::from_str(text) {
                *value = parsed;
            }
        }
        (Json::Array(items), Type::Array(item)) => items.iter_mut().for_each(|value| normalize(value, item)),
        (Json::Object(entries), Type::Map(_, item)) => {
            entries.values_mut().for_each(|value| normalize(value, item));
        }
        (Json::Array(values), Type::Row(fields)) => {
            values
                .iter_mut()
                .zip(fields.iter())
                .for_each(|(value, field)| normalize(value, &field.ty));
        }
        _ => {}
    }
}

/// The kind of an error, with the function's name where one is wanting.
fn reason(error: &Error) -> String {
    let message = &error.message;
    let short: String = match error.kind {
        ErrorKind::FunctionNotFound => {
            let mut quoted = message.split('\'');
            match (quoted.nth(1), message.split_once("for function ")) {
                (_, Some((_, rest))) => rest.split('.').next().unwrap_or(rest).to_owned(),
                (Some(name), None) => name.to_owned(),
                _ => message.clone(),
            }
        }
        _ => message.chars().take(70).collect(),
    };
    format!("{}: {short}", error.kind.name())
}

fn print_table(groups: &BTreeMap<String, BTreeMap<Outcome, usize>>) {
    println!(
        "\n| group | cases | equal | % | missing | other error | wrong | lax |\n| --- | --: | --: | --: | --: | --: | --: | --: |"
    );
    let mut total: BTreeMap<Outcome, usize> = BTreeMap::new();
    let line = |name: &str, outcomes: &BTreeMap<Outcome, usize>| {
        let of = |outcome| outcomes.get(&outcome).copied().unwrap_or(0);
        let cases: usize = outcomes.values().sum();
        let equal = of(Outcome::Equal) + of(Outcome::OtherError);
        println!(
            "| {name} | {cases} | {equal} | {} | {} | {} | {} | {} |",
            equal * 100 / cases.max(1),
            of(Outcome::Missing),
            of(Outcome::OtherError),
            of(Outcome::Wrong),
            of(Outcome::Lax)
        );
    };
    for (name, outcomes) in groups {
        line(name, outcomes);
        outcomes
            .iter()
            .for_each(|(outcome, count)| *total.entry(*outcome).or_default() += count);
    }
    line("**all**", &total);
}
