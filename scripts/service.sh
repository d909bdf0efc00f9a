# Functions for scripts that run a command with a server.
# shellcheck shell=bash

# The server's working directory, removed with it.
server_dir=
server_pid=

# await_line PATTERN SECONDS: waits until the server's log has a line that matches. Fails when the time is up, or when the
# server has ended.
await_line() {
    local deadline=$((SECONDS + $2))
    until grep -q "$1" "$server_dir/log"; do
        if ! kill -0 "$server_pid" 2>/dev/null || ((SECONDS >= deadline)); then
            echo "$0: the server has not started; the end of its log:" >&2
            tail -n 40 "$server_dir/log" >&2
            return 1
        fi
        sleep 0.1
    done
}

# Stops the server, with SIGKILL after ten seconds, and removes its directory. For `trap stop_server EXIT`.
stop_server() {
    if [[ -n $server_pid ]]; then
        kill "$server_pid" 2>/dev/null || true
        local deadline=$((SECONDS + 10))
        while kill -0 "$server_pid" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
        kill -KILL "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
    fi
    if [[ -n $server_dir ]]; then rm -rf "$server_dir"; fi
}

# Prints a free port of the loopback address. It is below the kernel's ephemeral range, so that no outgoing connection takes
# it before the server does.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

# needs PROGRAM WHAT: ends the script if PROGRAM is missing, and says what to install.
needs() {
    command -v "$1" >/dev/null && return
    echo "$0: needs $1 ($2)" >&2
    exit 1
}
