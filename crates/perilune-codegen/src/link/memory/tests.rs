//! Installed, executed, overwritten and freed code, in each way in which memory is written.

use super::*;
use std::collections::HashSet;

const DUAL: &[Way] = &[Way::Dual];
const SWITCHED: &[Way] = &[Way::Switched];

/// A function that answers with 42, filled up with what is not executed.
#[cfg(target_arch = "x86_64")]
const FORTY_TWO: [u8; 16] = [0xb8, 0x2a, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
#[cfg(target_arch = "aarch64")]
const FORTY_TWO: [u8; 16] = [
    0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// A function that answers with the first entry of the pool behind its 16 bytes.
#[cfg(target_arch = "x86_64")]
const FIRST_ENTRY: [u8; 16] = [0x48, 0x8b, 0x05, 9, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0];
#[cfg(target_arch = "aarch64")]
const FIRST_ENTRY: [u8; 16] = [0x80, 0, 0, 0x58, 0xc0, 0x03, 0x5f, 0xd6, 0, 0, 0, 0, 0, 0, 0, 0];

/// Calls a function without arguments.
fn call(block: Block) -> u64 {
    let entry = std::ptr::with_exposed_provenance::<u8>(block.address());
    // SAFETY: rules 4 and 5: tests call live blocks whose code is a whole function.
    unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> u64>(entry)() }
}

/// What stands at an address of code memory.
fn bytes(address: usize, len: usize) -> Vec<u8> {
    let start = std::ptr::with_exposed_provenance::<u8>(address);
    // SAFETY: tests read mapped memory only, and copy it before they write again.
    unsafe { std::slice::from_raw_parts(start, len) }.to_vec()
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let words = bytes.chunks_exact(8);
    words
        .map(|word| u64::from_ne_bytes(word.try_into().unwrap()))
        .collect()
}

/// Memories of all ways that there are here.
fn memories(cap: usize) -> Vec<CodeMemory> {
    let mut all = vec![CodeMemory::in_ways(cap, SWITCHED)];
    if dual_works() {
        all.push(CodeMemory::in_ways(cap, DUAL));
    }
    all
}

/// Whether two views can be had, and what is written through one is executed through the other.
fn dual_works() -> bool {
    mapping(PAGES, Way::Dual).is_ok()
}

/// The words of the line of `/proc/self/maps` about an address.
#[cfg(target_os = "linux")]
fn map_of(address: usize) -> Option<Vec<String>> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| {
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| usize::from_str_radix(text, 16).unwrap());
        (start..end).contains(&address)
    })?;
    Some(line.split_whitespace().map(str::to_string).collect())
}

/// What may be done at an address.
#[cfg(target_os = "linux")]
fn protection(address: usize) -> String {
    map_of(address).map_or(String::new(), |words| words[1].clone())
}

/// Deterministic numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}

#[test]
fn a_function_runs() {
    for mut memory in memories(1 << 20) {
        assert_eq!((memory.used(), memory.mapped(), memory.cap()), (0, 0, 1 << 20));
        let block = memory.install(&FORTY_TWO, &[]).unwrap();
        assert_eq!(call(block), 42);
        assert_eq!((memory.used(), memory.mapped()), (64, FIRST_CHUNK));
        assert_eq!((block.code_len(), block.pool_len(), block.size()), (16, 0, 64));
        assert!(block.address().is_multiple_of(64));
    }
}

#[test]
fn code_reads_its_pool() {
    for mut memory in memories(1 << 20) {
        let one = memory.install(&FIRST_ENTRY, &[7, 8]).unwrap();
        let other = memory.install(&FIRST_ENTRY, &[u64::MAX]).unwrap();
        assert_eq!((call(one), call(other)), (7, u64::MAX));
        assert_eq!(words(&bytes(one.pool_address(), 16)), [7, 8]);
        memory.write_pool(one, 0, 1 << 63).unwrap();
        memory.write_pool(one, 1, 9).unwrap();
        assert_eq!((call(one), call(other)), (1 << 63, u64::MAX));
        assert_eq!(words(&bytes(one.pool_address(), 16)), [1 << 63, 9]);
        assert_eq!(bytes(one.address(), 16), FIRST_ENTRY);
    }
}

#[test]
fn freed_room_is_used_again_and_runs() {
    for mut memory in memories(1 << 20) {
        let first = memory.install(&FORTY_TWO, &[]).unwrap();
        let kept = memory.install(&FORTY_TWO, &[]).unwrap();
        assert_eq!(call(first), 42);
        memory.free(first);
        assert_eq!(memory.used(), 64);
        let second = memory.install(&FIRST_ENTRY, &[1234]).unwrap();
        assert_eq!(second.address(), first.address());
        assert_eq!((call(second), call(kept)), (1234, 42));
    }
}

#[test]
fn freed_code_is_traps() {
    let trap = if cfg!(target_arch = "aarch64") {
        [0, 0, 0x20, 0xd4]
    } else {
        [0xcc; 4]
    };
    for mut memory in memories(1 << 20) {
        let blocks = [(); 3].map(|()| memory.install(&FORTY_TWO, &[5]).unwrap());
        assert_eq!(bytes(blocks[1].address() + 24, 40), trap.repeat(10));
        memory.free(blocks[1]);
        assert_eq!(bytes(blocks[1].address(), 64), trap.repeat(16));
        assert_eq!((call(blocks[0]), call(blocks[2])), (42, 42));
    }
}

#[test]
fn neighbours_merge() {
    for mut memory in memories(FIRST_CHUNK) {
        let quarter = vec![0; FIRST_CHUNK / 4];
        let blocks = [(); 4].map(|()| memory.install(&quarter, &[]).unwrap());
        memory.free(blocks[1]);
        memory.free(blocks[3]);
        let half = vec![0; FIRST_CHUNK / 2];
        assert!(matches!(memory.install(&half, &[]), Err(Error::Full { .. })));
        memory.free(blocks[2]);
        let block = memory.install(&half, &[]).unwrap();
        assert_eq!(block.address(), blocks[1].address());
        assert_eq!(
            (memory.used(), memory.mapped()),
            (FIRST_CHUNK / 4 * 3, FIRST_CHUNK)
        );
    }
}

#[test]
fn the_cap_is_kept() {
    let cap = 1_000_000;
    for mut memory in memories(cap) {
        let code = vec![0; 10_000];
        let mut blocks = Vec::new();
        let error = loop {
            match memory.install(&code, &[1, 2]) {
                Ok(block) => blocks.push(block),
                Err(error) => break error,
            }
            assert!(memory.used() <= memory.mapped() && memory.mapped() <= cap);
        };
        assert_eq!(
            error.to_string(),
            "code memory is full (10048 bytes needed, 1000000 allowed)"
        );
        assert_eq!((memory.mapped(), blocks.len()), (cap / PAGES * PAGES, 97));
        memory.free(blocks[50]);
        memory.install(&code, &[1, 2]).unwrap();
        assert!(memory.install(&code, &[1, 2]).is_err());
    }
}

#[test]
fn a_cap_below_one_step_maps_nothing() {
    let mut memory = CodeMemory::new(PAGES - 1).unwrap();
    let error = memory.install(&FORTY_TWO, &[]).unwrap_err();
    assert!(matches!(
        error,
        Error::Full {
            needed: 64,
            cap: 65535
        }
    ));
    assert_eq!((memory.used(), memory.mapped()), (0, 0));
}

#[test]
fn empty_chunks_go_but_for_the_first() {
    for mut memory in memories(8 << 20) {
        let first = memory.install(&FORTY_TWO, &[]).unwrap();
        let large = memory.install(&vec![0; 3 << 20], &[]).unwrap();
        assert_eq!(memory.mapped(), FIRST_CHUNK + (3 << 20));
        memory.free(large);
        assert_eq!((memory.used(), memory.mapped()), (64, FIRST_CHUNK));
        memory.free(first);
        assert_eq!((memory.used(), memory.mapped()), (0, FIRST_CHUNK));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_unmapped_is_gone() {
    // Files have numbers of their own, whereas an address may have been given to another thread.
    let views = |file: &str| {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines()
            .filter(|line| line.split_whitespace().nth(4) == Some(file))
            .count()
    };
    let dual = || Mapping::new(PAGES, Way::Dual).unwrap();
    let file_of = |mapping: &Mapping| map_of(mapping.address()).unwrap()[4].clone();
    let (one, other) = (dual(), dual());
    let (file, other_file) = (file_of(&one), file_of(&other));
    assert_eq!((views(&file), views(&other_file)), (2, 2));
    drop(one);
    assert_eq!((views(&file), views(&other_file)), (0, 2));
}

#[test]
fn many_cycles_do_not_grow() {
    for mut memory in memories(4 << 20) {
        let mut random = Random(88172645463325252);
        let code = vec![0x90; 4096];
        let mut live = Vec::new();
        for _ in 0..100_000 {
            let pool = &[3; 64][..random.below(64)];
            live.push(
                memory
                    .install(&code[..16 + 16 * random.below(255)], pool)
                    .unwrap(),
            );
            if live.len() > 50 {
                memory.free(live.swap_remove(random.below(live.len())));
            }
        }
        assert!(memory.mapped() <= 2 * FIRST_CHUNK, "{} mapped", memory.mapped());
        live.into_iter().for_each(|block| memory.free(block));
        assert_eq!((memory.used(), memory.mapped()), (0, FIRST_CHUNK));
    }
}

/// What a test knows of an installed block.
struct Known {
    block: Block,
    code: Vec<u8>,
    pool: Vec<u64>,
}

impl Known {
    fn check(&self) {
        assert_eq!(bytes(self.block.address(), self.code.len()), self.code);
        assert_eq!(
            words(&bytes(self.block.pool_address(), 8 * self.pool.len())),
            self.pool
        );
    }

    fn install(memory: &mut CodeMemory, random: &mut Random) -> Result<Known, Error> {
        let scale = [4, 40, 1500][random.below(3)];
        let code: Vec<u8> = (0..16 * (1 + random.below(scale)))
            .map(|_| random.below(256) as u8)
            .collect();
        let pool: Vec<u64> = (0..random.below(scale))
            .map(|_| random.below(1 << 30) as u64)
            .collect();
        let block = memory.install(&code, &pool)?;
        Ok(Known { block, code, pool })
    }
}

/// No two blocks share a byte, all lie in what is mapped, and the sums are right.
fn check_all(memory: &CodeMemory, live: &[Known]) {
    let mut places: Vec<(usize, usize)> = live.iter().map(|k| (k.block.address(), k.block.size())).collect();
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
    assert_eq!(memory.used(), places.iter().map(|place| place.1).sum());
    let free: usize = memory
        .chunks
        .iter()
        .flat_map(|c| c.space.stretches())
        .map(|s| s.1)
        .sum();
    assert_eq!(memory.used() + free, memory.mapped());
    assert_eq!(memory.mapped(), memory.chunks.iter().map(|c| c.space.len()).sum());
    assert!(memory.mapped() <= memory.cap());
    assert!(memory.chunks.iter().skip(1).all(|chunk| !chunk.space.is_empty()));
    live.iter().for_each(Known::check);
}

#[test]
fn random_operations_agree_with_a_model() {
    for mut memory in memories(2_000_000) {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let (mut live, mut refusals) = (Vec::<Known>::new(), 0);
        for step in 0..4000 {
            // Phases of growth and of decline.
            let growing = step / 400 % 2 == 0;
            match random.below(10) {
                0..2 if !live.is_empty() => {
                    let known = random.below(live.len());
                    let known = &mut live[known];
                    if !known.pool.is_empty() {
                        let index = random.below(known.pool.len());
                        known.pool[index] = step;
                        memory.write_pool(known.block, index, step).unwrap();
                    }
                }
                2..=6 if !live.is_empty() && !growing => {
                    let known = live.swap_remove(random.below(live.len()));
                    known.check();
                    memory.free(known.block);
                }
                7 if !live.is_empty() => memory.free(live.swap_remove(random.below(live.len())).block),
                _ => match Known::install(&mut memory, &mut random) {
                    Ok(known) => live.push(known),
                    Err(Error::Full { .. }) => refusals += 1,
                    Err(error) => panic!("{error}"),
                },
            }
            if step % 100 == 99 {
                check_all(&memory, &live);
            }
        }
        assert!(refusals > 0 && live.len() > 10, "{refusals} {}", live.len());
        live.drain(..).for_each(|known| memory.free(known.block));
        check_all(&memory, &[]);
        assert_eq!(memory.mapped(), FIRST_CHUNK);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn no_view_is_writable_and_executable() {
    for mut memory in memories(8 << 20) {
        let small = memory.install(&FORTY_TWO, &[1]).unwrap();
        let large = memory.install(&vec![0; 1 << 20], &[]).unwrap();
        memory.write_pool(small, 0, 2).unwrap();
        for block in [small, large] {
            assert!(protection(block.address()).starts_with("r-x"));
        }
        memory.free(large);
        assert!(protection(small.address()).starts_with("r-x"));
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let both = maps
            .lines()
            .filter(|line| line.split(' ').nth(1).unwrap().starts_with("rwx"));
        assert_eq!(both.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn memory_that_is_being_written_is_not_executable() {
    let mut switched = Mapping::new(PAGES, Way::Switched).unwrap();
    let address = switched.address();
    assert_eq!(protection(address), "r-xp");
    switched
        .write(0..64, |_| assert_eq!(protection(address), "rw-p"))
        .unwrap();
    assert_eq!(protection(address), "r-xp");
    let mut dual = Mapping::new(PAGES, Way::Dual).unwrap();
    let address = dual.address();
    let check = |window: &mut [u8]| {
        assert_eq!(protection(window.as_ptr().addr()), "rw-s");
        assert_eq!(protection(address), "r-xs");
    };
    dual.write(0..64, check).unwrap();
    assert_eq!((switched.way(), dual.way()), (Way::Switched, Way::Dual));
}

/// Contents need no coherent execution, so that two views are tested under emulators as well.
#[test]
#[cfg(target_os = "linux")]
fn both_views_show_the_same_memory() {
    let mut mapping = Mapping::new(PAGES, Way::Dual).unwrap();
    assert_eq!(bytes(mapping.address(), PAGES), vec![0; PAGES]);
    mapping.write(64..128, |window| window.fill(7)).unwrap();
    mapping.write_word(PAGES - 8, u64::MAX).unwrap();
    assert_eq!(
        bytes(mapping.address() + 63, 66),
        [&[0][..], &[7; 64], &[0]].concat()
    );
    assert_eq!(
        bytes(mapping.address() + PAGES - 9, 9),
        [&[0][..], &[255; 8]].concat()
    );
}

#[test]
fn the_better_way_is_chosen_where_it_works() {
    let chunk = Chunk::new(PAGES, WAYS).unwrap();
    assert_eq!(
        chunk.mapping.way(),
        if dual_works() { Way::Dual } else { Way::Switched }
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_refusal_says_what_the_system_said() {
    // More than any address space has.
    let error = Chunk::new(1 << 60, WAYS).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the system refuses executable memory; with two views: "),
        "{text}"
    );
    assert!(text.contains("; with one view: "), "{text}");
}

#[test]
fn memories_are_apart() {
    let mut memories = memories(1 << 20);
    memories.extend(self::memories(1 << 20));
    let blocks: Vec<Block> = memories
        .iter_mut()
        .map(|m| m.install(&FIRST_ENTRY, &[11]).unwrap())
        .collect();
    let addresses: HashSet<usize> = blocks.iter().map(Block::address).collect();
    assert_eq!(addresses.len(), blocks.len());
    memories[0].write_pool(blocks[0], 0, 12).unwrap();
    let answers: Vec<u64> = blocks.iter().map(|&block| call(block)).collect();
    assert!(answers[0] == 12 && answers[1..].iter().all(|&answer| answer == 11));
}

#[test]
fn memory_moves_to_another_thread() {
    fn assert_plain<T: Copy + Send + Sync>() {}
    assert_plain::<Block>();
    for mut memory in memories(1 << 20) {
        let block = memory.install(&FORTY_TWO, &[]).unwrap();
        let thread = std::thread::spawn(move || {
            crate::link::synchronize_thread();
            let other = memory.install(&FIRST_ENTRY, &[call(block)]).unwrap();
            (call(other), memory)
        });
        let (answer, mut memory) = thread.join().unwrap();
        memory.free(block);
        assert_eq!((answer, memory.used()), (42, 64));
    }
}

#[test]
#[should_panic(expected = "not a live block")]
fn a_block_is_freed_once() {
    let mut memory = CodeMemory::new(1 << 20).unwrap();
    let block = memory.install(&FORTY_TWO, &[]).unwrap();
    memory.free(block);
    memory.free(block);
}

#[test]
#[should_panic(expected = "not a live block")]
fn pools_of_freed_blocks_are_not_written() {
    let mut memory = CodeMemory::new(1 << 20).unwrap();
    let block = memory.install(&FORTY_TWO, &[1]).unwrap();
    memory.free(block);
    let _ = memory.write_pool(block, 0, 2);
}
