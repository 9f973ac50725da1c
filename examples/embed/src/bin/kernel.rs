//! The host on a bare machine: no operating system, no libc, an allocator and a panic
//! handler of its own. At start it loads a packet filter and a program that must be
//! refused, by the same requests that a system call would bring, and runs the filter.
//!
//! To have somewhere to say so, it speaks two system calls of Linux (`write`, `exit`), so
//! that the file runs as a process; a kernel would write to its console there.

#![no_std]
#![no_main]
#![expect(
    unsafe_code,
    reason = "a bare machine: an allocator over a fixed arena, two system calls, the entry"
)]

extern crate alloc;

use alloc::format;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering};

use bpfassay::LoadLimits;
use bpfassay_embed::{Errno, Host, UserMemory, XdpContext, cmd};

/// Bytes that the kernel has for everything.
const ARENA: usize = 32 << 20;
/// The most that a piece is aligned to.
const MAX_ALIGN: usize = 4096;
/// What a verification may spend.
const LIMITS: LoadLimits = LoadLimits {
    states: 4096,
    memory: 8 << 20,
};

/// An allocator with a list of free pieces for each power of two. A piece keeps its size
/// for ever, so that nothing is ever split or joined.
struct Arena {
    state: UnsafeCell<State>,
    busy: AtomicBool,
}

struct State {
    memory: [u8; ARENA],
    used: usize,
    free: [*mut u8; 32],
}

// SAFETY: whoever touches the state has set `busy`.
unsafe impl Sync for Arena {}

#[global_allocator]
static MEMORY: Arena = Arena {
    state: UnsafeCell::new(State {
        memory: [0; ARENA],
        used: 0,
        free: [null_mut(); 32],
    }),
    busy: AtomicBool::new(false),
};

impl Arena {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        while self.busy.swap(true, Ordering::Acquire) {
            core::hint::spin_loop();
        }
        // SAFETY: `busy` was not set, so nobody else has the state.
        let done = act(unsafe { &mut *self.state.get() });
        self.busy.store(false, Ordering::Release);
        done
    }
}

/// The size of the piece for a layout, as a power of two.
fn class(layout: Layout) -> Option<usize> {
    let size = layout.size().max(layout.align()).max(16);
    let class = size.checked_next_power_of_two()?.trailing_zeros() as usize;
    (class < 32 && layout.align() <= MAX_ALIGN).then_some(class)
}

// SAFETY: pieces don't overlap, and are aligned to their size, or to the most that is given.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class(layout) else {
            return null_mut();
        };
        self.with(|state| {
            let piece = state.free[class];
            if !piece.is_null() {
                // SAFETY: a free piece begins with the address of the next.
                state.free[class] = unsafe { piece.cast::<*mut u8>().read() };
                return piece;
            }
            let base = state.memory.as_mut_ptr();
            let align = (1 << class).min(MAX_ALIGN);
            let at = (base as usize + state.used).next_multiple_of(align) - base as usize;
            let end = at + (1 << class);
            if end > ARENA {
                return null_mut();
            }
            state.used = end;
            base.wrapping_add(at)
        })
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let Some(class) = class(layout) else {
            return;
        };
        self.with(|state| {
            // SAFETY: the piece is nobody's any more, and has room for an address.
            unsafe { piece.cast::<*mut u8>().write(state.free[class]) };
            state.free[class] = piece;
        });
    }
}

/// The memory of the one process that asks: this one's own.
struct Flat;

impl UserMemory for Flat {
    fn read(&self, address: u64, into: &mut [u8]) -> Result<(), Errno> {
        if address == 0 {
            return Err(Errno::EFAULT);
        }
        // SAFETY: only addresses of statics and locals below come here.
        unsafe { core::ptr::copy(address as *const u8, into.as_mut_ptr(), into.len()) };
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        if address == 0 {
            return Err(Errno::EFAULT);
        }
        // SAFETY: as above.
        unsafe { core::ptr::copy(bytes.as_ptr(), address as *mut u8, bytes.len()) };
        Ok(())
    }
}

/// r2 = data, r3 = data_end; passes what has 14 bytes and begins with 0xff, drops the rest.
const FILTER: [u64; 10] = [
    0x0000_0000_0000_1261,
    0x0000_0000_0004_1361,
    0x0000_0000_0000_24bf,
    0x0000_000e_0000_0407,
    0x0000_0001_0000_00b7,
    0x0000_0000_0003_342d,
    0x0000_0000_0000_2571,
    0x0000_00ff_0001_0555,
    0x0000_0002_0000_00b7,
    0x0000_0000_0000_0095,
];

/// Reads a packet without asking how long it is.
const CARELESS: [u64; 3] = [
    0x0000_0000_0000_1261,
    0x0000_0000_0000_2071,
    0x0000_0000_0000_0095,
];

fn load(host: &mut Host, insns: &[u64], log: &mut [u8]) -> i64 {
    const XDP: u32 = 6;
    let license = b"GPL\0";
    let mut attr = [0; 72];
    let mut put = |at: usize, bytes: &[u8]| attr[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &XDP.to_ne_bytes());
    put(4, &(insns.len() as u32).to_ne_bytes());
    put(8, &(insns.as_ptr() as u64).to_ne_bytes());
    put(16, &(license.as_ptr() as u64).to_ne_bytes());
    put(24, &1u32.to_ne_bytes());
    put(28, &(log.len() as u32).to_ne_bytes());
    put(32, &(log.as_mut_ptr() as u64).to_ne_bytes());
    host.bpf(cmd::PROG_LOAD, &attr, &mut Flat)
}

fn demonstrate() -> Result<(), Errno> {
    let mut host = Host::new(LIMITS).map_err(|_| Errno::EINVAL)?;
    let mut log = [0; 1024];
    let filter = load(&mut host, &FILTER, &mut log);
    let from = XdpContext::default();
    let short = host.run_xdp(filter, &mut [0xff; 13], from)?;
    let whole = host.run_xdp(filter, &mut [0xff; 60], from)?;
    let refused = load(&mut host, &CARELESS, &mut log);
    let words = log.split(|b| *b == 0).next().unwrap_or(&[]);
    let words = core::str::from_utf8(words).unwrap_or("");
    say(&format!(
        "filter: descriptor {filter}, 13 bytes -> {short}, 60 bytes -> {whole}\n\
         careless: {refused}\n{words}"
    ));
    let right = filter == 1 && short == 1 && whole == 2 && refused == Errno::EACCES.negative();
    right.then_some(()).ok_or(Errno::EINVAL)
}

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let code = match demonstrate() {
        Ok(()) => 0,
        Err(errno) => errno as i64,
    };
    exit(code)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say(&format!("{info}\n"));
    exit(101)
}

fn say(text: &str) {
    system_call(1, [1, text.as_ptr() as u64, text.len() as u64]);
}

fn exit(code: i64) -> ! {
    loop {
        system_call(60, [code as u64, 0, 0]);
    }
}

#[cfg(target_arch = "x86_64")]
fn system_call(number: u64, [a, b, c]: [u64; 3]) {
    // SAFETY: `write` only reads the text, `exit` does not come back.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number => _,
            in("rdi") a, in("rsi") b, in("rdx") c,
            lateout("rcx") _, lateout("r11") _,
        );
    }
}
