//! What a run looks at, and what it says of the rest.

use std::fs;

use specscan::dataset::{ArrayOptions, Decoder, ListError, ListFormat, SkipReason, list_from_reader, list_inputs};

use crate::{Folder, jpeg, keys, png};

#[test]
fn a_folder_lists_its_images_by_content_in_byte_order() {
    let folder = Folder::create();
    for name in ["b.png", "a/z.JPG", "a.png", "B.png", "a/å.png"] {
        folder.write(name, &png(2, 2));
    }
    folder.write("no_extension", &png(2, 2));
    folder.write("picture.dat", &jpeg(8, 8));
    folder.write("README.txt", b"about");
    folder.write("labels.json", b"{}");
    folder.write("P3.md", b"P3 is a title, not a picture");
    folder.write("._b.png", b"\0\x05\x16\x07");
    folder.write("text.png", b"only the name is an image's: decoding decides");
    let listing = folder.list();
    let expected = ["B.png", "a.png", "a/z.JPG", "a/å.png", "b.png", "no_extension", "picture.dat", "text.png"];
    assert_eq!(keys(&listing), expected);
    assert_eq!(listing.n_ignored, 4);
    assert_eq!(listing.skipped, []);
}

#[test]
fn several_inputs_are_told_apart_by_their_names_and_overlaps_count_once() {
    let folder = Folder::create();
    folder.write("a/1.png", &png(2, 2));
    folder.write("b/1.png", &png(2, 2));
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let both = list_inputs(&[b.clone(), a.clone()]).unwrap();
    let expected = [format!("{}/1.png", a.display()), format!("{}/1.png", b.display())];
    assert_eq!(keys(&both), expected);
    let overlapping = list_inputs(&[folder.path(), a.clone(), a.join("1.png"), a.join("../a")]).unwrap();
    assert_eq!(overlapping.files.len(), 2, "{overlapping:?}");
    let single = list_inputs(&[a.join("1.png")]).unwrap();
    assert_eq!(keys(&single), ["1.png"]);
}

/// An array that is given is looked for where links lead, one in a folder is not: both have one key.
#[cfg(unix)]
#[test]
fn samples_that_two_inputs_reach_by_links_count_once() {
    let folder = Folder::create();
    folder.write("d/beside.txt", b"");
    let (d, real) = (folder.path().join("d"), folder.path().join("real.npy"));
    ndarray_npy::write_npy(&real, &ndarray::Array4::<f32>::zeros((5, 4, 8, 8))).unwrap();
    std::os::unix::fs::symlink(&real, d.join("l.npy")).unwrap();
    let listing = list_inputs(&[d.clone(), d.join("l.npy")]).unwrap();
    let expected: Vec<_> = (0..5).map(|i| format!("{}/l.npy#{i}", d.display())).collect();
    assert_eq!(keys(&listing), expected);
}

#[test]
fn a_mistyped_input_names_its_neighbour() {
    let folder = Folder::create();
    folder.write("photos/train/1.png", &png(2, 2));
    let missing = folder.path().join("fotos/train");
    let error = list_inputs(&[missing]).unwrap_err();
    assert!(error.to_string().contains("did you mean"), "{error}");
    assert!(error.to_string().contains(&folder.path().join("photos/train").display().to_string()), "{error}");
    let error = list_inputs(&[folder.path().join("something else")]).unwrap_err();
    assert!(matches!(&error, ListError::Missing { suggestion: None, .. }), "{error:?}");
}

#[test]
fn inputs_that_are_not_read_say_what_to_do() {
    let folder = Folder::create();
    for name in ["shard-{0000..0099}.tar", "set.ZIP", "set.parquet"] {
        let error = list_inputs(&[folder.path().join(name)]).unwrap_err();
        assert!(matches!(&error, ListError::UnsupportedInput { .. }), "{error:?}");
        assert!(error.to_string().contains("folder"), "{error}");
    }
    let notes = folder.write("notes.txt", b"words");
    assert!(matches!(list_inputs(&[notes]), Err(ListError::NotAnImage { .. })));
    assert_eq!(list_inputs(&[]), Err(ListError::NoInput));
}

#[test]
fn a_folder_without_images_is_an_error_that_counts_what_it_saw() {
    let folder = Folder::create();
    let empty = list_inputs(&[folder.path()]).unwrap_err();
    assert!(empty.to_string().contains("no files"), "{empty}");
    folder.write("c.txt", b"c");
    folder.write("b.txt", b"b");
    folder.write("d/a.txt", b"a");
    let error = list_inputs(&[folder.path()]).unwrap_err();
    let ListError::NoImages { n_ignored: 3, first_ignored: Some(first), .. } = &error else { panic!("{error:?}") };
    assert_eq!(first, "b.txt");
    assert!(error.to_string().contains("3 files") && error.to_string().contains("b.txt"), "{error}");
}

#[test]
fn a_folder_named_like_an_image_is_skipped_unless_images_are_in_it() {
    let folder = Folder::create();
    folder.write("good.png", &png(2, 2));
    fs::create_dir_all(folder.path().join("empty.png")).unwrap();
    folder.write("notes.png/notes.txt", b"words");
    folder.write("album.png/deep.jpg/1.png", &png(2, 2));
    let listing = folder.list();
    assert_eq!(keys(&listing), ["album.png/deep.jpg/1.png", "good.png"]);
    let skipped: Vec<_> = listing.skipped.iter().map(|s| (s.path.as_str(), s.reason.to_string())).collect();
    let reason = SkipReason::Folder.to_string();
    assert_eq!(skipped, [("empty.png", reason.clone()), ("notes.png", reason)]);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_skipped_with_a_reason_and_foreign_names_are_kept() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let folder = Folder::create();
    let root = folder.path();
    folder.write("good.png", &png(2, 2));
    folder.write("sub/other.png", &png(2, 2));
    symlink("good.png", root.join("link.png")).unwrap();
    symlink("nowhere", root.join("dangling.png")).unwrap();
    symlink(&root, root.join("sub/loop")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"caf\xe9.png")), png(2, 2)).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"caf\xe9.txt")), b"words").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.png")).unwrap();
    // One without the name of an image is of a program that works in the folder; a link to itself is of nobody.
    let _other = std::os::unix::net::UnixListener::bind(root.join("control.sock")).unwrap();
    symlink("self.png", root.join("self.png")).unwrap();
    let listing = folder.list();
    assert_eq!(keys(&listing), ["caf\\xe9.png", "good.png", "link.png", "sub/other.png"]);
    assert_eq!(listing.n_ignored, 2);
    let reasons: Vec<_> = listing.skipped.iter().map(|s| (s.path.as_str(), s.reason.to_string())).collect();
    for (path, part) in [
        ("dangling.png", "does not exist"),
        ("socket.png", "socket"),
        ("sub/loop", "back to"),
        ("self.png", "back to itself"),
    ] {
        assert!(reasons.iter().any(|(p, r)| *p == path && r.contains(part)), "{path}: {reasons:?}");
    }
    assert_eq!(reasons.len(), 4, "{reasons:?}");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_opened_is_skipped() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::create();
    folder.write("good.png", &png(2, 2));
    let file = folder.write("secret.png", &png(2, 2));
    folder.write("locked/1.png", &png(2, 2));
    let locked = folder.path().join("locked");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may open everything, so there is nothing to see.
    if fs::read(&file).is_err() {
        let listing = folder.list();
        assert_eq!(keys(&listing), ["good.png", "secret.png"]);
        assert!(listing.skipped[0].path == "locked" && listing.skipped[0].reason.to_string().contains("permission"));
        assert!(matches!(Decoder::new().read(&file), Err(SkipReason::Unreadable { .. })));
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_list_of_paths_keeps_lines_as_keys_and_skips_missing_files() {
    let folder = Folder::create();
    let one = folder.write("1.png", &png(2, 2)).display().to_string();
    let two = folder.write("2", &png(2, 2)).display().to_string();
    let notes = folder.write("notes.txt", b"words").display().to_string();
    let gone = format!("{}/gone.png", folder.path().display());
    let dotted = format!("{}/./1.png", folder.path().display());
    let lines = format!("\n{two}\r\n{one}\n   \n{dotted}\n{gone}\n{notes}\n{one}\n{}", folder.path().display());
    let mut bytes = lines.into_bytes();
    bytes.extend_from_slice(b"\n\xff\xfe.png");
    let listing = list_from_reader(bytes.as_slice(), "list.txt", ListFormat::Lines, &ArrayOptions::default()).unwrap();
    assert_eq!(keys(&listing), [one.as_str(), two.as_str()]);
    assert_eq!(listing.n_ignored, 1);
    let reasons: Vec<_> = listing.skipped.iter().map(|s| s.reason.to_string()).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(listing.skipped.iter().any(|s| s.path == gone), "{:?}", listing.skipped);
    let empty = list_from_reader(&b"\n\n"[..], "list.txt", ListFormat::Lines, &ArrayOptions::default()).unwrap_err();
    assert!(empty.to_string().contains("list.txt"), "{empty}");
}

#[test]
fn a_list_counts_a_path_once_however_it_is_dotted() {
    let lines = "./fixtures/photos/coffee.png\nfixtures/photos/coffee.png\nfixtures/./photos/coffee.png\n";
    let listing = list_from_reader(lines.as_bytes(), "list.txt", ListFormat::Lines, &ArrayOptions::default()).unwrap();
    assert_eq!(keys(&listing), ["./fixtures/photos/coffee.png"]);
}

#[cfg(unix)]
#[test]
fn a_list_holds_any_name() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::create();
    let names: [&[u8]; 5] =
        [b" blanks .png", b"break\n.png", b"caf\xe9.png", b"return.png\r", b"\xe9/\xef\xbb\xbf.png"];
    let path = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
    fs::create_dir(path(b"\xe9")).unwrap();
    let image = png(2, 2);
    let by_nul: Vec<u8> = names
        .iter()
        .flat_map(|name| {
            fs::write(path(name), &image).unwrap();
            [path(name).as_os_str().as_bytes(), &[0]].concat()
        })
        .collect();
    let below = |key: String| key.strip_prefix(&format!("{}/", folder.path().display())).unwrap().to_owned();
    let listing = list_from_reader(by_nul.as_slice(), "list", ListFormat::Nul, &ArrayOptions::default()).unwrap();
    let expected = [" blanks .png", "break\\x0a.png", "caf\\xe9.png", "return.png\\x0d", "\\xe9/\u{feff}.png"];
    assert_eq!(keys(&listing).into_iter().map(below).collect::<Vec<_>>(), expected);
    assert_eq!(keys(&folder.list()), expected, "as a walk has them");
    let error = list_from_reader(by_nul.as_slice(), "list", ListFormat::Lines, &ArrayOptions::default()).unwrap_err();
    assert!(error.to_string().contains("--null"), "{error}");
    // A byte order mark and line ends of another system.
    let mut lines = b"\xef\xbb\xbf".to_vec();
    lines.extend_from_slice(path(names[0]).as_os_str().as_bytes());
    lines.extend_from_slice(b"\r\n\r\n");
    lines.extend_from_slice(path(names[2]).as_os_str().as_bytes());
    let listing = list_from_reader(lines.as_slice(), "list", ListFormat::Lines, &ArrayOptions::default()).unwrap();
    assert_eq!(keys(&listing).into_iter().map(below).collect::<Vec<_>>(), [expected[0], expected[2]]);
}

#[test]
fn a_list_without_line_ends_is_an_error() {
    let error = list_from_reader(
        std::io::BufReader::new(std::io::repeat(0)),
        "zeros",
        ListFormat::Lines,
        &ArrayOptions::default(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the list of paths zeros cannot be read: entry 1 is longer than any path; give a text with one path a line"
    );
}

#[cfg(unix)]
#[test]
fn linked_folders_are_entered_once_under_their_first_name() {
    use std::os::unix::fs::symlink;
    let (folder, elsewhere) = (Folder::create(), Folder::create());
    elsewhere.write("below/1.png", &png(2, 2));
    elsewhere.write("below.png/2.png", &png(2, 2));
    folder.write("z/own.png", &png(2, 2));
    let root = folder.path();
    symlink(elsewhere.path(), root.join("b")).unwrap();
    symlink(elsewhere.path(), root.join("c")).unwrap();
    symlink(elsewhere.path().join("below"), root.join("a")).unwrap();
    // A link never takes the place of the folder itself.
    symlink(root.join("z"), root.join("d")).unwrap();
    symlink(&root, elsewhere.path().join("back")).unwrap();
    let listing = folder.list();
    assert_eq!(keys(&listing), ["a/1.png", "b/below.png/2.png", "z/own.png"]);
    let skipped: Vec<_> = listing.skipped.iter().map(|s| (s.path.as_str(), s.reason.to_string())).collect();
    assert!(matches!(&skipped[..], [("b/back", reason)] if reason.contains("leads back")), "{skipped:?}");
}
