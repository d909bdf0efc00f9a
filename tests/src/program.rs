//! `athena-local` as a process of its own, and what it did.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::lambda::binary;
use crate::world::World;

/// Time limit for the program's end and for its next line, after which a test fails.
const LIMIT: Duration = Duration::from_secs(120);

/// Exit code and output of a program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// 0 if nothing failed; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Returns it unchanged if the program succeeded.
    ///
    /// # Panics
    /// If it failed.
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Lines of standard output as JSON.
    ///
    /// # Panics
    /// If a line is not JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }
}

fn command(variables: &[(String, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("athena-local").expect("the program is built"));
    command
        .args(arguments)
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs `athena-local` with exactly `variables` and a region, to its end.
///
/// # Panics
/// If the program is not built, or does not end.
pub async fn run(variables: &[(String, String)], arguments: &[&str]) -> Ended {
    run_with_input(variables, arguments, "").await
}

/// Runs `athena-local` like [`run`], with a text for its standard input.
///
/// # Panics
/// As [`run`].
pub async fn run_with_input(variables: &[(String, String)], arguments: &[&str], input: &str) -> Ended {
    let mut child = command(variables, arguments).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that needs no input closes the pipe.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    ended(child).await
}

async fn ended(child: Child) -> Ended {
    let output = tokio::time::timeout(LIMIT, child.wait_with_output())
        .await
        .expect("an end of it");
    let output = output.expect("the program runs");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The program at work.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts it with exactly `variables` and a region.
    ///
    /// # Panics
    /// If it is not built.
    pub fn start(variables: &[(String, String)], arguments: &[&str]) -> Self {
        let mut child = command(variables, arguments).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("a pipe");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// Id of the process; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The next line of standard output; `None` at its end.
    ///
    /// # Panics
    /// If it does not come.
    pub async fn line(&mut self) -> Option<String> {
        let line = tokio::time::timeout(LIMIT, self.lines.next_line())
            .await
            .expect("a line");
        line.expect("text")
    }

    /// Closes the pipe that standard output goes to, and waits for the end.
    pub async fn close(self) -> Ended {
        let Self { child, lines } = self;
        drop(lines);
        ended(child).await
    }

    /// Presses Ctrl-C, and waits for the end. What was written meanwhile is not kept.
    ///
    /// # Panics
    /// If there is no program `kill`.
    pub async fn interrupt(self) -> Ended {
        let id = self.child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(killed.expect("kill runs").success());
        let Self { child, lines } = self;
        // Else it could end for the pipe's sake.
        let _open = lines;
        ended(child).await
    }
}

impl World {
    /// Runs `athena-local` with the variables of this world and others over them.
    pub async fn run(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Ended {
        run(&self.variables_with(settings), arguments).await
    }

    /// [`Self::variables`] and others over them.
    pub fn variables_with(&self, settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut variables = self.variables();
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        variables.extend(settings);
        variables
    }
}
