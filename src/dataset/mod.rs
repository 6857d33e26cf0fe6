//! Where images come from: listing, decoding, and the transforms that trainers apply. The only layer that knows image formats.
