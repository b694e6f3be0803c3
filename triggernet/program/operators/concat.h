#ifndef TRIGGERNET_CONCAT_H_
#define TRIGGERNET_CONCAT_H_

// Concat: tensors side by side along their last axis; rows are particles, or one row of vectors.
//
// In hardware: wiring, and rounding and saturation where an input is finer or wider than the
// result. With a reuse factor R > 1 nothing is shared: a multiplexer would cost more.

#include "common.h"

namespace triggernet {

template <class CONFIG_T, int part, int start, class x_T, class res_T>
void concat_part(const x_T *x, res_T *res) {
    #pragma HLS INLINE
    const int length = CONFIG_T::length(part);
ROWS:
    for (int m = 0; m < CONFIG_T::n_rows; m++) {
        #pragma HLS UNROLL
    FEATURES:
        for (int f = 0; f < length; f++) {
            #pragma HLS UNROLL
            res[m * CONFIG_T::n_features + start + f] = quantised<res_T>(x[m * length + f]);
        }
    }
}

template <class CONFIG_T, int part, int start, class res_T, class x_T>
void concat_parts(res_T *res, const x_T *x) {
    #pragma HLS INLINE
    static_assert(start + CONFIG_T::length(part) == CONFIG_T::n_features, "all features, no more");
    concat_part<CONFIG_T, part, start>(x, res);
}

template <class CONFIG_T, int part, int start, class res_T, class x_T, class... more_T>
void concat_parts(res_T *res, const x_T *x, const more_T *...more) {
    #pragma HLS INLINE
    concat_part<CONFIG_T, part, start>(x, res);
    concat_parts<CONFIG_T, part + 1, start + CONFIG_T::length(part)>(res, more...);
}

// The result comes first, since the number of inputs varies.
// CONFIG_T: n_rows (M, or 1), n_features (of the result), length(k) (features of input k)
template <class CONFIG_T, class res_T, class... x_T> void concat(res_T *res, const x_T *...x) {
    concat_parts<CONFIG_T, 0, 0>(res, x...);
}

} // namespace triggernet

#endif
