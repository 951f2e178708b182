//! Ctrl-C while a script runs, on every engine: a signal -> the end of the process, soon and with a message.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The longest time from the signal to the end of the process.
const SOON: Duration = Duration::from_secs(10);

const MODES: &[&[&str]] = &[
    &["--engine=tree"],
    &["--engine=vm"],
    &["--engine=jit"],
    &["--engine=jit", "--stress=hot"],
];

/// Loops that do not end, by what they are doing.
const LOOPS: &[&str] = &[
    "while true do end",
    "for i = 1, math.maxinteger do end",
    "local function f() return f() end f()",
    "local function f() while true do pcall(error, 'x') end end f()",
    "while true do local s = ('x'):rep(100) .. 'y' end",
    "coroutine.wrap(function() while true do end end)()",
    "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
    "local t = setmetatable({}, {__index = function() return 1 end}) while t.x do end",
    "table.sort({3, 1, 2}, function() while true do end end)",
    "local c <close> = setmetatable({}, {__close = function() while true do end end})",
];

/// Waits for the end of a process, but not for ever.
fn end(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < SOON {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a child to kill");
    None
}

#[test]
fn ctrl_c_ends_scripts_on_every_engine() {
    for mode in MODES {
        for body in LOOPS {
            let script = format!(
                "io.write('go\\n') io.flush() \
                 local function body() {body} end \
                 xpcall(coroutine.wrap(function() pcall(body) print('caught') end), function() print('handled') end) \
                 print('gone on')"
            );
            let mut child = Command::new(env!("CARGO_BIN_EXE_perilune"))
                .args(*mode)
                .args(["-e", &script])
                .env_remove("PERILUNE_ENGINE")
                .env_remove("PERILUNE_STRESS")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the command starts");
            let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
            let mut line = String::new();
            stdout.read_line(&mut line).expect("a line");
            assert_eq!(line, "go\n");
            std::thread::sleep(Duration::from_millis(30));
            let sent = Command::new("kill")
                .args(["-INT", &child.id().to_string()])
                .status();
            assert!(sent.expect("a signal").success());
            let status = end(&mut child).unwrap_or_else(|| panic!("not ended: {mode:?} {body}"));
            let (mut more, mut said) = (String::new(), String::new());
            stdout.read_to_string(&mut more).expect("text");
            let mut stderr = child.stderr.take().expect("a pipe");
            stderr.read_to_string(&mut said).expect("text");
            assert_eq!(status.code(), Some(1), "{mode:?} {body}: {said}");
            assert_eq!(more, "", "{mode:?} {body}");
            assert!(said.contains("interrupted!"), "{mode:?} {body}: {said}");
        }
    }
}
