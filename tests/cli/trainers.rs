//! `recommend --for`: files of the trainers that were asked for, with the numbers of the report, and no others.

use super::World;

/// Files that only `--for` writes.
fn of_trainers(world: &World) -> Vec<String> {
    let own = ["recommend.json", "recommend.md"];
    world.files("out").into_iter().filter(|name| !own.contains(&name.as_str())).collect()
}

#[test]
fn each_trainer_gets_its_file_with_the_numbers_of_the_report() {
    let world = World::with_photos(6);
    let printed = world.succeed("recommend photos --plots none -o out");
    assert_eq!(of_trainers(&world), Vec::<String>::new(), "{}", printed.stderr);
    world.succeed("recommend photos --plots none -o out --for edm,flow");
    let schedule = ["trainer_schedule.json", "trainer_schedule.npz", "trainer_schedule.safetensors", "trainers.md"];
    assert_eq!(of_trainers(&world), [&["edm.sh", "flow.json"][..], &schedule[..]].concat());
    let trainer = &world.json("out/recommend.json")["trainer"];
    let script = String::from_utf8(world.read("out/edm.sh")).expect("text");
    let p_mean = script.split("P_mean=").nth(1).and_then(|rest| rest.split(',').next()).expect("P_mean");
    let (found, expected) = (p_mean.parse::<f64>().expect("a number"), trainer["p_mean"].as_f64().expect("a number"));
    assert!((found / expected - 1.0).abs() <= 1e-7, "{found} instead of {expected}");
    let flow = world.json("out/flow.json");
    assert_eq!(flow["training"]["logit_mean"]["direct"], trainer["p_mean"]);
    let json = world.json("out/trainer_schedule.json");
    assert_eq!((&json["sigma"], &json["made_from"]["counts"]["n_images"]), (&trainer["sigmas"], &6.into()));
    // Other commands take the schedule.
    let lines = world.succeed("convert --schedule out/trainer_schedule.json --to sigma").stdout;
    assert_eq!(lines.lines().count(), trainer["sigmas"].as_array().expect("levels").len());
    world.succeed("snr photos --plots none -o snr --schedule out/trainer_schedule.npz");
    // What was not asked for again goes.
    world.succeed("recommend photos --plots none -o out --for kohya");
    assert_eq!(of_trainers(&world), [&["kohya.toml"][..], &schedule[..]].concat());
    world.succeed("recommend photos --plots none -o out");
    assert_eq!(of_trainers(&world), Vec::<String>::new());
}

#[test]
fn an_unknown_trainer_is_answered_with_the_list() {
    let world = World::with_photos(2);
    world.refuse("recommend photos --for kohia -o out", &["kohia", "k-diffusion", "kohya", "comfyui"]);
    assert_eq!(world.files("out"), Vec::<String>::new());
}
