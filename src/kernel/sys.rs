//! The bpf(2) system call.
//!
//! The kernel takes one argument block whose layout depends on the command and
//! which holds addresses of our buffers. [`Attr`] builds such a block; each command
//! has one function here, which sees to it that every address comes from a slice
//! that outlives the call and that no number tells the kernel of more bytes than
//! that slice has. That is the whole argument for the two `unsafe` blocks around bpf(2).
//! A third takes capabilities from the calling thread, by capset(2), whose two arguments
//! are structures of ours. They are all of the project's, and in this file.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Bytes of the block: as much as any command of any kernel reads; kernels take a
/// longer block than they know if the rest is zero.
const ATTR_BYTES: usize = 168;

const MAP_CREATE: i32 = 0;
const MAP_LOOKUP_ELEM: i32 = 1;
const MAP_UPDATE_ELEM: i32 = 2;
const MAP_GET_NEXT_KEY: i32 = 4;
const PROG_LOAD: i32 = 5;
const PROG_TEST_RUN: i32 = 10;
const BTF_LOAD: i32 = 18;
const MAP_FREEZE: i32 = 22;

/// The longest name the kernel keeps, without its NUL.
const NAME_BYTES: usize = 15;

/// An argument block.
#[derive(Default)]
struct Attr {
    words: [u64; ATTR_BYTES / 8],
}

impl Attr {
    fn u64(mut self, at: usize, value: u64) -> Attr {
        self.words[at / 8] = value;
        self
    }

    fn u32(mut self, at: usize, value: u32) -> Attr {
        let shift = (at % 8) * 8;
        let word = &mut self.words[at / 8];
        *word = *word & !(0xffff_ffff << shift) | u64::from(value) << shift;
        self
    }

    fn fd(self, at: usize, fd: Option<&OwnedFd>) -> Attr {
        match fd {
            Some(fd) => self.u32(at, fd.as_raw_fd() as u32),
            None => self,
        }
    }

    /// A name, cut to what fits, of letters that the kernel takes.
    fn name(mut self, at: usize, name: &str) -> Attr {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
        let kept = name.bytes().filter(|b| plain(b)).take(NAME_BYTES);
        for (i, byte) in kept.enumerate() {
            let (word, shift) = ((at + i) / 8, (at + i) % 8 * 8);
            self.words[word] |= u64::from(byte) << shift;
        }
        self
    }

    /// The address of bytes that the kernel reads; 0 for none.
    fn input(self, at: usize, bytes: &[u8]) -> Attr {
        let address = if bytes.is_empty() {
            0
        } else {
            bytes.as_ptr() as u64
        };
        self.u64(at, address)
    }

    /// The address of bytes that the kernel writes; 0 for none.
    fn output(self, at: usize, bytes: &mut [u8]) -> Attr {
        let address = if bytes.is_empty() {
            0
        } else {
            bytes.as_mut_ptr() as u64
        };
        self.u64(at, address)
    }

    fn get_u32(&self, at: usize) -> u32 {
        (self.words[at / 8] >> (at % 8 * 8)) as u32
    }
}

fn call(command: i32, attr: &mut Attr) -> io::Result<RawFd> {
    // SAFETY: the block has the size we state. The kernel reads and writes only the
    // block and the buffers whose addresses and sizes its callers below put in it,
    // all of them borrowed until after this call.
    #[expect(
        unsafe_code,
        reason = "bpf(2) takes addresses; see the head of this file"
    )]
    let done =
        unsafe { libc::syscall(libc::SYS_bpf, command, attr.words.as_mut_ptr(), ATTR_BYTES) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    RawFd::try_from(done).map_err(io::Error::other)
}

/// A command whose answer is a new file descriptor.
fn call_for_fd(command: i32, mut attr: Attr) -> io::Result<OwnedFd> {
    let fd = call(command, &mut attr)?;
    // SAFETY: the kernel has just opened this descriptor for us; nobody else has it.
    #[expect(unsafe_code, reason = "owning what the kernel has just opened")]
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    Ok(owned)
}

/// `_LINUX_CAPABILITY_VERSION_3`: sets of 64.
const CAPABILITIES_V3: u32 = 0x2008_0522;

/// Takes from the calling thread every capability but those of these numbers.
pub(super) fn keep_capabilities(numbers: &[u32]) -> io::Result<()> {
    let set = numbers.iter().fold(0u64, |set, n| set | 1 << (n & 63));
    let half = |at: u32| (set >> at) as u32;
    // Version and thread (0: this one); effective, permitted and inheritable, by halves.
    let header = [CAPABILITIES_V3, 0];
    let sets = [half(0), half(0), 0, half(32), half(32), 0];
    // SAFETY: the kernel reads the two words and the six that the version stands for;
    // both arrays outlive the call.
    #[expect(unsafe_code, reason = "capset(2) takes addresses")]
    let done = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// What a map is created with.
#[derive(Default)]
pub(super) struct MapSpec<'a> {
    pub map_type: u32,
    pub key_size: u32,
    pub value_size: u32,
    pub max_entries: u32,
    pub flags: u32,
    pub name: &'a str,
    pub numa_node: u32,
    pub inner: Option<&'a OwnedFd>,
    pub btf: Option<&'a OwnedFd>,
    pub key_type: u32,
    pub value_type: u32,
    /// The value's type in the kernel's own BTF (struct_ops).
    pub vmlinux_value_type: u32,
    pub extra: u64,
}

pub(super) fn map_create(spec: &MapSpec<'_>) -> io::Result<OwnedFd> {
    let attr = Attr::default()
        .u32(0, spec.map_type)
        .u32(4, spec.key_size)
        .u32(8, spec.value_size)
        .u32(12, spec.max_entries)
        .u32(16, spec.flags)
        .fd(20, spec.inner)
        .u32(24, spec.numa_node)
        .name(28, spec.name)
        .fd(48, spec.btf)
        .u32(52, spec.key_type)
        .u32(56, spec.value_type)
        .u32(60, spec.vmlinux_value_type)
        .u64(64, spec.extra);
    call_for_fd(MAP_CREATE, attr)
}

/// Sets an element. `key` and `value` have the sizes that the kernel reads: the
/// caller's map knows them.
pub(super) fn map_update(map: &OwnedFd, key: &[u8], value: &[u8], flags: u64) -> io::Result<()> {
    let attr = Attr::default().fd(0, Some(map)).input(8, key);
    call(MAP_UPDATE_ELEM, &mut attr.input(16, value).u64(24, flags)).map(drop)
}

/// Reads an element into `value`, which has the size that the kernel writes.
pub(super) fn map_lookup(map: &OwnedFd, key: &[u8], value: &mut [u8]) -> io::Result<()> {
    let attr = Attr::default().fd(0, Some(map)).input(8, key);
    call(MAP_LOOKUP_ELEM, &mut attr.output(16, value)).map(drop)
}

/// The key after `key`, or the first; `next` has the map's key size.
pub(super) fn map_next_key(map: &OwnedFd, key: &[u8], next: &mut [u8]) -> io::Result<()> {
    let attr = Attr::default().fd(0, Some(map)).input(8, key);
    call(MAP_GET_NEXT_KEY, &mut attr.output(16, next)).map(drop)
}

pub(super) fn map_freeze(map: &OwnedFd) -> io::Result<()> {
    call(MAP_FREEZE, &mut Attr::default().fd(0, Some(map))).map(drop)
}

/// Loads BTF. On failure `log` holds the kernel's words.
pub(super) fn btf_load(btf: &[u8], log: &mut [u8]) -> io::Result<OwnedFd> {
    let attr = Attr::default()
        .input(0, btf)
        .u32(16, len32(btf))
        .u32(20, len32(log))
        .u32(24, u32::from(!log.is_empty()))
        .output(8, log);
    call_for_fd(BTF_LOAD, attr)
}

/// What a program is loaded with.
#[derive(Default)]
pub(super) struct ProgSpec<'a> {
    pub prog_type: u32,
    /// Eight bytes each.
    pub insns: &'a [u8],
    /// With its NUL.
    pub license: &'a std::ffi::CStr,
    pub kern_version: u32,
    pub flags: u32,
    pub name: &'a str,
    pub expected_attach_type: u32,
    pub btf: Option<&'a OwnedFd>,
    /// Eight bytes each: instruction, type.
    pub func_info: &'a [u8],
    /// Sixteen bytes each: instruction, file, line's text, line and column.
    pub line_info: &'a [u8],
    pub attach_btf_id: u32,
    pub attach_prog: Option<&'a OwnedFd>,
    pub log_level: u32,
}

const FUNC_INFO_BYTES: u32 = 8;
const LINE_INFO_BYTES: u32 = 16;

/// Loads a program. `log` gets the verifier's words, cut off by the kernel.
pub(super) fn prog_load(spec: &ProgSpec<'_>, log: &mut [u8]) -> io::Result<OwnedFd> {
    let level = if log.is_empty() { 0 } else { spec.log_level };
    let (funcs, lines) = (len32(spec.func_info), len32(spec.line_info));
    let mut attr = Attr::default()
        .u32(0, spec.prog_type)
        .u32(4, len32(spec.insns) / 8)
        .input(8, spec.insns)
        .input(16, spec.license.to_bytes_with_nul())
        .u32(24, level)
        .u32(28, if level == 0 { 0 } else { len32(log) })
        .u32(40, spec.kern_version)
        .u32(44, spec.flags)
        .name(48, spec.name)
        .u32(68, spec.expected_attach_type)
        .fd(72, spec.btf)
        .u32(108, spec.attach_btf_id)
        .fd(112, spec.attach_prog);
    if level != 0 {
        attr = attr.output(32, log);
    }
    if funcs > 0 {
        attr = attr
            .u32(76, FUNC_INFO_BYTES)
            .input(80, spec.func_info)
            .u32(88, funcs / FUNC_INFO_BYTES);
    }
    if lines > 0 {
        attr = attr
            .u32(92, LINE_INFO_BYTES)
            .input(96, spec.line_info)
            .u32(104, lines / LINE_INFO_BYTES);
    }
    call_for_fd(PROG_LOAD, attr)
}

/// What a test run gave: the result, and how much of the outputs was filled.
pub(super) struct Ran {
    pub retval: u32,
    pub data_len: usize,
    pub ctx_len: usize,
}

/// Runs a program once. Some types write their context back where it came from.
pub(super) fn prog_test_run(
    prog: &OwnedFd,
    data: &[u8],
    ctx: &mut [u8],
    data_out: &mut [u8],
    ctx_out: &mut [u8],
) -> io::Result<Ran> {
    let mut attr = Attr::default()
        .fd(0, Some(prog))
        .u32(8, len32(data))
        .u32(12, len32(data_out))
        .input(16, data)
        .output(24, data_out)
        .u32(40, len32(ctx))
        .u32(44, len32(ctx_out))
        .output(48, ctx)
        .output(56, ctx_out);
    call(PROG_TEST_RUN, &mut attr)?;
    Ok(Ran {
        retval: attr.get_u32(4),
        data_len: attr.get_u32(12) as usize,
        ctx_len: attr.get_u32(44) as usize,
    })
}
