//! Which axes of an array are samples, channels, rows and columns.

use super::element::Element;
use crate::spectral::channels::MAX_LATENT_CHANNELS;
use crate::spectral::{Size, named};

/// Extents up to this one are taken for channels where they come last.
const MOST_LAST_CHANNELS: usize = 4;

/// The order of an array's axes: samples (n), channels (c), rows (h) and columns (w).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Samples of channels.
    Nchw,
    /// Samples with the channels last.
    Nhwc,
    /// One sample.
    Chw,
    /// One sample with its channels last.
    Hwc,
    /// Samples of one channel.
    Nhw,
}

named!(Layout { Nchw = "nchw", Nhwc = "nhwc", Chw = "chw", Hwc = "hwc", Nhw = "nhw" });

/// The extents of an array by their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    /// Samples; none for an array that is one.
    pub n: Option<u32>,
    /// Channels.
    pub channels: usize,
    /// Rows and columns.
    pub size: Size,
    /// Whether the channels of a pixel lie together.
    pub has_channels_last: bool,
}

impl Axes {
    /// The axes of an array of `shape`, in the order `layout` or, without one, the usual one.
    ///
    /// # Errors
    ///
    /// In words, why they cannot be told or read.
    pub fn of(shape: &[usize], element: Element, layout: Option<Layout>) -> Result<Self, String> {
        let shown = shown(shape);
        let is_last = |first: usize, last: usize| last <= MOST_LAST_CHANNELS && first > MOST_LAST_CHANNELS;
        let (layout, n, channels, height, width) = match (shape, layout) {
            (&[n, a, b, c], None) if is_last(a, c) => (Layout::Nhwc, n, c, a, b),
            (&[n, a, b, c], Some(Layout::Nhwc)) => (Layout::Nhwc, n, c, a, b),
            (&[n, a, b, c], None | Some(Layout::Nchw)) => (Layout::Nchw, n, a, b, c),
            (&[a, b, c], None) if is_last(a, c) => (Layout::Hwc, 1, c, a, b),
            (&[a, b, c], Some(Layout::Hwc)) => (Layout::Hwc, 1, c, a, b),
            (&[a, b, c], None) if element == Element::U8 => (Layout::Nhw, a, 1, b, c),
            (&[a, b, c], Some(Layout::Nhw)) => (Layout::Nhw, a, 1, b, c),
            (&[a, b, c], None | Some(Layout::Chw)) => (Layout::Chw, 1, a, b, c),
            ([_, _, _] | [_, _, _, _], Some(layout)) => {
                return Err(format!("its shape is {shown}, which has other axes than --layout {layout}"));
            }
            _ => {
                return Err(format!(
                    "its shape is {shown}; samples × channels × rows × columns (or one sample, without the first) are \
                     read"
                ));
            }
        };
        if shape.contains(&0) {
            return Err(format!("its shape is {shown}, which holds nothing"));
        }
        if channels > MAX_LATENT_CHANNELS {
            return Err(format!(
                "its shape is {shown}, and {channels} channels are more than the {MAX_LATENT_CHANNELS} that are read; \
                 --layout says which axes are channels"
            ));
        }
        if element == Element::U8 && !matches!(channels, 1 | 3 | 4) {
            return Err(format!(
                "its shape is {shown}: images of 8 bits have 1, 3 or 4 channels; --layout says which axes are channels"
            ));
        }
        let n = u32::try_from(n).map_err(|_| format!("its shape is {shown}, which are more samples than are read"))?;
        Ok(Self {
            n: matches!(layout, Layout::Nchw | Layout::Nhwc | Layout::Nhw).then_some(n),
            channels,
            size: Size::new(height, width),
            has_channels_last: matches!(layout, Layout::Nhwc | Layout::Hwc),
        })
    }
}

/// A shape for people.
pub fn shown(shape: &[usize]) -> String {
    let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
    if extents.is_empty() { "that of one number".to_owned() } else { extents.join("×") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(n: Option<u32>, channels: usize, height: usize, width: usize, has_channels_last: bool) -> Axes {
        Axes { n, channels, size: Size::new(height, width), has_channels_last }
    }

    #[test]
    fn the_usual_order_is_found_and_another_taken_on_demand() {
        use Element::{F16, U8};
        let of = |shape: &[usize], element, layout| Axes::of(shape, element, layout).expect("axes");
        assert_eq!(of(&[9, 4, 32, 24], F16, None), axes(Some(9), 4, 32, 24, false));
        assert_eq!(of(&[9, 32, 24, 4], F16, None), axes(Some(9), 4, 32, 24, true));
        assert_eq!(of(&[9, 4, 4, 4], F16, None), axes(Some(9), 4, 4, 4, false));
        assert_eq!(of(&[9, 16, 8, 8], F16, None), axes(Some(9), 16, 8, 8, false));
        assert_eq!(of(&[9, 16, 8, 8], F16, Some(Layout::Nhwc)), axes(Some(9), 8, 16, 8, true));
        assert_eq!(of(&[4, 32, 24], F16, None), axes(None, 4, 32, 24, false));
        assert_eq!(of(&[32, 24, 4], F16, None), axes(None, 4, 32, 24, true));
        assert_eq!(of(&[9, 32, 24], F16, Some(Layout::Nhw)), axes(Some(9), 1, 32, 24, false));
        assert_eq!(of(&[60000, 28, 28], U8, None), axes(Some(60000), 1, 28, 28, false));
        assert_eq!(of(&[50, 32, 32, 3], U8, None), axes(Some(50), 3, 32, 32, true));
        assert_eq!(of(&[480, 640, 3], U8, None), axes(None, 3, 480, 640, true));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_words() {
        let refused = |shape: &[usize], element, layout| Axes::of(shape, element, layout).expect_err("no axes");
        assert!(refused(&[77, 768], Element::F16, None).contains("77×768"));
        assert!(refused(&[], Element::F16, None).contains("one number"));
        assert!(refused(&[1, 16, 9, 60, 104], Element::F16, None).contains("1×16×9×60×104"));
        assert!(refused(&[9, 4, 0, 8], Element::F32, None).contains("holds nothing"));
        assert!(refused(&[9, 5000, 8, 8], Element::F32, None).contains("5000 channels"));
        assert!(refused(&[9, 4, 8, 8], Element::F32, Some(Layout::Chw)).contains("--layout chw"));
        assert!(refused(&[9, 2, 8, 8], Element::U8, None).contains("1, 3 or 4 channels"));
        assert!(refused(&[1 << 32, 1, 8, 8], Element::F32, None).contains("more samples"));
    }
}
