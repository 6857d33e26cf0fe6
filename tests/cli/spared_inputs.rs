//! Folders of images as folders of results: no input is replaced, and none gets results beside it that look like it.

use super::{World, sets, write_uniform};

/// `w/inspect`, a folder of images, one of which is called as a sheet of `inspect` is.
fn dataset_called_inspect() -> World {
    let world = World::create();
    write_uniform(&world.path("w/inspect"), 3, 32, 32);
    write_uniform(&world.path("w/inspect/cats"), 3, 32, 32);
    sets::save(&world.path("w/inspect/flat.png"), &sets::picture(32, 32, 7).into());
    world
}

#[test]
fn the_folder_of_lists_and_sheets_is_no_folder_of_inputs() {
    let world = dataset_called_inspect();
    let before = world.read("w/inspect/flat.png");
    let names = world.files("w/inspect");
    for command in
        ["inspect w/inspect -o w", "inspect w -o w", "inspect w/inspect/cats -o w", "inspect w/inspect/00.png -o w"]
    {
        for overwrite in ["", " --overwrite"] {
            world.refuse(&format!("{command}{overwrite}"), &["`w/inspect`", "another folder with --out"]);
            assert!(world.read("w/inspect/flat.png") == before, "{command}{overwrite}");
            assert_eq!((world.files("w"), world.files("w/inspect")), (vec!["inspect".to_owned()], names.clone()));
        }
    }
    let mut inside = world.command(["inspect", "inspect", "-o", ".", "--overwrite"]);
    inside.current_dir(world.path("w")).assert().code(2);
    assert!(world.read("w/inspect/flat.png") == before);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(world.path("w/inspect"), world.path("link")).expect("a link");
        world.refuse("inspect link -o w --overwrite", &["another folder with --out"]);
    }
    // Below the input there may be results, and beside it.
    for out in ["w/results", "other"] {
        world.succeed(&format!("inspect w/inspect -o {out} -q"));
    }
    write_uniform(&world.path("plain"), 3, 32, 32);
    for _ in 0..2 {
        world.succeed("inspect plain -o plain -q");
    }
    assert_eq!(world.table("plain/inspect.csv").rows.len(), 3);
}

#[test]
fn no_result_takes_the_place_of_an_input() {
    let world = World::create();
    for folder in ["prot", "clean"] {
        (0..4).for_each(|i| sets::save(&world.path(format!("{folder}/{i}.png")), &sets::picture(32, 32, i).into()));
    }
    sets::save(&world.path("prot/compare.png"), &sets::picture(32, 32, 9).into());
    let before = world.read("prot/compare.png");
    world.refuse("compare prot clean -o prot --overwrite", &["`prot/compare.png`", "another folder with --out"]);
    world.refuse("compare clean prot/../prot -o ./prot --overwrite", &["compare.png", "another folder with --out"]);
    assert!(world.read("prot/compare.png") == before);
    assert_eq!(world.files("prot").len(), 5, "{:?}", world.files("prot"));
    // A link of that name elsewhere is the same file.
    #[cfg(unix)]
    {
        std::fs::create_dir_all(world.path("links")).expect("a folder");
        std::os::unix::fs::symlink(world.path("prot/compare.png"), world.path("links/compare.png")).expect("a link");
        world.refuse("compare clean links/compare.png -o prot --overwrite", &["`prot/compare.png`"]);
    }
    for set in ["prot", "clean"] {
        world.succeed(&format!("scan {set} -o spectra -q --plots none"));
    }
    let merge = "merge spectra/prot.spectrum spectra/clean.spectrum --allow-shared -o spectra --name";
    world.refuse(&format!("{merge} prot"), &["`spectra/prot.spectrum`", "another folder with --out"]);
    world.succeed(&format!("{merge} both"));
}
