//! The prebuilt runtime and a compiled program -> an ELF executable, and back.
//!
//! The runtime keeps its place in the file and in memory. Behind it come, for debuggers, the sections' headers and the
//! symbols of the program; then two segments at addresses that are also their offsets in the file: the machine code,
//! and last the metadata with the table of segments, which moves there since it has no room to grow where the linker
//! put it. As it ends the file, the system does not start an executable of which anything is missing.

use super::Compiled;
use object::elf::{
    ET_DYN, ET_EXEC, FileHeader64, PF_R, PF_X, PT_LOAD, PT_PHDR, ProgramHeader64, SHF_ALLOC, SHF_EXECINSTR,
    SHF_INFO_LINK, SHT_NOBITS, SHT_PROGBITS, SHT_STRTAB, SHT_SYMTAB, STB_LOCAL, STT_FUNC, SectionFlags,
    SectionHeader64, SectionType, Sym64, SymbolInfo, SymbolOther, SymbolSection,
};
use object::pod::bytes_of;
use object::read::elf::FileHeader;
use object::{Endianness, U16, U32, U64};
use perilune_runtime::abi::FINGERPRINT;
use perilune_runtime::exec::{Part, SECTION, SLOT_MAGIC, Slot};
use perilune_runtime::image::{Contents, ImageError, read};

type Header = FileHeader64<Endianness>;
type Segment = ProgramHeader64<Endianness>;
type Section = SectionHeader64<Endianness>;

/// Segments begin at multiples of this, or of what the runtime's own segments want.
const PAGE: u64 = 0x1000;
/// Bytes of a symbol.
const SYMBOL: usize = size_of::<Sym64<Endianness>>();
/// The sections of the program.
const CODE_SECTION: &str = ".lua.text";
const DATA_SECTION: &str = ".lua.data";

/// The prebuilt runtime, or an executable that was made of it.
struct Stub<'a> {
    bytes: &'a [u8],
    endian: Endianness,
    header: &'a Header,
    segments: &'a [Segment],
    sections: Vec<(&'a str, &'a Section)>,
    /// Where the slot is in the file, and in memory.
    slot: (u64, u64),
}

impl<'a> Stub<'a> {
    fn read(bytes: &'a [u8]) -> Result<Stub<'a>, String> {
        let damaged = |e: object::Error| format!("not an executable of Perilune: {e}");
        let header = Header::parse(bytes).map_err(damaged)?;
        let endian = header.endian().map_err(damaged)?;
        let kind = header.e_type.get(endian);
        if endian != Endianness::Little || kind != ET_DYN && kind != ET_EXEC {
            return Err("not an executable of Perilune".to_owned());
        }
        let segments = header.program_headers(endian, bytes).map_err(damaged)?;
        let table = header.sections(endian, bytes).map_err(damaged)?;
        let mut sections = Vec::new();
        let mut slot = None;
        for section in table.iter() {
            let name = table.section_name(endian, section).map_err(damaged)?;
            let name = std::str::from_utf8(name).unwrap_or_default();
            if name == SECTION {
                slot = Some((section.sh_offset.get(endian), section.sh_addr.get(endian)));
            }
            sections.push((name, section));
        }
        Ok(Stub {
            bytes,
            endian,
            header,
            segments,
            sections,
            slot: slot.ok_or("not an executable of Perilune")?,
        })
    }

    /// What stands in the slot.
    fn slot(&self) -> Result<&'a [u8], ImageError> {
        let (at, size) = (self.slot.0 as usize, size_of::<Slot>());
        let bytes = at.checked_add(size).and_then(|end| self.bytes.get(at..end));
        bytes.ok_or(ImageError::Damaged)
    }

    /// The parts of the file and of memory that segments take.
    fn ends(&self) -> (u64, u64) {
        let loaded = self
            .segments
            .iter()
            .filter(|s| s.p_type.get(self.endian) == PT_LOAD);
        loaded.fold((0, 0), |(file, memory), s| {
            let file_end = s.p_offset.get(self.endian) + s.p_filesz.get(self.endian);
            let memory_end = s.p_vaddr.get(self.endian) + s.p_memsz.get(self.endian);
            (file.max(file_end), memory.max(memory_end))
        })
    }

    /// Where the number is by which debuggers and profilers tell executables apart, and that of this program.
    fn build_id(&self, program: &Compiled) -> Option<(usize, Vec<u8>)> {
        /// Bytes of the note before the number.
        const HEAD: usize = 16;
        let (_, section) = self.sections.iter().find(|s| s.0 == ".note.gnu.build-id")?;
        let at = section.sh_offset.get(self.endian) as usize + HEAD;
        let size = (section.sh_size.get(self.endian) as usize).checked_sub(HEAD)?;
        let sums = [&program.metadata, &program.code].map(|bytes| crc32fast::hash(bytes).to_le_bytes());
        let old = self.bytes.get(at..at + size)?;
        let mut id = Vec::new();
        for n in 0u8.. {
            if id.len() >= size {
                break;
            }
            let part = [old, &sums.concat(), &[n]].concat();
            id.extend_from_slice(&crc32fast::hash(&part).to_le_bytes());
        }
        id.truncate(size);
        Some((at, id))
    }

    /// What segments are aligned to.
    fn page(&self) -> u64 {
        let loaded = self
            .segments
            .iter()
            .filter(|s| s.p_type.get(self.endian) == PT_LOAD);
        loaded.map(|s| s.p_align.get(self.endian)).fold(PAGE, u64::max)
    }
}

/// Where the parts of an executable begin in the file, and their bytes.
struct Plan {
    symbols: (u64, u64),
    names: (u64, u64),
    titles: (u64, u64),
    headers: (u64, u64),
    code: (u64, u64),
    /// The metadata, and behind it the table of segments.
    data: (u64, u64),
    segments: (u64, u64),
}

impl Plan {
    /// The symbols and the sections' headers tell where the code is, and it stands behind them: their sizes are
    /// known before.
    fn new(stub: &Stub<'_>, program: &Compiled, names: usize, sections: &Sections) -> Plan {
        let (file_end, memory_end) = stub.ends();
        let page = stub.page();
        let behind = |(at, size): (u64, u64)| at + size;
        let symbols = (
            file_end.next_multiple_of(8),
            ((program.symbols.len() + 1) * SYMBOL) as u64,
        );
        let names = (behind(symbols), names as u64);
        let titles = (behind(names), sections.names.len() as u64);
        let count = sections.headers.len() + sections.added.len();
        let headers = (
            behind(titles).next_multiple_of(8),
            (count * size_of::<Section>()) as u64,
        );
        let code_at = behind(headers).max(memory_end).next_multiple_of(page);
        let code = (code_at, program.code.len() as u64);
        let data_at = behind(code).next_multiple_of(page);
        let segments_at = (data_at + program.metadata.len() as u64).next_multiple_of(8);
        let segments = (
            segments_at,
            ((stub.segments.len() + 2) * size_of::<Segment>()) as u64,
        );
        Plan {
            symbols,
            names,
            titles,
            headers,
            code,
            data: (data_at, behind(segments) - data_at),
            segments,
        }
    }

    /// The slot of an executable with these parts.
    fn slot(&self, stub: &Stub<'_>, program: &Compiled) -> Slot {
        let part = |at: u64, size: usize| Part {
            distance: at.wrapping_sub(stub.slot.1) as i64,
            size: size as u64,
        };
        Slot::new(
            part(self.data.0, program.metadata.len()),
            part(self.code.0, program.code.len()),
        )
    }

    /// The header of the file.
    fn header(&self, stub: &Stub<'_>, sections: &Sections) -> Header {
        let e = stub.endian;
        let mut header = *stub.header;
        header.e_phoff = U64::new(e, self.segments.0);
        header.e_phnum = U16::new(e, (stub.segments.len() + 2) as u16);
        header.e_shoff = U64::new(e, self.headers.0);
        header.e_shnum = U16::new(e, sections.headers.len() as u16);
        header.e_shstrndx = U16::new(e, SymbolSection(sections.headers.len() as u16 - 1));
        header
    }
}

/// Puts a program into the prebuilt runtime.
///
/// # Errors
/// When that is none, or one of another version.
pub fn executable(stub: &[u8], program: &Compiled) -> Result<Vec<u8>, String> {
    let stub = Stub::read(stub)?;
    let empty = stub.slot().map_err(|e| e.to_string())?;
    if empty[..8] != SLOT_MAGIC || empty[8..16] != FINGERPRINT.to_le_bytes() {
        let why = ImageError::Version;
        return Err(format!("the prebuilt runtime is not for this command: {why}"));
    }
    let runtime = stub.bytes.get(..stub.ends().0 as usize);
    let mut out = Writer(runtime.ok_or("the prebuilt runtime is truncated")?.to_vec());
    let mut sections = Sections::of(&stub);
    let code_section = sections.headers.len() as u16;
    let (names, name_places) = symbol_names(program);
    let plan = Plan::new(&stub, program, names.len(), &sections);
    sections.add_all(&plan);

    out.pad(plan.symbols.0);
    out.pad(plan.symbols.0 + SYMBOL as u64);
    for (function, name) in program.symbols.iter().zip(name_places) {
        let address = plan.code.0 + function.start as u64;
        out.add(bytes_of(&symbol(name, code_section, address, function.size)));
    }
    out.add(&names);
    out.add(&sections.names);
    out.pad(plan.headers.0);
    sections
        .headers
        .iter()
        .for_each(|header| out.add(bytes_of(header)));
    out.pad(plan.code.0);
    out.add(&program.code);
    out.pad(plan.data.0);
    out.add(&program.metadata);
    out.pad(plan.segments.0);
    segments(&stub, &plan)
        .iter()
        .for_each(|segment| out.add(bytes_of(segment)));

    out.put(0, bytes_of(&plan.header(&stub, &sections)));
    out.put(stub.slot.0 as usize, &plan.slot(&stub, program).to_bytes());
    if let Some((at, id)) = stub.build_id(program) {
        out.put(at, &id);
    }
    Ok(out.0)
}

/// The file as far as it is written.
struct Writer(Vec<u8>);

impl Writer {
    /// Zeros up to an offset.
    fn pad(&mut self, to: u64) {
        debug_assert!(self.0.len() as u64 <= to);
        self.0.resize(to as usize, 0);
    }
    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// The segments of the runtime, and those of the program, whose places in the file are their addresses too.
fn segments(stub: &Stub<'_>, plan: &Plan) -> Vec<Segment> {
    let added = [(PF_R | PF_X, plan.code), (PF_R, plan.data)];
    let page = stub.page();
    let endian = stub.endian;
    let placed = |mut s: Segment, (at, size): (u64, u64)| {
        for field in [&mut s.p_offset, &mut s.p_vaddr, &mut s.p_paddr] {
            *field = U64::new(endian, at);
        }
        for field in [&mut s.p_filesz, &mut s.p_memsz] {
            *field = U64::new(endian, size);
        }
        s
    };
    let mut all = Vec::new();
    let last = stub
        .segments
        .iter()
        .rposition(|s| s.p_type.get(endian) == PT_LOAD);
    for (n, &segment) in stub.segments.iter().enumerate() {
        match segment.p_type.get(endian) == PT_PHDR {
            true => all.push(placed(segment, plan.segments)),
            false => all.push(segment),
        }
        if Some(n) == last {
            // Segments that are loaded stand in the order of their addresses.
            for (flags, place) in added {
                let mut fresh = placed(segment, place);
                fresh.p_type = U32::new(endian, PT_LOAD);
                fresh.p_flags = U32::new(endian, flags);
                fresh.p_align = U64::new(endian, page);
                all.push(fresh);
            }
        }
    }
    all
}

/// The sections of an executable.
struct Sections {
    headers: Vec<Section>,
    /// Their names, those of the program's sections included.
    names: Vec<u8>,
    /// Where the names of the program's sections are, in the order in which these are added.
    added: std::vec::IntoIter<u32>,
}

impl Sections {
    /// Those of the runtime that are loaded; symbols and line tables of the runtime stay behind.
    fn of(stub: &Stub<'_>) -> Sections {
        let endian = stub.endian;
        let is_kept = |s: &Section| s.sh_flags.get(endian).contains(SHF_ALLOC);
        let mut numbers = vec![0u32; stub.sections.len()];
        let mut next = 1;
        for (n, (_, section)) in stub.sections.iter().enumerate() {
            if is_kept(section) {
                numbers[n] = next;
                next += 1;
            }
        }
        let renumbered = |n: u32| numbers.get(n as usize).copied().unwrap_or(0);
        let mut names = vec![0];
        let mut name = |text: &str| {
            let at = names.len() as u32;
            names.extend_from_slice(text.as_bytes());
            names.push(0);
            at
        };
        let null = stub.sections.first().map(|s| *s.1);
        let mut headers: Vec<Section> = null.into_iter().collect();
        for (title, section) in stub.sections.iter().filter(|s| is_kept(s.1)) {
            let mut header = **section;
            header.sh_name = U32::new(endian, name(title));
            header.sh_link = U32::new(endian, renumbered(section.sh_link.get(endian)));
            if section.sh_flags.get(endian).contains(SHF_INFO_LINK) {
                header.sh_info = U32::new(endian, renumbered(section.sh_info.get(endian)));
            }
            debug_assert!(header.sh_type.get(endian) != SHT_NOBITS || header.sh_size.get(endian) > 0);
            headers.push(header);
        }
        let added = [CODE_SECTION, DATA_SECTION, ".symtab", ".strtab", ".shstrtab"].map(&mut name);
        Sections {
            headers,
            names,
            added: Vec::from(added).into_iter(),
        }
    }

    /// Adds those of the program, and its symbols, all local, with the names in the section after them.
    fn add_all(&mut self, plan: &Plan) {
        self.add(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, plan.code);
        self.add(SHT_PROGBITS, SHF_ALLOC, plan.data);
        self.add(SHT_SYMTAB, SectionFlags(0), plan.symbols);
        self.add(SHT_STRTAB, SectionFlags(0), plan.names);
        self.add(SHT_STRTAB, SectionFlags(0), plan.titles);
    }

    fn add(&mut self, kind: SectionType, flags: SectionFlags, (at, size): (u64, u64)) {
        let e = Endianness::Little;
        let (mut address, mut link, mut info, mut entry, mut alignment) = (0, 0, 0, 0, 1);
        if flags.contains(SHF_ALLOC) {
            (address, alignment) = (at, 16);
        }
        if kind == SHT_SYMTAB {
            link = self.headers.len() as u32 + 1;
            info = (size / SYMBOL as u64) as u32;
            (entry, alignment) = (SYMBOL as u64, 8);
        }
        self.headers.push(Section {
            sh_name: U32::new(e, self.added.next().unwrap_or(0)),
            sh_type: U32::new(e, kind),
            sh_flags: U64::new(e, flags),
            sh_addr: U64::new(e, address),
            sh_offset: U64::new(e, at),
            sh_size: U64::new(e, size),
            sh_link: U32::new(e, link),
            sh_info: U32::new(e, info),
            sh_addralign: U64::new(e, alignment),
            sh_entsize: U64::new(e, entry),
        });
    }
}

/// The names of all symbols, and where each begins.
fn symbol_names(program: &Compiled) -> (Vec<u8>, Vec<u32>) {
    let mut names = vec![0];
    let mut places = Vec::new();
    for symbol in &program.symbols {
        places.push(names.len() as u32);
        names.extend_from_slice(symbol.name.replace('\0', "?").as_bytes());
        names.push(0);
    }
    (names, places)
}

/// A symbol of a function.
fn symbol(name: u32, section: u16, address: u64, size: usize) -> Sym64<Endianness> {
    let e = Endianness::Little;
    Sym64 {
        st_name: U32::new(e, name),
        st_info: SymbolInfo((STB_LOCAL.0 << 4) | STT_FUNC.0),
        st_other: SymbolOther(0),
        st_shndx: U16::new(e, SymbolSection(section)),
        st_value: U64::new(e, address),
        st_size: U64::new(e, size as u64),
    }
}

/// What an executable holds beside the runtime.
pub struct Image<'a> {
    /// The program.
    pub contents: Contents<'a>,
    /// Its machine code.
    pub code: &'a [u8],
    /// Bytes of the metadata.
    pub metadata_size: usize,
    /// Bytes of the file without the program.
    pub runtime_size: usize,
}

/// Reads what an executable holds.
///
/// # Errors
/// When it is none of Perilune's, damaged, or of another version.
pub fn image(file: &[u8]) -> Result<Image<'_>, String> {
    let stub = Stub::read(file)?;
    let slot = stub.slot().map_err(|e| e.to_string())?;
    let word = |n: usize| slot[8 * n..].first_chunk().map_or(0, |w| u64::from_le_bytes(*w));
    let parts = [2, 4].map(|n| Part {
        distance: word(n) as i64,
        size: word(n + 1),
    });
    if slot[..8] != SLOT_MAGIC || parts[0].size == 0 {
        return Err(ImageError::Foreign.to_string());
    }
    if Slot::new(parts[0], parts[1]).to_bytes()[16..] != slot[16..] {
        return Err(ImageError::Damaged.to_string());
    }
    // Addresses of the program's segments are offsets too.
    let [metadata, code] = parts.map(|p| {
        let at = stub.slot.1.wrapping_add_signed(p.distance) as usize;
        let end = at.checked_add(p.size as usize);
        end.and_then(|end| file.get(at..end))
    });
    let (metadata, code) = metadata
        .zip(code)
        .ok_or_else(|| ImageError::Damaged.to_string())?;
    Ok(Image {
        contents: read(metadata, code).map_err(|e| e.to_string())?,
        code,
        metadata_size: metadata.len(),
        runtime_size: file.len() - metadata.len() - code.len(),
    })
}
