"""Builds schedulers of diffusers from the files in a folder and compares the noise levels that they really use with those
that were meant; parses the others with what reads them. Prints how far off each is, and fails if one is too far."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import safetensors
import safetensors.numpy
import toml
import torch
from diffusers.training_utils import compute_density_for_timestep_sampling

N_DRAWS = 400_000
failures = []


def check(name, error, tolerance):
    # NaN fails.
    passed = bool(error <= tolerance)
    print(f"{'ok    ' if passed else 'FAILED'}  {name:<72} {error:.1e}  (allowed {tolerance:.0e})")
    if not passed:
        failures.append(name)


def relative(found, expected):
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if found.shape != expected.shape or len(found) == 0:
        return float("nan")
    return float(np.max(np.abs(found / expected - 1)))


def difference(found, expected):
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    return float(np.max(np.abs(found - expected))) if found.shape == expected.shape else float("nan")


def scheduler(document, name):
    entry = document[name]
    made = getattr(diffusers, name).from_config(entry["config"])
    if "set_timesteps" in entry:
        made.set_timesteps(**entry["set_timesteps"])
    return made


def check_schedulers(folder, schedule):
    """What each scheduler steps through, against the levels that were meant."""
    document = json.loads((folder / "diffusers.json").read_text())
    sigmas = np.array(schedule["sigma"])

    euler = scheduler(document, "EulerDiscreteScheduler")
    check("EulerDiscrete: sigmas in use", relative(euler.sigmas[:-1], sigmas), 1e-6)
    check("EulerDiscrete: 0 at the end", abs(float(euler.sigmas[-1])), 0)
    check("EulerDiscrete: timesteps it tells the network", difference(euler.timesteps, schedule["timesteps"]), 0.5)
    stock = diffusers.EulerDiscreteScheduler()
    stock.set_timesteps(**document["EulerDiscreteScheduler"]["set_timesteps"])
    check("EulerDiscrete of a stock model: sigmas in use", relative(stock.sigmas[:-1], sigmas), 1e-6)

    for name, entry in [
        ("diffusers.json", document["FlowMatchEulerDiscreteScheduler"]),
        ("flow.json", json.loads((folder / "flow.json").read_text())),
    ]:
        flow = diffusers.FlowMatchEulerDiscreteScheduler.from_config(entry.get("config") or entry["scheduler_config"])
        flow.set_timesteps(**entry["set_timesteps"])
        check(f"FlowMatchEuler ({name}): flow times in use", relative(flow.sigmas[:-1], schedule["t_flow"]), 1e-6)
        check(f"FlowMatchEuler ({name}): 0 at the end", abs(float(flow.sigmas[-1])), 0)
    dynamic = diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    dynamic.set_timesteps(sigmas=schedule["t_flow_preshift"], mu=schedule["mu"])
    check("FlowMatchEuler, dynamic with mu: flow times in use", relative(dynamic.sigmas[:-1], schedule["t_flow"]), 1e-6)

    edm = scheduler(document, "EDMEulerScheduler")
    high, low = schedule["sigma_max"] ** (1 / schedule["rho"]), schedule["sigma_min"] ** (1 / schedule["rho"])
    curve = (high + np.linspace(0, 1, len(sigmas)) * (low - high)) ** schedule["rho"]
    check("EDMEuler: sigmas in use, its own curve between our ends", relative(edm.sigmas[:-1], curve), 1e-5)
    check("EDMEuler: sigma_data", abs(edm.config.sigma_data - schedule["sigma_data"]), 0)

    # Betas are kept in single precision: what that does to the levels is their own affair, and is printed.
    betas = np.array(schedule["trained_betas"])
    alpha_bar = np.cumprod(1 - betas)
    levels = np.sqrt((1 - alpha_bar) / alpha_bar)
    check("trained_betas in double precision: our sigmas at their timesteps", relative(levels[schedule["timesteps"]], sigmas), 1e-8)
    is_clear = sigmas >= 0.05
    dpm = scheduler(document, "DPMSolverMultistepScheduler")
    check("DPM-multistep: sigmas in use from 0.05 up", relative(dpm.sigmas[:-1].numpy()[is_clear], sigmas[is_clear]), 1e-4)
    check("DPM-multistep: all sigmas in use", relative(dpm.sigmas[:-1], sigmas), 1e-2)
    check("DPM-multistep: steps", abs(len(dpm.timesteps) - len(sigmas)), 0)
    whole = json.loads((folder / "ddpm.json").read_text())
    for name, ddpm in [
        ("DDPM (ddpm.json)", diffusers.DDPMScheduler.from_config(whole)),
        ("DDIM (ddpm.json)", diffusers.DDIMScheduler.from_config(whole)),
        ("DDPM (diffusers.json)", scheduler(document, "DDPMScheduler")),
    ]:
        used = ((1 - ddpm.alphas_cumprod.double()) / ddpm.alphas_cumprod.double()).sqrt().numpy()
        check(f"{name}: levels from 0.05 up", relative(used[levels >= 0.05], levels[levels >= 0.05]), 1e-4)
        check(f"{name}: all levels", relative(used, levels), 1e-2)


def check_draws(folder, schedule):
    """Training draws with both signs of logit_mean have the mean and deviation of ln sigma that were meant."""
    torch.manual_seed(0)
    flow = json.loads((folder / "flow.json").read_text())
    training = flow["training"]

    def ln_sigma(times):
        times = times.double()
        return torch.log(times / (1 - times))

    def check_moments(name, logs):
        check(f"{name}: mean of ln sigma", abs(float(logs.mean()) - schedule["p_mean"]), 0.01)
        check(f"{name}: deviation of ln sigma", abs(float(logs.std()) - schedule["p_std"]), 0.01)

    for shift, key in [(1.0, "diffusers_shift_1"), (schedule["shift"], "diffusers_this_shift")]:
        density = compute_density_for_timestep_sampling(
            training["weighting_scheme"], N_DRAWS, logit_mean=training["logit_mean"][key], logit_std=training["logit_std"]
        )
        # As the training examples do; finer than their 1000 steps, whose first and last have no logarithm.
        made = diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=100_000, shift=shift)
        indices = (density * made.config.num_train_timesteps).long()
        times = made.timesteps[indices] / made.config.num_train_timesteps
        check_moments(f"diffusers, index of timesteps shifted by {shift:g}", ln_sigma(times[times < 1]))
    direct = torch.sigmoid(training["logit_mean"]["direct"] + training["logit_std"] * torch.randn(N_DRAWS, dtype=torch.float64))
    check_moments("flow time itself", ln_sigma(direct))


def check_kohya(folder, schedule, is_latent):
    config = toml.load(folder / "kohya.toml")
    if not is_latent:
        check("kohya.toml of pixels: no keys", sum(len(section) for section in config.values()), 0)
        return
    offset = schedule["noise_offset"]
    # The noise of SD 1.5 and SDXL ends there.
    if offset["needed_below_sigma"] <= 14.6146:
        check("kohya.toml: no noise_offset where their noise hides the brightness", len(config["noise"]), 0)
    else:
        check("kohya.toml: noise_offset", abs(config["noise"]["noise_offset"] - offset["strength"]), 0)
    flow = config["flow"]
    # sd-scripts with timestep_sampling = "shift".
    assert flow["timestep_sampling"] == "shift"
    t = torch.sigmoid(flow["sigmoid_scale"] * torch.randn(N_DRAWS, dtype=torch.float64))
    t = t * flow["discrete_flow_shift"] / (1 + (flow["discrete_flow_shift"] - 1) * t)
    logs = torch.log(t / (1 - t))
    check("kohya.toml: mean of ln sigma", abs(float(logs.mean()) - schedule["p_mean"]), 0.01)
    check("kohya.toml: deviation of ln sigma", abs(float(logs.std()) - schedule["p_std"]), 0.01)


def check_arrays(folder, schedule):
    arrays = np.load(folder / "trainer_schedule.npz")
    tensors = safetensors.numpy.load_file(folder / "trainer_schedule.safetensors")
    names = {"sigmas", "logsnr", "alpha_bar", "t_flow", "t_flow_preshift", "trained_betas", "sigma_data_per_channel", "raw_mean", "raw_std"}
    check("npz: names of arrays", len(names ^ (set(arrays.files) - {"meta_json"})), 0)
    check("safetensors: names of arrays", len(names ^ set(tensors)), 0)
    for name in sorted(names):
        expected = np.array(schedule["sigma" if name == "sigmas" else name])
        for kind, found in [("npz", arrays[name]), ("safetensors", tensors[name])]:
            same = found.dtype == np.float64 and found.shape == expected.shape and bool((found == expected).all())
            check(f"{kind}: {name} as in the JSON", 0 if same else 1, 0)
    meta = json.loads(arrays["meta_json"].tobytes())
    with safetensors.safe_open(folder / "trainer_schedule.safetensors", "numpy") as file:
        same = json.loads(file.metadata()["specscan"]) == meta
    check("safetensors: the npz's metadata", 0 if same else 1, 0)
    check("metadata: those of the JSON", sum(meta[key] != schedule[key] for key in meta), 0)


def arguments(script, *words):
    """What a script calls its program with: a program that prints its arguments stands in the place of the real one."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ["python", "torchrun"]:
            stand_in = Path(folder) / name
            stand_in.write_text(f'#!/bin/sh\necho {name} "$@"\n')
            stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
        path = folder + os.pathsep + os.environ["PATH"]
        run = subprocess.run(["sh", script, *words], env={"PATH": path}, capture_output=True, text=True, check=True)
        return run.stdout.split()


def check_scripts(folder, schedule, is_latent):
    def option(words, name):
        return float(next(word for word in words if word.startswith(f"--{name}=")).split("=")[1])

    raw_std = np.sqrt(np.mean(np.square(schedule["raw_std"])))
    scale = 0.5 / raw_std if is_latent else 1.0
    edm = arguments(folder / "edm.sh", "net.pkl", "--outdir=out")
    assert edm[:3] == ["python", "generate.py", "--network=net.pkl"] and edm[-1] == "--outdir=out", edm
    check("edm.sh: sigma_max", abs(option(edm, "sigma_max") / schedule["sigma_max"] - 1), 1e-7)
    check("edm.sh: steps", abs(option(edm, "steps") - len(schedule["sigma"])), 0)
    train = arguments(folder / "edm2.sh", "--outdir=runs/1")
    assert train[:3] == ["torchrun", "--standalone", "train_edm2.py"], train
    check("edm2.sh: P_mean", abs(option(train, "P_mean") - schedule["p_mean"] - np.log(scale)), 1e-6)
    sample = arguments(folder / "edm2.sh", "sample", "--net=net.pkl")
    assert sample[:2] == ["python", "generate_images.py"] and sample[-1] == "--net=net.pkl", sample
    check("edm2.sh: sigma_min", abs(option(sample, "sigma_min") / (scale * schedule["sigma_min"]) - 1), 1e-7)


def check_lists(folder, schedule):
    lines = [[float(v) for v in line.split(",")] for line in (folder / "comfyui.txt").read_text().splitlines()]
    check("comfyui.txt: sigmas", relative(lines[0][:-1], schedule["sigma"]), 1e-7)
    check("comfyui.txt: flow times", relative(lines[1][:-1], schedule["t_flow"]), 1e-7)
    check("comfyui.txt: 0 at both ends", abs(lines[0][-1]) + abs(lines[1][-1]), 0)
    model = json.loads((folder / "k-diffusion.json").read_text())["model"]
    density = model["sigma_sample_density"]
    check("k-diffusion.json: density", abs(density["mean"] - schedule["p_mean"]) + abs(density["std"] - schedule["p_std"]), 0)


def main():
    print(f"torch {torch.__version__}, diffusers {diffusers.__version__}, numpy {np.__version__}")
    for name, is_latent in [("pixels", False), ("latents", True), ("photos", False)]:
        folder = Path(sys.argv[1]) / name
        print(f"\n{folder}")
        schedule = json.loads((folder / "trainer_schedule.json").read_text())
        check_schedulers(folder, schedule)
        check_draws(folder, schedule)
        check_kohya(folder, schedule, is_latent)
        check_arrays(folder, schedule)
        check_scripts(folder, schedule, is_latent)
        check_lists(folder, schedule)
    if failures:
        sys.exit(f"\n{len(failures)} checks failed: {', '.join(failures)}")
    print("\nall passed")


main()
