//! The radially averaged power spectrum of a set of images: mean, spread, power law and rounding noise.
//!
//! Both axes are logarithmic, so a power law is a straight line. A bin without power lies on the lower edge: the axis
//! follows the bins that have some.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Point, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles, draw_label};
use super::style::{
    BLACK, BLUE, Colour, DARK_GREY, DASH_DOTTED, DASHED, DOTTED, GREEN, ORANGE, PURPLE, SKY, SMALL_PX, Stroke, Text,
    VERMILLION, tint,
};

/// What is drawn: frequencies in cycles per pixel, powers in value² per mode, one per frequency.
#[derive(Debug, Clone, Default)]
pub struct RapsdFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess.
    pub subtitle: String,
    /// Annulus frequencies in rising order; those that are not positive are left out.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Unit of the powers, before `per mode`; `value²` if empty.
    pub power_unit: &'static str,
    /// Mean power over the images. NaN interrupts the line.
    pub mean: Vec<f64>,
    /// What the mean line is called, such as `mean of 200 images` or, for one image, `power`.
    pub mean_label: String,
    /// Percentiles over the images, if there are enough for them.
    pub bands: Option<Bands>,
    /// The power law.
    pub fit: Option<FitCurve>,
    /// Power that rounding to 8 bits adds to every mode, value² per mode.
    pub rounding_noise_power: Option<f64>,
    /// Mean power of each channel.
    pub channels: Vec<ChannelCurve>,
}

/// Percentiles of the power over the images, one value per frequency.
#[derive(Debug, Clone, Default)]
pub struct Bands {
    /// 5 % of the images have less.
    pub q05: Vec<f64>,
    /// 25 % of the images have less.
    pub q25: Vec<f64>,
    /// 75 % of the images have less.
    pub q75: Vec<f64>,
    /// 95 % of the images have less.
    pub q95: Vec<f64>,
}

/// A fitted curve over its own range of frequencies.
#[derive(Debug, Clone, Default)]
pub struct FitCurve {
    /// Its name in the legend, such as `power law, Δ = 1.45`.
    pub label: String,
    /// Where it is given, cycles per pixel, in the range it was fitted on.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Its power there, value² per mode.
    pub power: Vec<f64>,
}

/// The mean power of one channel.
#[derive(Debug, Clone)]
pub struct ChannelCurve {
    /// Its name in the legend.
    pub name: String,
    /// What it stands for, which decides its look.
    pub role: ChannelRole,
    /// Power at each of the figure's frequencies, value² per mode.
    pub power: Vec<f64>,
}

/// What a channel stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelRole {
    /// Red.
    Red,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Brightness.
    Luma,
    /// Blue-difference chroma.
    Cb,
    /// Red-difference chroma.
    Cr,
}

impl ChannelRole {
    /// Colour and dash of the channel's line; the dash tells channels apart in grey print.
    pub fn stroke(self) -> Stroke {
        let (colour, dash): (Colour, &'static [f64]) = match self {
            Self::Red => (VERMILLION, DASHED),
            Self::Green => (GREEN, DASH_DOTTED),
            Self::Blue => (BLUE, DOTTED),
            Self::Luma => (DARK_GREY, DASHED),
            Self::Cb => (SKY, DASH_DOTTED),
            Self::Cr => (PURPLE, DOTTED),
        };
        Stroke::solid(colour, 1.8).dashed(dash)
    }
}

/// Up to this many bins are marked one by one.
const MAX_MARKED_BINS: usize = 24;
/// Reference levels further than this many decades from the data are left out: they would leave the axis half empty.
const REFERENCE_DECADES: f64 = 1.0;
/// Power below this part of the rounding noise counts as none.
const NEGLIGIBLE: f64 = 1e-3;

/// The numbers that can be drawn and the range they span.
struct Prepared<'a> {
    figure: &'a RapsdFigure,
    /// Index of the first positive frequency.
    first: usize,
    x: Axis,
    y: Axis,
    rounding: Option<f64>,
}

impl Figure for RapsdFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, 500.0)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        self.check()?;
        let prepared = match self.prepare() {
            Ok(prepared) => prepared,
            Err(note) => return frame::draw_empty(canvas, room, note),
        };
        let legend = self.legend();
        let frame = Frame::in_room(room, prepared.x, prepared.y)?;
        let (frame, place) = legend.arrange(frame, |frame| prepared.obstacles(frame))?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        prepared.draw_data(canvas, &frame, place)?;
        frame.draw_axes(
            canvas,
            XLabels::Titled("radial frequency (cycles/pixel)"),
            &format!("power ({} per mode)", if self.power_unit.is_empty() { "value²" } else { self.power_unit }),
        )
    }
}

impl RapsdFigure {
    fn check(&self) -> Result<(), PlotError> {
        let n = self.frequency_cycles_per_px.len();
        PlotError::check_length("mean", self.mean.len(), n)?;
        if let Some(bands) = &self.bands {
            for (what, values) in [("q05", &bands.q05), ("q25", &bands.q25), ("q75", &bands.q75), ("q95", &bands.q95)] {
                PlotError::check_length(what, values.len(), n)?;
            }
        }
        if let Some(fit) = &self.fit {
            PlotError::check_length("fit", fit.power.len(), fit.frequency_cycles_per_px.len())?;
        }
        self.channels.iter().try_for_each(|c| PlotError::check_length("channel", c.power.len(), n))
    }

    /// Every drawn power at a positive frequency.
    fn powers(&self, first: usize) -> impl Iterator<Item = f64> {
        let bands = self.bands.iter().flat_map(|b| [&b.q05, &b.q95]);
        let channels = self.channels.iter().map(|c| &c.power);
        let binned = std::iter::once(&self.mean).chain(bands).chain(channels);
        let fitted = self.fit.iter().flat_map(|f| f.power.iter().copied());
        binned.flat_map(move |values| values.iter().skip(first).copied()).chain(fitted)
    }

    /// Chooses the axes, or says why there is nothing to draw.
    fn prepare(&self) -> Result<Prepared<'_>, &'static str> {
        let frequency = &self.frequency_cycles_per_px;
        let first =
            frequency.iter().position(|&f| f > 0.0).ok_or("no frequencies above zero: the images have one pixel")?;
        let rounding = self.rounding_noise_power.filter(|&p| p > 0.0 && p.is_finite());
        let highest = self.powers(first).filter(|p| p.is_finite()).fold(0.0, f64::max);
        let floor = rounding.map_or(highest * 1e-12, |p| NEGLIGIBLE * p);
        if highest <= 0.0 {
            return Err("no power: every image is flat");
        }
        if highest < floor {
            return Err("no power: all of it is below a thousandth of 8-bit rounding noise");
        }
        let lowest = self.powers(first).filter(|&p| p >= floor).fold(highest, f64::min);
        let (mut low, mut high) = (lowest / 1.5, highest * 1.5);
        let reach = 10_f64.powf(REFERENCE_DECADES);
        let rounding = rounding.filter(|&p| p * reach >= lowest && p <= highest * reach);
        if let Some(p) = rounding {
            (low, high) = (low.min(p / 1.6), high.max(p * 2.5));
        }
        let last = frequency.iter().copied().filter(|f| f.is_finite()).fold(0.5, f64::max);
        // A single frequency gets its free space below, as there is none above one half.
        let start = frequency[first].min(last / 2.0);
        let x = Axis::log(start / 1.02, last * 1.02, 0.3);
        Ok(Prepared { figure: self, first, x, y: Axis::log(low, high, 1.0), rounding })
    }

    /// With channels, colours belong to them and the mean is black.
    fn mean_stroke(&self) -> Stroke {
        if self.channels.is_empty() { Stroke::solid(BLUE, 2.6) } else { Stroke::solid(BLACK, 2.6) }
    }

    fn band_colours(&self) -> (Colour, Colour) {
        let colour = self.mean_stroke().colour;
        let (wide, narrow) = if self.channels.is_empty() { (0.16, 0.38) } else { (0.09, 0.2) };
        (tint(colour, wide), tint(colour, narrow))
    }

    fn fit_stroke(&self) -> Stroke {
        let colour = if self.channels.is_empty() { VERMILLION } else { ORANGE };
        Stroke::solid(colour, 2.2).dashed(DASHED)
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        legend.push(Key::Line(self.mean_stroke()), self.mean_label.as_str());
        for channel in &self.channels {
            legend.push(Key::Line(channel.role.stroke()), channel.name.as_str());
        }
        if self.bands.is_some() {
            let (wide, narrow) = self.band_colours();
            legend.push(Key::Band(narrow), "25–75 % of images");
            legend.push(Key::Band(wide), "5–95 % of images");
        }
        if let Some(fit) = &self.fit {
            legend.push(Key::Line(self.fit_stroke()), fit.label.as_str());
        }
        legend
    }
}

impl Prepared<'_> {
    fn curve(&self, frame: &Frame, power: &[f64]) -> Vec<Point> {
        frame.curve(&self.figure.frequency_cycles_per_px[self.first..], &power[self.first..])
    }

    /// As [`Prepared::curve`], but along the edge where it leaves the axis, as the outline of an area must.
    fn edge(&self, frame: &Frame, power: &[f64]) -> Vec<Point> {
        frame.place_all(&self.figure.frequency_cycles_per_px[self.first..], &power[self.first..])
    }

    fn fit_curve(&self, frame: &Frame) -> Vec<Point> {
        self.figure.fit.as_ref().map_or(Vec::new(), |f| frame.curve(&f.frequency_cycles_per_px, &f.power))
    }

    fn obstacles(&self, frame: &Frame) -> Obstacles {
        let mut obstacles = Obstacles::default();
        let figure = self.figure;
        for power in std::iter::once(&figure.mean).chain(figure.channels.iter().map(|c| &c.power)) {
            obstacles.add_line(&self.curve(frame, power));
        }
        if let Some(bands) = &figure.bands {
            obstacles.add_band(&self.edge(frame, &bands.q05), &self.edge(frame, &bands.q95));
        }
        obstacles.add_line(&self.fit_curve(frame));
        if let Some(p) = self.rounding {
            obstacles.add_line(&[frame.place(frame.x.low(), p), frame.place(frame.x.high(), p)]);
        }
        obstacles
    }

    fn draw_data(&self, canvas: &mut Canvas<'_>, frame: &Frame, legend: Rect) -> Result<(), PlotError> {
        let figure = self.figure;
        if let Some(bands) = &figure.bands {
            let (wide, narrow) = figure.band_colours();
            canvas.band(&self.edge(frame, &bands.q05), &self.edge(frame, &bands.q95), wide)?;
            canvas.band(&self.edge(frame, &bands.q25), &self.edge(frame, &bands.q75), narrow)?;
        }
        self.draw_rounding(canvas, frame, legend)?;
        let mean = self.curve(frame, &figure.mean);
        canvas.line(&mean, figure.mean_stroke())?;
        if mean.len() <= MAX_MARKED_BINS {
            mean.iter().try_for_each(|&p| canvas.dot(p, 3.5, figure.mean_stroke().colour))?;
        }
        for channel in &figure.channels {
            canvas.line(&self.curve(frame, &channel.power), channel.role.stroke())?;
        }
        canvas.line(&self.fit_curve(frame), figure.fit_stroke())
    }

    /// The rounding noise and its name, above the line at its left or right end, or below, where nothing else is.
    fn draw_rounding(&self, canvas: &mut Canvas<'_>, frame: &Frame, legend: Rect) -> Result<(), PlotError> {
        let Some(power) = self.rounding else { return Ok(()) };
        let (left, y) = frame.place(frame.x.low(), power);
        let (right, _) = frame.place(frame.x.high(), power);
        canvas.line(&[(left, y), (right, y)], Stroke::solid(DARK_GREY, 1.2).dashed(DOTTED))?;
        let label = "8-bit rounding noise";
        let width = super::font::text_width(label, SMALL_PX)?;
        let mut others = Prepared { rounding: None, ..*self }.obstacles(frame);
        others.add_band(
            &[(legend.left, legend.top), (legend.right, legend.top)],
            &[(legend.left, legend.bottom), (legend.right, legend.bottom)],
        );
        let (start, end) = (left + 10.0, right - width - 6.0);
        let places = [(start, y - 9.0), (end, y - 9.0), (start, y + 10.0), (end, y + 10.0)];
        draw_label(canvas, label, Text::new(SMALL_PX, DARK_GREY), &places, &others)
    }
}

#[cfg(test)]
mod tests;
