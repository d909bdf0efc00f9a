//! Clients of Athena's API as processes of their own: Python programs and a Java program, which check what they see.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Time limit of a program.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a Python program of `tests/src/athena_clients` with exactly these variables beside those of the machine.
///
/// # Panics
/// If it fails, with its output.
pub async fn run_python(program: &str, arguments: &[&str], variables: &[(String, String)]) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv-clients/bin/python");
    assert!(
        python.exists(),
        "{} is missing: scripts/venv clients",
        python.display()
    );
    let mut command = Command::new(python);
    command.arg("-B").arg(folder().join(program)).args(arguments);
    let printed = run(command, program, variables).await;
    assert!(printed.ends_with("ok\n"), "{program}: {printed}");
}

/// Runs a program's text and returns what it prints: Python, a shell's with the AWS CLI, or statements of Java.
///
/// # Panics
/// If it fails, or the language is another one.
pub async fn run_text(language: &str, text: &str, variables: &[(String, String)]) -> String {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv-clients/bin");
    let folder = tempfile::tempdir().expect("a folder");
    let command = match language {
        "python" => {
            let mut command = Command::new(programs.join("python"));
            command.args(["-c", text]);
            command
        }
        "sh" => {
            let path = std::env::var("PATH").expect("a path");
            let text = format!("PATH={}:{path}\n{text}", programs.display());
            let mut command = Command::new("bash");
            command.args(["-euo", "pipefail", "-c", &text]);
            command
        }
        "java" => {
            let program = folder.path().join("Text.java");
            let text = format!(
                "import software.amazon.awssdk.services.athena.AthenaClient;\n\
                 class Text {{ public static void main(String[] arguments) throws Exception {{\n{text}\n}} }}\n"
            );
            std::fs::write(&program, text).expect("a file");
            java(&program)
        }
        other => panic!("wanted python, sh or java, found {other}"),
    };
    run(command, text, variables).await
}

/// Runs the Java program, which is compiled as it starts.
///
/// # Panics
/// If it fails, with its output.
pub async fn run_java(variables: &[(String, String)]) {
    let printed = run(java(&folder().join("WithJava.java")), "WithJava.java", variables).await;
    assert!(printed.ends_with("ok\n"), "{printed}");
}

/// Java with the SDK.
fn java(program: &Path) -> Command {
    let jars = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/jars-athena-client");
    assert!(
        jars.exists(),
        "{} is missing: scripts/jars athena-client",
        jars.display()
    );
    let mut command = Command::new("java");
    command
        .args(["-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(jars.join("*"))
        .arg(program);
    command
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/athena_clients")
}

/// Runs a program to its end and returns its output.
async fn run(mut command: Command, name: &str, variables: &[(String, String)]) -> String {
    let of_machine = ["PATH", "HOME", "JAVA_HOME", "LANG"].into_iter();
    let of_machine = of_machine.filter_map(|name| Some((name, std::env::var(name).ok()?)));
    command
        .env_clear()
        .envs(of_machine)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{name} has not ended after {LIMIT:?}"));
    let output = output.expect("the program starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{name}:\n{stdout}\n{stderr}");
    stdout.into_owned()
}
