//! Lists files, and detects changes to them.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A number that changes with the names and contents of these files and everything below them.
///
/// It depends on contents and not on times, because a checkout or a restored file may be older than
/// what was built.
pub(crate) fn fingerprint(paths: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        add(path, &mut hasher).with_context(|| format!("reading {}", path.display()))?;
    }
    Ok(hasher.finish())
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    path.hash(hasher);
    if path.is_dir() {
        for entry in entries(path)? {
            add(&entry, hasher)?;
        }
    } else if path.exists() {
        fs::read(path)?.hash(hasher);
    }
    Ok(())
}

/// The entries of a directory, sorted by path.
pub(crate) fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn a_fingerprint_changes_with_every_change_below_it() {
        let place = std::env::temp_dir().join(format!("dwell-fingerprint-{}", process::id()));
        let file = place.join("nested/file");
        fs::create_dir_all(place.join("nested")).unwrap();
        let of_place = || fingerprint(std::slice::from_ref(&place)).unwrap();

        let empty = of_place();
        fs::write(&file, "one").unwrap();
        let one = of_place();
        fs::write(&file, "two").unwrap();
        let two = of_place();
        fs::rename(&file, place.join("nested/other")).unwrap();
        let renamed = of_place();
        fs::rename(place.join("nested/other"), &file).unwrap();
        fs::write(&file, "one").unwrap();
        let one_again = of_place();
        fs::remove_dir_all(&place).unwrap();
        let gone = of_place();

        assert_eq!(one, one_again);
        for (was, is) in [
            (empty, one),
            (one, two),
            (two, renamed),
            (one, gone),
            (empty, gone),
        ] {
            assert_ne!(was, is);
        }
    }
}
