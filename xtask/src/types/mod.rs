//! Packs kernels' BTF into `kernel-types/data`.

mod order;
mod pack;
mod slots;

use bpfassay_kernel_types::records::{Blob, checksum};
use bpfassay_kernel_types::{Archive, Kernel, SERIES};
use std::path::PathBuf;

use crate::outside;

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
        let kernel = Kernel::open(archive.clone(), i);
        let unpacked = kernel.and_then(|k| checksum(&k.unpack()?));
        if unpacked != Some(sum) {
            return Err(format!("{} does not unpack to what it was", series.name));
        }
        sums.push_str(&format!("{} {sum:016x}\n", series.name));
    }
    let data = outside::root()?.join("kernel-types/data");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(data.join(name), bytes).map_err(|e| format!("{name}: {e}"))
    };
    write("types.pack", &packed)?;
    write("checksums", sums.as_bytes())?;
    let raw: usize = blobs.iter().map(Vec::len).sum();
    println!("{} kernels, {raw} bytes in {}", blobs.len(), packed.len());
    Ok(())
}

fn read(series: &str, words: &[String]) -> Result<Vec<u8>, String> {
    let given = words.iter().find_map(|w| {
        let (name, file) = w.split_once('=')?;
        (name == series).then(|| PathBuf::from(file))
    });
    let named = outside::of_environment(&[&outside::BTF]);
    let path = match given {
        Some(file) => file,
        None => outside::BTF
            .required(&named)
            .map_err(|why| format!("{series}=FILE, or {why}"))?
            .join(format!("linux-{series}.btf")),
    };
    std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))
}
