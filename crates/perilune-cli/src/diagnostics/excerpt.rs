//! Places in a source -> a picture of its lines with the places underlined.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use perilune_syntax::Lines;
use perilune_syntax::ast::Span;
use std::ops::Range;

/// A place to be underlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Offsets of the bytes.
    pub bytes: Range<usize>,
    /// What is written beside it.
    pub label: Option<String>,
    /// It is what the picture is about, not only of interest for it.
    pub is_primary: bool,
}

impl Mark {
    /// What the picture is about.
    pub fn primary(span: Span) -> Mark {
        Mark {
            bytes: span.start as usize..span.end as usize,
            label: None,
            is_primary: true,
        }
    }
    /// What is also of interest, and why.
    pub fn context(span: Span, label: impl Into<String>) -> Mark {
        Mark {
            label: Some(label.into()),
            is_primary: false,
            ..Mark::primary(span)
        }
    }
}

/// What is said of a source.
pub struct Picture<'a> {
    /// The first line, with the name of its kind; none if that has been said already.
    pub title: Option<(&'a str, &'a str)>,
    /// How the source is called.
    pub path: &'a str,
    /// The source.
    pub text: &'a [u8],
    /// Its lines.
    pub lines: &'a Lines,
    /// The places.
    pub marks: &'a [Mark],
    /// What may help.
    pub help: Option<String>,
}

impl Picture<'_> {
    /// Draws it; without places there is only the help.
    pub fn draw(&self, color: bool) -> String {
        if self.marks.is_empty() {
            return self
                .help
                .as_ref()
                .map_or(String::new(), |h| format!("help: {h}\n"));
        }
        let (first_line, window) = self.window();
        let (source, ranges) = decode(self.text, &window, self.marks, self.lines);
        let annotations = self.marks.iter().zip(ranges).map(|(mark, range)| {
            let kind = if mark.is_primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            kind.span(range).label(mark.label.clone())
        });
        let level = match self.title {
            Some(("syntax", _)) | None => Level::ERROR,
            Some(_) => Level::WARNING,
        };
        let mut group = match self.title {
            Some((code, message)) => Group::with_title(level.primary_title(message).id(code)),
            None => Group::with_level(level),
        };
        let snippet = Snippet::source(source).path(self.path).line_start(first_line);
        group = group.element(snippet.annotations(annotations));
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut drawn = renderer.render(&[group]);
        drawn.push('\n');
        drawn
    }

    /// The lines of all marks: the number of the first one, and where they stand.
    fn window(&self) -> (usize, Range<usize>) {
        let start = self.marks.iter().map(|m| m.bytes.start).min().unwrap_or(0);
        let end = self.marks.iter().map(|m| m.bytes.start).max().unwrap_or(0);
        let first = self.lines.line(start as u32);
        let from = self.lines.start(first).unwrap_or(0) as usize;
        let to = self.lines.start(self.lines.line(end as u32) + 1);
        (first as usize, from..to.map_or(self.text.len(), |s| s as usize))
    }
}

/// A window of a source as text, and where the marks are in it, each on one line. What is not UTF-8 is
/// replaced.
fn decode(text: &[u8], window: &Range<usize>, marks: &[Mark], lines: &Lines) -> (String, Vec<Range<usize>>) {
    let mut out = String::new();
    // Where pieces of the window begin in `out`: a mark must begin and end where a piece does.
    let mut cuts: Vec<usize> = Vec::new();
    let clipped: Vec<Range<usize>> = marks.iter().map(|m| clip(text, &m.bytes, lines)).collect();
    cuts.extend(clipped.iter().flat_map(|r| [r.start, r.end]));
    cuts.push(window.end);
    cuts.sort_unstable();
    let mut places = Vec::new();
    let mut at = window.start;
    for cut in cuts {
        out.push_str(&String::from_utf8_lossy(&text[at..cut]));
        places.push((cut, out.len()));
        at = cut;
    }
    let place = |offset: usize| places.iter().find(|p| p.0 == offset).map_or(0, |p| p.1);
    let ranges = clipped.iter().map(|r| place(r.start)..place(r.end)).collect();
    (out, ranges)
}

/// The part of a range that is on its first line, whole characters.
fn clip(text: &[u8], range: &Range<usize>, lines: &Lines) -> Range<usize> {
    let start = range.start.min(text.len());
    let next = lines.start(lines.line(start as u32) + 1);
    let line_end = next.map_or(text.len(), |s| s as usize);
    let line = &text[start..line_end];
    let room = line.trim_ascii_end().len();
    let mut end = range.end.clamp(start, start + room);
    let is_inside = |i: usize| text.get(i).is_some_and(|b| b & 0xC0 == 0x80);
    let mut from = start;
    while from > 0 && is_inside(from) && from + 3 > start {
        from -= 1;
    }
    while end > from && is_inside(end) && end < line_end {
        end += 1;
    }
    from..end
}
