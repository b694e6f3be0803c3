#ifndef TRIGGERNET_RESCALE_H_
#define TRIGGERNET_RESCALE_H_

// Rescale: integers times a constant, plus a constant, without the lowest bits, within limits.
//
// In hardware: one product with a constant (shifts and additions), one addition, two comparisons a
// value; where ties go to even codes a second addition. With a reuse factor R > 1 nothing is
// shared: every channel has constants of its own.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_values, n_channels, shift, lowest, highest (codes), exact_t (an ap_int that holds
// multiplier x + offset, and half of it), code_t (an integer that holds lowest and highest),
// grid_t (the result's grid)
template <class CONFIG_T, class x_T, class res_T>
void rescale(const x_T x[CONFIG_T::n_values], res_T res[CONFIG_T::n_values],
             const typename CONFIG_T::multiplier_code_t multiplier[CONFIG_T::n_channels],
             const typename CONFIG_T::offset_code_t offset[CONFIG_T::n_channels],
             const typename CONFIG_T::ties_code_t ties[CONFIG_T::n_channels]) {
    typedef typename CONFIG_T::exact_t exact_t;
    #pragma HLS ARRAY_PARTITION variable=multiplier complete
    #pragma HLS ARRAY_PARTITION variable=offset complete
    #pragma HLS ARRAY_PARTITION variable=ties complete
VALUES:
    for (int i = 0; i < CONFIG_T::n_values; i++) {
        #pragma HLS UNROLL
        const int channel = i % CONFIG_T::n_channels;
        typename CONFIG_T::in_code_t code;
        code.V = x[i].V;
        exact_t scaled = code * multiplier[channel] + offset[channel];
        exact_t whole = scaled >> CONFIG_T::shift;
        if (whole[0]) {
            scaled = scaled - ties[channel];
            whole = scaled >> CONFIG_T::shift;
        }
        const exact_t lowest = CONFIG_T::lowest, highest = CONFIG_T::highest;
        const typename CONFIG_T::code_t limited =
            whole < lowest ? lowest : whole > highest ? highest : whole;
        res[i] = quantised<res_T>(from_code<typename CONFIG_T::grid_t>(limited));
    }
}

} // namespace triggernet

#endif
