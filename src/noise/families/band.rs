//! White noise of one band: the same power in `low < f ≤ high`, none elsewhere.

use crate::noise::error::NoiseError;
use crate::noise::family::{NoiseFamily, Parsed, number};
use crate::noise::power::Power;
use crate::noise::setting::Setting;

/// Beyond the last frequency of any image, √½ in a corner; cycles per pixel.
const MAX_CYCLES_PER_PX: f64 = 0.75;

/// `S[k] = 1` where `low < f ≤ high`, cycles per pixel, and 0 elsewhere.
#[derive(Debug)]
struct Band {
    low: f64,
    high: f64,
}

/// Reads `band:LO,HI`.
pub fn parse(parameters: &str) -> Parsed {
    let Some((low, high)) = parameters.split_once(',') else {
        return Err("write both ends of the band after a colon, LO,HI in cycles/px".to_owned());
    };
    let low = number(low, "the lower end LO of the band", 0.0..=MAX_CYCLES_PER_PX)?;
    let high = number(high, "the upper end HI of the band", 0.0..=MAX_CYCLES_PER_PX)?;
    if low >= high {
        return Err(format!("its lower end lies below its upper one, and {low} is not below {high}"));
    }
    Ok(Box::new(Band { low, high }))
}

impl NoiseFamily for Band {
    fn name(&self) -> String {
        format!("band:{},{}", self.low, self.high)
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        let is_inside = |f: &f64| self.low < *f && *f <= self.high;
        Ok(Power::common(setting.grid.frequencies().iter().map(|f| f64::from(u8::from(is_inside(f)))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use crate::noise::power::pixel_variance;
    use crate::noise::testing::setting;
    use crate::noise::{NoiseError, parse_family, realise};
    use crate::spectral::{Grid, Size};

    #[test]
    fn all_power_lies_in_the_band_evenly() {
        let grid = Grid::new(Size::new(16, 12));
        let band = parse_family("band:0.125,0.25").expect("a name");
        let power = &realise(&*band, &setting(&grid)).expect("noise").spectrum.power[0];
        let level = power.iter().copied().fold(0.0, f64::max);
        for (s, f) in power.iter().zip(grid.frequencies()) {
            assert_eq!(*s, if *f > 0.125 && *f <= 0.25 { level } else { 0.0 }, "f = {f}");
        }
        assert!((pixel_variance(&grid, power) - 1.0).abs() <= 1e-12);
    }

    #[test]
    fn all_bands_are_white_without_brightness_and_one_between_two_modes_has_no_power() {
        let grid = Grid::new(Size::new(7, 8));
        let power = |name: &str| realise(&*parse_family(name).expect(name), &setting(&grid)).map(|n| n.spectrum.power);
        let all = power("band:0,0.75").expect("noise");
        assert!(all[0][0] == 0.0 && all[0][1..].iter().all(|s| *s == all[0][1]), "{all:?}");
        assert!(matches!(power("band:0.01,0.02"), Err(NoiseError::NoPower { .. })));
    }
}
