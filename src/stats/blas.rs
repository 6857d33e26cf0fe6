//! Keeps the linear-algebra library on one thread.
//!
//! The program's workers own the cores. A BLAS that starts its own threads under them oversubscribes the machine, and
//! may add in another order from run to run, which changes last digits.

use std::sync::Once;

// The backend's symbols come from the crate that ndarray-linalg links; naming it keeps the linker from dropping it.
use ndarray_linalg as _;

#[cfg(not(any(
    feature = "openblas-system",
    feature = "openblas-static",
    feature = "intel-mkl-system",
    feature = "intel-mkl-static"
)))]
compile_error!(
    "no LAPACK backend is chosen: build with default features, or with one of \
     --features openblas-system | openblas-static | intel-mkl-system | intel-mkl-static"
);

#[cfg(any(feature = "openblas-system", feature = "openblas-static"))]
mod backend {
    use std::ffi::c_int;

    #[expect(unsafe_code, reason = "the library's own interface is the only way to its threads")]
    unsafe extern "C" {
        // SAFETY: OpenBLAS's C interface, `void openblas_set_num_threads(int)`; it takes its argument by value, holds
        // no pointer of ours and accepts any positive count. Called under a `Once`, so never from two threads together.
        safe fn openblas_set_num_threads(n_threads: c_int);
        // SAFETY: `int openblas_get_num_threads(void)`, a read without arguments.
        #[cfg(test)]
        safe fn openblas_get_num_threads() -> c_int;
    }

    pub fn use_one_thread() {
        openblas_set_num_threads(1);
    }

    #[cfg(test)]
    pub fn n_threads() -> c_int {
        openblas_get_num_threads()
    }
}

#[cfg(all(
    any(feature = "intel-mkl-system", feature = "intel-mkl-static"),
    not(any(feature = "openblas-system", feature = "openblas-static"))
))]
mod backend {
    use std::ffi::c_int;

    #[expect(unsafe_code, reason = "the library's own interface is the only way to its threads")]
    unsafe extern "C" {
        // SAFETY: MKL's C interface, `void MKL_Set_Num_Threads(int)` (the lower-case name in its headers is a macro for
        // it); it takes its argument by value and holds no pointer of ours. Called under a `Once`.
        #[link_name = "MKL_Set_Num_Threads"]
        safe fn mkl_set_num_threads(n_threads: c_int);
        // SAFETY: `int MKL_Get_Max_Threads(void)`, a read without arguments.
        #[cfg(test)]
        #[link_name = "MKL_Get_Max_Threads"]
        safe fn mkl_get_max_threads() -> c_int;
    }

    pub fn use_one_thread() {
        mkl_set_num_threads(1);
    }

    #[cfg(test)]
    pub fn n_threads() -> c_int {
        mkl_get_max_threads()
    }
}

/// Tells the BLAS library to use one thread. The first call does it, later ones cost a load; every function of this
/// layer that calls LAPACK calls it first.
pub fn pin_blas_threads() {
    static PINNED: Once = Once::new();
    PINNED.call_once(backend::use_one_thread);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blas_runs_on_one_thread_after_pinning() {
        pin_blas_threads();
        pin_blas_threads();
        assert_eq!(backend::n_threads(), 1);
    }
}
