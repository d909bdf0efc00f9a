use clap::CommandFactory;

use super::*;

const DOCS: [(&str, &str); 8] = [
    ("README.md", include_str!("../../../../README.md")),
    ("connector.md", include_str!("../../../../docs/connector.md")),
    ("terminal.md", include_str!("../../../../docs/terminal.md")),
    ("topics.md", include_str!("../../../../docs/topics.md")),
    ("doctor.md", include_str!("../../../../docs/doctor.md")),
    ("deploy.md", include_str!("../../../../docs/deploy.md")),
    ("migrating.md", include_str!("../../../../docs/migrating.md")),
    ("operations.md", include_str!("../../../../docs/operations.md")),
];

/// The words of each command of a shell's text: quotes taken off, comments and redirections left out.
fn commands(shell: &str) -> Vec<Vec<String>> {
    let mut commands = vec![vec![]];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = shell.chars().peekable();
    while let Some(c) = chars.next() {
        let is_separator = c.is_whitespace() || matches!(c, '|' | '&' | ';' | '>' | '<');
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') if chars.peek() == Some(&'\n') => {
                chars.next();
            }
            (None, '#') if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, c) if is_separator => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.push(word);
                }
                if !matches!(c, ' ' | '\t') {
                    commands.push(vec![]);
                }
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    commands
}

#[test]
fn the_commands_of_the_docs_are_understood() {
    let mut understood = 0;
    for (name, text) in DOCS {
        let blocks = text
            .split("```sh\n")
            .skip(1)
            .filter_map(|rest| rest.split_once("```"));
        for words in blocks.flat_map(|(block, _)| commands(block)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let arguments = match &words[..] {
                ["athena-local", arguments @ ..] => arguments,
                ["cargo", "run", "--bin", "athena-local", "--", arguments @ ..] => arguments,
                _ => continue,
            };
            // Without the option, an earlier line has set the brokers in the environment.
            let needs_brokers = matches!(
                arguments,
                ["topics" | "peek" | "load", ..] | ["schema", "infer", ..]
            );
            let mut all = [&["athena-local"], arguments].concat();
            if needs_brokers && !arguments.contains(&"--bootstrap") {
                all.extend(["--bootstrap", "b-1:9092"]);
            }
            if let Err(error) = Args::try_parse_from(&all) {
                panic!("{name}: {all:?}: {error}");
            }
            understood += 1;
        }
    }
    assert!(understood > 15, "{understood} commands");
}

#[test]
fn arguments_are_consistent() {
    Args::command().debug_assert();
}

#[test]
fn the_demo_has_the_articles_size() {
    let Command::Demo { orders, made, .. } = Args::parse_from(["athena-local", "demo"]).command else {
        panic!("not the demo")
    };
    assert_eq!((orders, made.partitions), (840_700, 3));
}

#[test]
fn a_target_is_one_thing() {
    let refused = [
        &["sql", "SELECT 1", "--embedded", "--function", "f"][..],
        &["sql", "SELECT 1", "--orders", "5"],
        &["sql", "SELECT 1", "--endpoint", "http://localhost:9000"],
        &["sql", "SELECT 1", "--output", "xml"],
        &["demo", "--partitions", "0"],
        &["doctor", "orders"],
        &["doctor", "--records", "0"],
        &["sql", "SELECT 1", "--embedded", "--bootstrap", "b:9092"],
        &["sql", "SELECT 1", "--load", "orders=a.jsonl"],
        &["sql", "SELECT 1", "--function", "f", "--schemas", "schemas"],
        &["peek", "orders", "--bootstrap", "b:9092", "--offset", "5"],
        &[
            "peek",
            "orders",
            "--bootstrap",
            "b:9092",
            "--latest",
            "5",
            "--since",
            "1h",
        ],
        &["load", "a.jsonl", "--bootstrap", "b:9092"],
        &["serve", "--load", "a.jsonl"],
    ];
    for args in refused {
        assert!(
            Args::try_parse_from([&["athena-local"], args].concat()).is_err(),
            "{args:?}"
        );
    }
}
