//! Packs kernels' BTF into `kernel-types/data`.

mod order;
mod pack;
mod slots;

use bpfassay_kernel_types::records::{Blob, checksum};
use bpfassay_kernel_types::{Archive, SERIES};
use std::path::{Path, PathBuf};

/// The folder that may hold `linux-SERIES.btf` for all that the arguments leave out.
const FOLDER: &str = "BPFASSAY_BTF_DIR";

/// Runs the task: `SERIES=FILE` for each row of the table, or files in `$BPFASSAY_BTF`.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let blobs = SERIES
        .iter()
        .map(|s| read(s.name, words))
        .collect::<Result<Vec<_>, _>>()?;
    let views = blobs
        .iter()
        .zip(SERIES)
        .map(|(b, s)| Blob::parse(b).ok_or(format!("{}: no BTF", s.name)))
        .collect::<Result<Vec<_>, _>>()?;
    let packed = pack::pack(&views)?;
    let archive = Archive::parse(&packed).ok_or("the archive cannot be read")?;
    let mut sums = String::new();
    for (i, (series, blob)) in SERIES.iter().zip(&blobs).enumerate() {
        let sum = checksum(blob).ok_or(format!("{}: damaged BTF", series.name))?;
        let unpacked = archive.unpack(i).and_then(|b| checksum(&b));
        if unpacked != Some(sum) {
            return Err(format!("{} does not unpack to what it was", series.name));
        }
        sums.push_str(&format!("{} {sum:016x}\n", series.name));
    }
    let data = root()?.join("kernel-types/data");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(data.join(name), bytes).map_err(|e| format!("{name}: {e}"))
    };
    write("types.pack", &packed)?;
    write("checksums", sums.as_bytes())?;
    let raw: usize = blobs.iter().map(Vec::len).sum();
    println!("{} kernels, {raw} bytes in {}", blobs.len(), packed.len());
    Ok(())
}

fn root() -> Result<&'static Path, String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().ok_or_else(|| "no root folder".into())
}

fn read(series: &str, words: &[String]) -> Result<Vec<u8>, String> {
    let given = words.iter().find_map(|w| {
        let (name, file) = w.split_once('=')?;
        (name == series).then(|| PathBuf::from(file))
    });
    let folder = || Some(Path::new(&std::env::var_os(FOLDER)?).join(format!("linux-{series}.btf")));
    let path = given
        .or_else(folder)
        .ok_or(format!("needs {series}=FILE, or ${FOLDER}"))?;
    std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))
}
