//! The running kernel, asked through bpf(2).
//!
//! Only with the feature `kernel`. This room loads maps, BTF and programs, runs
//! programs by `BPF_PROG_TEST_RUN`, and closes everything again; it never attaches,
//! pins or registers anything. `compare` (in `cli`) and the tests `kernel_*` hold our
//! model against it. The analysis rooms know nothing of it.
//!
//! [`Kernel::open`] says whether there is a kernel that answers and whether we may
//! ask; [`load`] offers a linked program as libbpf would.

mod btf;
mod info;
mod load;
mod map;
mod sys;

use std::io;
use std::sync::Arc;

pub use load::{Loaded, Offer, Outcome, Refusal, Stage, Supplies, load, offer, offer_with};
pub use map::{LiveMap, create_map};

use crate::object::Btf;
use std::os::fd::OwnedFd;

/// Where the kernel keeps its BTF.
const VMLINUX_BTF: &str = "/sys/kernel/btf/vmlinux";
/// Where the kernel says which release it is.
const OS_RELEASE: &str = "/proc/sys/kernel/osrelease";

/// Bytes of the verifier's log that are kept: programs that matter fit, and a
/// kernel keeps the end of longer ones.
pub const LOG_BYTES: usize = 4 << 20;

/// Why the kernel cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(String);

/// A kernel that answers bpf(2) and lets us load programs.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Its release as it writes it (`6.18.3-amd64`).
    pub release: String,
    /// The numbers of the release.
    pub version: (u16, u16, u16),
    /// Its BTF, if it has any.
    pub btf: Option<Arc<Btf>>,
}

impl Kernel {
    /// The running kernel, if it can be asked.
    pub fn open() -> Result<Kernel, Unavailable> {
        let fail = |what: &str, e: &dyn std::fmt::Display| Unavailable(format!("{what}: {e}"));
        let release = std::fs::read_to_string(OS_RELEASE).map_err(|e| fail(OS_RELEASE, &e))?;
        let release = release.trim().to_owned();
        let version = numbers(&release)
            .ok_or_else(|| Unavailable(format!("{release} is no kernel release")))?;
        probe_privilege()?;
        let btf = match std::fs::read(VMLINUX_BTF) {
            Ok(bytes) => Some(Btf::parse(bytes.into()).map_err(|e| fail(VMLINUX_BTF, &e))?),
            Err(_) => None,
        };
        Ok(Kernel {
            release,
            version,
            btf: btf.map(Arc::new),
        })
    }

    /// The name of its series as targets have it (`linux-6.18`).
    pub fn series(&self) -> String {
        format!("linux-{}.{}", self.version.0, self.version.1)
    }
}

/// Does something with the capabilities of these numbers only, on a thread of its own.
///
/// # Errors
///
/// If the caller doesn't hold them itself.
pub fn confined<T: Send>(numbers: &[u32], work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let run = || sys::keep_capabilities(numbers).map(|()| work());
    std::thread::scope(|scope| match scope.spawn(run).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// The leading numbers of a release.
fn numbers(release: &str) -> Option<(u16, u16, u16)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    let mut next = || parts.next().and_then(|p| p.parse().ok());
    Some((next()?, next()?, next().unwrap_or(0)))
}

/// Loads the smallest program of a type that needs every capability.
fn probe_privilege() -> Result<(), Unavailable> {
    // r0 = 0; exit
    const INSNS: [u8; 16] = [0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];
    let answer = probe(&Probe {
        prog_type: crate::helpers_spec::ProgType::Kprobe.id(),
        insns: &INSNS,
        ..Probe::default()
    });
    match answer.error {
        None => Ok(()),
        Some(e) => Err(Unavailable(format!("bpf(2) loads no program: {e}"))),
    }
}

/// A bare program offered to the verifier, to see what it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Probe<'a> {
    /// `BPF_PROG_TYPE_*`.
    pub prog_type: u32,
    /// `BPF_*` of the expected attach type.
    pub attach_type: u32,
    /// Attach target in the kernel's BTF; 0 for none.
    pub attach_btf_id: u32,
    /// A program to extend.
    pub attach_prog: Option<&'a LiveProg>,
    /// `BPF_F_*` of the load command.
    pub flags: u32,
    /// Eight bytes an instruction, with every reference resolved.
    pub insns: &'a [u8],
    /// BTF and function information: (instruction, type).
    pub functions: Option<(&'a LiveBtf, &'a [(u32, u32)])>,
}

/// A program in the kernel; gone when dropped.
#[derive(Debug)]
pub struct LiveProg(OwnedFd);

/// BTF in the kernel; gone when dropped.
#[derive(Debug)]
pub struct LiveBtf(OwnedFd);

/// What the kernel said of a probe.
#[derive(Debug)]
pub struct Answer {
    /// The program, if it was taken.
    pub program: Option<LiveProg>,
    /// The error, if it was refused.
    pub error: Option<io::Error>,
    /// The verifier's words.
    pub log: String,
}

/// Offers a bare program, licensed as GPL.
pub fn probe(probe: &Probe<'_>) -> Answer {
    let mut log = vec![0; 64 << 10];
    let records = probe.functions.map_or(&[][..], |(_, f)| f);
    let func_info: Vec<u8> = records
        .iter()
        .flat_map(|(insn, ty)| [insn.to_le_bytes(), ty.to_le_bytes()].concat())
        .collect();
    let loaded = sys::prog_load(
        &sys::ProgSpec {
            prog_type: probe.prog_type,
            insns: probe.insns,
            license: c"GPL",
            flags: probe.flags,
            name: "probe",
            expected_attach_type: probe.attach_type,
            attach_btf_id: probe.attach_btf_id,
            attach_prog: probe.attach_prog.map(|p| &p.0),
            btf: probe.functions.map(|(btf, _)| &btf.0),
            func_info: &func_info,
            log_level: 1,
            ..sys::ProgSpec::default()
        },
        &mut log,
    );
    let log = text(&log);
    match loaded {
        Ok(fd) => Answer {
            program: Some(LiveProg(fd)),
            error: None,
            log,
        },
        Err(error) => Answer {
            program: None,
            error: Some(error),
            log,
        },
    }
}

/// Loads BTF.
pub fn load_btf(btf: &Btf) -> Result<LiveBtf, String> {
    let bytes = btf::mended(btf);
    if let Ok(fd) = sys::btf_load(&bytes, &mut []) {
        return Ok(LiveBtf(fd));
    }
    // Again, for its words.
    let mut log = vec![0; LOG_BYTES];
    match sys::btf_load(&bytes, &mut log) {
        Ok(fd) => Ok(LiveBtf(fd)),
        Err(e) => {
            let log = text(&log);
            let last = log.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("");
            Err(format!("{e}: {last}"))
        }
    }
}

/// What a test run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRun {
    /// R0, cut to 32 bits by the kernel.
    pub retval: u32,
    /// The packet afterwards.
    pub data: Vec<u8>,
    /// The context afterwards, as far as the kernel gives it back.
    pub ctx: Vec<u8>,
}

/// Room for a packet that grows.
const DATA_OUT_BYTES: usize = 1 << 16;

/// Runs a program once on a packet, a context, or both, as its type takes.
pub fn test_run(prog: &LiveProg, data: &[u8], ctx: &[u8]) -> io::Result<TestRun> {
    let mut data_out = vec![0; if data.is_empty() { 0 } else { DATA_OUT_BYTES }];
    let (mut ctx_in, mut ctx_out) = (ctx.to_vec(), ctx.to_vec());
    let (ran, ctx) =
        match sys::prog_test_run(&prog.0, data, &mut ctx_in, &mut data_out, &mut ctx_out) {
            // Types that give no other context back take no room for it.
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) && !ctx.is_empty() => {
                let ran = sys::prog_test_run(&prog.0, data, &mut ctx_in, &mut data_out, &mut [])?;
                (ran, ctx_in)
            }
            other => {
                let ran = other?;
                ctx_out.truncate(ran.ctx_len);
                (ran, ctx_out)
            }
        };
    data_out.truncate(ran.data_len);
    Ok(TestRun {
        retval: ran.retval,
        data: data_out,
        ctx,
    })
}

/// A log buffer's text.
fn text(log: &[u8]) -> String {
    let end = log.iter().position(|b| *b == 0).unwrap_or(log.len());
    String::from_utf8_lossy(log.get(..end).unwrap_or(&[])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read() {
        assert_eq!(numbers("6.18.44-custom"), Some((6, 18, 44)));
        assert_eq!(numbers("7.3-rc7"), Some((7, 3, 0)));
        assert_eq!(numbers("unknown"), None);
    }
}
