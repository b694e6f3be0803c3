#ifndef TRIGGERNET_WIRE_H_
#define TRIGGERNET_WIRE_H_

// Wire: values of some tensors in another order and shape, each as often as it is asked for, or 0.
//
// In hardware: wiring, and rounding and saturation where an input is finer or wider than the
// result. With a reuse factor R > 1 nothing is shared: there is nothing to share.

#include "common.h"

namespace triggernet {

template <class CONFIG_T, int part, int start, class x_T, class res_T>
void wire_part(const x_T *x, res_T *res) {
    #pragma HLS INLINE
VALUES:
    for (int k = 0; k < CONFIG_T::n_values; k++) {
        #pragma HLS UNROLL
        const int place = CONFIG_T::place(k);
        if (place >= start && place < start + CONFIG_T::length(part)) {
            res[k] = quantised<res_T>(x[place - start]);
        }
    }
}

template <class CONFIG_T, int part, int start, class res_T, class x_T>
void wire_parts(res_T *res, const x_T *x) {
    #pragma HLS INLINE
    wire_part<CONFIG_T, part, start>(x, res);
}

template <class CONFIG_T, int part, int start, class res_T, class x_T, class... more_T>
void wire_parts(res_T *res, const x_T *x, const more_T *...more) {
    #pragma HLS INLINE
    wire_part<CONFIG_T, part, start>(x, res);
    wire_parts<CONFIG_T, part + 1, start + CONFIG_T::length(part)>(res, more...);
}

// The result comes first, since the number of inputs varies.
// CONFIG_T: n_values (of the result), length(k) (values of input k), place(i) (which value of all
// inputs together stands at place i of the result; -1 for 0)
template <class CONFIG_T, class res_T, class... x_T> void wire(res_T *res, const x_T *...x) {
ZEROS:
    for (int k = 0; k < CONFIG_T::n_values; k++) {
        #pragma HLS UNROLL
        res[k] = zero<res_T>();
    }
    wire_parts<CONFIG_T, 0, 0>(res, x...);
}

} // namespace triggernet

#endif
