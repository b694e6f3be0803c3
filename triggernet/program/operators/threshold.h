#ifndef TRIGGERNET_THRESHOLD_H_
#define TRIGGERNET_THRESHOLD_H_

// Threshold: how many thresholds a value has reached, as steps from a lowest code.
//
// In hardware: one comparison and one multiplexer for each bit of the count. With a reuse factor
// R > 1 nothing is shared: every channel has thresholds of its own.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_values, n_channels, n_thresholds (of a channel, in rising order), lowest, step,
// in_code_t, exact_t (an ap_int that holds every code of the result), grid_t (its grid)
template <class CONFIG_T, class x_T, class res_T>
void threshold(
    const x_T x[CONFIG_T::n_values], res_T res[CONFIG_T::n_values],
    const typename CONFIG_T::thresholds_code_t thresholds[CONFIG_T::thresholds_size]) {
    #pragma HLS ARRAY_PARTITION variable=thresholds complete
VALUES:
    for (int i = 0; i < CONFIG_T::n_values; i++) {
        #pragma HLS UNROLL
        const int channel = i % CONFIG_T::n_channels;
        typename CONFIG_T::in_code_t code;
        code.V = x[i].V;
        typename CONFIG_T::exact_t result = CONFIG_T::lowest;
    THRESHOLDS:
        for (int k = 0; k < CONFIG_T::n_thresholds; k++) {
            #pragma HLS UNROLL
            if (code >= thresholds[channel * CONFIG_T::n_thresholds + k]) {
                result = result + CONFIG_T::step;
            }
        }
        const typename CONFIG_T::code_t bits = result;
        res[i] = quantised<res_T>(from_code<typename CONFIG_T::grid_t>(bits));
    }
}

} // namespace triggernet

#endif
