//! The codec's arithmetic for the few shards of a stripe: where erasures are, found by adding up a few
//! logarithms instead of two Walsh transforms over the whole field (half a millisecond each decode).

use reed_solomon_simd::engine::{
    DefaultEngine, Engine, GF_MODULUS, GF_ORDER, GfElement, ShardsRefMut, tables,
};

/// The library's engine for this processor, with its own way to find the erasures' factors.
#[derive(Default)]
pub(super) struct SmallEngine(DefaultEngine);

impl Engine for SmallEngine {
    fn fft(&self, data: &mut ShardsRefMut<'_>, pos: usize, size: usize, cut: usize, skew: usize) {
        self.0.fft(data, pos, size, cut, skew);
    }

    fn ifft(&self, data: &mut ShardsRefMut<'_>, pos: usize, size: usize, cut: usize, skew: usize) {
        self.0.ifft(data, pos, size, cut, skew);
    }

    fn mul(&self, x: &mut [[u8; 64]], log_m: GfElement) {
        self.0.mul(x, log_m);
    }

    /// For every point `i` the logarithm of the product of `i - e` over the erased points `e` that are
    /// not `i` itself. Points beyond `points` are not asked for.
    fn eval_poly(erasures: &mut [GfElement; GF_ORDER], points: usize) {
        if points > 64 {
            return DefaultEngine::eval_poly(erasures, points);
        }
        let erased = erasures.iter().take(points).enumerate();
        let erased = erased.fold(0, |set, (point, flag)| set | u64::from(*flag != 0) << point);
        let log = &tables::get_exp_log().log;
        for (point, factor) in erasures.iter_mut().enumerate().take(points) {
            let others = (0..points).filter(|other| erased >> other & 1 == 1 && *other != point);
            let product: u32 = others
                .filter_map(|other| log.get(point ^ other))
                .map(|log| u32::from(*log))
                .sum();
            *factor = GfElement::try_from(product % u32::from(GF_MODULUS)).unwrap_or_default();
        }
    }
}
