//! Keeps the linear-algebra library on one thread, and from waiting for memory that it will not get.
//!
//! The program's workers own the cores. A BLAS that starts its own threads under them oversubscribes the machine, and
//! may add in another order from run to run, which changes last digits.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

// The symbols of a backend that is built from source come from the crate that ndarray-linalg links; naming it keeps the
// linker from dropping it. The system's OpenBLAS is linked below.
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
    #[cfg_attr(feature = "openblas-system", link(name = "openblas"))]
    unsafe extern "C" {
        // SAFETY: OpenBLAS's C interface, `void openblas_set_num_threads(int)`; it takes its argument by value, holds
        // no pointer of ours and accepts any positive count. Called under a lock, so never from two
        // threads together.
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
        // it); it takes its argument by value and holds no pointer of ours. Called under a lock.
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

/// Address space that the library takes with its first call, bytes: OpenBLAS 128 MiB, of which it touches little.
const BUFFER_BYTES: usize = 160 << 20;

/// Why the library cannot be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("LAPACK needs 160 MiB of address space for its first call, and there is not as much: raise ulimit -v")]
pub struct NoRoom;

/// Tells the BLAS library to use one thread, and makes sure of the memory for its buffers: without it OpenBLAS asks
/// for them again and again, for ever. The first call does it, later ones cost a lock; every function of this layer
/// that calls LAPACK calls it first, on one thread.
///
/// # Errors
///
/// [`NoRoom`] if the library would not get its buffers.
pub fn prepare_blas() -> Result<(), NoRoom> {
    static IS_READY: Mutex<bool> = Mutex::new(false);
    let mut is_ready = IS_READY.lock().unwrap_or_else(PoisonError::into_inner);
    if *is_ready {
        return Ok(());
    }
    let mut buffer: Vec<u8> = Vec::new();
    buffer.try_reserve_exact(BUFFER_BYTES).map_err(|_| NoRoom)?;
    // An allocation that nobody looks at need not be made.
    drop(black_box(buffer));
    backend::use_one_thread();
    *is_ready = true;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blas_runs_on_one_thread_after_pinning() {
        assert_eq!((prepare_blas(), prepare_blas()), (Ok(()), Ok(())));
        assert_eq!(backend::n_threads(), 1);
    }
}
