//! A command in a pseudo terminal: what is typed -> what is on the screen. Every wait is for a state of the
//! screen, with a long time-out, so that a slow machine changes nothing.

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use vt100::{Color, Parser, Screen};

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(120);
const ROWS: u16 = 300;
const COLUMNS: u16 = 80;

/// A running command and its screen, which is so high that nothing leaves it.
pub struct Terminal {
    pty: Arc<Pty>,
    output: Receiver<Vec<u8>>,
    parser: Parser,
    raw: Vec<u8>,
    child: Child,
}

impl Terminal {
    /// Starts the command, and waits for its prompt.
    pub fn open(args: &[&str], vars: &[(&str, &str)]) -> Terminal {
        let (pty, pts) = open().expect("a pseudo terminal");
        pty.resize(Size::new(ROWS, COLUMNS)).expect("its size is set");
        let mut command = Command::new(env!("CARGO_BIN_EXE_perilune"))
            .args(args)
            .env("TERM", "xterm");
        for name in [
            "NO_COLOR",
            "PERILUNE_ENGINE",
            "PERILUNE_STRESS",
            "PERILUNE_JIT",
            "PERILUNE_JIT_MEMORY",
            "PERILUNE_JIT_THRESHOLD",
            "PERILUNE_HISTORY",
        ] {
            command = command.env_remove(name);
        }
        let child = command
            .envs(vars.iter().copied())
            .spawn(pts)
            .expect("the command starts");
        let pty = Arc::new(pty);
        let output = listen(pty.clone());
        let mut t = Terminal {
            pty,
            output,
            parser: Parser::new(size(ROWS), size(COLUMNS), 0),
            raw: Vec::new(),
            child,
        };
        t.wait_line(">");
        t
    }

    /// Types keys.
    pub fn send(&mut self, keys: &str) {
        (&*self.pty)
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Types text, and waits until it is in the line.
    pub fn type_text(&mut self, text: &str) {
        self.send(text);
        let end = text.to_owned();
        self.wait_for(&format!("the line to end with '{text}'"), |s| {
            s.replace('\n', "").ends_with(end.trim_end())
        });
    }

    /// Types text, and Enter once it is in the line.
    pub fn type_line(&mut self, text: &str) {
        self.type_text(text);
        self.send("\r");
    }

    /// Types a line, and gives what is shown between it and the next prompt.
    pub fn run(&mut self, line: &str) -> String {
        self.type_text(line);
        self.enter()
    }

    /// Presses Enter, and gives what is shown until the next prompt.
    pub fn enter(&mut self) -> String {
        let before = self.row();
        self.send("\r");
        self.wait_for_screen("the next prompt", |s| {
            let (row, column) = s.cursor_position();
            row > before && column > 0 && matches!(text_of(s, row, row + 1).as_str(), ">" | ">>")
        });
        let screen = self.parser.screen();
        let end = self.row();
        match text_of(screen, end, end + 1).as_str() {
            ">" => text_of(screen, before + 1, end),
            other => other.to_owned(),
        }
    }

    /// Waits until the cursor's line is this, without blanks at the end.
    pub fn wait_line(&mut self, line: &str) {
        self.wait_for_screen(&format!("the line '{line}'"), |s| {
            let row = s.cursor_position().0;
            text_of(s, row, row + 1) == line
        });
    }

    /// Waits until the program has written this line, and nothing after it.
    pub fn wait_output(&mut self, line: &str) {
        self.wait_for_screen(&format!("the output '{line}'"), |s| {
            let (row, column) = s.cursor_position();
            column == 0 && row > 0 && text_of(s, row - 1, row) == line
        });
    }

    /// Waits until the text on the screen is so.
    pub fn wait_for(&mut self, what: &str, is_there: impl Fn(&str) -> bool) {
        self.wait_for_screen(what, |s| is_there(text_of(s, 0, ROWS).trim_end()));
    }

    /// Waits until the screen is so.
    pub fn wait_for_screen(&mut self, what: &str, is_there: impl Fn(&Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_there(self.parser.screen()) {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) => panic!("no {what} on\n{}", self.text().trim_end()),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without {what} on\n{}", self.text().trim_end())
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    fn text(&self) -> String {
        text_of(self.parser.screen(), 0, ROWS)
    }

    fn row(&self) -> u16 {
        self.parser.screen().cursor_position().0
    }

    /// Everything that was written so far.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// Clears the screen, at a prompt.
    pub fn clear(&mut self) {
        self.send("\x0c");
        self.wait_for("an empty screen with a prompt", |s| s == ">");
    }

    /// The coloured words of the cursor's line, with their colours.
    pub fn colours(&self) -> Vec<(String, u8)> {
        let screen = self.parser.screen();
        let mut words: Vec<(String, u8)> = Vec::new();
        let mut last = None;
        for column in 0..COLUMNS {
            let Some(cell) = screen.cell(self.row(), column) else {
                continue;
            };
            let Color::Idx(colour) = cell.fgcolor() else {
                last = None;
                continue;
            };
            match words.last_mut().filter(|_| last == Some(colour)) {
                Some((word, _)) => word.push_str(if cell.has_contents() { cell.contents() } else { " " }),
                None => words.push((cell.contents().to_owned(), colour)),
            }
            last = Some(colour);
        }
        words
    }

    /// Types keys that end the command at an empty prompt, and checks its exit code.
    pub fn end_at_prompt(&mut self, keys: &str, code: i32) {
        self.wait_line(">");
        self.end(keys, code);
    }

    /// Types keys that end the command, and checks its exit code.
    pub fn end(&mut self, keys: &str, code: i32) {
        self.send(keys);
        let end = Instant::now() + PATIENCE;
        loop {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end on\n{}", self.text().trim_end()),
            }
        }
        let status = self.child.wait().expect("it has ended");
        assert_eq!(status.code(), Some(code), "{}", self.text());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what the terminal shows, on a thread, until the command has ended.
fn listen(pty: Arc<Pty>) -> Receiver<Vec<u8>> {
    let (to, from) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = (&*pty).read(&mut bytes) {
            if to.send(bytes[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    from
}

/// Some rows of a screen, without blanks at their ends.
fn text_of(screen: &Screen, from: u16, to: u16) -> String {
    let rows: Vec<String> = screen
        .rows(0, COLUMNS)
        .skip(from.into())
        .take((to - from).into())
        .map(|r| r.trim_end().to_owned())
        .collect();
    rows.join("\n")
}

/// An empty folder of a test's own.
pub fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder for the test");
    path
}

fn size(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("not zero")
}
