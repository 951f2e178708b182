//! The prompt: keys typed at a pseudo terminal, or lines piped in -> what is on the screen.
#![cfg(unix)]

mod terminal;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use terminal::{Terminal, folder};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const LEFT: &str = "\x1b[D";
const UP: &str = "\x1b[A";
const HOME: &str = "\x1b[H";

/// A prompt without a history.
fn open() -> Terminal {
    Terminal::open(&[], &[("PERILUNE_HISTORY", "")])
}

fn open_with_history(file: &Path) -> Terminal {
    Terminal::open(&[], &[("PERILUNE_HISTORY", &file.display().to_string())])
}

#[test]
fn values_are_shown() {
    let mut t = open();
    assert_eq!(t.run("1 + 41"), "42");
    assert_eq!(t.run("'a\\tb', nil, 2.0"), "\"a\\tb\"  nil     2.0");
    assert_eq!(t.run("x = 5"), "");
    assert_eq!(t.run("x"), "5");
    assert_eq!(t.run("print('plain', x)"), "plain   5");
    assert_eq!(t.run("io.write('no end') and nil"), "no end\nnil");
    assert_eq!(t.run("for i = 1, 2 do io.write(i) end"), "12");
    t.end(CTRL_D, 0);
}

#[test]
fn tables_are_shown_with_cycles_and_limits() {
    let mut t = open();
    assert_eq!(
        t.run("t = {1, 'two', x = {y = true}} t.me = t"),
        "",
        "statements show nothing"
    );
    assert_eq!(t.run("t"), "<1>{1, \"two\", x = {y = true}, me = <1>}");
    assert_eq!(t.run("{{{{{{{}}}}}}}"), "{{{{{{...1 more}}}}}}");
    t.run("many = {} for i = 1, 500 do many[i] = i end");
    let many = t.run("many");
    assert!(many.starts_with("{\n  1, 2, 3,"), "{many}");
    assert!(many.ends_with("99, 100,\n  ...400 more\n}"), "{many}");
    assert!(many.lines().all(|l| l.len() <= 80), "{many}");
    let long = t.run("{('x'):rep(1000)}").replace('\n', "");
    assert!(long.ends_with("x\"... (1000 bytes),}"), "{long}");
    assert_eq!(
        t.run("setmetatable({}, {__tostring = function() return 'me' end})"),
        "me"
    );
    assert_eq!(t.run("setmetatable({1}, {__name = 'List'})"), "List {1}");
    t.end(CTRL_D, 0);
}

#[test]
fn lines_can_be_edited() {
    let mut t = open();
    t.type_text("1 + 23");
    t.wait_line("> 1 + 23");
    t.send(&format!("{LEFT}{LEFT}4"));
    t.wait_line("> 1 + 423");
    t.send(&format!("{HOME}7"));
    t.wait_line("> 71 + 423");
    t.send("\x7f1");
    t.wait_line("> 11 + 423");
    assert_eq!(t.enter(), "434");
    t.end(CTRL_D, 0);
}

#[test]
fn chunks_have_several_lines() {
    let mut t = open();
    t.type_line("function f(n)");
    t.wait_line(">>");
    t.type_line("return n * 2");
    t.wait_line(">>");
    t.type_text("end");
    t.wait_line(">> end");
    assert_eq!(t.enter(), "");
    assert_eq!(t.run("f(21)"), "42");
    // Lines that come all at once.
    t.send("s = [[a\rb]]\rprint('length', #s)\r");
    t.wait_for("length\t3 on a line of its own", |s| {
        s.ends_with("\nlength  3\n>")
    });
    // Lines that the terminal marks as pasted.
    t.send("\x1b[200~local a = 20\nb = a + 1\x1b[201~");
    t.wait_line("b = a + 1");
    t.send("\r");
    t.wait_line(">");
    assert_eq!(t.run("b"), "21");
    t.end(CTRL_D, 0);
}

#[test]
fn prompts_are_the_programs() {
    let mut t = open();
    t.run("_PROMPT2 = setmetatable({}, {__tostring = function() return '...' end})");
    t.type_line("_PROMPT = setmetatable({}, {__tostring = function() print('go') repeat until _ end})");
    t.wait_output("go");
    t.send(CTRL_C);
    t.wait_line(">");
    t.type_line("_PROMPT = 'lua: '");
    t.wait_line("lua:");
    t.type_line("return (");
    t.wait_line("...");
    t.type_line("7)");
    t.wait_for("the result", |s| s.contains("...7)\n7\nlua:"));
    t.end(CTRL_D, 0);
}

#[test]
fn history_comes_back() {
    let file = folder("history").join("lines");
    let mut t = open_with_history(&file);
    t.run("first = 1");
    t.type_line("second = [[a");
    t.wait_line(">>");
    t.type_text("b]]");
    t.wait_line(">> b]]");
    t.enter();
    t.send(&format!("{UP}{UP}{UP}"));
    t.wait_line("> first = 1");
    t.enter();
    t.end(CTRL_D, 0);
    let text = std::fs::read_to_string(&file).expect("the history was written");
    assert_eq!(text, "#V2\nfirst = 1\nsecond = [[a\\nb]]\nfirst = 1\n");

    let mut t = open_with_history(&file);
    t.send(UP);
    t.wait_line("> first = 1");
    t.send(UP);
    t.wait_for("the chunk of two lines", |s| s.ends_with("> second = [[a\nb]]"));
    t.send(CTRL_C);
    t.wait_line(">");
    t.send("\x12sec");
    t.wait_for("the search", |s| {
        s.contains("(reverse-i-search)`sec': second = [[a")
    });
    t.send(CTRL_C);
    t.end_at_prompt(CTRL_D, 0);
}

#[test]
fn sessions_share_the_history() {
    let file = folder("shared-history").join("deep").join("lines");
    let mut a = open_with_history(&file);
    let mut b = open_with_history(&file);
    a.run("from_a = 1");
    b.run("from_b = 1");
    a.run("again_a = 1");
    a.end(CTRL_D, 0);
    b.run("again_b = 1");
    b.end(CTRL_D, 0);
    let text = std::fs::read_to_string(&file).expect("the history was written");
    assert_eq!(text, "#V2\nfrom_a = 1\nfrom_b = 1\nagain_a = 1\nagain_b = 1\n");
}

#[test]
fn the_history_is_in_the_folder_for_state() {
    let state = folder("state");
    let vars = [("XDG_STATE_HOME", state.display().to_string())];
    let mut t = Terminal::open(&[], &vars.each_ref().map(|v| (v.0, v.1.as_str())));
    t.run("x = 1");
    t.end(CTRL_D, 0);
    let file = state.join("perilune").join("history");
    assert_eq!(
        std::fs::read_to_string(&file).expect("the history was written"),
        "#V2\nx = 1\n"
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).expect("it exists").permissions());
    assert_eq!(mode & 0o777, 0o600);

    let none = [vars[0].clone(), ("PERILUNE_HISTORY", String::new())];
    let mut t = Terminal::open(&[], &none.each_ref().map(|v| (v.0, v.1.as_str())));
    t.run("y = 1");
    t.send(UP);
    t.wait_line("> y = 1");
    t.send(CTRL_C);
    t.end_at_prompt(CTRL_D, 0);
    let text = std::fs::read_to_string(state.join("perilune").join("history")).expect("it is still there");
    assert_eq!(text, "#V2\nx = 1\n", "an empty name disables the file");
}

#[test]
fn tab_completes() {
    let mut t = open();
    t.run("t = {x = {yes = 1, yet = 2}} s = 'text'");
    t.run("trap = setmetatable({}, {__index = function() ran = true end})");
    for (typed, becomes) in [
        ("string.fo\t", "> string.format"),
        ("whi\t", "> while"),
        ("f(tos\t", "> f(tostring"),
        ("s:up\t", "> s:upper"),
        ("('a'):low\t", "> ('a'):lower"),
        ("t.x.\t", "> t.x.ye"),
        ("trap.a\t.b", "> trap.a.b"),
        (":tim\t", "> :time"),
        (":dis string.re\t", "> :dis string.re"),
    ] {
        t.send(typed);
        t.wait_line(becomes);
        t.send(CTRL_C);
        t.wait_line(">");
    }
    assert_eq!(t.run("ran"), "nil");
    t.send("t.x.\t\t");
    t.wait_for("the list of candidates", |s| {
        s.contains("\nyes  yet\n") && s.ends_with("> t.x.ye")
    });
    t.send(CTRL_C);
    t.wait_line(">");
    t.type_line("u = t.");
    t.wait_line(">>");
    t.send("x.yes\t");
    t.wait_line(">> x.yes");
    assert_eq!(t.enter(), "");
    assert_eq!(t.run("u"), "1");
    t.end(CTRL_D, 0);
}

#[test]
fn code_and_values_have_colours() {
    let mut t = open();
    t.type_text("return 'a', 12, nil, f(x) -- why");
    t.wait_line("> return 'a', 12, nil, f(x) -- why");
    let line = t.colours();
    for (word, colour) in [("return", 5), ("'a'", 2), ("12", 6), ("nil", 3), ("-- why", 8)] {
        assert!(line.contains(&(word.to_owned(), colour)), "{word}: {line:?}");
    }
    t.send(CTRL_C);
    t.wait_line(">");
    t.type_text("f(')', 1)");
    t.wait_line("> f(')', 1)");
    t.wait_for_screen("the bracket's mate in bold", |s| {
        let row = s.cursor_position().0;
        let bold: Vec<u16> = (0..80)
            .filter(|c| s.cell(row, *c).is_some_and(vt100::Cell::bold))
            .collect();
        bold == [3, 10]
    });
    assert!(t.enter().contains("attempt to call"));
    t.run("'text'");
    assert!(t.raw().contains("\x1b[32m\"text\""), "values are coloured");
    t.end(CTRL_D, 0);
}

#[test]
fn no_color_means_no_colours() {
    let mut t = Terminal::open(&[], &[("PERILUNE_HISTORY", ""), ("NO_COLOR", "1")]);
    assert_eq!(
        t.run("'a', 12, nil, {x = print ~= nil}"),
        "\"a\"     12      nil     {x = true}"
    );
    assert_eq!(t.run(":engine").lines().count(), 3);
    t.end(CTRL_D, 0);
    let raw = t.raw();
    let codes: Vec<&str> = raw.split("\x1b[").skip(1).collect();
    let is_colour = |code: &&str| {
        let end = code.find(|c: char| !c.is_ascii_digit() && c != ';');
        end.is_some_and(|i| code[i..].starts_with('m'))
    };
    assert!(!codes.is_empty(), "the line is still edited");
    assert_eq!(codes.iter().find(|c| is_colour(c)), None);
}

#[test]
fn commands_list_and_measure() {
    let mut t = open();
    t.run("function add(a, b) return a + b end");
    let listing = t.run(":dis add");
    assert!(
        listing.contains("2 params") && listing.contains("ADD"),
        "{listing}"
    );
    let listing = t.run(":dis function() return 7 end");
    assert!(
        listing.starts_with("function ") && listing.contains(" at line 1"),
        "{listing}"
    );
    let listing = t.run(":dis add(1, 2)");
    assert!(
        listing.starts_with("main") && listing.contains("CALL"),
        "{listing}"
    );
    assert!(t.run(":dis print").contains("native function"));
    assert!(t.run(":dis").contains("needs an argument: EXPR"));
    let tree = t.run(":ast x = y.z");
    assert!(
        tree.contains("assign") && tree.contains("global x") && tree.contains("index .z"),
        "{tree}"
    );
    assert!(t.run(":ast x y").contains("syntax error near 'y'"));
    let timed = t.run(":time add(20, 22)");
    let lines: Vec<&str> = timed.lines().collect();
    assert_eq!(lines[0], "42");
    assert!(lines[1].ends_with("s") && lines[1].contains('.'), "{timed}");
    assert!(t.run(":time error('no', 0)").starts_with("no"));
    t.type_line(":ast function f()");
    t.wait_line(">>");
    let tree = t.run("end");
    assert!(tree.contains("function"), "{tree}");
    t.end(":quit\r", 0);

    let mut t = Terminal::open(&["--max-instructions=1000000", "-i"], &[("PERILUNE_HISTORY", "")]);
    let timed = t.run(":time for i = 1, 100 do end");
    let count = timed
        .split(", ")
        .nth(1)
        .and_then(|s| s.strip_suffix(" instructions"));
    let count: u64 = count
        .and_then(|n| n.parse().ok())
        .expect("a count of instructions");
    assert!((100..200).contains(&count), "{timed}");
    t.end(CTRL_D, 0);
}

#[test]
fn commands_help_and_switch() {
    let mut t = open();
    let help = t.run(":help");
    for name in [
        ":dis EXPR",
        ":ast CHUNK",
        ":time CHUNK",
        ":engine [NAME]",
        ":help",
        ":quit",
    ] {
        assert!(help.contains(name), "{help}");
    }
    assert!(
        t.run(":tmie 1")
            .contains("unknown command ':tmie'; did you mean ':time'?")
    );
    let unknown = t.run(":xyzzy").replace('\n', "");
    assert!(
        unknown.contains("(commands: :dis, :asm, :tier, :ast, :time, :engine, :help, :quit)"),
        "{unknown}"
    );
    assert!(!unknown.contains("did you mean"), "{unknown}");
    assert!(t.run(":help me").contains("takes no argument"));
    assert!(t.run(":engine").contains("* jit"));
    t.run("x = 1");
    assert!(t.run(":engine tree").contains("fresh state on the engine tree"));
    assert_eq!(t.run("x, #arg"), "nil     0");
    assert!(t.run(":engine").contains("\n* tree"));
    assert!(
        t.run(":engine steam")
            .contains("unknown engine 'steam' (known: vm, jit, tree)")
    );
    assert_eq!(t.run("::label:: y = 3"), "");
    assert_eq!(t.run("y"), "3");
    t.type_line("print('go') while true do end");
    t.wait_output("go");
    t.send(CTRL_C);
    t.wait_for("the stop on the new engine", |s| s.ends_with("interrupted!\n>"));
    t.end(":quit\r", 0);
}

#[test]
fn ctrl_c_clears_the_line() {
    let mut t = open();
    t.type_text("not this");
    t.wait_line("> not this");
    t.send(CTRL_C);
    t.wait_line(">");
    t.type_line("for i = 1, 3 do");
    t.wait_line(">>");
    t.send(CTRL_C);
    t.wait_line(">");
    assert_eq!(t.run("1"), "1");
    t.end(CTRL_D, 0);
}

#[test]
fn ctrl_c_stops_what_runs() {
    let mut t = open();
    t.run("kept = 'kept'");
    for loops in [
        "while true do end",
        "while true do pcall(error) end",
        "(('x'):rep(1e5)):find(('.-'):rep(60) .. 'y')",
    ] {
        t.type_line(&format!("print('go'); {loops}"));
        t.wait_output("go");
        t.send(CTRL_C);
        t.wait_for("the stop", |s| s.ends_with("interrupted!\n>"));
        t.clear();
        assert_eq!(t.run("kept"), "\"kept\"");
    }
    t.run("show = setmetatable({}, {__tostring = function() print('go') while true do end end})");
    t.type_line("show");
    t.wait_output("go");
    t.send(CTRL_C);
    t.wait_for("the stop of __tostring", |s| s.ends_with("interrupted!\n>"));
    t.end(CTRL_D, 0);
}

#[test]
fn errors_are_reported() {
    let mut t = open();
    assert_eq!(
        t.run("error('no')"),
        "stdin:1: no\nstack traceback:\n        [C]: in global 'error'\n        stdin:1: in main chunk\n        [C]: in ?"
    );
    assert_eq!(t.run("x ="), ">>", "it goes on on the next line");
    t.send(CTRL_D);
    t.wait_for("the complaint", |s| {
        s.ends_with("stdin:1: unexpected symbol near <eof>\n>")
    });
    assert!(t.run("x y").ends_with("stdin:1: syntax error near 'y'"));
    assert_eq!(
        t.run("local x = 1"),
        "warning: locals do not survive across lines in interactive mode"
    );
    t.end("os.exit(7)\r", 7);
}

#[test]
fn a_script_may_come_first() {
    let here = folder("script");
    let script = here.join("x.lua");
    std::fs::write(&script, "y = ... .. '!'").expect("written");
    let mut t = Terminal::open(
        &["-i", &script.display().to_string(), "hello"],
        &[("PERILUNE_HISTORY", ""), ("LUA_READLINELIB", "none")],
    );
    assert_eq!(t.run("y, arg[1]"), "\"hello!\"        \"hello\"");
    t.end(CTRL_D, 0);
}

#[test]
fn a_dumb_terminal_has_the_plain_prompt() {
    let mut t = Terminal::open(&[], &[("TERM", "dumb")]);
    t.type_line("'a', 1");
    t.wait_for("the values as print shows them", |s| {
        s.ends_with("> 'a', 1\na       1\n>")
    });
    t.end(CTRL_D, 0);
    assert!(!t.raw().contains('\x1b'), "no escape sequences");
}

/// What the command says on both outputs when lines are piped in.
fn piped(args: &[&str], input: &str, vars: &[(&str, &str)]) -> (String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_perilune"))
        .args(args)
        .env_remove("PERILUNE_ENGINE")
        .env_remove("PERILUNE_STRESS")
        .env_remove("LUA_READLINELIB")
        .envs(vars.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    let o = child.wait_with_output().expect("it ends");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (text(&o.stdout), text(&o.stderr))
}

const VERSION: &str = "Lua 5.5.1  (Perilune 0.1.0), the language of Lua.org, PUC-Rio\n";

#[test]
fn piped_lines_have_the_plain_prompt() {
    let input = "1, 'a'\nt = {1}\nfor i = 1, 2 do\nprint(i)\nend\nerror('x')\n_PROMPT = '* '\n:help\nlocal y = 1\nx =\n";
    let (out, err) = piped(&["-i"], input, &[]);
    assert_eq!(
        out,
        format!("{VERSION}> 1\ta\n> > >> >> 1\n2\n> > * * * >> \n").replace("* >> \n", "* >> * \n")
    );
    assert_eq!(
        err,
        "stdin:1: x\nstack traceback:\n\t[C]: in global 'error'\n\tstdin:1: in main chunk\n\t[C]: in ?\n\
         stdin:1: unexpected symbol near ':'\n\
         warning: locals do not survive across lines in interactive mode\n\
         stdin:1: unexpected symbol near <eof>\n"
    );
}

#[test]
fn piped_values_go_through_print() {
    let (out, err) = piped(&["-i"], "print = nil\n1\n", &[]);
    assert_eq!(out, format!("{VERSION}> > > \n"));
    assert_eq!(err, "error calling 'print' (attempt to call a nil value)\n");
    let (out, _) = piped(&["-i"], "'a\\nb'\n", &[("NO_COLOR", ""), ("TERM", "xterm")]);
    assert_eq!(out, format!("{VERSION}> a\nb\n> \n"));
}

#[test]
fn a_c_library_for_lines_is_refused() {
    let (_, err) = piped(&["-W", "-i"], "", &[("LUA_READLINELIB", "none")]);
    assert_eq!(err, "Lua warning: unable to load readline library 'none'\n");
    let (_, err) = piped(&["-E", "-W", "-i"], "", &[("LUA_READLINELIB", "none")]);
    assert_eq!(err, "");
}

#[test]
fn piped_sessions_leave_no_history() {
    let file: PathBuf = folder("piped-history").join("lines");
    piped(
        &["-i"],
        "x = 1\n",
        &[("PERILUNE_HISTORY", &file.display().to_string())],
    );
    assert!(!file.exists());
}

#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn tiers_and_code_of_functions_are_shown() {
    let mut t = Terminal::open(
        &["--engine=jit", "--jit-threshold=500"],
        &[("PERILUNE_HISTORY", "")],
    );
    t.run("function f(a, b) return a + b end");
    assert_eq!(
        t.run(":tier f"),
        "stdin:1 f: interpreted; hot after 500 more calls and rounds of loops"
    );
    t.run("for i = 1, 600 do f(i, 1) end");
    let shown = t.run(":tier f");
    assert!(
        shown.starts_with("stdin:1 f: baseline, version 1, ")
            && shown.contains("\nentries at instructions 0; 0 exits, 0 misses, entered 0 times in loops"),
        "{shown}"
    );
    let shown = t.run(":asm f");
    for part in [", installed: ", "ADD_INT", "entry_0:", "cold:", "; helper step"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    t.run("for i = 1, 300 do f(i + 0.5, 1) end");
    let shown = t.run(":tier f");
    assert!(
        shown.contains("baseline, version 2, cautious, ")
            && shown.ends_with("its code of version 1 was discarded: too many exits"),
        "{shown}"
    );
    t.end(CTRL_D, 0);
}

#[test]
fn functions_that_are_never_compiled_say_so() {
    let mut t = Terminal::open(&["--engine=vm"], &[("PERILUNE_HISTORY", "")]);
    t.run("function g() end");
    assert_eq!(
        t.run(":tier g"),
        "stdin:1 g: interpreted; it is never compiled in this state"
    );
    assert_eq!(t.run(":tier print"), "'print' is no Lua function");
    assert_eq!(
        t.run(":asm print"),
        "'print' is a native function, which has no compiled code"
    );
    t.end(CTRL_D, 0);
}
