//! `string.pack`, `string.packsize` and `string.unpack`: values <-> binary layouts.

use super::util::{self, MAX_SIZE};
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::Str;
use crate::state::State;
use crate::value::Value;

/// Largest size of an integer, in bytes.
const MAX_INT_SIZE: usize = 16;
/// Size of a Lua integer.
const INT_SIZE: usize = 8;
/// Alignment that `!` alone asks for.
const NATIVE_ALIGN: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Unsigned,
    Float,
    Double,
    Chars,
    /// A string after its length.
    Counted,
    /// A string before a NUL.
    Terminated,
    Padding,
    AlignTo,
    Nothing,
}

/// One option, with its size and the padding before it.
struct Item {
    kind: Kind,
    size: usize,
    padding: usize,
}

/// Reads a format string option by option.
struct Layout {
    format: Gc<Str>,
    at: usize,
    little: bool,
    max_align: usize,
}

impl Layout {
    fn new(format: Gc<Str>) -> Self {
        Self {
            format,
            at: 0,
            little: cfg!(target_endian = "little"),
            max_align: 1,
        }
    }

    /// The byte at this point; NUL, or nothing, ends the format.
    #[inline]
    fn peek(&self, st: &State) -> u8 {
        self.format.bytes(&st.heap).get(self.at).copied().unwrap_or(0)
    }

    fn at_end(&self, st: &State) -> bool {
        self.peek(st) == 0
    }

    /// The numeral at this point, if there is one.
    fn numeral(&mut self, st: &State) -> Option<usize> {
        let mut value = None;
        while let digit @ b'0'..=b'9' = self.peek(st) {
            let so_far = value.unwrap_or(0);
            if value.is_some() && so_far > (MAX_SIZE - 9) / 10 {
                break;
            }
            value = Some(so_far * 10 + usize::from(digit - b'0'));
            self.at += 1;
        }
        value
    }

    /// The size of an integer at this point, `default` when none is written.
    fn int_size(&mut self, st: &mut State, default: usize) -> Result<usize, Throw> {
        let size = self.numeral(st).unwrap_or(default);
        if (1..=MAX_INT_SIZE).contains(&size) {
            return Ok(size);
        }
        let shown = size as i32;
        Err(st.error(format!(
            "integral size ({shown}) out of limits [1,{MAX_INT_SIZE}]"
        )))
    }

    /// The next option and its size.
    fn option(&mut self, st: &mut State) -> Result<(Kind, usize), Throw> {
        let letter = self.peek(st);
        self.at += 1;
        Ok(match letter {
            b'b' => (Kind::Int, 1),
            b'B' => (Kind::Unsigned, 1),
            b'h' => (Kind::Int, 2),
            b'H' => (Kind::Unsigned, 2),
            b'l' | b'j' => (Kind::Int, 8),
            b'L' | b'J' | b'T' => (Kind::Unsigned, 8),
            b'f' => (Kind::Float, 4),
            b'n' | b'd' => (Kind::Double, 8),
            b'i' => (Kind::Int, self.int_size(st, 4)?),
            b'I' => (Kind::Unsigned, self.int_size(st, 4)?),
            b's' => (Kind::Counted, self.int_size(st, 8)?),
            b'c' => match self.numeral(st) {
                Some(size) => (Kind::Chars, size),
                None => return Err(st.error("missing size for format option 'c'")),
            },
            b'z' => (Kind::Terminated, 0),
            b'x' => (Kind::Padding, 1),
            b'X' => (Kind::AlignTo, 0),
            other => {
                self.setting(st, other)?;
                (Kind::Nothing, 0)
            }
        })
    }

    /// An option that only changes how the following ones are read.
    fn setting(&mut self, st: &mut State, letter: u8) -> Result<(), Throw> {
        match letter {
            b' ' => {}
            b'<' => self.little = true,
            b'>' => self.little = false,
            b'=' => self.little = cfg!(target_endian = "little"),
            b'!' => self.max_align = self.int_size(st, NATIVE_ALIGN)?,
            _ => {
                let message = [b"invalid format option '", &[letter][..], b"'"];
                return Err(st.error(message.concat()));
            }
        }
        Ok(())
    }

    /// The next option with its padding when `total` bytes stand before it.
    fn next(&mut self, st: &mut State, total: usize) -> Result<Item, Throw> {
        let (kind, size) = self.option(st)?;
        let mut align = size;
        if kind == Kind::AlignTo {
            let next = if self.at_end(st) {
                None
            } else {
                Some(self.option(st)?)
            };
            align = match next {
                Some((kind, align)) if kind != Kind::Chars && align != 0 => align,
                _ => return Err(st.arg_error(1, "invalid next option for option 'X'")),
            };
        }
        if align <= 1 || kind == Kind::Chars {
            return Ok(Item {
                kind,
                size,
                padding: 0,
            });
        }
        let align = align.min(self.max_align);
        if !align.is_power_of_two() {
            return Err(st.arg_error(1, "format asks for alignment not power of 2"));
        }
        let padding = (align - (total & (align - 1))) & (align - 1);
        Ok(Item { kind, size, padding })
    }
}

/// Appends the low `size` bytes of `value`, sign-extended when `negative`.
fn put_int(out: &mut Vec<u8>, value: u64, little: bool, size: usize, negative: bool) {
    let start = out.len();
    let filler = if negative { 0xff } else { 0 };
    let bytes = value.to_le_bytes();
    out.extend((0..size).map(|i| bytes.get(i).copied().unwrap_or(filler)));
    if !little {
        out[start..].reverse();
    }
}

fn put_bytes<const N: usize>(out: &mut Vec<u8>, mut bytes: [u8; N], little: bool) {
    if !little {
        bytes.reverse();
    }
    out.extend_from_slice(&bytes);
}

/// string.pack
pub fn pack(st: &mut State) -> Result<Ret, Throw> {
    let mut layout = Layout::new(st.check_str(1)?);
    let mut out = Vec::with_capacity(32);
    let mut total = 0usize;
    let mut arg = 1;
    // The first missing argument is reported as nil, as the reference implementation does.
    st.push(Value::NIL);
    while !layout.at_end(st) {
        let item = layout.next(st, total)?;
        let used = item.size.saturating_add(item.padding);
        if used > MAX_SIZE - total {
            return Err(st.arg_error(arg, "result too long"));
        }
        total += used;
        util::grow(st, &mut out, item.padding + MAX_INT_SIZE)?;
        out.resize(out.len() + item.padding, 0);
        match item.kind {
            Kind::Padding => out.push(0),
            Kind::AlignTo | Kind::Nothing => {}
            kind => {
                arg += 1;
                total = total.saturating_add(pack_value(st, &mut out, &layout, kind, item.size, arg)?);
            }
        }
    }
    util::ret_str(st, &out)
}

/// Appends argument `arg`; yields how many bytes it took beyond `size`.
fn pack_value(
    st: &mut State,
    out: &mut Vec<u8>,
    layout: &Layout,
    kind: Kind,
    size: usize,
    arg: usize,
) -> Result<usize, Throw> {
    match kind {
        Kind::Int => {
            let n = st.check_int(arg)?;
            let fits = size >= INT_SIZE || {
                let limit = 1i64 << (size * 8 - 1);
                (-limit..limit).contains(&n)
            };
            if !fits {
                return Err(st.arg_error(arg, "integer overflow"));
            }
            put_int(out, n as u64, layout.little, size, n < 0);
        }
        Kind::Unsigned => {
            let n = st.check_int(arg)?;
            if size < INT_SIZE && n as u64 >= 1u64 << (size * 8) {
                return Err(st.arg_error(arg, "unsigned overflow"));
            }
            put_int(out, n as u64, layout.little, size, false);
        }
        Kind::Float => {
            let value = st.check_num(arg)?;
            let value = st.written(value) as f32;
            put_bytes(out, value.to_le_bytes(), layout.little);
        }
        Kind::Double => {
            let value = st.check_num(arg)?;
            let value = st.written(value);
            put_bytes(out, value.to_le_bytes(), layout.little);
        }
        _ => return pack_string(st, out, layout, kind, size, arg),
    }
    Ok(0)
}

fn pack_string(
    st: &mut State,
    out: &mut Vec<u8>,
    layout: &Layout,
    kind: Kind,
    size: usize,
    arg: usize,
) -> Result<usize, Throw> {
    let text = st.check_str(arg)?;
    let len = text.len(&st.heap);
    let padding = if kind == Kind::Chars {
        size.saturating_sub(len)
    } else {
        0
    };
    match kind {
        Kind::Chars if len > size => {
            return Err(st.arg_error(arg, "string longer than given size"));
        }
        Kind::Counted if size < INT_SIZE && len as u64 >= 1u64 << (size * 8) => {
            return Err(st.arg_error(arg, "string length does not fit in given size"));
        }
        Kind::Counted => put_int(out, len as u64, layout.little, size, false),
        Kind::Terminated if text.bytes(&st.heap).contains(&0) => {
            return Err(st.arg_error(arg, "string contains zeros"));
        }
        _ => {}
    }
    util::grow(st, out, len.saturating_add(padding).saturating_add(1))?;
    out.extend_from_slice(text.bytes(&st.heap));
    out.resize(out.len() + padding, 0);
    match kind {
        Kind::Counted => Ok(len),
        Kind::Terminated => {
            out.push(0);
            Ok(len + 1)
        }
        _ => Ok(0),
    }
}

/// string.packsize
pub fn packsize(st: &mut State) -> Result<Ret, Throw> {
    let mut layout = Layout::new(st.check_str(1)?);
    let mut total = 0usize;
    while !layout.at_end(st) {
        let item = layout.next(st, total)?;
        if matches!(item.kind, Kind::Counted | Kind::Terminated) {
            return Err(st.arg_error(1, "variable-length format"));
        }
        let used = item.size.saturating_add(item.padding);
        if used > MAX_SIZE || total > MAX_SIZE - used {
            return Err(st.arg_error(1, "format result too large"));
        }
        total += used;
    }
    Ok(Ret::One(Value::int(total as i64)))
}

/// Reads an integer of `data.len()` bytes; `None` when it does not fit a Lua integer.
fn get_int(data: &[u8], little: bool, signed: bool) -> Option<i64> {
    let size = data.len();
    let byte = |i: usize| if little { data[i] } else { data[size - 1 - i] };
    let mut bits = (0..size.min(INT_SIZE)).fold(0u64, |bits, i| bits | u64::from(byte(i)) << (8 * i));
    if size < INT_SIZE {
        if signed {
            let sign = 1u64 << (size * 8 - 1);
            bits = (bits ^ sign).wrapping_sub(sign);
        }
        return Some(bits as i64);
    }
    let filler = if signed && (bits as i64) < 0 { 0xff } else { 0 };
    (INT_SIZE..size).all(|i| byte(i) == filler).then_some(bits as i64)
}

fn get_bytes<const N: usize>(data: &[u8], little: bool) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&data[..N]);
    if !little {
        bytes.reverse();
    }
    bytes
}

/// string.unpack
pub fn unpack(st: &mut State) -> Result<Ret, Throw> {
    let mut layout = Layout::new(st.check_str(1)?);
    let data = st.check_str(2)?;
    let len = data.len(&st.heap);
    let mut pos = util::start_position(st.opt_int(3, 1)?, len) - 1;
    if pos > len {
        return Err(st.arg_error(3, "initial position out of string"));
    }
    let mut count = 0;
    while !layout.at_end(st) {
        let item = layout.next(st, pos)?;
        if item.padding.saturating_add(item.size) > len - pos {
            return Err(st.arg_error(2, "data string too short"));
        }
        pos += item.padding;
        if !matches!(item.kind, Kind::Padding | Kind::AlignTo | Kind::Nothing) {
            st.check_stack(2, "too many results")?;
            let extra = unpack_value(st, &layout, item.kind, item.size, pos)?;
            pos += extra;
            count += 1;
        }
        pos += item.size;
    }
    st.push(Value::int(pos as i64 + 1));
    Ok(Ret::Top(count + 1))
}

/// Pushes the value at `pos`; yields how many bytes it took beyond `size`.
fn unpack_value(
    st: &mut State,
    layout: &Layout,
    kind: Kind,
    size: usize,
    pos: usize,
) -> Result<usize, Throw> {
    let data = st.check_str(2)?;
    let bytes = &data.bytes(&st.heap)[pos..];
    let (value, extra) = match kind {
        Kind::Int | Kind::Unsigned => match get_int(&bytes[..size], layout.little, kind == Kind::Int) {
            Some(n) => (Value::int(n), 0),
            None => {
                let message = format!("{size}-byte integer does not fit into Lua Integer");
                return Err(st.error(message));
            }
        },
        Kind::Float => {
            let value = f32::from_le_bytes(get_bytes(bytes, layout.little));
            (Value::float(f64::from(value)), 0)
        }
        Kind::Double => (
            Value::float(f64::from_le_bytes(get_bytes(bytes, layout.little))),
            0,
        ),
        Kind::Counted => {
            let count = get_int(&bytes[..size], layout.little, false);
            let Some(count) = count else {
                let message = format!("{size}-byte integer does not fit into Lua Integer");
                return Err(st.error(message));
            };
            if count as u64 > (bytes.len() - size) as u64 {
                return Err(st.arg_error(2, "data string too short"));
            }
            let start = pos + size;
            (
                util::substr(st, data, start..start + count as usize)?.into(),
                count as usize,
            )
        }
        Kind::Terminated => match super::bytes::find_byte(bytes, 0) {
            Some(end) => (util::substr(st, data, pos..pos + end)?.into(), end + 1),
            None => return Err(st.arg_error(2, "unfinished string for format 'z'")),
        },
        _ => (util::substr(st, data, pos..pos + size)?.into(), 0),
    };
    st.push(value);
    Ok(extra)
}
