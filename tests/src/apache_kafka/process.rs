//! Process of a server, which a test can end and start again, and which never outlives the test.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Executes one command a line and acknowledges each. At the end of its input, because the test has closed it
/// or has ended in whatever way, it kills the server and removes the folder. It ignores signals meant for the
/// test.
///
/// Started with the folder and the server's command.
const SUPERVISOR: &str = r#"
trap : HUP INT TERM
folder=$1
shift
server=
running() { [[ -n $server ]] && kill -0 "$server" 2>/dev/null; }
while read -r order; do
    case $order in
    start) "$@" </dev/null >>"$folder/log" 2>&1 & server=$! ;;
    running) running || { echo no; continue; } ;;
    kill) kill -KILL "$server"; wait "$server" ;;
    stop)
        kill -TERM "$server"
        for _ in {1..300}; do running || break; sleep 0.1; done
        kill -KILL "$server"; wait "$server"
        ;;
    esac
    echo yes
done 2>/dev/null
if running; then kill -KILL "$server"; wait "$server"; fi 2>/dev/null
rm -rf -- "$folder"
"#;

/// Server that is running or can be started; when dropped, it is ended and its folder removed.
pub(super) struct Process {
    folder: PathBuf,
    supervisor: Child,
    /// Commands; `None` once they are closed.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// Does not start the server yet. Its output will be in `log` in the folder.
    pub(super) fn new(folder: PathBuf, command: &[String]) -> io::Result<Self> {
        let mut supervisor = Command::new("bash")
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(&folder)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = supervisor.stdin.take();
        let answers = supervisor.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            folder,
            supervisor,
            orders,
            answers: BufReader::new(answers),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the server, for the first time or again.
    pub(super) fn start(&mut self) -> io::Result<()> {
        self.order("start").map(drop)
    }

    pub(super) fn is_running(&mut self) -> io::Result<bool> {
        self.order("running")
    }

    /// Ends the server at once, like a power failure.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.order("kill").map(drop)
    }

    /// Asks the server to end and waits for it; kills it after half a minute.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.order("stop").map(drop)
    }

    fn order(&mut self, order: &str) -> io::Result<bool> {
        let orders = self.orders.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim_end() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.orders = None;
        // An error means that it has ended already.
        let _ = self.supervisor.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Process {
        let folder = std::env::temp_dir().join(format!("process-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).unwrap();
        let command = ["sh", "-c", "echo $$; exec sleep 600"].map(str::to_owned);
        Process::new(folder, &command).unwrap()
    }

    /// Ids of the started processes, in that order.
    fn started(process: &Process, count: usize) -> Vec<String> {
        loop {
            let log = std::fs::read_to_string(process.folder().join("log")).unwrap_or_default();
            let ids: Vec<String> = log.lines().map(str::to_owned).collect();
            if ids.len() == count {
                return ids;
            }
            std::thread::yield_now();
        }
    }

    fn is_running(id: &str) -> bool {
        Path::new("/proc").join(id).exists()
    }

    #[test]
    fn runs_only_between_start_and_end() {
        let mut process = sleeper();
        assert!(!process.is_running().unwrap());
        for (end, number) in [(Process::kill as fn(&mut Process) -> _, 1), (Process::stop, 2)] {
            process.start().unwrap();
            let id = started(&process, number).remove(number - 1);
            assert!(process.is_running().unwrap() && is_running(&id));
            end(&mut process).unwrap();
            assert!(!process.is_running().unwrap() && !is_running(&id));
        }
    }

    #[test]
    fn leaves_neither_process_nor_folder() {
        let mut process = sleeper();
        process.start().unwrap();
        let id = started(&process, 1).remove(0);
        let folder = process.folder().to_owned();
        drop(process);
        assert!(!is_running(&id) && !folder.exists());
    }
}
