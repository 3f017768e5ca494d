//! The size limit of what the browser loads.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::files::entries;
use crate::release;
use crate::step::step;

/// How many bytes JavaScript and WebAssembly may have together, compressed with brotli.
const BUDGET: u64 = 90_000;

pub(crate) fn check() -> Result<()> {
    step("Check the size of what the browser loads", || {
        let parts = parts(&release::site().join("pkg"))?;
        let list = check_size(&parts, BUDGET)?;
        println!("{list}");
        Ok(())
    })
}

struct Part {
    name: String,
    bytes: u64,
}

/// A list of the parts with their sizes, which is in the error if they exceed the budget together.
fn check_size(parts: &[Part], budget: u64) -> Result<String> {
    for kind in [".js.br", ".wasm.br"] {
        if !parts.iter().any(|part| part.name.ends_with(kind)) {
            bail!("there is no {kind} file");
        }
    }
    let total: u64 = parts.iter().map(|part| part.bytes).sum();
    let mut list = String::new();
    for Part { name, bytes } in parts {
        writeln!(list, "    {bytes:>7} {name}")?;
    }
    write!(list, "    {total:>7} of {budget} bytes")?;
    if total > budget {
        bail!(
            "JavaScript and WebAssembly are {} bytes over budget\n{list}",
            total - budget
        );
    }
    Ok(list)
}

/// The compressed scripts and modules below a directory.
fn parts(directory: &Path) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for path in entries(directory).with_context(|| format!("reading {}", directory.display()))? {
        if path.is_dir() {
            parts.extend(self::parts(&path)?);
        } else if let Some(name) = loaded_name(&path) {
            let bytes = fs::metadata(&path)?.len();
            parts.push(Part { name, bytes });
        }
    }
    Ok(parts)
}

fn loaded_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    (name.ends_with(".js.br") || name.ends_with(".wasm.br")).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, bytes: u64) -> Part {
        Part {
            name: name.into(),
            bytes,
        }
    }

    #[test]
    fn exactly_the_budget_is_within_it() {
        let parts = [part("dwell.x.js.br", 40), part("dwell.x.wasm.br", 60)];

        let list = check_size(&parts, 100).unwrap();

        assert!(list.ends_with("100 of 100 bytes"), "{list}");
    }

    #[test]
    fn one_byte_more_is_an_error_with_the_list() {
        let parts = [part("dwell.x.js.br", 41), part("dwell.x.wasm.br", 60)];

        let error = check_size(&parts, 100).unwrap_err().to_string();

        assert!(error.contains("1 bytes over budget"), "{error}");
        assert!(error.contains("41 dwell.x.js.br"), "{error}");
    }

    #[test]
    fn a_missing_part_is_an_error() {
        assert!(check_size(&[part("dwell.x.js.br", 1)], 100).is_err());
        assert!(check_size(&[], 100).is_err());
    }
}
