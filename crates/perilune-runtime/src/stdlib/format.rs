//! `string.format`: (format, values) -> text.

use perilune_syntax::number::{self, FormatFlags};

use super::bytes::find_byte;
use super::util;
use crate::error::Throw;
use crate::native::Ret;
use crate::state::State;
use crate::value::Kind;

/// Characters that a conversion may have between `%` and its letter.
const MODIFIERS: &[u8] = b"-+#0 123456789.";
/// More modifiers than this are refused.
const MAX_MODIFIERS: usize = 20;

const FLOAT_FLAGS: &[u8] = b"-+#0 ";
const HEX_FLAGS: &[u8] = b"-#0";
const INT_FLAGS: &[u8] = b"-+0 ";
const UNSIGNED_FLAGS: &[u8] = b"-0";
const TEXT_FLAGS: &[u8] = b"-";

/// A checked conversion specification.
struct Spec {
    flags: FormatFlags,
    width: usize,
    precision: Option<usize>,
}

/// string.format
pub fn format(st: &mut State) -> Result<Ret, Throw> {
    let template = st.check_str(1)?;
    let mut out = util::scratch(st);
    let mut at = 0;
    let mut arg = 1;
    loop {
        let rest = &template.bytes(&st.heap)[at..];
        let text = find_byte(rest, b'%').unwrap_or(rest.len());
        util::grow(st, &mut out, text + 1)?;
        let rest = &template.bytes(&st.heap)[at..];
        out.extend_from_slice(&rest[..text]);
        if text == rest.len() {
            return util::ret_scratch(st, out);
        }
        let rest = &rest[text + 1..];
        at += text + 1;
        if rest.first() == Some(&b'%') {
            out.push(b'%');
            at += 1;
            continue;
        }
        let modifiers = rest.iter().take_while(|b| MODIFIERS.contains(b)).count();
        let mut conversion = [0; MAX_MODIFIERS + 1];
        let len = rest.len().min(modifiers + 1);
        if let Some(copy) = conversion.get_mut(..len) {
            copy.copy_from_slice(&rest[..len]);
        }
        arg += 1;
        if arg > st.nargs() {
            return Err(st.arg_error(arg, "no value"));
        }
        if modifiers > MAX_MODIFIERS {
            return Err(st.error("invalid format (too long)"));
        }
        at += len;
        convert(st, &mut out, &conversion[..len], arg)?;
    }
}

/// Appends argument `arg` as `conversion` (what follows the `%`) says.
fn convert(st: &mut State, out: &mut Vec<u8>, conversion: &[u8], arg: usize) -> Result<(), Throw> {
    let letter = conversion.last().copied().unwrap_or(0);
    match letter {
        b'c' => {
            let spec = check(st, conversion, TEXT_FLAGS, false)?;
            let byte = st.check_int(arg)? as u8;
            pad(out, &[byte], spec.width, spec.flags.left);
        }
        b'd' | b'i' => integer(st, out, conversion, arg, INT_FLAGS)?,
        b'u' => integer(st, out, conversion, arg, UNSIGNED_FLAGS)?,
        b'o' | b'x' | b'X' => integer(st, out, conversion, arg, HEX_FLAGS)?,
        b'a' | b'A' => {
            let spec = check(st, conversion, FLOAT_FLAGS, true)?;
            let value = st.check_num(arg)?;
            number::format_float(
                out,
                st.written(value),
                letter,
                spec.flags,
                spec.width,
                spec.precision,
            );
        }
        b'f' | b'e' | b'E' | b'g' | b'G' => {
            let value = st.check_num(arg)?;
            let spec = check(st, conversion, FLOAT_FLAGS, true)?;
            number::format_float(
                out,
                st.written(value),
                letter,
                spec.flags,
                spec.width,
                spec.precision,
            );
        }
        b'p' => pointer(st, out, conversion, arg)?,
        b'q' if conversion.len() > 1 => {
            return Err(st.error("specifier '%q' cannot have modifiers"));
        }
        b'q' => literal(st, out, arg)?,
        b's' => string(st, out, conversion, arg)?,
        _ => {
            let message = [
                b"invalid conversion '%",
                util::c_str(conversion),
                b"' to 'format'",
            ];
            return Err(st.error(message.concat()));
        }
    }
    Ok(())
}

/// Parses `conversion`, allowing `flags` and maybe a precision.
fn check(st: &mut State, conversion: &[u8], flags: &[u8], with_precision: bool) -> Result<Spec, Throw> {
    let count = conversion.iter().take_while(|b| flags.contains(b)).count();
    let has = |flag: u8| conversion[..count].contains(&flag);
    let mut spec = Spec {
        flags: FormatFlags {
            left: has(b'-'),
            plus: has(b'+'),
            space: has(b' '),
            alternate: has(b'#'),
            zero: has(b'0'),
        },
        width: 0,
        precision: None,
    };
    let mut rest = &conversion[count..];
    if rest.first() != Some(&b'0') {
        spec.width = two_digits(&mut rest);
        if with_precision && rest.first() == Some(&b'.') {
            rest = &rest[1..];
            spec.precision = Some(two_digits(&mut rest));
        }
    }
    if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
        let message = [b"invalid conversion specification: '%", conversion, b"'"];
        return Err(st.error(message.concat()));
    }
    Ok(spec)
}

/// Reads at most two digits from the front of `text`.
fn two_digits(text: &mut &[u8]) -> usize {
    let mut value = 0;
    for _ in 0..2 {
        match text.first() {
            Some(digit) if digit.is_ascii_digit() => {
                value = value * 10 + usize::from(digit - b'0');
                *text = &text[1..];
            }
            _ => break,
        }
    }
    value
}

/// Appends `text`, filled with spaces to `width`.
fn pad(out: &mut Vec<u8>, text: &[u8], width: usize, left: bool) {
    let fill = width.saturating_sub(text.len());
    if !left {
        out.resize(out.len() + fill, b' ');
    }
    out.extend_from_slice(text);
    if left {
        out.resize(out.len() + fill, b' ');
    }
}

fn integer(
    st: &mut State,
    out: &mut Vec<u8>,
    conversion: &[u8],
    arg: usize,
    flags: &[u8],
) -> Result<(), Throw> {
    let value = st.check_int(arg)?;
    if let [b'd'] = conversion {
        number::write_int(out, value);
        return Ok(());
    }
    let spec = check(st, conversion, flags, true)?;
    let letter = conversion[conversion.len() - 1];
    number::format_int(out, value, letter, spec.flags, spec.width, spec.precision);
    Ok(())
}

fn pointer(st: &mut State, out: &mut Vec<u8>, conversion: &[u8], arg: usize) -> Result<(), Throw> {
    let spec = check(st, conversion, TEXT_FLAGS, false)?;
    let text = match st.arg(arg).address() {
        0 => "(null)".to_owned(),
        address => format!("{address:#x}"),
    };
    pad(out, text.as_bytes(), spec.width, spec.flags.left);
    Ok(())
}

fn string(st: &mut State, out: &mut Vec<u8>, conversion: &[u8], arg: usize) -> Result<(), Throw> {
    let value = st.arg(arg);
    if conversion.len() == 1 && util::append_text(st, out, value)? {
        return Ok(());
    }
    let text = st.tostring(value)?;
    st.push(text.into());
    util::grow(st, out, text.len(&st.heap) + 100)?;
    st.pop();
    if conversion.len() == 1 {
        out.extend_from_slice(text.bytes(&st.heap));
        return Ok(());
    }
    if find_byte(text.bytes(&st.heap), 0).is_some() {
        return Err(st.arg_error(arg, "string contains zeros"));
    }
    let spec = check(st, conversion, TEXT_FLAGS, true)?;
    let bytes = text.bytes(&st.heap);
    let shown = spec.precision.unwrap_or(bytes.len()).min(bytes.len());
    pad(out, &bytes[..shown], spec.width, spec.flags.left);
    Ok(())
}

/// `%q`: a literal that Lua reads back as the same value.
fn literal(st: &mut State, out: &mut Vec<u8>, arg: usize) -> Result<(), Throw> {
    match st.arg(arg).unpack() {
        Kind::Str(text) => {
            util::grow(st, out, text.len(&st.heap) + 2)?;
            quote(out, text.bytes(&st.heap));
        }
        Kind::Int(i64::MIN) => out.extend_from_slice(b"0x8000000000000000"),
        Kind::Int(i) => number::write_int(out, i),
        Kind::Float(f) => quote_float(out, f),
        Kind::Nil => out.extend_from_slice(b"nil"),
        Kind::Bool(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
        _ => return Err(st.arg_error(arg, "value has no literal form")),
    }
    Ok(())
}

fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for (i, &byte) in text.iter().enumerate() {
        match byte {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', byte]),
            _ if byte.is_ascii_control() => {
                let before_digit = text.get(i + 1).is_some_and(u8::is_ascii_digit);
                let width = if before_digit { 3 } else { 1 };
                out.extend_from_slice(format!("\\{byte:0width$}").as_bytes());
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn quote_float(out: &mut Vec<u8>, value: f64) {
    if value == f64::INFINITY {
        out.extend_from_slice(b"1e9999");
    } else if value == f64::NEG_INFINITY {
        out.extend_from_slice(b"-1e9999");
    } else if value.is_nan() {
        out.extend_from_slice(b"(0/0)");
    } else {
        number::format_float(out, value, b'a', FormatFlags::default(), 0, None);
    }
}
