//! What specscan itself wrote, told by what is in it: its plots are no photographs.
//!
//! # Definition
//!
//! Every PNG of specscan has a text chunk `Software` before its pixels, which says that it is a plot or a noise sample.
//! A plot is never an image of a set. A sample is one where its own folder is the input, and not where it lies below.
//! What a run has not finished is in the folder [`WORKSHOP`], and nothing in there is looked at. Arrays have no mark:
//! those beside a manifest are results of specscan, unless they are given themselves.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::open::open_ordinary;

/// Folder in an output folder for what is not finished.
pub const WORKSHOP: &str = ".specscan";

/// Folders in an output folder that results are in, as `inspect/soft.png`; all others are in the folder itself.
pub const RESULT_FOLDERS: [&str; 1] = ["inspect"];

/// What the names of plots and samples begin with that are not in [`RESULT_FOLDERS`]. Other files are not opened for
/// their mark while files are listed, so that a million of them list fast; a plot under another name is met by its mark
/// when it is decoded.
const NAMES: [&str; 15] = [
    "adjusted_offset",
    "blur_noise",
    "bounds",
    "compare",
    "distance",
    "farthest",
    "fit",
    "gamma",
    "noise",
    "offset",
    "rapsd",
    "recommend",
    "schedule",
    "snr",
    "waste",
];
/// Bytes in which the mark is.
const HEAD_BYTES: u64 = 256;

/// Bytes of a manifest in which it says that it is one: keys are in the order of the alphabet.
const MANIFEST_HEAD_BYTES: u64 = 1 << 20;

/// Which folders hold results of specscan; each is looked at once.
#[derive(Debug, Default)]
pub(super) struct ResultFolders(HashMap<PathBuf, bool>);

impl ResultFolders {
    /// Whether the file at `path` lies beside a manifest.
    pub fn hold(&mut self, path: &Path) -> bool {
        let Some(folder) = path.parent() else { return false };
        if let Some(known) = self.0.get(folder) {
            return *known;
        }
        let is_own = holds_manifest(folder);
        self.0.insert(folder.to_owned(), is_own);
        is_own
    }
}

/// Whether a manifest lies in `folder`. A folder that cannot be read holds none.
fn holds_manifest(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    entries.filter(|path| may_be_manifest(path)).any(|path| {
        let mut head = Vec::new();
        let is_read =
            open_ordinary(&path).and_then(|(file, _)| file.take(MANIFEST_HEAD_BYTES).read_to_end(&mut head)).is_ok();
        let says = |word: &[u8]| head.windows(word.len()).any(|part| part == word);
        is_read && says(b"\"specscan_version\"")
    })
}

/// Whether the name may be that of a manifest, which is called after its command: others are not opened, so that the
/// captions of a million latents cost nothing.
fn may_be_manifest(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
    name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
}

/// What kind of picture specscan wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnPicture {
    /// A plot.
    Plot,
    /// A noise sample.
    Sample,
}

impl OwnPicture {
    /// Keyword of the text chunk.
    pub const KEYWORD: &str = "Software";

    /// Its text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Plot => "specscan plot",
            Self::Sample => "specscan noise sample",
        }
    }

    /// Reads the mark of a file whose name may be that of a plot or a sample.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        if !path.as_os_str().as_encoded_bytes().ends_with(b".png") {
            return None;
        }
        let name = path.file_name()?.to_str()?;
        let folder = path.parent().and_then(Path::file_name);
        let is_among_results = RESULT_FOLDERS.iter().any(|of_results| folder == Some(of_results.as_ref()));
        let is_candidate = is_among_results || NAMES.iter().any(|begin| name.starts_with(begin));
        let mut head = Vec::new();
        std::fs::File::open(is_candidate.then_some(path)?).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
        Self::of_png(&head)
    }

    /// Reads the mark in the first bytes of a PNG.
    pub(super) fn of_png(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
        while let Some((length, kind)) = rest.first_chunk().zip(rest.get(4..8)) {
            let length = u32::from_be_bytes(*length) as usize;
            if kind == b"IDAT" {
                return None;
            }
            let content = rest.get(8..)?.get(..length)?;
            if let Some(text) = content.strip_prefix(b"Software\0").filter(|_| kind == b"tEXt") {
                return [Self::Plot, Self::Sample].into_iter().find(|own| own.text().as_bytes() == text);
            }
            // Four bytes of checksum end a chunk.
            rest = rest.get(12 + length..)?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32).to_be_bytes()[..], kind, content, &[0; 4]].concat()
    }

    #[test]
    fn folders_with_a_manifest_hold_results() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("notes.json", "{\"version\": 1}");
        write("0001.json", "{\"specscan_version\": 1}");
        let array = folder.path().join("gamma.npy");
        assert!(!ResultFolders::default().hold(&array));
        let arguments = "x".repeat(3000);
        write("scan.json", &format!("{{\n  \"arguments\": [\"{arguments}\"],\n  \"specscan_version\": \"0.1.0\"}}"));
        let mut folders = ResultFolders::default();
        assert!(folders.hold(&array) && folders.hold(&folder.path().join("other.npy")));
    }

    #[test]
    fn the_mark_is_read_before_the_pixels_and_nothing_else_is_one() {
        let png = |chunks: &[Vec<u8>]| [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat();
        let header = chunk(b"IHDR", &[0; 13]);
        let says = |text: &str| chunk(b"tEXt", format!("Software\0{text}").as_bytes());
        for own in [OwnPicture::Plot, OwnPicture::Sample] {
            assert_eq!(OwnPicture::of_png(&png(&[header.clone(), says(own.text())])), Some(own));
        }
        let pixels = chunk(b"IDAT", &[0; 3]);
        let others: [&[Vec<u8>]; 5] = [
            &[header.clone(), says("GIMP")],
            &[header.clone(), pixels.clone(), says("specscan plot")],
            &[header.clone(), chunk(b"tEXt", b"Comment\0specscan plot")],
            &[header.clone(), chunk(b"zTXt", b"Software\0specscan plot")],
            &[],
        ];
        for chunks in others {
            assert_eq!(OwnPicture::of_png(&png(chunks)), None, "{chunks:?}");
        }
        let marked = png(&[header, says("specscan plot")]);
        for n in 0..marked.len() - 4 {
            assert_eq!(OwnPicture::of_png(&marked[..n]), None, "{n} bytes");
        }
        assert_eq!(OwnPicture::of_png(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXtSoftware\0specscan plot"), None);
    }
}
