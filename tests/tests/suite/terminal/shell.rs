//! `athena-local shell` on a pseudo-terminal: keys, cancellation, completion, and what is cut to the terminal.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use embedded::kafka::ApiKey;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use tests::lambda::binary;
use tokio::time::{sleep, timeout};

use super::*;

/// Time limit for each text that is waited for.
const LIMIT_MS: u64 = 60_000;

/// Prompt on a line of its own.
const NEW_PROMPT: &str = "\r\n\rsql> ";

const CTRL_C: char = 'c';
const CTRL_D: char = 'd';

/// A shell of 60 columns on a world's topics.
struct Shell {
    pty: PtySession,
    home: tempfile::TempDir,
}

impl Shell {
    /// Starts it and waits for its prompt; returns its greeting too.
    fn start(world: &World, arguments: &[&str]) -> (Self, String) {
        let home = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sh");
        command
            .args(["-c", "stty cols 60 rows 30; exec \"$0\" shell \"$@\""])
            .arg(binary("athena-local").expect("the program is built"))
            .args(arguments)
            .env_clear()
            .envs(world.variables())
            .env("AWS_REGION", "us-east-1")
            .env("PATH", std::env::var("PATH").expect("a path"))
            .env("HOME", home.path())
            .env("EDITOR", "cp edited.sql")
            .env("PAGER", "cat -n")
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .current_dir(home.path());
        let options = Options::new()
            .timeout_ms(Some(LIMIT_MS))
            .strip_ansi_escape_codes(true);
        let pty = spawn_with_options(command, options).expect("a terminal");
        let mut shell = Self { pty, home };
        let greeting = shell.until("sql> ");
        (shell, greeting)
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    /// What comes before a text, which must come.
    fn until(&mut self, text: &str) -> String {
        // The reader makes a character of each byte.
        let wanted: String = text.bytes().map(char::from).collect();
        let found = self.pty.exp_string(&wanted);
        let found = found.unwrap_or_else(|error| panic!("waiting for {text:?}: {error}"));
        let bytes = found.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    }

    fn types(&mut self, text: &str) {
        self.pty.send(text).expect("it is sent");
        self.pty.flush().expect("it is sent");
    }

    fn presses(&mut self, key: char) {
        self.pty.send_control(key).expect("it is sent");
        self.pty.flush().expect("it is sent");
    }

    /// Types a line, and waits for a text of its result and for the prompt; returns what is between.
    fn answers(&mut self, line: &str, wanted: &str) -> String {
        self.types(&format!("{line}\r"));
        self.until(wanted);
        self.until("\r\n\r");
        self.until("> ")
    }

    /// Presses Ctrl-D, and waits for the end.
    fn ends(mut self) {
        self.presses(CTRL_D);
        self.pty.exp_eof().expect("the end");
        let status = self.pty.process().wait().expect("it has ended");
        assert_eq!(
            format!("{status:?}").rsplit(", ").next(),
            Some("0)"),
            "{status:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_greets_runs_what_is_typed_and_ends_at_ctrl_d() {
    let world = World::embedded().await;
    world.broker.create_topic("shown", 1).await;
    let (mut shell, greeting) = Shell::start(&world, &[]);
    assert!(
        greeting.contains("catalog msk, schemas: customer") && greeting.contains(world.broker.bootstrap()),
        "{greeting}"
    );
    // A statement of two lines, then an error, then a line that is given up.
    shell.types("SELECT 'a' ||\r");
    shell.answers("'b' AS joined;", "| ab");
    shell.answers("SELECT nothing;", "COLUMN_NOT_FOUND: line 1:8");
    // What is typed is drawn again at any moment, so that only a new line shows that this one is given up; what comes
    // before would be read with it.
    shell.types("SELECT garbage");
    shell.presses(CTRL_C);
    shell.until(NEW_PROMPT);
    shell.answers("SELECT 'x' || 'y' AS cleared;", "| xy");
    shell.answers("help", "\\watch [SECONDS]");
    shell.types("USE customer;\r");
    shell.until("customer> ");
    let history = std::fs::read_to_string(shell.home().join(".athena_local_history")).expect("the history");
    assert!(
        history.contains("AS joined;") && !history.contains("garbage"),
        "{history}"
    );
    shell.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels_the_query_with_its_fetches_and_gives_the_prompt_back() {
    const DELAY: Duration = Duration::from_millis(500);
    let world = World::embedded().await;
    let topic = world.broker.create_topic("slow", 1).await;
    let record = format!(r#"{{"id":1,"note":"{}"}}"#, "z".repeat(1000));
    world
        .broker
        .produce(&topic, 0, (0..20_000).map(|_| Some(&record)));
    register_orders(&world, &topic);
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    let (mut shell, _) = Shell::start(&world, &[]);
    kafka.delay(ApiKey::Fetch, DELAY);
    // Twenty fetches of a megabyte: ten seconds.
    shell.types("SELECT sum(length(note)) AS total FROM msk.customer.orders;\r");
    let begun = async {
        while kafka.requests(ApiKey::Fetch) < 2 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_millis(LIMIT_MS), begun)
        .await
        .expect("fetches");
    shell.presses(CTRL_C);
    shell.until("cancelled");
    shell.until(NEW_PROMPT);
    let mut ceased = false;
    for _ in 0..4 {
        let before = kafka.requests(ApiKey::Fetch);
        sleep(2 * DELAY).await;
        ceased |= kafka.requests(ApiKey::Fetch) == before;
    }
    assert!(
        ceased,
        "{} fetches, and still more",
        kafka.requests(ApiKey::Fetch)
    );
    kafka.delay(ApiKey::Fetch, Duration::ZERO);
    // Few bytes, which no block store is needed for.
    shell.answers("SELECT count(*) AS total FROM msk.customer.orders;", "20000 |");
    shell.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_completes_schemas_tables_and_columns() {
    let world = World::embedded().await;
    let topic = world.broker.create_topic("completed", 1).await;
    world.broker.produce(&topic, 0, [Some(note(7).to_string())]);
    register_orders(&world, &topic);
    let (mut shell, _) = Shell::start(&world, &[]);
    shell.answers(
        "SELECT note AS found FROM cust\t.ord\t o WHERE o.i\t = 7;",
        "| n7",
    );
    shell.answers("\\d customer.or\t", "| note");
    shell.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_what_fits_and_counts_the_rest() {
    let world = World::embedded().await;
    let (mut shell, _) = Shell::start(&world, &[]);
    let sql = "SELECT n, lpad('', 500, 'x') AS text FROM UNNEST(sequence(1, 10000)) AS a(n) ORDER BY n;";
    shell.types(&format!("{sql}\r"));
    shell.until(&format!("\r\n|  1 | {}… |\r\n", "x".repeat(50)));
    let rest = shell.until("more rows");
    assert!(rest.ends_with("… 9,960 "), "{rest}");
    assert!(rest.contains("| 40 |") && !rest.contains("| 41 |"), "{rest}");
    shell.until("10000 rows, ");
    shell.until("> ");
    shell.types("\\set rows 3\r");
    shell.until("> ");
    shell.answers("\\g", "… 9,997 more rows");
    shell.answers("\\gx", "-[ RECORD 3 ]");
    shell.types("\\x\r");
    shell.until("> ");
    shell.answers(
        "SELECT 'v' || 'ertical' AS t, 1 AS n;",
        "t | vertical\r\nn | 1\r\n",
    );
    shell.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_edited_and_watched() {
    let world = World::embedded().await;
    let (mut shell, _) = Shell::start(&world, &[]);
    std::fs::write(shell.home().join("edited.sql"), "SELECT 'ed' || 'ited' AS x;\n").expect("a file");
    shell.types("\\e\r");
    shell.until("AS x;");
    shell.answers("", "| edited");
    shell.types("SELECT 'wat' || 'ched' AS x \\watch 0.1\r");
    for _ in 0..3 {
        shell.until("(every 100ms)");
        shell.until("| watched");
    }
    shell.presses(CTRL_C);
    shell.until("cancelled");
    shell.until("sql> ");
    shell.answers("SELECT 'still ' || 'there' AS x;", "| still there");
    shell.ends();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pager_gets_the_whole_table() {
    let world = World::embedded().await;
    let (mut shell, _) = Shell::start(&world, &[]);
    shell.types("\\set pager on\r");
    shell.until(NEW_PROMPT);
    // Numbers of lines show that the table went through it.
    shell.types("SELECT n FROM UNNEST(sequence(1, 100)) AS a(n);\r");
    shell.until("   103\t| 100 |\r\n   104\t+-----+");
    shell.until(NEW_PROMPT);
    shell.ends();
}
