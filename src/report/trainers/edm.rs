//! EDM and EDM2: command lines, and the lines of their scripts that have no option.

use super::{number, units};
use crate::diffusion::TrainerSettings;

/// EDM's row of the table.
pub const EDM_USAGE: &str = "`sh edm.sh NETWORK.pkl --outdir=out` samples; training needs the two lines in its \
    comment, for train.py has no options for them.";

/// EDM2's row of the table.
pub const EDM2_USAGE: &str = "`sh edm2.sh --outdir=… --data=…` trains, `sh edm2.sh sample --net=… --outdir=…` \
    samples; of latents its encoder divides by raw_std, and the numbers are for those; of pixels they are as measured.";

/// What EDM2 brings its latents to, and takes for sigma_data everywhere.
const EDM2_SIGMA_DATA: f64 = 0.5;

/// Options of generate.py, in units of values times `scale`.
fn sampling(settings: &TrainerSettings, scale: f64) -> String {
    format!(
        "--steps={} --sigma_min={} --sigma_max={} --rho={}",
        settings.sigmas.len(),
        number(scale * settings.sigma_min),
        number(scale * settings.sigma_max),
        number(settings.rho)
    )
}

/// `edm.sh`.
pub fn edm(settings: &TrainerSettings) -> String {
    let TrainerSettings { sigma_data, p_mean, p_std, .. } = settings;
    let (data, mean, std) = (number(*sigma_data), number(*p_mean), number(*p_std));
    format!(
        "#!/bin/sh\n\
         # EDM (NVlabs/edm), in units of {units}.\n\
         # Trap: train.py has no options for these. In it, below c.loss_kwargs.class_name = \
         'training.loss.EDMLoss', add\n\
         #     c.loss_kwargs.update(P_mean={mean}, P_std={std}, sigma_data={data})\n\
         #     c.network_kwargs.update(sigma_data={data})\n\
         # Both lines: loss and network have a sigma_data each, 0.5 unless told, and must agree.\n\
         # Sampling: sh edm.sh NETWORK.pkl --outdir=out [more options of generate.py]\n\
         # The levels between the ends are EDM's own (rho): generate.py takes no list of sigmas.\n\
         network=${{1:?usage: sh edm.sh NETWORK.pkl --outdir=out}}\n\
         shift\n\
         exec python generate.py --network=\"$network\" {sampling} \"$@\"\n",
        units = units(settings),
        sampling = sampling(settings, 1.0),
    )
}

/// `edm2.sh`.
pub fn edm2(settings: &TrainerSettings) -> String {
    // Its encoder divides by the deviation about the channels' means, which has the mean image in it.
    let raw_std = settings.raw_std_overall();
    let scale = if settings.is_latent { EDM2_SIGMA_DATA / raw_std } else { 1.0 };
    let list = |values: &[f64]| values.iter().map(|value| number(*value)).collect::<Vec<_>>().join(", ");
    let trap = if settings.is_latent {
        format!(
            "# Trap: its encoder brings each latent channel to a deviation of 0.5 by constants written into\n\
             # training/encoders.py for ImageNet. Put in yours:\n\
             #     raw_mean=[{}]\n\
             #     raw_std=[{}]\n\
             # The numbers below are sigmas times 0.5/{}, as if all channels had that deviation. Where raw_std\n\
             # differs, measure latents that are so scaled, (x - raw_mean) / raw_std * 0.5, and take their numbers.\n",
            list(&settings.raw_mean),
            list(&settings.raw_std),
            number(raw_std)
        )
    } else {
        format!(
            "# Trap: it takes sigma_data = 0.5 and has no option for it; these images have {}. To change it, give\n\
             # sigma_data to both c.loss_kwargs and c.network_kwargs in train_edm2.py.\n",
            number(settings.sigma_data)
        )
    };
    format!(
        "#!/bin/sh\n\
         # EDM2 (NVlabs/edm2).\n\
         {trap}\
         # Training: sh edm2.sh --outdir=runs/1 --data=data.zip [more options of train_edm2.py]\n\
         # Sampling: sh edm2.sh sample --net=NETWORK.pkl --outdir=out [more options of generate_images.py]\n\
         if [ \"$1\" = sample ]; then\n    \
         shift\n    \
         exec python generate_images.py {sampling} \"$@\"\n\
         fi\n\
         exec torchrun --standalone train_edm2.py --P_mean={mean} --P_std={std} \"$@\"\n",
        sampling = sampling(settings, scale),
        mean = number(settings.p_mean + scale.ln()),
        std = number(settings.p_std),
    )
}
