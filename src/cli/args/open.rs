//! What most verbs take: how inputs are opened, and what a run may spend.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::limits;
use crate::target::Rights;

/// What a run may spend.
#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct LimitArgs {
    /// Seconds of the whole run; what is not done by then is not decided.
    #[arg(long, value_name = "SECONDS", default_value_t = limits::RUN_SECONDS,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(in crate::cli) max_time: u64,
    /// MiB held at one time, by our own count; a program that needs more is not
    /// decided.
    #[arg(long, value_name = "MIB", default_value_t = limits::RUN_BYTES >> 20,
          value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub(in crate::cli) max_memory: u64,
}

/// What a run may spend, and on how many threads.
#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct SpendArgs {
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
    /// Worker threads [default: one per processor].
    #[arg(long, short, value_name = "N")]
    pub(in crate::cli) jobs: Option<usize>,
}

/// How an input is opened.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct OpenArgs {
    /// Kernel or runtime to predict for: `linux-6.18`, `dragonos`, `host`, a file
    /// with a kernel's BTF; `lts` for the long-term series, `all` for every one;
    /// repeatable, and a comma-separated list [default: those of the configuration, or
    /// linux-6.18].
    #[arg(long, short, value_name = "TARGET", value_delimiter = ',')]
    pub(in crate::cli) target: Vec<String>,
    /// vmlinux BTF of the target (raw BTF, or an ELF file with a .BTF section), in
    /// place of the types that come with the tool; `TARGET=FILE` gives it to one
    /// target only.
    #[arg(long, value_name = "[TARGET=]FILE")]
    pub(in crate::cli) btf: Vec<String>,
    /// Profile of a runtime to predict for, as a file; repeatable.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) profile: Vec<PathBuf>,
    /// Program type as libbpf names it, or a section name (`xdp`, `tracepoint`,
    /// `cgroup/connect4`): overrides the object's sections; needed for raw inputs.
    #[arg(long = "type", value_name = "TYPE")]
    pub(in crate::cli) prog_type: Option<String>,
    /// Which loader's rules on the object itself apply.
    #[arg(long, value_enum, default_value_t = Loader::Any)]
    pub(in crate::cli) loader: Loader,
    /// Options that the kernel was built with: a `.config`, `/boot/config-*` or
    /// `/proc/config.gz` [default: those of the measured build].
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) kconfig: Option<PathBuf>,
    /// One setting of the kernel: `CONFIG_BPF_LSM=off`, `jit=off`, `mitigations=off`,
    /// `lockdown=integrity` or `confidentiality`; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) kernel: Vec<String>,
    /// Only these capabilities of the loader (`bpf,net_admin`; `none`) [default: all].
    #[arg(long, value_name = "LIST", value_parser = rights, conflicts_with = "unprivileged")]
    pub(in crate::cli) caps: Option<Rights>,
    /// A loader without capabilities, where `kernel.unprivileged_bpf_disabled` is 0.
    #[arg(long)]
    pub(in crate::cli) unprivileged: bool,
    #[command(flatten)]
    pub(in crate::cli) stated: StatedArgs,
    /// Only the program of this name.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) prog: Option<String>,
    /// Read inputs as assembler text, whatever their extension (`.bpfasm`, `.s`).
    #[arg(long, conflicts_with_all = ["hex", "raw"])]
    pub(in crate::cli) asm: bool,
    /// Read inputs as hexadecimal instruction slots (`.hex`).
    #[arg(long, conflicts_with = "raw")]
    pub(in crate::cli) hex: bool,
    /// Read inputs as binary instruction slots, little endian (`.bin`).
    #[arg(long)]
    pub(in crate::cli) raw: bool,
}

/// Heading of what is stated of a load.
const BEFORE_LOAD: &str = "What user space does before the load";

/// What user space does between opening the object and loading it.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct StatedArgs {
    /// What it sets of a map (`events.max_entries=64K`, `stacks.value_size=1016`,
    /// `outer.inner=array:4:8`, an inner map like that of another name, or
    /// `"struct NAME"`); also `key_size`, `flags`, `type`, and `pinned=FILE` for a map that
    /// is there already (what `bpftool map show --json` says of it); for `run` also its
    /// entries (`NAME=FILE`, a JSON list of {"key": …, "value": …}); repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "NAME.KEY=VALUE")]
    pub(in crate::cli) map: Vec<String>,
    /// Sets a global variable of .rodata, .data, .bss or .kconfig, or a part of it
    /// (`cfg.ports[2]=80`, `mode=MODE_FAST`), as `veristat -G` does; `@FILE` holds one a
    /// line; repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, short = 'G', value_name = "NAME=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Sets the globals as a dump of their map has them, made with
    /// `bpftool --json map dump`; repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "FILE")]
    pub(in crate::cli) rodata: Vec<PathBuf>,
    /// Loads these programs only, those of SEC("?…") among them; repeatable, and a
    /// comma-separated list.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG", value_delimiter = ',')]
    pub(in crate::cli) only: Vec<String>,
    /// Does not load these programs; repeatable, and a comma-separated list.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG", value_delimiter = ',')]
    pub(in crate::cli) skip: Vec<String>,
    /// What a program attaches to, in place of what its section says; for freplace the
    /// function of another object (`OBJ:FUNC`); repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG=FUNC")]
    pub(in crate::cli) attach: Vec<String>,
    /// Flags of a program's load besides those of its section (`sleepable`,
    /// `xdp_has_frags`, `0x40`); repeatable.
    #[arg(help_heading = BEFORE_LOAD, long, value_name = "PROG=FLAG,…")]
    pub(in crate::cli) prog_flags: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Loader {
    /// Whatever some loader reads: legacy map records, old section names too; what maps
    /// leave to user space is assumed, and said.
    #[default]
    Any,
    /// libbpf 1.x, which refuses those, with nothing set by user space.
    #[value(alias = "plain", alias = "bpftool")]
    Libbpf,
    /// libbpf before 1.0.
    Libbpf0,
    /// cilium/ebpf.
    Cilium,
    /// Aya.
    Aya,
}

impl From<Loader> for crate::programs::Loader {
    fn from(loader: Loader) -> Self {
        match loader {
            Loader::Any => Self::Any,
            Loader::Libbpf => Self::Libbpf,
            Loader::Libbpf0 => Self::Libbpf0,
            Loader::Cilium => Self::Cilium,
            Loader::Aya => Self::Aya,
        }
    }
}

/// A list of capabilities.
fn rights(text: &str) -> Result<Rights, String> {
    Rights::parse(text).map_err(|word| format!("{word} is no capability"))
}
